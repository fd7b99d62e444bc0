//! The listeners of console and metrics: HTTP/1.1 with limits of time for heads, bodies and answers,
//! and of connections for each address, so that no client can hold what others need.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{Extension, Router, extract::ConnectInfo};
use gateway::{
    ReadSoon,
    accept::{MAX_CONNECTIONS, Slots},
    notice_reading,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use ipnet::IpNet;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::timeout::RequestBodyTimeoutLayer;

/// How long a client may take for a request's head, the first as well as those after it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may be silent within the body of a request.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How many connections one address may have open: a sixteenth of all. An office shares one.
const PER_ADDRESS: usize = MAX_CONNECTIONS / 16;

/// Serves until `end`, then lets open requests come to their end. If it is dropped before, they are cut. Proxies speak for many, so those of
/// `proxies` and this machine have no limit of their own.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    proxies: Vec<IpNet>,
    end: CancellationToken,
) {
    let tracker = TaskTracker::new();
    let cut = CancellationToken::new();
    let _cuts = cut.clone().drop_guard();
    let slots = Slots::new("console", MAX_CONNECTIONS);
    let addresses = Addresses::default();
    let router = router.layer(RequestBodyTimeoutLayer::new(BODY_TIMEOUT));
    while let Some((slot, (tcp, peer))) = slots.accept(|| listener.accept(), &end).await {
        let ip = peer.ip().to_canonical();
        let is_proxy = ip.is_loopback() || proxies.iter().any(|net| net.contains(&ip));
        let Some(place) = addresses.take(ip, if is_proxy { usize::MAX } else { PER_ADDRESS })
        else {
            tracing::debug!(client.ip = %ip, "an address has too many connections");
            continue;
        };
        let router = router.clone().layer(Extension(ConnectInfo(peer)));
        let (end, cut) = (end.clone(), cut.clone());
        tracker.spawn(async move {
            cut.run_until_cancelled(connection(tcp, router, end)).await;
            drop((slot, place));
        });
    }
    drop(listener);
    tracker.close();
    tracker.wait().await;
}

/// How many connections each address has open.
#[derive(Clone, Default)]
struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection's place among those of its address.
struct Place {
    addresses: Addresses,
    network: IpAddr,
}

impl Addresses {
    fn take(&self, ip: IpAddr, limit: usize) -> Option<Place> {
        let network = network(ip);
        let mut open = self.0.lock();
        let count = open.entry(network).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Place {
            addresses: self.clone(),
            network,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.addresses.0.lock();
        if let Some(count) = open.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.network);
            }
        }
    }
}

/// The owner of one IPv6 address has at least a /64.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => {
            let prefix = ip.to_bits() & !u128::from(u64::MAX);
            Ipv6Addr::from_bits(prefix).into()
        }
    }
}

async fn connection(tcp: TcpStream, router: Router, end: CancellationToken) {
    // Otherwise small responses wait. A socket that refuses this is about to fail anyway.
    let _ = tcp.set_nodelay(true);
    notice_reading(&tcp);
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(
            TokioIo::new(ReadSoon::new(tcp)),
            TowerToHyperService::new(router),
        );
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let addresses = Addresses::default();
        let take = |ip: &str| addresses.take(ip.parse().unwrap(), 2);
        let held = [take("203.0.113.7"), take("203.0.113.7")];
        assert!(held.iter().all(Option::is_some));
        assert!(take("203.0.113.7").is_none());
        assert!(take("203.0.113.8").is_some(), "another");
        drop(held);
        assert!(take("203.0.113.7").is_some());
        assert!(
            addresses.0.lock().is_empty(),
            "nothing is kept of who has gone"
        );
        let held = [take("2001:db8::1"), take("2001:db8::2")];
        assert!(take("2001:db8::3").is_none(), "the same network");
        drop(held);
    }
}
