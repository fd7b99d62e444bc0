use super::{
    Attack, Proxy, Rig, page, prove,
    proxy::{packaged, reports},
};
use crate::support::upstream::Upstream;

const TLS: &str = r#"transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
              common_tls_context:
                tls_certificates:
                  - certificate_chain: { filename: /etc/envoy/support-api.crt }
                    private_key: { filename: /etc/envoy/support-api.key }
          "#;

fn configuration() -> String {
    page::block("envoy.md", "yaml")
}

async fn start(rig: &Rig, page: &str, upstream: &Upstream) -> Proxy {
    let at = |address: &str, port: u16| format!("address: {address}, port_value: {port}");
    let own = at("127.0.0.1", rig.front.port());
    let folder = tempfile::tempdir().unwrap();
    let mut page = page::with(page, TLS, "");
    page = page::with(&page, &at("0.0.0.0", 443), &own);
    page = page::with(&page, "support-api.example.com", &rig.front.to_string());
    page = page::with(
        &page,
        "/var/log/envoy",
        &folder.path().display().to_string(),
    );
    let platform = at("127.0.0.1", upstream.address.port());
    page = page::with(&page, &at("10.0.0.5", 8080), &platform);
    let checks = at("127.0.0.1", rig.checks.port());
    page = page::with(&page, &at("127.0.0.1", 3110), &checks);
    std::fs::write(folder.path().join("envoy.yaml"), page).unwrap();
    let mut command = packaged("envoy");
    command.args(["--config-path", "envoy.yaml", "--concurrency", "1"]);
    command.args(["--disable-hot-restart", "--log-level", "warning"]);
    command.args(["--file-flush-interval-msec", "50"]);
    Proxy::start(folder, command, rig.front).await
}

#[tokio::test]
async fn envoy_carries_what_may_pass_and_nothing_else() {
    let (rig, upstream) = (Rig::start("envoy").await, Upstream::start().await);
    let proxy = start(&rig, &configuration(), &upstream).await;
    let log = async || reports(&proxy, "envoy.md", "support-console.ndjson", "request_id").await;
    super::carries_what_may_pass_and_nothing_else(rig, &upstream, log).await;
}

/// What the lines of one list remove.
fn removed<'p>(page: &'p str, list: &str) -> impl Iterator<Item = &'p str> {
    let (_, lines) = page.split_once(list).unwrap();
    let lines = lines.lines().skip(1).map(str::trim);
    let lines = lines.filter(|line| !line.starts_with('#'));
    lines.take_while(|line| line.starts_with("- "))
}

#[tokio::test]
async fn no_protective_line_can_be_left_out_of_envoy() {
    let rig = Rig::start("envoy").await;
    let page = configuration();
    let family = "- remove_on_match: { key_matcher: { prefix: support- } }";
    let mut attacks = vec![
        Attack::field(family, &rig, "Support-Anything"),
        Attack::echo("- support-identity", &rig),
    ];
    for line in removed(&page, "request_headers_to_remove:") {
        attacks.push(match &line[2..] {
            "authorization" => Attack::token(line, &rig),
            name => Attack::field(line, &rig, name),
        });
    }
    assert!(attacks.len() > 14, "{}", attacks.len());
    let start = async |page: &str, upstream: &Upstream| start(&rig, page, upstream).await;
    prove(&rig, &page, attacks, start).await;

    // Neither number nor address is a client's to claim.
    let mut address = page.lines().map(str::trim);
    let address = address.find(|line| line.starts_with("- append: "));
    let without = page::without(&page, address.unwrap());
    let without = page::without(&without, "- remove: x-request-id");
    for (page, number, ip) in [(&without, true, "192.0.2.1"), (&page, false, "127.0.0.1")] {
        let upstream = Upstream::start().await;
        let proxy = start(page, &upstream).await;
        let forged = "X-Request-Id: forged-by-client\r\nX-Forwarded-For: 192.0.2.1\r\n";
        let refused = rig.request(&rig.session, "DELETE /v1/tenants/acme", forged);
        assert_eq!(rig.raw(&refused).await.status, 403);
        assert_eq!(rig.row(&rig.session).await["ip"], ip);
        let passed = rig.request(&rig.session, "GET /v1/tenants/acme/things", forged);
        assert_eq!(rig.raw(&passed).await.status, 200);
        let log = proxy.written_with("support-console.ndjson", ":200").await;
        assert_eq!(log.contains("forged-by-client"), number, "{log}");
        proxy.stop().await;
    }

    // The console sees whatever the platform will see.
    let line = "- safe_regex: { regex: \".*\" }";
    let blind = page::with(&page, line, "- exact: x-forwarded-for");
    for (page, expected) in [(blind, 1), (page, 0)] {
        let upstream = Upstream::start().await;
        let proxy = start(&page, &upstream).await;
        let method = "X-HTTP-Method-Override: DELETE\r\n";
        let request = rig.request(&rig.session, "GET /v1/tenants/acme/things", method);
        rig.raw(&request).await;
        assert_eq!(upstream.requests(), expected);
        proxy.stop().await;
    }
}

#[tokio::test]
async fn envoy_sends_a_request_once_whatever_a_client_wishes() {
    let (rig, upstream) = (Rig::start("envoy").await, Upstream::start().await);
    let proxy = start(&rig, &configuration(), &upstream).await;
    assert!(!super::is_sent_again(&rig, &upstream).await);
    let before = upstream.requests();
    let wish = "X-Envoy-Retry-On: reset,5xx\r\nX-Envoy-Max-Retries: 3\r\n";
    let request = rig.request(&rig.session, "GET /v1/tenants/acme/slam", wish);
    assert!(rig.raw(&request).await.status >= 500);
    assert_eq!(upstream.requests() - before, 1);
    proxy.stop().await;
}
