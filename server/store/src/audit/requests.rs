//! The audit events of one request.
//!
//! Only acts have an index by their request. Nearly all other events are about requests at the
//! gateway, and an index of these would need a tenth of the record's space. They are found by the
//! chain and the times in the access log, or by the instant in the request's own identifier.

use app::domain::{
    RequestId, Timestamp,
    access_log::AccessLogEntry,
    audit::{AuditEvent, AuditFilter},
    page::Direction,
};
use audit::chain;
use chrono::TimeDelta;

use super::{
    filter::{AuditReach, listing},
    packed::{instants_of_uuid, pack_id},
    stored,
};
use crate::{Db, StoreError, sql::queries};

queries! {
    Db {
        fn list_acts_of_request(request: &[u8]) -> all i64
            = "SELECT place FROM audit_log WHERE deed > 0 AND length(request) = 16 AND request = :request \
                ORDER BY place LIMIT 200";

        fn list_request_between(request: &[u8], low: i64, high: i64) -> all i64
            = "SELECT place FROM audit_log WHERE place >= :low AND place < :high AND request = :request \
                ORDER BY place LIMIT 20";

        fn list_request_recorded(request: &[u8], from: Timestamp, to: Timestamp) -> all i64
            = "SELECT place FROM audit_log WHERE recorded_at >= :from AND recorded_at < :to AND request = :request \
                ORDER BY place LIMIT 20";
    }
}

/// Longer than a support session lasts, and so its requests.
const LONGEST: TimeDelta = TimeDelta::days(1);
/// How far the clocks of two nodes may be apart.
const BEFORE: TimeDelta = TimeDelta::minutes(1);
/// How long an event may wait to be recorded.
const AFTER: TimeDelta = TimeDelta::minutes(2);
/// The same without an entry in the access log, where every chain is read.
const SOON: TimeDelta = TimeDelta::seconds(10);
/// How many events of its chain are read to find the end of a request, if no time is known.
const AHEAD: i64 = 50_000;

impl Db<'_> {
    /// The events of a request that the caller may see, oldest first. `entry` is its entry in the
    /// access log.
    pub async fn list_audit_events_of_request(
        &mut self,
        reach: &AuditReach,
        request: RequestId,
        entry: Option<(&str, &AccessLogEntry)>,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let places = self.places_of_request(request, entry).await?;
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let mut listing = listing(
            &["recorded_at", "place"],
            Direction::Ascending,
            reach,
            &AuditFilter::default(),
        );
        listing.and_one_of("place", &places);
        listing.fetch_after(self, None, 200).await
    }

    /// The places of a request's events.
    pub(super) async fn places_of(&mut self, request: RequestId) -> Result<Vec<i64>, StoreError> {
        let Some(entry) = self.lookup_access_log_entry(request).await? else {
            return self.places_of_request(request, None).await;
        };
        let session = self
            .lookup_support_session(entry.support_session_id)
            .await?;
        let chain = session.map(|session| chain::name(Some(&session.tenant_id)));
        let known = chain.as_deref().map(|chain| (chain, &entry));
        self.places_of_request(request, known).await
    }

    /// The same, with its entry in the access log and its chain.
    async fn places_of_request(
        &mut self,
        request: RequestId,
        entry: Option<(&str, &AccessLogEntry)>,
    ) -> Result<Vec<i64>, StoreError> {
        let packed = pack_id(&request.to_string());
        let mut places = self.list_acts_of_request(&packed).await?;
        match entry {
            Some((chain, entry)) => {
                for (low, high) in self.stretches(chain, entry).await? {
                    places.extend(self.list_request_between(&packed, low, high).await?);
                }
            }
            None => {
                let (from, to) = instants_of_uuid(request.as_uuid());
                let found = self.list_request_recorded(&packed, from - BEFORE, to + SOON);
                places.extend(found.await?);
            }
        }
        places.sort_unstable();
        places.dedup();
        Ok(places)
    }

    /// The ranges of places in a chain in which the events of a request's beginning and end are.
    async fn stretches(
        &mut self,
        chain: &str,
        entry: &AccessLogEntry,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        let begin = self.place_in(chain, entry.at - BEFORE).await?;
        let ended = entry.reported_at.or_else(|| ended(entry));
        let mut stretches = vec![(begin, self.place_in(chain, entry.at + AFTER).await?)];
        match ended {
            Some(at) => {
                let low = self.place_in(chain, at - BEFORE).await?;
                stretches.push((low, self.place_in(chain, at + AFTER).await?));
            }
            // It hasn't ended, or its end is not known.
            None => stretches.push((begin, begin.saturating_add(AHEAD))),
        }
        Ok(stretches)
    }

    /// The place from which on a chain's events were recorded at or after an instant.
    async fn place_in(&mut self, chain: &str, at: Timestamp) -> Result<i64, StoreError> {
        let (low, _, _) = self.first_place_at(chain, at).await?;
        match low.map(i64::try_from) {
            Some(Ok(low)) => Ok(low),
            _ => {
                let number = self.number_of_chain(chain).await?;
                stored::place(number.unwrap_or_default(), 0)
            }
        }
    }
}

/// When a request ended, if its duration can be true: it may be a proxy's word.
fn ended(entry: &AccessLogEntry) -> Option<Timestamp> {
    let took = i64::try_from(entry.duration_ms?).ok()?;
    let took = TimeDelta::try_milliseconds(took).filter(|took| *took <= LONGEST)?;
    entry.at.checked_add_signed(took)
}
