use std::path::Path;

use tokio::process::Command;

use super::{Attack, Landed, Proxy, Rig, page, prove};
use crate::support::upstream::Upstream;

/// Around a page.
const SITE: &str = "
daemon off;
master_process off;
pid FOLDER/pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
    MORE
    include FOLDER/page.conf;
}
";

/// A site that lets through, and keeps, whatever the page's own lines don't forbid.
const CARELESS: &str = "
    underscores_in_headers on;
    ignore_invalid_headers off;
    proxy_cache_path FOLDER/cache keys_zone=site:1m;
    proxy_cache site;
    proxy_cache_valid any 1h;
    proxy_ignore_headers Cache-Control;
";

/// The command that starts it with a page, and with more lines around the page.
pub(super) fn command(folder: &Path, more: &str, page: &str) -> Command {
    let path = folder.display().to_string();
    let site = SITE.replace("MORE", more).replace("FOLDER", &path);
    std::fs::write(folder.join("page.conf"), page).unwrap();
    std::fs::write(folder.join("nginx.conf"), site).unwrap();
    // Not everybody has /usr/sbin among the folders with programs.
    let packaged = Path::new("/usr/sbin/nginx");
    let found = packaged.exists().then_some(packaged);
    let mut command = Command::new(found.unwrap_or(Path::new("nginx")));
    command.args(["-e", "stderr", "-c", &format!("{path}/nginx.conf")]);
    command
}

fn configuration() -> String {
    page::block("nginx.md", "nginx")
}

async fn start(rig: &Rig, page: &str, upstream: &Upstream) -> Proxy {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let mut page = page::with(page, "127.0.0.1:3110", &rig.checks.to_string());
    page = page::with(&page, "listen 443 ssl;", &format!("listen {};", rig.front));
    page = page::with(&page, "/var/log/nginx", &path);
    page = page::with(&page, "10.0.0.5:8080", &upstream.address.to_string());
    for line in page
        .clone()
        .lines()
        .filter(|line| line.contains(" ssl_certificate"))
    {
        page = page::without(&page, line.trim());
    }
    let command = command(folder.path(), CARELESS, &page);
    Proxy::start(folder, command, rig.front).await
}

#[tokio::test]
async fn nginx_carries_what_may_pass_and_nothing_else() {
    let (rig, upstream) = (Rig::start("nginx").await, Upstream::start().await);
    let proxy = start(&rig, &configuration(), &upstream).await;
    let log = async || {
        let log = proxy.written_with("support-console.ndjson", "request_id");
        log.await
    };
    super::carries_what_may_pass_and_nothing_else(rig, &upstream, log).await;
}

/// Attacks that are stopped by a line that clears a field.
fn attacks_by_fields(rig: &Rig, page: &str) -> Vec<Attack> {
    let (outside, _) = page.split_once("location = ").unwrap();
    let lines = outside.lines().map(str::trim);
    let set = lines.filter_map(|line| {
        let name = line.strip_prefix("proxy_set_header ")?.split(' ').next()?;
        Some((line, name))
    });
    // Without lines for them nginx carries no WebSocket and its own name for the platform, no more.
    let cleared = set.filter(|(_, name)| !matches!(*name, "Connection" | "Upgrade" | "Host"));
    let attacks = cleared.map(|(line, name)| match name {
        "Authorization" => Attack::token(line, rig),
        name => Attack::field(line, rig, name),
    });
    attacks.collect()
}

/// Attacks that are stopped by a line that clears no field.
fn other_attacks(rig: &Rig, page: &str) -> Vec<Attack> {
    const OK: &str = "GET /v1/tenants/acme/things";
    let session = &rig.session;
    let through = |line: &str, method_and_path: &str, fields: &str| {
        let request = rig.request(session, method_and_path, fields);
        Attack::new(line, request, Landed::Requests(1))
    };
    let connection = page.lines().find(|line| line.contains("$http_connection"));
    let own_host = format!("Host: {}", rig.front);
    let host_line = "proxy_set_header X-Original-Host $host:$server_port;";
    let forged_host = format!("X-Original-{own_host}\r\n");
    let mut elsewhere = through(host_line, OK, &forged_host);
    elsewhere.request = elsewhere
        .request
        .replacen(&own_host, "Host: elsewhere.example", 1);
    let anonymous = format!("{OK} HTTP/1.1\r\n{own_host}\r\n\r\n");
    let twice = rig.request(session, "GET /v1/tenants/acme/slam", "");
    vec![
        elsewhere,
        Attack::new(
            "auth_request /.support-console/check;",
            anonymous,
            Landed::Requests(1),
        ),
        Attack::new("proxy_next_upstream off;", twice, Landed::Requests(2)),
        through(
            connection.unwrap().trim(),
            OK,
            "Connection: close, Support-Tenant\r\n",
        ),
        through(
            "proxy_set_header X-Original-Method $request_method;",
            "DELETE /v1/tenants/acme/things",
            "X-Original-Method: GET\r\n",
        ),
        through(
            "proxy_set_header X-Original-URI $request_uri;",
            "GET /v1/tenants/bolt/things",
            "X-Original-URI: /v1/tenants/acme/things\r\n",
        ),
        through(
            "proxy_set_header Upgrade $http_upgrade;",
            OK,
            "Connection: Upgrade\r\nUpgrade: websocket\r\n",
        ),
        Attack::new(
            "internal;",
            rig.request(session, "GET /.support-console/check", ""),
            Landed::WithTheClient("support-session"),
        ),
        Attack::echo("proxy_hide_header Support-Identity;", rig),
    ]
}

#[tokio::test]
async fn no_protective_line_can_be_left_out_of_nginx() {
    let rig = Rig::start("nginx").await;
    let page = configuration();
    let mut attacks = attacks_by_fields(&rig, &page);
    assert!(attacks.len() > 20, "{} fields", attacks.len());
    attacks.extend(other_attacks(&rig, &page));
    prove(&rig, &page, attacks, async |page, upstream| {
        // A platform of two servers, so that there is one to try next.
        let one = "server 10.0.0.5:8080;";
        let page = page::with(page, one, &format!("{one} {one}"));
        start(&rig, &page, upstream).await
    })
    .await;
    let ok = rig.request(&rig.session, "GET /v1/tenants/acme/things", "");

    // A site that keeps answers keeps no check.
    let token = format!("Authorization: Bearer {}\r\n", rig.session.token);
    let without = page::without(&page, "proxy_cache off;");
    for (page, expected) in [(&without, 200), (&page, 401)] {
        let upstream = Upstream::start().await;
        let proxy = start(&rig, page, &upstream).await;
        assert_eq!(rig.raw(&ok).await.status, 200);
        let anonymous = rig.raw(&ok.replace(&token, "")).await;
        assert_eq!(anonymous.status, expected, "{}", proxy.log());
        proxy.stop().await;
    }

    // The address is not a client's to claim.
    let line = "proxy_set_header X-Original-Address $remote_addr;";
    for (page, expected) in [
        (page::without(&page, line), "192.0.2.1"),
        (page, "127.0.0.1"),
    ] {
        let upstream = Upstream::start().await;
        let proxy = start(&rig, &page, &upstream).await;
        let forged = format!("{token}X-Original-Address: 192.0.2.1\r\n");
        assert_eq!(rig.raw(&ok.replace(&token, &forged)).await.status, 200);
        assert_eq!(rig.row(&rig.session).await["ip"], expected);
        proxy.stop().await;
    }
}
