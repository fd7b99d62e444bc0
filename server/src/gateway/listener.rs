//! The gateway's own listener: HTTP/1.1 only, each connection with its head tap and kill switch.

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    listener::client_wire::ClientWire,
    proxy::{Client, Gateway},
    raw_head::HeadTap,
};

mod client_wire;

/// How many connections are served at once; more wait in the listener's queue.
const MAX_CONNECTIONS: usize = 8192;
/// How long a client may take for a request's head, the first as well as those after it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How many header fields a request may have.
const MAX_FIELDS: usize = 128;
/// How many bytes are read ahead; a head must fit.
const MAX_BUFFER: usize = 64 * 1024;
/// How long open requests may go on once the gateway is asked to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves until `shutdown` is cancelled, then lets open requests end for at most five seconds.
pub async fn serve(listener: TcpListener, gateway: Arc<Gateway>, shutdown: CancellationToken) {
    let tracker = TaskTracker::new();
    let kill_all = CancellationToken::new();
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((slot, tcp, peer)) = accepted else {
            continue;
        };
        let client = Client {
            peer: peer.ip(),
            tap: HeadTap::default(),
            kill: kill_all.child_token(),
        };
        let (gateway, shutdown) = (Arc::clone(&gateway), shutdown.clone());
        tracker.spawn(async move {
            connection(tcp, client, gateway, shutdown).await;
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

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(tokio::sync::OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((tcp, peer)) => Some((slot, tcp, peer)),
        Err(error) => {
            // Out of file descriptors, most likely: give those in use time to close.
            tracing::warn!(error = %error, "the gateway can't accept a connection");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn connection(
    tcp: TcpStream,
    client: Client,
    gateway: Arc<Gateway>,
    shutdown: CancellationToken,
) {
    // Without it small answers wait; a socket that can't have it is about to fail anyway.
    let _ = tcp.set_nodelay(true);
    let wire = ClientWire::new(tcp, client.tap.clone(), client.kill.clone());
    let service =
        service_fn(|request| async { Ok::<_, Infallible>(gateway.handle(request, &client).await) });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_FIELDS)
        .max_buf_size(MAX_BUFFER)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(wire), service);
    let mut serving = pin!(serving);
    let mut asked_to_stop = false;
    loop {
        tokio::select! {
            biased;
            () = client.kill.cancelled() => break,
            () = shutdown.cancelled(), if !asked_to_stop => {
                asked_to_stop = true;
                serving.as_mut().graceful_shutdown();
            }
            result = &mut serving => {
                if let Err(error) = result {
                    tracing::debug!(error = %error, "a gateway connection ended");
                }
                break;
            }
        }
    }
}
