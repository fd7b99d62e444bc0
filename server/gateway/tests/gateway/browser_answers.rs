//! What a browser gets from the platform's answers, and the platform from a browser's requests.

use app::domain::access_log::Refusal;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{
    browser::{Entry, NAVIGATION, SAME_ORIGIN, values, wanted},
    support::{Wanted, client::Answer, pages::PAGE, upstream::Upstream},
};

const TENANT: &str = "/v1/tenants/acme";
/// The injected element has the id of the page's request.
const BANNER: &str = "<script data-page=\"";

/// A request with the session's cookie from a page of its own host.
async fn ask(entry: &Entry, last: &str, more: &str) -> Answer {
    let cookie = entry.cookie();
    let fields = format!("{SAME_ORIGIN}Cookie: {cookie}; planted=1\r\n{more}");
    entry.ask(&format!("GET {TENANT}/{last}"), &fields).await
}

/// The `Cookie` fields that the upstream got, one after the other.
fn cookies(upstream: &Upstream) -> Vec<String> {
    let text = upstream.text();
    let fields = text.split("\r\n").filter_map(|line| line.split_once(": "));
    fields
        .filter(|(name, _)| name.eq_ignore_ascii_case("cookie"))
        .map(|(_, value)| value.to_owned())
        .collect()
}

#[tokio::test]
async fn the_platforms_cookies_stay_on_our_side_and_go_back_to_it_alone() {
    let entry = Entry::new().await;
    let login = ask(&entry, "login", "").await;
    assert_eq!(login.status, 200);
    assert_eq!(values(&login, "set-cookie"), [""; 0]);
    assert!(!login.head.contains("platform-secret"), "{}", login.head);
    assert!(cookies(&entry.rig.upstream).is_empty(), "none was set");
    ask(&entry, "x", "").await;
    let expected = "sid=platform-secret; strict=1";
    assert_eq!(cookies(&entry.rig.upstream), [expected]);
    let recorded = format!("{:?}{:?}", entry.rig.store.begun(), entry.rig.gates);
    assert!(!recorded.contains("platform-secret"));
}

#[tokio::test]
async fn another_session_of_the_same_tenant_does_not_have_them() {
    let entry = Entry::new().await;
    ask(&entry, "login", "").await;
    let (session, token) = entry.rig.another_session();
    let other = gateway::browser::EntryLabel::generate(&gateway::entropy::SeededEntropy::new(77));
    let cookie = entry.cookie_of(&session, &other, 78);
    let fields = format!("{SAME_ORIGIN}Cookie: {cookie}\r\n");
    let host = entry.host_of(&other);
    let line = format!("GET {TENANT}/x");
    assert_eq!(entry.ask_at(&host, &line, &fields).await.status, 200);
    // Nor has a program that uses the very same session by its token.
    let by_token = format!(
        "{line} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n",
        entry.rig.address
    );
    assert_eq!(entry.rig.raw(&by_token).await.status, 200);
    assert_eq!(entry.rig.ask(&line).await.status, 200);
    assert!(cookies(&entry.rig.upstream).is_empty());
}

#[tokio::test]
async fn upstreams_do_not_see_each_others_cookies() {
    let billing = Upstream::start().await;
    let api = Upstream::start().await;
    let tables = format!(
        "[[upstreams]]\nname = \"billing\"\nurl = \"http://{}\"\npath_prefix = \"{TENANT}/billing\"\n\
         [[upstreams]]\nname = \"api\"\nurl = \"http://{}\"\n{}",
        billing.address,
        api.address,
        wanted().tables
    );
    let entry = Entry::with(Wanted {
        upstream: Some(String::new()),
        tables,
        ..wanted()
    })
    .await;
    ask(&entry, "billing/login", "").await;
    ask(&entry, "x", "").await;
    ask(&entry, "billing/x", "").await;
    assert!(cookies(&api).is_empty());
    assert_eq!(cookies(&billing), ["sid=platform-secret; strict=1"]);
}

#[tokio::test]
async fn a_cookie_of_the_platform_with_our_name_is_the_platforms_alone() {
    let entry = Entry::new().await;
    let answer = ask(&entry, "like-ours", "").await;
    assert_eq!(values(&answer, "set-cookie"), [""; 0]);
    let mirror = ask(&entry, "mirror", "").await.text();
    assert!(
        mirror.contains("cookie: __host-support-session=theirs; __host-support-entry=theirs\r\n"),
        "{mirror}"
    );
    assert_eq!(ask(&entry, "x", "").await.status, 200, "ours still holds");
}

#[tokio::test]
async fn an_upstream_that_echoes_has_nothing_of_ours_to_echo() {
    let entry = Entry::new().await;
    let cookie = entry.cookie();
    let fields = format!(
        "{SAME_ORIGIN}Cookie: a=b; {cookie}\r\nCookie: c=d\r\nOrigin: {}\r\nX_Cookie: {cookie}\r\n\
         Cookie2: x\r\nReferer: http://{}/x\r\n",
        entry.origin(),
        entry.host()
    );
    let mirror = entry.ask(&format!("GET {TENANT}/mirror"), &fields).await;
    assert_eq!(mirror.status, 200);
    let text = mirror.text();
    for ours in ["scbs_", "cookie", "sec-fetch", &entry.host()] {
        assert!(!text.contains(ours), "{ours}: {text}");
    }
    let upstream = entry.rig.upstream.address;
    for own in [
        format!("origin: http://{upstream}\r\n"),
        format!("referer: http://{upstream}/x\r\n"),
    ] {
        assert!(text.contains(&own), "in its own terms: {text}");
    }
    assert!(!entry.rig.upstream.text().contains("scbs_"));
}

#[tokio::test]
async fn many_and_huge_cookies_fill_nothing() {
    let entry = Entry::new().await;
    for _ in 0..3 {
        assert_eq!(ask(&entry, "many-cookies", "").await.status, 200);
    }
    ask(&entry, "x", "").await;
    let sent = cookies(&entry.rig.upstream).pop().unwrap();
    assert!(sent.len() < 20 * 1024, "{}", sent.len());
    assert!(!sent.contains("huge=") && sent.contains("c149="));
}

#[tokio::test]
async fn a_strict_cookie_stays_behind_where_another_site_leads_there() {
    let entry = Entry::new().await;
    ask(&entry, "login", "").await;
    let fields = format!("{NAVIGATION}Cookie: {}\r\n", entry.cookie());
    let line = format!("GET {TENANT}/x");
    assert_eq!(entry.ask(&line, &fields).await.status, 200);
    assert_eq!(cookies(&entry.rig.upstream), ["sid=platform-secret"]);
}

#[tokio::test]
async fn no_grant_and_no_trace_of_the_platform_reaches_the_browser() {
    let entry = Entry::new().await;
    let answer = ask(&entry, "hostile", "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(values(&answer, "cache-control"), ["no-store"]);
    let policy = "cross-origin-resource-policy";
    assert_eq!(values(&answer, policy), ["same-origin"]);
    for gone in [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "timing-allow-origin",
        "alt-svc",
        "clear-site-data",
        "service-worker-allowed",
        "strict-transport-security",
        "nel",
        "report-to",
        "www-authenticate",
        "set-cookie",
    ] {
        assert_eq!(answer.header(gone), None, "{gone}");
    }
    let program = entry.rig.ask(&format!("GET {TENANT}/hostile")).await;
    let kept = program.header("cache-control");
    assert_eq!(kept, Some("public, max-age=31536000"), "for programs");
}

#[tokio::test]
async fn service_workers_and_preflights_are_refused_before_the_upstream() {
    let entry = Entry::new().await;
    for (line, fields) in [
        ("GET", "Service-Worker: script\r\n"),
        ("GET", "Sec-Fetch-Dest: serviceworker\r\n"),
        ("OPTIONS", "Access-Control-Request-Method: PUT\r\n"),
    ] {
        let fields = format!(
            "Sec-Fetch-Site: same-origin\r\nCookie: {}\r\n{fields}",
            entry.cookie()
        );
        let answer = entry.ask(&format!("{line} {TENANT}/sw.js"), &fields).await;
        assert_eq!(answer.status, 403, "{fields}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    // Our own script doesn't count either.
    let fields = format!(
        "{SAME_ORIGIN}Service-Worker: script\r\nCookie: {}\r\n",
        entry.cookie()
    );
    let own = entry.ask("GET /.support-console/banner.js", &fields).await;
    assert_eq!(own.status, 403);
    // A preflight as browsers send it, from another origin and without a cookie.
    let fields = "Sec-Fetch-Site: cross-site\r\nOrigin: https://evil.example\r\n\
                  Access-Control-Request-Method: PUT\r\n";
    let answer = entry.ask(&format!("OPTIONS {TENANT}/x"), fields).await;
    assert_eq!(answer.status, 401);
    assert_eq!(entry.rig.upstream.requests(), 0);
    let refused = entry.rig.store.refused();
    assert_eq!(refused.len(), 3);
    assert!(refused.iter().all(|r| r.refusal == Refusal::OutOfScope));
}

#[tokio::test]
async fn the_upstreams_own_address_becomes_the_sessions() {
    let entry = Entry::new().await;
    let answer = ask(&entry, "own-address", "").await;
    let own = entry.origin();
    let location = format!("{own}/v1/tenants/acme/next?a=b");
    assert_eq!(answer.header("location"), Some(location.as_str()));
    let link = format!("<{own}/a.css>; rel=preload");
    assert_eq!(answer.header("link"), Some(link.as_str()));
    let program = entry.rig.ask(&format!("GET {TENANT}/own-address")).await;
    let kept = program.header("location").unwrap();
    assert!(kept.starts_with(&format!("http://{}/", entry.rig.upstream.address)));
}

fn with_banner() -> Wanted {
    Wanted {
        tables: format!("{}inject_banner = true\n", wanted().tables),
        ..wanted()
    }
}

/// A tab that goes to a page.
async fn visit(entry: &Entry, method: &str, last: &str, dest: &str) -> Answer {
    let fields = format!(
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: {dest}\r\n\
         Accept-Encoding: gzip, br\r\nRange: bytes=0-9\r\nCookie: {}\r\n",
        entry.cookie()
    );
    let request = format!(
        "{method} {TENANT}/{last} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n",
        entry.host()
    );
    let mut client = entry.rig.client().await;
    client.send(request.as_bytes()).await;
    client.answer_to(method == "HEAD").await
}

/// The text of the banner's script in a page, and the page without it.
fn injected(page: &Answer) -> (String, String) {
    let text = page.text();
    let (before, rest) = text.split_once(BANNER).expect("a banner");
    let (id, rest) = rest.split_once("\">").unwrap();
    assert_eq!(page.header("x-request-id"), Some(id));
    let (script, rest) = rest.split_once("</script>").unwrap();
    (script.to_owned(), format!("{before}{rest}"))
}

#[tokio::test]
async fn each_policy_of_a_page_permits_the_banner_by_its_hash() {
    let entry = Entry::with(with_banner()).await;
    let page = visit(&entry, "GET", "page-strict", "document").await;
    let (script, _) = injected(&page);
    let hash = STANDARD.encode(Sha256::digest(script.as_bytes()));
    let policies = values(&page, "content-security-policy");
    assert_eq!(policies.len(), 3, "ours is the last: {policies:?}");
    for policy in &policies[..2] {
        assert_eq!(
            policy.matches(&format!("'sha256-{hash}'")).count(),
            1,
            "{policy}"
        );
    }
    let own = entry.origin();
    let address = |path: &str| format!("{own}/.support-console/{path}");
    let connect = format!("connect-src {} {}", address("session"), address("end"));
    assert!(policies[1].contains(&connect), "{policies:?}");
    // HTML without a script could end the session otherwise.
    assert!(policies[1].contains("form-action 'none'"), "{policies:?}");
    assert_eq!(page.header("content-security-policy-report-only"), None);
    // The page's scripts and frames get nothing of it.
    let script = visit(&entry, "GET", "page-strict", "iframe").await;
    for policy in &values(&script, "content-security-policy")[..2] {
        assert!(!policy.contains("sha256"), "{policy}");
    }
}

#[tokio::test]
async fn what_pages_and_workers_send_stays_at_their_host_unless_it_is_named() {
    let named = Wanted {
        more: "upstream_connect_origins = [\"https://pay.example\"]",
        ..wanted()
    };
    for (entry, named) in [
        (Entry::new().await, false),
        (Entry::with(named).await, true),
    ] {
        let answer = ask(&entry, "x", "").await;
        let policies = values(&answer, "content-security-policy");
        let policy = policies.last().expect("one of ours");
        let host = entry.host();
        let own = format!("connect-src 'self' ws://{host} blob: data:");
        assert!(policy.starts_with(&own), "{policy}");
        assert!(policy.contains("; form-action 'self'"), "{policy}");
        let count = policy
            .matches(" https://pay.example wss://pay.example")
            .count();
        assert_eq!(count, if named { 2 } else { 0 }, "{policy}");
    }
    let entry = Entry::new().await;
    let program = entry.rig.ask(&format!("GET {TENANT}/x")).await;
    assert_eq!(program.header("content-security-policy"), None);
}

#[tokio::test]
async fn a_page_that_a_tab_goes_to_gets_the_banner_where_that_is_configured() {
    let entry = Entry::with(with_banner()).await;
    let page = visit(&entry, "GET", "page", "document").await;
    let (script, rest) = injected(&page);
    assert_eq!(rest, PAGE);
    let fields = format!("{SAME_ORIGIN}Cookie: {}\r\n", entry.cookie());
    let file = entry.ask("GET /.support-console/banner.js", &fields).await;
    assert_eq!(script, file.text(), "as pages that include it get it");
    assert!(page.complete);
    assert_eq!(page.header("content-length"), None);
    assert_eq!(page.header("etag"), None, "of other bytes");
    let sent = entry.rig.upstream.text().to_ascii_lowercase();
    assert!(sent.contains("accept-encoding: identity\r\n"), "{sent}");
    assert!(!sent.contains("range:"), "{sent}");
    let completed = &entry.rig.store.completed(1).await[0];
    let length = u64::try_from(PAGE.len()).unwrap();
    assert_eq!(completed.response_bytes, length, "the upstream's");
}

#[tokio::test]
async fn a_banner_is_told_the_names_of_its_pages_upstream_alone() {
    let other = Upstream::start().await;
    let tables = format!(
        "[[upstreams]]\nname = \"api\"\nurl = \"http://{}\"\npublic_urls = [\"https://app.example\"]\n\
         [[upstreams]]\nname = \"auth\"\nurl = \"http://127.0.0.1:9\"\npath_prefix = \"/sso\"\n\
         public_urls = [\"https://auth.example\"]\n{}",
        other.address,
        with_banner().tables
    );
    let entry = Entry::with(Wanted {
        upstream: Some(String::new()),
        tables,
        ..wanted()
    })
    .await;
    let page = visit(&entry, "GET", "page", "document").await;
    let id = page.header("x-request-id").unwrap().to_owned();
    let session = async |query: &str| {
        let fields = format!("{SAME_ORIGIN}Cookie: {}\r\n", entry.cookie());
        let line = format!("GET /.support-console/session{query}");
        let answer = entry.ask(&line, &fields).await;
        serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap()
    };
    let said = session(&format!("?page={id}")).await;
    let expected = serde_json::json!(["https://app.example", "http://app.example"]);
    // Only its own address.
    let origins = said["upstream_origins"].as_array().unwrap();
    assert!(
        origins
            .iter()
            .all(|o| expected.as_array().unwrap().contains(o)),
        "{said}"
    );
    assert!(!origins.is_empty());
    assert_eq!(
        session("?page=").await["upstream_origins"],
        serde_json::json!([])
    );
}

#[tokio::test]
async fn a_page_without_a_banner_is_known() {
    let entry = Entry::with(with_banner()).await;
    let mut requests = Vec::new();
    for (last, dest) in [
        ("page-gzip", "document"),
        ("page-gzip", "iframe"),
        ("teapot", "document"),
        ("page", "document"),
    ] {
        let page = visit(&entry, "GET", last, dest).await;
        requests.push(page.header("x-request-id").unwrap().to_owned());
    }
    let session = async || {
        let fields = format!("{SAME_ORIGIN}Cookie: {}\r\n", entry.cookie());
        let answer = entry.ask("GET /.support-console/session", &fields).await;
        let said: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        said["without_banner"].clone()
    };
    let expected = serde_json::json!({ "count": 1, "paths": [format!("{TENANT}/page-gzip")] });
    assert_eq!(session().await, expected);
    let recorded = async |count| {
        let pages = entry.rig.store.without_banner(count).await;
        let ids = pages.iter().map(|page| page.request_id.to_string());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(recorded(1).await, [requests[0].as_str()]);
    // The banner of the last page has not called home.
    entry.rig.clock.advance(chrono::TimeDelta::minutes(1));
    assert_eq!(recorded(2).await, [&*requests[0], &*requests[3]]);
    let paths = [format!("{TENANT}/page-gzip"), format!("{TENANT}/page")];
    assert_eq!(
        session().await,
        serde_json::json!({ "count": 2, "paths": paths })
    );
}

#[tokio::test]
async fn everything_else_passes_as_it_is() {
    let entry = Entry::with(with_banner()).await;
    for (method, last, dest) in [
        ("GET", "page", "iframe"),
        ("GET", "page", "empty"),
        ("GET", "page-gzip", "document"),
        ("GET", "page-part", "document"),
    ] {
        let page = visit(&entry, method, last, dest).await;
        assert_eq!(page.text(), PAGE, "{method} {last} {dest}");
        let length = PAGE.len().to_string();
        assert_eq!(page.header("content-length"), Some(length.as_str()));
    }
    let head = visit(&entry, "HEAD", "headed", "document").await;
    assert_eq!(head.header("content-length"), Some("4711"));
    assert_eq!(
        visit(&entry, "GET", "unchanged", "document").await.status,
        304
    );
    let text = visit(&entry, "GET", "teapot", "document").await;
    assert_eq!(text.text(), "tea");

    let without = Entry::new().await;
    let page = visit(&without, "GET", "page", "document").await;
    assert_eq!(page.text(), PAGE);
    let sent = without.rig.upstream.text();
    assert!(sent.contains("gzip, br"), "{sent}");
}

#[tokio::test]
async fn a_page_that_breaks_off_never_looks_complete() {
    let entry = Entry::with(with_banner()).await;
    let page = visit(&entry, "GET", "broken", "document").await;
    assert!(!page.complete);
}
