//! A disk that fails under the running program: nothing passes, everyone is informed, and the
//! program recovers if it can.

use crate::support::prelude::*;

const RULES: &str = r#"
    tenant_binding = "path"
    routes = ["/v1/tenants/{tenant_id}"]
    record_timeout_ms = 2000
"#;
const NOTICE: &str = "All support requests are refused.";
const BROKEN: &str = "Check the disk, then restart";

/// A program with its own disk.
struct Scene {
    disk: Disk,
    upstream: Upstream,
    program: Program,
    staff: Staff,
    session: Granted,
}

impl Scene {
    /// One whose requests pass.
    async fn new() -> Self {
        let (disk, upstream) = (Disk::new(), Upstream::start().await);
        let program = Program::start_with(disk.environment(), upstream.address, RULES).await;
        let (_, staff) = acme_and_jo(&program).await;
        let session = staff.create_session("acme", None).await;
        let scene = Self {
            disk,
            upstream,
            program,
            staff,
            session,
        };
        scene.passes().await;
        scene
    }

    async fn ask(&self) -> Answer {
        ask(self.program.gateway, "x", &self.session.token).await
    }

    async fn passes(&self) {
        let before = self.upstream.requests();
        let answer = self.ask().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(self.upstream.requests(), before + 1);
    }

    /// Several are refused, nothing is sent upstream, and the reason is shown everywhere.
    async fn is_out_of_order(&self, why: &str) {
        let before = self.upstream.bytes();
        for _ in 0..5 {
            let refused = self.ask().await;
            let told = (refused.status, refused.code());
            assert_eq!(told, (503, "record_unavailable".to_owned()), "{why}");
        }
        assert_eq!(self.upstream.bytes(), before, "{why}: something was sent");
        let told = self.program.readiness().await;
        assert!(told.contains(why), "{told}");
        assert_eq!(self.program.ready().await, 503);
        let page = self.staff.page("/support").await;
        assert!(page.contains(NOTICE) && page.contains(why), "{page}");
    }

    async fn recovers(&self) {
        self.disk.recovers();
        // Without any request, because the program checks regularly.
        let ready = async || (self.program.ready().await == 200).then_some(());
        until("the program to be ready again", ready).await;
        self.passes().await;
        assert!(!self.staff.page("/support").await.contains(NOTICE));
    }

    /// Every request that was sent has a row, and no row says so of a request that was not.
    async fn has_recorded_everything(&self) {
        let store = rusqlite::Connection::open(self.program.store()).unwrap();
        let mut rows = store
            .prepare("SELECT request_id, outcome FROM access_log")
            .unwrap();
        let rows = until("every row's end", async || {
            let rows = rows.query_map([], |row| row.try_into()).unwrap();
            let rows: Vec<(String, String)> = rows.map(Result::unwrap).collect();
            (rows.iter().all(|row| row.1 != "open")).then_some(rows)
        })
        .await;
        let arrived = request_ids(&self.upstream.text());
        assert_eq!(arrived.len(), self.upstream.requests(), "whole, each once");
        for id in &arrived {
            // The end of a request that was open when a server stopped is unknown.
            let row = rows.iter().find(|row| row.0 == *id).expect("a record");
            assert!(matches!(row.1.as_str(), "done" | "unknown"), "{row:?}");
        }
        let mut done = rows.iter().filter(|row| row.1 == "done");
        assert!(done.all(|row| arrived.contains(&row.0)));
        self.program.run(&["audit", "verify"], "").await;
    }
}

#[tokio::test]
async fn a_full_disk_lets_nothing_through_until_there_is_space_again() {
    let scene = Scene::new().await;
    for _ in 0..2 {
        scene.disk.becomes("full");
        scene.is_out_of_order("is full").await;
        scene.recovers().await;
    }
    scene.has_recorded_everything().await;
}

#[tokio::test]
async fn after_a_failed_flush_nothing_passes_until_a_restart() {
    let mut scene = Scene::new().await;
    scene.disk.becomes("unflushable");
    scene.is_out_of_order(BROKEN).await;
    // A flush that succeeds later doesn't show that earlier data is safe.
    scene.disk.recovers();
    scene.is_out_of_order(BROKEN).await;
    scene.program.kill().await;
    scene.program.start_again().await;
    scene.passes().await;
    scene.has_recorded_everything().await;
}

#[tokio::test]
async fn a_file_system_that_became_read_only_lets_nothing_through() {
    let mut scene = Scene::new().await;
    scene.disk.becomes("read_only");
    scene.is_out_of_order(BROKEN).await;
    scene.program.stop().await;
    // Not partly either: a console that can't record acts does not start.
    let (code, told) = scene.program.try_run(&["serve"]).await;
    assert_ne!(code, 0, "it serves");
    assert!(
        told.contains("store.db") && told.contains("Read-only file system"),
        "{told}"
    );
    scene.disk.recovers();
    scene.program.start_again().await;
    scene.passes().await;
    scene.has_recorded_everything().await;
}
