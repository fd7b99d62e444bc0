//! How many requests may be open at once: in one support session, and on this node.
//!
//! Each open request may hold a connection to an upstream. On HTTP/2 a client needs one connection
//! for a hundred requests, so the listener's limit of connections does not bound them.

use std::{collections::HashMap, sync::Arc};

use app::domain::{SupportSessionId, access_log::Refusal};
use parking_lot::Mutex;

/// A support session may hold one place in this many, so that a few sessions can't take all.
const SHARE: usize = 8;

/// The places of this process.
#[derive(Debug)]
pub(crate) struct Places {
    all: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of: HashMap<SupportSessionId, usize>,
}

/// Held by an open request.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    session: SupportSessionId,
}

impl Places {
    pub(crate) fn new(all: usize) -> Arc<Self> {
        Arc::new(Self {
            all,
            taken: Mutex::default(),
        })
    }

    /// A place for a request of `session`.
    ///
    /// # Errors
    ///
    /// If the session already has its share, or no place is left.
    pub(crate) fn take(self: &Arc<Self>, session: SupportSessionId) -> Result<Place, Refusal> {
        let mut taken = self.taken.lock();
        let of_session = taken.of.get(&session).copied().unwrap_or_default();
        if of_session >= (self.all / SHARE).max(1) {
            return Err(Refusal::TooManyAtOnce);
        }
        if taken.all >= self.all {
            return Err(Refusal::Overloaded);
        }
        taken.all += 1;
        taken.of.insert(session, of_session + 1);
        Ok(Place {
            places: Arc::clone(self),
            session,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock();
        taken.all -= 1;
        if let Some(of_session) = taken.of.get_mut(&self.session) {
            *of_session -= 1;
            if *of_session == 0 {
                taken.of.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn session(number: u128) -> SupportSessionId {
        SupportSessionId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn a_session_gets_its_share_and_all_of_them_what_there_is() {
        let places = Places::new(20);
        let take = |number| places.take(session(number));
        let mut held: Vec<_> = (0..2).map(|_| take(0).unwrap()).collect();
        assert_eq!(take(0).unwrap_err(), Refusal::TooManyAtOnce);
        held.extend((2..20).map(|number| take(number / 2).unwrap()));
        assert_eq!(take(20).unwrap_err(), Refusal::Overloaded);
        held.pop();
        held.push(take(20).unwrap());
        held.clear();
        assert_eq!(places.taken.lock().all, 0);
        assert!(places.taken.lock().of.is_empty(), "nothing is kept of them");
    }

    #[test]
    fn a_small_machine_serves_too() {
        let places = Places::new(1);
        let held = places.take(session(1));
        assert!(held.is_ok());
        assert_eq!(places.take(session(2)).unwrap_err(), Refusal::Overloaded);
    }
}
