//! `gateway probe` against upstreams that keep tenants apart and others that do not.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, extract::Request, http::StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::support::prelude::*;

const PATH: &str = r#"
    tenant_binding = "path"
    routes = ["/v1/tenants/{tenant_id}"]
    [gateway.selectors]
    query = ["tenant"]
    [gateway.probe]
    staff = "jo@example.com"
    path = "/v1/tenants/{tenant_id}/profile"
    [[gateway.probe.tenants]]
    id = "acme"
    canary = "Heron 7f3a"
    [[gateway.probe.tenants]]
    id = "bolt"
    canary = "Kestrel 91cc"
"#;
const IDENTITY: &str = r#"
    tenant_binding = "identity"
    [gateway.selectors]
    headers = ["x-tenant"]
"#;
const BY_RECORD: [&str; 8] = [
    "--tenant",
    "acme=Heron 7f3a",
    "--tenant",
    "bolt=Kestrel 91cc",
    "--path",
    "/v1/records/acme-1",
    "--path",
    "/v1/records/bolt-1",
];

/// How an upstream decides which tenant it serves.
#[derive(Debug, Clone, Copy)]
enum Obeys {
    /// The tenant in its path.
    Path,
    /// Our header, for each record.
    Identity,
    /// Nothing: everyone is acme.
    Nobody,
    /// Anyone who knows a record's ID.
    Identifier,
    /// A field that looks like ours, before ours.
    LookAlike,
}

struct Upstream {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Upstream {
    async fn obeying(obeys: Obeys) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let router = Router::new().fallback(move |request: Request| {
            counted.fetch_add(1, Ordering::SeqCst);
            async move { serve(obeys, &request) }
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, requests }
    }
}

fn serve(obeys: Obeys, request: &Request) -> (StatusCode, String) {
    let field = |name: &str| {
        let value = request.headers().get(name)?;
        value.to_str().ok()
    };
    let named = |tenant: &str| request.uri().path().contains(tenant);
    let of_path = if named("bolt") { "bolt" } else { "acme" };
    let by_header = field("support-tenant").unwrap_or_default();
    let tenant = match obeys {
        Obeys::Path | Obeys::Identifier => of_path,
        Obeys::Nobody => "acme",
        Obeys::LookAlike => field("support_tenant").unwrap_or(by_header),
        Obeys::Identity if by_header == of_path => of_path,
        Obeys::Identity => return (StatusCode::NOT_FOUND, "no such record".to_owned()),
    };
    let canary = match tenant {
        "acme" => "Heron 7f3a",
        "bolt" => "Kestrel 91cc",
        _ => "nobody",
    };
    (StatusCode::OK, format!("{{\"name\": \"{canary}\"}}"))
}

/// A program with both tenants before an upstream.
async fn program(upstream: SocketAddr, rules: &str) -> (Program, Platform) {
    let program = Program::start(upstream, rules).await;
    let platform = Platform::of(&program).await;
    for tenant in ["acme", "bolt"] {
        platform.register(tenant).await;
    }
    Staff::of(&program, "jo").await;
    (program, platform)
}

async fn probe(program: &Program, more: &[&str]) -> (i32, String) {
    let words = [&["gateway", "probe"], more].concat();
    program.try_run(&words).await
}

/// The lines that say what is wrong.
fn faults(said: &str) -> Vec<&str> {
    said.lines()
        .filter(|line| line.starts_with("FAIL"))
        .collect()
}

#[tokio::test]
async fn an_upstream_that_keeps_tenants_apart_passes_and_everything_is_on_record() {
    let upstream = Upstream::obeying(Obeys::Path).await;
    let (program, platform) = program(upstream.address, PATH).await;
    let (code, said) = probe(&program, &[]).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains(
            "ok    acme requests bolt's /v1/tenants/bolt/profile: refused by the gateway"
        ),
        "{said}"
    );

    let (code, said) = probe(&program, &["--json"]).await;
    assert_eq!(code, 0, "{said}");
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(report["passed"], true);
    let checks = report["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 8, "{said}");
    // Each tenant's own path twice, in two probes. Refused requests never arrived.
    assert_eq!(upstream.requests.load(Ordering::SeqCst), 8);
    for session in report["support_sessions"].as_array().unwrap() {
        let id = session["support_session_id"].as_str().unwrap();
        let session = platform.get(&format!("/support-sessions/{id}")).await;
        assert!(session["revocation"].is_object(), "{session}");
        let log = platform
            .get(&format!("/support-sessions/{id}/access-log"))
            .await;
        let mut recorded: Vec<_> = log["items"].as_array().unwrap().iter().collect();
        recorded.reverse();
        let own = session["tenant_id"].as_str().unwrap();
        let asked = checks.iter().filter(|check| check["tenant_id"] == own);
        let asked: Vec<_> = asked.map(|check| &check["request_id"]).collect();
        let recorded: Vec<_> = recorded.iter().map(|entry| &entry["request_id"]).collect();
        assert_eq!(asked, recorded, "everything is recorded, and nothing else");
        let audit = platform
            .get(&format!(
                "/audit?tenant={own}&action=support_session.created"
            ))
            .await;
        let created = &audit["items"][0];
        assert_eq!(created["actor"]["type"], "cli", "{created}");
        assert_eq!(created["metadata"]["staff_name"], "jo", "{created}");
    }
}

#[tokio::test]
async fn an_upstream_that_ignores_the_tenant_is_found_out() {
    let upstream = Upstream::obeying(Obeys::Nobody).await;
    let (program, platform) = program(upstream.address, PATH).await;
    let (code, said) = probe(&program, &[]).await;
    assert_eq!(code, 1, "{said}");
    let faults = faults(&said);
    assert_eq!(faults.len(), 2, "{said}");
    for fault in faults {
        assert!(
            fault.starts_with("FAIL  bolt ") && fault.contains("LEAK"),
            "{fault}"
        );
    }
    assert!(
        said.contains("Both support sessions were revoked."),
        "{said}"
    );
    let sessions = platform.get("/support-sessions").await;
    for session in sessions["items"].as_array().unwrap() {
        assert!(session["revocation"].is_object(), "{session}");
    }
}

#[tokio::test]
async fn where_identifiers_decide_it_is_the_upstream_that_must_refuse() {
    for (obeys, leaks) in [
        (Obeys::Identity, 0),
        (Obeys::Identifier, 2),
        // The gateway drops the look-alike; then its own name is obeyed.
        (Obeys::LookAlike, 0),
    ] {
        let upstream = Upstream::obeying(obeys).await;
        let (program, _) = program(upstream.address, IDENTITY).await;
        let words = [&["--staff", "jo@example.com"][..], &BY_RECORD].concat();
        let (code, said) = probe(&program, &words).await;
        let faults = faults(&said);
        assert_eq!(
            (code, faults.len()),
            (i32::from(leaks > 0), leaks),
            "{obeys:?}\n{said}"
        );
        for fault in faults {
            assert!(
                fault.contains("LEAK") && fault.contains("Support-Identity"),
                "{fault}"
            );
        }
        let refused = "ok    acme names bolt in the header x-tenant: refused by the gateway";
        assert!(said.contains(refused), "{said}");
    }
}

#[tokio::test]
async fn what_keeps_a_probe_from_being_made_is_said_with_what_to_change() {
    let upstream = Upstream::obeying(Obeys::Path).await;
    let (mut program, _) = program(upstream.address, PATH).await;
    let stranger = format!("http://{}", upstream.address);
    let nowhere = format!("http://{}", free_address());
    for (words, code, part) in [
        (
            &["--staff", "nobody@example.com"][..],
            1,
            "Staff member not found",
        ),
        (
            &["--scopes", "gone"],
            2,
            "unknown scope gone: use one of read_only",
        ),
        (
            &["--tenant", "acme=Heron 7f3a"],
            2,
            "two tenants are needed",
        ),
        (
            &["--tenant", "acme", "--tenant", "gull"],
            2,
            "gull needs a canary",
        ),
        (
            &[
                "--tenant",
                "acme",
                "--tenant",
                "gull=Kestrel 91cc",
                "--path",
                "/v1/tenants/{tenant_id}",
            ],
            1,
            "can't create a support session in gull",
        ),
        (
            &["--path", "/elsewhere"],
            2,
            "the rules refuse GET /elsewhere",
        ),
        (&["--at", &nowhere], 1, "start `support-console serve`"),
        (&["--at", &stranger], 1, "is not this gateway"),
        (&["--at", "127.0.0.1:3100"], 2, "write http:// or https://"),
        (
            &["--at", "http://10.0.0.5:3100"],
            2,
            "would cross the network in clear text",
        ),
        (
            &["--at", &format!("https://{}", program.gateway)],
            1,
            "no TLS connection",
        ),
        (
            &["--at", "https://127.0.0.1:1", "--ca", "/nowhere.pem"],
            2,
            "/nowhere.pem can't be read",
        ),
    ] {
        let (ended, said) = probe(&program, words).await;
        assert_eq!(ended, code, "{words:?}: {said}");
        assert!(said.contains(part), "{words:?}: {said}");
    }
    assert_eq!(
        upstream.requests.load(Ordering::SeqCst),
        1,
        "but for the stranger's"
    );

    program
        .run(&["staff", "deactivate", "jo@example.com"], "")
        .await;
    let (code, said) = probe(&program, &[]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("can't hold a support session"), "{said}");
    program
        .run(&["staff", "reactivate", "jo@example.com"], "")
        .await;

    // The file has been changed, and the server has not been started with it yet.
    program.configure(
        upstream.address,
        &PATH.replace("[\"tenant\"]", "[\"tenant_id\"]"),
    );
    let (code, said) = probe(&program, &[]).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("has other rules than this configuration"),
        "{said}"
    );
    program.configure(upstream.address, PATH);
    program.stop().await;
    let (code, said) = probe(&program, &[]).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("no server is running on this data store"),
        "{said}"
    );
}
