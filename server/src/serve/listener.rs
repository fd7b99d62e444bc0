//! The listeners of console and metrics: HTTP/1.1 with time limits, so that idle connections are
//! closed.

use std::{pin::pin, time::Duration};

use axum::{Extension, Router, extract::ConnectInfo};
use gateway::accept::{MAX_CONNECTIONS, Slots};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a client may take for a request's head, the first as well as those after it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves until `end`, then lets open requests come to their end.
pub(super) async fn serve(listener: TcpListener, router: Router, end: CancellationToken) {
    let tracker = TaskTracker::new();
    let slots = Slots::new("console", MAX_CONNECTIONS);
    while let Some((slot, (tcp, peer))) = slots.accept(|| listener.accept(), &end).await {
        let router = router.clone().layer(Extension(ConnectInfo(peer)));
        let end = end.clone();
        tracker.spawn(async move {
            connection(tcp, router, end).await;
            drop(slot);
        });
    }
    drop(listener);
    tracker.close();
    tracker.wait().await;
}

async fn connection(tcp: TcpStream, router: Router, end: CancellationToken) {
    // Otherwise small responses wait. A socket that refuses this is about to fail anyway.
    let _ = tcp.set_nodelay(true);
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(tcp), TowerToHyperService::new(router));
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = end.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of the console ended early");
    }
}
