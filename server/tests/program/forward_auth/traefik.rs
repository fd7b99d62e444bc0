use super::{
    Attack, Landed, Proxy, Rig, needs_a_line_to_send_once, page, prove,
    proxy::{packaged, reports},
};
use crate::support::upstream::Upstream;

const TLS: &str = "    http:\n      tls: {}\n";
const CERTIFICATES: &str = "tls:
  certificates:
    - certFile: /etc/traefik/support-api.crt
      keyFile: /etc/traefik/support-api.key
";

/// The part that says what is forwarded.
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
    // It listens before it has read its routes.
    let nobody = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", rig.front);
    crate::support::until("Traefik's routers", async || {
        (rig.raw(&nobody).await.status == 401).then_some(())
    })
    .await;
    proxy
}

#[tokio::test]
async fn traefik_carries_what_may_pass_and_nothing_else() {
    let (rig, upstream) = (Rig::start("traefik").await, Upstream::start().await);
    let proxy = start(&rig, &configuration(), &upstream).await;
    let log = async || reports(&proxy, "traefik.md", "support-console.ndjson", "/things").await;
    super::carries_what_may_pass_and_nothing_else(rig, &upstream, log).await;
}

/// What stops attacks by fields, and a wish for another protocol.
fn attacks(rig: &Rig, page: &str) -> Vec<Attack> {
    let (_, clears) = page.split_once("support-clears:\n").unwrap();
    let (clears, _) = clears.split_once("customResponseHeaders").unwrap();
    let clears = clears.lines().map(str::trim);
    let cleared = clears.filter_map(|line| Some((line, line.strip_suffix(": \"\"")?)));
    let mut attacks: Vec<_> = cleared
        .map(|(line, name)| match name {
            "Authorization" => Attack::token(line, rig),
            "Support-Check-Secret" => Attack::new(
                line,
                rig.request(&rig.session, "GET /v1/tenants/acme/things", ""),
                Landed::AtThePlatform("put-the-secret-here".into()),
            ),
            _ => Attack::field(line, rig, name),
        })
        .collect();
    assert!(attacks.len() > 9, "{}", attacks.len());
    let (_, copied) = page.split_once("authResponseHeaders:\n").unwrap();
    let copied = copied.lines().map(str::trim);
    let copied = copied.map_while(|line| Some((line, line.strip_prefix("- ")?)));
    // The number is cleared before the check already.
    let copied = copied.filter(|(_, name)| *name != "X-Request-Id");
    attacks.extend(copied.map(|(line, name)| Attack::field(line, rig, name)));
    let wish = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    attacks.push(Attack::new(
        "middlewares: [nobody]",
        rig.request(&rig.session, "GET /v1/tenants/acme/things", wish),
        Landed::Requests(1),
    ));
    attacks.push(Attack::echo("Support-Identity: \"\"", rig));
    attacks
}

#[tokio::test]
async fn no_protective_line_can_be_left_out_of_traefik() {
    let rig = Rig::start("traefik").await;
    let page = configuration();
    let start = async |page: &str, upstream: &Upstream| start(&rig, page, upstream).await;
    prove(&rig, &page, attacks(&rig, &page), start).await;
    let line = "serversTransport: one-request";
    needs_a_line_to_send_once(&rig, &page, line, start).await;

    // A number of another request's is not reported.
    let without = page::without(&page, "X-Request-Id: \"\"");
    for (page, expected) in [(without, true), (page, false)] {
        let upstream = Upstream::start().await;
        let proxy = start(&page, &upstream).await;
        let forged = "X-Request-Id: forged-by-client\r\n";
        let refused = rig.request(&rig.session, "DELETE /v1/tenants/acme", forged);
        assert_eq!(rig.raw(&refused).await.status, 403);
        let log = proxy.written_with("support-console.ndjson", "DELETE").await;
        assert_eq!(log.contains("forged-by-client"), expected, "{log}");
        proxy.stop().await;
    }
}
