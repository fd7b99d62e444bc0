//! The record of support sessions: access logs, the sessions themselves, and the audit log.

use app::domain::{
    SupportSessionId, Timestamp,
    audit::{AuditAction, SessionHolder},
    caller::Context,
    support_sessions::SupportSession,
};
use audit::checkpoint::Checkpoint;
use ed25519_dalek::SigningKey;
use store::{Audited, Priority, audit::tenant_of_chain};
use uuid::Uuid;

use super::{Retention, RetentionError};
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
    /// Deletes support sessions with their access logs, and audit events, that are older than the
    /// configuration says. What is left of each chain of audit events begins after a signed checkpoint.
    ///
    /// # Errors
    ///
    /// If the caller may not do it, the store can't be written, or checkpoints can't be signed.
    pub async fn prune_record(&self, context: &Context) -> Result<PrunedRecord, RetentionError> {
        self.authorise(context)?;
        let mut pruned = PrunedRecord::default();
        let kept = self.core.config.retention;
        if let Some(before) = self.cutoff(kept.access_log_days) {
            self.prune_support_sessions(context, before, &mut pruned)
                .await?;
            pruned.rule_sets = self.prune_rule_sets(before).await?;
        }
        if let Some(before) = self.audit_cutoff().await? {
            pruned.audit_events = self.prune_audit(context, before).await?;
        }
        Ok(pruned)
    }

    /// Before which instant audit events are deleted, if any are.
    async fn audit_cutoff(&self) -> Result<Option<Timestamp>, RetentionError> {
        let kept = self.core.config.retention;
        let Some(before) = self.cutoff(kept.audit_days) else {
            return Ok(None);
        };
        if !kept.archive_first {
            return Ok(Some(before));
        }
        let mut reader = self.core.store.read().await?;
        let archived = reader.db().lookup_archived_before().await?;
        Ok(archived.map(|archived| before.min(archived)))
    }

    async fn prune_support_sessions(
        &self,
        context: &Context,
        before: Timestamp,
        pruned: &mut PrunedRecord,
    ) -> Result<(), RetentionError> {
        let up_to = first_id_at(before);
        let mut after = SupportSessionId::from_uuid(Uuid::nil());
        loop {
            let mut reader = self.core.store.read().await?;
            let sessions = reader
                .db()
                .list_support_sessions_to_prune(after, up_to, before)
                .await?;
            drop(reader);
            let Some(last) = sessions.last() else {
                return Ok(());
            };
            after = last.id;
            for session in sessions {
                let id = session.id;
                pruned.requests += self
                    .in_pieces(id, |tx, id| Box::pin(tx.prune_access_log(*id)))
                    .await?;
                pruned.support_sessions += u64::from(self.delete(context, session).await?);
            }
        }
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
                if act.tx.lookup_legal_hold(tenant).await?.is_some() {
                    return Ok(Audited::unchanged(false));
                }
                act.tx.prune_receipts(session.id).await?;
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
    ) -> Result<u64, RetentionError> {
        let (mut pruned, mut after, mut key) = (0, String::new(), None);
        loop {
            let mut reader = self.core.store.read().await?;
            let chains = reader.db().list_audit_chains_after(&after).await?;
            drop(reader);
            let Some(last) = chains.last() else {
                return Ok(pruned);
            };
            after.clone_from(last);
            for chain in chains {
                pruned += self.prune_chain(context, chain, before, &mut key).await?;
            }
        }
    }

    async fn prune_chain(
        &self,
        context: &Context,
        chain: String,
        before: Timestamp,
        key: &mut Option<SigningKey>,
    ) -> Result<u64, RetentionError> {
        let mut reader = self.core.store.read().await?;
        let end = reader.db().last_audit_event_before(&chain, before).await?;
        drop(reader);
        let Some(end) = end else {
            return Ok(0);
        };
        let key = match key {
            Some(key) => key,
            none => none.insert(self.checkpoint_key()?),
        };
        let checkpoint = Checkpoint::sign(end, self.core.now(), key)?;
        let given = (checkpoint, before);
        let set = self
            .core
            .act(context, given, |(checkpoint, before), mut act| {
                Box::pin(async move {
                    let tenant = tenant_of_chain(&checkpoint.chain);
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
        set.await?;
        let tenant = tenant_of_chain(&chain).map_or_else(String::new, |id| id.to_string());
        let given = (chain, tenant);
        let pruned = self.in_pieces(given, |tx, (chain, tenant)| {
            Box::pin(tx.prune_audit_events(chain, tenant))
        });
        Ok(pruned.await?)
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
