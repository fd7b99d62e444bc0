//! A flood of refused requests fills neither disk nor memory, and a support session is still
//! served.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::support::prelude::*;

/// How many requests each flooder sends, and how many flooders each kind of refusal has.
const EACH: usize = 500;
const FLOODERS: usize = 4;
/// A live session's requests meanwhile.
const SERVED: usize = 50;
const MIB: u64 = 1024 * 1024;
/// How many refusals of a session that has ended are recorded, however many there are.
const RECORDED: u64 = 100;

/// Sends requests that are refused, one after another.
async fn flood(gateway: SocketAddr, token: String, refused: Arc<AtomicUsize>) {
    let head = get(gateway, "x", &token);
    let mut client = Client::connect(gateway).await;
    for _ in 0..EACH {
        client.send(head.as_bytes()).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 401, "{}", answer.text());
        refused.fetch_add(1, Ordering::Relaxed);
    }
}

/// What all files of a folder take, in bytes.
fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    let sizes = files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len()));
    sizes.sum()
}

async fn refused_rows(platform: &Platform, session: &Granted) -> u64 {
    let path = format!("/support-sessions/{}", session.id);
    let session = platform.get(&path).await;
    session["requests_refused"].as_u64().unwrap()
}

#[tokio::test]
async fn a_flood_of_refused_requests_fills_nothing_and_delays_nobody() {
    let upstream = Upstream::start().await;
    let program = Program::start_in_memory(upstream.address, BY_PATH).await;
    let (platform, staff) = acme_and_jo(&program).await;
    let live = staff.create_session("acme", None).await;
    let ended = staff.create_session("acme", None).await;
    staff.revoke(&ended.id).await;
    let mut client = Client::connect(program.gateway).await;
    let mut serve = async || {
        client
            .send(get(program.gateway, "x", &live.token).as_bytes())
            .await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    serve().await;
    let (memory, disk) = (program.memory(), size(program.folder()));

    let refused = Arc::new(AtomicUsize::new(0));
    let unknown = format!("scst_{}", "A".repeat(43));
    let tokens = [ended.token.clone(), unknown].into_iter();
    let flooders = tokens.flat_map(|token| std::iter::repeat_n(token, FLOODERS));
    let flooders = flooders.map(|token| {
        let flooding = flood(program.gateway, token, Arc::clone(&refused));
        tokio::spawn(flooding)
    });
    let flooders: Vec<_> = flooders.collect();
    for _ in 0..SERVED {
        serve().await;
    }
    for flooder in flooders {
        flooder.await.unwrap();
    }

    assert_eq!(refused.load(Ordering::Relaxed), 2 * FLOODERS * EACH);
    assert_eq!(upstream.requests(), SERVED + 1);
    assert!(refused_rows(&platform, &ended).await <= RECORDED);
    assert_eq!(refused_rows(&platform, &live).await, 0);
    // What the live session's own requests need, including the store's log.
    let grown = size(program.folder()).saturating_sub(disk);
    assert!(grown < 6 * MIB, "{grown} bytes on the disk");
    let grown = program.memory().saturating_sub(memory);
    assert!(grown < 64 * MIB, "{grown} bytes of memory");
}
