//! An axum application with the layer, and a session that sends requests.

use std::{
    net::SocketAddr,
    ops::Deref,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use app::domain::access_log::Refusal;
use axum::{Extension, Router, extract::Request, middleware::from_fn};
use gateway::{
    LayerParts, SupportSessionLayer,
    clock::Clock,
    config::{HiddenConfig, OrganizationBinding, SelectorConfig, TenantBinding},
    entropy::SeededEntropy,
    layer::{PeerAddress, default_request_headers},
    ports::{Recorder, Sessions},
    rules::RuleSource,
    scopes::ScopeConfig,
};
use http::{Version, header};
use serde_json::Value;
use tokio::net::TcpListener;
use tower::{Layer as _, ServiceExt as _};

use super::handlers::{Seen, api, move_address, serve_a_copy_too};
use crate::support::{
    Scene,
    client::{Answer, Client, PATIENCE},
};

pub(super) struct Rig {
    scene: Scene,
    pub(super) address: SocketAddr,
    pub(super) seen: Seen,
    /// The same application, for requests that no socket carries.
    router: Router,
}

impl Deref for Rig {
    type Target = Scene;

    fn deref(&self) -> &Scene {
        &self.scene
    }
}

/// How the platform puts the layer into its application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Inside a nested router, which has cut off `/v1/tenants`.
    Nested,
    /// Inside routers nested in each other, by patterns.
    NestedDeeply,
    /// Around the routes of the outermost router.
    Outermost,
    /// Around the outermost router itself.
    AroundRouters,
    /// Nested, letting those pass who are not of support.
    PassingOthers,
    /// Around the outermost router, letting those pass who are not of support.
    PassingOthersAroundRouters,
    /// Twice, where the inner one lets those pass who are not of support.
    Twice,
    /// Behind something that serves another address than the client's.
    BehindRewriting,
    /// Before something that serves another address than the client's.
    BeforeRewriting,
    /// Before something that serves a copy of the request too, under another method.
    BeforeCopying,
    /// On a server that does not say where requests come from.
    WithoutPeer,
    Missing,
}

/// The session's permissions, and its rules.
pub(super) struct Wanted {
    pub(super) organization: Option<&'static str>,
    pub(super) scopes: &'static [&'static str],
    pub(super) rules: RuleSource,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            organization: None,
            scopes: &["read_only", "notes:write", "chat"],
            rules: rules(),
        }
    }
}

fn rules() -> RuleSource {
    RuleSource {
        tenant_binding: TenantBinding::Path,
        tenant_host: None,
        organization: OrganizationBinding::None,
        routes: vec![
            "/v1/tenants/{tenant_id}".into(),
            "/v1/tenants/{tenant_id}/organizations/{organization_id}".into(),
        ],
        selectors: SelectorConfig {
            query: vec!["tenant_id".into()],
            ..SelectorConfig::default()
        },
        hidden: HiddenConfig::default(),
        scopes: scopes(),
    }
}

/// Each tenant has its own host name.
pub(super) fn rules_by_host() -> RuleSource {
    RuleSource {
        tenant_binding: TenantBinding::Host,
        tenant_host: Some("{tenant_id}.api.example".into()),
        routes: Vec::new(),
        ..rules()
    }
}

/// A session that may read by the `read_only` of `text`, in an application that goes by our identity.
pub(super) fn reading_by(text: &str) -> Wanted {
    Wanted {
        organization: None,
        scopes: &["read_only"],
        rules: RuleSource {
            tenant_binding: TenantBinding::Identity,
            routes: Vec::new(),
            scopes: scopes_of(text),
            ..rules()
        },
    }
}

fn scopes_of(text: &str) -> Vec<ScopeConfig> {
    #[derive(serde::Deserialize)]
    struct File {
        scopes: Vec<ScopeConfig>,
    }
    toml::from_str::<File>(text).unwrap().scopes
}

fn scopes() -> Vec<ScopeConfig> {
    let text = r#"
        [[scopes]]
        name = "notes:write"
        description = "Write notes."
        allow = [{ methods = ["POST"], paths = ["/v1/tenants/{tenant_id}/notes", "/v1/tenants/{tenant_id}/parted"] }]
        [[scopes]]
        name = "chat"
        description = "Chat."
        allow = [{ methods = ["GET"], paths = ["/v1/tenants/{tenant_id}/chat"], upgrade = "websocket" }]
    "#;
    scopes_of(text)
}

impl Rig {
    pub(super) async fn new(place: Place) -> Self {
        Self::with(place, Wanted::default()).await
    }

    pub(super) async fn with(place: Place, wanted: Wanted) -> Self {
        let scene = Scene::new(None, wanted.organization, wanted.scopes);
        let store = &scene.store;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let layer = SupportSessionLayer::new(LayerParts {
            rules: Arc::new(wanted.rules.compile().unwrap()),
            hosts: vec![address.to_string()],
            request_headers: default_request_headers(),
            trusted_proxies: Vec::new(),
            sessions: Arc::clone(store) as Arc<dyn Sessions>,
            recorder: Arc::clone(store) as Arc<dyn Recorder>,
            node: Arc::clone(&scene.node),
            clock: Arc::new(scene.clock.clone()) as Arc<dyn Clock>,
            entropy: Arc::new(SeededEntropy::new(1)),
            record_timeout: PATIENCE,
        });
        let seen = Seen::of(store);
        let router = application(place, api(seen.clone()), layer);
        let served = router.clone();
        tokio::spawn(async move {
            if place == Place::WithoutPeer {
                axum::serve(listener, served).await.unwrap();
            } else {
                let served = served.into_make_service_with_connect_info::<SocketAddr>();
                axum::serve(listener, served).await.unwrap();
            }
        });
        Self {
            scene,
            address,
            seen,
            router,
        }
    }

    pub(super) fn head(&self, line: &str) -> String {
        self.head_at(self.address, line)
    }

    pub(super) async fn raw(&self, bytes: &str) -> Answer {
        let mut client = Client::connect(self.address).await;
        client.send(bytes.as_bytes()).await;
        client.answer_to(bytes.starts_with("HEAD ")).await
    }

    pub(super) async fn ask(&self, line: &str) -> Answer {
        self.raw(&format!("{}\r\n", self.head(line))).await
    }

    /// Asks without a credential, or with another one.
    pub(super) async fn ask_as(&self, line: &str, fields: &str) -> Answer {
        let head = format!("{line} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", self.address);
        self.raw(&head).await
    }

    /// As a server of HTTP/2 hands a request on, with the authority in its address.
    pub(super) fn in_http_2(&self, method: &str, authority: &str, path: &str) -> Request {
        let mut request = Request::builder()
            .method(method)
            .version(Version::HTTP_2)
            .uri(format!("http://{authority}{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(axum::body::Body::empty())
            .unwrap();
        let peer = PeerAddress([127, 0, 0, 1].into());
        request.extensions_mut().insert(peer);
        request
    }

    /// Status and JSON of the answer to a request that no socket carries.
    pub(super) async fn handed(&self, request: Request) -> (u16, Value) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), 65_536).await;
        (
            status,
            serde_json::from_slice(&body.unwrap()).unwrap_or_default(),
        )
    }

    /// How often a handler was reached.
    pub(super) fn calls(&self) -> usize {
        self.seen.calls.load(Ordering::SeqCst)
    }

    /// Why requests were refused in the session, in order.
    pub(super) fn refusals(&self) -> Vec<Refusal> {
        self.store.refused().iter().map(|r| r.refusal).collect()
    }

    /// A request to `path` whose handler has been reached.
    pub(super) async fn reached(&self, path: &str) -> Client {
        let before = self.calls();
        let mut client = Client::connect(self.address).await;
        let head = self.head(&format!("GET /v1/tenants/acme/{path}"));
        client.send(format!("{head}\r\n").as_bytes()).await;
        until(|| self.calls() > before).await;
        client
    }
}

fn application(place: Place, api: Router, layer: SupportSessionLayer) -> Router {
    let nest = |api: Router| Router::new().nest("/v1/tenants", api);
    match place {
        Place::Nested | Place::WithoutPeer => nest(api.layer(layer)),
        Place::NestedDeeply => {
            let tenants = Router::new().nest("/{kind}", api.layer(layer));
            Router::new().nest("/{version}", tenants)
        }
        Place::PassingOthers => nest(api.layer(layer.passing_others())),
        Place::Twice => nest(api.layer(layer.clone().passing_others())).layer(layer),
        Place::Outermost => nest(api).layer(layer),
        Place::AroundRouters => {
            // As a service, as axum's own server would serve it.
            Router::new().fallback_service(layer.layer(nest(api)))
        }
        Place::PassingOthersAroundRouters => {
            Router::new().fallback_service(layer.passing_others().layer(nest(api)))
        }
        Place::BehindRewriting => nest(api.layer(layer).layer(from_fn(move_address))),
        Place::BeforeRewriting => nest(api.layer(from_fn(move_address)).layer(layer)),
        Place::BeforeCopying => nest(api.layer(from_fn(serve_a_copy_too)).layer(layer)),
        Place::Missing => nest(api),
    }
}

/// The application without the layer, with `extension` among the extensions.
pub(super) fn forging<E: Clone + Send + Sync + 'static>(seen: Seen, extension: E) -> Router {
    api(seen).layer(Extension(extension))
}

/// Asks until it is so.
pub(super) async fn until(is_so: impl Fn() -> bool) {
    let mut again = tokio::time::interval(Duration::from_millis(5));
    let asking = async {
        while !is_so() {
            again.tick().await;
        }
    };
    let asked = tokio::time::timeout(PATIENCE, asking).await;
    asked.expect("it never came to be");
}

pub(super) fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}
