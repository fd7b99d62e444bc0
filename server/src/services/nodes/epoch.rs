//! Makes sure that a store restored from a backup revives no support session.
//!
//! Beside the key files each node keeps a mark: the store's epoch, and the highest number in its
//! change log. A store that is behind its mark has lost something, possibly a revocation. Then
//! every support session in it is revoked, and a new epoch begins, also in the feed of tenants.
//! The mark is not part of a backup.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use app::domain::{
    audit::{AuditAction, StoreMark},
    caller::{Caller, Context, Origin},
    policy::Act,
    saved_text::saved_text,
};
use store::{Audited, ChangeKind, Engine, Lane, hand_to_owner_of_folder};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

use crate::services::{Core, ServiceError, support_sessions::revoke_every};

/// The name of the file in `data_dir`.
const FILE: &str = "store.epoch";

/// The mark can't be kept.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{path} can't be used: {problem}")]
pub struct EpochError {
    path: PathBuf,
    problem: String,
}

/// The state of a store when it was last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    epoch: i64,
    newest: i64,
}

/// The state found in the store.
#[derive(Debug, Clone, Copy)]
struct Found {
    /// `None` before the first start.
    epoch: Option<i64>,
    newest: i64,
}

/// Keeps the mark up to date.
#[derive(Debug)]
pub struct EpochKeeper {
    path: PathBuf,
    epoch: i64,
    /// The change of the mark at the start.
    newest: i64,
}

/// Whether the store has lost something since the mark was made.
fn is_restored(kept: Option<Mark>, found: Found, engine: Engine) -> bool {
    match (kept, found.epoch) {
        (None, None) => false,
        (Some(_), None) => true,
        // On SQLite the file is on the store's machine. On PostgreSQL a node may be new, and
        // earlier nodes have their own marks.
        (None, Some(_)) => engine == Engine::Sqlite,
        (Some(kept), Some(epoch)) => {
            epoch < kept.epoch || (epoch == kept.epoch && found.newest < kept.newest)
        }
    }
}

impl EpochKeeper {
    /// Compares the store with the mark, and revokes every support session of a restored store.
    ///
    /// # Errors
    ///
    /// If the store does not answer, or the mark can't be read or written.
    pub(super) async fn check(core: &Core) -> Result<Self, ServiceError> {
        let path = core.config.data_dir.join(FILE);
        let kept = read(&path)?;
        let found = find(core).await?;
        let epoch = if is_restored(kept, found, core.store.engine()) {
            let system = Context {
                caller: Caller::System,
                origin: Origin::default(),
            };
            let (epoch, revoked) = begin_anew(core, &system, kept, found).await?;
            tracing::warn!(
                support_sessions.revoked = revoked,
                "the data store was restored from a backup: all its support sessions were revoked"
            );
            epoch
        } else {
            match found.epoch {
                Some(epoch) => epoch,
                None => first_epoch(core).await?,
            }
        };
        let keeper = Self::of(core, path, epoch).await?;
        keeper.keep()?;
        Ok(keeper)
    }

    /// Revokes every support session of a store that someone is restoring, and begins a new epoch.
    /// Returns how many those were. The mark is kept once the store is in its place.
    ///
    /// # Errors
    ///
    /// If the caller may not do that, the store does not answer, or the present mark can't be read.
    pub async fn begin_restored(
        core: &Core,
        context: &Context,
    ) -> Result<(usize, Self), ServiceError> {
        core.authorise(context, Act::ManageRetention)?;
        let path = core.config.data_dir.join(FILE);
        let (kept, found) = (read(&path)?, find(core).await?);
        let (epoch, revoked) = begin_anew(core, context, kept, found).await?;
        Ok((revoked, Self::of(core, path, epoch).await?))
    }

    async fn of(core: &Core, path: PathBuf, epoch: i64) -> Result<Self, ServiceError> {
        let newest = core.store.read().await?.db().newest_change().await?;
        Ok(Self {
            path,
            epoch,
            newest,
        })
    }

    /// Writes the mark of a store that has just been checked or restored.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub fn keep(&self) -> Result<(), ServiceError> {
        Ok(self.write(self.newest)?)
    }

    /// Moves the mark with every change of a support session, until `end`.
    pub async fn run(self, core: Core, end: CancellationToken) {
        let keeper = Arc::new(self);
        let mut changes = core.store.changes();
        // It never goes back, because on PostgreSQL a change may come after a later one.
        let mut newest = keeper.newest;
        loop {
            // Changes first: the last ones before the end must be in the mark too.
            let first = tokio::select! {
                biased;
                change = changes.recv() => change,
                () = end.cancelled() => return,
            };
            match first {
                Ok(change) if change.kind == ChangeKind::SupportSession => {
                    newest = change.number.max(newest);
                }
                Err(RecvError::Closed) => return,
                _ => continue,
            }
            loop {
                match changes.try_recv() {
                    Ok(change) => newest = change.number.max(newest),
                    Err(TryRecvError::Lagged(_)) => {}
                    Err(_) => break,
                }
            }
            let keeper = Arc::clone(&keeper);
            let written = tokio::task::spawn_blocking(move || keeper.write(newest)).await;
            if let Ok(Err(error)) = written {
                tracing::error!(error = %error, "can't write the epoch file: a restored data store might go unnoticed");
            }
        }
    }

    fn write(&self, newest: i64) -> Result<(), EpochError> {
        let mark = Mark {
            epoch: self.epoch,
            newest,
        };
        write(&self.path, mark).map_err(|error| fault(&self.path, &error.to_string()))
    }
}

impl From<EpochError> for ServiceError {
    fn from(error: EpochError) -> Self {
        store::StoreError::File {
            path: error.path.display().to_string(),
            source: Arc::new(std::io::Error::other(error.problem)),
        }
        .into()
    }
}

async fn find(core: &Core) -> Result<Found, ServiceError> {
    let mut reader = core.store.read().await?;
    let mut db = reader.db();
    Ok(Found {
        epoch: db.store_epoch().await?,
        newest: db.newest_change().await?,
    })
}

/// Revokes everything and begins a new epoch. Returns it, and how many support sessions were revoked.
async fn begin_anew(
    core: &Core,
    context: &Context,
    kept: Option<Mark>,
    found: Found,
) -> Result<(i64, usize), ServiceError> {
    let seen = kept.map_or(0, |kept| kept.epoch);
    let epoch = seen.max(found.epoch.unwrap_or_default()) + 1;
    let revoked = core.act(context, (), move |(), mut act| {
        Box::pin(async move {
            let action = AuditAction::StoreRestored {
                epoch,
                seen: kept.map(|kept| StoreMark {
                    epoch: Some(kept.epoch),
                    change: kept.newest,
                }),
                found: StoreMark {
                    epoch: found.epoch,
                    change: found.newest,
                },
            };
            let receipt = act.record(None, "store", action);
            let reason = "the store was restored from a backup";
            let revoked = revoke_every(&mut act, reason).await?;
            act.tx.set_store_epoch(epoch).await?;
            let now = act.now();
            act.tx.begin_tenant_feed_anew(now).await?;
            Ok(Audited::new(revoked.len(), receipt))
        })
    });
    Ok((epoch, Lane::Ends.run(revoked).await?))
}

/// No actor: the store is new, or older than epochs.
async fn first_epoch(core: &Core) -> Result<i64, ServiceError> {
    let set = core
        .store
        .write(store::Priority::Normal, (), |(), tx| {
            Box::pin(async move { tx.set_store_epoch(1).await })
        })
        .await;
    set.map(|()| 1).map_err(ServiceError::from)
}

fn fault(path: &Path, problem: &str) -> EpochError {
    EpochError {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

fn read(path: &Path) -> Result<Option<Mark>, EpochError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(path, &error.to_string())),
    };
    let text = saved_text(&bytes).map_err(|why| fault(path, &format!("it {why}")))?;
    let mut numbers = text.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(Ok(epoch)), Some(Ok(newest)), None) => Ok(Some(Mark { epoch, newest })),
        _ => Err(fault(
            path,
            "it must contain two numbers: if you delete it, all support sessions are revoked at \
             the next start",
        )),
    }
}

/// Writes the file completely or not at all, and flushes it.
fn write(path: &Path, mark: Mark) -> std::io::Result<()> {
    let draft = path.with_extension("epoch.tmp");
    // Of an interrupted attempt.
    let _ = std::fs::remove_file(&draft);
    let mut file = std::fs::File::create_new(&draft)?;
    hand_to_owner_of_folder(&file, &draft)?;
    writeln!(file, "{} {}", mark.epoch, mark.newest)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn mark(epoch: i64, newest: i64) -> Mark {
        Mark { epoch, newest }
    }

    fn found(epoch: Option<i64>, newest: i64) -> Found {
        Found { epoch, newest }
    }

    #[test]
    fn a_store_behind_its_mark_was_restored() {
        for engine in [Engine::Sqlite, Engine::Postgres] {
            let restored = |kept, found| is_restored(kept, found, engine);
            assert!(
                restored(Some(mark(1, 50)), found(Some(1), 49)),
                "changes are lost"
            );
            assert!(
                restored(Some(mark(2, 50)), found(Some(1), 70)),
                "an older epoch"
            );
            assert!(
                restored(Some(mark(1, 50)), found(None, 0)),
                "older than epochs"
            );
            assert!(!restored(Some(mark(1, 50)), found(Some(1), 50)));
            assert!(
                !restored(Some(mark(1, 50)), found(Some(1), 90)),
                "others wrote"
            );
            assert!(
                !restored(Some(mark(1, 50)), found(Some(2), 3)),
                "another node has seen to it"
            );
            assert!(!restored(None, found(None, 7)), "the first start");
        }
    }

    #[test]
    fn a_lost_mark_counts_on_sqlite_where_no_node_is_new() {
        assert!(is_restored(None, found(Some(1), 7), Engine::Sqlite));
        assert!(!is_restored(None, found(Some(1), 7), Engine::Postgres));
    }

    #[test]
    fn a_mark_is_read_as_it_was_written_and_refused_when_it_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        assert_eq!(read(&path).unwrap(), None);
        for kept in [mark(1, 0), mark(3, 90_000)] {
            write(&path, kept).unwrap();
            assert_eq!(read(&path).unwrap(), Some(kept));
        }
        for damaged in ["", "1", "1 x", "1 2 3"] {
            std::fs::write(&path, damaged).unwrap();
            assert!(read(&path).unwrap_err().to_string().contains("delete it"));
        }
    }
}
