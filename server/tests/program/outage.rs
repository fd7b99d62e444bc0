//! A store that can't be written: nothing passes, everyone is informed, and it recovers by itself.

use sqlx::{Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::{
    client::{Answer, Client},
    people::{Platform, Staff},
    program::Program,
    until,
    upstream::Upstream,
};

const RULES: &str = r#"
    tenant_binding = "path"
    routes = ["/v1/tenants/{tenant_id}"]
    record = "written"
    record_timeout_ms = 1500
"#;
const NOTICE: &str = "All support requests are refused.";

async fn ask(program: &Program, token: &str) -> Answer {
    let mut client = Client::connect(program.gateway).await;
    let head = format!(
        "GET /v1/tenants/acme/x HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n",
        program.gateway
    );
    client.send(head.as_bytes()).await;
    client.answer().await
}

#[tokio::test]
async fn while_another_process_holds_the_store_nothing_passes_and_everyone_is_told() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    Platform::of(&program).await.register("acme").await;
    let staff = Staff::of(&program, "jo").await;
    let session = staff.create_session("acme", None).await;
    assert_eq!(ask(&program, &session.token).await.status, 200);
    assert!(!staff.page("/support").await.contains(NOTICE));

    let options = SqliteConnectOptions::new().filename(program.store());
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    let hold = async || {
        let held = other.execute("BEGIN IMMEDIATE").await;
        held.is_ok().then_some(())
    };
    until("the store to be held", hold).await;
    let refused = ask(&program, &session.token).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "record_unavailable")
    );
    assert_eq!(program.ready().await, 503);
    let page = staff.page("/support").await;
    assert!(page.contains(NOTICE), "{page}");
    assert_eq!(upstream.requests(), 1);

    other.execute("ROLLBACK").await.unwrap();
    // Without any request: the program looks by itself.
    let ready = async || (program.ready().await == 200).then_some(());
    until("the program to be ready again", ready).await;
    assert_eq!(ask(&program, &session.token).await.status, 200);
    assert!(!staff.page("/support").await.contains(NOTICE));
    let closed = async || {
        let open = "SELECT count(*) FROM access_log WHERE outcome = 'open'";
        let open: i64 = sqlx::query_scalar(open)
            .fetch_one(&mut other)
            .await
            .unwrap();
        (open == 0).then_some(())
    };
    until("every row to be completed", closed).await;
    let sent = "SELECT count(*) FROM access_log WHERE outcome = 'done'";
    let sent: i64 = sqlx::query_scalar(sent)
        .fetch_one(&mut other)
        .await
        .unwrap();
    assert_eq!(usize::try_from(sent).unwrap(), upstream.requests());
}
