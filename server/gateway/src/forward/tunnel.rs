//! An upgraded connection: one request whose messages are relayed in both directions until either
//! side or the support session ends it. Messages are not requests. They are counted and hashed.

use std::{io, pin::pin, sync::Arc, time::Duration};

use app::domain::access_log::{RequestOutcome, UpgradeTally};
use chrono::TimeDelta;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::upstream::Connection;
use crate::{
    arrival::websocket::frames::{FrameCounter, NoFrame},
    clock::Clock,
    gate::{Flight, kill::KillSwitch, lease::Lease},
    record::{completer::Completer, meter::RequestMeter},
};

/// How often the traffic so far is saved in the record.
const NOTE_EVERY: TimeDelta = TimeDelta::minutes(1);
/// The largest chunk that is relayed at once.
const PIECE: usize = 16 * 1024;

/// Everything that lives as long as the tunnel.
pub(super) struct Tunnel {
    pub(super) client: OnUpgrade,
    pub(super) upstream: OnUpgrade,
    /// Dropped last: it resets a connection that has not ended properly.
    pub(super) connection: Connection,
    pub(super) flight: Flight,
    pub(super) completer: Completer,
    pub(super) request: Arc<RequestMeter>,
    /// Closes the client's connection immediately.
    pub(super) kill: CancellationToken,
    /// For how long neither side may be silent.
    pub(super) idle: Duration,
    pub(super) clock: Arc<dyn Clock>,
}

/// Which side broke off a tunnel.
#[derive(Debug, thiserror::Error)]
enum Broke {
    #[error("the client broke off: {0}")]
    Client(io::Error),
    #[error("the upstream broke off: {0}")]
    Upstream(io::Error),
    #[error("both sides were silent for too long")]
    Silence,
}

/// The traffic in both directions.
struct Traffic {
    to_upstream: Mutex<FrameCounter>,
    to_client: Mutex<FrameCounter>,
    last: Mutex<Instant>,
    client: CancellationToken,
    upstream: Arc<KillSwitch>,
    lease: Arc<Lease>,
}

impl Traffic {
    fn tally(&self) -> UpgradeTally {
        UpgradeTally {
            to_upstream: self.to_upstream.lock().tally(),
            to_client: self.to_client.lock().tally(),
        }
    }

    async fn silence(&self, span: Duration) -> Broke {
        loop {
            let due = *self.last.lock() + span;
            if due <= Instant::now() {
                return Broke::Silence;
            }
            tokio::time::sleep_until(due).await;
        }
    }

    /// Makes sure that neither side takes this for a proper end. Call it before the sockets are
    /// dropped, which then reset.
    fn break_off(&self) {
        self.client.cancel();
        self.upstream.kill();
    }
}

impl Tunnel {
    /// Passes on messages until the end, and completes the record.
    pub(super) async fn run(self) {
        let Self {
            client,
            upstream,
            connection,
            flight,
            mut completer,
            request,
            kill,
            idle,
            clock,
        } = self;
        let traffic = Traffic {
            to_upstream: Mutex::new(FrameCounter::new(true)),
            to_client: Mutex::new(FrameCounter::new(false)),
            last: Mutex::new(Instant::now()),
            client: kill,
            upstream: Arc::clone(connection.kill_switch()),
            lease: Arc::clone(flight.lease()),
        };
        let mut relaying = pin!(relay(client, upstream, &traffic, idle));
        let outcome = tokio::select! {
            biased;
            () = flight.cut().cancelled() => RequestOutcome::Cut,
            relayed = &mut relaying => ended(relayed),
            () = traffic.client.cancelled() => RequestOutcome::Cut,
            never = note(&completer, &traffic, &*clock) => match never {},
        };
        if outcome != RequestOutcome::Done {
            traffic.break_off();
        }
        let tally = traffic.tally();
        request.passed(tally.to_upstream.bytes);
        completer.tunnelled(tally);
        completer.finish(outcome);
    }
}

fn ended(relayed: Result<(), Broke>) -> RequestOutcome {
    let Err(broke) = relayed else {
        return RequestOutcome::Done;
    };
    tracing::debug!(error = %broke, "a tunnel ended");
    match broke {
        Broke::Client(_) | Broke::Silence => RequestOutcome::Cut,
        Broke::Upstream(_) => RequestOutcome::Failed,
    }
}

/// Saves the traffic so far, periodically.
async fn note(
    completer: &Completer,
    traffic: &Traffic,
    clock: &dyn Clock,
) -> std::convert::Infallible {
    loop {
        clock.sleep_until(clock.now() + NOTE_EVERY).await;
        completer.note(traffic.tally());
    }
}

async fn relay(
    client: OnUpgrade,
    upstream: OnUpgrade,
    traffic: &Traffic,
    idle: Duration,
) -> Result<(), Broke> {
    // Both sides have the 101 before the library gives away either connection.
    let upstream = upstream
        .await
        .map_err(|e| Broke::Upstream(io::Error::other(e)))?;
    let client = client
        .await
        .map_err(|e| Broke::Client(io::Error::other(e)))?;
    let (from_client, to_client) = tokio::io::split(TokioIo::new(client));
    let (from_upstream, to_upstream) = tokio::io::split(TokioIo::new(upstream));
    let both = async {
        tokio::try_join!(
            pass(
                (from_client, Broke::Client),
                (to_upstream, Broke::Upstream),
                &traffic.to_upstream,
                traffic
            ),
            pass(
                (from_upstream, Broke::Upstream),
                (to_client, Broke::Client),
                &traffic.to_client,
                traffic
            ),
        )
        .map(drop)
    };
    tokio::select! {
        passed = both => passed,
        silence = traffic.silence(idle) => Err(silence),
    }
}

/// Passes on one direction to its end, only frames.
async fn pass<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    (mut from, from_broke): (R, fn(io::Error) -> Broke),
    (mut to, to_broke): (W, fn(io::Error) -> Broke),
    counter: &Mutex<FrameCounter>,
    traffic: &Traffic,
) -> Result<(), Broke> {
    let from_broke = |error| {
        traffic.break_off();
        from_broke(error)
    };
    let to_broke = |error| {
        traffic.break_off();
        to_broke(error)
    };
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await.map_err(from_broke)?;
        if length == 0 {
            return to.shutdown().await.map_err(to_broke);
        }
        // Without a lease nothing more is relayed.
        traffic.lease.held().await;
        *traffic.last.lock() = Instant::now();
        let seen = counter.lock().saw(&piece[..length]);
        seen.map_err(|NoFrame| from_broke(io::Error::new(io::ErrorKind::InvalidData, NoFrame)))?;
        to.write_all(&piece[..length]).await.map_err(to_broke)?;
        to.flush().await.map_err(to_broke)?;
    }
}
