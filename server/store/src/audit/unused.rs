//! Deleting deeds that nothing recorded has any more. What is used by events and entries that retention has left behind, few
//! or many, is looked for one by one, so that they keep no other.

use std::collections::HashSet;

use app::domain::{RequestId, Timestamp};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::{
    Bookkeeping, Db, Store, StoreError,
    in_list::{self, LENGTH},
    record::record,
    sql::queries,
};

/// Clocks differ.
const SLACK: TimeDelta = TimeDelta::days(1);

queries! {
    Db {
        fn first_event_since(at: Timestamp) -> optional Timestamp
            = "SELECT recorded_at FROM audit_log WHERE recorded_at >= :at ORDER BY recorded_at LIMIT 1";

        // The identifiers are UUIDv7, in the order of time.
        fn first_request_since(id: RequestId) -> optional Timestamp
            = "SELECT at FROM request_log WHERE request_id >= :id ORDER BY request_id LIMIT 1";

        fn list_deeds_of_events(at: Timestamp, place: i64, before: Timestamp) -> all OfEvent
            = "SELECT recorded_at, place, deed FROM audit_log WHERE (recorded_at, place) > (:at, :place) \
                AND recorded_at < :before ORDER BY recorded_at, place LIMIT 1000";

        fn list_deeds_of_requests(after: RequestId, before: RequestId) -> all OfRequest
            = "SELECT request_id, deed FROM request_log WHERE request_id > :after AND request_id < :before \
                ORDER BY request_id LIMIT 1000";

        fn list_deeds_used_until(before: Timestamp, after: i64) -> all i64
            = "SELECT id FROM audit_deeds WHERE used_until < :before AND id > :after ORDER BY id LIMIT 100";
    }
}

struct OfEvent {
    recorded_at: Timestamp,
    place: i64,
    deed: i64,
}

record! { OfEvent { recorded_at; place; deed } }

struct OfRequest {
    request_id: RequestId,
    deed: Option<i64>,
}

record! { OfRequest { request_id; deed } }

/// Deeds that nothing has any more.
pub struct UnusedDeeds {
    store: Store,
    /// No younger event or entry has any that was used until before this.
    before: Timestamp,
    /// What has been left behind has these.
    used: HashSet<i64>,
    after: i64,
}

impl UnusedDeeds {
    /// Looks for them. `events_kept` and `requests_kept` say what retention has deleted: everything before, or nothing.
    ///
    /// # Errors
    ///
    /// If the store can't be read.
    pub async fn find(
        store: &Store,
        now: Timestamp,
        events_kept: Timestamp,
        requests_kept: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        let requests_kept = first_id_at(requests_kept.unwrap_or_default());
        let mut reader = store.read().await?;
        let event = reader.db().first_event_since(events_kept).await?;
        let request = reader.db().first_request_since(requests_kept).await?;
        drop(reader);
        let first = event.into_iter().chain(request).chain([now]).min();
        let mut unused = Self {
            store: store.clone(),
            before: first.unwrap_or(now) - SLACK,
            used: HashSet::new(),
            after: i64::MIN,
        };
        if !unused.candidates().await?.is_empty() {
            unused.mark(events_kept, requests_kept).await?;
        }
        Ok(unused)
    }

    async fn candidates(&self) -> Result<Vec<i64>, StoreError> {
        let mut reader = self.store.read().await?;
        let mut db = reader.db();
        db.list_deeds_used_until(self.before, self.after).await
    }

    async fn mark(
        &mut self,
        events_kept: Timestamp,
        requests_kept: RequestId,
    ) -> Result<(), StoreError> {
        let (mut at, mut place) = (Timestamp::MIN_UTC, i64::MIN);
        loop {
            let mut reader = self.store.read().await?;
            let mut db = reader.db();
            let page = db.list_deeds_of_events(at, place, events_kept).await?;
            let Some(last) = page.last() else { break };
            (at, place) = (last.recorded_at, last.place);
            self.used.extend(page.iter().map(|event| event.deed));
        }
        let mut after = RequestId::from_uuid(Uuid::nil());
        loop {
            let mut reader = self.store.read().await?;
            let mut db = reader.db();
            let page = db.list_deeds_of_requests(after, requests_kept).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.request_id;
            self.used
                .extend(page.iter().filter_map(|request| request.deed));
        }
    }

    /// The next of them, with the instant that [`Bookkeeping::prune_audit_deeds`] takes; none after the last.
    ///
    /// # Errors
    ///
    /// If the store can't be read.
    pub async fn next_page(&mut self) -> Result<(Vec<i64>, Timestamp), StoreError> {
        loop {
            let mut candidates = self.candidates().await?;
            let Some(last) = candidates.last() else {
                return Ok((Vec::new(), self.before));
            };
            self.after = *last;
            candidates.retain(|deed| !self.used.contains(deed));
            if !candidates.is_empty() {
                return Ok((candidates, self.before));
            }
        }
    }
}

impl Bookkeeping<'_> {
    /// Deletes some deeds, unless they have been used since an instant. Returns how many.
    ///
    /// # Errors
    ///
    /// If the store can't be written.
    pub async fn prune_audit_deeds(
        &mut self,
        deeds: &[i64],
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        // What a record is using is left to the next time: to wait for it, in another order than it locks, could be a circle.
        let (delete, after) = match self.is_postgres() {
            true => (
                "DELETE FROM audit_deeds WHERE id = ANY (ARRAY (SELECT id FROM audit_deeds WHERE id IN ",
                "FOR UPDATE SKIP LOCKED))",
            ),
            false => ("DELETE FROM audit_deeds WHERE id IN ", ""),
        };
        let list = in_list::sql(delete);
        let sql = format!("{list} AND used_until < ${} {after}", LENGTH + 1);
        let query = in_list::bind(self.assembled(sql), deeds);
        query.bind(before).execute().await
    }
}

/// The least identifier of a request that could have been made at an instant (RFC 9562 §5.7).
fn first_id_at(at: Timestamp) -> RequestId {
    let millis = u128::try_from(at.timestamp_millis()).unwrap_or_default();
    RequestId::from_uuid(Uuid::from_u128(millis << 80))
}
