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

use std::{collections::HashSet, time::Duration};

/// How long anything here may take on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(50);

/// Asks until there is an answer; panics with `what` if there is none for too long.
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

/// The ids of all requests in what an upstream was sent.
pub(crate) fn request_ids(text: &str) -> HashSet<String> {
    text.lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| name.eq_ignore_ascii_case("x-request-id"))
        .map(|(_, id)| id.to_owned())
        .collect()
}
