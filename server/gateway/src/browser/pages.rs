//! Pages with a banner that has not called the gateway yet, and pages that were shown without one.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use app::domain::{RequestId, SupportSessionId, Timestamp};
use chrono::TimeDelta;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    clock::Clock,
    ports::{PageShown, Recorder},
};

/// How many pages of a session we wait for, and how many paths of pages without a banner we keep.
const MAX_PAGES: usize = 16;
/// The most sessions whose pages are kept.
const MAX_SESSIONS: usize = 4096;
/// The longest path that is kept.
const MAX_PATH: usize = 200;
/// If a banner has not called after this time, its page counts as shown without one.
const GRACE: TimeDelta = TimeDelta::seconds(20);
/// How often those are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A page of the platform in a browser.
pub(crate) struct Page {
    pub(crate) id: RequestId,
    pub(crate) path: String,
}

/// A page that was given a banner.
pub(crate) struct Given {
    pub(crate) page: Page,
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
    /// Those without a banner that have yet to be recorded.
    unrecorded: Vec<RequestId>,
}

impl OfSession {
    fn add(&mut self, page: &Page) {
        self.without.add(&page.path);
        self.unrecorded.push(page.id);
    }

    fn look(&mut self, now: Timestamp) {
        while let Some(given) = self.given.pop_front_if(|given| now - given.at >= GRACE) {
            self.add(&given.page);
        }
    }
}

/// The pages of active sessions.
#[derive(Default)]
pub(crate) struct Pages {
    sessions: Mutex<HashMap<SupportSessionId, OfSession>>,
    /// A page without a banner is there.
    found: Notify,
}

impl Pages {
    pub(crate) fn given(&self, session: SupportSessionId, page: Given) {
        self.with(session, |pages| {
            pages.given.push_back(page);
            if pages.given.len() > MAX_PAGES {
                pages.given.pop_front();
            }
        });
    }

    pub(crate) fn without(&self, session: SupportSessionId, page: &Page) {
        self.with(session, |pages| pages.add(page));
        self.found.notify_one();
    }

    /// Notes that the banner of a page is shown. Returns the origins of the page's upstream.
    pub(crate) fn stands(&self, session: SupportSessionId, page: RequestId) -> Vec<String> {
        self.with(session, |pages| {
            let place = pages.given.iter().position(|given| given.page.id == page);
            let given = place.and_then(|place| pages.given.remove(place));
            given.map_or_else(Vec::new, |given| given.origins)
        })
    }

    /// A session's pages that were shown without a banner, as far as is known at `now`.
    pub(crate) fn unbannered(&self, session: SupportSessionId, now: Timestamp) -> Without {
        self.with(session, |pages| {
            pages.look(now);
            pages.without.clone()
        })
    }

    /// Hands over to the record which pages had no banner, until `end`.
    pub(crate) async fn record(
        &self,
        recorder: &dyn Recorder,
        clock: &dyn Clock,
        end: CancellationToken,
    ) {
        loop {
            tokio::select! {
                () = end.cancelled() => {}
                () = self.found.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            for page in self.unrecorded(clock.now()) {
                recorder.without_banner(page);
            }
            if end.is_cancelled() {
                return;
            }
        }
    }

    /// Those that have not been recorded, each once.
    fn unrecorded(&self, now: Timestamp) -> Vec<PageShown> {
        let mut sessions = self.sessions.lock();
        let mut found = Vec::new();
        for (session, pages) in sessions.iter_mut() {
            pages.look(now);
            found.extend(pages.unrecorded.drain(..).map(|request_id| PageShown {
                request_id,
                support_session_id: *session,
            }));
        }
        sessions.retain(|_, pages| !pages.given.is_empty() || pages.without.count > 0);
        found
    }

    /// Forgets a session that has ended, but not what is to be recorded of it.
    pub(crate) fn forget(&self, session: SupportSessionId) {
        let mut sessions = self.sessions.lock();
        if let Some(mut pages) = sessions.remove(&session)
            && !pages.unrecorded.is_empty()
        {
            let unrecorded = std::mem::take(&mut pages.unrecorded);
            let left = OfSession {
                unrecorded,
                ..OfSession::default()
            };
            sessions.insert(session, left);
        }
    }

    fn with<T>(&self, session: SupportSessionId, act: impl FnOnce(&mut OfSession) -> T) -> T {
        let mut sessions = self.sessions.lock();
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
        let page = |number| Page {
            id: id(number),
            path: format!("/{number}"),
        };
        let at: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        for number in 0..3 {
            pages.given(
                session,
                Given {
                    page: page(number),
                    origins: vec!["https://app.example.com".to_owned()],
                    at,
                },
            );
        }
        assert_eq!(pages.stands(session, id(1)), ["https://app.example.com"]);
        assert!(pages.stands(session, id(1)).is_empty(), "once");
        assert_eq!(pages.unbannered(session, at), Without::default());
        pages.without(session, &page(9));
        let known = pages.unbannered(session, at + GRACE);
        assert_eq!(known.count, 3);
        assert_eq!(known.paths, ["/9", "/0", "/2"]);
        assert_eq!(pages.unbannered(session, at + GRACE), known);
        pages.forget(session);
        assert_eq!(pages.unbannered(session, at + GRACE), Without::default());
        // The record hears of each once, also after the session's end.
        let mut recorded = pages.unrecorded(at).into_iter().map(|page| page.request_id);
        assert!(recorded.by_ref().eq([id(9), id(0), id(2)]));
        assert!(pages.unrecorded(at + GRACE).is_empty());
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
