//! Admits requests, however they come: authenticate → judge → record → gate.
//!
//! An admitted request is permitted, its record is committed, and it holds a place at its session's
//! gate. The caller passes the gate and sends the request on.

pub(crate) mod allowance;
mod form;
pub(crate) mod left_out;
pub(crate) mod places;

use std::{sync::Arc, time::Duration};

use app::domain::{RequestId, access_log::Refusal};
use bytes::Bytes;
use http::HeaderName;
use http_body::Body;

use self::places::Place;
use crate::{
    answers::Trouble,
    arrival::{Arrival, shown_target, websocket::Handshake},
    authenticate::{Authenticator, Browser, Caller},
    body::{BodyError, BodySource},
    browser::{Browsers, refusals},
    clock::Clock,
    entropy::{Entropy, new_uuid},
    gate::Entrance,
    judge::{
        Authorised, CanonicalRequest, Denied, Judge, Permitted, RuleSet, rule_book::RuleBook,
        scopes::Upgrade,
    },
    node::NodeState,
    ports::{KnownSession, Recorder, Sessions},
    record::{Record, completer::Completer, meter::RequestMeter},
    telemetry::LogLimit,
};

/// `Retry-After` when no place is free. Most requests take less.
const RETRY_SECONDS: u64 = 1;

/// What decides about requests and records them.
pub(crate) struct AdmissionParts {
    /// Accepted values of `Host`.
    pub(crate) hosts: Vec<String>,
    pub(crate) rules: RuleBook,
    pub(crate) sessions: Arc<dyn Sessions>,
    /// How tenants are opened in browsers, if configured.
    pub(crate) browsers: Option<Arc<Browsers>>,
    pub(crate) recorder: Arc<dyn Recorder>,
    pub(crate) node: Arc<NodeState>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// How long to wait for a record, or for the store's answer.
    pub(crate) patience: Duration,
}

/// Decides about requests and records them.
pub(crate) struct Admission {
    hosts: Vec<String>,
    rules: RuleBook,
    pub(crate) authenticator: Authenticator,
    pub(crate) record: Record,
    pub(crate) node: Arc<NodeState>,
    pub(crate) clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// Where a request goes.
pub(crate) struct Route<To> {
    pub(crate) to: To,
    /// The header fields that are not forwarded.
    pub(crate) left_out: Vec<HeaderName>,
}

impl<To> Route<To> {
    /// Forwards all fields.
    pub(crate) const fn whole(to: To) -> Self {
        Self {
            to,
            left_out: Vec::new(),
        }
    }
}

/// A request that is permitted and recorded, and has not passed the gate yet.
pub(crate) struct Admitted<B, To> {
    pub(crate) permitted: Permitted,
    /// The browser's part, if the session's cookie was used.
    pub(crate) browser: Option<Browser>,
    /// The chosen destination.
    pub(crate) to: To,
    /// The WebSocket that it opens, if a rule allows one.
    pub(crate) websocket: Option<Handshake>,
    pub(crate) body: BodySource<B>,
    pub(crate) meter: Arc<RequestMeter>,
    pub(crate) gate: Entrance,
    pub(crate) completer: Completer,
}

impl Admission {
    pub(crate) fn new(parts: AdmissionParts) -> Self {
        Self {
            hosts: parts.hosts,
            rules: parts.rules,
            authenticator: Authenticator {
                sessions: parts.sessions,
                browsers: parts.browsers,
                patience: parts.patience,
                unknown: LogLimit::default(),
            },
            record: Record {
                recorder: parts.recorder,
                clock: Arc::clone(&parts.clock),
                patience: parts.patience,
                sampled: LogLimit::default(),
            },
            node: parts.node,
            clock: parts.clock,
            entropy: parts.entropy,
        }
    }

    /// A name for a request.
    pub(crate) fn new_request_id(&self) -> RequestId {
        RequestId::from_uuid(new_uuid(&*self.clock, &*self.entropy))
    }

    /// The path of an unrecorded request, made safe for the log.
    pub(crate) fn shown_path(&self, path: &str) -> String {
        shown_target(path.as_bytes(), self.rules.today()).0
    }

    /// Decides about a request and commits its record or its refusal. If it may pass, `route`
    /// chooses the destination. Refusals by `route` are recorded like any other.
    pub(crate) async fn admit<B, To>(
        &self,
        arrival: &Arrival,
        body: B,
        route: impl FnOnce(&CanonicalRequest) -> Result<Route<To>, Denied>,
    ) -> Result<Admitted<B, To>, Trouble>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BodyError>,
    {
        let lease = &self.node.lease;
        if !lease.held_soon().await {
            return Err(Trouble::without_lease(lease));
        }
        let caller = self.authenticator.authenticate(arrival, lease).await?;
        let place = self.check_bounds(&caller, arrival).await?;
        let (session, browser) = (caller.session, caller.browser);
        let earlier = self.earlier_rules(&session).await?;
        let hosts = browser.as_ref().map_or(&self.hosts, |b| &b.hosts);
        let judged = match self.judge(&session, hosts, earlier.as_ref(), arrival, route) {
            Ok((authorised, route, websocket)) => form::read(authorised, body)
                .await
                .map(|(permitted, body)| (permitted, body, route, websocket)),
            Err(denied) => Err(denied),
        };
        let (permitted, body, route, websocket) = match judged {
            Ok(judged) => judged,
            Err(denied) => return Err(self.refuse(&session, arrival, denied).await),
        };
        // Before the record, because an end that commits after it must find this gate.
        let gate = Entrance {
            handle: self.node.gates.handle(session.id, session.token_hash),
            session,
            lease: Arc::clone(lease),
            clock: Arc::clone(&self.clock),
        };
        let meter = Arc::new(RequestMeter::default());
        let mut intent = arrival.intent(&gate.session, Some(&permitted), self.rules.today());
        intent.left_out = self.node.left_out.unsaid(gate.session.id, &route.left_out);
        intent.free = self.node.allowance.take_free(gate.session.id);
        let (method, path, free) = (intent.method.clone(), intent.path.clone(), intent.free);
        let begun = self
            .record
            .begin(intent, arrival.started, Arc::clone(&meter), place, lease);
        let completer = begun.await.inspect_err(|trouble| {
            // A record that only came too late may be there: then they are taken into account already.
            if trouble.code == Refusal::BudgetExhausted.as_str() {
                self.node.allowance.put_back(gate.session.id, free);
            }
            self.node
                .refusals
                .keep(arrival, gate.session.id, (&method, &path), &trouble.detail);
        })?;
        Ok(Admitted {
            permitted,
            browser,
            to: route.to,
            websocket,
            body,
            meter,
            gate,
            completer,
        })
    }

    /// The rules under which a session was created, if they differ from today's.
    async fn earlier_rules(&self, session: &KnownSession) -> Result<Option<Arc<RuleSet>>, Trouble> {
        let earlier = self.rules.earlier(session);
        let earlier = tokio::time::timeout(self.record.patience, earlier).await;
        let earlier = earlier.map_err(|_| Trouble::unavailable())?;
        earlier.map_err(|_| Trouble::unavailable())
    }

    /// Checks that the session is active, allows this address, and is within its rate and its share
    /// of open requests.
    async fn check_bounds(&self, caller: &Caller, arrival: &Arrival) -> Result<Place, Trouble> {
        let session = &*caller.session;
        if let Err(denied) = caller.check_use(arrival) {
            return Err(self.refuse(session, arrival, denied).await);
        }
        let place = match self.node.places.take(session.id) {
            Ok(place) => place,
            Err(refusal) => {
                let trouble = self.refuse(session, arrival, Denied::plain(refusal)).await;
                return Err(trouble.retry_after(RETRY_SECONDS));
            }
        };
        // Last, so that only a request that may use the session takes from its bucket.
        match self.node.allowance.take(session, arrival.at) {
            Ok(()) => Ok(place),
            Err(too_fast) => {
                let denied = Denied::plain(Refusal::RateLimited);
                let trouble = self.refuse(session, arrival, denied).await;
                Err(trouble.retry_after(too_fast.retry_after_seconds))
            }
        }
    }

    /// Decides from the request alone whether it may pass, and where to. Pure.
    fn judge<To>(
        &self,
        session: &Arc<KnownSession>,
        hosts: &[String],
        earlier: Option<&Arc<RuleSet>>,
        arrival: &Arrival,
        route: impl FnOnce(&CanonicalRequest) -> Result<Route<To>, Denied>,
    ) -> Result<(Authorised, Route<To>, Option<Handshake>), Denied> {
        let (request, websocket) = arrival.request()?;
        let judge = Judge {
            hosts,
            rules: self.rules.today(),
            earlier,
        };
        let route = route(&request);
        let authorised = judge.authorise(session, request)?;
        let opens = match &authorised {
            Authorised::Permitted(permitted) => permitted.upgrade(),
            Authorised::Form(_) if arrival.profile.is_some() => {
                let detail = "The rule for this request checks the form, which a forward-auth \
                              check doesn't contain.";
                return Err(Denied::new(Refusal::OutOfScope, detail));
            }
            Authorised::Form(_) => None,
        };
        if websocket.is_some() && opens != Some(Upgrade::WebSocket) {
            return Err(Denied::plain(Refusal::UpgradeRefused));
        }
        Ok((authorised, route?, websocket))
    }

    /// Records a refusal. Returns the answer for the client.
    async fn refuse(&self, session: &KnownSession, arrival: &Arrival, denied: Denied) -> Trouble {
        let intent = arrival.intent(session, None, self.rules.today());
        let told = &self.node.refusals;
        if refusals::is_news(arrival, &denied) {
            told.keep(
                arrival,
                session.id,
                (&intent.method, &intent.path),
                &denied.detail,
            );
        }
        let trouble = self.record.refuse(intent, denied).await;
        match arrival.is_malformed() {
            true => trouble.closing(),
            false => trouble,
        }
    }
}
