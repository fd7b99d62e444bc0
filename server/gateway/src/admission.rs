//! The one way in, whoever stands before the platform: authenticate → judge → record → gate.
//!
//! What it admits is permitted, committed to the record, and holds a place at its session's gate;
//! all that is left to do is to pass the gate and to let the request go where it is wanted.

pub(crate) mod rates;

use std::{sync::Arc, time::Duration};

use app::domain::{RequestId, access_log::Refusal};
use bytes::Bytes;
use chrono::TimeDelta;
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};

use crate::{
    answers::Trouble,
    arrival::{Arrival, websocket::Handshake},
    authenticate::LogLimit,
    browser::{self, Browser, Browsers, Caller},
    clock::Clock,
    entropy::{Entropy, new_uuid},
    forward::body::{BodyError, BodySource, RequestMeter},
    gate::{Flight, Pass, RequestHandle, SessionGates, kill::KillSwitch},
    judge::{
        Authorised, CanonicalRequest, Denied, Judge, Permitted, RuleSet, UncheckedForm, hidden,
        rule_book::RuleBook, scopes::Upgrade,
    },
    ports::{Ended, Intent, KnownSession, Recorder, RefusedRequest, Sessions},
    record::{Begin, completer::Completer},
    telemetry,
};

/// How long a form that must be read before it may pass may take to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(30);

/// Decides about requests and records them.
pub(super) struct Admission {
    /// Values of `Host` that are answered to.
    pub(super) hosts: Vec<String>,
    pub(super) rules: RuleBook,
    pub(super) sessions: Arc<dyn Sessions>,
    /// Where tenants are opened in browsers, if they are.
    pub(super) browsers: Option<Browsers>,
    pub(super) recorder: Arc<dyn Recorder>,
    pub(super) gates: Arc<SessionGates>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    /// For how long a record, or the store's answer, is waited for.
    pub(super) record_timeout: Duration,
    pub(super) lines: Lines,
}

/// The log's lines that come in any number: one of each kind in a while.
pub(super) struct Lines {
    unknown: LogLimit,
    sampled: LogLimit,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            unknown: LogLimit::new(TimeDelta::seconds(1)),
            sampled: LogLimit::new(TimeDelta::seconds(1)),
        }
    }
}

/// A request that is permitted and recorded, and has not passed the gate yet.
pub(super) struct Admitted<B, To> {
    pub(super) permitted: Permitted,
    /// What of it is a browser's, if the session's cookie let it in.
    pub(super) browser: Option<Browser>,
    /// Where it goes, as the way in that it took has found.
    pub(super) to: To,
    /// The WebSocket that it opens, if a rule lets it.
    pub(super) websocket: Option<Handshake>,
    pub(super) body: BodySource<B>,
    pub(super) meter: Arc<RequestMeter>,
    pub(super) gate: RequestHandle,
    pub(super) completer: Completer,
}

/// A request that may pass, unless the form that it brings says otherwise.
struct Judged<To> {
    authorised: Authorised,
    to: To,
    websocket: Option<Handshake>,
}

impl<To> Judged<To> {
    /// Reads the body if the decision hangs on it.
    async fn read<B>(
        self,
        body: B,
    ) -> Result<(Permitted, BodySource<B>, To, Option<Handshake>), Denied>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BodyError>,
    {
        let (permitted, body) = match self.authorised {
            Authorised::Permitted(permitted) => (permitted, BodySource::Streamed(body)),
            Authorised::Form(form) => read_form(form, body).await?,
        };
        Ok((permitted, body, self.to, self.websocket))
    }
}

impl Admission {
    /// A name for a request.
    pub(super) fn new_request_id(&self) -> RequestId {
        RequestId::from_uuid(new_uuid(&*self.clock, &*self.entropy))
    }

    /// Decides about a request, and commits its record or its refusal. `route` says where a request
    /// goes if it may pass; what it refuses is refused and recorded like the rest.
    ///
    /// # Errors
    ///
    /// What the client is told.
    pub(super) async fn admit<B, To>(
        &self,
        arrival: &Arrival,
        body: B,
        route: impl FnOnce(&CanonicalRequest) -> Result<To, Denied>,
    ) -> Result<Admitted<B, To>, Trouble>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BodyError>,
    {
        if !self.gates.lease().held_soon().await {
            return Err(Trouble::without_lease(self.gates.lease()));
        }
        let caller = self.authenticate(arrival).await?;
        self.check_bounds(&caller, arrival).await?;
        let Caller {
            session, browser, ..
        } = caller;
        let earlier = self.rules.earlier(&session);
        let earlier = tokio::time::timeout(self.record_timeout, earlier).await;
        let earlier = earlier.map_err(|_| Trouble::unavailable())?;
        let earlier = earlier.map_err(|_| Trouble::unavailable())?;
        let hosts = browser.as_ref().map_or(&self.hosts, |b| &b.hosts);
        let judged = match self.judge(&session, hosts, earlier.as_ref(), arrival, route) {
            Ok(judged) => judged.read(body).await,
            Err(denied) => Err(denied),
        };
        let (permitted, body, to, websocket) = match judged {
            Ok(judged) => judged,
            Err(denied) => return Err(self.refuse(&session, arrival, denied).await),
        };
        // Before the record: an end that commits after it must find this gate.
        let gate = self.gates.handle(session.id, session.token_hash);
        let meter = Arc::new(RequestMeter::default());
        let completer = self.record(&permitted, arrival, Arc::clone(&meter)).await?;
        Ok(Admitted {
            permitted,
            browser,
            to,
            websocket,
            body,
            meter,
            gate,
            completer,
        })
    }

    /// Finds out whose browser asks something of the gateway itself, by the checks of every request. It
    /// takes nothing from what the session may do, and neither puts off its end for want of requests.
    ///
    /// # Errors
    ///
    /// What the browser is told.
    pub(super) async fn browser(&self, arrival: &Arrival) -> Result<Browser, Trouble> {
        if !self.gates.lease().held_soon().await {
            return Err(Trouble::unavailable());
        }
        let caller = self.authenticate(arrival).await?;
        if let Err(denied) = arrival.request() {
            return Err(Trouble::from(denied).closing());
        }
        caller.check_use(arrival)?;
        caller.browser.ok_or_else(|| browser::not_open(arrival))
    }

    /// Passes the gate, looks at the clock once more, and sees to it that expiry cuts the request.
    ///
    /// # Errors
    ///
    /// If the session has ended since the record was committed, or this node may not serve any more.
    pub(super) async fn enter(
        &self,
        session: &KnownSession,
        gate: RequestHandle,
        kill: Arc<KillSwitch>,
    ) -> Result<(Pass, Flight), Refusal> {
        if !self.gates.lease().held_soon().await {
            return Err(Refusal::RecordUnavailable);
        }
        let entered = gate.enter(kill).await;
        let (pass, flight) = entered.map_err(Ended::refusal)?;
        if let Some(ended) = session.ended_at(self.clock.now()) {
            return Err(ended.refusal());
        }
        // Expiry needs no one to act.
        let expiry = self.clock.sleep_until(session.expires_at);
        let (done, cutter) = (flight.done().clone(), flight.cutter());
        tokio::spawn(async move {
            tokio::select! {
                () = done.cancelled() => {}
                () = expiry => cutter.cut(Ended::Expired),
            }
        });
        Ok((pass, flight))
    }

    async fn authenticate(&self, arrival: &Arrival) -> Result<Caller, Trouble> {
        let find = Caller::find(arrival, &*self.sessions, self.browsers_of(arrival));
        let found = tokio::time::timeout(self.record_timeout, find);
        let found = self.gates.lease().while_held(found).await;
        let found = found.and_then(Result::ok).and_then(Result::ok);
        let found = found.ok_or_else(Trouble::unavailable)?;
        if found.is_none() {
            telemetry::unknown_token();
            if let Some(held_back) = self.lines.unknown.pass(arrival.at) {
                tracing::warn!(
                    request.id = %arrival.request_id,
                    client.ip = %arrival.ip,
                    held_back,
                    "gateway request without a known support token"
                );
            }
        }
        found.ok_or_else(|| match self.is_at_entry(arrival) {
            true => browser::not_open(arrival),
            false => Trouble::unauthenticated(),
        })
    }

    /// Whether a request came to the host of a support session.
    pub(super) fn is_at_entry(&self, arrival: &Arrival) -> bool {
        let browsers = self.browsers_of(arrival);
        browsers.is_some_and(|browsers| browsers.label(&arrival.headers).is_some())
    }

    /// Browsers come to the listener alone: what a proxy asks about has no host of a session.
    fn browsers_of(&self, arrival: &Arrival) -> Option<&Browsers> {
        let browsers = self.browsers.as_ref();
        browsers.filter(|_| arrival.profile.is_none())
    }

    /// Whether the session takes requests now, from there, and as fast as this.
    async fn check_bounds(&self, caller: &Caller, arrival: &Arrival) -> Result<(), Trouble> {
        let session = &*caller.session;
        if let Err(denied) = caller.check_use(arrival) {
            return Err(self.refuse(session, arrival, denied).await);
        }
        // Last, so that nobody but who may use the session takes from its bucket.
        let per_minute = session.limits.requests_per_minute;
        match self.gates.rates().take(session.id, per_minute, arrival.at) {
            Ok(()) => Ok(()),
            Err(too_fast) => {
                let denied = Denied::plain(Refusal::RateLimited);
                let trouble = self.refuse(session, arrival, denied).await;
                Err(trouble.retry_after(too_fast.retry_after_seconds))
            }
        }
    }

    /// Everything about the request itself that decides whether it may pass and where to. Pure.
    fn judge<To>(
        &self,
        session: &Arc<KnownSession>,
        hosts: &[String],
        earlier: Option<&Arc<RuleSet>>,
        arrival: &Arrival,
        route: impl FnOnce(&CanonicalRequest) -> Result<To, Denied>,
    ) -> Result<Judged<To>, Denied> {
        let (request, websocket) = arrival.request()?;
        if hidden::holds_token(request.target.as_str()) {
            let detail =
                "A token does not belong in a URL: send it in the Authorization field alone.";
            return Err(Denied::new(Refusal::MalformedRequest, detail));
        }
        let judge = Judge {
            hosts,
            rules: self.rules.today(),
            earlier,
        };
        let to = route(&request);
        let authorised = judge.authorise(session, request)?;
        let opens = match &authorised {
            Authorised::Permitted(permitted) => permitted.upgrade(),
            Authorised::Form(_) if arrival.profile.is_some() => {
                let detail = "The rule that permits this looks into the form, which a forward-auth \
                              check does not carry.";
                return Err(Denied::new(Refusal::OutOfScope, detail));
            }
            Authorised::Form(_) => None,
        };
        if websocket.is_some() && opens != Some(Upgrade::WebSocket) {
            return Err(Denied::plain(Refusal::UpgradeRefused));
        }
        Ok(Judged {
            authorised,
            to: to?,
            websocket,
        })
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
        let _ = tokio::time::timeout(self.record_timeout, recorded).await;
        let trouble = Trouble::from(denied);
        if arrival.is_malformed() {
            trouble.closing()
        } else {
            trouble
        }
    }

    /// Counts a refusal, and writes the log's line of it; of those that come in any number, one
    /// line in a while.
    fn tell_of_refusal(&self, request: &Intent, refusal: Refusal, status: u16) {
        let held_back = if refusal.is_sampled() {
            self.lines.sampled.pass(request.at)
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
        let begun = begin.within(self.record_timeout);
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

impl Trouble {
    /// What the client is told of a request that was recorded and not let through after all.
    pub(super) fn after_record(refusal: Refusal) -> Self {
        match refusal {
            Refusal::RecordUnavailable => Self::unavailable(),
            refusal => Denied::plain(refusal).into(),
        }
    }
}

/// Reads a form and lets it be judged.
async fn read_form<B>(form: UncheckedForm, body: B) -> Result<(Permitted, BodySource<B>), Denied>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BodyError>,
{
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
