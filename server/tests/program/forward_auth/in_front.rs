//! Proxies without forward-auth, which terminate TLS in front of the gateway.

use std::{net::SocketAddr, path::Path, sync::Arc};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{net::TcpStream, process::Command};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

use super::{HANDSHAKE, Proxy, nginx, page};
use crate::support::prelude::*;

/// A gateway behind such a proxy, with people and a platform.
struct Rig {
    upstream: Upstream,
    front: SocketAddr,
    program: Program,
    platform: Platform,
    staff: Staff,
    certificate: CertifiedKey<rcgen::KeyPair>,
}

impl Rig {
    async fn start() -> Self {
        let (upstream, front) = (Upstream::start().await, free_address());
        let rules = format!(
            r#"
            hosts = ["{front}"]
            tenant_binding = "identity"
            routes = ["/v1/tenants/{{tenant_id}}"]
            [[scopes]]
            name = "live"
            description = "Follow what happens."
            allow = [{{ methods = ["GET"], paths = ["/v1/tenants/{{tenant_id}}/live/**"], upgrade = "websocket" }}]
            "#
        );
        let program = Program::start_behind(&["127.0.0.1/32"], upstream.address, &rules).await;
        let (platform, staff) = acme_and_jo(&program).await;
        Self {
            upstream,
            front,
            program,
            platform,
            staff,
            certificate: generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap(),
        }
    }

    /// Writes the certificate and its key into one file of a folder.
    fn pem(&self, folder: &Path) -> String {
        let pem = folder.join("support-api.pem");
        let both = self.certificate.cert.pem() + &self.certificate.signing_key.serialize_pem();
        std::fs::write(&pem, both).unwrap();
        pem.display().to_string()
    }

    async fn nginx(&self, page: &str) -> Proxy {
        let folder = tempfile::tempdir().unwrap();
        let pem = self.pem(folder.path());
        // As nginx before 1.25 has it; later ones still take it.
        let http2 = page.lines().find(|line| line.contains("http2 on;"));
        let mut page = page::without(page, http2.unwrap().trim());
        let listen = format!("listen {} ssl http2;", self.front);
        page = page::with(&page, "listen 443 ssl;", &listen);
        page = page::with(&page, "/etc/nginx/support.crt", &pem);
        page = page::with(&page, "/etc/nginx/support.key", &pem);
        page = page::with(&page, "10.0.0.7:3100", &self.program.gateway.to_string());
        let command = nginx::command(folder.path(), "", &page);
        Proxy::start(folder, command, self.front).await
    }

    async fn haproxy(&self, page: &str) -> Proxy {
        let folder = tempfile::tempdir().unwrap();
        let mut page = page::with(page, ":443", &self.front.to_string());
        let pem = self.pem(folder.path());
        page = page::with(&page, "/etc/haproxy/support-api.pem", &pem);
        page = page::with(&page, "10.0.0.7:3100", &self.program.gateway.to_string());
        std::fs::write(folder.path().join("haproxy.cfg"), page).unwrap();
        // Not everybody has /usr/sbin among the folders with programs.
        let packaged = Path::new("/usr/sbin/haproxy");
        let found = packaged.exists().then_some(packaged);
        let mut command = Command::new(found.unwrap_or(Path::new("haproxy")));
        command.args(["-db", "-f", "haproxy.cfg"]);
        Proxy::start(folder, command, self.front).await
    }

    async fn client(&self) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.cert.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tcp = TcpStream::connect(self.front).await.unwrap();
        let name = ServerName::from(self.front.ip());
        let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp);
        Client::over(tls.await.unwrap())
    }

    /// Sends a request of that session; `fields` end with CRLF each.
    async fn ask(&self, session: &Granted, path: &str, fields: &str) -> Client {
        let mut client = self.client().await;
        let request = format!(
            "GET /v1/tenants/acme/{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n{fields}\r\n",
            self.front, session.token
        );
        client.send(request.as_bytes()).await;
        client
    }

    async fn rows(&self, session: &Granted) -> Vec<serde_json::Value> {
        let path = format!("/support-sessions/{}/access-log", session.id);
        let log = self.platform.get(&path).await;
        log["items"].as_array().unwrap().clone()
    }
}

/// Whatever may pass does, nothing else does, and the end of a session cuts what is open.
async fn keeps_the_gateways_promises(rig: &Rig) {
    let scopes = ["read_only", "live"];
    let session = rig.staff.create_session_with("acme", &scopes).await;

    let answer = rig
        .ask(&session, "things", "Cookie: a=secret\r\n")
        .await
        .answer()
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = rig.upstream.text().to_lowercase();
    assert!(seen.contains("support-tenant: acme\r\n"), "{seen}");
    assert!(!seen.contains("secret") && !seen.contains(&session.token.to_lowercase()));
    let refused = rig.ask(&session, "a/../b", "").await.answer().await;
    assert_eq!(refused.status, 400);

    let mut socket = rig.ask(&session, "live/socket", HANDSHAKE).await;
    let head = socket.read_until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    let mut stream = rig.ask(&session, "stream", "").await;
    stream.read_until("chunk 1;").await;
    rig.staff.revoke(&session.id).await;
    let streamed = stream.answer().await;
    assert_eq!((streamed.status, streamed.complete), (200, false));
    socket.rest().await;
    let after = rig.ask(&session, "things", "").await.answer().await;
    assert_eq!(after.status, 401);
    until("the end of every row", async || {
        let rows = rig.rows(&session).await;
        let open = rows.iter().filter(|row| row["outcome"] == "open");
        (open.count() == 0).then_some(())
    })
    .await;
}

/// The client's address is the proxy's word by this line of the page, and not a client's to claim.
async fn takes_addresses_from_the_proxy(
    rig: &Rig,
    page: &str,
    line: &str,
    start: impl AsyncFn(&str) -> Proxy,
) {
    let session = rig.staff.create_session_with("acme", &["read_only"]).await;
    for (page, ip) in [
        (&page::without(page, line)[..], "192.0.2.1"),
        (page, "127.0.0.1"),
    ] {
        let proxy = start(page).await;
        let forged = "X-Forwarded-For: 192.0.2.1\r\n";
        let answer = rig.ask(&session, "things", forged).await.answer().await;
        assert_eq!(answer.status, 200);
        assert_eq!(rig.rows(&session).await[0]["ip"], ip);
        proxy.stop().await;
    }
}

#[tokio::test]
async fn haproxy_ends_tls_before_a_gateway_whose_promises_hold() {
    let rig = Rig::start().await;
    let page = page::block("haproxy.md", "haproxy");
    let proxy = rig.haproxy(&page).await;
    keeps_the_gateways_promises(&rig).await;
    proxy.stop().await;
    let line = "http-request set-header X-Forwarded-For %[src]";
    takes_addresses_from_the_proxy(&rig, &page, line, async |page| rig.haproxy(page).await).await;
}

#[tokio::test]
async fn nginx_ends_tls_before_a_gateway_whose_promises_hold() {
    let rig = Rig::start().await;
    let page = page::block("nginx-in-front.md", "nginx");
    let proxy = rig.nginx(&page).await;
    keeps_the_gateways_promises(&rig).await;
    proxy.stop().await;
    let line = "proxy_set_header X-Forwarded-For $remote_addr;";
    takes_addresses_from_the_proxy(&rig, &page, line, async |page| rig.nginx(page).await).await;
    // What the page says about the line for HTTP/1.1.
    let proxy = rig
        .nginx(&page::without(&page, "proxy_http_version 1.1;"))
        .await;
    let session = rig.staff.create_session_with("acme", &["read_only"]).await;
    let answer = rig.ask(&session, "things", "").await.answer().await;
    assert_eq!(answer.status, 505, "{}", answer.text());
    proxy.stop().await;
}
