use app::domain::{StaffId, SupportSessionId};
use http::HeaderValue;
use uuid::Uuid;

use super::*;

fn rules(binding: TenantBinding, organization_header: bool) -> RuleSet {
    RuleSet {
        scopes: Scopes::built_in(),
        binding,
        routes: vec![
            "/v1/tenants/{tenant_id}".parse().unwrap(),
            "/v1/tenants/{tenant_id}/organizations/{organization_id}"
                .parse()
                .unwrap(),
        ],
        tenant: SelectorRules {
            query: vec!["tenant_id".into()],
            headers: vec![HeaderName::from_static("x-tenant-id")],
        },
        organization: SelectorRules {
            query: vec!["org".into()],
            headers: vec![HeaderName::from_static("x-org-id")],
        },
        organization_header,
        hosts: vec!["gateway".into()],
    }
}

fn session(organization: Option<&str>) -> Arc<KnownSession> {
    Arc::new(KnownSession {
        token_hash: [0; 32],
        id: SupportSessionId::from_uuid(Uuid::nil()),
        tenant_id: "acme".parse().unwrap(),
        organization_id: organization.map(|id| id.parse().unwrap()),
        staff_id: StaffId::from_uuid(Uuid::nil()),
        staff_name: "Ada".into(),
        scopes: vec![app::domain::scopes::ScopeName::read_only()],
        expires_at: chrono::DateTime::UNIX_EPOCH,
        ended: None,
    })
}

fn request(target: &str, headers: &[(&'static str, &'static str)]) -> CanonicalRequest {
    let mut map = HeaderMap::new();
    map.insert("host", HeaderValue::from_static("gateway"));
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_static(value));
    }
    CanonicalRequest {
        method: Method::GET,
        target: CanonicalTarget::parse(target.as_bytes()).unwrap(),
        headers: map,
    }
}

fn decide(
    rules: &RuleSet,
    organization: Option<&str>,
    request: CanonicalRequest,
) -> Result<(), Refusal> {
    authorise(rules, &session(organization), request)
        .map(drop)
        .map_err(|denied| denied.refusal)
}

#[test]
fn path_binding_needs_a_path_that_names_the_sessions_tenant() {
    let rules = rules(TenantBinding::Path, false);
    for (path, expected) in [
        ("/v1/tenants/acme", Ok(())),
        ("/v1/tenants/acme/invoices", Ok(())),
        ("/v1/tenants/bolt", Err(Refusal::WrongTenant)),
        ("/v1/tenants/ACME", Err(Refusal::WrongTenant)),
        ("/v1/tenants/acme%20", Err(Refusal::WrongTenant)),
        ("/v1/tenants", Err(Refusal::WrongTenant)),
        ("/v1/me", Err(Refusal::WrongTenant)),
        ("/V1/tenants/acme", Err(Refusal::WrongTenant)),
        ("/", Err(Refusal::WrongTenant)),
    ] {
        assert_eq!(decide(&rules, None, request(path, &[])), expected, "{path}");
    }
}

#[test]
fn identity_binding_still_refuses_another_tenants_name() {
    let rules = rules(TenantBinding::Identity, false);
    for (target, headers, expected) in [
        ("/v1/me", &[][..], Ok(())),
        ("/v1/tenants/acme", &[], Ok(())),
        ("/v1/tenants/bolt", &[], Err(Refusal::WrongTenant)),
        ("/v1/me?tenant_id=acme", &[], Ok(())),
        ("/v1/me?tenant_id=bolt", &[], Err(Refusal::WrongTenant)),
        ("/v1/me?tenant%5fid=bolt", &[], Err(Refusal::WrongTenant)),
        ("/v1/me", &[("x-tenant-id", "acme")], Ok(())),
        (
            "/v1/me",
            &[("x-tenant-id", "bolt")],
            Err(Refusal::WrongTenant),
        ),
        (
            "/v1/me",
            &[("x-tenant-id", "acme"), ("x-tenant-id", "bolt")],
            Err(Refusal::WrongTenant),
        ),
        (
            "/v1/me",
            &[("x-tenant-id", "acme,bolt")],
            Err(Refusal::WrongTenant),
        ),
    ] {
        let request = request(target, headers);
        assert_eq!(
            decide(&rules, None, request),
            expected,
            "{target} {headers:?}"
        );
    }
}

#[test]
fn a_host_that_is_not_the_gateways_is_misdirected() {
    let rules = rules(TenantBinding::Identity, false);
    for (host, status) in [
        ("bolt.example", Some(421)),
        ("gateway.", Some(421)),
        ("GATEWAY", None),
    ] {
        let mut request = request("/", &[]);
        request
            .headers
            .insert("host", HeaderValue::from_static(host));
        let denied = authorise(&rules, &session(None), request).err();
        assert_eq!(denied.map(|d| d.status), status, "{host}");
    }
}

#[test]
fn an_organization_session_is_confined_or_refused() {
    let within = "/v1/tenants/acme/organizations/eu/users";
    let without = "/v1/tenants/acme/invoices";
    let other = "/v1/tenants/acme/organizations/us";
    let strict = rules(TenantBinding::Path, false);
    let honoured = rules(TenantBinding::Path, true);
    for (rules, path, expected) in [
        (&strict, within, Ok(())),
        (&strict, without, Err(Refusal::OrganizationNotConfinable)),
        (&strict, other, Err(Refusal::WrongOrganization)),
        (&honoured, without, Ok(())),
        (&honoured, other, Err(Refusal::WrongOrganization)),
        (
            &honoured,
            "/v1/tenants/acme?org=us",
            Err(Refusal::WrongOrganization),
        ),
        (&honoured, "/v1/tenants/acme?org=eu", Ok(())),
    ] {
        assert_eq!(
            decide(rules, Some("eu"), request(path, &[])),
            expected,
            "{path}"
        );
    }
    let header = request(without, &[("x-org-id", "us")]);
    assert_eq!(
        decide(&honoured, Some("eu"), header),
        Err(Refusal::WrongOrganization)
    );
    assert_eq!(
        decide(&strict, None, request(other, &[])),
        Ok(()),
        "whole tenant"
    );
}

#[test]
fn what_no_granted_scope_permits_is_out_of_scope() {
    let rules = rules(TenantBinding::Path, false);
    let mut post = request("/v1/tenants/acme", &[]);
    post.method = Method::POST;
    assert_eq!(decide(&rules, None, post), Err(Refusal::OutOfScope));
}
