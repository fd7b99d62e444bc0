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
    ports::{KnownSession, RecordError, Recorder, RefusedRequest, Sessions},
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
    recorder: Arc<dyn Recorder>,
    gates: Arc<SessionGates>,
    pub(super) identities: Arc<Identities>,
    pub(super) clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    upstreams: Upstreams,
    unknown: LogLimit,
    strangers: LogLimit,
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
            unknown: LogLimit::new(TimeDelta::seconds(1)),
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
        let session = self.authenticate(&arrival).await?;
        let earlier = self.rules.earlier(&session).await;
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
            .await
            .map_err(Trouble::from)?;
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
            Some(token) => self
                .sessions
                .lookup(*token.hash().as_bytes())
                .await
                .map_err(|_| Trouble::unavailable())?,
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

    /// Everything that decides whether the request may pass and where to, except the record. Pure.
    fn judge(
        &self,
        session: &Arc<KnownSession>,
        earlier: Option<&Arc<RuleSet>>,
        arrival: &Arrival,
    ) -> Result<(Authorised, Way), Denied> {
        if let Some(ended) = session.ended_at(arrival.at) {
            return Err(Denied::plain(ended.refusal()));
        }
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
        telemetry::refused(&request, denied.refusal, denied.status);
        let refused = RefusedRequest {
            request,
            refusal: denied.refusal,
            status: denied.status,
        };
        let recorder = Arc::clone(&self.recorder);
        // The refusal stands even if its recording breaks.
        let _ = tokio::spawn(async move { recorder.refuse(refused).await }).await;
        let trouble = Trouble::from(denied);
        if arrival.is_malformed() {
            trouble.closing()
        } else {
            trouble
        }
    }

    /// Commits the record of a request. Runs to its end even if the client hangs up, and is then
    /// completed as cut.
    async fn record(
        &self,
        permitted: &Permitted,
        arrival: &Arrival,
        meter: Arc<RequestMeter>,
    ) -> Result<Completer, RecordError> {
        let intent = arrival.intent(permitted.session(), Some(permitted), self.rules.today());
        let (recorder, clock) = (Arc::clone(&self.recorder), Arc::clone(&self.clock));
        let started = arrival.started;
        let begin = async move {
            let asked = Instant::now();
            let begun = recorder.begin(intent.clone()).await;
            telemetry::begun(asked.elapsed(), begun.is_ok());
            match begun {
                Ok(_) => Ok(Completer::new(recorder, clock, intent, started, meter)),
                Err(error) => {
                    let refusal = match error {
                        RecordError::SessionEnded(ended) => ended.refusal(),
                        RecordError::Unavailable => Refusal::RecordUnavailable,
                    };
                    telemetry::refused(&intent, refusal, refusal.status());
                    if let RecordError::SessionEnded(_) = error {
                        let status = refusal.status();
                        let request = intent;
                        recorder
                            .refuse(RefusedRequest {
                                request,
                                refusal,
                                status,
                            })
                            .await;
                    }
                    Err(error)
                }
            }
        };
        tokio::spawn(begin)
            .await
            .unwrap_or(Err(RecordError::Unavailable))
    }
}

impl From<RecordError> for Trouble {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::SessionEnded(ended) => Denied::plain(ended.refusal()).into(),
            RecordError::Unavailable => Self::unavailable(),
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
