//! Connections to the upstream: a small keep-alive pool of HTTP/1.1 connections.
//!
//! There is no retry of any kind: one record, one request. An idle connection that turns out to be
//! dead is a failure that the client is told of.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Request, Response, uri::Authority};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use self::wire::Meter;
use super::{
    body::{RequestBody, RequestMeter},
    upstreams::Serves,
};
use crate::{
    gate::{Pass, kill::KillSwitch},
    headers::RequestHeaders,
    judge::Permitted,
};

mod answer;
mod connect;
mod error;
mod wire;

pub(crate) use connect::UpstreamTls;
pub(crate) use error::UpstreamError;

/// How many idle connections are kept: enough for as many requests at once as one node is meant for,
/// since a connection that is not kept is opened anew for each request.
const MAX_IDLE: usize = 1024;
/// How long an idle connection is kept: less than what servers commonly allow, so that it is seldom
/// used at the moment when the upstream closes it.
const IDLE_FOR: Duration = Duration::from_secs(4);
/// How long a connection whose answer was read may take to be ready for the next request.
const SETTLE: Duration = Duration::from_secs(1);

/// How long the gateway waits for its upstream, and for a client's body on its way there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) first_byte: Duration,
    pub(crate) idle: Duration,
    pub(crate) request_idle: Duration,
}

/// Where an upstream is, what it serves and what it is told.
#[derive(Debug, Clone)]
pub(crate) struct UpstreamSettings {
    pub(crate) name: String,
    pub(crate) authority: Authority,
    pub(crate) tls: Option<UpstreamTls>,
    pub(crate) timeouts: Timeouts,
    pub(crate) serves: Serves,
    /// The claim `aud` of the identities that it gets.
    pub(crate) identity_audience: String,
    pub(crate) headers: Arc<RequestHeaders>,
}

/// The upstream with its idle connections.
#[derive(Debug)]
pub(crate) struct Upstream {
    settings: UpstreamSettings,
    /// Those that rest longest come first.
    idle: Mutex<VecDeque<(Instant, Connection)>>,
}

impl Upstream {
    pub(crate) fn new(settings: UpstreamSettings) -> Arc<Self> {
        Arc::new(Self {
            settings,
            idle: Mutex::default(),
        })
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        self.settings.timeouts
    }

    /// What it is called in logs.
    pub(crate) fn name(&self) -> &str {
        &self.settings.name
    }

    /// What it serves.
    pub(crate) fn serves(&self) -> &Serves {
        &self.settings.serves
    }

    /// The claim `aud` of the identities that it gets.
    pub(crate) fn identity_audience(&self) -> &str {
        &self.settings.identity_audience
    }

    /// What becomes of a request's header on its way there.
    pub(crate) fn headers(&self) -> &Arc<RequestHeaders> {
        &self.settings.headers
    }

    /// `http` or `https`.
    pub(crate) fn scheme(&self) -> &'static str {
        match self.settings.tls {
            Some(_) => "https",
            None => "http",
        }
    }

    /// What the upstream is called in `Host` for a request: the tenant's host where it has its own.
    pub(crate) fn host_for<'h>(&'h self, permitted: &'h Permitted) -> &'h str {
        permitted
            .upstream_host()
            .unwrap_or(self.settings.authority.as_str())
    }

    /// Where the upstream is.
    pub(crate) fn authority(&self) -> &Authority {
        &self.settings.authority
    }

    /// An idle connection that looks alive, or a new one. Nothing is sent.
    pub(crate) async fn acquire(&self) -> Result<Connection, UpstreamError> {
        match self.take_idle() {
            Some(connection) => Ok(connection),
            None => self.connect().await,
        }
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
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

    async fn connect(&self) -> Result<Connection, UpstreamError> {
        let (wire, meter) = self.settings.open().await?;
        let (sender, connection) = http1::Builder::new()
            .max_headers(256)
            .handshake(TokioIo::new(wire))
            .await
            .map_err(UpstreamError::Handshake)?;
        let kill = Arc::clone(meter.kill());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                // Dropping the connection closes the socket with a reset.
                () = kill.killed().cancelled() => {}
                result = connection.with_upgrades() => if let Err(error) = result {
                    tracing::debug!(error = %error, "an upstream connection ended");
                },
            }
        });
        Ok(Connection {
            sender,
            meter,
            busy: false,
        })
    }

    /// Keeps a connection whose answer was read to its end.
    pub(crate) fn put_back(self: &Arc<Self>, mut connection: Connection) {
        if connection.sender.is_ready() {
            self.keep(connection);
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let upstream = Arc::clone(self);
        runtime.spawn(async move {
            let ready = tokio::time::timeout(SETTLE, connection.sender.ready()).await;
            if matches!(ready, Ok(Ok(()))) {
                upstream.keep(connection);
            }
        });
    }

    fn keep(&self, mut connection: Connection) {
        connection.busy = false;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push_back((Instant::now(), connection));
        }
    }
}

/// One connection, used for one request at a time. Dropped in the middle of a request it is reset.
pub(crate) struct Connection {
    sender: SendRequest<RequestBody>,
    meter: Arc<Meter>,
    busy: bool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("busy", &self.busy)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// The switch that ends this connection.
    pub(crate) fn kill_switch(&self) -> &Arc<KillSwitch> {
        self.meter.kill()
    }

    fn is_usable(&self) -> bool {
        self.sender.is_ready() && !self.sender.is_closed() && !self.meter.kill().is_dead()
    }

    /// Sends a request and waits for the head of its answer. `pass` is let go once the first byte of
    /// the request was written, or nothing more can be.
    pub(crate) async fn send(
        &mut self,
        request: Request<RequestBody>,
        pass: Pass,
        first_byte: Duration,
        meter: &RequestMeter,
    ) -> Result<Response<Incoming>, UpstreamError> {
        self.busy = true;
        self.meter.arm(pass);
        let sending = self.sender.send_request(request);
        let result = tokio::select! {
            result = sending => result.map_err(UpstreamError::Broken),
            () = self.meter.silent_for(first_byte, || meter.waits_for_client()) => {
                Err(UpstreamError::FirstByteTimeout)
            }
        };
        if result.is_err() {
            self.meter.kill().kill();
        }
        self.meter.disarm();
        let response = result?;
        answer::check(&response)?;
        Ok(response)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.busy {
            self.meter.kill().kill();
        }
        self.meter.disarm();
    }
}
