//! The way of one request: authenticate → judge → record → forward.

use std::{net::IpAddr, sync::Arc, time::Duration};

use app::domain::{RequestId, Timestamp, access_log::Refusal};
use chrono::TimeDelta;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    answers::{self, Trouble},
    authenticate::{self, LogLimit},
    body::{Answer, BodySource, RequestMeter},
    canonical::CanonicalTarget,
    client_ip::client_ip,
    completer::Completer,
    config::GatewaySettings,
    forward::Forward,
    gate::SessionGates,
    headers,
    ports::{Ended, Intent, KnownSession, Recorder, RefusedRequest, Sessions},
    rates::Rates,
    raw_head::{HeadTap, RawHead},
    record::Begin,
    rule_book::RuleBook,
    rules::{Authorised, CanonicalRequest, Denied, Judge, Permitted, RuleSet, UncheckedForm},
    selectors, telemetry,
    upstream::Upstream,
};
use crate::{
    clock::Clock,
    entropy::{Entropy, new_uuid},
    identities::Identities,
};

/// The one path prefix that is the gateway's own.
const OWN_PREFIX: &[u8] = b"/.support-console";
/// The longest path or query that is kept of a refused request, in characters.
const REFUSED_TEXT_MAX: usize = 2048;
/// How long a form that must be read before it may pass may take to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest `User-Agent` that is kept, in characters.
const USER_AGENT_MAX: usize = 512;

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
    pub(super) upstream: Arc<Upstream>,
    rates: Rates,
    unknown: LogLimit,
    sampled: LogLimit,
}

/// The connection that a request came over.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) peer: IpAddr,
    pub(super) tap: HeadTap,
    /// Closes the connection at once.
    pub(super) kill: CancellationToken,
}

/// A request as it arrived.
struct Arrival {
    request_id: RequestId,
    at: Timestamp,
    started: Instant,
    version: Version,
    method: Method,
    head: RawHead,
    headers: HeaderMap,
    ip: IpAddr,
}

impl Gateway {
    /// Puts a gateway together. It opens no connection before a request needs one.
    pub fn new(parts: GatewayParts) -> Arc<Self> {
        let upstream = Upstream::new(parts.settings.upstream.clone());
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
            upstream,
            rates: Rates::default(),
            unknown: LogLimit::new(TimeDelta::seconds(1)),
            sampled: LogLimit::new(TimeDelta::seconds(1)),
        })
    }

    /// Answers one request.
    pub(super) async fn handle(
        &self,
        request: Request<Incoming>,
        client: &Client,
    ) -> Response<Answer> {
        let request_id = RequestId::from_uuid(new_uuid(&*self.clock, &*self.entropy));
        let answered = self.answer(request, client, request_id).await;
        let mut response = answered.unwrap_or_else(|trouble| trouble.into_response(request_id));
        if !client.tap.follows() {
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
        let (arrival, body) = self.arrive(request, client, request_id)?;
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
            Ok(Authorised::Permitted(permitted)) => Ok((permitted, body.into())),
            Ok(Authorised::Form(form)) => read_form(form, body).await,
            Err(denied) => Err(denied),
        };
        let (permitted, body) = match judged {
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
            permitted,
            request_id,
            meter,
            client,
        }
        .run(body, gate, completer)
        .await
    }

    fn arrive(
        &self,
        request: Request<Incoming>,
        client: &Client,
        request_id: RequestId,
    ) -> Result<(Arrival, Incoming), Trouble> {
        let (parts, body) = request.into_parts();
        let malformed = |detail| Trouble::new(400, "malformed_request", detail).closing();
        let head = client.tap.take();
        let head = head.ok_or_else(|| malformed("The request head is malformed."))?;
        if head.method != parts.method.as_str().as_bytes() {
            return Err(malformed("The request line can be read in two ways."));
        }
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
        Ok((arrival, body))
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

    /// Everything about the request itself that decides whether it may pass. Pure.
    fn judge(
        &self,
        session: &Arc<KnownSession>,
        earlier: Option<&Arc<RuleSet>>,
        arrival: &Arrival,
    ) -> Result<Authorised, Denied> {
        let malformed = |detail: String| Denied::new(Refusal::MalformedRequest, detail);
        if arrival.version != Version::HTTP_11 {
            // An answer that ends with its connection could be cut and look complete.
            return Err(Denied {
                status: 505,
                ..malformed("The gateway speaks HTTP/1.1.".into())
            });
        }
        if arrival.has_two_credentials() {
            return Err(malformed(
                "There is more than one Authorization field.".into(),
            ));
        }
        if let Some(fault) = arrival.head.fault {
            return Err(malformed(fault.to_string()));
        }
        if arrival.method == Method::CONNECT || headers::asks_for_upgrade(&arrival.headers) {
            return Err(Denied::plain(Refusal::UpgradeRefused));
        }
        if arrival.method == Method::TRACE {
            return Err(malformed("TRACE is not let through.".into()));
        }
        if headers::connection_names_ours(&arrival.headers) {
            let detail = "Connection names a header field that the gateway sets.";
            return Err(malformed(detail.into()));
        }
        let target = CanonicalTarget::parse(&arrival.head.target)
            .map_err(|error| Denied::new(Refusal::AmbiguousPath, error.to_string()))?;
        let query = target.query().unwrap_or_default();
        if headers::overrides_method(&arrival.headers) || selectors::overrides_method(query) {
            return Err(malformed("The request overrides its own method.".into()));
        }
        let request = CanonicalRequest {
            method: arrival.method.clone(),
            target,
            headers: arrival.headers.clone(),
        };
        let judge = Judge {
            hosts: &self.settings.hosts,
            rules: self.rules.today(),
            earlier,
        };
        judge.authorise(session, request)
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
        let malformed = arrival.head.fault.is_some()
            || arrival.has_two_credentials()
            || arrival.version != Version::HTTP_11;
        let trouble = Trouble::from(denied);
        if malformed {
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

impl Arrival {
    /// As the client wrote it, or as the HTTP library read it.
    fn has_two_credentials(&self) -> bool {
        let fields = self.headers.get_all(header::AUTHORIZATION).iter().count();
        self.head.two_credentials || fields > 1
    }

    /// What is recorded of the request: the canonical target, or what the client sent, made safe.
    fn intent(
        &self,
        session: &KnownSession,
        permitted: Option<&Permitted>,
        rules: &RuleSet,
    ) -> Intent {
        let (path, query) = match permitted.map(|permitted| &permitted.request().target) {
            Some(target) => (target.path().to_owned(), target.query().map(str::to_owned)),
            None => split_target(&self.head.target),
        };
        let query = query.map(|query| rules.hidden.query(&query).into_owned());
        let user_agent = self.headers.get(header::USER_AGENT);
        Intent {
            request_id: self.request_id,
            support_session_id: session.id,
            token_hash: session.token_hash,
            tenant_id: session.tenant_id.clone(),
            staff_id: session.staff_id,
            staff_name: session.staff_name.clone(),
            method: printable(self.method.as_str().as_bytes(), 64),
            path: rules.hidden.path(&path).into_owned(),
            query,
            scope: permitted.map(|permitted| permitted.scope().clone()),
            ip: self.ip,
            user_agent: user_agent.map_or_else(String::new, |value| {
                printable(value.as_bytes(), USER_AGENT_MAX)
            }),
            at: self.at,
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

fn split_target(target: &[u8]) -> (String, Option<String>) {
    let mut parts = target.splitn(2, |b| *b == b'?');
    let path = parts.next().unwrap_or_default();
    (
        printable(path, REFUSED_TEXT_MAX),
        parts.next().map(|query| printable(query, REFUSED_TEXT_MAX)),
    )
}

/// A text for people: at most `max` characters, control characters escaped.
fn printable(bytes: &[u8], max: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut safe = String::with_capacity(text.len().min(max));
    for c in text.chars().take(max) {
        if c.is_control() {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
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

    #[test]
    fn what_is_kept_of_a_refused_target_is_short_and_printable() {
        let (path, query) = split_target(b"/a\x1b[31m\xff?b=\0");
        assert_eq!(path, "/a\\u{1b}[31m\u{fffd}");
        assert_eq!(query.as_deref(), Some("b=\\u{0}"));
        assert!(printable(&[b'a'; 5000], 2048).len() == 2048);
    }
}
