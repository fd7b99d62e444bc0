//! The gateway as a layer of [`tower`], for platforms in Rust: the same decision and the same
//! record, and then the platform's own handlers instead of a connection to an upstream.
//!
//! The layer judges the client's original address, even inside nested routers of axum, which remove
//! its front. The served address must be the judged one: the layer refuses an address that was
//! rewritten before it, and a handler gets no [`LiveSupportSession`] for one that is rewritten
//! behind it.
//!
//! The promises are the gateway's, with these limits. The layer can't see a fragment, or headers
//! that the HTTP library has merged. A handler that has begun when its session ends stops at its
//! next await point. Bytes that the server has already written can't be taken back.

mod address;
mod body;
mod extract;
mod guard;
mod live_session;
mod own_routes;
mod serving;

use std::{
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, Request, Response, Version, header, request::Parts};
use http_body::Body;
use http_body_util::Either;
use ipnet::IpNet;
use tower::{Layer, Service};

use self::{
    guard::{Guard, misplaced},
    serving::ours,
};
use crate::{
    admission::{Admission, AdmissionParts},
    body::BodyError,
    clock::Clock,
    entropy::Entropy,
    headers::{self, RequestHeaders, UpstreamAuthorization},
    judge::{RuleSet, rule_book::RuleBook},
    node::NodeState,
    ports::{Recorder, Sessions},
    token::holds_support_token,
};

pub use self::{
    body::{GuardedAnswer, GuardedBody},
    live_session::{LiveSupportSession, NoSupportSession},
};

/// The parts of a layer.
pub struct LayerParts {
    /// The rules for support sessions here.
    pub rules: Arc<RuleSet>,
    /// Accepted values of `Host`.
    pub hosts: Vec<String>,
    /// The request fields that handlers get besides `Host`, `Content-Length` and `X-Request-Id`.
    /// Fields that never pass, such as credentials, are left out.
    pub request_headers: Vec<HeaderName>,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Finds support sessions by their credentials.
    pub sessions: Arc<dyn Sessions>,
    /// Writes the records of requests.
    pub recorder: Arc<dyn Recorder>,
    /// This process's state of support sessions. Share its gates with the code that ends sessions.
    /// A handler behind the layer that ends sessions itself must await [`SessionGates::close`]
    /// first. Otherwise the end would wait for this handler.
    ///
    /// [`SessionGates::close`]: crate::SessionGates::close
    pub node: Arc<NodeState>,
    /// The clock for expiry and limits.
    pub clock: Arc<dyn Clock>,
    /// Randomness for request ids.
    pub entropy: Arc<dyn Entropy>,
    /// How long to wait for a record or for the store before answering 503.
    pub record_timeout: Duration,
}

/// Passes requests of support sessions to handlers, after they are authenticated, judged and
/// recorded.
///
/// A handler behind it extracts [`LiveSupportSession`]. The server must provide client addresses,
/// by axum's `into_make_service_with_connect_info::<SocketAddr>()` or by [`PeerAddress`]. Without
/// an address no request can be recorded, so none passes.
#[derive(Clone)]
pub struct SupportSessionLayer {
    guard: Arc<Guard>,
    passes_others: bool,
}

/// The request fields that pass by default, for [`LayerParts::request_headers`].
pub fn default_request_headers() -> Vec<HeaderName> {
    headers::default_allowed()
}

/// The client's address, for frameworks that don't set axum's `ConnectInfo<SocketAddr>`: an
/// extension that the server sets from the connection, never from the client's headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

impl SupportSessionLayer {
    /// A layer that refuses requests without the token of a support session (401).
    pub fn new(parts: LayerParts) -> Self {
        let rules = RuleBook::new(parts.rules.clone(), parts.sessions.clone());
        Self::with(rules, parts)
    }

    fn with(rules: RuleBook, parts: LayerParts) -> Self {
        let admission = Admission::new(AdmissionParts {
            hosts: parts.hosts,
            rules,
            sessions: parts.sessions,
            browsers: None,
            recorder: parts.recorder,
            node: parts.node,
            clock: parts.clock,
            entropy: parts.entropy,
            patience: parts.record_timeout,
        });
        let guard = Guard {
            admission,
            trusted_proxies: parts.trusted_proxies,
            headers: Arc::new(RequestHeaders::new(
                parts.request_headers,
                UpstreamAuthorization::Nothing,
            )),
        };
        Self {
            guard: Arc::new(guard),
            passes_others: false,
        }
    }

    /// Passes requests without any support token, unchanged and unrecorded, to the platform's own
    /// authentication. They have no [`LiveSupportSession`].
    #[must_use]
    pub fn passing_others(self) -> Self {
        Self {
            passes_others: true,
            ..self
        }
    }

    /// Whether the request passes untouched: it is not from support, and no other layer has judged
    /// it.
    fn passes(&self, parts: &Parts) -> bool {
        self.passes_others
            && !holds_support_token(parts.uri.to_string().as_bytes())
            && !parts
                .headers
                .values()
                .any(|v| holds_support_token(v.as_bytes()))
            && !LiveSupportSession::is_in(&parts.extensions)
    }
}

impl<S> Layer<S> for SupportSessionLayer {
    type Service = SupportSessionService<S>;

    fn layer(&self, inner: S) -> SupportSessionService<S> {
        SupportSessionService {
            inner,
            layer: self.clone(),
        }
    }
}

/// Handlers behind a [`SupportSessionLayer`].
#[derive(Clone)]
pub struct SupportSessionService<S> {
    inner: S,
    layer: SupportSessionLayer,
}

impl<S, B, R> Service<Request<B>> for SupportSessionService<S>
where
    S: Service<Request<GuardedBody<B>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BodyError>,
    R: Body<Data = Bytes> + Send,
{
    type Response = Response<GuardedAnswer<R>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Uses the one that is ready, because a clone of it may not be.
        let next = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, next);
        let layer = self.layer.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            if layer.passes(&parts) {
                let request = Request::from_parts(parts, GuardedBody::plain(body));
                let response = ready.call(request).await?;
                return Ok(response.map(|body| Either::Right(Either::Left(body))));
            }
            let version = parts.version;
            let request_id = layer.guard.admission.new_request_id();
            let entered = if LiveSupportSession::is_in(&parts.extensions) {
                tracing::error!("the support session layer is applied twice: once is enough");
                Err(misplaced())
            } else {
                layer.guard.enter(parts, body, request_id).await
            };
            let mut response = match entered {
                Ok(entered) => entered.serve(&mut ready).await?,
                Err(trouble) => ours(&trouble, request_id),
            };
            if version == Version::HTTP_2 {
                // A stream ends without it, and the header doesn't exist (RFC 9113 §8.2.2).
                response.headers_mut().remove(header::CONNECTION);
            }
            Ok(response)
        })
    }
}
