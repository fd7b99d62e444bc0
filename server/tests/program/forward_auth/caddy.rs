use super::{
    Attack, Landed, Proxy, Rig, needs_a_line_to_send_once, page, prove,
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
async fn caddy_carries_what_may_pass_and_nothing_else() {
    let (rig, upstream) = (Rig::start("caddy").await, Upstream::start().await);
    let proxy = start(&rig, &configuration(), &upstream).await;
    let log = async || reports(&proxy, "caddy.md", "support-console.ndjson", "/things").await;
    super::carries_what_may_pass_and_nothing_else(rig, &upstream, log).await;
}

#[tokio::test]
async fn no_protective_line_can_be_left_out_of_caddy() {
    let rig = Rig::start("caddy").await;
    let page = configuration();
    let names_ours = "Connection: close, Support-Tenant\r\n";
    let mut attacks = vec![
        Attack::token("header_up -Authorization", &rig),
        Attack::new(
            "respond @takes_fields_away 400",
            rig.request(&rig.session, "GET /v1/tenants/acme/things", names_ours),
            Landed::Requests(1),
        ),
        Attack::echo("header_down -Support-Identity", &rig),
        Attack::field("request_header -Support-*", &rig, "Support-Future"),
        Attack::field("X-Request-Id", &rig, "X-Request-Id"),
    ];
    let cleared = page.lines().filter_map(|line| {
        let name = line.trim().strip_prefix("header_up -")?;
        Some((line.trim(), name.replace('*', "Uri")))
    });
    let cleared = cleared.filter(|(_, name)| name != "Authorization");
    attacks.extend(cleared.map(|(line, name)| Attack::field(line, &rig, &name)));
    assert!(attacks.len() > 14, "{}", attacks.len());
    let start = async |page: &str, upstream: &Upstream| start(&rig, page, upstream).await;
    prove(&rig, &page, attacks, start).await;
    needs_a_line_to_send_once(&rig, &page, "keepalive off", start).await;
}
