use std::sync::Arc;

use app::{
    domain::{
        RequestId, SupportSessionId,
        access_log::AccessLogEntry,
        api_keys::ApiRight,
        page::PageRequest,
        problem::{Problem, ProblemCode},
    },
    ports::ReadSupportSessions,
};
use gateway::ports::{Intent, Recorder};
use uuid::Uuid;

use super::*;
use crate::{
    config::Config,
    services::{
        access_log::{StoreRecorder, close_orphans},
        support_sessions::SupportSessionsService,
        testing::{World, form, key_with, support_admin, worlds},
    },
};

const NGINX: &str = r#"
    [forward_auth]
    profile = "nginx"
    listen = "127.0.0.1:3110"
    secret = "0123456789abcdef0123456789abcdef"
"#;

/// A session with rows, and a console that one proxy reports to.
struct Console {
    world: World,
    core: Core,
    sessions: SupportSessionsService,
    session: SupportSessionId,
    token_hash: [u8; 32],
    recorder: Arc<StoreRecorder>,
}

impl Console {
    async fn of(world: World, configuration: &str) -> Self {
        let config: Config = toml::from_str(configuration).unwrap();
        let core = Core {
            config: Arc::new(config),
            ..world.core.clone()
        };
        let opened = world.open(form()).await;
        Self {
            sessions: world.support_sessions(),
            recorder: world.recorder("a start that is gone"),
            world,
            core,
            session: opened.id,
            token_hash: opened.token_hash,
        }
    }

    /// An open row that this proxy carries, or the gateway itself.
    async fn begin(&self, number: u128, profile: Option<ForwardAuthProfile>) -> RequestId {
        let request_id = RequestId::from_uuid(Uuid::from_u128(number));
        let intent = Intent {
            request_id,
            profile,
            ..self.world.intent(self.session, self.token_hash)
        };
        self.recorder.begin(intent).await.unwrap();
        request_id
    }

    async fn report(&self, reports: Vec<ReadReport>) -> CompletionReport {
        let reporter = key_with(None, &[ApiRight::CompleteAccessLog]);
        let service = AccessLogReports::new(self.core.clone());
        service.complete(&reporter, reports).await.unwrap()
    }

    /// The row that was begun last.
    async fn row(&self) -> AccessLogEntry {
        let page = PageRequest::default();
        let holder = support_admin(1);
        let log = self.sessions.access_log(&holder, self.session, page);
        log.await.unwrap().items.remove(0)
    }

    async fn responses(&self) -> usize {
        let actions = self.world.actions("tenant:acme").await;
        let responses = actions
            .iter()
            .filter(|action| *action == "support_session.response");
        responses.count()
    }
}

fn end(request_id: RequestId, status: u16) -> ReportedEnd {
    ReportedEnd {
        request_id,
        status,
        bytes: 12,
        duration_ms: 34,
    }
}

#[tokio::test]
async fn a_report_completes_an_open_row_of_its_proxy_once() {
    for world in worlds().await {
        let console = Console::of(world, NGINX).await;
        let carried = console.begin(7, Some(ForwardAuthProfile::Nginx)).await;
        let told = console
            .report(vec![Ok(end(carried, 204)), Ok(end(carried, 500))])
            .await;
        assert_eq!((told.completed, told.rejected.len()), (1, 1));
        assert_eq!(
            console.report(vec![Ok(end(carried, 500))]).await.completed,
            0
        );
        let row = console.row().await;
        assert_eq!(row.profile, Some(ForwardAuthProfile::Nginx));
        assert!(row.reported_at.is_some(), "marked as reported");
        assert!(matches!(row.status, Some(204 | 500)));
        assert_eq!(row.outcome, RequestOutcome::Done);
        assert_eq!((row.response_bytes, row.duration_ms), (Some(12), Some(34)));
        assert_eq!(console.responses().await, 1, "{}", console.world.engine);

        let left = console.begin(8, Some(ForwardAuthProfile::Nginx)).await;
        console.report(vec![Ok(end(left, 499))]).await;
        assert_eq!(console.row().await.outcome, RequestOutcome::Cut);
    }
}

#[tokio::test]
async fn a_report_about_any_other_row_changes_nothing() {
    for world in worlds().await {
        let console = Console::of(world, NGINX).await;
        let unknown = RequestId::from_uuid(Uuid::from_u128(1));
        let own = console.begin(7, None).await;
        let other = console.begin(8, Some(ForwardAuthProfile::Caddy)).await;
        let carried = console.begin(9, Some(ForwardAuthProfile::Nginx)).await;
        let unreadable = Err(RejectedRecord {
            index: 0,
            field: None,
            message: "is not JSON".into(),
        });
        let reports = vec![
            unreadable,
            Ok(end(unknown, 200)),
            Ok(end(own, 200)),
            Ok(end(other, 200)),
            Ok(end(carried, 99)),
        ];
        let told = console.report(reports).await;
        assert_eq!(told.completed, 0);
        let places: Vec<_> = told
            .rejected
            .iter()
            .map(|rejected| rejected.index)
            .collect();
        assert_eq!(places, [0, 1, 2, 3, 4]);
        let messages: std::collections::BTreeSet<_> =
            told.rejected[1..4].iter().map(|r| &r.message).collect();
        assert_eq!(messages.len(), 1, "one is not told from the other");
        assert_eq!(console.row().await.outcome, RequestOutcome::Open);
        assert_eq!(console.responses().await, 0);
    }
}

#[tokio::test]
async fn without_a_proxy_there_is_nothing_to_report() {
    for world in worlds().await {
        let console = Console::of(world, "").await;
        let carried = console.begin(7, Some(ForwardAuthProfile::Nginx)).await;
        assert_eq!(
            console.report(vec![Ok(end(carried, 200))]).await.completed,
            0
        );
    }
}

#[tokio::test]
async fn only_a_platform_key_with_the_right_reports() {
    for world in worlds().await {
        let console = Console::of(world, NGINX).await;
        let carried = console.begin(7, Some(ForwardAuthProfile::Nginx)).await;
        let service = AccessLogReports::new(console.core.clone());
        let all_but_it: Vec<_> = ApiRight::ALL
            .iter()
            .copied()
            .filter(|right| *right != ApiRight::CompleteAccessLog)
            .collect();
        for caller in [
            key_with(None, &all_but_it),
            key_with(Some("acme"), ApiRight::ALL),
            support_admin(1),
        ] {
            let refused = service.complete(&caller, vec![Ok(end(carried, 200))]).await;
            let problem = Problem::from(refused.unwrap_err());
            assert_eq!(problem.code, ProblemCode::Forbidden);
        }
        assert_eq!(console.row().await.outcome, RequestOutcome::Open);
    }
}

#[tokio::test]
async fn what_nobody_reports_is_unknown_a_while_after_the_session_and_not_before() {
    for world in worlds().await {
        let console = Console::of(world, NGINX).await;
        let carried = console.begin(7, Some(ForwardAuthProfile::Nginx)).await;
        let mut seen = Vec::new();
        // Active, just over, and over for as long as a log may take to come.
        for minutes in [0, 15, 16] {
            console.world.clock.advance(TimeDelta::minutes(minutes));
            // The server that answered the check is gone; the proxy is not.
            close_orphans(&console.core, "this start").await.unwrap();
            let closed = close_unreported(&console.core).await.unwrap();
            seen.push(format!("{closed} {}", console.row().await.outcome));
        }
        assert_eq!(
            seen,
            ["0 open", "0 open", "1 unknown"],
            "{}",
            console.world.engine
        );
        assert_eq!(
            console.report(vec![Ok(end(carried, 200))]).await.completed,
            0
        );
    }
}
