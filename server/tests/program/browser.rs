//! A tenant opened in a browser, from the console through the gateway to the platform's page.

use crate::support::prelude::*;

const RULES: &str = r#"
    tenant_binding = "path"
    routes = ["/v1/tenants/{tenant_id}"]
    [gateway.browser]
    domain = "localhost"
"#;
const NAVIGATION: &str =
    "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
const SAME_ORIGIN: &str =
    "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n";

/// A browser's tab at one host, at one node.
struct Tab<'p> {
    node: &'p Program,
    host: String,
    session: String,
    /// What it sends as `Cookie`.
    cookie: String,
}

impl<'p> Tab<'p> {
    /// The session's address at a node: each listens on its own port.
    fn of(node: &'p Program, session: &Granted) -> Self {
        let url = session.open_url.as_deref().expect("it opens in browsers");
        let host = url.strip_prefix("http://").unwrap();
        let name = host.split(':').next().unwrap();
        Self {
            node,
            host: format!("{name}:{}", node.gateway.port()),
            session: session.id.clone(),
            cookie: String::new(),
        }
    }

    fn head(&self, path: &str, fields: &str) -> String {
        let (host, cookie) = (&self.host, &self.cookie);
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{fields}Cookie: {cookie}\r\n\r\n")
    }

    async fn get(&self, path: &str, fields: &str) -> Answer {
        self.sent(&self.head(path, fields)).await
    }

    async fn post(&self, path: &str, fields: &str) -> Answer {
        let fields = format!("Content-Length: 0\r\n{fields}");
        let head = self.head(path, &fields).replacen("GET", "POST", 1);
        self.sent(&head).await
    }

    async fn sent(&self, request: &str) -> Answer {
        let mut client = Client::connect(self.node.gateway).await;
        client.send(request.as_bytes()).await;
        client.answer().await
    }

    /// Begins to open the tenant; the console's path that it is sent to.
    async fn open(&mut self) -> String {
        let answer = self.get("/.support-console/open", NAVIGATION).await;
        self.keep_cookie(&answer);
        let location = answer.header("location").unwrap();
        let path = location.strip_prefix(&self.node.public_url());
        path.expect("the console is asked").to_owned()
    }

    fn keep_cookie(&mut self, answer: &Answer) {
        let cookie = answer.header("set-cookie").unwrap();
        let cookie = cookie.split(';').next().unwrap();
        cookie.clone_into(&mut self.cookie);
    }

    /// The path that the console sends this person's tab back to.
    async fn sent_back(&self, staff: &Staff, console_path: &str) -> String {
        let (begins, returning) = staff.enter(&self.session).await;
        assert!(begins.ends_with("/.support-console/open"), "{begins}");
        let answer = returning.navigate(console_path).await;
        assert_eq!(answer.status(), 303);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
        let location = header("location");
        let path = location.strip_prefix("http://").unwrap();
        let at = path.find('/').unwrap();
        let (name, _) = path[..at].split_once(':').unwrap();
        assert!(self.host.starts_with(name), "{location}");
        path[at..].to_owned()
    }

    /// Opens the tenant as a browser does.
    async fn entered(node: &'p Program, staff: &Staff, session: &Granted) -> Self {
        let mut tab = Self::of(node, session);
        let console_path = tab.open().await;
        let path = tab.sent_back(staff, &console_path).await;
        let answer = tab.get(&path, NAVIGATION).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
        tab.keep_cookie(&answer);
        tab
    }

    async fn streaming(&self) -> Client {
        let head = self.head("/v1/tenants/acme/stream", SAME_ORIGIN);
        streaming(self.node.gateway, &head).await
    }
}

#[tokio::test]
async fn a_tenant_is_opened_used_and_revoked_and_no_secret_is_left_anywhere() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    let (platform, staff) = acme_and_jo(&program).await;
    let session = staff.create_session("acme", None).await;
    let page = staff
        .page(&format!("/support/sessions/{}", session.id))
        .await;
    assert!(page.contains(&format!("href=\"/support/enter/{}\"", session.id)));

    let tab = Tab::entered(&program, &staff, &session).await;
    let answer = tab.get("/v1/tenants/acme/plain", SAME_ORIGIN).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let stream = tab.streaming().await;
    staff.revoke(&session.id).await;
    cut(stream).await;
    let after = tab.get("/v1/tenants/acme/plain", SAME_ORIGIN).await;
    assert_eq!(
        (after.status, after.code()),
        (401, "session_revoked".into())
    );
    assert_eq!(upstream.requests(), 2);

    let log = platform.get("/audit?category=support_session").await;
    let opened: Vec<_> = log["items"].as_array().unwrap().iter().collect();
    let opened: Vec<_> = opened
        .into_iter()
        .filter(|event| event["action"] == "support_session.opened_in_browser")
        .collect();
    assert_eq!(opened.len(), 1, "{log}");
    assert_eq!(opened[0]["tenant_id"], "acme");
    assert_eq!(opened[0]["resource_id"], session.id.as_str());
    let mut kept = vec![
        program.logged().into_bytes(),
        upstream.text().into_bytes(),
        log.to_string().into_bytes(),
    ];
    for file in ["store.db", "store.db-wal"] {
        kept.extend(std::fs::read(program.folder().join(file)).ok());
    }
    for secret in ["scec_", "sces_", "scbs_"] {
        for bytes in &kept {
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "{secret} is in {}", String::from_utf8_lossy(bytes));
        }
    }
}

#[tokio::test]
async fn a_foreign_cookie_in_any_encoding_signs_nobody_out_of_the_console() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    let (_, staff) = acme_and_jo(&program).await;
    let head = format!(
        "GET /support HTTP/1.1\r\nHost: localhost:{}\r\nCookie: ",
        program.console.port()
    );
    let status = async |cookies: &[&[u8]]| {
        let field = cookies.join(&b"; "[..]);
        let end = &b"\r\nConnection: close\r\n\r\n"[..];
        let request = [head.as_bytes(), &field[..], end].concat();
        let mut client = Client::connect(program.console).await;
        client.send(&request).await;
        client.answer().await.status
    };
    let own = staff.cookie().as_bytes();
    for foreign in [&b"city=Z\xc3\xbcrich"[..], b"city=Z\xfcrich", b"\xff=\x80"] {
        assert_ne!(status(&[foreign]).await, 200, "nobody is signed in");
        assert_eq!(status(&[foreign, own]).await, 200, "{foreign:?}");
        assert_eq!(status(&[own, foreign]).await, 200, "{foreign:?}");
    }
}

#[tokio::test]
async fn what_a_page_and_a_person_say_to_the_upstream_is_in_no_log() {
    const CHALLENGE: &str = "X-Answer: 401 Unauthorized|WWW-Authenticate: Basic realm=\"a\"\r\n";
    const OF_PAGE: &str = "Authorization: Bearer of-the-platform\r\n";
    const TYPED: &str = "Authorization: Basic YW5hOmh1c2g=\r\n";
    let upstream = Upstream::start().await;
    let rules = format!(
        "upstream_authorization = \"pass\"\n{RULES}\n[log]\nfilter = \"info,gateway=trace,server=trace\"\n"
    );
    let program = Program::start(upstream.address, &rules).await;
    let (_, staff) = acme_and_jo(&program).await;
    let session = staff.create_session("acme", None).await;
    let tab = Tab::entered(&program, &staff, &session).await;
    for (path, fields, status) in [
        ("acme/plain", OF_PAGE, 200),
        ("bolt/plain", OF_PAGE, 403),
        ("acme/as-asked", CHALLENGE, 401),
        ("bolt/plain", TYPED, 403),
        ("acme/plain", TYPED, 200),
        // From the jar.
        ("acme/plain", "", 200),
    ] {
        let path = format!("/v1/tenants/{path}");
        let answer = tab.get(&path, &format!("{SAME_ORIGIN}{fields}")).await;
        assert_eq!(answer.status, status, "{path} {fields}");
    }
    let sent = upstream.text();
    for (value, times) in [
        ("Bearer of-the-platform\r\n", 1),
        ("Basic YW5hOmh1c2g=\r\n", 2),
    ] {
        assert_eq!(sent.matches(value).count(), times, "{value} {sent}");
    }
    let logged = program.logged();
    assert!(!logged.is_empty());
    for secret in ["of-the-platform", "YW5hOmh1c2g", "hush"] {
        assert!(!logged.contains(secret), "{secret}: {logged}");
    }
}

#[tokio::test]
async fn nobody_but_the_holder_is_sent_back_with_a_code() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    let (_, staff) = acme_and_jo(&program).await;
    let other = Staff::with_role(&program, "kim", "super_admin").await;
    let session = staff.create_session("acme", None).await;
    let page = format!("/support/sessions/{}", session.id);
    let mut tab = Tab::of(&program, &session);
    let path = tab.open().await;

    let refused = other.navigate(&path).await;
    let location = refused.headers()["location"].to_str().unwrap().to_owned();
    assert!(
        location.starts_with(&format!("{page}?flash=")),
        "{location}"
    );
    let told = other.page(&location).await;
    assert!(
        told.contains("Only the holder of this support session can do this."),
        "{told}"
    );
    assert!(!told.contains("Enter tenant"));

    staff.sign_out().await;
    let refused = staff.navigate(&path).await;
    let location = refused.headers()["location"].to_str().unwrap().to_owned();
    assert!(
        location.starts_with("/sign-in?next=%2Fsupport%2Fopen%2Fs-"),
        "{location}"
    );
    // From there it redirects to the session's page, because a form may not redirect to another
    // site.
    assert!(!location.contains("state"), "{location}");
    let staff = staff.signed_in_again().await;
    let without_state = path.split('?').next().unwrap();
    let answer = staff.navigate(without_state).await;
    assert_eq!(answer.headers()["location"], page.as_str());

    // A page that asks in the background gets nothing.
    for method in ["GET", "HEAD"] {
        let quiet = staff.session().send(method, &path, "", "text/plain").await;
        assert_eq!(quiet, 403, "{method}");
    }

    staff.revoke(&session.id).await;
    let refused = staff.navigate(&path).await;
    let location = refused.headers()["location"].to_str().unwrap().to_owned();
    assert!(
        location.starts_with(&format!("{page}?flash=")),
        "{location}"
    );
    assert_eq!(upstream.requests(), 0);
}

#[tokio::test]
async fn a_link_from_elsewhere_leads_to_the_sessions_page_and_enters_nothing() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    let (platform, staff) = acme_and_jo(&program).await;
    let session = staff.create_session("acme", None).await;
    let another = staff.create_session("acme", None).await;
    let page = format!("/support/sessions/{}", session.id);
    let mut tab = Tab::of(&program, &session);
    let opens = tab.open().await;
    let enters = format!("/support/enter/{}", session.id);
    // A site that knows the label sends the holder's browser on the way, or somebody pastes the address.
    for path in [&opens, &enters] {
        let answer = staff.navigate(path).await;
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(location.starts_with(&page), "{path}: {location}");
        assert!(answer.headers().get("set-cookie").is_none(), "{path}");
        let told = staff.page(&location).await;
        assert!(told.contains("Enter tenant"), "{path}: {told}");
    }
    // Nor while the same person is on the way into another tenant.
    let (_, returning) = staff.enter(&another.id).await;
    let answer = returning.navigate(&opens).await;
    let location = answer.headers()["location"].to_str().unwrap();
    assert!(location.starts_with(&page), "{location}");
    let log = platform.get("/audit?category=support_session").await;
    assert!(!log.to_string().contains("opened_in_browser"), "{log}");
}

#[tokio::test]
async fn a_code_is_replayed_in_vain_and_useless_to_another_browser() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    let (_, staff) = acme_and_jo(&program).await;
    let session = staff.create_session("acme", None).await;
    let mut tab = Tab::of(&program, &session);
    let console_path = tab.open().await;
    let path = tab.sent_back(&staff, &console_path).await;
    let mut thief = Tab::of(&program, &session);
    assert_eq!(thief.get(&path, NAVIGATION).await.status, 403, "no state");
    thief.open().await;
    assert_eq!(
        thief.get(&path, NAVIGATION).await.status,
        403,
        "its own state"
    );
    let raced = tokio::join!(tab.get(&path, NAVIGATION), tab.get(&path, NAVIGATION));
    let mut statuses = [raced.0.status, raced.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 403]);
    let replayed = tab.get(&path, NAVIGATION).await;
    assert_eq!(replayed.status, 403);
    assert!(replayed.text().contains("Back to Support Console"));

    let path = tab.sent_back(&staff, &console_path).await;
    staff.revoke(&session.id).await;
    let overtaken = tab.get(&path, NAVIGATION).await;
    assert_eq!(overtaken.status, 401);
    assert!(
        overtaken.text().contains("was revoked"),
        "{}",
        overtaken.text()
    );
    assert_eq!(upstream.requests(), 0);
}

#[tokio::test]
async fn a_tenant_opened_on_one_node_is_used_on_another_until_it_opens_elsewhere() {
    let upstream = Upstream::start().await;
    let database = Database::new().await;
    let a = Program::start_node("a", &database.url(), upstream.address, RULES).await;
    let b = Program::start_node("b", &database.url(), upstream.address, RULES).await;
    let (_, staff) = acme_and_jo(&a).await;
    let session = staff.create_session("acme", None).await;
    let first = Tab::entered(&a, &staff, &session).await;
    let on_b = Tab {
        cookie: first.cookie.clone(),
        ..Tab::of(&b, &session)
    };
    let stream = on_b.streaming().await;
    let second = Tab::entered(&a, &staff, &session).await;
    cut(stream).await;
    assert_eq!(
        on_b.get("/v1/tenants/acme/plain", SAME_ORIGIN).await.status,
        401
    );
    let answer = second.get("/v1/tenants/acme/plain", SAME_ORIGIN).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_holder_ends_the_session_from_its_own_page_on_every_node() {
    let upstream = Upstream::start().await;
    let database = Database::new().await;
    let a = Program::start_node("a", &database.url(), upstream.address, RULES).await;
    let b = Program::start_node("b", &database.url(), upstream.address, RULES).await;
    let (platform, staff) = acme_and_jo(&a).await;
    let session = staff.create_session("acme", None).await;
    let tab = Tab::entered(&a, &staff, &session).await;
    let said = tab.get("/.support-console/session", SAME_ORIGIN).await;
    let said: serde_json::Value = serde_json::from_slice(&said.body).unwrap();
    assert_eq!(said["tenant"]["id"], "acme");
    assert!(said["console_url"].as_str().unwrap().ends_with(&session.id));
    let on_b = Tab {
        cookie: tab.cookie.clone(),
        ..Tab::of(&b, &session)
    };
    let stream = on_b.streaming().await;

    let forged = tab.post("/.support-console/end", NAVIGATION).await;
    assert_eq!(forged.status, 403, "from another site");
    let ended = tab.post("/.support-console/end", SAME_ORIGIN).await;
    assert_eq!(ended.status, 200, "{}", ended.text());
    cut(stream).await;
    for tab in [&tab, &on_b] {
        let after = tab.get("/v1/tenants/acme/plain", SAME_ORIGIN).await;
        assert_eq!(after.code(), "session_revoked");
    }
    assert_eq!(upstream.requests(), 1);

    let log = platform.get("/audit?category=support_session").await;
    let events = log["items"].as_array().unwrap();
    let revoked: Vec<_> = events
        .iter()
        .filter(|event| event["action"] == "support_session.revoked")
        .collect();
    assert_eq!(revoked.len(), 1, "{log}");
    assert_eq!(revoked[0]["actor"]["type"], "staff");
    let requests: Vec<_> = events
        .iter()
        .filter(|event| event["action"] == "support_session.request")
        .collect();
    assert_eq!(requests.len(), 1, "what the banner asks is no request");
}
