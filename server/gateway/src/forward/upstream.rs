//! Connections to the upstream: a small keep-alive pool of HTTP/1.1 connections.
//!
//! There is no retry of any kind: one record, one request. If an idle connection turns out to be
//! dead, the request fails, and the client gets 502.

mod answer;
mod connect;
mod connection;
mod error;
pub(crate) mod serves;
mod settings;
mod wire;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{headers::Face, judge::Permitted, listener::open_files};

pub use self::settings::AskedAs;
pub(crate) use self::settings::{Names, PublicUrl, Timeouts, UpstreamSettings, UpstreamTls};
pub(super) use self::{connection::Connection, error::UpstreamError};

/// The share of the connections that may be idle at one upstream. A missing one must be opened
/// again, and an idle one keeps a file open.
const IDLE_SHARE: usize = 8;
/// How long an idle connection is kept: less than servers commonly keep theirs, so that it is
/// rarely used just when the upstream closes it.
const IDLE_FOR: Duration = Duration::from_secs(4);
/// How long a connection may take to be ready for its next request.
const SETTLE: Duration = Duration::from_secs(1);

/// The upstream with its idle connections.
pub(crate) struct Upstream {
    pub(crate) settings: UpstreamSettings,
    /// The one that was idle longest comes first.
    idle: Mutex<VecDeque<(Instant, Connection)>>,
    max_idle: usize,
}

impl Upstream {
    pub(crate) fn new(settings: UpstreamSettings) -> Arc<Self> {
        Arc::new(Self {
            settings,
            idle: Mutex::default(),
            max_idle: open_files::connections() / IDLE_SHARE,
        })
    }

    pub(crate) fn scheme(&self) -> &'static str {
        match self.settings.tls {
            Some(_) => "https",
            None => "http",
        }
    }

    /// The origin that a request names to the upstream: the tenant's host if tenants have their
    /// own, the session's if so configured, or the one that the platform's users know. `scheme` is
    /// the one of requests to us, `session` the origin of the session, for a page's request.
    pub(crate) fn face<'f>(
        &'f self,
        permitted: &'f Permitted,
        scheme: &'f str,
        session: Option<&'f str>,
    ) -> Face<'f> {
        let public = self.settings.public.first();
        let scheme = public.map_or(scheme, |url| url.scheme.as_str());
        if let Some(host) = permitted.upstream_host() {
            return Face { scheme, host };
        }
        let session = session.filter(|_| self.settings.asked_as == AskedAs::Session);
        if let Some((scheme, host)) = session.and_then(|origin| origin.split_once("://")) {
            return Face { scheme, host };
        }
        let authority = public.map_or(&self.settings.authority, |url| &url.authority);
        let host = authority.as_str();
        Face { scheme, host }
    }

    /// An idle connection that looks alive, or a new one. Nothing is sent.
    pub(crate) async fn acquire(&self) -> Result<Connection, UpstreamError> {
        match self.take_idle() {
            Some(connection) => Ok(connection),
            None => Connection::open(&self.settings).await,
        }
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock();
        let now = Instant::now();
        while idle
            .front()
            .is_some_and(|(since, _)| now - *since >= IDLE_FOR)
        {
            idle.pop_front();
        }
        let usable = || idle.pop_back().map(|(_, connection)| connection);
        std::iter::from_fn(usable).find(Connection::is_usable)
    }

    /// Keeps a connection whose answer was read to its end.
    pub(crate) fn put_back(self: &Arc<Self>, mut connection: Connection) {
        if connection.is_ready() {
            self.keep(connection);
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let upstream = Arc::clone(self);
        runtime.spawn(async move {
            if connection.settles_within(SETTLE).await {
                upstream.keep(connection);
            }
        });
    }

    fn keep(&self, mut connection: Connection) {
        connection.rest();
        let mut idle = self.idle.lock();
        if idle.len() < self.max_idle {
            idle.push_back((Instant::now(), connection));
        }
    }
}
