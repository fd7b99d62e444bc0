//! The reverse proxy: it forwards admitted requests.

use std::{net::IpAddr, sync::Arc};

use app::domain::{RequestId, access_log::Refusal};
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::upgrade::OnUpgrade;
use tokio::time::Instant;

use crate::{
    admission::{Admission, AdmissionParts},
    answers::{self, Answer, Trouble},
    arrival::{Arrival, client::Client, client_ip::client_ip, own_path},
    body::ClientBody,
    browser::{Browsers, banner::Wanted, fetch_metadata::wants_page, page::WayOut},
    clock::Clock,
    config::{GatewaySettings, entry::admits_clear_text},
    entropy::Entropy,
    forward::{Asker, Forwarder, identities::Identities, upstream::Upstream},
    judge::{CanonicalRequest, rule_book::RuleBook},
    node::NodeState,
    ports::{BrowserSessions, HeldSessions, Recorder, Sessions},
    telemetry::LogLimit,
};

/// The parts of a gateway.
pub struct GatewayParts {
    /// The configuration, already checked.
    pub settings: GatewaySettings,
    /// Finds support sessions by their credentials.
    pub sessions: Arc<dyn Sessions>,
    /// Browsers in which tenants are opened.
    pub browser_sessions: Arc<dyn BrowserSessions>,
    /// The holders' access to their support sessions.
    pub held_sessions: Arc<dyn HeldSessions>,
    /// The console's origin: where staff members sign in.
    pub console_url: String,
    /// Writes the records of requests.
    pub recorder: Arc<dyn Recorder>,
    /// This process's state of support sessions. Share its gates with the code that ends sessions.
    pub node: Arc<NodeState>,
    /// Signs the identity of each request for the upstream.
    pub identities: Arc<Identities>,
    /// The clock for expiry and limits.
    pub clock: Arc<dyn Clock>,
    /// Randomness for request ids.
    pub entropy: Arc<dyn Entropy>,
}

/// The impersonation middleware as a reverse proxy.
pub struct Gateway {
    pub(crate) settings: GatewaySettings,
    pub(crate) admission: Admission,
    pub(crate) forwarder: Forwarder,
    browsers: Option<Arc<Browsers>>,
    strangers: LogLimit,
    abuse: LogLimit,
}

impl Gateway {
    /// Makes a gateway. It opens no connection before a request needs one.
    pub fn new(parts: GatewayParts) -> Arc<Self> {
        let (settings, node) = (parts.settings, parts.node);
        let browsers = settings.entry_hosts.clone().map(|hosts| {
            Arc::new(Browsers {
                hosts,
                console: parts.console_url,
                sessions: parts.browser_sessions,
                held: parts.held_sessions,
                refusals: Arc::clone(&node.refusals),
                pages: Arc::clone(&node.pages),
                entropy: Arc::clone(&parts.entropy),
                patience: settings.record_timeout,
            })
        });
        let forwarder = Forwarder {
            upstreams: settings
                .upstreams
                .iter()
                .cloned()
                .map(Upstream::new)
                .collect(),
            identities: parts.identities,
            lease: Arc::clone(&node.lease),
            jars: Arc::clone(&node.jars),
            allowance: Arc::clone(&node.allowance),
            clock: Arc::clone(&parts.clock),
            entry_hosts: settings.entry_hosts.clone(),
            own_host: settings.own_host().unwrap_or_default().to_owned(),
            scheme: settings.scheme,
            inject_banner: settings.inject_banner,
            pages: Arc::clone(&node.pages),
        };
        let admission = Admission::new(AdmissionParts {
            hosts: settings.hosts.clone(),
            rules: RuleBook::new(Arc::clone(&settings.rules), Arc::clone(&parts.sessions)),
            sessions: parts.sessions,
            browsers: browsers.clone(),
            recorder: parts.recorder,
            node,
            clock: parts.clock,
            entropy: parts.entropy,
            patience: settings.record_timeout,
        });
        Arc::new(Self {
            settings,
            admission,
            forwarder,
            browsers,
            strangers: LogLimit::default(),
            abuse: LogLimit::default(),
        })
    }

    /// Whether a connection from `peer` is served. A token never crosses a network in clear text.
    pub(crate) fn admits(&self, peer: IpAddr) -> bool {
        if self.settings.certificate.is_some()
            || admits_clear_text(peer, &self.settings.trusted_proxies)
        {
            return true;
        }
        if let Some(held_back) = self.strangers.pass(self.admission.clock.now()) {
            tracing::warn!(
                client.ip = %peer,
                held_back,
                "a connection without TLS was closed: it came neither from this machine nor from \
                 trusted_proxies; add gateway.tls, or list the proxy"
            );
        }
        false
    }

    /// Logs, not too often, why a client's connection is closed.
    pub(crate) fn note_abuse(&self, why: &'static str) {
        if let Some(held_back) = self.abuse.pass(self.admission.clock.now()) {
            tracing::warn!(why, held_back, "a client's HTTP/2 connection was closed");
        }
    }

    pub(crate) async fn handle(
        &self,
        request: Request<ClientBody>,
        client: &Client,
    ) -> Response<Answer> {
        let request_id = self.admission.new_request_id();
        let version = request.version();
        let answered = self.answer(request, client, request_id).await;
        let mut response = answered.unwrap_or_else(|trouble| trouble.into_response(request_id));
        if version == Version::HTTP_2 {
            // A stream ends without it, and the header doesn't exist (RFC 9113 §8.2.2).
            response.headers_mut().remove(header::CONNECTION);
        } else if !client.follows() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }

    async fn answer(
        &self,
        request: Request<ClientBody>,
        client: &Client,
        request_id: RequestId,
    ) -> Result<Response<Answer>, Trouble> {
        let (arrival, body, on_upgrade) = self.arrive(request, client, request_id)?;
        let answered = match own_path(&arrival.head.target) {
            Some(rest) => self.own_answer(&arrival, rest).await,
            None => self.pass(&arrival, body, client, on_upgrade).await,
        };
        answered.map_err(|trouble| self.told(trouble, &arrival))
    }

    async fn own_answer(
        &self,
        arrival: &Arrival,
        rest: &[u8],
    ) -> Result<Response<Answer>, Trouble> {
        let browsers = self.browsers.as_ref();
        let Some((browsers, label)) = browsers.and_then(|b| Some((b, b.label(&arrival.headers)?)))
        else {
            return own_answer(rest, arrival.request_id);
        };
        let lease = &self.admission.node.lease;
        let authenticator = &self.admission.authenticator;
        if let Some(wanted) = Wanted::of(rest) {
            return browsers
                .holder_answer(authenticator, lease, arrival, (wanted, Wanted::page(rest)))
                .await;
        }
        if !lease.held_soon().await {
            return Err(Trouble::without_lease(lease));
        }
        browsers.own_answer(arrival, rest, label, lease).await
    }

    /// Gives a person a page, and a program a problem document. After its session the browser must
    /// keep nothing.
    fn told(&self, mut trouble: Trouble, arrival: &Arrival) -> Trouble {
        let over = [Refusal::SessionExpired, Refusal::SessionRevoked];
        trouble.forgets = arrival.at_entry && over.iter().any(|r| r.as_str() == trouble.code);
        match &self.browsers {
            Some(browsers) if arrival.at_entry && wants_page(&arrival.headers) => {
                let label = browsers.label(&arrival.headers);
                let origin = label.map(|label| browsers.hosts.origin(&label));
                let origin = origin.unwrap_or_default();
                trouble.on_page(WayOut::of(&arrival.headers, &browsers.console, &origin))
            }
            _ => trouble,
        }
    }

    async fn pass(
        &self,
        arrival: &Arrival,
        body: ClientBody,
        client: &Client,
        on_upgrade: Option<OnUpgrade>,
    ) -> Result<Response<Answer>, Trouble> {
        let route = |request: &CanonicalRequest| self.forwarder.route_of(request);
        let admitted = self.admission.admit(arrival, body, route).await?;
        let asker = Asker {
            client,
            request_id: arrival.request_id,
            ip: arrival.ip,
            on_upgrade,
        };
        self.forwarder.forward(admitted, asker).await
    }

    fn arrive(
        &self,
        request: Request<ClientBody>,
        client: &Client,
        request_id: RequestId,
    ) -> Result<(Arrival, ClientBody, Option<OnUpgrade>), Trouble> {
        let (mut parts, body) = request.into_parts();
        let on_upgrade = parts.extensions.remove();
        let malformed = |detail| Trouble::new(400, "malformed_request", detail).closing();
        let head = client.head(&mut parts).map_err(malformed)?;
        let browsers = self.browsers.as_ref();
        let at_entry = browsers.is_some_and(|b| b.label(&parts.headers).is_some());
        let arrival = Arrival {
            request_id,
            at: self.admission.clock.now(),
            started: Instant::now(),
            version: parts.version,
            method: parts.method,
            head,
            ip: client_ip(client.peer, &parts.headers, &self.settings.trusted_proxies),
            headers: parts.headers,
            profile: None,
            is_carried: true,
            at_entry,
        };
        Ok((arrival, body, on_upgrade))
    }
}

fn own_answer(rest: &[u8], request_id: RequestId) -> Result<Response<Answer>, Trouble> {
    match rest {
        b"/health" => {
            let body = serde_json::json!({ "status": "ok" });
            Ok(answers::ours(StatusCode::OK, &body, request_id))
        }
        _ => Err(Trouble::new(404, "not_found", "Page not found.")),
    }
}
