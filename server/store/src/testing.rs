//! Empty stores of both engines for tests.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that can't go on fails"
)]

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use app::domain::{
    AuditEventId, Timestamp,
    audit::{Actor, ActorType, AuditAction, AuditEvent, AuditOutcome},
    caller::Origin,
    record::RecordLevel,
};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use secrecy::SecretString;
use sqlx::error::{DatabaseError, ErrorKind};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    ActError, Audited, Bookkeeping, Lane, Priority, Reader, Store, StoreError, StoreOptions, Tx,
    act::Run,
    audit::{NewAuditEvent, Stamp},
    batch::{Commit, EngineCommit, Order},
    transaction::Transaction,
};

/// An empty store that is removed with the test.
pub struct TestStore {
    pub store: Store,
    /// How it was opened, to open it again.
    pub options: StoreOptions,
    // Removed with the test.
    folder: tempfile::TempDir,
    /// What goes wrong in it.
    pub faults: Arc<Faults>,
}

impl TestStore {
    /// Another process that holds the SQLite file for writing until it is dropped.
    pub fn another_writer(&self) -> rusqlite::Connection {
        let path = self.folder.path().join("store.db");
        let other = rusqlite::Connection::open(path).expect("a connection of its own");
        other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
        other
    }

    /// Another process on the same database, whose records are written but not flushed.
    pub async fn again_written(&self) -> Store {
        let options = StoreOptions {
            serves: false,
            record: RecordLevel::Written,
            ..self.options.clone()
        };
        Store::open(&options).await.expect("a second store opens")
    }

    /// Drops the store and keeps its folder.
    pub fn drop_store(self) -> tempfile::TempDir {
        self.folder
    }
}

/// What happens to the writer's next commit.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing is kept, and the engine reports this code.
    Code(&'static str),
    /// It is kept, and the connection is lost before the engine can say so.
    LostAfter,
    /// It is kept once someone notifies.
    Held(Arc<Notify>),
}

/// Commits with the engine, unless a test wants a fault.
#[derive(Default)]
pub struct Faults(Mutex<Option<Fault>>);

impl Faults {
    /// The next commit has this fault.
    pub fn next(&self, fault: Fault) {
        *self.0.lock() = Some(fault);
    }
}

impl Commit for Faults {
    fn commit(&self, transaction: Transaction) -> BoxFuture<'static, Result<(), StoreError>> {
        let fault = self.0.lock().take();
        Box::pin(async move {
            let commit = |transaction| EngineCommit.commit(transaction);
            match fault {
                None => commit(transaction).await,
                Some(Fault::Code(code)) => {
                    drop(transaction);
                    Err(coded(code))
                }
                Some(Fault::LostAfter) => {
                    commit(transaction).await?;
                    let lost = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                    Err(sqlx::Error::Io(lost).into())
                }
                Some(Fault::Held(release)) => {
                    release.notified().await;
                    commit(transaction).await
                }
            }
        })
    }
}

/// An engine's error with a code. Codes of PostgreSQL have five characters.
fn coded(code: &'static str) -> StoreError {
    match code.parse() {
        Ok(number) if code.len() < 5 => {
            rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(number), None).into()
        }
        _ => sqlx::Error::Database(Box::new(Coded(code))).into(),
    }
}

/// PostgreSQL's error with a code.
#[derive(Debug)]
struct Coded(&'static str);

impl std::fmt::Display for Coded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "error {}", self.0)
    }
}

impl std::error::Error for Coded {}

impl DatabaseError for Coded {
    fn message(&self) -> &str {
        self.0
    }

    fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some(self.0.into())
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

/// Empty stores of both engines, each with its name. PostgreSQL is mandatory: a test that leaves
/// one engine out proves nothing about it.
pub async fn both() -> Vec<(&'static str, TestStore)> {
    vec![("sqlite", sqlite().await), ("postgres", postgres().await)]
}

/// An empty SQLite store.
pub async fn sqlite() -> TestStore {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("store.db");
    open(format!("sqlite:{}", path.display()), folder).await
}

/// An empty PostgreSQL store with its own database.
pub async fn postgres() -> TestStore {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("SUPPORT_CONSOLE_TEST_POSTGRES_URL").expect(
        "SUPPORT_CONSOLE_TEST_POSTGRES_URL names a throwaway PostgreSQL; `make test` starts one",
    );
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{number}", std::process::id());
    let admin = sqlx::PgPool::connect(&server)
        .await
        .expect("the throwaway PostgreSQL answers");
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&admin)
        .await
        .expect("a database of its own");
    admin.close().await;
    let mut url = url::Url::parse(&server).expect("a URL");
    url.set_path(&name);
    open(
        url.to_string(),
        tempfile::tempdir().expect("a temporary folder"),
    )
    .await
}

async fn open(url: String, folder: tempfile::TempDir) -> TestStore {
    let options = StoreOptions {
        url: SecretString::from(url),
        migrate: true,
        serves: true,
        record: RecordLevel::Flushed,
    };
    let faults = Arc::new(Faults::default());
    let opened = Store::open_committing(&options, Arc::clone(&faults) as Arc<dyn Commit>);
    TestStore {
        store: opened.await.expect("an empty store opens"),
        options,
        folder,
        faults,
    }
}

/// Every reader that a lane has.
pub async fn fill(store: &Store, lane: Lane) -> Vec<Reader> {
    let mut readers = Vec::new();
    for _ in 0..lane.places() {
        readers.push(store.within(lane).read().await.expect("a place"));
    }
    readers
}

/// An event to append, unlike any other of the same number.
pub fn new_event(tenant: Option<&str>, number: u64, at: Timestamp) -> NewAuditEvent {
    NewAuditEvent {
        id: AuditEventId::from_uuid(Uuid::from_u128(u128::from(number) + (1 << 100))),
        id_by_place: false,
        tenant_id: tenant.map(|id| id.parse().expect("a tenant")),
        action: AuditAction::SupportSessionRequest {
            seq: number,
            method: "GET".into(),
            path: "/".into(),
            query: None,
            scope: None,
            left_out: Vec::new(),
        },
        actor: Actor {
            kind: ActorType::System,
            id: "system".into(),
            name: "Support Console".into(),
        },
        resource_id: number.to_string(),
        outcome: AuditOutcome::Success,
        occurred_at: at,
        recorded: Stamp::new(move || at),
        origin: Origin::default(),
    }
}

pub async fn append(store: &Store, event: NewAuditEvent) -> Result<(), StoreError> {
    store
        .act(event, move |event, tx| {
            Box::pin(async move {
                let receipt = tx.append_audit(event.clone());
                Ok(Audited::new((), receipt))
            })
        })
        .await
}

/// Stores a chain's events unchanged, the last of which is the head. After `ordered_after` they are
/// in time order.
pub async fn keep_events(store: &Store, events: Vec<AuditEvent>, ordered_after: u64) {
    let kept = store.write(Priority::Normal, events, move |events, tx| {
        Box::pin(async move { keep(tx, events, ordered_after).await })
    });
    kept.await.expect("the events are kept");
}

async fn keep(
    tx: &mut Bookkeeping<'_>,
    events: &[AuditEvent],
    ordered_after: u64,
) -> Result<(), StoreError> {
    let last = events.last().expect("an event");
    tx.query("INSERT INTO audit_chains (name) VALUES ($1)")
        .bind(&last.chain)
        .done()
        .await?;
    tx.query("INSERT INTO audit_heads (chain, seq, hash, recorded_at, ordered_after) VALUES ($1, $2, $3, $4, $5)")
        .bind(&last.chain)
        .bind(last.seq)
        .bind(&last.hash)
        .bind(last.recorded_at)
        .bind(ordered_after)
        .done()
        .await?;
    tx.keep_as_it_is(events).await
}

/// Changes before a test begins.
struct Arranging<D, F> {
    given: D,
    run: F,
}

impl<D, F, T, E> Run<T, E> for Arranging<D, F>
where
    D: Send + Sync + 'static,
    F: for<'t> Fn(&'t D, &'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
{
    fn run<'t>(&'t self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> {
        (self.run)(&self.given, tx)
    }
}

impl Store {
    /// Changes what a test needs to find, with or without an audit event.
    pub async fn arrange<D, T, E, F>(&self, given: D, run: F) -> Result<T, E>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        E: ActError + Send + 'static,
        F: for<'t> Fn(&'t D, &'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    {
        self.write_in(
            Order::of(Priority::Normal, Lane::Acts),
            Arranging { given, run },
        )
        .await
    }
}
