//! Copies of audit events that are about to be deleted.

use std::path::{Path, PathBuf};

use app::domain::{Timestamp, audit::AuditAction, caller::Context};
use audit::verify::{Extent, KeptHead, verify_lines};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use store::{Audited, Priority, StoreError};
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncWriteExt, BufWriter},
};

use super::{Retention, RetentionError, old_events::OldEvents};

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
}

impl Retention {
    /// Writes every event that was recorded before an instant to a file of JSON Lines in a folder,
    /// and verifies it. Without an instant: the events that will be deleted next.
    ///
    /// # Errors
    ///
    /// If the caller may not do it, there is nothing to archive, the file can't be written, or what is
    /// in it does not verify.
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

    async fn write(&self, path: &Path, before: Timestamp) -> Result<Archived, RetentionError> {
        let failed = |source| RetentionError::Archive {
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .await
            .map_err(failed)?;
        let (mut file, mut hash) = (BufWriter::new(file), Sha256::new());
        let (mut events, mut heads) = (0, Vec::new());
        let (store, data_dir) = (&self.core.store, &self.core.config.data_dir);
        for chain in store.read().await?.db().list_audit_chains().await? {
            let mut old = OldEvents::of(store, data_dir, &chain, before, u64::MAX).await?;
            loop {
                let page = old.next_page(store).await?;
                if page.is_empty() {
                    break;
                }
                for event in &page {
                    let line = serde_json::to_vec(event);
                    let mut line = line.map_err(|error| failed(error.into()))?;
                    line.push(b'\n');
                    hash.update(&line);
                    file.write_all(&line).await.map_err(failed)?;
                    events += 1;
                }
            }
            heads.extend(old.into_end());
        }
        file.flush().await.map_err(failed)?;
        file.into_inner().sync_all().await.map_err(failed)?;
        Ok(Archived {
            path: path.to_owned(),
            before,
            events,
            sha256: hex::encode(hash.finalize()),
            heads,
        })
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
                    };
                    let receipt = act.record(None, "all", action);
                    Ok(Audited::new((), receipt))
                })
            });
        Ok(note.await?)
    }
}

/// Reads an archive back.
async fn check(path: &Path, archived: &Archived) -> Result<(), RetentionError> {
    let failed = |source| RetentionError::Archive {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).await.map_err(failed)?.into_std().await;
    let verified = tokio::task::spawn_blocking(move || {
        verify_lines(std::io::BufReader::new(file), Extent::Stretches, [])
    });
    let report = verified
        .await
        .map_err(|error| failed(std::io::Error::other(error)))?
        .map_err(failed)?;
    if report.is_sound() && report.events == archived.events {
        return Ok(());
    }
    let why = format!("The archive does not verify, so nothing was archived.\n{report}");
    Err(RetentionError::Unusable(why))
}
