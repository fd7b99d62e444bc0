//! The reverse proxy: what admission lets in is forwarded.

use std::{net::IpAddr, sync::Arc};

use app::domain::{RequestId, access_log::Refusal};
use chrono::TimeDelta;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use tokio::time::Instant;

use crate::{
    admission::{Admission, Lines},
    answers::{self, Trouble},
    arrival::{Arrival, client::Client, client_ip::client_ip},
    authenticate::LogLimit,
    browser::{self, Browsers, To, Visit, Wanted},
    clock::Clock,
    config::{GatewaySettings, entry::admits_clear_text},
    entropy::Entropy,
    forward::{
        Forward, Way, body::Answer, identities::Identities, identity, upstream::Upstream,
        upstreams::Upstreams,
    },
    gate::SessionGates,
    judge::{CanonicalRequest, Denied, Permitted, rule_book::RuleBook},
    ports::{BrowserSessions, HeldSessions, Recorder, Sessions},
};

/// The one path prefix that is the gateway's own.
const OWN_PREFIX: &[u8] = b"/.support-console";

/// What a gateway is made of.
pub struct GatewayParts {
    /// The checked configuration.
    pub settings: GatewaySettings,
    /// Finds support sessions.
    pub sessions: Arc<dyn Sessions>,
    /// Browsers that tenants are opened in.
    pub browser_sessions: Arc<dyn BrowserSessions>,
    /// What holders see of their support sessions and do to them there.
    pub held_sessions: Arc<dyn HeldSessions>,
    /// The console's origin: where staff members sign in.
    pub console_url: String,
    /// Writes the record.
    pub recorder: Arc<dyn Recorder>,
    /// Shared with whoever revokes support sessions.
    pub gates: Arc<SessionGates>,
    /// Signs what the upstream is told of each request.
    pub identities: Arc<Identities>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for request ids.
    pub entropy: Arc<dyn Entropy>,
}

/// The impersonation middleware.
pub struct Gateway {
    pub(super) settings: GatewaySettings,
    pub(super) admission: Admission,
    identities: Arc<Identities>,
    upstreams: Upstreams,
    strangers: LogLimit,
}

impl Gateway {
    /// Puts a gateway together. It opens no connection before a request needs one.
    pub fn new(parts: GatewayParts) -> Arc<Self> {
        let upstreams = Upstreams::new(&parts.settings.upstreams);
        let rules = RuleBook::new(
            Arc::clone(&parts.settings.rules),
            Arc::clone(&parts.sessions),
        );
        let browsers = parts.settings.entry_hosts.clone().map(|hosts| Browsers {
            hosts,
            console: parts.console_url,
            sessions: parts.browser_sessions,
            held: parts.held_sessions,
            entropy: Arc::clone(&parts.entropy),
        });
        let admission = Admission {
            hosts: parts.settings.hosts.clone(),
            rules,
            sessions: parts.sessions,
            browsers,
            recorder: parts.recorder,
            gates: parts.gates,
            clock: parts.clock,
            entropy: parts.entropy,
            record_timeout: parts.settings.record_timeout,
            lines: Lines::default(),
        };
        Arc::new(Self {
            settings: parts.settings,
            admission,
            identities: parts.identities,
            upstreams,
            strangers: LogLimit::new(TimeDelta::seconds(1)),
        })
    }

    /// Whether a connection from `peer` is served: a token never crosses a network in clear text.
    pub(super) fn admits(&self, peer: IpAddr) -> bool {
        if self.settings.certificate.is_some()
            || admits_clear_text(peer, &self.settings.trusted_proxies)
        {
            return true;
        }
        if let Some(held_back) = self.strangers.pass(self.admission.clock.now()) {
            tracing::warn!(
                client.ip = %peer,
                held_back,
                "a connection in clear text was closed: it came neither from this machine nor from \
                 one of trusted_proxies; add gateway.tls, or name the proxy"
            );
        }
        false
    }

    /// Answers one request.
    pub(super) async fn handle(
        &self,
        request: Request<Incoming>,
        client: &Client,
    ) -> Response<Answer> {
        let request_id = self.admission.new_request_id();
        let version = request.version();
        let answered = self.answer(request, client, request_id).await;
        let mut response = answered.unwrap_or_else(|trouble| trouble.into_response(request_id));
        if version == Version::HTTP_2 {
            // A stream ends by itself, and the field does not exist (RFC 9113 §8.2.2).
            response.headers_mut().remove(header::CONNECTION);
        } else if !client.follows() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
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
        let browsers = self.admission.browsers.as_ref();
        match browsers.and_then(|b| Some((b, b.label(&arrival.headers)?))) {
            Some((browsers, label)) => {
                if let Some(wanted) = Wanted::of(rest) {
                    return browsers
                        .holder_answer(&self.admission, arrival, wanted)
                        .await;
                }
                let lease = self.admission.gates.lease();
                if !lease.held_soon().await {
                    return Err(Trouble::without_lease(lease));
                }
                let patience = self.admission.record_timeout;
                browsers.own_answer(arrival, rest, label, patience).await
            }
            None => own_answer(rest, arrival.request_id),
        }
    }

    /// A person is told by a page, a program by a problem.
    fn told(&self, trouble: Trouble, arrival: &Arrival) -> Trouble {
        match &self.admission.browsers {
            Some(browsers)
                if browsers.label(&arrival.headers).is_some()
                    && browser::fetch_metadata::is_navigation(&arrival.headers) =>
            {
                trouble.on_page(browsers.console.clone())
            }
            _ => trouble,
        }
    }

    async fn pass(
        &self,
        arrival: &Arrival,
        body: Incoming,
        client: &Client,
        on_upgrade: Option<OnUpgrade>,
    ) -> Result<Response<Answer>, Trouble> {
        let admitted = self
            .admission
            .admit(arrival, body, |request| self.upstream_for(request));
        let admitted = admitted.await?;
        let upstream = admitted.to;
        let visit = admitted.browser.map(|browser| {
            let to = To {
                scheme: upstream.scheme(),
                authority: upstream.authority().as_str(),
                host: upstream.host_for(&admitted.permitted),
            };
            let request = admitted.permitted.request();
            Visit::new(browser, &to, request, self.settings.inject_banner)
        });
        let way = Way {
            upstream,
            websocket: admitted.websocket,
            visit,
        };
        Forward {
            gateway: self,
            way,
            permitted: admitted.permitted,
            request_id: arrival.request_id,
            meter: admitted.meter,
            client,
            on_upgrade,
        }
        .run(admitted.body, admitted.gate, admitted.completer)
        .await
    }

    fn arrive(
        &self,
        request: Request<Incoming>,
        client: &Client,
        request_id: RequestId,
    ) -> Result<(Arrival, Incoming, Option<OnUpgrade>), Trouble> {
        let (mut parts, body) = request.into_parts();
        let on_upgrade = parts.extensions.remove();
        let malformed = |detail| Trouble::new(400, "malformed_request", detail).closing();
        let head = client.head(&mut parts).map_err(malformed)?;
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
        };
        Ok((arrival, body, on_upgrade))
    }

    /// Signs what the upstream is told of a request.
    ///
    /// # Errors
    ///
    /// If it can't be written as JSON.
    pub(super) fn identity(
        &self,
        permitted: &Permitted,
        upstream: &Upstream,
        request_id: RequestId,
    ) -> Result<HeaderValue, serde_json::Error> {
        let claims = identity::claims(identity::Of {
            issuer: self.identities.issuer(),
            audience: upstream.identity_audience(),
            permitted,
            request_id,
            now: self.admission.clock.now(),
        });
        self.identities.sign(&claims)
    }

    pub(super) fn upstream_for(&self, request: &CanonicalRequest) -> Result<Arc<Upstream>, Denied> {
        let host = request.headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        // What comes to a session's host goes where it would go from our own.
        let own = || self.settings.own_host().unwrap_or_default();
        let host = match &self.settings.entry_hosts {
            Some(entries) if entries.label_of(host).is_some() => own(),
            _ => host,
        };
        self.upstreams
            .choose(host, request.target.path())
            .cloned()
            .ok_or_else(|| Denied::plain(Refusal::NoUpstream))
    }
}

/// What follows our own prefix, if the target is ours.
fn own_path(target: &[u8]) -> Option<&[u8]> {
    let rest = target.strip_prefix(OWN_PREFIX)?;
    matches!(rest.first(), None | Some(b'/' | b'?')).then_some(rest)
}

fn own_answer(rest: &[u8], request_id: RequestId) -> Result<Response<Answer>, Trouble> {
    match rest {
        b"/health" => {
            let body = serde_json::json!({ "status": "ok" });
            Ok(answers::ours(StatusCode::OK, &body, request_id))
        }
        _ => Err(Trouble::new(404, "not_found", "There is nothing here.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_prefix_is_ours() {
        assert_eq!(own_path(b"/.support-console/health"), Some(&b"/health"[..]));
        assert_eq!(own_path(b"/.support-console"), Some(&b""[..]));
        assert_eq!(own_path(b"/.support-consoles/x"), None);
        assert_eq!(own_path(b"/a/.support-console/x"), None);
    }
}
