//! Sends every plain form, follows every link of an export and opens the live stream as every kind
//! of caller. The answers are reviewed as one snapshot.

use std::fmt::Write as _;

use app::paths::{self, Dialog};

use crate::support::prelude::*;

const MINUTE: i64 = 60;
/// Where the forms and exports are named.
const PATHS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../app/src/paths.rs"));
/// Where they lead to their handlers.
const ROUTER: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/router.rs"));
const PASSWORD: &str = "seven green kettles";
/// Every dialog with a form.
const DIALOGS: [Dialog; 14] = [
    paths::CREATE_SESSION,
    paths::FORCE_LOGOUT,
    paths::REVOKE,
    paths::REPLACE_TOKEN,
    paths::RAISE_BUDGET,
    paths::CHANGE_ROLES,
    paths::DEACTIVATE,
    paths::REACTIVATE,
    paths::END_SIGN_INS,
    paths::MAKE_LINK,
    paths::REVOKE_LINK,
    paths::CREATE_KEY,
    paths::ROTATE_KEY,
    paths::REVOKE_KEY,
];

type Fields<'f> = Vec<(&'static str, &'f str)>;

/// The forms of dialogs, alike. The one that revokes a support session comes after those that need
/// an active one.
fn dialog_forms() -> Vec<(&'static str, Fields<'static>)> {
    let role = "support_admin";
    let reason = ("reason", "The export takes many pages");
    vec![
        ("/forms/tenants/{id}/create-session", vec![reason]),
        ("/forms/tenants/{id}/force-logout", vec![("slug", "acme")]),
        (
            "/forms/support-sessions/{id}/raise-budget",
            vec![("requests_total", "2000000"), reason],
        ),
        ("/forms/support-sessions/{id}/replace-token", vec![]),
        (
            "/forms/api-keys/{id}/create",
            vec![("name", "a key"), ("rights", "read")],
        ),
        ("/forms/api-keys/{id}/rotate", vec![("overlap_hours", "1")]),
        ("/forms/api-keys/{id}/revoke", vec![]),
        (
            "/forms/staff/{id}/roles",
            vec![("roles", role), ("seen", role)],
        ),
        ("/forms/staff/{id}/link", vec![]),
        ("/forms/staff/{id}/revoke-link", vec![]),
        ("/forms/staff/{id}/sign-out", vec![]),
        ("/forms/staff/{id}/deactivate", vec![]),
        ("/forms/staff/{id}/reactivate", vec![]),
    ]
}

/// The other forms with fields that those who may send them get accepted, as often as they like.
/// Signing out comes last.
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
        ("/forms/support-sessions/{id}/revoke", vec![]),
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

/// What forms and exports are about.
struct Subjects {
    session: String,
    staff: String,
    key: String,
}

impl Subjects {
    /// The address of a route about them, or about the tenant.
    fn address(&self, route: &str) -> String {
        let id = match route.split('/').nth(2) {
            _ if route == paths::CREATE_KEY.form_route() => "new",
            Some("support-sessions") => &self.session,
            Some("staff") => &self.staff,
            Some("api-keys") => &self.key,
            _ => "acme",
        };
        route.replace("{id}", id)
    }

    /// An answer that is the same in every run.
    fn named(&self, answer: &str) -> String {
        let answer = answer.replace(&self.session, "{session}");
        let answer = answer.replace(&self.staff, "{staff}");
        answer.replace(&self.key, "{key}")
    }
}

/// The last word of a list's row, which is an ID.
async fn id_in(program: &Program, list: &[&str], row: &str) -> String {
    let listed = program.run(list, "").await;
    let line = listed.lines().find(|line| line.contains(row));
    let id = line.and_then(|line| line.split_whitespace().last());
    id.unwrap_or_else(|| panic!("no {row}: {listed}"))
        .to_owned()
}

/// The forms and exports that have an address.
fn routes() -> Vec<String> {
    let constants = PATHS.split("const ").skip(1);
    let values = constants.filter_map(|constant| constant.split(';').next());
    let texts = values.filter_map(|value| value.split('"').nth(1));
    let is_route = |text: &&str| text.starts_with("/forms/") || text.starts_with("/export/");
    let plain = texts.filter(is_route).map(str::to_owned);
    let routes: Vec<_> = plain.chain(DIALOGS.map(Dialog::form_route)).collect();
    let named = ["to::", "_EXPORT,", ".form_route()"].map(|name| ROUTER.matches(name).count());
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
    for _ in 0..3 {
        others.push(holder.create_session("acme", None).await.id);
    }
    let edited = Staff::of(&program, "edited").await;
    program
        .run(&["api-key", "create", "--name", "spare"], "")
        .await;
    let mut about = Subjects {
        session: granted.id.clone(),
        staff: id_in(&program, &["staff", "list"], &edited.email).await,
        key: id_in(&program, &["api-key", "list"], "spare").await,
    };
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
            asked.push(route.to_owned());
            let path = about.address(route);
            let answer = session.download(&format!("{path}?format=jsonl")).await;
            writeln!(matrix, "    {route:40} {answer}").unwrap();
        }
        let answer = session.open(paths::LIVE).await;
        writeln!(matrix, "    {:40} {answer}", paths::LIVE).unwrap();
        let forms = forms(&about.session);
        for (route, fields) in dialog_forms().into_iter().chain(forms) {
            asked.push(route.to_owned());
            let answer = session.submit(&about.address(route), &fields).await;
            let answer = about.named(&answer);
            writeln!(matrix, "    {route:40} {answer}").unwrap();
        }
        let known = platform
            .get(&format!("/support-sessions/{}", about.session))
            .await;
        let status = known["status"].as_str().unwrap();
        writeln!(matrix, "    {:40} {status}", "the support session then").unwrap();
        if status == "REVOKED" {
            about.session = others.pop().expect("another one");
        }
    }
    asked.sort_unstable();
    let mut known = routes();
    known.sort_unstable();
    assert_eq!(asked, known, "every form and export is asked for");
    insta::assert_snapshot!(matrix);
}
