//! The record of support sessions: access logs, the sessions themselves, and the audit log.

use std::time::Instant;

use app::domain::{
    SupportSessionId, TenantId, Timestamp,
    audit::{AuditAction, SessionHolder},
    caller::Context,
    support_sessions::SupportSession,
};
use audit::{checkpoint::Checkpoint, verify::KeptHead};
use ed25519_dalek::SigningKey;
use store::{
    Audited, Priority, StoreError,
    audit::{UnusedDeeds, tenant_of_chain},
};
use uuid::Uuid;

use super::{Retention, RetentionError, old_events::OldEvents};
use crate::keys;

/// How much was deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PrunedRecord {
    pub support_sessions: u64,
    /// Entries of access logs.
    pub requests: u64,
    pub audit_events: u64,
    pub rule_sets: u64,
}

impl Retention {
    /// The instants before which support sessions and audit events are deleted now; `None` for
    /// never.
    ///
    /// # Errors
    ///
    /// If the caller may not know it, or the store can't be read.
    pub async fn cutoffs(
        &self,
        context: &Context,
    ) -> Result<[Option<Timestamp>; 2], RetentionError> {
        self.authorise(context)?;
        let kept = self.core.config.retention;
        Ok([
            self.cutoff(kept.access_log_days).await?,
            self.cutoff(kept.audit_days).await?,
        ])
    }

    /// Deletes support sessions with their access logs, and audit events, that are older than the
    /// configuration allows. The rest of each chain begins after a signed checkpoint.
    ///
    /// # Errors
    ///
    /// If the caller may not do it, the store can't be written, or checkpoints can't be signed.
    pub async fn prune_record(&self, context: &Context) -> Result<PrunedRecord, RetentionError> {
        self.authorise(context)?;
        let (mut pruned, mut failed) = (PrunedRecord::default(), None);
        let kept = self.core.config.retention;
        let requests_kept = self.cutoff(kept.access_log_days).await?;
        if let Some(before) = requests_kept {
            // What can't be deleted keeps nothing else.
            let sessions = self.prune_support_sessions(context, before, &mut pruned);
            failed = sessions.await.err();
            match self.prune_rule_sets(before).await {
                Ok(some) => pruned.rule_sets = some,
                Err(error) => failed = Some(error),
            }
        }
        if let Some(before) = self.cutoff(kept.audit_days).await? {
            let audit = self.prune_audit(context, before, &mut pruned.audit_events);
            failed = audit.await.err().or(failed);
            self.prune_deeds(before, requests_kept).await?;
        }
        failed.map_or(Ok(pruned), Err)
    }

    /// Deletes the deeds of events that no longer exist.
    async fn prune_deeds(
        &self,
        events_kept: Timestamp,
        requests_kept: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let (store, now) = (&self.core.store, self.core.clock.confirmed());
        let mut unused = UnusedDeeds::find(store, now, events_kept, requests_kept).await?;
        loop {
            let (begin, page) = (Instant::now(), unused.next_page().await?);
            if page.0.is_empty() {
                return Ok(());
            }
            let delete = store.write(Priority::Normal, page, |(deeds, before), tx| {
                Box::pin(tx.prune_audit_deeds(deeds, *before))
            });
            delete.await?;
            tokio::time::sleep(begin.elapsed() * 4).await;
        }
    }

    async fn prune_support_sessions(
        &self,
        context: &Context,
        before: Timestamp,
        pruned: &mut PrunedRecord,
    ) -> Result<(), RetentionError> {
        let up_to = first_id_at(before);
        let (mut after, mut failed) = (SupportSessionId::from_uuid(Uuid::nil()), None);
        loop {
            let mut reader = self.core.store.read().await?;
            let sessions = reader
                .db()
                .list_support_sessions_to_prune(after, up_to, before)
                .await?;
            drop(reader);
            let Some((last, _)) = sessions.last() else {
                return failed.map_or(Ok(()), Err);
            };
            after = *last;
            for (id, tenant) in sessions {
                // One session that can't be deleted keeps no other.
                if let Err(error) = self.prune_session(context, id, tenant, pruned).await {
                    tracing::error!(support_session.id = %id, %error, "can't delete an old support session");
                    failed = Some(error);
                }
            }
        }
    }

    async fn prune_session(
        &self,
        context: &Context,
        id: SupportSessionId,
        tenant: TenantId,
        pruned: &mut PrunedRecord,
    ) -> Result<(), RetentionError> {
        pruned.requests += self
            .in_pieces((id, tenant), |tx, (id, tenant)| {
                Box::pin(async move {
                    tx.lock_tenant(tenant).await?;
                    tx.prune_access_log(*id).await
                })
            })
            .await?;
        let mut reader = self.core.store.read().await?;
        let found = reader.db().lookup_support_session(id).await?;
        drop(reader);
        if let Some(session) = found {
            pruned.support_sessions += u64::from(self.delete(context, session).await?);
        }
        Ok(())
    }

    /// Deletes a support session whose access log has been deleted. Returns whether it did.
    async fn delete(
        &self,
        context: &Context,
        session: SupportSession,
    ) -> Result<bool, RetentionError> {
        let delete = self.core.act(context, session, |session, mut act| {
            Box::pin(async move {
                let tenant = &session.tenant_id;
                act.tx.lock_tenant(tenant).await?;
                if act.tx.lookup_legal_hold(tenant).await?.is_some() {
                    return Ok(Audited::unchanged(false));
                }
                act.tx.prune_receipts(session.id).await?;
                act.tx.prune_pages_without_banner(session.id).await?;
                if !act.tx.delete_support_session(session.id).await? {
                    return Ok(Audited::unchanged(false));
                }
                let action = AuditAction::SupportSessionDeleted {
                    created_at: session.issued_at,
                    requests: session.requests_forwarded + session.requests_refused,
                    holder: SessionHolder::from(session),
                };
                let receipt = act.record(Some(tenant), session.id, action);
                Ok(Audited::new(true, receipt))
            })
        });
        Ok(delete.await?)
    }

    /// Deletes the gateway's rules under which no support session is kept.
    async fn prune_rule_sets(&self, before: Timestamp) -> Result<u64, RetentionError> {
        let mut reader = self.core.store.read().await?;
        let unused = reader.db().list_unused_rule_sets(before).await?;
        drop(reader);
        let mut pruned = 0;
        for hash in unused {
            let delete = self.core.store.write(Priority::Normal, hash, |hash, tx| {
                Box::pin(tx.prune_rule_set(hash))
            });
            pruned += delete.await?;
        }
        Ok(pruned)
    }

    async fn prune_audit(
        &self,
        context: &Context,
        before: Timestamp,
        pruned: &mut u64,
    ) -> Result<(), RetentionError> {
        let (mut after, mut failed) = (String::new(), None);
        let key = self.checkpoint_key()?;
        loop {
            let mut reader = self.core.store.read().await?;
            let chains = reader.db().list_audit_chains_after(&after).await?;
            drop(reader);
            let Some(last) = chains.last() else {
                return failed.map_or(Ok(()), Err);
            };
            after.clone_from(last);
            for chain in chains {
                // One chain that can't be deleted keeps no other.
                match self.prune_chain(context, chain.clone(), before, &key).await {
                    Ok(some) => *pruned += some,
                    Err(error) => {
                        tracing::error!(chain, %error, "can't delete old audit events");
                        failed = Some(error);
                    }
                }
            }
        }
    }

    async fn prune_chain(
        &self,
        context: &Context,
        chain: String,
        before: Timestamp,
        key: &SigningKey,
    ) -> Result<u64, RetentionError> {
        let tenant = tenant_of_chain(&chain);
        let mut reader = self.core.store.read().await?;
        let is_held = match &tenant {
            Some(tenant) => reader.db().lookup_legal_hold(tenant).await?.is_some(),
            None => false,
        };
        let archived = reader.db().lookup_archived(&chain).await?;
        drop(reader);
        if is_held {
            return Ok(0);
        }
        let up_to = match self.core.config.retention.archive_first {
            true => archived.unwrap_or_default(),
            false => u64::MAX,
        };
        let (store, data_dir) = (&self.core.store, &self.core.config.data_dir);
        let mut old = OldEvents::of(store, data_dir, &chain, before, up_to).await?;
        while !old.next_page(store).await?.is_empty() {}
        let Some(end) = old.into_end() else {
            return Ok(0);
        };
        self.set_checkpoint(context, end, before, key).await?;
        let pruned = self.in_pieces((chain, tenant), |tx, (chain, tenant)| {
            Box::pin(async move {
                if let Some(tenant) = tenant {
                    tx.lock_tenant(tenant).await?;
                }
                let tenant = tenant.as_ref().map_or("", |id| id.as_str());
                tx.prune_audit_events(chain, tenant).await
            })
        });
        Ok(pruned.await?)
    }

    /// Lets a chain begin after `end`, unless its tenant is under legal hold.
    async fn set_checkpoint(
        &self,
        context: &Context,
        end: KeptHead,
        before: Timestamp,
        key: &SigningKey,
    ) -> Result<(), RetentionError> {
        let checkpoint = Checkpoint::sign(end, self.core.now(), key)?;
        let given = (checkpoint, before);
        let set = self
            .core
            .act(context, given, |(checkpoint, before), mut act| {
                Box::pin(async move {
                    let tenant = tenant_of_chain(&checkpoint.chain);
                    if let Some(tenant) = &tenant {
                        act.tx.lock_tenant(tenant).await?;
                    }
                    let held = tenant.as_ref().map_or("", |id| id.as_str());
                    if !act.tx.set_checkpoint(checkpoint, held).await? {
                        return Ok(Audited::unchanged(()));
                    }
                    let action = AuditAction::AuditPruned {
                        before: *before,
                        last_seq: checkpoint.seq,
                        last_hash: checkpoint.hash.clone(),
                    };
                    let receipt = act.record(tenant.as_ref(), &checkpoint.chain, action);
                    Ok(Audited::new((), receipt))
                })
            });
        Ok(set.await?)
    }

    /// The key that signs checkpoints.
    pub(super) fn checkpoint_key(&self) -> Result<SigningKey, RetentionError> {
        let (core, engine) = (&self.core, self.core.store.engine());
        let key = keys::checkpoint_key(&core.config.data_dir, engine, &*core.entropy);
        Ok(key?)
    }
}

/// The least ID that could have been made at an instant (RFC 9562 §5.7).
fn first_id_at(at: Timestamp) -> SupportSessionId {
    let millis = u128::try_from(at.timestamp_millis()).unwrap_or_default();
    SupportSessionId::from_uuid(Uuid::from_u128(millis << 80))
}
