//! A store that can't be written: nothing passes, everyone is informed, and the server recovers
//! without help.

use crate::support::prelude::*;

const RULES: &str = r#"
    tenant_binding = "path"
    routes = ["/v1/tenants/{tenant_id}"]
    record = "written"
    record_timeout_ms = 1500
"#;
const NOTICE: &str = "All support requests are refused.";

#[tokio::test]
async fn while_another_process_holds_the_store_nothing_passes_and_everyone_is_informed() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    let (_, staff) = acme_and_jo(&program).await;
    let session = staff.create_session("acme", None).await;
    assert_eq!(ask(program.gateway, "x", &session.token).await.status, 200);
    assert!(!staff.page("/support").await.contains(NOTICE));

    let other = rusqlite::Connection::open(program.store()).unwrap();
    let hold = async || other.execute_batch("BEGIN IMMEDIATE").ok();
    until("the store to be held", hold).await;
    let refused = ask(program.gateway, "x", &session.token).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "record_unavailable")
    );
    assert_eq!(program.ready().await, 503);
    let page = staff.page("/support").await;
    assert!(page.contains(NOTICE), "{page}");
    assert_eq!(upstream.requests(), 1);

    other.execute_batch("ROLLBACK").unwrap();
    // Without any request, because the program checks regularly.
    let ready = async || (program.ready().await == 200).then_some(());
    until("the program to be ready again", ready).await;
    assert_eq!(ask(program.gateway, "x", &session.token).await.status, 200);
    assert!(!staff.page("/support").await.contains(NOTICE));
    let count = |outcome: &str| -> i64 {
        let sql = "SELECT count(*) FROM access_log WHERE outcome = ?1";
        other.query_row(sql, [outcome], |row| row.get(0)).unwrap()
    };
    let closed = async || (count("open") == 0).then_some(());
    until("every row to be completed", closed).await;
    assert_eq!(usize::try_from(count("done")).unwrap(), upstream.requests());
}
