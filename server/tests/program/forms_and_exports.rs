//! Sends every plain form and follows every link of an export as every kind of caller. The answers
//! are reviewed as one snapshot. The forms of dialogs call server functions, whose answers are
//! another.

use std::fmt::Write as _;

use crate::support::prelude::*;

const MINUTE: i64 = 60;
/// Where the forms and exports are named.
const PATHS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../app/src/paths.rs"));
/// Where they lead to their handlers.
const ROUTER: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/router.rs"));
const PASSWORD: &str = "seven green kettles";

type Fields<'f> = Vec<(&'static str, &'f str)>;

/// The forms with fields that those who may send them get accepted, as often as they like. Signing
/// out comes last.
fn forms(session: &str) -> Vec<(&'static str, Fields<'_>)> {
    let reason = ("reason", "Corrected as the tenant asked");
    vec![
        // A sign-in that fails, since one that succeeds depends on the account alone.
        ("/forms/sign-in", vec![("email", ""), ("password", "")]),
        // Passwords that differ, so that nobody gets another one.
        (
            "/forms/set-password",
            vec![("code", "x"), ("new", PASSWORD), ("repeat", "")],
        ),
        (
            "/forms/change-password",
            vec![("current", "x"), ("new", PASSWORD), ("repeat", "")],
        ),
        ("/forms/sign-out-elsewhere", vec![]),
        (
            "/forms/invite-staff",
            vec![
                ("email", "invited@example.com"),
                ("name", "Nia"),
                ("roles", "support_admin"),
            ],
        ),
        (
            "/forms/support-sessions/revoke-selected",
            vec![("id", session)],
        ),
        (
            "/forms/saved-view",
            vec![("list", "audit"), ("name", "Mine"), ("address", "/audit")],
        ),
        (
            "/forms/tenants/new",
            vec![("id", "new"), ("slug", "new"), ("name", "New")],
        ),
        (
            "/forms/tenants/status",
            vec![("id", "acme"), ("to", "active"), reason],
        ),
        (
            "/forms/tenants/{id}/edit",
            vec![("slug", "acme"), ("name", "acme"), ("seen", "1"), reason],
        ),
        (
            "/forms/tenants/{id}/settings",
            vec![("support_may_write", "on"), ("seen", "1"), reason],
        ),
        (
            "/forms/tenants/{id}/organization",
            vec![
                ("id", "x"),
                ("slug", "x"),
                ("name", "x"),
                ("status", "active"),
                ("seen", "1"),
                reason,
            ],
        ),
        (
            "/forms/rules/dry-run",
            vec![("rules", ""), ("requests", "100")],
        ),
        ("/forms/sign-out", vec![]),
    ]
}

const EXPORTS: [&str; 5] = [
    "/export/audit",
    "/export/tenants",
    "/export/support-sessions",
    "/export/support-activity",
    "/export/support-sessions/{id}/access-log",
];

/// The forms and exports that have an address.
fn routes() -> Vec<&'static str> {
    let constants = PATHS.split("const ").skip(1);
    let values = constants.filter_map(|constant| constant.split(';').next());
    let texts = values.filter_map(|value| value.split('"').nth(1));
    let is_route = |text: &&str| text.starts_with("/forms/") || text.starts_with("/export/");
    let routes: Vec<_> = texts.filter(is_route).collect();
    let named = ["to::", "_EXPORT,"].map(|name| ROUTER.matches(name).count());
    let named: usize = named.iter().sum();
    assert_eq!(
        routes.len(),
        named,
        "each that the router names: {routes:?}"
    );
    routes
}

/// People, programs and strangers, with how far the clock is ahead when they ask.
async fn callers(
    program: &Program,
    platform: &Platform,
    holder: &Staff,
    granted: &Granted,
) -> Vec<(&'static str, i64, StaffSession)> {
    let tenant_key = Platform::of_tenant(program, "acme").await;
    let support_admin = Staff::of(program, "ada").await;
    let super_admin = Staff::with_role(program, "root", "super_admin").await;
    let earlier = Staff::with_role(program, "earlier", "super_admin").await;
    let idle = Staff::with_role(program, "idle", "super_admin").await;
    let no_role = Staff::of(program, "nobody").await;
    let words = ["staff", "set-roles", &no_role.email, "--no-roles"];
    program.run(&words, "").await;
    let no_role = no_role.signed_in_again().await;
    let deactivated = Staff::of(program, "gone").await;
    program
        .run(&["staff", "deactivate", &deactivated.email], "")
        .await;
    let signed_out = Staff::of(program, "away").await;
    signed_out.sign_out().await;
    let must_change = Staff::with_one_time_password(program, "fresh").await;
    let elsewhere = super_admin.session().sent_by_another_site();
    let as_cookie = StaffSession::support_token_as_cookie(program, granted);
    vec![
        ("anonymous", 0, StaffSession::none(program)),
        ("made-up cookie", 0, StaffSession::made_up(program)),
        ("platform key", 0, StaffSession::key(program, platform)),
        (
            "key of a tenant",
            0,
            StaffSession::key(program, &tenant_key),
        ),
        (
            "support token",
            0,
            StaffSession::support_token(program, granted),
        ),
        ("support token as cookie", 0, as_cookie),
        ("signed out", 0, signed_out.session()),
        ("deactivated", 0, deactivated.session()),
        ("no role", 0, no_role.session()),
        ("must change password", 0, must_change.session()),
        ("another site's page", 0, elsewhere),
        ("support admin", 0, support_admin.session()),
        ("holder", 0, holder.session()),
        ("super admin", 0, super_admin.session()),
        (
            "super admin with an old sign-in",
            11 * MINUTE,
            earlier.session(),
        ),
        (
            "super admin whose sign-in has expired",
            31 * MINUTE,
            idle.session(),
        ),
    ]
}

#[tokio::test]
async fn each_form_and_export_answers_each_kind_of_caller_as_reviewed() {
    let (clock, upstream) = (WallClock::new(), Upstream::start().await);
    let mut program = Program::start_with(clock.environment(), upstream.address, BY_PATH).await;
    let (platform, holder) = acme_and_jo(&program).await;
    let granted = holder.create_session("acme", None).await;
    // For those who come after someone who has revoked one.
    let mut others = Vec::new();
    for _ in 0..2 {
        others.push(holder.create_session("acme", None).await.id);
    }
    let mut id = granted.id.clone();
    // From now on tenants are managed here.
    let rules = format!("{BY_PATH}\n[tenants]\nmaster = \"console\"\n");
    program.restart_with(upstream.address, &rules).await;

    let mut asked = Vec::new();
    let mut matrix = String::new();
    for (caller, ahead, session) in callers(&program, &platform, &holder, &granted).await {
        clock.is_ahead_by(ahead);
        writeln!(matrix, "{caller}").unwrap();
        asked.clear();
        for route in EXPORTS {
            asked.push(route);
            let path = route.replace("{id}", &id);
            let answer = session.download(&format!("{path}?format=jsonl")).await;
            writeln!(matrix, "    {route:40} {answer}").unwrap();
        }
        for (route, fields) in forms(&id) {
            asked.push(route);
            let path = route.replace("{id}", "acme");
            let answer = session.submit(&path, &fields).await;
            let answer = answer.replace(&id, "{session}");
            writeln!(matrix, "    {route:40} {answer}").unwrap();
        }
        let known = platform.get(&format!("/support-sessions/{id}")).await;
        let status = known["status"].as_str().unwrap();
        writeln!(matrix, "    {:40} {status}", "the support session then").unwrap();
        if status == "REVOKED" {
            id = others.pop().expect("another one");
        }
    }
    asked.sort_unstable();
    let mut known = routes();
    known.sort_unstable();
    assert_eq!(asked, known, "every form and export is asked for");
    insta::assert_snapshot!(matrix);
}
