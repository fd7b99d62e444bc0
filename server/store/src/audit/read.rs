//! Reading the audit log.

use app::domain::{
    AuditEventId, Timestamp,
    audit::{AuditEvent, AuditFilter},
    page::Direction,
};
use audit::chain;
use const_format::concatcp;

use super::{
    filter::{
        AuditReach, chain_listed, deeds, is_of_no_request, list_keys, listing, of_chain,
        pick_deeds, picks_deeds,
    },
    packed::{id_of_place, instants_of},
    stored::{self, StoredEvent},
    verify::WholeHead,
};
use crate::{
    Db, StoreError,
    listing::{Key, Listed, Listing, Wanted},
    record::{record, select},
    sql::queries,
};

queries! {
    Db {
        fn find_by_stored_id(id: &[u8]) -> optional AuditEvent
            = concatcp!(SELECT, "length(id) = 16 AND id = :id");

        fn list_places(at: Timestamp, place: i64, to: Timestamp) -> all Place
            = "SELECT e.recorded_at, e.place, c.name FROM audit_log e JOIN audit_chains c ON c.number = e.place >> 40 \
                WHERE (e.recorded_at, e.place) > (:at, :place) AND e.recorded_at < :to AND length(e.id) = 0 \
                ORDER BY e.recorded_at, e.place LIMIT 1000";

        fn find_by_place(place: i64) -> optional AuditEvent = concatcp!(SELECT, "place = :place");

        /// Up to 1,000 events of a chain after a position, oldest first.
        pub fn list_audit_chain(chain: &str, after: u64) -> all AuditEvent
            = concatcp!(SELECT, OF_CHAIN, " AND place > ", BASE, " + :after ORDER BY place LIMIT 1000");

        /// Up to 1,000 events of a chain between two positions, oldest first.
        pub fn list_audit_between(chain: &str, after: u64, before: u64) -> all AuditEvent
            = concatcp!(SELECT, OF_CHAIN, " AND place > ", BASE, " + :after AND place < ", BASE, " + :before \
                ORDER BY place LIMIT 1000");

        /// Up to 1,000 events of a chain after a position, oldest first, readable or not.
        pub fn list_stored_audit_chain(chain: &str, after: u64) -> all StoredEvent
            = concatcp!("SELECT ", StoredEvent::COLUMNS, " FROM audit_entries WHERE ", OF_CHAIN, " AND place > ", BASE,
                " + :after ORDER BY place LIMIT 1000");

        /// Some events in no chain: its name was removed, or they are before its first place.
        pub(super) fn list_events_of_no_chain() -> all StoredEvent
            = concatcp!("SELECT ", StoredEvent::COLUMNS, " FROM audit_entries \
                WHERE chain IS NULL OR place & 1099511627775 = 0 LIMIT 1");

        /// The names of all chains, including those whose head was removed.
        pub fn list_audit_chains() -> all String
            = "SELECT name FROM audit_chains UNION SELECT chain FROM audit_heads ORDER BY 1";

        /// Up to 200 chains from a name on, in order, without those that recorded nothing after an instant.
        pub(crate) fn list_chains_from(name: &str, since: Timestamp) -> all String
            = "SELECT c.name FROM audit_chains c LEFT JOIN audit_heads h ON h.chain = c.name WHERE c.name >= :name \
                AND (h.chain IS NULL OR h.ordered_after > 0 OR h.recorded_at >= :since) ORDER BY c.name LIMIT 200";

        pub(super) fn number_of_chain(chain: &str) -> optional i64 = "SELECT number FROM audit_chains WHERE name = :chain";

        pub(super) fn lookup_whole_head(chain: &str) -> optional WholeHead
            = select!(WholeHead, "audit_heads WHERE chain = :chain");

        fn latest_recorded_micros(limit: Timestamp) -> one i64
            = "SELECT COALESCE(MAX(recorded_at), 0) FROM audit_log WHERE recorded_at <= :limit";

        /// The bounds of the place of a chain's first event at or after an instant, which are equal
        /// unless events are missing, and the place up to which events may be out of time order.
        pub(super) fn first_place_at(chain: &str, at: Timestamp) -> one (Option<u64>, Option<u64>, Option<u64>) = FIRST_PLACE_AT;
    }
}

/// A binary search over the part of the chain that is certainly in time order.
const FIRST_PLACE_AT: &str = "WITH RECURSIVE search (low, high) AS (\
    SELECT CASE WHEN first < sorted THEN sorted ELSE first END, last + 1 FROM (\
        SELECT (SELECT MIN(e.place) FROM audit_log e WHERE e.place > c.number << 40 AND e.place < (c.number + 1) << 40) AS first, \
        (c.number << 40) + h.ordered_after + 1 AS sorted, (c.number << 40) + h.seq AS last \
        FROM audit_heads h JOIN audit_chains c ON c.name = h.chain WHERE h.chain = :chain) AS whole \
    UNION ALL \
    SELECT CASE WHEN e.recorded_at < :at THEN e.place + 1 ELSE s.low END, \
        CASE WHEN e.recorded_at < :at THEN s.high ELSE e.place END \
    FROM search s JOIN audit_log e ON e.place = s.low + (s.high - s.low) / 2 WHERE s.low < s.high) \
    SELECT MAX(s.low), MIN(s.high), MAX(h.ordered_after) FROM search s, audit_heads h WHERE h.chain = :chain";

/// The place before the first of a chain.
pub(super) const BASE: &str = "(SELECT number << 40 FROM audit_chains WHERE name = :chain)";

/// Only events of a chain.
pub(super) const OF_CHAIN: &str = "place > (SELECT number << 40 FROM audit_chains WHERE name = :chain) \
    AND place < (SELECT (number + 1) << 40 FROM audit_chains WHERE name = :chain)";

const SELECT: &str = select!(AuditEvent, "audit_entries WHERE ");

/// The most deeds that a filter names by their numbers.
const NAMED: u32 = 200;

/// How many thousand events of one millisecond are searched for one of them.
const PLACES_LOOKED_AT: u32 = 100;

/// How many events an export reads at a time.
pub const EXPORT_PAGE: u32 = 1_000;

impl Db<'_> {
    /// The latest instant up to `limit` at which anything was recorded.
    pub async fn latest_recorded_instant(
        &mut self,
        limit: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let micros = self.latest_recorded_micros(limit).await?;
        Ok(Timestamp::from_timestamp_micros(micros).unwrap_or_default())
    }

    pub async fn lookup_audit_event(
        &mut self,
        id: AuditEventId,
    ) -> Result<Option<AuditEvent>, StoreError> {
        if let Some(found) = self.find_by_stored_id(id.as_uuid().as_bytes()).await? {
            return Ok(Some(found));
        }
        let (from, to) = instants_of(id);
        let (mut at, mut place) = (from, i64::MIN);
        for _ in 0..PLACES_LOOKED_AT {
            let places = self.list_places(at, place, to).await?;
            let Some(last) = places.last() else { break };
            (at, place) = (last.recorded_at, last.number);
            if let Some(found) = places.iter().find(|place| place.id() == id) {
                return self.find_by_place(found.number).await;
            }
        }
        Ok(None)
    }

    /// One page of events, newest first.
    pub async fn list_audit_events(
        &mut self,
        reach: &AuditReach,
        filter: &AuditFilter,
        page: impl Into<Wanted>,
    ) -> Result<Listed<AuditEvent>, StoreError> {
        let (mut page, keys) = (page.into(), list_keys(reach, filter));
        if let Some(at) = page.keys() {
            let place = self.place_at(at).await?;
            // The instant, and the place.
            at.truncate(keys.len() - 1);
            at.push(place.into());
        }
        let mut picked = self.picked(filter).await?;
        loop {
            let listing = self.audit_listing(keys, reach, filter, &picked).await?;
            let listed = listing.fetch(self, page.clone(), |event: &AuditEvent| {
                vec![
                    event.recorded_at.into(),
                    (&event.chain).into(),
                    event.seq.into(),
                ]
            });
            let listed = listed.await?;
            if self.are_still(&mut picked, filter).await? {
                return Ok(listed);
            }
        }
    }

    /// Up to 1,000 matching events, chain by chain, oldest first, after a chain and position.
    pub async fn list_audit_events_to_export(
        &mut self,
        reach: &AuditReach,
        filter: &AuditFilter,
        after: Option<(String, u64)>,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let after = after.unwrap_or_default();
        let mut picked = self.picked(filter).await?;
        loop {
            let events = self.export_picked(reach, filter, &picked, after.clone());
            let events = events.await?;
            if self.are_still(&mut picked, filter).await? {
                return Ok(events);
            }
        }
    }

    pub(crate) async fn export_picked(
        &mut self,
        reach: &AuditReach,
        filter: &AuditFilter,
        picked: &Picked,
        (mut name, mut seq): (String, u64),
    ) -> Result<Vec<AuditEvent>, StoreError> {
        if picked.is_nothing() {
            return Ok(Vec::new());
        }
        let since = filter.from.unwrap_or(Timestamp::UNIX_EPOCH);
        let only = chain_listed(reach, filter);
        let mut events = Vec::new();
        loop {
            let chains = match &only {
                Some(chain) => vec![chain.clone()],
                None => self.list_chains_from(&name, since).await?,
            };
            for chain in &chains {
                if chain == chain::SYSTEM && *reach == AuditReach::Tenants {
                    continue;
                }
                let after = if *chain == name { seq } else { 0 };
                let found = u32::try_from(events.len()).unwrap_or(EXPORT_PAGE);
                let left = EXPORT_PAGE.saturating_sub(found);
                let some = self.export_chain(chain, filter, picked, after, left);
                events.extend(some.await?);
                if events.len() >= EXPORT_PAGE as usize {
                    return Ok(events);
                }
            }
            match chains.last() {
                // No character of a name sorts before a space.
                Some(last) if only.is_none() => (name, seq) = (format!("{last} "), 0),
                _ => return Ok(events),
            }
        }
    }

    async fn export_chain(
        &mut self,
        chain: &str,
        filter: &AuditFilter,
        picked: &Picked,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let Some(number) = self.number_of_chain(chain).await? else {
            return Ok(Vec::new());
        };
        let mut listing = listing(&["place"], Direction::Ascending, &AuditReach::All, filter);
        of_chain(&mut listing, chain);
        self.narrow(&mut listing, chain, number, filter).await?;
        picked.leave(&mut listing, filter);
        let after = vec![stored::place(number, after)?.into()];
        listing.fetch_after(self, Some(after), limit).await
    }

    /// The place where a page begins, by instant, chain and position of its neighbour.
    async fn place_at(&mut self, keys: &[Key]) -> Result<i64, StoreError> {
        let [.., Key::Text(chain), Key::Int(seq)] = keys else {
            return Ok(0);
        };
        let number = self.number_of_chain(chain).await?;
        stored::place(
            number.unwrap_or_default(),
            u64::try_from(*seq).unwrap_or_default(),
        )
    }

    /// The events that match a filter, newest first, restricted by their places and deeds.
    pub(crate) async fn audit_listing(
        &mut self,
        keys: &'static [&'static str],
        reach: &AuditReach,
        filter: &AuditFilter,
        picked: &Picked,
    ) -> Result<Listing, StoreError> {
        let direction = match filter.oldest_first {
            true => Direction::Ascending,
            false => Direction::Descending,
        };
        let mut listing = listing(keys, direction, reach, filter);
        if let Some(chain) = chain_listed(reach, filter) {
            match self.number_of_chain(&chain).await? {
                Some(number) => self.narrow(&mut listing, &chain, number, filter).await?,
                None => listing.and("1 = 0"),
            }
        }
        picked.leave(&mut listing, filter);
        Ok(listing)
    }

    /// Excludes the places of a chain that are outside a filter's times.
    async fn narrow(
        &mut self,
        listing: &mut Listing,
        chain: &str,
        number: i64,
        filter: &AuditFilter,
    ) -> Result<(), StoreError> {
        if is_of_no_request(filter) {
            listing.and_bind("place >> 40 = {}", number);
        }
        if let Some(from) = filter.from
            && let (Some(low), _, Some(0)) = self.first_place_at(chain, from).await?
        {
            listing.and_bind("place >= {}", low);
        }
        if let Some(to) = filter.to
            && let (_, Some(high), _) = self.first_place_at(chain, to).await?
        {
            listing.and_bind("place < {}", high);
        }
        Ok(())
    }

    /// Whether a filter still selects the same deeds as before the last read. Otherwise an event
    /// with a new deed may be missing before one that was read. Beyond 200 deeds they are not
    /// named, and nothing can be missing.
    pub(crate) async fn are_still(
        &mut self,
        picked: &mut Picked,
        filter: &AuditFilter,
    ) -> Result<bool, StoreError> {
        let before = std::mem::replace(picked, self.picked(filter).await?);
        Ok(before == *picked)
    }

    /// The deeds and places that match a filter. Nothing is read for an actor without events.
    pub(crate) async fn picked(&mut self, filter: &AuditFilter) -> Result<Picked, StoreError> {
        let places = match filter.request_id {
            Some(request) => Some(self.places_of(request).await?),
            None => None,
        };
        let deeds = self.picked_deeds(filter).await?;
        Ok(Picked { deeds, places })
    }

    async fn picked_deeds(&mut self, filter: &AuditFilter) -> Result<PickedDeeds, StoreError> {
        if !picks_deeds(filter) {
            return Ok(PickedDeeds::All);
        }
        let found = deeds(filter).fetch_after::<DeedNumber>(self, None, NAMED + 1);
        let found: Vec<_> = found.await?.into_iter().map(|deed| deed.id).collect();
        Ok(match found.len() <= NAMED as usize {
            true => PickedDeeds::Few(found),
            false => PickedDeeds::Many,
        })
    }
}

/// The matches of a filter that are looked up before the events are read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Picked {
    deeds: PickedDeeds,
    /// The places of a request's events.
    places: Option<Vec<i64>>,
}

/// The deeds that match a filter: by their numbers, if they aren't too many.
#[derive(Debug, PartialEq, Eq)]
enum PickedDeeds {
    All,
    Few(Vec<i64>),
    Many,
}

impl Picked {
    fn is_nothing(&self) -> bool {
        let no_deeds = matches!(&self.deeds, PickedDeeds::Few(deeds) if deeds.is_empty());
        no_deeds || self.places.as_ref().is_some_and(Vec::is_empty)
    }

    fn leave(&self, listing: &mut Listing, filter: &AuditFilter) {
        if let Some(places) = &self.places {
            listing.and_one_of("place", places);
        }
        match &self.deeds {
            PickedDeeds::All => {}
            PickedDeeds::Few(deeds) => listing.and_one_of("deed", deeds),
            // Each event is asked, so that a page doesn't cost with the number of deeds.
            PickedDeeds::Many => pick_deeds(listing, filter),
        }
    }
}

struct DeedNumber {
    id: i64,
}

record! { DeedNumber { id } }

/// An event whose identifier follows from its place.
struct Place {
    recorded_at: Timestamp,
    number: i64,
    chain: String,
}

record! { Place { recorded_at; number = place; chain = name } }

impl Place {
    fn id(&self) -> AuditEventId {
        let seq = self.number.rem_euclid(stored::POSITIONS).unsigned_abs();
        id_of_place(&self.chain, seq, self.recorded_at)
    }
}
