//! A request's support session, and whether the request may use it.

use std::sync::Arc;

use app::domain::access_log::Refusal;

use crate::{
    arrival::Arrival,
    browser::{EntryHosts, EntryLabel, answers, fetch_metadata},
    judge::Denied,
    ports::{BrowserSession, Ended, KnownSession},
};

/// Proof that a request comes from a browser in which the session's tenant was opened, at the
/// session's own host. Only [`Caller::by_cookie`] makes it.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    /// The session. Its `token_hash` is the cookie's.
    pub(crate) session: Arc<KnownSession>,
    /// The origin of the session's own host: `https://s-….support.example.net`, as browsers write it
    /// (RFC 6454 §6.2).
    pub(crate) origin: String,
    /// The accepted values of `Host` there.
    pub(crate) hosts: Vec<String>,
}

/// The support session of a request.
pub(crate) struct Caller {
    pub(crate) session: Arc<KnownSession>,
    /// The proof that it comes from a browser, if it does.
    pub(crate) browser: Option<Browser>,
    /// Whether the credential is for another address: a cookie at the gateway's own host or at
    /// another session's host, or a token at any session's host.
    is_elsewhere: bool,
}

impl Caller {
    pub(super) fn by_token(session: KnownSession, is_elsewhere: bool) -> Self {
        Self {
            session: Arc::new(session),
            browser: None,
            is_elsewhere,
        }
    }

    /// `came_to` is the label of the request's host, if it is a session's host.
    pub(super) fn by_cookie(
        found: BrowserSession,
        came_to: Option<&EntryLabel>,
        hosts: &EntryHosts,
    ) -> Self {
        let session = Arc::new(found.session);
        let own = &found.label;
        let is_own = came_to == Some(own);
        let browser = is_own.then(|| Browser {
            session: Arc::clone(&session),
            origin: hosts.origin(own),
            hosts: hosts.hosts(own),
        });
        Self {
            session,
            browser,
            is_elsewhere: !is_own,
        }
    }

    /// Checks that the session can be used now, from this address and in this way.
    ///
    /// # Errors
    ///
    /// If it has ended, is restricted to another address, or excludes such a request.
    pub(crate) fn check_use(&self, arrival: &Arrival) -> Result<(), Denied> {
        let session = &*self.session;
        let idle = session.is_idle_at(arrival.at).then_some(Ended::Expired);
        if let Some(ended) = session.ended_at(arrival.at).or(idle) {
            return Err(Denied::plain(ended.refusal()));
        }
        let only_from = session.limits.only_from.as_deref();
        if only_from.is_some_and(|ip| ip != arrival.ip.to_string()) {
            return Err(Denied::plain(Refusal::WrongAddress));
        }
        self.check_entry(arrival)
    }

    /// Checks that the credential may be used at this address.
    ///
    /// # Errors
    ///
    /// If it is for another address, if a page of another origin may have caused the request, or if
    /// no page may make such a request.
    fn check_entry(&self, arrival: &Arrival) -> Result<(), Denied> {
        if arrival.has_two_credentials() {
            // The request is refused as malformed anyway.
            return Ok(());
        }
        if self.is_elsewhere {
            return Err(Denied::plain(Refusal::WrongEntry));
        }
        match &self.browser {
            Some(browser)
                if !fetch_metadata::admits(&arrival.method, &arrival.headers, &browser.origin) =>
            {
                Err(Denied::plain(Refusal::WrongOrigin))
            }
            Some(_) => answers::check(&arrival.headers)
                .map_err(|why| Denied::new(Refusal::OutOfScope, why.to_string())),
            None => Ok(()),
        }
    }
}
