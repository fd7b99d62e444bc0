//! Writes audit events of requests past the program, as it stores them (decision 0027), with their hashes. `make bench ARGS=years`
//! makes a log of years with it.
//!
//! ```sh
//! years SQLITE_FILE EVENTS BEGIN STEP <CHAINS     # or - for a script for psql
//! ```
//!
//! Each line of `CHAINS` has a tenant, its chain's number, the last event's position and its hash's digits. Events take turns among
//! the chains. The first one is `STEP` microseconds after `BEGIN`.

use std::{
    env,
    error::Error,
    io::{self, BufWriter, Write as _},
};

use chrono::DateTime;
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// How many events one transaction adds.
const BATCH: usize = 100_000;
/// One event of a chain in this many is not about a request.
const RARE: u64 = 1_000;
const SESSION: Uuid = Uuid::from_u128(0x0193_7e2c_7b6a_7cc0_8000_0000_0000_00bb);
const STAFF: Uuid = Uuid::from_u128(0x0193_7e2c_7b6a_7cc0_8000_0000_0000_00aa);
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

fn main() -> Outcome {
    let [file, numbers @ ..] = &env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("years SQLITE_FILE EVENTS BEGIN STEP <CHAINS".into());
    };
    let numbers: Vec<u64> = numbers
        .iter()
        .map(|n| n.parse())
        .collect::<Result<_, _>>()?;
    let &[events, begin, step] = &numbers[..] else {
        return Err("three numbers: EVENTS BEGIN STEP".into());
    };
    let mut chains = io::stdin()
        .lines()
        .map(|line| Chain::read(&line?))
        .collect::<Outcome<Vec<_>>>()?;
    let mut store = Store::open(file)?;
    let mut events = (1..=events).map(|number| begin + number * step).peekable();
    let mut turn = 0;
    while events.peek().is_some() {
        let batch = events.by_ref().take(BATCH);
        store.add(batch.map(|at| {
            let count = chains.len();
            let chain = &mut chains[turn % count];
            turn += 1;
            chain.event(at)
        }))?;
        eprint!("\r{turn} events");
    }
    eprintln!();
    store.move_heads(&chains)
}

/// A tenant's chain while it is written.
struct Chain {
    tenant: String,
    number: u64,
    seq: u64,
    hash: String,
    at: u64,
}

/// A row of `audit_log`.
struct Event {
    place: i64,
    at: i64,
    deed: i64,
    hash: Vec<u8>,
    resource: Vec<u8>,
    request: Vec<u8>,
    metadata: String,
}

/// What kinds of events differ in. The deeds stand in `years.py`.
struct Kind {
    deed: i64,
    action: &'static str,
    actor: String,
    resource_type: &'static str,
    resource: String,
    stored_resource: Vec<u8>,
    /// The metadata in canonical form, and as it is stored.
    metadata: String,
    stored: String,
    origin: String,
}

impl Chain {
    fn read(line: &str) -> Outcome<Self> {
        let [tenant, number, seq, hash] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("a chain has four fields: {line}").into());
        };
        Ok(Self {
            tenant: tenant.to_owned(),
            number: number.parse()?,
            seq: seq.parse()?,
            hash: hash.to_owned(),
            at: 0,
        })
    }

    fn kind(&self) -> Kind {
        let (tenant, seq) = (&self.tenant, self.seq);
        let staff = format!(r#"{{"id":"{STAFF}","name":"Ada Bench","type":"staff"}}"#);
        let origin = format!(r#","user_agent":"{BROWSER}""#);
        let of_session = |deed, action, actor, metadata, stored, origin| Kind {
            deed,
            action,
            actor,
            resource_type: "support_session",
            resource: SESSION.to_string(),
            stored_resource: SESSION.as_bytes().to_vec(),
            metadata,
            stored,
            origin,
        };
        if seq.is_multiple_of(RARE) {
            let metadata = r#"{"changed":{}}"#.to_owned();
            return Kind {
                deed: 3,
                action: "tenant.changed",
                actor: staff,
                resource_type: "tenant",
                resource: tenant.clone(),
                stored_resource: tenant.as_bytes().to_vec(),
                stored: metadata.clone(),
                metadata,
                origin,
            };
        }
        if seq.is_multiple_of(2) {
            let metadata = r#"{"duration_ms":3,"outcome":"done","refusal":null,"request_bytes":0,"response_bytes":1234,"status":200,"upgrade":null}"#;
            let stored = r#"[3,"done",null,0,1234,200,null]"#;
            let actor = r#"{"id":"gateway","name":"Support Console gateway","type":"system"}"#;
            let nowhere = r#","user_agent":null"#;
            return of_session(
                -2,
                "support_session.response",
                actor.to_owned(),
                metadata.to_owned(),
                stored.to_owned(),
                nowhere.to_owned(),
            );
        }
        let path = format!("/v1/tenants/{tenant}/invoices/inv_{seq:06}");
        let metadata = format!(
            r#"{{"method":"GET","path":"{path}","query":null,"scope":"read_only","seq":{seq}}}"#
        );
        let stored = format!(r#"["GET","{path}",null,"read_only",{seq}]"#);
        of_session(
            -1,
            "support_session.request",
            staff,
            metadata,
            stored,
            origin,
        )
    }

    /// The next event, as it is stored: a request, its response, and rarely something else.
    fn event(&mut self, at: u64) -> Event {
        self.seq += 1;
        self.at = at;
        let kind = self.kind();
        let ip = match kind.deed {
            -2 => "null",
            _ => r#""192.0.2.7""#,
        };
        let request = digest(format!("{} {}", self.number, self.seq.div_ceil(2)).as_bytes());
        let request = &request[..16];
        let id = self.id();
        let spelled = spelled(at);
        let category = kind.action.split('.').next().unwrap_or_default();
        // docs/audit-format.md.
        let text = format!(
            r#"{{"action":"{}","actor":{},"category":"{category}","chain":"tenant:{tenant}","id":"{id}","ip":{ip},"metadata":{},"occurred_at":"{spelled}","outcome":"success","prev":"sha256:{}","recorded_at":"{spelled}","request_id":"{}","resource_id":"{}","resource_type":"{}","seq":{},"tenant_id":"{tenant}"{},"v":1}}"#,
            kind.action,
            kind.actor,
            kind.metadata,
            self.hash,
            Uuid::from_slice(request).unwrap_or_default(),
            kind.resource,
            kind.resource_type,
            self.seq,
            kind.origin,
            tenant = self.tenant,
        );
        let hash = digest(text.as_bytes());
        self.hash = hex::encode(hash);
        Event {
            place: ((self.number << 40) + self.seq).cast_signed(),
            at: at.cast_signed(),
            deed: kind.deed,
            hash: hash.to_vec(),
            resource: kind.stored_resource,
            request: request.to_vec(),
            metadata: kind.stored,
        }
    }

    /// The identifier that is made from the place.
    fn id(&self) -> Uuid {
        let chain = format!("tenant:{}", self.tenant);
        let bytes = [
            &self.seq.to_be_bytes()[..],
            &self.at.to_be_bytes(),
            chain.as_bytes(),
        ]
        .concat();
        let digest = digest(&bytes);
        let mut random = [0; 10];
        random.copy_from_slice(&digest[..10]);
        Builder::from_unix_timestamp_millis(self.at / 1000, &random).into_uuid()
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn spelled(at: u64) -> String {
    DateTime::from_timestamp_micros(at.cast_signed())
        .unwrap_or_default()
        .format("%Y-%m-%dT%H:%M:%S%.6fZ")
        .to_string()
}

enum Store {
    Sqlite(Connection),
    Psql(BufWriter<io::Stdout>),
}

impl Store {
    fn open(file: &str) -> Outcome<Self> {
        if file == "-" {
            return Ok(Self::Psql(BufWriter::new(io::stdout())));
        }
        let connection = Connection::open(file)?;
        connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144")?;
        Ok(Self::Sqlite(connection))
    }

    fn add(&mut self, events: impl Iterator<Item = Event>) -> Outcome {
        const COLUMNS: &str =
            "place, recorded_at, took, deed, hash, id, resource, request, metadata";
        match self {
            Self::Sqlite(connection) => {
                let tx = connection.transaction()?;
                let sql = format!(
                    "INSERT INTO audit_log ({COLUMNS}) VALUES (?, ?, 0, ?, ?, x'', ?, ?, ?)"
                );
                let mut insert = tx.prepare_cached(&sql)?;
                for event in events {
                    insert.execute(params![
                        event.place,
                        event.at,
                        event.deed,
                        event.hash,
                        event.resource,
                        event.request,
                        event.metadata,
                    ])?;
                }
                drop(insert);
                tx.commit()?;
            }
            Self::Psql(out) => {
                writeln!(out, "COPY audit_log ({COLUMNS}) FROM STDIN;")?;
                for event in events {
                    let Event {
                        place,
                        at,
                        deed,
                        hash,
                        resource,
                        request,
                        metadata,
                    } = event;
                    let [hash, resource, request] = [hash, resource, request].map(hex::encode);
                    writeln!(
                        out,
                        "{place}\t{at}\t0\t{deed}\t\\\\x{hash}\t\\\\x\t\\\\x{resource}\t\\\\x{request}\t{metadata}"
                    )?;
                }
                writeln!(out, "\\.")?;
            }
        }
        Ok(())
    }

    fn move_heads(&mut self, chains: &[Chain]) -> Outcome {
        for Chain {
            tenant,
            seq,
            hash,
            at,
            ..
        } in chains.iter().filter(|chain| chain.at > 0)
        {
            let sql = format!(
                "UPDATE audit_heads SET seq = {seq}, hash = 'sha256:{hash}', recorded_at = {at} WHERE chain = 'tenant:{tenant}';"
            );
            match self {
                Self::Sqlite(connection) => connection.execute_batch(&sql)?,
                Self::Psql(out) => writeln!(out, "{sql}")?,
            }
        }
        if let Self::Psql(out) = self {
            out.flush()?;
        }
        Ok(())
    }
}
