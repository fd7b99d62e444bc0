//! Calls every server function as every kind of caller. The answers are reviewed as one snapshot.

use std::fmt::Write as _;

use app::domain::{staff::StaffFilter, tenants::TenantFilter};
use serde_json::{Value, json};

use crate::support::prelude::*;

/// Who comes last, when the clock is ahead.
const OLD_SIGN_IN: &str = "super admin with an old sign-in";

/// The server functions with valid arguments. Those that end something come last.
fn questions(session: &str, event: &str, request: &str, staff: &str) -> Vec<(&'static str, Value)> {
    let page = json!({ "limit": null, "cursor": null });
    let no_key = "00000000-0000-0000-0000-000000000000";
    let tenants = json!(TenantFilter::default());
    let sessions = json!({ "status": null, "tenant_id": null, "staff_id": null });
    let events = json!({
        "category": null, "action": null, "actor": null, "tenant_id": null, "outcome": null,
        "from": null, "to": null,
    });
    let form = json!({
        "reason": "Customer reports missing invoices", "ttl_minutes": "5", "scopes": ["read_only"],
        "organization_id": "", "ticket": "", "idempotency_key": "",
    });
    vec![
        ("signed_in", json!({})),
        ("any_staff", json!({})),
        ("settings", json!({})),
        ("take_flash", json!({ "id": "another's" })),
        ("health_history", json!({})),
        ("overview", json!({ "filter": tenants, "page": page })),
        (
            "list_staff",
            json!({ "filter": StaffFilter::default(), "page": page }),
        ),
        ("note_use", json!({})),
        ("list_own_sign_ins", json!({})),
        ("staff_member", json!({ "id": staff })),
        (
            "set_staff_roles",
            json!({ "id": staff, "form": { "roles": ["support_admin"], "seen": "support_admin" } }),
        ),
        ("make_staff_link", json!({ "id": staff })),
        ("revoke_staff_link", json!({ "id": staff })),
        ("end_sign_ins", json!({ "id": staff })),
        ("reactivate_staff", json!({ "id": staff })),
        ("tenant_detail", json!({ "id": "acme" })),
        (
            "managed_tenants",
            json!({ "filter": TenantFilter::default(), "page": { "limit": 1, "cursor": null } }),
        ),
        ("tenants_about", json!({})),
        ("managed_tenant", json!({ "id": "acme", "search": null })),
        (
            "draft_organization",
            json!({ "tenant": "acme", "id": null }),
        ),
        (
            "draft_tenant_status",
            json!({ "ids": ["acme"], "to": "suspended" }),
        ),
        (
            "list_support_sessions",
            json!({ "filter": sessions, "page": page }),
        ),
        ("support_session", json!({ "id": session })),
        ("list_access_log", json!({ "id": session, "page": page })),
        (
            "list_audit_events",
            json!({ "filter": events, "page": page }),
        ),
        ("audit_log", json!({ "query": { "tenant": "acme" } })),
        ("support_sessions", json!({ "query": { "tenant": "acme" } })),
        ("sessions_by_day", json!({})),
        ("suggest_tenants", json!({ "text": "ac" })),
        ("audit_event", json!({ "id": event })),
        ("selected_support_sessions", json!({ "ids": [session] })),
        ("saved_views", json!({ "list": "audit" })),
        ("find_by_id", json!({ "text": session })),
        ("find_by_name", json!({ "text": "acme" })),
        ("request_detail", json!({ "id": request })),
        ("gateway_rules", json!({})),
        ("configuration", json!({})),
        (
            "preview_health",
            json!({ "form": { "critical_percent": "30" } }),
        ),
        ("api_keys", json!({ "query": { "state": "active" } })),
        ("api_key", json!({ "id": no_key })),
        ("draft_api_key", json!({})),
        (
            "create_api_key",
            json!({ "form": { "name": "a key", "rights": ["read"] } }),
        ),
        (
            "rotate_api_key",
            json!({ "id": no_key, "form": { "overlap_hours": "1" } }),
        ),
        ("revoke_api_key", json!({ "id": no_key })),
        ("draft_support_session", json!({ "tenant": "acme" })),
        (
            "create_support_session",
            json!({ "tenant": "acme", "form": form }),
        ),
        ("draft_force_logout", json!({ "tenant": "acme" })),
        (
            "force_logout",
            json!({ "tenant": "acme", "slug": "acme", "idempotency_key": "" }),
        ),
        (
            "raise_budget",
            json!({ "id": session, "form": {
                "requests_total": "2000000", "reason": "The export takes many pages",
            } }),
        ),
        ("replace_token", json!({ "id": session })),
        (
            "revoke_support_session",
            json!({ "id": session, "reason": "" }),
        ),
        ("deactivate_staff", json!({ "id": staff })),
    ]
}

#[tokio::test]
async fn each_server_function_answers_each_kind_of_caller_as_reviewed() {
    let (clock, upstream) = (WallClock::new(), Upstream::start().await);
    let program = Program::start_with(clock.environment(), upstream.address, BY_PATH).await;
    let platform = Platform::of(&program).await;
    platform.register("acme").await;
    let tenant_key = Platform::of_tenant(&program, "acme").await;

    let holder = Staff::of(&program, "holder").await;
    let other = Staff::of(&program, "other").await;
    let super_admin = Staff::with_role(&program, "root", "super_admin").await;
    let earlier = Staff::with_role(&program, "earlier", "super_admin").await;
    let no_role = Staff::of(&program, "nobody").await;
    program
        .run(&["staff", "set-roles", &no_role.email, "--no-roles"], "")
        .await;
    let no_role = no_role.signed_in_again().await;
    let deactivated = Staff::of(&program, "gone").await;
    program
        .run(&["staff", "deactivate", &deactivated.email], "")
        .await;
    let signed_out = Staff::of(&program, "away").await;
    signed_out.sign_out().await;
    let edited = Staff::of(&program, "edited").await;
    let listed = program.run(&["staff", "list"], "").await;
    let line = listed.lines().find(|line| line.contains(&edited.email));
    let edited = line.and_then(|line| line.split_whitespace().last());
    let edited = edited.expect("a staff member").to_owned();
    let must_change = Staff::with_one_time_password(&program, "new").await;

    let granted = holder.create_session("acme", None).await;

    let callers: Vec<(&str, StaffSession)> = vec![
        ("anonymous", StaffSession::none(&program)),
        ("made-up cookie", StaffSession::made_up(&program)),
        ("platform key", StaffSession::key(&program, &platform)),
        ("key of a tenant", StaffSession::key(&program, &tenant_key)),
        (
            "support token",
            StaffSession::support_token(&program, &granted),
        ),
        (
            "support token as cookie",
            StaffSession::support_token_as_cookie(&program, &granted),
        ),
        ("signed out", signed_out.session()),
        ("deactivated", deactivated.session()),
        ("no role", no_role.session()),
        ("must change password", must_change.session()),
        (
            "another site's page",
            holder.session().sent_by_another_site(),
        ),
        ("another support admin", other.session()),
        ("holder", holder.session()),
        ("super admin", super_admin.session()),
        (OLD_SIGN_IN, earlier.session()),
    ];

    let mut asked: Vec<String> = Vec::new();
    let mut matrix = String::new();
    for (caller, session_of_caller) in &callers {
        let session = holder.create_session("acme", None).await;
        let latest = platform.get("/audit?limit=1").await["items"][0].clone();
        let event = latest["id"].as_str().expect("an audit event");
        // The key of the form that created the session.
        let request = latest["request_id"].as_str().expect("a request");
        if *caller == OLD_SIGN_IN {
            clock.is_ahead_by(11 * 60);
        }
        writeln!(matrix, "{caller}").unwrap();
        asked.clear();
        for (name, arguments) in questions(&session.id, event, request, &edited) {
            asked.push(format!("/_fn/{name}"));
            let (status, code) = session_of_caller.ask(name, &arguments).await;
            writeln!(matrix, "    {name:24} {status} {code}").unwrap();
        }
        super_admin
            .session()
            .ask(
                "revoke_support_session",
                &json!({ "id": session.id, "reason": "" }),
            )
            .await;
    }
    let mut endpoints: Vec<_> = app::api::endpoints().collect();
    endpoints.sort_unstable();
    asked.sort_unstable();
    assert_eq!(asked, endpoints, "every server function is asked");
    insta::assert_snapshot!(matrix);
}

#[tokio::test]
async fn a_server_function_takes_post_with_json_and_nothing_else() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, BY_PATH).await;
    let staff = Staff::of(&program, "jo").await;
    let session = staff.session();
    for path in app::api::endpoints() {
        for (method, body, media_type) in [
            ("GET", "", "application/json"),
            ("PUT", "{}", "application/json"),
            ("POST", "a=b", "application/x-www-form-urlencoded"),
            ("POST", "{", "application/json"),
            ("POST", "{\"no_such_field\":1}", "application/json"),
            ("POST", "[]", "application/json"),
            ("POST", "\u{0}", "application/json"),
        ] {
            let status = session.send(method, path, body, media_type).await;
            assert!(
                (400..500).contains(&status),
                "{method} {path} {body:?}: {status}"
            );
        }
    }
}

#[tokio::test]
async fn a_server_function_reads_no_body_that_says_it_is_packed() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, BY_PATH).await;
    let staff = Staff::of(&program, "jo").await;
    for (coding, status) in [("gzip", 415), ("br", 415), ("identity", 200)] {
        let session = staff.session().saying("content-encoding", coding);
        let answered = session
            .send("POST", "/_fn/signed_in", "{}", "application/json")
            .await;
        assert_eq!(answered, status, "{coding}");
    }
    for path in app::api::endpoints() {
        let session = staff.session().saying("content-encoding", "gzip");
        let answered = session.send("POST", path, "{}", "application/json").await;
        assert_eq!(answered, 415, "{path}");
    }
}
