//! Which records of a batch report a request that support made through the gateway.
//!
//! A request id is no secret: the upstream sees it, and the tenant can read it in its audit log. So
//! an id alone excludes nothing. The record must match the recorded request, which excludes only
//! one record.

use std::collections::BTreeMap;

use app::domain::{RequestId, Timestamp, telemetry::RequestRecord};
use chrono::TimeDelta;
use percent_encoding::percent_decode_str;
use store::{Db, StoreError, telemetry::ForwardedRequest};

use super::{Batch, validate};

/// How far apart the clocks of the gateway and of the platform may be.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(5);
/// The text in records for a segment that the gateway hides.
const HIDDEN: &str = "(hidden)";

/// The records that are each the first of its batch to report a recorded request, by the request's id.
pub type Reports = BTreeMap<RequestId, usize>;

/// The records of a batch that may be support traffic, if no other batch has reported the same requests.
pub async fn reports(
    db: &mut Db<'_>,
    batch: &Batch,
    now: Timestamp,
) -> Result<Reports, StoreError> {
    let named: Vec<(RequestId, usize, &RequestRecord)> = batch
        .records
        .iter()
        .enumerate()
        .filter_map(|(index, record)| {
            let record = record.as_ref().ok()?;
            let id = gateway_request_id(record)?;
            validate(index, record, now).ok()?;
            Some((id, index, record))
        })
        .collect();
    let ids: Vec<RequestId> = named.iter().map(|(id, ..)| *id).collect();
    let forwarded = db.list_forwarded(&ids).await?.into_iter();
    let forwarded: BTreeMap<_, _> = forwarded.map(|one| (one.request_id, one)).collect();
    let mut reports = Reports::new();
    for (id, index, record) in named {
        if forwarded.get(&id).is_some_and(|one| is_of(record, one)) {
            reports.entry(id).or_insert(index);
        }
    }
    Ok(reports)
}

/// The record's request id, if it has the form of the gateway's. A record of several calls has
/// none.
fn gateway_request_id(record: &RequestRecord) -> Option<RequestId> {
    let id = record.request_id.as_deref()?.trim().parse().ok()?;
    (record.count == 1).then_some(id)
}

/// Whether a record can be about this request: of its tenant, while it was open, and on its route.
fn is_of(record: &RequestRecord, request: &ForwardedRequest) -> bool {
    let lasted = request.duration_ms.and_then(|ms| i64::try_from(ms).ok());
    let end = lasted
        .and_then(TimeDelta::try_milliseconds)
        .and_then(|lasted| request.at.checked_add_signed(lasted))
        .unwrap_or(request.ends_at);
    let (method, path) = (&record.method, &record.path);
    record.tenant_id == request.tenant_id
        && record.at >= request.at - CLOCKS_APART
        && record.at <= end + CLOCKS_APART
        && method
            .as_ref()
            .is_none_or(|method| method.trim().eq_ignore_ascii_case(&request.method))
        && path
            .as_ref()
            .is_none_or(|path| is_on_route(&request.path, path.trim()))
}

/// Whether a recorded path matches a reported path or route. The platform may know it without a
/// prefix that a proxy removes, or with one that it adds. A text that doesn't begin with a slash
/// names a route in another way.
fn is_on_route(recorded: &str, reported: &str) -> bool {
    if !reported.starts_with('/') {
        return true;
    }
    let reported = reported.split(['?', '#']).next().unwrap_or_default();
    let (recorded, mut reported) = (segments(recorded), segments(reported));
    if let Some(rest) = reported.iter().position(|segment| is_rest(segment)) {
        reported.truncate(rest);
        let length = reported.len();
        return length == 0
            || recorded
                .windows(length)
                .any(|some| all_match(some, &reported));
    }
    let length = recorded.len().min(reported.len());
    if length == 0 {
        return recorded.len() == reported.len();
    }
    all_match(
        &recorded[recorded.len() - length..],
        &reported[reported.len() - length..],
    )
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

fn all_match(recorded: &[&str], reported: &[&str]) -> bool {
    let mut pairs = recorded.iter().zip(reported);
    pairs.all(|(recorded, reported)| {
        *recorded == HIDDEN
            || is_placeholder(reported)
            || percent_decode_str(recorded).eq(percent_decode_str(reported))
    })
}

/// A placeholder for one segment of a route: `{id}`, `:id`, `<id>`, `[id]`, `*`.
fn is_placeholder(segment: &str) -> bool {
    segment.starts_with([':', '*', '<', '[']) || (segment.contains('{') && segment.contains('}'))
}

/// A placeholder for any number of segments: `**`, `*path`, `{*path}`, `{path:.*}`, `[...path]`.
fn is_rest(segment: &str) -> bool {
    let named = segment.starts_with('*') && segment != "*";
    named
        || ["{*", ".*}", "[..."]
            .iter()
            .any(|mark| segment.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_with_placeholders_a_prefix_or_another_spelling_is_that_of_the_path() {
        for (recorded, reported) in [
            ("/v1/invoices/7", "/v1/invoices/7"),
            ("/v1/invoices/7", "/v1/invoices/7?page=2"),
            ("/v1/invoices/7", "/v1/invoices/7/"),
            ("/v1/invoices/7", "/v1/invoices/{id}"),
            ("/v1/invoices/7", "/v1/invoices/:id"),
            ("/v1/invoices/7", "/v1/invoices/<int:id>"),
            ("/v1/invoices/7", "/v1/{*rest}"),
            ("/v1/invoices/7", "/**"),
            ("/api/v1/invoices", "/v1/invoices"),
            ("/v1/invoices", "/base/v1/invoices"),
            ("/v1/caf%C3%A9", "/v1/café"),
            ("/v1/resets/(hidden)", "/v1/resets/abc"),
            ("/v1/invoices", "InvoicesController#index"),
            ("/", "/"),
        ] {
            assert!(is_on_route(recorded, reported), "{recorded} {reported}");
        }
    }

    #[test]
    fn another_path_is_not() {
        for (recorded, reported) in [
            ("/v1/invoices/7", "/v1/invoices/8"),
            ("/v1/invoices/7", "/v1/invoices"),
            ("/v1/invoices/7", "/v1/users/{id}"),
            ("/v1/invoices", "/v1/users/**"),
            ("/v1/invoices", "/V1/INVOICES"),
            ("/v1/invoices", "/"),
            ("/", "/v1/invoices"),
        ] {
            assert!(!is_on_route(recorded, reported), "{recorded} {reported}");
        }
    }
}
