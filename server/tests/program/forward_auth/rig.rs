//! A program that answers checks, with people, keys and an address for the proxy.

use std::net::SocketAddr;

use serde_json::Value;

pub(super) use crate::support::people::Granted;
use crate::support::prelude::*;

/// As written on the documentation pages.
const SECRET: &str = "put-the-secret-here-0123456789abcdef";

pub(super) struct Rig {
    pub(super) profile: &'static str,
    /// Where the proxy is to listen.
    pub(super) front: SocketAddr,
    /// Where checks are answered.
    pub(super) checks: SocketAddr,
    pub(super) platform_key: String,
    pub(super) report_key: String,
    /// A support session of the tenant `acme` that may read.
    pub(super) session: Granted,
    program: Program,
    platform: Platform,
    staff: Staff,
}

impl Rig {
    pub(super) async fn start(profile: &'static str) -> Self {
        let (front, checks) = (free_address(), free_address());
        let rules = format!(
            r#"
            hosts = ["{front}"]
            tenant_binding = "identity"
            organization = "header"
            routes = [
                "/v1/tenants/{{tenant_id}}",
                "/v1/tenants/{{tenant_id}}/organizations/{{organization_id}}",
            ]
            [forward_auth]
            profile = "{profile}"
            listen = "{checks}"
            secret = "{SECRET}"
            [[scopes]]
            name = "live"
            description = "Follow what happens."
            allow = [{{ methods = ["GET"], paths = ["/v1/tenants/{{tenant_id}}/live/**"], upgrade = "websocket" }}]
            "#
        );
        // The gateway as a proxy is not tested here.
        let unused = Upstream::start().await;
        let program = Program::start(unused.address, &rules).await;
        let platform = Platform::of(&program).await;
        for tenant in ["acme", "bolt"] {
            platform.register(tenant).await;
        }
        let staff = Staff::of(&program, "jo").await;
        let make = ["api-key", "create", "--name", "key", "--right"];
        let key = async |right| {
            let key = program.run(&[&make[..], &[right]].concat(), "").await;
            key.trim().to_owned()
        };
        Self {
            profile,
            front,
            checks,
            platform_key: key("tenants:write").await,
            report_key: key("access_log:complete").await,
            session: staff.create_session_with("acme", &["read_only"]).await,
            program,
            platform,
            staff,
        }
    }

    /// A support session with these scopes; of one organization with every scope.
    pub(super) async fn session(
        &self,
        tenant: &str,
        organization: Option<&str>,
        scopes: &[&str],
    ) -> Granted {
        match organization {
            Some(_) => self.staff.create_session(tenant, organization).await,
            None => self.staff.create_session_with(tenant, scopes).await,
        }
    }

    /// Ends the program, and with it the listener for checks.
    pub(super) async fn end(&mut self) {
        self.program.kill().await;
    }

    /// Revokes a support session.
    pub(super) async fn revoke(&self, session: &Granted) {
        self.staff.revoke(&session.id).await;
    }

    /// A request head of that session for the proxy; `fields` end with CRLF each.
    pub(super) fn request(&self, session: &Granted, line: &str, fields: &str) -> String {
        format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n{fields}\r\n",
            self.front, session.token
        )
    }

    /// Raw bytes to the proxy over their own connection.
    pub(super) async fn raw(&self, bytes: &str) -> Answer {
        let mut client = Client::connect(self.front).await;
        client.send(bytes.as_bytes()).await;
        client.answer().await
    }

    /// Sends raw bytes to the proxy. Returns only the status of its answer, whose body may never
    /// end.
    pub(super) async fn status_of(&self, bytes: &str) -> u16 {
        let mut client = Client::connect(self.front).await;
        client.send(bytes.as_bytes()).await;
        client.answer_to(true).await.status
    }

    /// The latest row of a session's access log.
    pub(super) async fn row(&self, session: &Granted) -> Value {
        let path = format!("/support-sessions/{}/access-log", session.id);
        self.platform.get(&path).await["items"][0].clone()
    }

    /// Sends a proxy's access log; status and answer.
    pub(super) async fn report(&self, key: &str, lines: &str) -> (u16, Value) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{}/api/v1/access-log/complete", self.program.console);
        let request = http.post(url).bearer_auth(key).body(lines.to_owned());
        let request = request.header("content-type", "application/x-ndjson");
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }
}
