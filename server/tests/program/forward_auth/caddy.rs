use super::{
    Attack, Landed, Proxy, Rig, page, prove,
    proxy::{packaged, reports},
};
use crate::support::upstream::Upstream;

/// Around the page: nothing that two of them on one machine would share.
const SITE: &str = "{\n\tadmin off\n\tpersist_config off\n}\n";

fn configuration() -> String {
    page::block("caddy.md", "caddyfile")
}

async fn start(rig: &Rig, page: &str, upstream: &Upstream) -> Proxy {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let own = format!("http://{}", rig.front);
    let mut page = page::with(page, "https://support-api.example.com", &own);
    page = page::with(&page, "10.0.0.5:8080", &upstream.address.to_string());
    page = page::with(&page, "/var/log/caddy", &path);
    page = page.replace("127.0.0.1:3110", &rig.checks.to_string());
    std::fs::write(folder.path().join("Caddyfile"), format!("{SITE}{page}")).unwrap();
    let mut command = packaged("caddy");
    command.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]);
    command.env("HOME", &path);
    Proxy::start(folder, command, rig.front).await
}

#[tokio::test]
async fn caddy_carries_what_may_pass_and_reports_how_it_ended() {
    let (rig, upstream) = (Rig::start("caddy").await, Upstream::start().await);
    let proxy = start(&rig, &configuration(), &upstream).await;
    let log = async || reports(&proxy, "caddy.md", "support-console.ndjson").await;
    super::carries_and_reports(&rig, &upstream, log).await;
}

#[tokio::test]
async fn caddy_refuses_whatever_may_not_pass() {
    let (rig, upstream) = (Rig::start("caddy").await, Upstream::start().await);
    let _proxy = start(&rig, &configuration(), &upstream).await;
    super::refuses_whatever_may_not_pass(&rig, &upstream).await;
    super::lets_nothing_doubtful_through(&rig, &upstream).await;
}

#[tokio::test]
async fn no_protective_line_can_be_left_out_of_caddy() {
    let rig = Rig::start("caddy").await;
    let session = rig.session("acme", None, &["read_only"]).await;
    let page = configuration();
    let ok = "GET /v1/tenants/acme/things";
    let token = Landed::AtThePlatform(session.token.clone());
    let mut attacks = vec![
        Attack::new(
            "header_up -Authorization",
            rig.request(&session, ok, ""),
            token,
        ),
        Attack::new(
            "respond @takes_fields_away 400",
            rig.request(&session, ok, "Connection: close, Support-Tenant\r\n"),
            Landed::Requests(1),
        ),
        Attack::new(
            "header_down -Support-Identity",
            rig.request(&session, "GET /v1/tenants/acme/echoed", ""),
            Landed::WithTheClient("support-identity"),
        ),
        Attack::field(
            "request_header -Support-*",
            &rig,
            &session,
            "Support-Future",
        ),
        Attack::field("X-Request-Id", &rig, &session, "X-Request-Id"),
    ];
    let cleared = page.lines().filter_map(|line| {
        let name = line.trim().strip_prefix("header_up -")?;
        Some((line.trim(), name.replace('*', "Uri")))
    });
    let cleared = cleared.filter(|(_, name)| name != "Authorization");
    attacks.extend(cleared.map(|(line, name)| Attack::field(line, &rig, &session, &name)));
    assert!(attacks.len() > 14, "{}", attacks.len());
    prove(&rig, &page, attacks, async |page, upstream| {
        start(&rig, page, upstream).await
    })
    .await;
}

#[tokio::test]
async fn a_request_on_a_connection_that_breaks_is_not_sent_again_by_caddy() {
    let rig = Rig::start("caddy").await;
    let page = configuration();
    let attack = async |page: &str| {
        let upstream = Upstream::start().await;
        let proxy = start(&rig, page, &upstream).await;
        let again = super::is_sent_again(&rig, &upstream).await;
        proxy.stop().await;
        again
    };
    assert!(attack(&page::without(&page, "keepalive off")).await);
    assert!(!attack(&page).await);
}
