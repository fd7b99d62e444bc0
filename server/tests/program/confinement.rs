//! A support session of tenant `acme`, or of its organization `x`, never gets a byte of tenant
//! `bolt` or organization `yonder`: judged by an upstream that keeps every byte it receives.

use crate::support::prelude::*;

/// The upstream distinguishes tenants and organizations by paths, and by other parts of the
/// request.
const BY_PATH: &str = r#"
    tenant_binding = "path"
    organization = "none"
    routes = [
        "/v1/tenants/{tenant_id}",
        "/v1/tenants/{tenant_id}/organizations/{organization_id}",
    ]
"#;
/// The upstream distinguishes tenants and organizations by the gateway's own headers.
const BY_IDENTITY: &str = r#"
    tenant_binding = "identity"
    organization = "header"
    routes = [
        "/v1/tenants/{tenant_id}",
        "/v1/organizations/{organization_id}",
    ]
"#;
/// The other places in which a request may name a tenant or an organization.
const SELECTORS: &str = r#"
    [gateway.selectors]
    query = ["tenant", "tenant_id"]
    headers = ["x-tenant", "x-tenant-id"]
    organization_query = ["organization_id"]
    organization_headers = ["x-organization-id"]
"#;

/// Requests that must never be answered, whatever the binding is: target and further fields.
const AMBIGUOUS: [(&str, &str); 30] = [
    ("/v1/tenants/acme/../bolt", ""),
    ("/v1/tenants/acme/./../bolt/x", ""),
    ("/v1/tenants/acme/%2e%2e/bolt", ""),
    ("/v1/tenants/acme/.%2E/bolt", ""),
    ("/v1/tenants/acme%2f..%2fbolt", ""),
    ("/v1/tenants/acme/x%2F..%2F..%2Fbolt", ""),
    ("/v1/tenants/acme%5c..%5cbolt", ""),
    ("/v1/tenants/acme\\..\\bolt", ""),
    ("/v1/tenants/acme;/../bolt", ""),
    ("/v1/tenants/acme/..;/bolt", ""),
    ("/v1/tenants/acme//../bolt", ""),
    ("//bolt/v1/tenants/acme", ""),
    ("/v1//tenants/bolt", ""),
    ("/v1/tenants/acme/%252e%252e/bolt", ""),
    ("/v1/tenants/acme/%25%32%65%25%32%65/bolt", ""),
    ("/v1/tenants/acme/%c0%ae%c0%ae/bolt", ""),
    ("/v1/tenants/acme/%u002e%u002e/bolt", ""),
    ("/v1/tenants/%62olt", ""),
    ("/v1/tenants/acme/%00/../bolt", ""),
    ("/v1/tenants/acme/%0d%0aSupport-Tenant:%20bolt", ""),
    ("/v1/tenants/acme#/../bolt", ""),
    ("http://bolt.example/v1/tenants/acme", ""),
    ("https://bolt.example/", ""),
    ("bolt.example:443", ""),
    ("*", ""),
    ("/v1/tenants/acme", "Host: bolt.example\r\n"),
    (
        "/v1/tenants/acme",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    ),
    (
        "/v1/tenants/acme",
        "Content-Length: 4\r\nContent-Length: 44\r\n",
    ),
    ("/v1/tenants/acme", "X-A: b\r\n Support-Tenant: bolt\r\n"),
    (
        "/v1/tenants/acme",
        "Connection: Support-Tenant, close\r\nSupport-Tenant: bolt\r\n",
    ),
];

/// Another tenant in path, query or header.
const OTHER_TENANT: [(&str, &str); 20] = [
    ("/v1/tenants/bolt", ""),
    ("/v1/tenants/bolt/organizations/x", ""),
    ("/v1/tenants/ACME", ""),
    ("/v1/tenants/acmebolt", ""),
    ("/v1/tenants/acme,bolt", ""),
    ("/v1/tenants/acme?tenant=bolt", ""),
    ("/v1/tenants/acme?tenant_id=bolt", ""),
    ("/v1/tenants/acme?TENANT_ID=bolt", ""),
    ("/v1/tenants/acme?tenant_id=acme&tenant_id=bolt", ""),
    ("/v1/tenants/acme?a=b;tenant_id=bolt", ""),
    ("/v1/tenants/acme?tenant%5fid=bolt", ""),
    ("/v1/tenants/acme?tenant%255fid=bolt", ""),
    ("/v1/tenants/acme?tenant_id[]=bolt", ""),
    ("/v1/tenants/acme?tenant_id%5B0%5D=bolt", ""),
    ("/v1/tenants/acme?tenant_id=%62olt", ""),
    ("/v1/tenants/acme?tenant_id=acme,bolt", ""),
    ("/v1/tenants/acme?%20tenant_id=bolt", ""),
    ("/v1/tenants/acme", "X-Tenant: bolt\r\n"),
    (
        "/v1/tenants/acme",
        "X-Tenant-Id: acme\r\nX-Tenant-Id: bolt\r\n",
    ),
    ("/v1/tenants/acme", "x-tenant-id: acme, bolt\r\n"),
];

/// Nothing that says which tenant is meant, where the path has to.
const NO_TENANT: [(&str, &str); 5] = [
    ("/", ""),
    ("/v1/tenants", ""),
    ("/v1/me", ""),
    ("/v2/tenants/acme", ""),
    ("/v1/Tenants/acme", ""),
];

#[tokio::test]
async fn a_session_bound_by_path_never_lets_a_byte_of_another_tenant_through() {
    let rig = Rig::start(BY_PATH, None).await;
    rig.passes("/v1/tenants/acme/invoices?page=2", "", "").await;
    rig.all_refused(&AMBIGUOUS).await;
    rig.all_refused(&OTHER_TENANT).await;
    rig.all_refused(&NO_TENANT).await;
    rig.strips_what_claims_another("/v1/tenants/acme").await;
    rig.never_saw(&["bolt"]).await;
}

#[tokio::test]
async fn a_session_bound_by_identity_never_lets_a_byte_of_another_tenant_through() {
    let rig = Rig::start(BY_IDENTITY, None).await;
    rig.passes("/v1/invoices?page=2", "", "support-tenant: acme")
        .await;
    rig.all_refused(&AMBIGUOUS).await;
    rig.all_refused(&OTHER_TENANT).await;
    rig.strips_what_claims_another("/v1/invoices").await;
    rig.never_saw(&["bolt"]).await;
}

#[tokio::test]
async fn a_session_of_an_organization_bound_by_path_never_lets_a_byte_of_another_through() {
    let rig = Rig::start(BY_PATH, Some("x")).await;
    rig.passes("/v1/tenants/acme/organizations/x/users", "", "")
        .await;
    rig.all_refused(&AMBIGUOUS).await;
    rig.all_refused(&OTHER_TENANT).await;
    rig.all_refused(&NO_TENANT).await;
    rig.all_refused(&[
        ("/v1/tenants/acme", ""),
        ("/v1/tenants/acme/users", ""),
        ("/v1/tenants/acme/organizations", ""),
        ("/v1/tenants/acme/organizations/yonder", ""),
        ("/v1/tenants/acme/organizations/X", ""),
        ("/v1/tenants/acme/organizations/x/../yonder", ""),
        (
            "/v1/tenants/acme/organizations/x?organization_id=yonder",
            "",
        ),
        (
            "/v1/tenants/acme/organizations/x?Organization_Id=yonder",
            "",
        ),
        (
            "/v1/tenants/acme/organizations/x?organization_id=x&organization_id=yonder",
            "",
        ),
        (
            "/v1/tenants/acme/organizations/x",
            "X-Organization-Id: yonder\r\n",
        ),
        ("/v1/tenants/bolt/organizations/x", ""),
        ("/v1/tenants/acme/organizations/x?tenant_id=bolt", ""),
        ("/v1/tenants/acme/organizations/x?Tenant=bolt", ""),
        ("/v1/tenants/acme/organizations/x", "X-Tenant: bolt\r\n"),
    ])
    .await;
    rig.strips_what_claims_another("/v1/tenants/acme/organizations/x")
        .await;
    rig.never_saw(&["bolt", "yonder"]).await;
}

#[tokio::test]
async fn a_session_of_an_organization_bound_by_identity_never_lets_a_byte_of_another_through() {
    let rig = Rig::start(BY_IDENTITY, Some("x")).await;
    rig.passes("/v1/users", "", "support-organization: x").await;
    rig.all_refused(&AMBIGUOUS).await;
    rig.all_refused(&OTHER_TENANT).await;
    rig.all_refused(&[
        ("/v1/organizations/yonder", ""),
        ("/v1/organizations/X", ""),
        ("/v1/organizations/x/%2e%2e/yonder", ""),
        ("/v1/users?organization_id=yonder", ""),
        ("/v1/users?organization_id[]=yonder", ""),
        ("/v1/users", "X-Organization-Id: yonder\r\n"),
    ])
    .await;
    rig.strips_what_claims_another("/v1/users").await;
    rig.never_saw(&["bolt", "yonder"]).await;
}

/// A program, an upstream that counts, and a session of `acme`.
struct Rig {
    program: Program,
    upstream: Upstream,
    token: String,
}

impl Rig {
    async fn start(rules: &str, organization: Option<&str>) -> Self {
        let upstream = Upstream::start().await;
        let rules = [rules, SELECTORS].concat();
        let program = Program::start(upstream.address, &rules).await;
        let platform = Platform::of(&program).await;
        platform.register("acme").await;
        platform.register("bolt").await;
        let staff = Staff::of(&program, "jo").await;
        let session = staff.create_session("acme", organization).await;
        Self {
            program,
            upstream,
            token: session.token,
        }
    }

    async fn ask(&self, method: &str, target: &str, fields: &str) -> Answer {
        // A field of the table takes the place of the one it shares its name with.
        let host = if fields.starts_with("Host: ") {
            String::new()
        } else {
            format!("Host: {}\r\n", self.program.gateway)
        };
        let token = &self.token;
        let head = format!(
            "{method} {target} HTTP/1.1\r\n{host}Authorization: Bearer {token}\r\n{fields}\r\n"
        );
        let mut client = Client::connect(self.program.gateway).await;
        client.send(head.as_bytes()).await;
        client.answer().await
    }

    /// A permitted request passes, with `expected` in what the upstream gets.
    async fn passes(&self, target: &str, fields: &str, expected: &str) {
        let (requests, before) = (self.upstream.requests(), self.upstream.text().len());
        let answer = self.ask("GET", target, fields).await;
        assert_eq!(answer.status, 200, "{target} {fields:?}: {}", answer.text());
        assert_eq!(self.upstream.requests(), requests + 1, "{target}");
        assert!(self.upstream.text().len() > before);
        let text = self.upstream.text().to_ascii_lowercase();
        assert!(text.contains(expected), "{target}: {text}");
    }

    async fn all_refused(&self, attacks: &[(&str, &str)]) {
        let before = self.upstream.sent_so_far().await;
        for (target, fields) in attacks {
            for method in ["GET", "POST", "DELETE"] {
                let answer = self.ask(method, target, fields).await;
                let name = format!("{method} {target} {fields:?}: {}", answer.text());
                assert!(
                    matches!(answer.status, 400 | 403 | 421),
                    "{} {name}",
                    answer.status
                );
            }
            let now = self.upstream.sent_so_far().await;
            assert_eq!(now, before, "{target} {fields:?} sent something upstream");
        }
    }

    /// Headers that would name someone else to the upstream are removed. The request is answered
    /// for `acme`.
    async fn strips_what_claims_another(&self, target: &str) {
        for fields in [
            "Support-Tenant: bolt\r\n",
            "support-tenant: acme\r\nSupport-Tenant: bolt\r\n",
            "Support_Tenant: bolt\r\n",
            "Support-Organization: yonder\r\n",
            "Support-Session: bolt\r\nSupport-Scopes: bolt\r\n",
            "X-Forwarded-Host: bolt.example\r\nForwarded: host=bolt.example\r\n",
            "X-Original-Url: /v1/tenants/bolt\r\nX-Rewrite-Url: /v1/tenants/bolt\r\n",
            "Cookie: tenant=bolt\r\nX-Api-Key: bolt\r\n",
        ] {
            self.passes(target, fields, "support-tenant: acme").await;
        }
    }

    /// The upstream never got anything that belongs to someone else.
    async fn never_saw(&self, foreign: &[&str]) {
        self.upstream.sent_so_far().await;
        let text = self.upstream.text().to_ascii_lowercase();
        for word in foreign {
            assert!(!text.contains(word), "{word} in {text}");
        }
        assert!(!text.contains(&self.token.to_ascii_lowercase()));
    }
}
