//! Opening a tenant in a browser: each support session has a host of its own, and there the only
//! credential is a cookie that dies with the session.
//!
//! Nothing of another session, tenant or of the console shares that host, so that a page of the
//! platform can reach nothing but the tenant it was opened in. How a browser comes by its cookie is
//! in `entry`; which of its requests may use it is in [`fetch_metadata`]. What such a request may
//! do is decided by the rules, like every other's. What becomes of it and of its answer on the way to
//! the upstream and back is in `visit`; what a page can ask of us, in `banner`.

mod answers;
mod banner;
mod cookies;
mod entry;
pub mod fetch_metadata;
mod holder;
mod hosts;
pub(super) mod inject;
pub(super) mod jar;
mod label;
mod page;
mod visit;

use std::sync::Arc;

use app::domain::access_log::Refusal;
use http::{HeaderMap, header};

pub(super) use self::{
    banner::Wanted,
    cookies::count_sessions,
    inject::WithBanner,
    page::page,
    visit::{To, Visit},
};
pub use self::{
    hosts::{EntryHosts, OPEN_PATH},
    label::{EntryLabel, InvalidLabel},
};
use crate::{
    answers::Trouble,
    arrival::Arrival,
    authenticate,
    entropy::Entropy,
    judge::Denied,
    ports::{
        BrowserSession, BrowserSessions, Ended, HeldSessions, KnownSession, Sessions,
        StoreUnavailable,
    },
    token::{Token, TokenKind},
};

/// What opening tenants in a browser needs.
pub(super) struct Browsers {
    pub(super) hosts: EntryHosts,
    /// Where staff members sign in: an origin.
    pub(super) console: String,
    pub(super) sessions: Arc<dyn BrowserSessions>,
    pub(super) held: Arc<dyn HeldSessions>,
    pub(super) entropy: Arc<dyn Entropy>,
}

/// Proof that a request comes from a browser in which the session's tenant was opened, at the
/// session's own host. Only [`Caller::find`] makes it.
#[derive(Debug, Clone)]
pub(super) struct Browser {
    /// The session; its `token_hash` is that of the cookie.
    pub(super) session: Arc<KnownSession>,
    /// The origin of the session's own host: `https://s-….support.example.net`, as browsers write it
    /// (RFC 6454 §6.2).
    pub(super) origin: String,
    /// What `Host` may say there.
    pub(super) hosts: Vec<String>,
}

/// Whose request it is.
pub(super) struct Caller {
    pub(super) session: Arc<KnownSession>,
    /// How it is a browser's, if it is.
    pub(super) browser: Option<Browser>,
    /// Whether the credential belongs to another address: a cookie at the gateway's own host or at
    /// another session's, a token at any session's.
    pub(super) elsewhere: bool,
}

impl Caller {
    /// Finds the session of a request by the credential of the address that it came to; by one of
    /// another address only if there is no such.
    pub(super) async fn find(
        arrival: &Arrival,
        sessions: &dyn Sessions,
        browsers: Option<&Browsers>,
    ) -> Result<Option<Self>, StoreUnavailable> {
        let headers = &arrival.headers;
        let label = browsers.and_then(|browsers| browsers.label(headers));
        let by_cookie = match browsers {
            Some(browsers) => browsers.find(headers, label.as_ref()).await?,
            None => None,
        };
        if label.is_some() && by_cookie.is_some() {
            return Ok(by_cookie);
        }
        let Some(token) = authenticate::support_token(headers) else {
            return Ok(by_cookie);
        };
        let by_token = sessions.lookup(*token.hash().as_bytes()).await?;
        let by_token = by_token.map(|session| Self {
            session: Arc::new(session),
            browser: None,
            elsewhere: label.is_some(),
        });
        Ok(by_token.or(by_cookie))
    }

    /// Whether the session can be used now, from there and in this way.
    ///
    /// # Errors
    ///
    /// If it has ended, may be used from another address alone, or not by such a request.
    pub(super) fn check_use(&self, arrival: &Arrival) -> Result<(), Denied> {
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

    /// Whether the credential may be used for this request, as far as addresses go.
    ///
    /// # Errors
    ///
    /// If it belongs to another address, if a page of another origin may have made the request, or if
    /// it is one that no page may make.
    fn check_entry(&self, arrival: &Arrival) -> Result<(), Denied> {
        if arrival.has_two_credentials() {
            // Refused for its form, whichever of them was looked at.
            return Ok(());
        }
        if self.elsewhere {
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

/// What a browser is told that has no cookie of a session.
pub(super) fn not_open(arrival: &Arrival) -> Trouble {
    if arrival.has_two_credentials() {
        let detail = "There is more than one Authorization field or session cookie.";
        return Trouble::new(400, "malformed_request", detail).closing();
    }
    let detail = "This tenant is not open in this browser. Choose Open tenant on the support \
                  session's page in Support Console.";
    Trouble::new(401, "not_open", detail)
}

impl Browsers {
    /// The session's label, if a request came to the host of a session.
    pub(super) fn label(&self, headers: &HeaderMap) -> Option<EntryLabel> {
        let host = headers.get(header::HOST)?;
        self.hosts.label_of(host.to_str().ok()?)
    }

    async fn find(
        &self,
        headers: &HeaderMap,
        label: Option<&EntryLabel>,
    ) -> Result<Option<Caller>, StoreUnavailable> {
        let token = cookies::session(headers).and_then(|text| Token::parse(text).ok());
        let token = token.filter(|token| token.kind() == TokenKind::BrowserSession);
        let Some(token) = token else {
            return Ok(None);
        };
        let found = self.sessions.lookup(*token.hash().as_bytes()).await?;
        Ok(found.map(|found| self.caller(found, label)))
    }

    fn caller(&self, found: BrowserSession, label: Option<&EntryLabel>) -> Caller {
        let session = Arc::new(found.session);
        let own = &found.label;
        let is_own = label == Some(own);
        let browser = is_own.then(|| Browser {
            session: Arc::clone(&session),
            origin: self.hosts.origin(own),
            hosts: self.hosts.hosts(own),
        });
        Caller {
            session,
            browser,
            elsewhere: !is_own,
        }
    }
}
