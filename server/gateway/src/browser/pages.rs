//! Pages with a banner that has not called the gateway yet, and pages that were shown without one.

use std::collections::{HashMap, VecDeque};

use app::domain::{RequestId, SupportSessionId, Timestamp};
use chrono::TimeDelta;
use parking_lot::Mutex;
use url::Url;

/// How many pages of a session we wait for, and how many paths of pages without a banner we keep.
const MAX_PAGES: usize = 16;
/// The most sessions whose pages are kept.
const MAX_SESSIONS: usize = 4096;
/// The longest path that is kept.
const MAX_PATH: usize = 200;
/// If a banner has not called after this time, its page counts as shown without one.
const GRACE: TimeDelta = TimeDelta::seconds(20);

/// A page that was given a banner.
pub(crate) struct Given {
    pub(crate) id: RequestId,
    pub(crate) path: String,
    /// The upstream's origins, as its users write them.
    pub(crate) origins: Vec<String>,
    pub(crate) at: Timestamp,
}

/// Pages that were shown without a banner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Without {
    pub(crate) count: u64,
    /// The last different ones, the newest last.
    pub(crate) paths: VecDeque<String>,
}

impl Without {
    fn add(&mut self, path: &str) {
        let path: String = path.chars().take(MAX_PATH).collect();
        self.count += 1;
        self.paths.retain(|known| *known != path);
        self.paths.push_back(path);
        if self.paths.len() > MAX_PAGES {
            self.paths.pop_front();
        }
    }
}

#[derive(Default)]
struct OfSession {
    given: VecDeque<Given>,
    without: Without,
}

/// The pages of active sessions.
#[derive(Default)]
pub(crate) struct Pages(Mutex<HashMap<SupportSessionId, OfSession>>);

impl Pages {
    pub(crate) fn given(&self, session: SupportSessionId, page: Given) {
        self.with(session, |pages| {
            pages.given.push_back(page);
            if pages.given.len() > MAX_PAGES {
                pages.given.pop_front();
            }
        });
    }

    pub(crate) fn without(&self, session: SupportSessionId, path: &str) {
        self.with(session, |pages| pages.without.add(path));
    }

    /// Notes that the banner of a page is shown. Returns the origins of the page's upstream.
    pub(crate) fn stands(&self, session: SupportSessionId, page: RequestId) -> Vec<String> {
        self.with(session, |pages| {
            let place = pages.given.iter().position(|given| given.id == page);
            let given = place.and_then(|place| pages.given.remove(place));
            given.map_or_else(Vec::new, |given| given.origins)
        })
    }

    /// A session's pages that were shown without a banner, as far as is known at `now`.
    pub(crate) fn unbannered(&self, session: SupportSessionId, now: Timestamp) -> Without {
        self.with(session, |pages| {
            while let Some(given) = pages.given.pop_front_if(|given| now - given.at >= GRACE) {
                pages.without.add(&given.path);
            }
            pages.without.clone()
        })
    }

    /// Forgets a session that has ended.
    pub(crate) fn forget(&self, session: SupportSessionId) {
        self.0.lock().remove(&session);
    }

    fn with<T>(&self, session: SupportSessionId, act: impl FnOnce(&mut OfSession) -> T) -> T {
        let mut sessions = self.0.lock();
        if sessions.len() >= MAX_SESSIONS && !sessions.contains_key(&session) {
            let other = sessions.keys().next().copied();
            other.map(|other| sessions.remove(&other));
        }
        act(sessions.entry(session).or_default())
    }
}

/// Addresses as browsers write origins. An address without a port gets both schemes.
pub(crate) fn browser_origins<'a>(addresses: impl Iterator<Item = &'a str>) -> Vec<String> {
    let urls = addresses.filter_map(|address| Url::parse(address).ok());
    let both = urls.flat_map(|url| {
        let host = url.host_str().unwrap_or_default();
        match url.port() {
            Some(port) => vec![format!("{}://{host}:{port}", url.scheme())],
            None => vec![format!("https://{host}"), format!("http://{host}")],
        }
    });
    both.collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_page_whose_banner_does_not_call_home_stands_without_one() {
        let pages = Pages::default();
        let session = SupportSessionId::from_uuid(Uuid::from_u128(1));
        let id = |number| RequestId::from_uuid(Uuid::from_u128(number));
        let at: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        for number in 0..3 {
            pages.given(
                session,
                Given {
                    id: id(number),
                    path: format!("/{number}"),
                    origins: vec!["https://app.example.com".to_owned()],
                    at,
                },
            );
        }
        assert_eq!(pages.stands(session, id(1)), ["https://app.example.com"]);
        assert!(pages.stands(session, id(1)).is_empty(), "once");
        assert_eq!(pages.unbannered(session, at), Without::default());
        pages.without(session, "/compressed");
        let known = pages.unbannered(session, at + GRACE);
        assert_eq!(known.count, 3);
        assert_eq!(known.paths, ["/compressed", "/0", "/2"]);
        assert_eq!(pages.unbannered(session, at + GRACE), known);
        pages.forget(session);
        assert_eq!(pages.unbannered(session, at + GRACE), Without::default());
    }

    #[test]
    fn origins_are_written_as_browsers_do() {
        let addresses = ["https://App.Example.com:443", "http://10.0.0.5:8080", "odd"];
        let expected = [
            "https://app.example.com",
            "http://app.example.com",
            "http://10.0.0.5:8080",
        ];
        assert_eq!(browser_origins(addresses.into_iter()), expected);
    }
}
