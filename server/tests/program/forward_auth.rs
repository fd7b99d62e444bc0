//! Real proxies with the exact configurations of `docs/integrations`: the pages' promises hold, and
//! no protective line can be left out.

mod caddy;
mod envoy;
mod in_front;
mod nginx;
mod page;
mod proxy;
mod rig;
mod traefik;

use self::{proxy::Proxy, rig::Rig};
use crate::support::prelude::*;

/// An attack that one line of a page stops.
struct Attack {
    line: String,
    request: String,
    landed: Landed,
}

/// How an attack is seen to have landed.
#[derive(Debug, Clone)]
enum Landed {
    /// The platform is sent this text.
    AtThePlatform(String),
    /// The platform is sent so many requests.
    Requests(usize),
    /// The client is given this field.
    WithTheClient(&'static str),
}

impl Attack {
    fn new(line: &str, request: String, landed: Landed) -> Self {
        Self {
            line: line.to_owned(),
            request,
            landed,
        }
    }

    /// A field of the client's that must not reach the platform.
    fn field(line: &str, rig: &Rig, name: &str) -> Self {
        let field = format!("{name}: forged-by-client\r\n");
        let request = rig.request(&rig.session, "GET /v1/tenants/acme/things", &field);
        Self::new(
            line,
            request,
            Landed::AtThePlatform("forged-by-client".into()),
        )
    }

    /// The client's token, which must not reach the platform.
    fn token(line: &str, rig: &Rig) -> Self {
        let request = rig.request(&rig.session, "GET /v1/tenants/acme/things", "");
        Self::new(
            line,
            request,
            Landed::AtThePlatform(rig.session.token.clone()),
        )
    }

    /// An identity in the platform's answer, which the client must not get.
    fn echo(line: &str, rig: &Rig) -> Self {
        let request = rig.request(&rig.session, "GET /v1/tenants/acme/echoed", "");
        Self::new(line, request, Landed::WithTheClient("support-identity"))
    }

    async fn landed(&self, rig: &Rig, upstream: &Upstream) -> bool {
        let before = upstream.requests();
        let answer: Answer = rig.raw(&self.request).await;
        match &self.landed {
            Landed::AtThePlatform(text) => upstream
                .text()
                .to_ascii_lowercase()
                .contains(&text.to_ascii_lowercase()),
            Landed::Requests(count) => upstream.requests() - before >= *count,
            Landed::WithTheClient(name) => answer.header(name).is_some(),
        }
    }
}

/// No attack succeeds with the page's configuration, and each succeeds without its line.
async fn prove(
    rig: &Rig,
    page: &str,
    attacks: Vec<Attack>,
    start: impl AsyncFn(&str, &Upstream) -> Proxy,
) {
    let upstream = Upstream::start().await;
    let proxy = start(page, &upstream).await;
    for attack in &attacks {
        let landed = attack.landed(rig, &upstream).await;
        assert!(!landed, "{:?} does not stop it", attack.line);
    }
    proxy.stop().await;
    for attack in attacks {
        let upstream = Upstream::start().await;
        let proxy = start(&page::without(page, &attack.line), &upstream).await;
        let landed = attack.landed(rig, &upstream).await;
        assert!(
            landed,
            "it does no harm without {:?}\n{}",
            attack.line,
            proxy.log()
        );
        proxy.stop().await;
    }
}

/// Requests that no proxy may forward: the console refuses them, and the platform sees nothing.
async fn refuses_whatever_may_not_pass(rig: &Rig, upstream: &Upstream) {
    const FORGED: &str = "X-Original-Method: GET\r\nX-Original-URI: /v1/tenants/acme\r\n\
                          X-Forwarded-Method: GET\r\nX-Forwarded-Uri: /v1/tenants/acme\r\n";
    let (before, session) = (upstream.requests(), &rig.session);
    let refused = [
        ("GET /v1/tenants/bolt/things", ""),
        ("GET /v1/tenants/bolt/things", FORGED),
        ("POST /v1/tenants/acme/things", "Content-Length: 0\r\n"),
        ("DELETE /v1/tenants/acme/things", FORGED),
        ("GET /v1/tenants/acme/things", "Sec-WebSocket-Key: a\r\n"),
        (
            "GET /v1/tenants/acme/things",
            "X-HTTP-Method-Override: PUT\r\n",
        ),
        (
            "GET /v1/tenants/acme/things",
            "X-Original-URL: /v1/tenants/bolt\r\n",
        ),
        ("GET /v1/tenants/acme/../bolt", ""),
        ("GET /v1/tenants/acme/%2E%2E/bolt", ""),
        ("GET /v1/tenants/acme;a/things", ""),
        ("GET /v1/tenants/acme%2fthings", ""),
        ("GET /v1//tenants/acme", ""),
        ("GET /v1/tenants/acme/%74hings", ""),
    ];
    // The last two Traefik brings into its own form, for the check as for the platform.
    let asked = refused.len() - if rig.profile == "traefik" { 2 } else { 0 };
    for (line, fields) in &refused[..asked] {
        let answer = rig.raw(&rig.request(session, line, fields)).await;
        assert_eq!(answer.status, 403, "{line} {fields}");
    }
    let of_x = rig.session("acme", Some("x"), &[]).await;
    let line = "GET /v1/tenants/acme/organizations/yonder/things";
    let elsewhere = rig.raw(&rig.request(&of_x, line, "")).await;
    assert_eq!(elsewhere.status, 403, "another organization");
    rig.revoke(&of_x).await;
    let session = rig.session("acme", None, &["read_only"]).await;
    let ok = rig.request(&session, "GET /v1/tenants/acme/things", "");
    let token = format!("Authorization: Bearer {}\r\n", session.token);
    let unknown = ok.replace(&session.token, &format!("scst_{}", "A".repeat(43)));
    for nobody in [ok.replace(&token, ""), unknown] {
        assert_eq!(rig.raw(&nobody).await.status, 401, "{nobody}");
    }
    rig.revoke(&session).await;
    assert_eq!(rig.raw(&ok).await.status, 401, "revoked");
    assert_eq!(upstream.requests(), before, "{}", upstream.text());
}

/// Requests that a proxy may refuse or make harmless itself.
async fn lets_nothing_doubtful_through(rig: &Rig, upstream: &Upstream) {
    let (before, session) = (upstream.requests(), &rig.session);
    let ok = rig.request(session, "GET /v1/tenants/acme/things", "");
    let host = format!("Host: {}", rig.front);
    let token = format!("Authorization: Bearer {}\r\n", session.token);
    for doubtful in [
        ok.replace(
            &token,
            &format!("{token}Connection: Upgrade\r\nUpgrade: websocket\r\n"),
        ),
        ok.replace(&token, &format!("{token}{token}")),
        ok.replace(&host, "Host: elsewhere.example"),
        ok.replace(&host, &format!("{host}\r\nHost: elsewhere.example")),
        ok.replace("GET /", "GET http://elsewhere.example/"),
    ] {
        rig.status_of(&doubtful).await;
        assert_eq!(
            upstream.requests(),
            before,
            "{doubtful}\n{}",
            upstream.text()
        );
    }
    // A proxy that drops what Connection names does so before the identity is there.
    let names_ours = "Connection: close, Support-Tenant, Support-Identity, X-Request-Id\r\n";
    rig.raw(&ok.replace(&token, &format!("{token}{names_ours}")))
        .await;
    if upstream.requests() > before {
        let carried = upstream.seen().pop().unwrap().text().to_ascii_lowercase();
        for name in [
            "support-tenant: acme",
            "support-identity: ey",
            "x-request-id: 0",
        ] {
            assert!(carried.contains(name), "{name} in\n{carried}");
        }
    }
    let look_alikes = "Support_Tenant: forged\r\nSupport.Tenant: forged\r\n\
                       X_Support_Tenant: forged\r\nX_Request-Id: forged\r\n";
    rig.raw(&ok.replace(&token, &format!("{token}{look_alikes}")))
        .await;
    assert!(!upstream.text().contains("forged"), "{}", upstream.text());
}

/// A client's handshake, with the key of RFC 6455 §1.3.
const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A WebSocket passes where a rule opens it, and no other change of protocol does.
async fn opens_websockets(rig: &Rig, upstream: &Upstream) {
    let session = rig.session("acme", None, &["read_only", "live"]).await;
    let before = upstream.requests();
    let line = "GET /v1/tenants/acme/live/socket";
    for (line, fields) in [
        ("GET /v1/tenants/acme/things", HANDSHAKE),
        (line, "Connection: Upgrade\r\nUpgrade: websocket\r\n"),
        (line, "Sec-WebSocket-Version: 13\r\n"),
    ] {
        let request = rig.request(&session, line, fields);
        assert_eq!(rig.status_of(&request).await, 403, "{line} {fields}");
    }
    assert_eq!(upstream.requests(), before);
    // Some take such a wish away, and carry a plain request.
    let other = HANDSHAKE.replace("websocket", "h2c");
    rig.status_of(&rig.request(&session, line, &other)).await;
    assert!(!upstream.text().contains("h2c"), "{}", upstream.text());

    let mut client = Client::connect(rig.front).await;
    let request = rig.request(&session, line, HANDSHAKE);
    client.send(request.as_bytes()).await;
    let head = client.read_until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    client.send(b"\x81\x80\0\0\0\0").await;
    client.read_until("Hello").await;
    let row = rig.row(&session).await;
    assert_eq!(row["outcome"], "open", "{row}");
}

/// Without an answer to its check no proxy carries anything.
async fn carries_nothing_while_nobody_answers(mut rig: Rig, upstream: &Upstream) {
    let before = upstream.requests();
    rig.end().await;
    let request = rig.request(&rig.session, "GET /v1/tenants/acme/things", "");
    let status = rig.status_of(&request).await;
    assert!(status == 403 || status >= 500, "{status}");
    assert_eq!(upstream.requests(), before);
}

/// A permitted request passes with our identity and without credentials. Its row is open until the
/// proxy's own log completes it, once.
async fn carries_and_reports(rig: &Rig, upstream: &Upstream, log: impl AsyncFn() -> String) {
    let session = rig.session("acme", Some("x"), &[]).await;
    let more = "Cookie: sid=secret\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n";
    let post = rig.request(
        &session,
        "POST /v1/tenants/acme/organizations/x/things?a=%20b",
        more,
    );
    let answer = rig.raw(&format!("{post}hello")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = upstream.text().to_ascii_lowercase();
    let expected = format!("support-session: {}\r\n", session.id);
    for field in [
        "post /v1/tenants/acme/organizations/x/things?a=%20b http/1.1\r\n",
        "support-tenant: acme\r\n",
        "support-organization: x\r\n",
        "support-scopes: all:write read_only\r\n",
        "x-request-id: ",
        "\r\n\r\nhello",
        &expected,
    ] {
        assert!(seen.contains(field), "{field:?} in\n{seen}");
    }
    for name in ["authorization", "cookie", "support-check-secret", "secret"] {
        assert!(!seen.contains(name), "{name} in\n{seen}");
    }
    let row = rig.row(&session).await;
    assert_eq!(row["outcome"], "open");
    assert_eq!(row["profile"], rig.profile);
    assert_eq!(row["ip"], "127.0.0.1");
    assert_eq!(row["method"], "POST");
    let number = row["request_id"].as_str().unwrap();
    if rig.profile != "traefik" {
        assert_eq!(
            answer.header("x-request-id"),
            Some(number),
            "{}",
            answer.head
        );
    }
    // What nobody may do is no word about that row, whatever its sender calls it.
    let forged = format!("X-Request-Id: {number}\r\n");
    let other = rig.session("bolt", None, &["read_only"]).await;
    let refused = rig.request(&other, "DELETE /v1/tenants/acme/things", &forged);
    assert_eq!(rig.raw(&refused).await.status, 403);
    rig.revoke(&other).await;

    let reports = log().await;
    assert_eq!(
        rig.report(&rig.platform_key, &reports).await.0,
        403,
        "another right"
    );
    assert_eq!(rig.report("scpk_nobody", &reports).await.0, 401);
    let (status, told) = rig.report(&rig.report_key, &reports).await;
    assert_eq!(
        (status, &told["completed"]),
        (200, &1.into()),
        "{told}\n{reports}"
    );
    let row = rig.row(&session).await;
    assert_eq!(
        (&row["outcome"], &row["status"]),
        (&"done".into(), &200.into())
    );
    assert_eq!(row["response_bytes"], answer.body.len(), "{row}");
    assert!(
        row["reported_at"].is_string() && row["duration_ms"].is_u64(),
        "{row}"
    );

    let (_, told) = rig.report(&rig.report_key, &reports).await;
    assert_eq!(told["completed"], 0, "a second report");
    assert_eq!(rig.row(&session).await, row);
}

/// A path that can be read in several ways reaches nobody, and a query reaches the platform as it is recorded.
async fn reads_odd_targets_as_documented(rig: &Rig, upstream: &Upstream) {
    let session = rig.session("acme", None, &["read_only"]).await;
    let is_traefik = rig.profile == "traefik";
    let ask = async |odd: &str| {
        let line = format!("GET /v1/tenants/acme/odd/{odd}");
        rig.status_of(&rig.request(&session, &line, "")).await
    };
    let carried = |odd: &str| {
        let line = format!("GET /v1/tenants/acme/odd/{odd} HTTP/1.1\r\n");
        upstream.text().contains(&line)
    };
    for odd in ["100%25.pdf", "a%2Fb", "a%5Cb", "a;b", "[x]", "50%", "%zz"] {
        let (before, status) = (upstream.requests(), ask(odd).await);
        // Some proxies refuse a `%` without two digits themselves.
        let expected: &[u16] = if odd.contains("%z") || odd.ends_with('%') {
            &[400, 403]
        } else {
            &[403]
        };
        assert!(expected.contains(&status), "{odd}: {status}");
        assert_eq!(upstream.requests(), before, "{odd}");
    }
    for (odd, clean) in [("a//b", "a/b"), ("%41", "A")] {
        let (before, status) = (upstream.requests(), ask(odd).await);
        if is_traefik {
            assert!(status == 200 && carried(clean), "{odd}: {status}");
        } else {
            assert_eq!((status, upstream.requests()), (403, before), "{odd}");
        }
    }
    for query in [
        "b=%0A",
        "b=%0D%0Ac",
        "b=50%",
        "b=[x]|c",
        "b=1;tenant_id=acme",
    ] {
        assert_eq!(ask(&format!("a?{query}")).await, 200, "{query}");
        // Traefik takes a `;` for another separator.
        let sent = match is_traefik {
            true => query.replace(';', "&"),
            false => query.to_owned(),
        };
        assert!(
            carried(&format!("a?{sent}")),
            "{query} in\n{}",
            upstream.text()
        );
        assert_eq!(rig.row(&session).await["query"], sent, "{query}");
    }
    rig.revoke(&session).await;
}

/// All of the above, for a proxy with the page's exact configuration.
async fn carries_what_may_pass_and_nothing_else(
    rig: Rig,
    upstream: &Upstream,
    log: impl AsyncFn() -> String,
) {
    carries_and_reports(&rig, upstream, log).await;
    refuses_whatever_may_not_pass(&rig, upstream).await;
    lets_nothing_doubtful_through(&rig, upstream).await;
    reads_odd_targets_as_documented(&rig, upstream).await;
    if rig.profile != "traefik" {
        opens_websockets(&rig, upstream).await;
    }
    carries_nothing_while_nobody_answers(rig, upstream).await;
}

/// Whether a request reaches the platform twice if its kept connection breaks.
async fn is_sent_again(rig: &Rig, upstream: &Upstream) -> bool {
    for (last, well) in [("things", true), ("slam", false)] {
        let line = format!("GET /v1/tenants/acme/{last}");
        let request = rig.request(&rig.session, &line, "");
        let status = rig.raw(&request).await.status;
        assert_eq!(status == 200, well, "{status}");
    }
    upstream.text().matches("/slam").count() > 1
}

/// A request is sent again without a line of the page, and is not with it.
async fn needs_a_line_to_send_once(
    rig: &Rig,
    page: &str,
    line: &str,
    start: impl AsyncFn(&str, &Upstream) -> Proxy,
) {
    for (page, again) in [(&page::without(page, line)[..], true), (page, false)] {
        let upstream = Upstream::start().await;
        let proxy = start(page, &upstream).await;
        assert_eq!(is_sent_again(rig, &upstream).await, again, "{line}");
        proxy.stop().await;
    }
}
