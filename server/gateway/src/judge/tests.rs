use app::domain::{StaffId, SupportSessionId};
use http::{HeaderMap, HeaderValue, Method};
use uuid::Uuid;

use super::{
    bindings::{HiddenConfig, OrganizationBinding, SelectorConfig, TenantBinding},
    canonical::{CanonicalTarget, NotCanonical},
    scopes::ScopeConfig,
    *,
};

const HOSTS: [&str; 1] = ["gateway"];

fn source(binding: TenantBinding, organization: OrganizationBinding) -> RuleSource {
    RuleSource {
        tenant_binding: binding,
        tenant_host: (binding == TenantBinding::Host).then(|| "{tenant_id}.example.com".into()),
        organization,
        routes: vec![
            "/v1/tenants/{tenant_id}".into(),
            "/v1/tenants/{tenant_id}/organizations/{organization_id}".into(),
        ],
        selectors: SelectorConfig {
            query: vec!["tenant_id".into()],
            headers: vec!["x-tenant-id".into()],
            organization_query: vec!["org".into()],
            organization_headers: vec!["x-org-id".into()],
        },
        hidden: HiddenConfig::default(),
        scopes: Vec::new(),
    }
}

fn rules(binding: TenantBinding, organization_header: bool) -> Arc<RuleSet> {
    let organization = if organization_header {
        OrganizationBinding::Header
    } else {
        OrganizationBinding::None
    };
    compiled(&source(binding, organization))
}

fn compiled(source: &RuleSource) -> Arc<RuleSet> {
    Arc::new(source.compile().unwrap())
}

fn session(organization: Option<&str>) -> Arc<KnownSession> {
    Arc::new(KnownSession {
        token_hash: [0; 32],
        id: SupportSessionId::from_uuid(Uuid::nil()),
        tenant_id: "acme".parse().unwrap(),
        organization_id: organization.map(|id| id.parse().unwrap()),
        staff_id: StaffId::from_uuid(Uuid::nil()),
        staff_name: "Ada".into(),
        scopes: vec![ScopeName::read_only(), "extra".parse().unwrap()],
        rule_set: String::new(),
        expires_at: chrono::DateTime::UNIX_EPOCH,
        ended: None,
        limits: crate::ports::KnownLimits::default(),
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

fn judge(
    rules: &Arc<RuleSet>,
    earlier: Option<&Arc<RuleSet>>,
    organization: Option<&str>,
    request: CanonicalRequest,
) -> Result<Authorised, Denied> {
    let hosts = HOSTS.map(String::from);
    let judge = Judge {
        hosts: &hosts,
        rules,
        earlier,
    };
    judge.authorise(&session(organization), request)
}

fn decide(
    rules: &Arc<RuleSet>,
    organization: Option<&str>,
    request: CanonicalRequest,
) -> Result<(), Refusal> {
    judge(rules, None, organization, request)
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
        ("/V1/Tenants/bolt", &[], Err(Refusal::WrongTenant)),
        ("/v1/tenants.json/bolt", &[], Err(Refusal::WrongTenant)),
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
        let denied = judge(&rules, None, None, request).err();
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

fn extra(text: &str) -> Vec<ScopeConfig> {
    let text = format!("name = \"extra\"\ndescription = \"Extra.\"\n{text}");
    vec![toml::from_str(&text).unwrap()]
}

/// What Node's `URL` makes of links: see `tests/links.mjs`. A browser sends the same.
const LINKS: &str = include_str!("../../tests/links.txt");

#[test]
fn a_link_that_a_browser_follows_passes_in_one_spelling_unless_it_climbs_or_breaks_a_line() {
    let mut open = source(TenantBinding::Identity, OrganizationBinding::None);
    open.routes = Vec::new();
    let rules = compiled(&open);
    let (mut links, mut refused) = (0, 0);
    for line in LINKS.lines() {
        let (sent, resent) = line.split_once('\t').unwrap();
        let respelt = String::from_utf8(spelling::respelt(sent.as_bytes())).unwrap();
        links += 1;
        let target = match CanonicalTarget::parse_odd(respelt.as_bytes()) {
            Ok(target) => target,
            Err(fault) => {
                // A dot segment or the end of a line, at least for some readers.
                let path = respelt.split('?').next().unwrap_or_default();
                let has = |marks: &[&str]| marks.iter().any(|mark| path.contains(mark));
                assert!(
                    match fault {
                        NotCanonical::DotSegment => has(&[".", "%2E", "%252", "%C0%AE"]),
                        NotCanonical::LineBreak => has(&["%0A", "%00"]),
                        _ => false,
                    },
                    "{sent}: {fault}"
                );
                refused += 1;
                continue;
            }
        };
        assert_eq!(target.as_str(), respelt, "{sent}");
        let again = spelling::respelt(respelt.as_bytes());
        assert_eq!(again, respelt.as_bytes(), "it is the one");
        match resent {
            "-" => assert!(respelt.starts_with("//"), "{sent}: a host"),
            resent => assert_eq!(resent, respelt, "the browser asks for what it is led to"),
        }
        let mut request = request("/", &[]);
        request.target = target;
        let judged = judge(&rules, None, None, request);
        assert!(judged.is_ok(), "{sent}: {judged:?}");
    }
    assert!(links > 4000 && refused * 8 < links, "{refused} of {links}");
}

fn post(target: &str, headers: &[(&'static str, &'static str)]) -> CanonicalRequest {
    let mut request = request(target, headers);
    request.method = Method::POST;
    request
}

#[test]
fn host_binding_makes_the_upstreams_host_and_takes_no_other() {
    let rules = rules(TenantBinding::Host, false);
    for (host, status) in [
        ("gateway", None),
        ("acme.example.com", None),
        ("ACME.example.com", None),
        ("bolt.example.com", Some(421)),
        ("acme.example.com:80", Some(421)),
        ("acme.example.com.", Some(421)),
        ("example.com", Some(421)),
    ] {
        let mut request = request("/v1/me", &[]);
        request
            .headers
            .insert("host", HeaderValue::from_static(host));
        let judged = judge(&rules, None, None, request);
        if let Ok(Authorised::Permitted(permitted)) = &judged {
            assert_eq!(permitted.upstream_host(), Some("acme.example.com"));
        }
        assert_eq!(judged.err().map(|d| d.status), status, "{host}");
    }
}

#[test]
fn what_a_reader_may_take_for_a_host_names_no_other_tenant() {
    let judged = |binding, target: &str| {
        let mut request = request("/", &[]);
        request.target = CanonicalTarget::parse_odd(target.as_bytes()).unwrap();
        decide(&rules(binding, false), None, request)
    };
    // Node's `URL` finds another host in these.
    for target in [
        "//bolt.example.com/v1/me",
        "///bolt.example.com/v1/me",
        "/%2Fbolt.example.com/v1/me",
        "/%5Cbolt.example.com/v1/me",
        "/;/bolt.example.com/v1/me",
        "/%7F/bolt.example.com/v1/me",
        "/%/bolt.example.com/v1/me",
        "//bolt.example.com",
    ] {
        let refused = Err(Refusal::AmbiguousPath);
        assert_eq!(judged(TenantBinding::Host, target), refused, "{target}");
        assert_eq!(judged(TenantBinding::Identity, target), Ok(()), "{target}");
    }
    assert_eq!(judged(TenantBinding::Host, "/a//b"), Ok(()));
    // And the path behind it names a tenant for some readers only.
    for target in [
        "//bolt/v1/tenants/acme",
        "//v1/tenants/acme",
        "//acme/v1/tenants/bolt",
    ] {
        for binding in [TenantBinding::Path, TenantBinding::Identity] {
            assert!(judged(binding, target).is_err(), "{target}");
        }
    }
}

#[test]
fn a_pattern_of_a_scope_establishes_the_tenant_too() {
    let mut source = source(TenantBinding::Path, OrganizationBinding::None);
    source.routes = Vec::new();
    source.scopes =
        extra("allow = [{ methods = [\"POST\"], paths = [\"/t/{tenant_id}/a\", \"/free\"] }]");
    let rules = compiled(&source);
    for (path, expected) in [
        ("/t/acme/a", Ok(())),
        ("/t/bolt/a", Err(Refusal::WrongTenant)),
        ("/free", Err(Refusal::WrongTenant)),
        ("/t/acme/b", Err(Refusal::OutOfScope)),
    ] {
        assert_eq!(decide(&rules, None, post(path, &[])), expected, "{path}");
    }
}

#[test]
fn rules_tighten_at_once_and_widen_for_new_sessions_only() {
    let narrow = source(TenantBinding::Identity, OrganizationBinding::None);
    let mut wide = narrow.clone();
    wide.scopes = extra("allow = [{ methods = [\"POST\"], paths = [\"/v1/exports\"] }]");
    assert_ne!(narrow.hash(), wide.hash());
    let (narrow, wide) = (compiled(&narrow), compiled(&wide));
    let post = || post("/v1/exports", &[]);
    assert!(judge(&wide, None, None, post()).is_ok(), "created today");
    let widened = judge(&wide, Some(&narrow), None, post()).unwrap_err();
    assert_eq!(widened.refusal, Refusal::OutOfScope);
    assert!(
        widened.detail.contains("A new session"),
        "{}",
        widened.detail
    );
    let tightened = judge(&narrow, Some(&wide), None, post()).unwrap_err();
    assert_eq!(tightened.refusal, Refusal::OutOfScope);
    let lost = Arc::new(RuleSet::permitting_nothing("lost"));
    assert!(judge(&wide, Some(&lost), None, request("/v1/me", &[])).is_err());
}

#[test]
fn rules_are_kept_as_text_that_says_the_same_again() {
    let mut source = source(TenantBinding::Host, OrganizationBinding::Header);
    source.hidden.query = vec!["token".into()];
    source.scopes = extra(
        r#"allow = [
            { methods = ["GET"], paths = ["/live"], upgrade = "websocket" },
            { methods = ["POST"], paths = ["/search"], body = "form" },
        ]
        deny = [{ methods = ["*"], paths = ["/admin/**"] }]"#,
    );
    let text = source.to_text();
    let again = RuleSource::from_text(&text).unwrap();
    assert_eq!(again, source);
    assert_eq!(again.hash(), source.hash());
    assert!(RuleSource::from_text("{}").is_err());
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn form_rules() -> Arc<RuleSet> {
    let mut source = source(TenantBinding::Identity, OrganizationBinding::Header);
    source.scopes =
        extra("allow = [{ methods = [\"POST\"], paths = [\"/search\"], body = \"form\" }]");
    compiled(&source)
}

#[test]
fn a_form_is_looked_at_however_its_path_can_be_read() {
    let mut source = source(TenantBinding::Identity, OrganizationBinding::Header);
    source.scopes = extra(
        r#"allow = [
            { methods = ["POST"], paths = ["/v1/**"] },
            { methods = ["POST"], paths = ["/v1/search"], body = "form" },
        ]"#,
    );
    let rules = compiled(&source);
    for (target, is_form) in [
        ("/v1/search", true),
        ("/v1/search;x", true),
        ("/v1/;x/search", true),
        ("/v1//search", true),
        ("/v1/other;x", false),
    ] {
        let mut request = post("/v1/search", &[FORM]);
        request.target = CanonicalTarget::parse_odd(target.as_bytes()).unwrap();
        let authorised = judge(&rules, None, None, request).unwrap();
        assert_eq!(
            matches!(authorised, Authorised::Form(_)),
            is_form,
            "{target}"
        );
    }
}

#[test]
fn a_form_passes_once_it_was_looked_at() {
    let rules = form_rules();
    let check = |body: &str| {
        let request = post("/search", &[FORM]);
        match judge(&rules, None, Some("eu"), request).unwrap() {
            Authorised::Form(form) => form.check(body.as_bytes()).map(drop).map_err(|d| d.refusal),
            Authorised::Permitted(_) => panic!("nobody looked at the form"),
        }
    };
    for body in ["", "q=x", "tenant_id=acme&org=eu", "q=caf%C3%A9+x"] {
        assert_eq!(check(body), Ok(()), "{body}");
    }
    for (body, refusal) in [
        ("tenant_id=bolt", Refusal::WrongTenant),
        ("q=x&tenant%5Fid=bolt", Refusal::WrongTenant),
        ("tenant_id=acme&tenant_id=bolt", Refusal::WrongTenant),
        ("org=us", Refusal::WrongOrganization),
        ("_method=DELETE", Refusal::MalformedRequest),
        ("a=1&%5Fmethod=DELETE", Refusal::MalformedRequest),
        ("a=\0", Refusal::MalformedRequest),
        ("a=\n", Refusal::MalformedRequest),
    ] {
        assert_eq!(check(body), Err(refusal), "{body}");
    }
}

#[test]
fn what_is_not_plainly_a_form_is_refused_before_it_is_read() {
    let rules = form_rules();
    for headers in [
        &[("content-type", "application/json")][..],
        &[("content-type", "multipart/form-data; boundary=x")],
        &[(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-16",
        )],
        &[FORM, ("content-type", "application/json")],
        &[FORM, ("content-encoding", "gzip")],
        &[("content-length", "3")],
        &[("transfer-encoding", "chunked")],
    ] {
        let denied = judge(&rules, None, None, post("/search", headers)).unwrap_err();
        assert_eq!(denied.status, 415, "{headers:?}");
    }
    for headers in [
        &[][..],
        &[("content-length", "0")],
        &[(
            "content-type",
            "Application/X-WWW-Form-Urlencoded;charset=UTF-8",
        )],
    ] {
        assert!(
            judge(&rules, None, None, post("/search", headers)).is_ok(),
            "{headers:?}"
        );
    }
}

/// The rules of the property below, as an oracle that knows nothing of patterns.
fn may_pass(method: &str, path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let reads = matches!(method, "GET" | "HEAD" | "OPTIONS");
    let writes = method == "POST" && path == "/v1/tenants/acme/exports";
    let leaks = matches!(method, "GET" | "HEAD")
        && lower
            .strip_prefix("/v1/tenants/acme/secrets")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']));
    let own = path == "/v1/tenants/acme" || path.starts_with("/v1/tenants/acme/");
    own && !leaks && (reads || writes)
}

fn a_target() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let piece = prop_oneof![
        Just("v1".to_owned()),
        Just("V1".to_owned()),
        Just("tenants".to_owned()),
        Just("acme".to_owned()),
        Just("Acme".to_owned()),
        Just("bolt".to_owned()),
        Just("secrets".to_owned()),
        Just("SECRETS.csv".to_owned()),
        Just("exports".to_owned()),
        Just("..".to_owned()),
        Just("%2e%2e".to_owned()),
        Just("a%2Fb".to_owned()),
        Just("%C3%B1".to_owned()),
        "[a-z;%.]{0,3}",
    ];
    let own = proptest::collection::vec(piece.clone(), 0..4)
        .prop_map(|rest| format!("/v1/tenants/acme/{}", rest.join("/")));
    let any = proptest::collection::vec(piece, 0..6).prop_map(|p| format!("/{}", p.join("/")));
    prop_oneof![own, any]
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4_000))]

    #[test]
    fn only_what_is_permitted_in_canonical_form_passes(
        method in "(GET|HEAD|OPTIONS|POST|PUT|DELETE|PATCH|get)",
        target in a_target(),
    ) {
        let mut source = source(TenantBinding::Path, OrganizationBinding::None);
        source.scopes = vec![
            toml::from_str(
                r#"name = "extra"
                description = "Extra."
                allow = [{ methods = ["POST"], paths = ["/v1/tenants/{tenant_id}/exports"] }]
                deny = [{ methods = ["GET"], paths = ["/v1/tenants/{tenant_id}/secrets"] }]"#,
            )
            .unwrap(),
        ];
        let rules = compiled(&source);
        let Ok(target) = CanonicalTarget::parse(target.as_bytes()) else { return Ok(()) };
        let path = target.path().to_owned();
        let mut request = request("/", &[]);
        request.method = Method::from_bytes(method.as_bytes()).unwrap();
        request.target = target;
        let passes = judge(&rules, None, None, request).is_ok();
        proptest::prop_assert!(!passes || may_pass(&method, &path), "{method} {path}");
        proptest::prop_assert!(passes || !may_pass(&method, &path), "{method} {path}");
    }
}
