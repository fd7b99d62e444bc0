//! Forward-auth: the platform's own proxy asks about each request, and forwards it itself.
//!
//! A check goes through `admission` like every request, up to the point where it would be
//! forwarded: authenticate → judge → record → gate → 200. The gateway doesn't see what the proxy
//! does after the 200. The proxy's report completes the row (`services::access_log::reports`). The
//! contract is `docs/integrations/README.md`.

mod fields;
mod listener;

use std::sync::Arc;

use app::domain::{
    RequestId,
    access_log::{Refusal, RequestOutcome},
};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, Version};
use http_body_util::Empty;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::time::Instant;

use self::fields::Check;
pub use self::listener::{CheckListener, serve_checks};
use crate::{
    admission::{Admitted, Route},
    answers::{self, Answer, Trouble},
    arrival::{Arrival, raw_head::RawHead},
    config::ForwardAuthSettings,
    forward::upstream::Upstream,
    gate::kill::KillSwitch,
    headers,
    judge::Denied,
    ports::Ended,
    proxy::Gateway,
    telemetry::{self, LogLimit},
};

/// Holds the secret that the proxy shares with us. The proxy's configuration sets it only on
/// checks.
const SECRET: &str = "support-check-secret";

/// A check has no body.
type Nothing = Empty<Bytes>;

/// Answers the checks of one proxy.
pub struct ForwardAuth {
    gateway: Arc<Gateway>,
    settings: ForwardAuthSettings,
    strangers: LogLimit,
}

impl ForwardAuth {
    /// Shares the rules, record and gates of a gateway.
    pub fn new(gateway: Arc<Gateway>, settings: ForwardAuthSettings) -> Arc<Self> {
        Arc::new(Self {
            gateway,
            settings,
            strangers: LogLimit::default(),
        })
    }

    /// Answers one check with 200, 401 or 403. nginx turns anything else into 500.
    async fn handle(&self, check: Check) -> Response<Answer> {
        let request_id = self.gateway.admission.new_request_id();
        match self.decide(check, request_id).await {
            Ok(identity) => {
                let passed = serde_json::json!({ "status": "ok" });
                let mut response = answers::ours(StatusCode::OK, &passed, request_id);
                response.headers_mut().extend(identity);
                response
            }
            Err(trouble) => narrowed(trouble).into_response(request_id),
        }
    }

    /// The identity of a request that may pass. Its record is committed.
    async fn decide(&self, check: Check, request_id: RequestId) -> Result<HeaderMap, Trouble> {
        if !self.is_our_proxy(&check.headers) {
            return Err(self.turn_away());
        }
        let arrival = self.arrive(check, request_id)?;
        let admission = &self.gateway.admission;
        let admitted = admission.admit(&arrival, Nothing::new(), |request| {
            carriable(&request.headers)?;
            // The proxy forwards every field.
            self.gateway
                .forwarder
                .upstream_for(request)
                .map(Route::whole)
        });
        self.hand_over(admitted.await?, request_id).await
    }

    /// Passes the gate and leaves the rest to the proxy.
    async fn hand_over(
        &self,
        admitted: Admitted<Nothing, Arc<Upstream>>,
        request_id: RequestId,
    ) -> Result<HeaderMap, Trouble> {
        let (permitted, completer) = (&admitted.permitted, admitted.completer);
        let kill = KillSwitch::new();
        let entered = admitted.gate.enter(Arc::clone(&kill)).await;
        let still_good = entered.and_then(|(pass, flight)| {
            let good = pass.is_good().then_some((pass, flight));
            good.ok_or(Refusal::RecordUnavailable)
        });
        let (pass, flight) = match still_good {
            Ok(entered) => entered,
            Err(refusal) => return Err(completer.refuse(refusal)),
        };
        let forwarder = &self.gateway.forwarder;
        match forwarder.identity(permitted, &admitted.to, request_id) {
            Ok(signed) => {
                // A session's end that could not wait for this has reset it.
                if kill.unless_dead(|| pass.sent()).is_none() {
                    let ended = flight.ended().map(Ended::refusal);
                    return Err(completer.refuse(ended.unwrap_or(Refusal::RecordUnavailable)));
                }
                completer.hand_over();
                Ok(headers::identity(permitted.session(), request_id, signed))
            }
            Err(error) => {
                tracing::error!(request.id = %request_id, %error, "can't sign an identity");
                let detail = "The request's identity can't be signed.";
                let trouble = Trouble::new(403, "internal", detail);
                Err(completer.tell(RequestOutcome::Failed, trouble))
            }
        }
    }

    /// Whether the check has the secret exactly once. Hashes are compared, so that the timing
    /// reveals nothing, not even a length. Without a secret, only clients with a certificate get
    /// this far.
    fn is_our_proxy(&self, check: &HeaderMap) -> bool {
        let Some(secret) = &self.settings.secret else {
            return self.settings.certificate.is_some();
        };
        let Some(given) = headers::only(check, SECRET) else {
            return false;
        };
        let wanted = Sha256::digest(secret.expose_secret());
        let given = Sha256::digest(given.as_bytes());
        given.as_slice().ct_eq(wanted.as_slice()).into()
    }

    fn turn_away(&self) -> Trouble {
        telemetry::stranger();
        if let Some(held_back) = self.strangers.pass(self.gateway.admission.clock.now()) {
            tracing::warn!(
                held_back,
                "a forward-auth check came without the proxy's secret or with a wrong one"
            );
        }
        let detail = "Send Support-Check-Secret once, with the value of forward_auth.secret.";
        Trouble::new(403, "not_the_proxy", detail)
    }

    /// A client without a certificate signed by `forward_auth.tls.client_ca`, or without TLS.
    fn turned_away_at_handshake(&self, error: &std::io::Error) {
        telemetry::stranger();
        if let Some(held_back) = self.strangers.pass(self.gateway.admission.clock.now()) {
            tracing::warn!(
                %error,
                held_back,
                "a forward-auth connection failed at its TLS handshake"
            );
        }
    }

    /// The request that the proxy asks about.
    fn arrive(&self, mut check: Check, request_id: RequestId) -> Result<Arrival, Trouble> {
        check.headers.remove(SECRET);
        let now = self.gateway.admission.clock.now();
        let said = fields::read(&self.settings, check);
        let said = said.map_err(|unreadable| {
            if let Some(held_back) = self.strangers.pass(now) {
                tracing::warn!(
                    request.id = %request_id,
                    profile = %self.settings.profile,
                    fault = %unreadable,
                    held_back,
                    "can't read a forward-auth check: compare the proxy's configuration with \
                     docs/integrations"
                );
            }
            Trouble::new(403, "malformed_request", unreadable.to_string())
        })?;
        Ok(Arrival {
            request_id,
            at: now,
            started: Instant::now(),
            // The client's protocol is the proxy's concern.
            version: Version::HTTP_11,
            head: RawHead::relayed(said.method.as_str().into(), said.target),
            method: said.method,
            headers: said.headers,
            ip: said.ip,
            profile: Some(self.settings.profile),
            is_carried: false,
            at_entry: false,
        })
    }
}

/// Refuses a request that only a proxy with an allow-list of headers could forward safely.
fn carriable(client: &HeaderMap) -> Result<(), Denied> {
    let malformed = |detail: &'static str| Err(Denied::new(Refusal::MalformedRequest, detail));
    if headers::overrides_target(client) {
        return malformed("A header names another target than the request line.");
    }
    if headers::resembles_ours(client) {
        return malformed("A header could be mistaken for one that the gateway sets.");
    }
    Ok(())
}

/// Maps every status to 401 or 403. The code still says the reason.
fn narrowed(trouble: Trouble) -> Trouble {
    let status = if trouble.status == 401 { 401 } else { 403 };
    Trouble {
        status,
        close: false,
        ..trouble
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_401_and_403_is_said_of_what_may_not_pass() {
        for (status, said) in [(400, 403), (401, 401), (403, 403), (421, 403), (503, 403)] {
            let trouble = Trouble::new(status, "x", "y").closing();
            let narrowed = narrowed(trouble);
            assert_eq!((narrowed.status, narrowed.close), (said, false));
        }
    }
}
