use app::domain::{
    SupportSessionId, TenantId,
    access_log::{Refusal, RequestOutcome},
    rules::DRY_RUN_LISTED,
    scopes::ScopeName,
};
use gateway::{
    config::{OrganizationBinding, SelectorConfig, TenantBinding},
    rules::RuleSource,
};
use store::access_log::MadeRequest;

use super::*;

fn in_force() -> RuleSource {
    RuleSource {
        tenant_binding: TenantBinding::Path,
        tenant_host: None,
        organization: OrganizationBinding::None,
        routes: vec!["/v1/tenants/{tenant_id}".into()],
        selectors: SelectorConfig {
            headers: vec!["x-tenant-id".into()],
            ..SelectorConfig::default()
        },
        hidden: gateway::config::HiddenConfig::default(),
        scopes: vec![
            toml::from_str(
                r#"
                name = "exports"
                description = "Export."
                allow = [{ methods = ["POST"], paths = ["/v1/tenants/{tenant_id}/exports"] }]
                "#,
            )
            .unwrap(),
        ],
    }
}

fn made(method: &str, path: &str, refusal: Option<Refusal>) -> MadeRequest {
    MadeRequest {
        request_id: RequestId::from_uuid(Uuid::nil()),
        support_session_id: SupportSessionId::from_uuid(Uuid::nil()),
        method: method.into(),
        path: path.into(),
        query: None,
        outcome: match refusal {
            Some(_) => RequestOutcome::Refused,
            None => RequestOutcome::Done,
        },
        refusal,
        at: chrono::DateTime::UNIX_EPOCH,
        tenant_id: "acme".parse::<TenantId>().unwrap(),
        organization_id: None,
        scopes: vec![ScopeName::read_only(), "exports".parse().unwrap()],
    }
}

fn tried(text: &str, requests: Vec<MadeRequest>) -> DryRun {
    let source = in_force();
    let changed = file::changed(&source, text).unwrap();
    let mut trial = Trial::new(Arc::new(source.compile().unwrap()), Arc::new(changed));
    for request in requests {
        trial.judge(request);
    }
    trial.result()
}

#[test]
fn the_rules_in_force_are_written_as_they_are_read() {
    let source = in_force();
    let text = file::written(&source);
    assert!(text.contains("[[scopes]]"), "{text}");
    assert!(!text.contains("[]"), "what is empty says nothing: {text}");
    let again = file::changed(&source, &text).unwrap();
    assert_eq!(again.hash(), source.hash());
}

#[test]
fn a_part_that_is_left_out_stays_and_a_whole_configuration_is_taken_too() {
    let source = in_force();
    assert_eq!(file::changed(&source, "").unwrap().hash(), source.hash());
    let whole = r#"
        database_url = "sqlite:x.db"
        [gateway]
        listen = "127.0.0.1:1"
        upstream = "http://127.0.0.1:2"
        upstream_authorization = "Bearer hush"
        tenant_binding = "identity"
    "#;
    let changed = file::changed(&source, whole).unwrap();
    assert_ne!(changed.hash(), source.hash());
    assert!(
        changed
            .scopes()
            .list()
            .any(|s| s.name.as_str() == "exports")
    );
}

#[test]
fn a_broken_file_is_told_with_its_reason() {
    let source = in_force();
    for (text, part) in [
        ("[gateway", "line 1: "),
        ("[gateway]\ntenant_binding = \"x\"", "unknown variant"),
        ("[gateway]\nroutes = [\"x\"]", "gateway.routes[0]"),
        ("[[scopes]]\nname = \"x\"", "scopes[0].description"),
        ("[[scopes]]\nname = \"x\"\nallowed = []", "allowed"),
    ] {
        let error = file::changed(&source, text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn changed_decisions_are_counted_and_named() {
    let changed = r#"
        [[scopes]]
        name = "exports"
        description = "Import."
        allow = [{ methods = ["POST"], paths = ["/v1/tenants/{tenant_id}/imports"] }]
    "#;
    let scope = Some(Refusal::OutOfScope);
    let result = tried(
        changed,
        vec![
            made("GET", "/v1/tenants/acme", None),
            made("POST", "/v1/tenants/acme/exports", None),
            made("POST", "/v1/tenants/acme/imports", scope),
            made("DELETE", "/v1/tenants/acme", scope),
            made("GET", "/v1/tenants/acme/../x", Some(Refusal::AmbiguousPath)),
            made("GET", "/v1/tenants/acme", Some(Refusal::SessionExpired)),
            // For another tenant's name in the header, which no record tells.
            made("GET", "/v1/tenants/acme", Some(Refusal::WrongTenant)),
        ],
    );
    assert_eq!((result.requests, result.unchanged), (7, 2));
    assert_eq!((result.newly_refused, result.newly_permitted), (1, 1));
    assert_eq!(result.not_judged, 3);
    let [refused, permitted] = &result.changes[..] else {
        panic!("two changes");
    };
    assert_eq!(refused.refusal, scope);
    assert_eq!(
        (permitted.refusal, permitted.because.as_str()),
        (None, "exports")
    );
}

#[test]
fn nothing_that_is_hidden_keeps_a_request_from_being_judged() {
    let result = tried(
        "",
        vec![made("GET", "/v1/tenants/acme/resets/(hidden)", None)],
    );
    assert_eq!((result.unchanged, result.not_judged), (1, 0));
}

#[test]
fn no_more_changes_are_listed_than_a_page_holds() {
    let requests = vec![made("POST", "/v1/tenants/acme/exports", None); DRY_RUN_LISTED + 1];
    let nothing = "scopes = []";
    let result = tried(nothing, requests);
    assert_eq!(result.newly_refused, DRY_RUN_LISTED as u64 + 1);
    assert_eq!(result.changes.len(), DRY_RUN_LISTED);
}
