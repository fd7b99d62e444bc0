//! Opens a tenant in a browser: each support session has its own host, and the only credential
//! there is a cookie that ends with the session.
//!
//! No other session, no other tenant and no page of the console shares that host, so a page of the
//! platform can reach only the tenant in which it was opened. `entry` gives a browser its cookie.
//! [`fetch_metadata`] decides which of its requests may use it. The rules decide what such a
//! request may do, as for every request. `visit` adapts the request and its answer. `banner`
//! handles requests of pages to the gateway itself.

pub(crate) mod answers;
pub(crate) mod banner;
pub(crate) mod cookies;
mod entry;
pub mod fetch_metadata;
pub(crate) mod holder;
mod hosts;
pub(crate) mod inject;
pub(crate) mod jar;
mod label;
pub(crate) mod page;
pub(crate) mod pages;
pub(crate) mod policy;
pub(crate) mod refusals;
pub(crate) mod stored;
pub(crate) mod visit;

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, header};

pub use self::{
    hosts::{EntryHosts, OPEN_PATH},
    label::{EntryLabel, InvalidLabel},
    page::RefusalPage,
};
use self::{pages::Pages, refusals::Refusals};
use crate::{
    entropy::Entropy,
    ports::{BrowserSessions, HeldSessions},
};

/// The configuration and services for opening tenants in a browser.
pub(crate) struct Browsers {
    pub(crate) hosts: EntryHosts,
    /// The console's origin, where staff members sign in.
    pub(crate) console: String,
    pub(crate) sessions: Arc<dyn BrowserSessions>,
    pub(crate) held: Arc<dyn HeldSessions>,
    /// Requests of platform pages that were refused.
    pub(crate) refusals: Arc<Refusals>,
    /// The platform's pages with and without a banner.
    pub(crate) pages: Arc<Pages>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// How long to wait for the store.
    pub(crate) patience: Duration,
}

impl Browsers {
    /// The session's label, if a request came to a session's host.
    pub(crate) fn label(&self, headers: &HeaderMap) -> Option<EntryLabel> {
        let host = headers.get(header::HOST)?;
        self.hosts.label_of(host.to_str().ok()?)
    }
}
