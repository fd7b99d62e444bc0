//! The gateway's own listener: who may connect, the protocols, and shutting down.

pub mod accept;
mod client_wire;
pub(crate) mod connection;
mod frames;
mod linger;
pub mod open_files;
mod opening;
mod pieces;
mod short_heads;
mod streams;
mod unread;
mod unwanted;

use std::{sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{accept::Slots, connection::Connection, opening::Opening};
use crate::proxy::Gateway;

#[cfg(any(test, fuzzing))]
pub(crate) use self::short_heads::ShortHeads;
pub use self::{
    short_heads::HeadLimits,
    unread::{ReadSoon, UNREAD, notice_reading},
};

/// How long a client may take for a request's head, the first and later ones. On HTTP/2: how long a
/// connection without requests is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long open requests may continue after the gateway is asked to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves until `shutdown` is cancelled, then lets open requests end for at most five seconds.
pub async fn serve(listener: TcpListener, gateway: Arc<Gateway>, shutdown: CancellationToken) {
    serve_within(UNREAD, listener, gateway, shutdown).await;
}

/// The same, where a client may take nothing of what it must read soon for as long as `unread` instead of
/// [`UNREAD`], and may send a body that nobody reads for twice as long.
pub async fn serve_within(
    unread: Duration,
    listener: TcpListener,
    gateway: Arc<Gateway>,
    shutdown: CancellationToken,
) {
    let tracker = TaskTracker::new();
    let kill_all = CancellationToken::new();
    let slots = Slots::new("gateway", open_files::connections());
    if let Some(certificate) = &gateway.settings.certificate {
        tracker.spawn(Arc::clone(certificate).follow(shutdown.clone()));
    }
    tracker.spawn(record_pages(Arc::clone(&gateway), shutdown.clone()));
    while let Some((slot, (tcp, peer))) = slots.accept(|| listener.accept(), &shutdown).await {
        if !gateway.admits(peer.ip()) {
            // A reset, before anything that was sent in clear text is read.
            let _ = tcp.set_zero_linger();
            continue;
        }
        let connection = Connection {
            peer: peer.ip(),
            gateway: Arc::clone(&gateway),
            tracker: tracker.clone(),
            shutdown: shutdown.clone(),
            unread,
            discarding: unread * 2,
            kill: kill_all.child_token(),
        };
        tracker.spawn(async move {
            open(tcp, connection).await;
            drop(slot);
        });
    }
    drop(listener);
    tracker.close();
    let drain = Instant::now() + DRAIN;
    if tokio::time::timeout_at(drain, tracker.wait())
        .await
        .is_err()
    {
        kill_all.cancel();
        tracker.wait().await;
    }
}

/// What becomes known after the last request is lost.
async fn record_pages(gateway: Arc<Gateway>, shutdown: CancellationToken) {
    let admission = &gateway.admission;
    let (recorder, clock) = (&*admission.record.recorder, &*admission.clock);
    let pages = &gateway.forwarder.pages;
    pages.record(recorder, clock, shutdown).await;
}

async fn open(tcp: TcpStream, connection: Connection) {
    // Otherwise small responses are delayed. A socket that refuses this is about to fail anyway.
    let _ = tcp.set_nodelay(true);
    notice_reading(&tcp);
    let tls = connection.gateway.settings.certificate.as_ref();
    let tls = tls.map(|certificate| certificate.server_config());
    let opening = tokio::select! {
        () = connection.shutdown.cancelled() => return,
        opening = Opening::of(tcp, tls, HEAD_TIMEOUT) => opening,
    };
    match opening {
        Ok(opening) => connection.serve(opening).await,
        Err(error) => {
            tracing::debug!(error = %error, "a connection failed before its first request");
        }
    }
}
