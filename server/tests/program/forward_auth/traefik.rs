use super::{
    Attack, Landed, Proxy, Rig, page, prove,
    proxy::{packaged, reports},
};
use crate::support::upstream::Upstream;

const TLS: &str = "    http:\n      tls: {}\n";
const CERTIFICATES: &str = "tls:
  certificates:
    - certFile: /etc/traefik/support-api.crt
      keyFile: /etc/traefik/support-api.key
";

/// The part that says what is carried.
fn configuration() -> String {
    page::block("traefik.md", "yml")
}

async fn start(rig: &Rig, page: &str, upstream: &Upstream) -> Proxy {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let mut fixed = page::block("traefik.md", "yaml");
    fixed = page::with(&fixed, TLS, "");
    fixed = page::with(&fixed, "\":443\"", &format!("\"{}\"", rig.front));
    fixed = page::with(&fixed, "/etc/traefik", &path);
    fixed = page::with(&fixed, "/var/log/traefik", &path);
    let mut page = page::with(page, CERTIFICATES, "");
    page = page::with(&page, "support-api.example.com", "127.0.0.1");
    page = page::with(&page, "10.0.0.5:8080", &upstream.address.to_string());
    page = page::with(&page, "127.0.0.1:3110", &rig.checks.to_string());
    std::fs::write(folder.path().join("traefik.yml"), fixed).unwrap();
    std::fs::write(folder.path().join("support-console.yml"), page).unwrap();
    let mut command = packaged("traefik");
    command.arg("--configFile=traefik.yml");
    let proxy = Proxy::start(folder, command, rig.front).await;
    // It listens before it has read what it is to carry.
    let nobody = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", rig.front);
    crate::support::until("Traefik's routers", async || {
        (rig.raw(&nobody).await.status == 401).then_some(())
    })
    .await;
    proxy
}

#[tokio::test]
async fn traefik_carries_what_may_pass_and_reports_how_it_ended() {
    let (rig, upstream) = (Rig::start("traefik").await, Upstream::start().await);
    let proxy = start(&rig, &configuration(), &upstream).await;
    let log = async || reports(&proxy, "traefik.md", "support-console.ndjson").await;
    super::carries_and_reports(&rig, &upstream, log).await;
}

#[tokio::test]
async fn traefik_refuses_whatever_may_not_pass() {
    let (rig, upstream) = (Rig::start("traefik").await, Upstream::start().await);
    let _proxy = start(&rig, &configuration(), &upstream).await;
    super::refuses_whatever_may_not_pass(&rig, &upstream).await;
    super::lets_nothing_doubtful_through(&rig, &upstream).await;
}

#[tokio::test]
async fn no_protective_line_can_be_left_out_of_traefik() {
    let rig = Rig::start("traefik").await;
    let session = rig.session("acme", None, &["read_only"]).await;
    let page = configuration();
    let ok = "GET /v1/tenants/acme/things";
    let (_, clears) = page.split_once("support-clears:\n").unwrap();
    let (clears, _) = clears.split_once("customResponseHeaders").unwrap();
    let mut attacks = Vec::new();
    for line in clears.lines().map(str::trim) {
        let Some(name) = line.strip_suffix(": \"\"") else {
            continue;
        };
        attacks.push(match name {
            "Authorization" => Attack::new(
                line,
                rig.request(&session, ok, ""),
                Landed::AtThePlatform(session.token.clone()),
            ),
            "Support-Check-Secret" => Attack::new(
                line,
                rig.request(&session, ok, ""),
                Landed::AtThePlatform("put-the-secret-here".into()),
            ),
            _ => Attack::field(line, &rig, &session, name),
        });
    }
    assert!(attacks.len() > 9, "{}", attacks.len());
    let (_, copied) = page.split_once("authResponseHeaders:\n").unwrap();
    let copied = copied
        .lines()
        .map_while(|line| line.trim().strip_prefix("- "));
    // The number is cleared before the check already.
    for name in copied.filter(|name| *name != "X-Request-Id") {
        let line = format!("- {name}");
        attacks.push(Attack::field(&line, &rig, &session, name));
    }
    attacks.push(Attack::new(
        "middlewares: [nobody]",
        rig.request(
            &session,
            ok,
            "Connection: Upgrade\r\nUpgrade: websocket\r\n",
        ),
        Landed::Requests(1),
    ));
    attacks.push(Attack::new(
        "Support-Identity: \"\"",
        rig.request(&session, "GET /v1/tenants/acme/echoed", ""),
        Landed::WithTheClient("support-identity"),
    ));
    prove(&rig, &page, attacks, async |page, upstream| {
        start(&rig, page, upstream).await
    })
    .await;
}

#[tokio::test]
async fn a_number_of_another_request_is_not_reported_by_traefik() {
    let rig = Rig::start("traefik").await;
    let session = rig.session("acme", None, &["read_only"]).await;
    let page = configuration();
    let line = "X-Request-Id: \"\"";
    for (page, expected) in [(page::without(&page, line), true), (page, false)] {
        let upstream = Upstream::start().await;
        let proxy = start(&rig, &page, &upstream).await;
        let forged = "X-Request-Id: forged-by-client\r\n";
        let refused = rig.request(&session, "DELETE /v1/tenants/acme", forged);
        assert_eq!(rig.raw(&refused).await.status, 403);
        let log = proxy.written_with("support-console.ndjson", "DELETE").await;
        assert_eq!(log.contains("forged-by-client"), expected, "{log}");
        proxy.stop().await;
    }
}

#[tokio::test]
async fn a_request_on_a_connection_that_breaks_is_not_sent_again_by_traefik() {
    let rig = Rig::start("traefik").await;
    let page = configuration();
    let line = "serversTransport: one-request";
    let attack = async |page: &str| {
        let upstream = Upstream::start().await;
        let proxy = start(&rig, page, &upstream).await;
        let again = super::is_sent_again(&rig, &upstream).await;
        proxy.stop().await;
        again
    };
    assert!(attack(&page::without(&page, line)).await);
    assert!(!attack(&page).await);
}
