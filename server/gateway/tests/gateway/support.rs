//! A gateway with everything around it.

pub(crate) mod client;
pub(crate) mod frames;
pub(crate) mod pages;
pub(crate) mod pki;
pub(crate) mod store;
pub(crate) mod upstream;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::Deref,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use gateway::{
    Gateway, GatewayConfig, GatewayParts, GatewaySettings, Lease, NodeState, SessionGates, UNREAD,
    clock::{Clock, ManualClock},
    entropy::SeededEntropy,
    identities::{Identities, IdentityKeys},
    ports::{BrowserSessions, Ended, HeldSessions, KnownSession, Recorder, Sessions},
    scopes::ScopeConfig,
    serve_within,
    token::{Token, TokenKind},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::{
    client::Client,
    store::MemoryStore,
    upstream::{Seen, Upstream},
};

/// A node with its store and its clock, and a support session.
pub(crate) struct Scene {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) node: Arc<NodeState>,
    pub(crate) gates: Arc<SessionGates>,
    pub(crate) clock: ManualClock,
    pub(crate) session: KnownSession,
    pub(crate) token: String,
}

impl Scene {
    /// With the text of the rules under which the session was created, if they are kept.
    pub(crate) fn new(
        created_under: Option<&str>,
        organization: Option<&str>,
        scopes: &[&str],
    ) -> Self {
        let clock = ManualClock::at(noon());
        let store = MemoryStore::new(clock.clone());
        if let Some(rules) = created_under {
            store.keep_rules(rules);
        }
        let token = Token::generate(TokenKind::SupportSession, &SeededEntropy::new(9));
        let session = store.add(&token, organization, scopes);
        let node = NodeState::new(Lease::new(Arc::new(clock.clone())));
        node.lease.renew(FOR_EVER);
        Self {
            store,
            gates: Arc::clone(&node.gates),
            node,
            clock,
            session,
            token: token.expose().to_owned(),
        }
    }

    /// Another node that has room for so many requests.
    fn limit(&mut self, places: usize) {
        self.node = NodeState::with_places(Arc::clone(&self.node.lease), places);
        self.gates = Arc::clone(&self.node.gates);
    }

    /// The head of a request at `address` with the session's token, up to and without the empty line.
    pub(crate) fn head_at(&self, address: SocketAddr, line: &str) -> String {
        format!(
            "{line} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n",
            self.token
        )
    }

    /// As a service does it: close, commit, end. Returns how many requests were cut.
    pub(crate) async fn revoke(&self) -> usize {
        let closed = self.gates.close(self.session.id).await;
        self.store.revoke(self.session.id);
        closed.commit(Ended::Revoked).requests
    }
}

/// A gateway and its upstream.
pub(crate) struct Rig {
    scene: Scene,
    pub(crate) upstream: Upstream,
    pub(crate) address: SocketAddr,
    pub(crate) identities: Arc<Identities>,
    config: GatewayConfig,
    scopes: Vec<ScopeConfig>,
    pub(crate) gateway: Arc<Gateway>,
    shutdown: CancellationToken,
}

impl Deref for Rig {
    type Target = Scene;

    fn deref(&self) -> &Scene {
        &self.scene
    }
}

/// What differs between rigs.
pub(crate) struct Wanted {
    pub(crate) binding: &'static str,
    pub(crate) organization: &'static str,
    pub(crate) session_organization: Option<&'static str>,
    pub(crate) scopes: &'static [&'static str],
    /// More of the `[gateway]` table, before its own tables.
    pub(crate) more: &'static str,
    /// `[[scopes]]` in addition to `all:write`.
    pub(crate) more_scopes: &'static str,
    /// How many requests may be open at once, if not as many as the machine allows.
    pub(crate) places: Option<usize>,
    /// For how long a client may leave an answer unread.
    pub(crate) unread: Duration,
    /// The hash of the rules under which the session was created. Their text is in the store.
    pub(crate) created_under: Option<&'static str>,
    /// `http` or `https`, as clients call the gateway.
    pub(crate) scheme: &'static str,
    pub(crate) listen: IpAddr,
    /// The lines that say where requests go; without any, to the rig's upstream.
    pub(crate) upstream: Option<String>,
    pub(crate) timeouts: &'static str,
    pub(crate) tables: String,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            binding: "path",
            organization: "none",
            session_organization: None,
            scopes: &["read_only", "all:write"],
            more: "",
            more_scopes: "",
            places: None,
            unread: UNREAD,
            created_under: None,
            scheme: "http",
            listen: Ipv4Addr::LOCALHOST.into(),
            upstream: None,
            timeouts: "connect_ms = 2000\nfirst_byte_ms = 2000\nidle_ms = 20000",
            tables: String::new(),
        }
    }
}

/// The console in whose name the gateway signs.
pub(crate) const ISSUER: &str = "https://console.example.com";

/// A lease that is renewed from here is held until it is given up.
pub(crate) const FOR_EVER: Duration = Duration::from_hours(1_000_000);

pub(crate) fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::with(Wanted::default()).await
    }

    pub(crate) async fn with(wanted: Wanted) -> Self {
        let upstream = Upstream::start().await;
        Self::before(upstream, wanted).await
    }

    pub(crate) async fn before(upstream: Upstream, wanted: Wanted) -> Self {
        let (rules, organization) = (wanted.created_under, wanted.session_organization);
        let mut scene = Scene::new(rules, organization, wanted.scopes);
        if let Some(places) = wanted.places {
            scene.limit(places);
        }
        let store = &scene.store;
        let keys = IdentityKeys::throwaway(&SeededEntropy::new(2));
        let identities = Identities::new(ISSUER, keys);
        let listener = TcpListener::bind((wanted.listen, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = config(address, upstream.address, &wanted);
        let gateway = Gateway::new(GatewayParts {
            settings: validated(&config, &scopes(&wanted)),
            sessions: Arc::clone(store) as Arc<dyn Sessions>,
            browser_sessions: Arc::clone(store) as Arc<dyn BrowserSessions>,
            held_sessions: Arc::clone(store) as Arc<dyn HeldSessions>,
            console_url: ISSUER.to_owned(),
            recorder: Arc::clone(store) as Arc<dyn Recorder>,
            node: Arc::clone(&scene.node),
            identities: Arc::clone(&identities),
            clock: Arc::new(scene.clock.clone()) as Arc<dyn Clock>,
            entropy: Arc::new(SeededEntropy::new(1)),
        });
        let shutdown = CancellationToken::new();
        let serving = serve_within(
            wanted.unread,
            listener,
            Arc::clone(&gateway),
            shutdown.clone(),
        );
        tokio::spawn(serving);
        Self {
            scene,
            upstream,
            address,
            identities,
            config,
            scopes: scopes(&wanted),
            gateway,
            shutdown,
        }
    }

    /// The parts of the gateway again.
    pub(crate) fn settings(&self) -> GatewaySettings {
        validated(&self.config, &self.scopes)
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// The head of a request with this rig's token, up to and without the empty line.
    pub(crate) fn head(&self, line: &str) -> String {
        self.head_at(self.address, line)
    }

    /// One request without a body over its own connection.
    pub(crate) async fn ask(&self, line: &str) -> client::Answer {
        self.raw(&format!("{}\r\n", self.head(line))).await
    }

    /// Raw bytes over their own connection.
    pub(crate) async fn raw(&self, bytes: &str) -> client::Answer {
        let mut client = self.client().await;
        client.send(bytes.as_bytes()).await;
        client.answer().await
    }

    /// A client that has sent a request without a body.
    pub(crate) async fn asking(&self, line: &str) -> Client {
        let mut client = self.client().await;
        client
            .send(format!("{}\r\n", self.head(line)).as_bytes())
            .await;
        client
    }

    /// A client that has read the beginning of a stream.
    pub(crate) async fn streaming(&self) -> Client {
        let mut client = self.asking("GET /v1/tenants/acme/stream").await;
        client.read_until("chunk 1;").await;
        client
    }

    /// A client whose request the upstream has, and does not answer.
    pub(crate) async fn hanging(&self) -> Client {
        let client = self.asking("GET /v1/tenants/acme/hang").await;
        self.one_request_arrives().await;
        client
    }

    /// Waits until the upstream has one request whole on some connection.
    pub(crate) async fn one_request_arrives(&self) {
        let arrived = |seen: &[Seen]| seen.iter().any(|s| s.requests == 1);
        self.upstream.until(arrived).await;
    }

    /// Waits until every connection to the upstream has ended.
    pub(crate) async fn all_upstream_ends(&self) -> Vec<Seen> {
        let ended = |seen: &[Seen]| seen.iter().all(|s| s.ended.is_some());
        self.upstream.until(ended).await
    }

    /// A client that has sent the first part of a body, which `upstream` has.
    pub(crate) async fn uploading(&self, last: &str, upstream: &Upstream) -> Client {
        let mut client = self.client().await;
        let head = self.head(&format!("POST /v1/tenants/acme/{last}"));
        let begun = format!("{head}Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
        client.send(begun.as_bytes()).await;
        upstream
            .until(|seen| seen.iter().any(|s| s.text().contains("one")))
            .await;
        client
    }

    /// A second session of the same tenant, with its token.
    pub(crate) fn another_session(&self) -> (KnownSession, String) {
        let token = Token::generate(TokenKind::SupportSession, &SeededEntropy::new(10));
        let session = self.store.add(&token, None, &["read_only"]);
        (session, token.expose().to_owned())
    }

    pub(crate) fn stop(&self) {
        self.shutdown.cancel();
    }
}

fn validated(config: &GatewayConfig, scopes: &[ScopeConfig]) -> GatewaySettings {
    config
        .validate(scopes, &["127.0.0.1/32".parse().unwrap()])
        .unwrap()
}

fn config(address: SocketAddr, upstream: SocketAddr, wanted: &Wanted) -> GatewayConfig {
    let credential = "Bearer upstream-credential";
    let alone =
        || format!("upstream = \"http://{upstream}\"\nupstream_authorization = \"{credential}\"");
    let upstream = wanted.upstream.clone().unwrap_or_else(alone);
    let text = format!(
        r#"
        listen = "{address}"
        public_url = "{}://{address}"
        hosts = ["other.example"]
        {upstream}
        tenant_binding = "{}"
        organization = "{}"
        routes = [
            "/v1/tenants/{{tenant_id}}",
            "/v1/tenants/{{tenant_id}}/organizations/{{organization_id}}",
        ]
        {}
        [selectors]
        query = ["tenant_id"]
        headers = ["x-tenant-id"]
        organization_query = ["organization_id"]
        organization_headers = ["x-organization-id"]
        [timeouts]
        {}
        {}
        "#,
        wanted.scheme,
        wanted.binding,
        wanted.organization,
        wanted.more,
        wanted.timeouts,
        wanted.tables
    );
    toml::from_str(&text).unwrap()
}

fn scopes(wanted: &Wanted) -> Vec<ScopeConfig> {
    #[derive(serde::Deserialize)]
    struct File {
        scopes: Vec<ScopeConfig>,
    }
    let text = format!(
        r#"
        [[scopes]]
        name = "all:write"
        description = "Change everything."
        allow = [{{ methods = ["POST", "PUT", "PATCH", "DELETE"], paths = ["/**"] }}]
        {}
        "#,
        wanted.more_scopes
    );
    toml::from_str::<File>(&text).unwrap().scopes
}
