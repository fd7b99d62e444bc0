//! A machine's clock that is set while the program runs, and between two of its starts.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::support::prelude::*;

const HOUR: i64 = 3600;

/// A program on a machine whose clock can be set.
struct Scene {
    clock: WallClock,
    upstream: Upstream,
    program: Program,
    platform: Platform,
    staff: Staff,
}

impl Scene {
    async fn new() -> Self {
        let (clock, upstream) = (WallClock::new(), Upstream::start().await);
        let program = Program::start_with(clock.environment(), upstream.address, BY_PATH).await;
        let (platform, staff) = acme_and_jo(&program).await;
        Self {
            clock,
            upstream,
            program,
            platform,
            staff,
        }
    }

    /// A session of an hour.
    async fn session(&self) -> Granted {
        self.staff.create_session("acme", None).await
    }

    async fn ask(&self, session: &Granted) -> Answer {
        ask(self.program.gateway, "x", &session.token).await
    }

    async fn is_over(&self, session: &Granted) {
        let sent = self.upstream.bytes();
        let answer = self.ask(session).await;
        let told = (answer.status, answer.code());
        let known = self.known(session).await;
        assert_eq!(told, (401, "session_expired".into()), "{known}");
        assert_eq!(self.upstream.bytes(), sent, "something was sent");
    }

    /// The session's data, from its own page.
    async fn known(&self, session: &Granted) -> Value {
        let path = format!("/support-sessions/{}", session.id);
        self.platform.get(&path).await
    }

    /// From then on it is final, whatever the clock says.
    async fn has_recorded_an_expiry(&self) {
        until("the expiry to be written down", async || {
            let events = self.platform.get("/audit?category=support_session").await;
            let mut events = events["items"].as_array().unwrap().iter();
            let told = events.any(|event| event["action"] == "support_session.expired");
            told.then_some(())
        })
        .await;
    }

    /// When the session's last request was made, by the program's time.
    async fn last_request(&self, session: &Granted) -> DateTime<Utc> {
        let path = format!("/support-sessions/{}/access-log", session.id);
        let log = self.platform.get(&path).await;
        let at = |entry: &Value| entry["at"].as_str().unwrap().parse().unwrap();
        let entries = log["items"].as_array().unwrap();
        entries.iter().map(at).max().expect("a request")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the right time, which the program under test is kept from"
)]
fn right_time() -> DateTime<Utc> {
    Utc::now()
}

#[tokio::test]
async fn a_clock_that_jumps_forward_ends_what_is_due_for_good_and_lengthens_nothing() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    let mut stream = Client::connect(scene.program.gateway).await;
    let asked = get(scene.program.gateway, "stream", &session.token);
    stream.send(asked.as_bytes()).await;
    stream.read_until("chunk 1;").await;

    scene.clock.is_ahead_by(2 * HOUR);

    let rest = tokio::time::timeout(PATIENCE, stream.rest()).await;
    let rest = rest.expect("the stream is cut");
    assert!(!rest.contains("0\r\n\r\n"), "it looks complete: {rest}");
    scene.is_over(&session).await;
    scene.has_recorded_an_expiry().await;

    // When the clock is corrected, nothing is revived, and a new session lasts an hour and no
    // longer.
    scene.clock.is_ahead_by(0);
    let again = until("a staff session that has not ended", async || {
        let staff = Staff::signing_in(&scene.program, &scene.staff.email).await?;
        Some(staff.create_session("acme", None).await)
    })
    .await;
    scene.is_over(&session).await;
    assert_eq!(scene.known(&session).await["status"], "EXPIRED");
    let known = scene.known(&again).await;
    let end: DateTime<Utc> = known["expires_at"].as_str().unwrap().parse().unwrap();
    assert!(end < right_time() + TimeDelta::minutes(62), "until {end}");
    assert_eq!(scene.ask(&again).await.status, 200);
}

#[tokio::test]
async fn a_clock_set_back_neither_stops_time_nor_turns_it_back() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    assert_eq!(scene.ask(&session).await.status, 200);
    let before = scene.last_request(&session).await;
    scene.clock.is_ahead_by(-24 * HOUR);
    assert_eq!(scene.ask(&session).await.status, 200);
    let after = scene.last_request(&session).await;
    assert!(after >= before, "{after} came before {before}");
    // By the time since the machine's start, because the clock says yesterday.
    until("time to go on", async || {
        assert_eq!(scene.ask(&session).await.status, 200);
        let now = scene.last_request(&session).await;
        (now > after + TimeDelta::seconds(1)).then_some(())
    })
    .await;
    let other = scene.session().await;
    let known = scene.known(&other).await;
    let end: DateTime<Utc> = known["expires_at"].as_str().unwrap().parse().unwrap();
    assert!(end > before + TimeDelta::minutes(59), "until {end}");
}

#[tokio::test]
async fn a_program_that_starts_with_a_clock_set_back_revives_nothing() {
    let mut scene = Scene::new().await;
    let session = scene.session().await;
    assert_eq!(scene.ask(&session).await.status, 200);
    let before = scene.last_request(&session).await;
    scene.clock.is_ahead_by(2 * HOUR);
    scene.is_over(&session).await;
    scene.has_recorded_an_expiry().await;
    scene.program.kill().await;
    scene.clock.is_ahead_by(-24 * HOUR);
    scene.program.start_again().await;
    scene.is_over(&session).await;
    let staff = until("a staff session that has not ended", async || {
        Staff::signing_in(&scene.program, &scene.staff.email).await
    })
    .await;
    let other = staff.create_session("acme", None).await;
    assert_eq!(scene.ask(&other).await.status, 200);
    let after = scene.last_request(&other).await;
    assert!(after >= before, "{after} came before {before}");
}
