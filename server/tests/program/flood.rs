//! A flood of requests that are refused: it fills neither disk nor memory, and a support session is
//! served all the same.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::support::{
    client::Client,
    people::{Granted, Platform, Staff},
    program::Program,
    upstream::Upstream,
};

const RULES: &str = r#"
    tenant_binding = "path"
    routes = ["/v1/tenants/{tenant_id}"]
"#;
/// How many requests each flooder sends, and how many flooders each kind of refusal has.
const EACH: usize = 500;
const FLOODERS: usize = 4;
/// A live session's requests meanwhile.
const SERVED: usize = 50;
const MIB: u64 = 1024 * 1024;
/// How many refusals of a session that has ended are recorded, however many there are.
const RECORDED: u64 = 100;

fn head(gateway: SocketAddr, token: &str) -> String {
    format!(
        "GET /v1/tenants/acme/x HTTP/1.1\r\nHost: {gateway}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
}

/// Sends requests that are refused, one after another.
async fn flood(gateway: SocketAddr, token: String, refused: Arc<AtomicUsize>) {
    let head = head(gateway, &token);
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
async fn a_flood_of_refused_requests_fills_nothing_and_holds_up_nobody() {
    let upstream = Upstream::start().await;
    let program = Program::start_in_memory(upstream.address, RULES).await;
    let platform = Platform::of(&program).await;
    platform.register("acme").await;
    let staff = Staff::of(&program, "jo").await;
    let live = staff.create_session("acme", None).await;
    let ended = staff.create_session("acme", None).await;
    staff.revoke(&ended.id).await;
    let mut client = Client::connect(program.gateway).await;
    let mut serve = async || {
        client
            .send(head(program.gateway, &live.token).as_bytes())
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
    // What the live session's own requests take, with the store's log of what was written.
    let grown = size(program.folder()).saturating_sub(disk);
    assert!(grown < 6 * MIB, "{grown} bytes on the disk");
    let grown = program.memory().saturating_sub(memory);
    assert!(grown < 64 * MIB, "{grown} bytes of memory");
}
