//! `kill -9` under load: nothing that reached the upstream is without a record.

use std::{collections::HashSet, path::Path, sync::Arc, time::Duration};

use rusqlite::{Connection, OpenFlags};
use tokio::{sync::watch, task::JoinHandle};

use crate::support::prelude::*;

/// How often a server is killed in all, unless [`KILLS`] says otherwise.
const ROUNDS: u64 = 200;
/// Sets another number of rounds: `make soak` does.
const KILLS: &str = "SUPPORT_CONSOLE_TEST_KILLS";
/// How many servers are killed at the same time.
const LANES: u64 = 5;
/// How many kills one store gets. Then its record is checked, and another store follows.
const ROUNDS_OF_A_STORE: u64 = 100;
/// Clients who ask one thing after another.
const CLIENTS: usize = 6;
/// Clients with an answer in progress when the kill comes.
const STREAMS: usize = 2;
/// No round waits for more than this many requests, or answers.
const MOST: u64 = 24;
/// The longest time after which a round ends wherever it is, in microseconds.
const ANYWHERE_US: u64 = 60_000;
/// The longest time after which a start ends wherever it is, in microseconds.
const STARTING_US: u64 = 300_000;

#[tokio::test]
async fn no_request_reaches_the_upstream_without_a_record_whenever_the_server_is_killed() {
    let rounds = std::env::var(KILLS).map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let lanes = (0..LANES).map(|lane| kill_in_a_lane(lane, rounds / LANES));
    let mut all = Found::default();
    for lane in futures::future::join_all(lanes).await {
        all.add(&lane);
    }
    println!(
        "{} kills: {} requests recorded, {} arrived upstream, {} answers were whole",
        all.kills, all.recorded, all.arrived, all.acknowledged
    );
}

/// The result after a store's last kill.
#[derive(Default)]
struct Found {
    kills: u64,
    recorded: usize,
    arrived: usize,
    acknowledged: usize,
}

impl Found {
    fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.recorded += other.recorded;
        self.arrived += other.arrived;
        self.acknowledged += other.acknowledged;
    }
}

async fn kill_in_a_lane(lane: u64, rounds: u64) -> Found {
    let mut random = Random(0x5eed ^ (lane << 32));
    let mut all = Found::default();
    while all.kills < rounds {
        let left = rounds - all.kills;
        let found = kill_under(left.min(ROUNDS_OF_A_STORE), &mut random).await;
        all.add(&found);
        println!("lane {lane}: {} of {rounds} kills, all sound", all.kills);
    }
    all
}

/// Kills a server again and again on one store, and checks what came of it.
async fn kill_under(rounds: u64, random: &mut Random) -> Found {
    let upstream = Upstream::start().await;
    let mut program = Program::start_in_memory(upstream.address, BY_PATH).await;
    let (_, staff) = acme_and_jo(&program).await;
    let session = staff.create_session("acme", None).await;
    let mut acknowledged = HashSet::new();
    for round in 0..rounds {
        let load = Load::start(&program, &session).await;
        load.until_the_instant_of(round, random, &upstream).await;
        program.kill().await;
        acknowledged.extend(load.acknowledged().await);
        if round % 8 == 7 {
            // Also while it repairs what the previous kill left.
            let span = Duration::from_micros(random.below(STARTING_US));
            program.start_and_kill(span).await;
        }
        program.start_again().await;
    }

    let arrived = request_ids(&upstream.text());
    assert_eq!(arrived.len(), upstream.requests(), "whole, each once");
    assert!(!acknowledged.is_empty() && acknowledged.is_subset(&arrived));
    let store = open(&program.store());
    let closed = async || {
        let open = "SELECT count(*) FROM access_log WHERE outcome = 'open'";
        let open: i64 = store.query_row(open, [], |row| row.get(0)).unwrap();
        (open == 0).then_some(())
    };
    until("the rows of dead starts to be closed", closed).await;
    let recorded = check_rows(&store, &session, &arrived);
    assert!(arrived.is_subset(&recorded), "a request without a record");
    check_events(&store, &recorded);
    program.run(&["audit", "verify"], "").await;
    Found {
        kills: rounds,
        recorded: recorded.len(),
        arrived: arrived.len(),
        acknowledged: acknowledged.len(),
    }
}

/// Clients who ask until the server is gone.
struct Load {
    clients: JoinHandle<()>,
    /// The request ids of whole answers.
    answered: Arc<watch::Sender<HashSet<String>>>,
}

impl Load {
    async fn start(program: &Program, session: &Granted) -> Self {
        let answered = Arc::new(watch::Sender::new(HashSet::new()));
        let mut clients = Vec::new();
        for number in 0..CLIENTS + STREAMS {
            let last = if number < CLIENTS { "ok" } else { "stream" };
            let head = format!(
                "GET /v1/tenants/acme/{number}/{last} HTTP/1.1\r\nHost: {}\r\n\
                 Authorization: Bearer {}\r\n\r\n",
                program.gateway, session.token
            );
            let client = Client::connect(program.gateway).await;
            clients.push(ask_until_the_end(client, head, Arc::clone(&answered)));
        }
        let all = futures::future::join_all(clients);
        Self {
            clients: tokio::spawn(async { drop(all.await) }),
            answered,
        }
    }

    /// Waits for some number of requests upstream, some number of answers, or just anything.
    async fn until_the_instant_of(&self, round: u64, random: &mut Random, upstream: &Upstream) {
        let count = usize::try_from(random.below(MOST)).unwrap();
        match round % 3 {
            0 => {
                let count = upstream.requests() + count;
                let requests = |seen: &[Seen]| seen.iter().map(|s| s.requests).sum::<usize>();
                upstream.until(|seen| requests(seen) >= count).await;
            }
            1 => {
                let mut answered = self.answered.subscribe();
                let reached = answered.wait_for(|ids| ids.len() >= count);
                let reached = tokio::time::timeout(PATIENCE, reached).await;
                drop(reached.expect("answers").unwrap());
            }
            _ => {
                let instant = Duration::from_micros(random.below(ANYWHERE_US));
                let never = std::future::pending::<()>();
                drop(tokio::time::timeout(instant, never).await);
            }
        }
    }

    async fn acknowledged(self) -> HashSet<String> {
        self.clients.await.unwrap();
        self.answered.borrow().clone()
    }
}

async fn ask_until_the_end(
    mut client: Client,
    head: String,
    answered: Arc<watch::Sender<HashSet<String>>>,
) {
    loop {
        client.send(head.as_bytes()).await;
        let answer = client.answer().await;
        match answer.status {
            200 if answer.complete => {}
            // A machine that is too busy for the server to keep its lease: nothing is promised.
            503 => continue,
            0 | 200 => return,
            _ => panic!("{answer:?}"),
        }
        let id = answer.header("x-request-id").unwrap().to_owned();
        answered.send_modify(|ids| assert!(ids.insert(id), "an id came twice"));
    }
}

/// The rows of the access log are numbered without gaps, and each says how it ended; their ids.
fn check_rows(store: &Connection, session: &Granted, arrived: &HashSet<String>) -> HashSet<String> {
    let rows: Vec<(String, i64, Option<i64>, String)> = rows(
        store,
        "SELECT request_id, seq, status, outcome FROM access_log \
         WHERE support_session_id = ?1 ORDER BY seq",
        &session.id,
        |row| row.try_into(),
    );
    for (expected, (id, seq, status, outcome)) in (1..).zip(&rows) {
        assert_eq!(*seq, expected, "{id}");
        match outcome.as_str() {
            "done" => assert_eq!(*status, Some(200), "{id}"),
            "unknown" => assert_eq!(*status, None, "{id}"),
            "refused" => assert!(!arrived.contains(id), "{id} was sent"),
            // A machine that is too busy for the server to keep its lease: its answers end.
            "cut" => assert!(matches!(status, None | Some(200)), "{id}"),
            other => panic!("{id} is {other}"),
        }
    }
    assert!(rows.iter().any(|row| row.3 == "unknown"), "nothing was cut");
    let forwarded = "SELECT forwarded FROM support_sessions WHERE id = ?1";
    let forwarded: Vec<i64> = self::rows(store, forwarded, &session.id, |row| row.get(0));
    assert_eq!(usize::try_from(forwarded[0]).unwrap(), rows.len());
    rows.into_iter().map(|row| row.0).collect()
}

/// Each request has exactly one event of its beginning and one of its end.
fn check_events(store: &Connection, recorded: &HashSet<String>) {
    for action in ["support_session.request", "support_session.response"] {
        let of_action = "SELECT request_id FROM audit_events WHERE action = ?1";
        let ids: Vec<String> = rows(store, of_action, action, |row| row.get(0));
        assert_eq!(ids.len(), recorded.len(), "{action}");
        let ids: HashSet<String> = ids.into_iter().collect();
        assert!(ids == *recorded, "{action}");
    }
}

fn open(store: &Path) -> Connection {
    Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

fn rows<T>(
    store: &Connection,
    sql: &str,
    value: &str,
    read: fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut statement = store.prepare(sql).unwrap();
    let rows = statement.query_map([value], read).unwrap();
    rows.map(Result::unwrap).collect()
}

/// `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): the
/// same instants in every run, as far as the machine allows.
struct Random(u64);

impl Random {
    /// A number from 0 on, below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
