//! The open streams of a node, counted for each staff member.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use app::domain::{
    StaffId,
    live::LiveInterest,
    problem::{Problem, ProblemCode},
};

/// How many ids all pages of one staff member may show: eight tabs with the longest lists, and one
/// that is reloading.
const IDS: usize = 2_000;

/// Counts open streams per staff member, and the ids on their pages.
#[derive(Clone)]
pub(super) struct OpenStreams {
    limit: usize,
    open: Arc<Mutex<HashMap<StaffId, Held>>>,
}

#[derive(Default)]
struct Held {
    streams: usize,
    ids: usize,
}

/// One open stream's place, which is freed with the stream.
pub(super) struct Slot {
    streams: OpenStreams,
    staff: StaffId,
    ids: usize,
}

impl OpenStreams {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            open: Arc::default(),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.values().map(|held| held.streams).sum()
    }

    pub(super) fn take(&self, staff: StaffId, interest: &LiveInterest) -> Result<Slot, Problem> {
        let ids = interest.tenants.len() + interest.support_sessions.len();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (streams, held) = open
            .get(&staff)
            .map_or((0, 0), |held| (held.streams, held.ids));
        if streams >= self.limit || held + ids > IDS {
            let detail = "Too many pages are open. Close some.";
            return Err(Problem::new(ProblemCode::RateLimited, detail));
        }
        let held = open.entry(staff).or_default();
        held.streams += 1;
        held.ids += ids;
        Ok(Slot {
            streams: self.clone(),
            staff,
            ids,
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self
            .streams
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = open.get_mut(&self.staff) {
            held.streams -= 1;
            held.ids -= self.ids;
            if held.streams == 0 {
                open.remove(&self.staff);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use app::domain::TenantId;
    use uuid::Uuid;

    use super::*;

    fn person(number: u128) -> StaffId {
        StaffId::from_uuid(Uuid::from_u128(number))
    }

    fn showing(tenants: usize) -> LiveInterest {
        LiveInterest {
            tenants: (0..tenants)
                .map(|n| format!("t{n}").parse::<TenantId>().unwrap())
                .collect(),
            ..LiveInterest::default()
        }
    }

    #[test]
    fn one_person_holds_so_many_streams_and_ids_and_gives_them_back() {
        let open = OpenStreams::new(24);
        let full: Vec<_> = (0..10)
            .map(|_| open.take(person(1), &showing(200)).unwrap())
            .collect();
        assert!(open.take(person(1), &showing(1)).is_err(), "too many ids");
        assert!(open.take(person(1), &showing(0)).is_ok());
        assert!(
            open.take(person(2), &showing(200)).is_ok(),
            "another person"
        );
        drop(full);
        assert_eq!(open.count(), 0);
        let few: Vec<_> = (0..24)
            .map(|_| open.take(person(1), &showing(1)).unwrap())
            .collect();
        assert!(
            open.take(person(1), &showing(0)).is_err(),
            "too many streams"
        );
        drop(few);
        assert!(open.open.lock().unwrap().is_empty());
    }
}
