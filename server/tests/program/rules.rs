//! A changed rule file: removed permissions apply immediately, added ones only to new sessions.

use std::path::Path;

use crate::support::prelude::*;

const NARROW: &str = r#"
    [[scopes]]
    name = "extra"
    description = "Export."
    allow = [{ methods = ["POST"], paths = ["/v1/tenants/{tenant_id}/exports"] }]
"#;
const WIDE: &str = r#"
    [[scopes]]
    name = "extra"
    description = "Export and import."
    allow = [
        { methods = ["POST"], paths = ["/v1/tenants/{tenant_id}/exports"] },
        { methods = ["POST"], paths = ["/v1/tenants/{tenant_id}/imports"] },
    ]
"#;

/// The statuses of a POST to exports and one to imports.
async fn posts(program: &Program, session: &Granted) -> [u16; 2] {
    let mut statuses = [0; 2];
    for (status, last) in statuses.iter_mut().zip(["exports", "imports"]) {
        let mut client = Client::connect(program.gateway).await;
        let head = format!(
            "POST /v1/tenants/acme/{last} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Content-Length: 0\r\n\r\n",
            program.gateway, session.token
        );
        client.send(head.as_bytes()).await;
        *status = client.answer().await.status;
    }
    statuses
}

#[tokio::test]
async fn tightening_applies_at_once_and_widening_to_new_sessions_only() {
    let upstream = Upstream::start().await;
    let mut program = Program::start(upstream.address, &format!("{BY_PATH}{NARROW}")).await;
    let (_, staff) = acme_and_jo(&program).await;
    let first = staff.create_session_with("acme", &["extra"]).await;
    assert_eq!(posts(&program, &first).await, [200, 403]);

    program
        .restart_with(upstream.address, &format!("{BY_PATH}{WIDE}"))
        .await;
    assert_eq!(
        posts(&program, &first).await,
        [200, 403],
        "created under less"
    );
    let second = staff.create_session_with("acme", &["extra"]).await;
    assert_eq!(posts(&program, &second).await, [200, 200]);

    program
        .restart_with(upstream.address, &format!("{BY_PATH}{NARROW}"))
        .await;
    assert_eq!(posts(&program, &first).await, [200, 403]);
    assert_eq!(
        posts(&program, &second).await,
        [200, 403],
        "taken away at once"
    );
    assert!(
        upstream.text().matches("/imports").count() == 1,
        "one got through"
    );
}

#[tokio::test]
async fn check_names_the_line_of_a_fault_and_what_it_warns_of() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, &format!("{BY_PATH}{NARROW}")).await;
    let fine = program.run(&["gateway", "check"], "").await;
    assert!(fine.contains("scope extra: Export."), "{fine}");

    let file = program.folder().join("changed.toml");
    let text = std::fs::read_to_string(program.folder().join("console.toml")).unwrap();
    let broken = text.replace("/exports\"", "/../exports\"");
    let line = 1 + broken
        .lines()
        .position(|line| line.contains("/../exports"))
        .unwrap();
    std::fs::write(&file, broken).unwrap();
    let (code, said) = check(&program, &file).await;
    assert_eq!(code, 2, "{said}");
    let place = format!(
        "{}, line {line}: scopes[1].allow[0].paths[0]: ",
        file.display()
    );
    assert!(said.contains(&place), "{place}\n{said}");

    std::fs::write(&file, text.replace("/exports\"", "/graphql\"")).unwrap();
    let (code, said) = check(&program, &file).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("warning: scope extra, allow[0]: POST"),
        "{said}"
    );
}

#[tokio::test]
async fn check_says_what_pages_in_browsers_may_send_past_a_sessions_limits() {
    let upstream = Upstream::start().await;
    let browsers = "[gateway.browser]\ndomain = \"localhost\"\n";
    let program = Program::start(upstream.address, BY_PATH).await;
    for (rules, passes, pages) in [
        (
            format!("upstream_authorization = \"pass\"\n{BY_PATH}{browsers}"),
            true,
            true,
        ),
        (format!("{BY_PATH}{browsers}"), false, true),
        (BY_PATH.to_owned(), false, false),
    ] {
        program.configure(upstream.address, &rules);
        let said = program.run(&["gateway", "check"], "").await;
        let warns = said.lines().any(|line| {
            line.starts_with("warning: upstream ")
                && line.contains("authorization = \"pass\"")
                && line.contains("Support-Tenant")
        });
        assert_eq!(warns, passes, "{said}");
        let tells = said.contains("  pages in browsers may send ");
        assert_eq!(tells, pages, "{said}");
    }
}

#[tokio::test]
async fn doctor_notes_what_an_upstream_without_public_names_costs_browsers() {
    let upstream = Upstream::start().await;
    let browsers = format!("{BY_PATH}[gateway.browser]\ndomain = \"localhost\"\n");
    let known = format!("upstream_public_urls = [\"https://app.example.com\"]\n{browsers}");
    let program = Program::start(upstream.address, BY_PATH).await;
    for (rules, times) in [(&*browsers, 1), (&*known, 0), (BY_PATH, 0)] {
        program.configure(upstream.address, rules);
        // It fails, since the running program has the ports.
        let (_, said) = program.try_run(&["doctor"]).await;
        let notes = said.lines().filter(|line| {
            line.starts_with("ok    browsers: cookies of upstream") && line.contains("public_urls")
        });
        assert_eq!(notes.count(), times, "{said}");
        assert!(said.contains("ok    upstream "), "{said}");
    }
}

async fn check(program: &Program, file: &Path) -> (i32, String) {
    program
        .try_run(&["gateway", "check", &file.display().to_string()])
        .await
}

#[tokio::test]
async fn explain_names_the_rule_that_decides() {
    let upstream = Upstream::start().await;
    let denying = NARROW.replace(
        "allow = [",
        "deny = [{ methods = [\"*\"], paths = [\"/v1/tenants/{tenant_id}/secrets\"] }]\n    allow = [",
    );
    let program = Program::start(upstream.address, &format!("{BY_PATH}{denying}")).await;
    for (words, code, part) in [
        (
            &["GET", "/v1/tenants/acme"][..],
            0,
            "by scope read_only: /** (built in)",
        ),
        (
            &["POST", "/v1/tenants/acme/exports", "--scopes", "extra"],
            0,
            "allow[0], ",
        ),
        (
            &["POST", "/v1/tenants/acme/exports"],
            1,
            "refused: out_of_scope (403)",
        ),
        (
            &[
                "GET",
                "/v1/tenants/acme/Secrets",
                "--scopes",
                "read_only,extra",
            ],
            1,
            "deny[0], ",
        ),
        (
            &["GET", "/v1/tenants/bolt", "--tenant", "acme"],
            1,
            "refused: wrong_tenant (403)",
        ),
        (
            &["GET", "/v1/tenants/acme", "--organization", "eu"],
            1,
            "organization_not_confinable",
        ),
        (
            &["GET", "/v1/tenants/acme/../bolt"],
            1,
            "refused: ambiguous_path (400)",
        ),
        (
            &["GET", "/v1/tenants/acme", "--host", "bolt.example"],
            1,
            "(421)",
        ),
        (
            &["GET", "/v1/tenants/acme", "--scopes", "gone"],
            2,
            "unknown scope gone",
        ),
    ] {
        let words: Vec<_> = ["gateway", "explain"]
            .iter()
            .chain(words)
            .copied()
            .collect();
        let (ended, said) = program.try_run(&words).await;
        assert_eq!(ended, code, "{words:?}: {said}");
        assert!(said.contains(part), "{words:?}: {said}");
    }
}
