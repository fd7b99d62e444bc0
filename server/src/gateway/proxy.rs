//! The way of one request: authenticate → judge → record → forward.

use std::{net::IpAddr, sync::Arc, time::Duration};

use app::domain::{RequestId, access_log::Refusal};
use chrono::TimeDelta;
use http::{Request, Response, StatusCode, Version, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use tokio::time::Instant;

use super::{
    answers::{self, Trouble},
    arrival::Arrival,
    authenticate::{self, LogLimit},
    body::{Answer, BodySource, RequestMeter},
    client::Client,
    client_ip::client_ip,
    completer::Completer,
    config::{GatewaySettings, entry::admits_clear_text},
    forward::Forward,
    gate::SessionGates,
    ports::{Ended, Intent, KnownSession, Recorder, RefusedRequest, Sessions},
    rates::Rates,
    record::Begin,
    rule_book::RuleBook,
    rules::{Authorised, CanonicalRequest, Denied, Judge, Permitted, RuleSet, UncheckedForm},
    scopes::Upgrade,
    telemetry,
    upstream::Upstream,
    upstreams::Upstreams,
    websocket::Handshake,
};
use crate::{
    clock::Clock,
    entropy::{Entropy, new_uuid},
    identities::Identities,
};

/// The one path prefix that is the gateway's own.
const OWN_PREFIX: &[u8] = b"/.support-console";
/// How long a form that must be read before it may pass may take to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(30);

/// What a gateway is made of.
pub struct GatewayParts {
    /// The checked configuration.
    pub settings: GatewaySettings,
    /// Finds support sessions.
    pub sessions: Arc<dyn Sessions>,
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
    sessions: Arc<dyn Sessions>,
    rules: RuleBook,
    pub(super) recorder: Arc<dyn Recorder>,
    pub(super) gates: Arc<SessionGates>,
    pub(super) identities: Arc<Identities>,
    pub(super) clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    upstreams: Upstreams,
    rates: Rates,
    unknown: LogLimit,
    strangers: LogLimit,
    sampled: LogLimit,
}

/// Where a permitted request goes, and what for.
pub(super) struct Way {
    pub(super) upstream: Arc<Upstream>,
    pub(super) websocket: Option<Handshake>,
}

impl Gateway {
    /// Puts a gateway together. It opens no connection before a request needs one.
    pub fn new(parts: GatewayParts) -> Arc<Self> {
        let upstreams = Upstreams::new(&parts.settings.upstreams);
        let rules = RuleBook::new(
            Arc::clone(&parts.settings.rules),
            Arc::clone(&parts.sessions),
        );
        Arc::new(Self {
            settings: parts.settings,
            rules,
            sessions: parts.sessions,
            recorder: parts.recorder,
            gates: parts.gates,
            identities: parts.identities,
            clock: parts.clock,
            entropy: parts.entropy,
            upstreams,
            rates: Rates::default(),
            unknown: LogLimit::new(TimeDelta::seconds(1)),
            strangers: LogLimit::new(TimeDelta::seconds(1)),
            sampled: LogLimit::new(TimeDelta::seconds(1)),
        })
    }

    /// Whether a connection from `peer` is served: a token never crosses a network in clear text.
    pub(super) fn admits(&self, peer: IpAddr) -> bool {
        if self.settings.certificate.is_some()
            || admits_clear_text(peer, &self.settings.trusted_proxies)
        {
            return true;
        }
        if let Some(held_back) = self.strangers.pass(self.clock.now()) {
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
        let request_id = RequestId::from_uuid(new_uuid(&*self.clock, &*self.entropy));
        let version = request.version();
        let answered = self.answer(request, client, request_id).await;
        let mut response = answered.unwrap_or_else(|trouble| trouble.into_response(request_id));
        if version == Version::HTTP_2 {
            // A stream ends by itself, and the field does not exist (RFC 9113 §8.2.2).
            response.headers_mut().remove(header::CONNECTION);
        } else if !client.follows() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let close = http::HeaderValue::from_static("close");
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
        if let Some(rest) = own_path(&arrival.head.target) {
            return own_answer(rest, request_id);
        }
        if !self.gates.lease().held_soon().await {
            return Err(Trouble::unavailable());
        }
        let session = self.authenticate(&arrival).await?;
        self.admit(&session, &arrival).await?;
        let earlier = self.rules.earlier(&session);
        let earlier = tokio::time::timeout(self.settings.record_timeout, earlier).await;
        let earlier = earlier.map_err(|_| Trouble::unavailable())?;
        let earlier = earlier.map_err(|_| Trouble::unavailable())?;
        let judged = match self.judge(&session, earlier.as_ref(), &arrival) {
            Ok((Authorised::Permitted(permitted), to)) => Ok((permitted, body.into(), to)),
            Ok((Authorised::Form(form), to)) => read_form(form, body)
                .await
                .map(|(permitted, body)| (permitted, body, to)),
            Err(denied) => Err(denied),
        };
        let (permitted, body, way) = match judged {
            Ok(judged) => judged,
            Err(denied) => return Err(self.refuse(&session, &arrival, denied).await),
        };
        // Before the record: an end that commits after it must find this gate.
        let gate = self.gates.handle(session.id);
        let meter = Arc::new(RequestMeter::default());
        let completer = self
            .record(&permitted, &arrival, Arc::clone(&meter))
            .await?;
        Forward {
            gateway: self,
            way,
            permitted,
            request_id,
            meter,
            client,
            on_upgrade,
        }
        .run(body, gate, completer)
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
            at: self.clock.now(),
            started: Instant::now(),
            version: parts.version,
            method: parts.method,
            head,
            ip: client_ip(client.peer, &parts.headers, &self.settings.trusted_proxies),
            headers: parts.headers,
        };
        Ok((arrival, body, on_upgrade))
    }

    async fn authenticate(&self, arrival: &Arrival) -> Result<Arc<KnownSession>, Trouble> {
        let found = match authenticate::support_token(&arrival.headers) {
            Some(token) => {
                let lookup = self.sessions.lookup(*token.hash().as_bytes());
                let found = tokio::time::timeout(self.settings.record_timeout, lookup);
                let found = self.gates.lease().while_held(found).await;
                let found = found.and_then(Result::ok).and_then(Result::ok);
                found.ok_or_else(Trouble::unavailable)?
            }
            None => None,
        };
        if found.is_none() {
            telemetry::unknown_token();
            if let Some(held_back) = self.unknown.pass(arrival.at) {
                tracing::warn!(
                    request.id = %arrival.request_id,
                    client.ip = %arrival.ip,
                    held_back,
                    "gateway request without a known support token"
                );
            }
        }
        found.map(Arc::new).ok_or_else(Trouble::unauthenticated)
    }

    /// Whether the session takes requests now, from there, and as fast as this.
    async fn admit(&self, session: &KnownSession, arrival: &Arrival) -> Result<(), Trouble> {
        let idle = session.is_idle_at(arrival.at).then_some(Ended::Expired);
        if let Some(ended) = session.ended_at(arrival.at).or(idle) {
            let denied = Denied::plain(ended.refusal());
            return Err(self.refuse(session, arrival, denied).await);
        }
        let only_from = session.limits.only_from.as_deref();
        if only_from.is_some_and(|ip| ip != arrival.ip.to_string()) {
            let denied = Denied::plain(Refusal::WrongAddress);
            return Err(self.refuse(session, arrival, denied).await);
        }
        // Last, so that nobody but who may use the session takes from its bucket.
        let per_minute = session.limits.requests_per_minute;
        match self.rates.take(session.id, per_minute, arrival.at) {
            Ok(()) => Ok(()),
            Err(too_fast) => {
                let denied = Denied::plain(Refusal::RateLimited);
                let trouble = self.refuse(session, arrival, denied).await;
                Err(trouble.retry_after(too_fast.retry_after_seconds))
            }
        }
    }

    /// Everything about the request itself that decides whether it may pass and where to. Pure.
    fn judge(
        &self,
        session: &Arc<KnownSession>,
        earlier: Option<&Arc<RuleSet>>,
        arrival: &Arrival,
    ) -> Result<(Authorised, Way), Denied> {
        let (request, websocket) = arrival.request()?;
        let judge = Judge {
            hosts: &self.settings.hosts,
            rules: self.rules.today(),
            earlier,
        };
        let upstream = self.upstream_for(&request);
        let authorised = judge.authorise(session, request)?;
        let opens = match &authorised {
            Authorised::Permitted(permitted) => permitted.upgrade(),
            Authorised::Form(_) => None,
        };
        if websocket.is_some() && opens != Some(Upgrade::WebSocket) {
            return Err(Denied::plain(Refusal::UpgradeRefused));
        }
        let way = Way {
            upstream: upstream?,
            websocket,
        };
        Ok((authorised, way))
    }

    fn upstream_for(&self, request: &CanonicalRequest) -> Result<Arc<Upstream>, Denied> {
        let host = request.headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        self.upstreams
            .choose(host, request.target.path())
            .cloned()
            .ok_or_else(|| Denied::plain(Refusal::NoUpstream))
    }

    /// Records a refusal in its session, to the end even if the client hangs up.
    async fn refuse(&self, session: &KnownSession, arrival: &Arrival, denied: Denied) -> Trouble {
        let request = arrival.intent(session, None, self.rules.today());
        self.tell_of_refusal(&request, denied.refusal, denied.status);
        let refused = RefusedRequest {
            request,
            refusal: denied.refusal,
            status: denied.status,
        };
        let recorder = Arc::clone(&self.recorder);
        // The refusal stands even if its recording breaks or takes too long.
        let recorded = tokio::spawn(async move { recorder.refuse(refused).await });
        let _ = tokio::time::timeout(self.settings.record_timeout, recorded).await;
        let trouble = Trouble::from(denied);
        if arrival.is_malformed() {
            trouble.closing()
        } else {
            trouble
        }
    }

    /// Counts a refusal, and writes the log's line of it; of those that come in any number, one
    /// line in a while.
    pub(super) fn tell_of_refusal(&self, request: &Intent, refusal: Refusal, status: u16) {
        let held_back = if refusal.is_sampled() {
            self.sampled.pass(request.at)
        } else {
            Some(0)
        };
        telemetry::refused(request, refusal, status, held_back);
    }

    /// Commits the record of a request, as what is recorded of it stands in `arrival`.
    async fn record(
        &self,
        permitted: &Permitted,
        arrival: &Arrival,
        meter: Arc<RequestMeter>,
    ) -> Result<Completer, Trouble> {
        let intent = arrival.intent(permitted.session(), Some(permitted), self.rules.today());
        let begin = Begin {
            recorder: Arc::clone(&self.recorder),
            clock: Arc::clone(&self.clock),
            intent: intent.clone(),
            started: arrival.started,
            meter,
        };
        let begun = begin.within(self.settings.record_timeout);
        let begun = self.gates.lease().while_held(begun).await;
        match begun.unwrap_or(Err(Refusal::RecordUnavailable)) {
            Ok(completer) => Ok(completer),
            Err(refusal) => {
                let status = refusal.status();
                self.tell_of_refusal(&intent, refusal, status);
                if refusal == Refusal::RecordUnavailable {
                    return Err(Trouble::unavailable());
                }
                let request = intent;
                let refused = RefusedRequest {
                    request,
                    refusal,
                    status,
                };
                self.recorder.refuse(refused).await;
                Err(Denied::plain(refusal).into())
            }
        }
    }
}

/// Reads a form and lets it be judged.
async fn read_form(form: UncheckedForm, body: Incoming) -> Result<(Permitted, BodySource), Denied> {
    let malformed = |status, detail: &'static str| Denied {
        status,
        ..Denied::new(Refusal::MalformedRequest, detail)
    };
    let reading = Limited::new(body, UncheckedForm::MAX).collect();
    let read = tokio::time::timeout(FORM_TIMEOUT, reading).await;
    let read = read.map_err(|_| malformed(408, "The form took too long to arrive."))?;
    let read = read.map_err(|error| {
        if error.is::<LengthLimitError>() {
            malformed(413, "This rule takes forms of at most 64 KiB.")
        } else {
            malformed(400, "The form broke off or is malformed.")
        }
    })?;
    let bytes = read.to_bytes();
    let permitted = form.check(&bytes)?;
    Ok((permitted, BodySource::Read(Full::new(bytes))))
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
