//! Copies of audit events that are about to be deleted.

use std::{
    io,
    path::{Path, PathBuf},
};

use app::domain::{
    Timestamp,
    audit::{AuditAction, AuditEvent},
    caller::Context,
};
use audit::verify::{Extent, KeptHead, verify_lines};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use store::{Audited, Priority, StoreError};
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncSeekExt, AsyncWriteExt, BufWriter},
};

use super::{Retention, RetentionError, old_events::OldEvents};

/// How many chains that don't verify its event names.
const NAMED: usize = 100;

/// A finished archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    pub path: PathBuf,
    /// The instant before which every event is in it.
    pub before: Timestamp,
    pub events: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The last event of each chain in it.
    pub heads: Vec<KeptHead>,
    /// The chains of which it has nothing, because they don't verify.
    pub unsound: Vec<Unsound>,
}

/// A chain of which nothing is archived or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsound {
    pub chain: String,
    /// The first fault in it.
    pub why: String,
}

/// An archive under way.
struct Draft {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
    events: u64,
}

impl Draft {
    async fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        Ok(Self {
            file: BufWriter::new(options.open(path).await?),
            hash: Sha256::new(),
            bytes: 0,
            events: 0,
        })
    }

    async fn add(&mut self, event: &AuditEvent) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.hash.update(&line);
        self.file.write_all(&line).await?;
        self.bytes += line.len() as u64;
        self.events += 1;
        Ok(())
    }

    /// Where it could go back to.
    fn mark(&self) -> (Sha256, u64, u64) {
        (self.hash.clone(), self.bytes, self.events)
    }

    /// Removes what was written after a mark.
    async fn go_back(&mut self, (hash, bytes, events): (Sha256, u64, u64)) -> io::Result<()> {
        self.file.flush().await?;
        self.file.get_ref().set_len(bytes).await?;
        self.file.seek(io::SeekFrom::Start(bytes)).await?;
        (self.hash, self.bytes, self.events) = (hash, bytes, events);
        Ok(())
    }

    /// Its events and its hash, once it is on the disk.
    async fn finish(mut self) -> io::Result<(u64, String)> {
        self.file.flush().await?;
        self.file.into_inner().sync_all().await?;
        Ok((self.events, hex::encode(self.hash.finalize())))
    }
}

impl Retention {
    /// Writes every event that was recorded before an instant to a file of JSON Lines in a folder,
    /// and verifies it. Without an instant: the events that will be deleted next. It has nothing of a
    /// chain that doesn't verify.
    ///
    /// # Errors
    ///
    /// If the caller may not do it, there is nothing to archive, the file can't be written, or no old
    /// event belongs to a chain that verifies.
    pub async fn archive(
        &self,
        context: &Context,
        folder: &Path,
        before: Option<Timestamp>,
    ) -> Result<Archived, RetentionError> {
        self.authorise(context)?;
        let now = self.core.clock.confirmed();
        let due = self.cutoff(self.core.config.retention.audit_days).await?;
        let before = before.or(due).ok_or_else(|| {
            RetentionError::Unusable(
                "retention.audit_days is 0, so nothing is deleted: give --before".into(),
            )
        })?;
        if before > now - TimeDelta::days(1) {
            let why = "--before must be at least a day ago";
            return Err(RetentionError::Unusable(why.into()));
        }
        let name = format!("audit-before-{}.jsonl", before.format("%Y-%m-%dT%H%M%SZ"));
        let path = folder.join(name);
        let draft = path.with_extension(format!("{}.part", std::process::id()));
        let archived = self.write(&draft, before).await.map(|written| Archived {
            path: path.clone(),
            before,
            ..written
        });
        let archived = match archived {
            Ok(archived) => check(&draft, &archived).await.map(|()| archived),
            Err(error) => Err(error),
        };
        let placed = match &archived {
            // Links, so that an earlier archive is never overwritten.
            Ok(_) => tokio::fs::hard_link(&draft, &path).await,
            Err(_) => Ok(()),
        };
        let _ = tokio::fs::remove_file(&draft).await;
        let placed = placed.and_then(|()| std::fs::File::open(folder)?.sync_all());
        placed.map_err(|source| RetentionError::Archive { path, source })?;
        let archived = archived?;
        self.note(context, &archived).await?;
        Ok(archived)
    }

    /// Writes what is old of every chain that verifies. A chain that doesn't verify keeps no other.
    async fn write(&self, path: &Path, before: Timestamp) -> Result<Archived, RetentionError> {
        let failed = |source| RetentionError::Archive {
            path: path.to_owned(),
            source,
        };
        let mut draft = Draft::create(path).await.map_err(failed)?;
        let (mut heads, mut unsound) = (Vec::new(), Vec::new());
        let store = &self.core.store;
        for chain in store.read().await?.db().list_audit_chains().await? {
            let mark = draft.mark();
            match self.write_chain(&mut draft, path, &chain, before).await {
                Ok(head) => heads.extend(head),
                Err(error) if error.is_about_chain() => {
                    draft.go_back(mark).await.map_err(failed)?;
                    tracing::error!(chain, %error, "can't archive old audit events");
                    let why = match error {
                        RetentionError::Unsound(fault) => fault,
                        other => other.to_string(),
                    };
                    unsound.push(Unsound { chain, why });
                }
                Err(error) => return Err(error),
            }
        }
        let (events, sha256) = draft.finish().await.map_err(failed)?;
        match unsound.first() {
            Some(first) if events == 0 => Err(RetentionError::Unsound(first.why.clone())),
            _ => Ok(Archived {
                path: path.to_owned(),
                before,
                events,
                sha256,
                heads,
                unsound,
            }),
        }
    }

    async fn write_chain(
        &self,
        draft: &mut Draft,
        path: &Path,
        chain: &str,
        before: Timestamp,
    ) -> Result<Option<KeptHead>, RetentionError> {
        let (store, data_dir) = (&self.core.store, &self.core.config.data_dir);
        let mut old = OldEvents::of(store, data_dir, chain, before, u64::MAX).await?;
        loop {
            let page = old.next_page(store).await?;
            if page.is_empty() {
                return Ok(old.into_end());
            }
            for event in &page {
                let added = draft.add(event).await;
                added.map_err(|source| RetentionError::Archive {
                    path: path.to_owned(),
                    source,
                })?;
            }
        }
    }

    async fn note(&self, context: &Context, archived: &Archived) -> Result<(), RetentionError> {
        for heads in archived.heads.chunks(500) {
            let note = self
                .core
                .store
                .write(Priority::Normal, heads.to_vec(), |heads, tx| {
                    Box::pin(async move {
                        for head in heads {
                            tx.set_archived(&head.chain, head.seq).await?;
                        }
                        Ok::<_, StoreError>(())
                    })
                });
            note.await?;
        }
        let note = self
            .core
            .act(context, archived.clone(), |archived, mut act| {
                Box::pin(async move {
                    let action = AuditAction::AuditArchived {
                        before: archived.before,
                        events: archived.events,
                        sha256: archived.sha256.clone(),
                        unsound: named(&archived.unsound),
                    };
                    let receipt = act.record(None, "all", action);
                    Ok(Audited::new((), receipt))
                })
            });
        Ok(note.await?)
    }
}

/// The first chains by name, since an event has a bounded size.
fn named(unsound: &[Unsound]) -> Vec<String> {
    let chains = unsound.iter().map(|unsound| unsound.chain.clone());
    chains.take(NAMED).collect()
}

/// Reads an archive back.
async fn check(path: &Path, archived: &Archived) -> Result<(), RetentionError> {
    let failed = |source| RetentionError::Archive {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).await.map_err(failed)?.into_std().await;
    let verified = tokio::task::spawn_blocking(move || {
        verify_lines(io::BufReader::new(file), Extent::Stretches, [])
    });
    let report = verified
        .await
        .map_err(|error| failed(io::Error::other(error)))?
        .map_err(failed)?;
    if report.is_sound() && report.events == archived.events {
        return Ok(());
    }
    let why = format!("The archive does not verify, so nothing was archived.\n{report}");
    Err(RetentionError::Unusable(why))
}
