//! A tenant opened in a browser: how a browser gets in, and who may use the cookie, counted at the
//! upstream.

use std::fmt::Write;

use gateway::{
    browser::EntryLabel,
    clock::Clock,
    entropy::SeededEntropy,
    ports::KnownSession,
    token::{Token, TokenKind},
};

use crate::support::{FOR_EVER, Rig, Wanted, client::Answer};

const DOMAIN: &str = "support.test";
pub(crate) const NAVIGATION: &str =
    "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
pub(crate) const SAME_ORIGIN: &str =
    "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n";

/// A session of a rig with its own host.
pub(crate) struct Entry {
    pub(crate) rig: Rig,
    label: EntryLabel,
}

fn token(kind: TokenKind, seed: u64) -> Token {
    Token::generate(kind, &SeededEntropy::new(seed))
}

pub(crate) fn wanted() -> Wanted {
    Wanted {
        tables: format!("[browser]\ndomain = \"{DOMAIN}.localhost\"\n"),
        ..Wanted::default()
    }
}

impl Entry {
    pub(crate) async fn new() -> Self {
        Self::with(wanted()).await
    }

    pub(crate) async fn with(wanted: Wanted) -> Self {
        Self::of(Rig::with(wanted).await)
    }

    pub(crate) fn of(rig: Rig) -> Self {
        let label = EntryLabel::generate(&SeededEntropy::new(40));
        Self { rig, label }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.host())
    }

    pub(crate) fn host(&self) -> String {
        self.host_of(&self.label)
    }

    pub(crate) fn host_of(&self, label: &EntryLabel) -> String {
        format!("{label}.{DOMAIN}.localhost:{}", self.rig.address.port())
    }

    /// A cookie of the rig's session at its own host.
    pub(crate) fn cookie(&self) -> String {
        self.cookie_of(&self.rig.session, &self.label, 41)
    }

    pub(crate) fn cookie_of(
        &self,
        session: &KnownSession,
        label: &EntryLabel,
        seed: u64,
    ) -> String {
        let token = token(TokenKind::BrowserSession, seed);
        self.rig.store.keep_cookie(&token, session, label);
        format!("__Host-support-session={}", token.expose())
    }

    /// One request with these fields, to this session's host.
    pub(crate) async fn ask(&self, line: &str, fields: &str) -> Answer {
        self.ask_at(&self.host(), line, fields).await
    }

    pub(crate) async fn ask_at(&self, host: &str, line: &str, fields: &str) -> Answer {
        let request = format!("{line} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n");
        self.rig.raw(&request).await
    }

    /// Begins to open the tenant: the state's cookie, and where the console is asked.
    async fn open(&self) -> (String, String) {
        let answer = self.ask("GET /.support-console/open", NAVIGATION).await;
        assert_eq!(answer.status, 303, "{}", answer.head);
        let cookie = answer.header("set-cookie").unwrap();
        let state = cookie.split(';').next().unwrap().to_owned();
        (state, answer.header("location").unwrap().to_owned())
    }

    /// What the console does for the session's holder.
    fn grant(&self, state: &str, seed: u64) -> String {
        let (_, state) = state.split_once('=').unwrap();
        let state = Token::parse(state).unwrap();
        let code = token(TokenKind::EntryCode, seed);
        let hash = *state.hash().as_bytes();
        let (store, session) = (&self.rig.store, &self.rig.session);
        store.keep_code(&code, hash, session, &self.label);
        format!("/.support-console/enter?code={}", code.expose())
    }

    async fn enter(&self, path: &str, state: &str) -> Answer {
        let fields = format!("{NAVIGATION}Cookie: {state}\r\n");
        self.ask(&format!("GET {path}"), &fields).await
    }

    /// Nothing was forwarded, and no browser was let in.
    fn nothing_passed(&self) {
        assert_eq!(self.rig.upstream.requests(), 0);
        assert!(self.rig.store.begun().is_empty());
    }

    fn refusals(&self) -> Vec<&'static str> {
        let refused = self.rig.store.refused();
        refused.iter().map(|r| r.refusal.as_str()).collect()
    }
}

/// All values of a field, of which there can be several.
pub(crate) fn values<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let lines = answer.head.split("\r\n");
    let values = lines.filter_map(|line| line.split_once(": "));
    values
        .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect()
}

#[tokio::test]
async fn a_browser_comes_in_by_state_and_code_and_acts_with_its_cookie() {
    let entry = Entry::new().await;
    let (state, location) = entry.open().await;
    let hash = location.strip_prefix(&format!(
        "https://console.example.com/support/open/{}?state=",
        entry.label
    ));
    assert_eq!(hash.expect("the console is asked").len(), 43);
    assert!(!location.contains(state.split_once('=').unwrap().1));

    let path = entry.grant(&state, 1);
    let entered = entry.enter(&path, &state).await;
    assert_eq!(
        (entered.status, entered.header("location")),
        (303, Some("/"))
    );
    assert_eq!(entered.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(entered.header("cache-control"), Some("no-store"));
    let cookies = values(&entered, "set-cookie");
    let own = "; Path=/; Secure; HttpOnly; SameSite=Lax";
    assert!(cookies[0].starts_with("__Host-support-session=scbs_"));
    assert!(cookies[0].ends_with(own), "{}", cookies[0]);
    assert!(cookies[1].starts_with("__Host-support-entry=;"));
    let cookie = cookies[0].split(';').next().unwrap();

    let fields = format!("{SAME_ORIGIN}Cookie: theme=dark; {cookie}\r\n");
    let answer = entry.ask("GET /v1/tenants/acme/plain", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(entry.rig.upstream.requests(), 1);
    let seen = entry.rig.upstream.text().to_ascii_lowercase();
    assert!(!seen.contains("cookie"), "{seen}");
    assert!(!seen.contains("scbs_"), "{seen}");
    assert!(!seen.contains(entry.label.as_str()), "{seen}");
    let begun = entry.rig.store.begun();
    assert_eq!(begun.len(), 1);
    assert!(!begun[0].path.contains("code"), "{}", begun[0].path);
}

#[tokio::test]
async fn a_code_works_once_even_if_two_come_at_once() {
    let entry = Entry::new().await;
    let (state, _) = entry.open().await;
    let path = entry.grant(&state, 1);
    let both = tokio::join!(entry.enter(&path, &state), entry.enter(&path, &state));
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 403]);
    let again = entry.enter(&path, &state).await;
    assert_eq!(again.status, 403);
    assert!(again.text().contains("again"), "{}", again.text());
    assert_eq!(again.header("set-cookie"), None);
    entry.nothing_passed();
}

#[tokio::test]
async fn a_request_that_is_no_visit_takes_no_code() {
    let entry = Entry::new().await;
    let (state, _) = entry.open().await;
    let path = entry.grant(&state, 1);
    let with = |fields: &str| format!("{fields}Cookie: {state}\r\n");
    let ahead = |field: &str| format!("{}{field}\r\n", with(NAVIGATION));
    for (line, fields, status) in [
        ("HEAD", with(NAVIGATION), 403),
        (
            "POST",
            format!("{}Content-Length: 0\r\n", with(NAVIGATION)),
            403,
        ),
        ("GET", ahead("Sec-Purpose: prefetch"), 403),
        ("GET", ahead("Sec-Purpose: prefetch;prerender"), 403),
        ("GET", ahead("Purpose: prefetch"), 403),
        ("GET", ahead("X-Moz: prefetch"), 403),
        ("GET", with(""), 403),
        ("GET", with(SAME_ORIGIN), 403),
        ("GET", with(&NAVIGATION.replace("document", "iframe")), 403),
    ] {
        let request = format!("{line} {path}");
        let mut client = entry.rig.client().await;
        let head = format!(
            "{request} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n",
            entry.host()
        );
        client.send(head.as_bytes()).await;
        let answer = client.answer_to(line == "HEAD").await;
        assert_eq!(answer.status, status, "{line} {fields}");
        assert_eq!(answer.header("set-cookie"), None);
    }
    assert_eq!(entry.rig.store.codes_left(), 1);
    assert_eq!(entry.enter(&path, &state).await.status, 303);
}

#[tokio::test]
async fn a_code_is_for_the_browser_and_the_host_it_was_given_for() {
    let entry = Entry::new().await;
    let (state, _) = entry.open().await;
    let (other_state, _) = entry.open().await;
    assert_ne!(state, other_state);
    let path = entry.grant(&state, 1);
    let doubled = format!("{state}; {state}");
    for wrong in [
        other_state.as_str(),
        "a=b",
        doubled.as_str(),
        "__Host-support-entry=x",
    ] {
        assert_eq!(entry.enter(&path, wrong).await.status, 403, "{wrong}");
    }
    for wrong in [
        "/.support-console/enter",
        "/.support-console/enter?code=",
        "/.support-console/enter?code=scec_x",
        &path.replace("scec_", "sces_"),
        &format!("{path}&a=b"),
        &path.replace("?code=", "?Code="),
    ] {
        assert_eq!(entry.enter(wrong, &state).await.status, 403, "{wrong}");
    }
    let elsewhere = EntryLabel::generate(&SeededEntropy::new(77));
    let fields = format!("{NAVIGATION}Cookie: {state}\r\n");
    let host = entry.host_of(&elsewhere);
    let answer = entry.ask_at(&host, &format!("GET {path}"), &fields).await;
    assert_eq!(answer.status, 403);
    // The gateway's own host has no such way in.
    let own = entry.rig.address.to_string();
    for path in [path.as_str(), "/.support-console/open"] {
        let answer = entry.ask_at(&own, &format!("GET {path}"), &fields).await;
        assert_eq!(answer.status, 404);
    }
    assert_eq!(entry.rig.store.codes_left(), 1);
    assert_eq!(entry.enter(&path, &state).await.status, 303);
}

#[tokio::test]
async fn a_session_that_ended_on_the_way_is_not_entered() {
    let entry = Entry::new().await;
    let (state, _) = entry.open().await;
    let path = entry.grant(&state, 1);
    entry.rig.store.revoke(entry.rig.session.id);
    let answer = entry.enter(&path, &state).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (401, None));
    assert!(answer.text().contains("was revoked"), "{}", answer.text());
    let html = answer.header("content-type").unwrap();
    assert_eq!(html, "text/html; charset=utf-8");
}

#[tokio::test]
async fn a_lease_that_is_lost_while_the_store_hangs_uses_up_no_code() {
    let patient = "record_timeout_ms = 30000";
    let entry = Entry::with(Wanted {
        more: patient,
        ..wanted()
    })
    .await;
    let (lease, clock, store) = (&entry.rig.node.lease, &entry.rig.clock, &entry.rig.store);
    let (state, _) = entry.open().await;
    let path = entry.grant(&state, 1);
    lease.give_up();
    clock.advance(chrono::TimeDelta::seconds(1));
    lease.renew(clock.since_boot());
    store.hold_entries();
    let losing = async {
        store.entry_waits().await;
        clock.advance(chrono::TimeDelta::seconds(2));
    };
    let (refused, ()) = tokio::join!(entry.enter(&path, &state), losing);
    assert_eq!((refused.status, refused.header("set-cookie")), (503, None));
    store.release_entries();
    lease.renew(FOR_EVER);
    assert_eq!(store.codes_left(), 1);
    assert_eq!(entry.enter(&path, &state).await.status, 303);
}

#[tokio::test]
async fn two_credentials_in_one_request_are_refused_and_recorded() {
    let entry = Entry::new().await;
    let cookie = entry.cookie();
    let bearer = format!("Authorization: Bearer {}\r\n", entry.rig.token);
    let own = entry.rig.address.to_string();
    for (host, fields) in [
        (entry.host(), format!("{bearer}Cookie: {cookie}\r\n")),
        (entry.host(), format!("Cookie: {cookie}; {cookie}\r\n")),
        (
            entry.host(),
            format!("Cookie: {cookie}\r\nCookie: {cookie}\r\n"),
        ),
        (
            entry.host(),
            format!("Cookie: {cookie}; __Host-support-session=x\r\n"),
        ),
        (
            entry.host(),
            format!(
                "Authorization: Basic YTpi\r\nAuthorization: Basic YTpi\r\nCookie: {cookie}\r\n"
            ),
        ),
        (own, format!("{bearer}Cookie: {cookie}\r\n")),
    ] {
        let fields = format!("{SAME_ORIGIN}{fields}");
        let answer = entry
            .ask_at(&host, "GET /v1/tenants/acme/plain", &fields)
            .await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "malformed_request".into()),
            "{fields}"
        );
    }
    assert_eq!(entry.refusals(), ["malformed_request"; 6]);
    entry.nothing_passed();
}

#[tokio::test]
async fn a_credential_works_at_its_own_address_alone() {
    let entry = Entry::new().await;
    let cookie = entry.cookie();
    let (other, _) = entry.rig.another_session();
    let other_label = EntryLabel::generate(&SeededEntropy::new(50));
    let others = entry.cookie_of(&other, &other_label, 51);
    let own = entry.rig.address.to_string();
    let cookie_field = format!("Cookie: {cookie}\r\n");
    let bearer = format!("Authorization: Bearer {}\r\n", entry.rig.token);
    for (host, field) in [
        (entry.host(), &bearer),
        (own, &cookie_field),
        ("other.example".into(), &cookie_field),
        (entry.host_of(&other_label), &cookie_field),
        (entry.host(), &format!("Cookie: {others}\r\n")),
    ] {
        let fields = format!("{SAME_ORIGIN}{field}");
        let answer = entry
            .ask_at(&host, "GET /v1/tenants/acme/plain", &fields)
            .await;
        assert_eq!(
            (answer.status, answer.code()),
            (403, "wrong_entry".into()),
            "{host}"
        );
    }
    assert_eq!(entry.refusals(), ["wrong_entry"; 5]);
    // A host below the domain that is no session's is a stranger's.
    for host in ["a.support.test.localhost", "support.test.localhost"] {
        let host = format!("{host}:{}", entry.rig.address.port());
        let answer = entry
            .ask_at(&host, "GET /v1/tenants/acme/plain", &bearer)
            .await;
        assert_eq!(answer.status, 421, "{host}");
    }
    entry.nothing_passed();
}

#[tokio::test]
async fn a_sibling_host_can_not_use_the_cookie_that_comes_with_its_requests() {
    let entry = Entry::new().await;
    let cookie = entry.cookie();
    let sibling = EntryLabel::generate(&SeededEntropy::new(60));
    let sibling = format!("http://{}", entry.host_of(&sibling));
    let own = format!("http://{}", entry.host());
    let site = |site: &str, mode: &str, dest: &str| {
        format!("Sec-Fetch-Site: {site}\r\nSec-Fetch-Mode: {mode}\r\nSec-Fetch-Dest: {dest}\r\n")
    };
    for (line, fields) in [
        ("GET", site("same-site", "no-cors", "image")),
        ("GET", site("same-site", "no-cors", "script")),
        ("GET", site("same-site", "cors", "empty")),
        ("GET", site("same-site", "navigate", "iframe")),
        ("GET", site("cross-site", "no-cors", "image")),
        ("GET", site("none", "no-cors", "empty")),
        ("POST", site("same-site", "navigate", "document")),
        ("POST", site("cross-site", "navigate", "document")),
        ("POST", site("none", "navigate", "document")),
        ("OPTIONS", site("same-site", "cors", "empty")),
        (
            "POST",
            site("same-site", "cors", "empty") + &format!("Origin: {own}\r\n"),
        ),
        ("GET", String::new()),
        ("POST", String::new()),
        ("POST", format!("Origin: {sibling}\r\n")),
        ("POST", "Origin: null\r\n".to_owned()),
        ("GET", "Origin: null\r\n".to_owned()),
        ("POST", format!("Origin: {own}\r\nOrigin: {own}\r\n")),
        ("GET", format!("{SAME_ORIGIN}Sec-Fetch-Site: same-site\r\n")),
    ] {
        let fields = format!("{fields}Cookie: {cookie}\r\nContent-Length: 0\r\n");
        let line = format!("{line} /v1/tenants/acme/plain");
        let answer = entry.ask(&line, &fields).await;
        assert_eq!(answer.status, 403, "{line} {fields}");
    }
    assert_eq!(entry.refusals(), ["wrong_origin"; 18]);
    entry.nothing_passed();
    for (line, fields) in [
        ("GET", site("same-site", "navigate", "document")),
        ("GET", site("none", "navigate", "document")),
        ("POST", SAME_ORIGIN.to_owned()),
        ("POST", format!("Origin: {own}\r\n")),
    ] {
        let fields = format!("{fields}Cookie: {cookie}\r\nContent-Length: 0\r\n");
        let line = format!("{line} /v1/tenants/acme/plain");
        assert_eq!(
            entry.ask(&line, &fields).await.status,
            200,
            "{line} {fields}"
        );
    }
}

#[tokio::test]
async fn refused_origins_take_nothing_from_what_the_session_may_do() {
    let entry = Entry::new().await;
    entry
        .rig
        .store
        .bound(|limits| limits.requests_per_minute = Some(2));
    let cookie = entry.cookie();
    let fields = format!("Sec-Fetch-Site: same-site\r\nCookie: {cookie}\r\n");
    for _ in 0..20 {
        let answer = entry.ask("GET /v1/tenants/acme/plain", &fields).await;
        assert_eq!(answer.status, 403);
    }
    let fields = format!("{SAME_ORIGIN}Cookie: {cookie}\r\n");
    let answer = entry.ask("GET /v1/tenants/acme/plain", &fields).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn rules_and_the_end_of_the_session_hold_for_browsers_too() {
    let entry = Entry::new().await;
    let fields = format!("{SAME_ORIGIN}Cookie: {}\r\n", entry.cookie());
    let other_tenant = entry.ask("GET /v1/tenants/other/plain", &fields).await;
    assert_eq!(
        (other_tenant.status, other_tenant.code()),
        (403, "wrong_tenant".into())
    );
    let two_ways = entry.ask("GET /v1/tenants/acme/../other", &fields).await;
    assert_eq!(two_ways.status, 400);
    let mut client = entry.rig.client().await;
    let stream = format!(
        "GET /v1/tenants/acme/stream HTTP/1.1\r\nHost: {}\r\n{fields}\r\n",
        entry.host()
    );
    client.send(stream.as_bytes()).await;
    client.read_until("chunk 1;").await;
    let closed = entry.rig.gates.close(entry.rig.session.id).await;
    entry.rig.store.revoke(entry.rig.session.id);
    closed.commit(gateway::ports::Ended::Revoked);
    let rest = client.rest().await;
    assert!(!rest.contains("0\r\n\r\n"), "it looks complete: {rest}");
    let after = entry.ask("GET /v1/tenants/acme/plain", &fields).await;
    assert_eq!(
        (after.status, after.code()),
        (401, "session_revoked".into())
    );
    let person = fields.replace(SAME_ORIGIN, NAVIGATION);
    let page = entry.ask("GET /v1/tenants/acme/plain", &person).await;
    assert_eq!(page.status, 401);
    assert!(page.text().contains("<h1>"), "{}", page.text());
    assert!(
        page.text()
            .contains("https://console.example.com/support/sessions")
    );
    assert_eq!(entry.rig.upstream.requests(), 1);
}

#[tokio::test]
async fn without_a_cookie_nobody_is_let_in() {
    let entry = Entry::new().await;
    let json = entry.ask("GET /v1/tenants/acme/plain", SAME_ORIGIN).await;
    assert_eq!((json.status, json.code()), (401, "not_open".into()));
    for cookie in [
        "__Host-support-session=",
        "__Host-support-session=x",
        &format!("__Host-support-session={}", entry.rig.token),
        &format!(
            "__Host-support-session={}",
            token(TokenKind::BrowserSession, 99).expose()
        ),
    ] {
        let fields = format!("{NAVIGATION}Cookie: {cookie}\r\n");
        let answer = entry.ask("GET /v1/tenants/acme/plain", &fields).await;
        assert_eq!(answer.status, 401, "{cookie}");
        assert!(answer.text().contains("Enter tenant"), "{}", answer.text());
    }
    entry.nothing_passed();
}

#[tokio::test]
async fn a_tenant_bound_by_host_still_gets_its_own_host_name() {
    let entry = Entry::with(Wanted {
        binding: "host",
        more: "tenant_host = \"{tenant_id}.api.internal\"",
        ..wanted()
    })
    .await;
    let fields = format!("{SAME_ORIGIN}Cookie: {}\r\n", entry.cookie());
    let answer = entry.ask("GET /plain", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let host = entry.rig.upstream.text().to_ascii_lowercase();
    assert!(host.contains("\r\nhost: acme.api.internal\r\n"), "{host}");
}

#[tokio::test]
async fn a_gateway_that_opens_nothing_in_browsers_knows_no_cookie() {
    let entry = Entry::with(Wanted::default()).await;
    let mut fields = String::new();
    let _ = write!(fields, "{SAME_ORIGIN}Cookie: {}\r\n", entry.cookie());
    let answer = entry.ask("GET /v1/tenants/acme/plain", &fields).await;
    assert_eq!(
        (answer.status, answer.code()),
        (401, "unauthenticated".into())
    );
    let answer = entry.ask("GET /.support-console/open", NAVIGATION).await;
    assert_eq!(answer.status, 404);
    entry.nothing_passed();
}
