//! Opens a tenant in a browser: each support session has its own host, and the only credential
//! there is a cookie that ends with the session.
//!
//! Nothing of another session, tenant or of the console shares that host, so that a page of the
//! platform can reach nothing but the tenant it was opened in. How a browser gets its cookie is in
//! `entry`; which of its requests may use it is in [`fetch_metadata`]. What such a request may do is
//! decided by the rules, like every other. What becomes of it and of its answer on the way to the
//! upstream and back is in `visit`; what a page can ask of the gateway itself, in `banner`.

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
    /// What was refused to pages of the platform.
    pub(crate) refusals: Arc<Refusals>,
    /// Which pages of it have a banner.
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
