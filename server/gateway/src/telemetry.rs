//! One log line per request, and the gateway's metrics. Neither contains tokens, queries or bodies.

mod log_limit;

use std::time::Duration;

use app::domain::access_log::{Refusal, RequestOutcome};
use metrics::{counter, gauge, histogram};

pub(crate) use self::log_limit::LogLimit;
use crate::ports::{Completion, Intent};

/// Requests of known sessions, by `outcome` and `refusal`.
pub const REQUESTS: &str = "gateway_requests_total";
/// Requests without a known support token.
pub const UNKNOWN_TOKENS: &str = "gateway_unknown_tokens_total";
/// Forward-auth checks by someone who does not know the proxy's secret.
pub const STRANGERS: &str = "gateway_forward_auth_strangers_total";
/// Seconds until a record was committed.
pub const RECORD_SECONDS: &str = "gateway_record_begin_seconds";
/// Recorded requests that are not complete.
pub const OPEN: &str = "gateway_open_requests";
/// 1 while this node holds its lease and may serve, otherwise 0.
pub const LEASE: &str = "gateway_lease_held";
/// 0 while another node on the store has other rules and therefore all nodes refuse everything,
/// otherwise 1.
pub const RULES_AGREE: &str = "gateway_rules_agree";

/// A record was begun after `took`, or could not be.
pub(crate) fn begun(took: Duration, ok: bool) {
    histogram!(RECORD_SECONDS).record(took.as_secs_f64());
    if ok {
        gauge!(OPEN).increment(1.0);
    }
}

/// A recorded request was handed to the proxy that asked. The gateway doesn't see its end.
pub(crate) fn handed_over() {
    gauge!(OPEN).decrement(1.0);
    counter!(REQUESTS, "outcome" => "handed_over", "refusal" => "").increment(1);
}

/// A check came without the secret of the configured proxy.
pub(crate) fn stranger() {
    counter!(STRANGERS).increment(1);
}

/// A recorded request has ended.
pub(crate) fn completed(intent: &Intent, completion: &Completion) {
    gauge!(OPEN).decrement(1.0);
    count(completion.outcome, completion.refusal);
    line(
        intent,
        completion.status,
        completion.outcome,
        completion.refusal,
        Ok(completion),
    );
}

/// A request of a known session was refused before its record was begun. It is logged if the rate
/// allows. `held_back` is the number of unlogged ones before it.
pub(crate) fn refused(intent: &Intent, refusal: Refusal, status: u16, held_back: Option<u64>) {
    let outcome = RequestOutcome::Refused;
    count(outcome, Some(refusal));
    if let Some(held_back) = held_back {
        line(intent, Some(status), outcome, Some(refusal), Err(held_back));
    }
}

/// The log line of a request. It ends with the bytes that passed, or with the number of lines that
/// were held back.
fn line(
    intent: &Intent,
    status: Option<u16>,
    outcome: RequestOutcome,
    refusal: Option<Refusal>,
    end: Result<&Completion, u64>,
) {
    tracing::info!(
        request.id = %intent.request_id,
        support_session.id = %intent.support_session_id,
        tenant.id = %intent.tenant_id,
        staff.id = %intent.staff_id,
        client.ip = %intent.ip,
        http.method = %intent.method,
        http.path = %intent.path,
        http.status = status,
        outcome = %outcome,
        refusal = refusal.map(Refusal::as_str),
        duration_ms = end.ok().map(|end| end.duration.as_secs_f64() * 1000.0),
        request.bytes = end.ok().map(|end| end.request_bytes),
        response.bytes = end.ok().map(|end| end.response_bytes),
        held_back = end.err(),
        "gateway request"
    );
}

/// A request carried no known support token.
pub(crate) fn unknown_token() {
    counter!(UNKNOWN_TOKENS).increment(1);
}

/// Whether this node may serve.
pub(crate) fn lease(held: bool) {
    gauge!(LEASE).set(if held { 1.0 } else { 0.0 });
}

/// Whether the nodes on the store have the same rules.
pub fn rules_agree(agree: bool) {
    gauge!(RULES_AGREE).set(if agree { 1.0 } else { 0.0 });
}

fn count(outcome: RequestOutcome, refusal: Option<Refusal>) {
    let refusal = refusal.map_or("", Refusal::as_str);
    counter!(REQUESTS, "outcome" => outcome.as_str(), "refusal" => refusal).increment(1);
}
