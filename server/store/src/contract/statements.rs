//! Every query text is prepared on both engines.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::{Statement, testing::both};

/// The `ALL` of every file that has `queries!`. A test fails as long as one is not here.
fn lists() -> Vec<&'static [Statement]> {
    vec![
        crate::access_log::ALL,
        crate::access_log::PRUNE_STATEMENTS,
        crate::access_log::REPLAY_STATEMENTS,
        crate::access_log::WITHOUT_BANNER_STATEMENTS,
        crate::access_log::REPORT_STATEMENTS,
        crate::api_keys::ALL,
        crate::audit::DEED_STATEMENTS,
        crate::audit::PRUNE_STATEMENTS,
        crate::audit::READ_STATEMENTS,
        crate::audit::REQUEST_STATEMENTS,
        crate::audit::UNUSED_STATEMENTS,
        crate::browser_sessions::ALL,
        crate::calls::ALL,
        crate::changes::ALL,
        crate::health_history::ALL,
        crate::legal_holds::ALL,
        crate::nodes::ALL,
        crate::organizations::ALL,
        crate::refold::ALL,
        crate::revocation_receipts::ALL,
        crate::rule_sets::ALL,
        crate::saved_views::ALL,
        crate::sign_in_failures::ALL,
        crate::staff::ALL,
        crate::staff_links::ALL,
        crate::staff_sessions::ALL,
        crate::store_sizes::ALL,
        crate::support_sessions::ALL,
        crate::telemetry::ALL,
        crate::telemetry::REPORTED_STATEMENTS,
        crate::tenants::ALL,
        crate::tenants::FEED_STATEMENTS,
        crate::tenants::HEALTH_STATEMENTS,
        crate::tenants::LIST_STATEMENTS,
        crate::user_sessions::ALL,
    ]
}

#[tokio::test]
async fn every_statement_is_accepted_by_both_engines() {
    for (engine, test) in both().await {
        for statement in lists().into_iter().flatten() {
            let mut reader = test.store.read().await.unwrap();
            let prepared = reader.prepare(statement.sql).await;
            prepared.unwrap_or_else(|error| panic!("{engine}: {}: {error}", statement.name));
        }
    }
}

#[test]
fn a_dollar_sign_is_a_placeholder_and_nothing_else() {
    for statement in lists().into_iter().flatten() {
        let mut after = statement.sql.split('$').skip(1);
        let is_number = after.all(|text| text.starts_with(|c: char| c.is_ascii_digit()));
        assert!(is_number, "{}: {}", statement.name, statement.sql);
    }
}

#[test]
fn no_file_with_statements_is_left_out_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let with_statements: BTreeSet<_> = files
        .into_iter()
        .filter(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            text.lines().any(|line| line.starts_with("queries! {"))
        })
        .map(|file| file.strip_prefix(&root).unwrap().to_owned())
        .collect();
    let listed: BTreeSet<_> = lists()
        .into_iter()
        .map(|list| {
            // `store::audit::append::add_event` is in `audit/append.rs`.
            let mut parts: Vec<_> = list[0].name.split("::").skip(1).collect();
            parts.pop();
            PathBuf::from(parts.join("/")).with_extension("rs")
        })
        .collect();
    assert_eq!(listed, with_statements);
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
