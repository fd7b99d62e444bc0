//! One connection of a client, in either protocol.

use std::{
    convert::Infallible,
    net::IpAddr,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    HEAD_TIMEOUT,
    client_wire::{ClientWire, Followed},
    frames::Frames,
    opening::Opening,
    pieces::{InPieces, Terms},
    short_heads::{HeadLimits, ShortHeads},
    streams::Streams,
    unread::Own,
    unwanted::Unwanted,
};
use crate::{
    arrival::{
        client::{Client, Heads},
        raw_head::{HeadTap, Schemes},
    },
    body::ClientBody,
    proxy::Gateway,
};

const LIMITS: HeadLimits = HeadLimits::GATEWAY;
/// The most bytes of a head on HTTP/2, as RFC 9113 §6.5.2 counts them. The library derives from it
/// how many CONTINUATION frames it reads, and answers a longer head itself, without words. So it is more than a
/// head may have.
const MAX_HEADER_LIST: u32 = 192 * 1024;
/// How many requests one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 100;
/// How many streams that the client has reset may still wait to start (CVE-2023-44487).
const MAX_PENDING_RESETS: usize = 20;
/// How many streams the library may have reset for the client's faults (CVE-2025-8671).
const MAX_FAULTY_STREAMS: usize = 100;
/// How many bytes of an answer may wait for an HTTP/2 client that does not read.
const MAX_UNREAD: usize = 64 * 1024;
/// How often a silent HTTP/2 client is pinged, and how long it may take to answer.
const PING: Duration = Duration::from_secs(20);
/// How long a connection may take to close gracefully.
const GOODBYE: Duration = Duration::from_secs(5);

/// A connection with everything needed to serve and end it.
pub(super) struct Connection {
    pub(super) peer: IpAddr,
    pub(super) gateway: Arc<Gateway>,
    pub(super) tracker: TaskTracker,
    pub(super) shutdown: CancellationToken,
    /// For how long the client may take nothing of what it must read soon.
    pub(super) unread: Duration,
    /// For how long the rest of a refused body is read on HTTP/2.
    pub(super) discarding: Duration,
    /// Closes the connection immediately.
    pub(super) kill: CancellationToken,
}

impl Connection {
    pub(super) async fn serve(self, opening: Opening) {
        if opening.http2 {
            self.http2(opening).await;
        } else {
            self.http1(opening).await;
        }
    }

    async fn http1(self, opening: Opening) {
        let tap = HeadTap::default();
        let client = Client {
            peer: self.peer,
            heads: Heads::Bytes(tap.clone(), opening.schemes()),
            kill: self.kill.clone(),
            tunnels: TaskTracker::new(),
        };
        let (socket, ahead, own) = (opening.socket, opening.ahead, Own::default());
        let wire = ClientWire::new(
            socket,
            ahead,
            Followed::Heads(tap, Box::new(ShortHeads::new(LIMITS))),
            (own.clone(), self.unread),
            self.kill.clone(),
        );
        let service = service_fn(|request| async {
            let request = request.map(ClientBody::new);
            let response = self.gateway.handle(request, &client).await;
            Ok::<_, Infallible>(own.answers(response))
        });
        let serving = http1_builder(HEAD_TIMEOUT, LIMITS.seen_fields(), LIMITS.seen_bytes())
            .serve_connection(TokioIo::new(wire), service)
            .with_upgrades();
        let ask_to_stop = http1::UpgradeableConnection::graceful_shutdown;
        self.run(serving, ask_to_stop, std::future::pending(), &self.shutdown)
            .await;
        // A tunnel keeps the connection's place until it ends.
        client.tunnels.close();
        client.tunnels.wait().await;
    }

    async fn http2(self, opening: Opening) {
        let terms = Terms {
            unread: self.unread,
            windows: Arc::default(),
        };
        let frames = Frames::new(tokio::time::Instant::now(), Arc::clone(&terms.windows));
        let (tracker, kill) = (self.tracker.clone(), self.kill.clone());
        let stop = self.shutdown.child_token();
        let unwanted = Unwanted::new(self.discarding, stop.clone());
        let streams = Streams::new(tracker, kill, &self.gateway, terms, unwanted);
        let schemes = opening.schemes();
        // An unread stream must not block the others, so each has its own timeout.
        let (socket, ahead, own) = (opening.socket, opening.ahead, Own::default());
        let wire = ClientWire::new(
            socket,
            ahead,
            Followed::Frames(Box::new(frames), streams.clone()),
            (own, self.unread),
            self.kill.clone(),
        );
        let service = service_fn(|request| self.stream(request, schemes, streams.clone()));
        let serving = http2_builder(streams.clone()).serve_connection(TokioIo::new(wire), service);
        let ask_to_stop = http2::Connection::graceful_shutdown;
        let idle = streams.idle_for(HEAD_TIMEOUT);
        self.run(serving, ask_to_stop, idle, &stop).await;
    }

    /// Serves until the connection ends, is killed, or is asked to stop. An idle one is also asked
    /// to stop, and dropped if it does not close in time.
    async fn run<C>(
        &self,
        serving: C,
        ask_to_stop: fn(Pin<&mut C>),
        idle: impl Future<Output = ()>,
        stop: &CancellationToken,
    ) where
        C: Future<Output = hyper::Result<()>>,
    {
        let (mut serving, mut idle) = (pin!(serving), pin!(idle));
        let mut goodbye = pin!(tokio::time::sleep(GOODBYE));
        let (mut idled, mut asked_to_stop) = (false, false);
        loop {
            tokio::select! {
                biased;
                () = self.kill.cancelled() => return,
                () = stop.cancelled(), if !asked_to_stop => {
                    asked_to_stop = true;
                    ask_to_stop(serving.as_mut());
                }
                () = &mut idle, if !idled => {
                    idled = true;
                    goodbye.as_mut().reset(tokio::time::Instant::now() + GOODBYE);
                    ask_to_stop(serving.as_mut());
                }
                () = &mut goodbye, if idled => return,
                result = &mut serving => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "a gateway connection ended");
                    }
                    return;
                }
            }
        }
    }

    fn stream(
        &self,
        request: http::Request<Incoming>,
        schemes: Schemes,
        streams: Streams,
    ) -> impl Future<Output = Result<http::Response<InPieces>, Infallible>> + Send + 'static {
        let (gateway, peer) = (Arc::clone(&self.gateway), self.peer);
        let asked = streams.asked();
        async move {
            let client = Client {
                peer,
                heads: Heads::Frames(schemes),
                kill: streams.kill_of_this_stream(),
                tunnels: TaskTracker::new(),
            };
            let request = request.map(|body| streams.follow(body));
            let response = gateway.handle(request, &client).await;
            Ok(response.map(|answer| asked.answered(answer)))
        }
    }
}

/// The limits of an HTTP/1.1 connection: how long a head may take, how many fields it may have, and how
/// many bytes are read ahead.
pub(crate) fn http1_builder(patience: Duration, fields: usize, buffer: usize) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_headers(fields)
        .max_buf_size(buffer)
        .auto_date_header(false);
    builder
}

/// The limits of an HTTP/2 connection, and its protection against abuse (RFC 9113 §10.5).
fn http2_builder(streams: Streams) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(streams);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_local_error_reset_streams(MAX_FAULTY_STREAMS)
        .max_header_list_size(MAX_HEADER_LIST)
        .max_send_buf_size(MAX_UNREAD)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .auto_date_header(false);
    builder
}
