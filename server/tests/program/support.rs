//! A running program, the people and platforms that use it, and the upstream behind its gateway.

#[path = "../../gateway/tests/gateway/support/client.rs"]
pub(crate) mod client;
pub(crate) mod database;
pub(crate) mod faults;
#[path = "../../gateway/tests/gateway/support/pages.rs"]
pub(crate) mod pages;
pub(crate) mod people;
pub(crate) mod postgres;
pub(crate) mod program;
pub(crate) mod relay;
#[path = "../../gateway/tests/gateway/support/upstream.rs"]
pub(crate) mod upstream;

use std::{collections::HashSet, net::SocketAddr, time::Duration};

use self::prelude::*;

/// What nearly every test here uses.
pub(crate) mod prelude {
    pub(crate) use super::{
        BY_PATH, PATIENCE, acme_and_jo, ask,
        client::{Answer, Client},
        cut,
        database::Database,
        faults::{Disk, WallClock},
        get,
        people::{Granted, Platform, Staff, StaffSession},
        postgres::Postgres,
        program::{Program, free_address},
        relay::{Relay, Way},
        request_ids, streaming, until,
        upstream::{Seen, Upstream},
    };
}

/// The upstream distinguishes tenants by their paths.
pub(crate) const BY_PATH: &str = r#"
    tenant_binding = "path"
    routes = ["/v1/tenants/{tenant_id}"]
"#;

/// How long anything here may take on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(50);

/// Asks until there is an answer. Panics with `what` if there is none for too long.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        let mut again = tokio::time::interval(Duration::from_millis(20));
        loop {
            again.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(PATIENCE, asking).await;
    answer.unwrap_or_else(|_| panic!("waited too long for: {what}"))
}

/// The ids of all requests in what an upstream received.
pub(crate) fn request_ids(text: &str) -> HashSet<String> {
    text.lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| name.eq_ignore_ascii_case("x-request-id"))
        .map(|(_, id)| id.to_owned())
        .collect()
}

/// The platform with its tenant `acme`, and the support admin `jo`.
pub(crate) async fn acme_and_jo(program: &Program) -> (Platform, Staff) {
    let platform = Platform::of(program).await;
    platform.register("acme").await;
    (platform, Staff::of(program, "jo").await)
}

/// The head of a request for something of `acme`.
pub(crate) fn get(gateway: SocketAddr, last: &str, token: &str) -> String {
    format!(
        "GET /v1/tenants/acme/{last} HTTP/1.1\r\nHost: {gateway}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
}

/// Asks for something of `acme` over its own connection.
pub(crate) async fn ask(gateway: SocketAddr, last: &str, token: &str) -> Answer {
    let mut client = Client::connect(gateway).await;
    client.send(get(gateway, last, token).as_bytes()).await;
    client.answer().await
}

/// A stream whose first chunk has come.
pub(crate) async fn streaming(gateway: SocketAddr, head: &str) -> Client {
    let mut stream = Client::connect(gateway).await;
    stream.send(head.as_bytes()).await;
    stream.read_until("chunk 1;").await;
    stream
}

/// The rest of a stream that is cut, which must not look complete.
pub(crate) async fn cut(mut stream: Client) -> String {
    let rest = tokio::time::timeout(PATIENCE, stream.rest()).await;
    let rest = rest.expect("the stream is cut");
    assert!(!rest.contains("0\r\n\r\n"), "it looks complete: {rest}");
    rest
}
