use std::path::Path;

use tokio::process::Command;

use super::{Attack, Granted, Landed, Proxy, Rig, page, prove};
use crate::support::upstream::Upstream;

/// Around the page: a site that lets through, and keeps, whatever the page's own lines don't forbid.
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
    underscores_in_headers on;
    ignore_invalid_headers off;
    proxy_cache_path FOLDER/cache keys_zone=site:1m;
    proxy_cache site;
    proxy_cache_valid any 1h;
    proxy_ignore_headers Cache-Control;
    include FOLDER/page.conf;
}
";

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
    std::fs::write(folder.path().join("page.conf"), page).unwrap();
    std::fs::write(
        folder.path().join("nginx.conf"),
        SITE.replace("FOLDER", &path),
    )
    .unwrap();
    // Not everybody has /usr/sbin among the folders with programs.
    let packaged = Path::new("/usr/sbin/nginx");
    let mut command = Command::new(if packaged.exists() {
        packaged
    } else {
        Path::new("nginx")
    });
    command.args(["-e", "stderr", "-c", &format!("{path}/nginx.conf")]);
    Proxy::start(folder, command, rig.front).await
}

#[tokio::test]
async fn nginx_carries_what_may_pass_and_reports_how_it_ended() {
    let (rig, upstream) = (Rig::start("nginx").await, Upstream::start().await);
    let proxy = start(&rig, &configuration(), &upstream).await;
    let log = async || {
        proxy
            .written_with("support-console.ndjson", "request_id")
            .await
    };
    super::carries_and_reports(&rig, &upstream, log).await;
}

#[tokio::test]
async fn nginx_refuses_whatever_may_not_pass() {
    let (rig, upstream) = (Rig::start("nginx").await, Upstream::start().await);
    let _proxy = start(&rig, &configuration(), &upstream).await;
    super::refuses_whatever_may_not_pass(&rig, &upstream).await;
    super::lets_nothing_doubtful_through(&rig, &upstream).await;
}

#[tokio::test]
async fn no_line_that_clears_a_field_can_be_left_out_of_nginx() {
    let rig = Rig::start("nginx").await;
    let session = rig.session("acme", None, &["read_only"]).await;
    let page = configuration();
    let (outside, _) = page.split_once("location = ").unwrap();
    let mut attacks = Vec::new();
    for line in outside.lines().map(str::trim) {
        let set = line.strip_prefix("proxy_set_header ");
        let name = set.and_then(|set| set.split(' ').next());
        // Without a line for it nginx closes each connection to the platform, no more.
        let Some(name) = name.filter(|name| *name != "Connection") else {
            continue;
        };
        attacks.push(if name == "Authorization" {
            let request = rig.request(&session, "GET /v1/tenants/acme/things", "");
            Attack::new(line, request, Landed::AtThePlatform(session.token.clone()))
        } else {
            Attack::field(line, &rig, &session, name)
        });
    }
    assert!(
        attacks.len() > 20,
        "the page clears {} fields",
        attacks.len()
    );
    prove(&rig, &page, attacks, async |page, upstream| {
        start(&rig, page, upstream).await
    })
    .await;
}

/// Attacks that are stopped by a line that clears no field.
fn other_attacks(rig: &Rig, session: &Granted, page: &str) -> Vec<Attack> {
    const OK: &str = "GET /v1/tenants/acme/things";
    let through = |line: &str, method_and_path: &str, fields: &str| {
        let request = rig.request(session, method_and_path, fields);
        Attack::new(line, request, Landed::Requests(1))
    };
    let with_client = |line: &str, method_and_path: &str, name: &'static str| {
        let request = rig.request(session, method_and_path, "");
        Attack::new(line, request, Landed::WithTheClient(name))
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
            "Connection: Upgrade\r\nUpgrade: x\r\n",
        ),
        with_client(
            "internal;",
            "GET /.support-console/check",
            "support-session",
        ),
        with_client(
            "proxy_hide_header Support-Identity;",
            "GET /v1/tenants/acme/echoed",
            "support-identity",
        ),
    ]
}

#[tokio::test]
async fn no_other_protective_line_can_be_left_out_of_nginx() {
    let rig = Rig::start("nginx").await;
    let session = rig.session("acme", None, &["read_only"]).await;
    let page = configuration();
    let attacks = other_attacks(&rig, &session, &page);
    prove(&rig, &page, attacks, async |page, upstream| {
        // A platform of two servers, so that there is one to try next.
        let one = "server 10.0.0.5:8080;";
        let page = page::with(page, one, &format!("{one} {one}"));
        start(&rig, &page, upstream).await
    })
    .await;
}

#[tokio::test]
async fn a_site_of_nginx_that_keeps_answers_keeps_no_check() {
    let rig = Rig::start("nginx").await;
    let session = rig.session("acme", None, &["read_only"]).await;
    let line = "proxy_cache off;";
    for (page, expected) in [
        (page::without(&configuration(), line), 200),
        (configuration(), 401),
    ] {
        let upstream = Upstream::start().await;
        let proxy = start(&rig, &page, &upstream).await;
        let request = rig.request(&session, "GET /v1/tenants/acme/things", "");
        assert_eq!(rig.raw(&request).await.status, 200);
        let token = format!("Authorization: Bearer {}\r\n", session.token);
        let anonymous = rig.raw(&request.replace(&token, "")).await;
        assert_eq!(anonymous.status, expected, "{}", proxy.log());
        proxy.stop().await;
    }
}

#[tokio::test]
async fn the_address_that_nginx_records_is_the_clients_own() {
    let rig = Rig::start("nginx").await;
    let session = rig.session("acme", None, &["read_only"]).await;
    let line = "proxy_set_header X-Original-Address $remote_addr;";
    for (page, expected) in [
        (page::without(&configuration(), line), "192.0.2.1"),
        (configuration(), "127.0.0.1"),
    ] {
        let upstream = Upstream::start().await;
        let proxy = start(&rig, &page, &upstream).await;
        let forged = "X-Original-Address: 192.0.2.1\r\n";
        let request = rig.request(&session, "GET /v1/tenants/acme/things", forged);
        assert_eq!(rig.raw(&request).await.status, 200);
        assert_eq!(rig.row(&session).await["ip"], expected);
        proxy.stop().await;
    }
}
