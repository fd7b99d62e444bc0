//! The gateway's record: what it asks of the store.
//!
//! A request's row and its audit event are one transaction that succeeds only while the support
//! session is active at that instant. How it ended is written by a task of its own, so that it is
//! written even if the client has gone.

mod orphans;
mod record;

use std::sync::Arc;

use app::domain::{
    audit::{Actor, ActorType, AuditCategory, AuditOutcome},
    caller::Origin,
    support_sessions::SupportSession,
};
use async_trait::async_trait;
use tokio::sync::{broadcast, mpsc};

use self::record::Later;
use super::Core;
use crate::gateway::ports::{
    Begun, Completion, Ended, Intent, KnownSession, RecordError, Recorder, RefusedRequest,
    Sessions, StoreUnavailable, TunnelNote,
};

pub use orphans::close_orphans;

/// The record in the store.
pub struct StoreRecorder {
    core: Core,
    /// This start of the server.
    boot: Arc<str>,
    later: mpsc::UnboundedSender<Later>,
    touched: broadcast::Sender<app::domain::SupportSessionId>,
}

impl StoreRecorder {
    /// Starts the task that writes completions. It ends once the recorder is dropped and every
    /// completion handed over is written: wait for the handle at shutdown.
    pub fn start(core: Core, boot: &str) -> (Arc<Self>, tokio::task::JoinHandle<()>) {
        let (later, queue) = mpsc::unbounded_channel();
        let (touched, _) = broadcast::channel(1024);
        let recorder = Arc::new(Self {
            core: core.clone(),
            boot: boot.into(),
            later,
            touched: touched.clone(),
        });
        (
            recorder,
            tokio::spawn(record::write_later(core, queue, touched)),
        )
    }

    /// Which support sessions' access logs have grown or changed in this process.
    pub fn touched(&self) -> broadcast::Sender<app::domain::SupportSessionId> {
        self.touched.clone()
    }
}

#[async_trait]
impl Sessions for StoreRecorder {
    async fn lookup(&self, token_hash: [u8; 32]) -> Result<Option<KnownSession>, StoreUnavailable> {
        let mut reader = self.core.store.read().await.map_err(|_| StoreUnavailable)?;
        let found = reader.db().find_support_session_by_token(token_hash).await;
        Ok(found
            .map_err(|_| StoreUnavailable)?
            .map(|session| known(session, token_hash)))
    }

    async fn rule_set(&self, hash: &str) -> Result<Option<String>, StoreUnavailable> {
        let mut reader = self.core.store.read().await.map_err(|_| StoreUnavailable)?;
        let found = reader.db().lookup_rule_set(hash).await;
        found.map_err(|_| StoreUnavailable)
    }
}

#[async_trait]
impl Recorder for StoreRecorder {
    async fn begin(&self, intent: Intent) -> Result<Begun, RecordError> {
        let session = intent.support_session_id;
        let begun = record::begin(&self.core, &self.boot, intent).await?;
        // Nobody may be listening.
        let _ = self.touched.send(session);
        Ok(begun)
    }

    async fn refuse(&self, refused: RefusedRequest) {
        let session = refused.request.support_session_id;
        match record::refuse(&self.core, &self.boot, refused).await {
            Ok(()) => drop(self.touched.send(session)),
            Err(error) => {
                tracing::error!(support_session.id = %session, error = %error, "a refusal can't be recorded");
            }
        }
    }

    fn note(&self, note: TunnelNote) {
        let _ = self.later.send(Later::Note(note));
    }

    fn complete(&self, completion: Completion) {
        // The queue lives as long as its task, which lives as long as this recorder.
        let _ = self.later.send(Later::Completion(completion));
    }
}

fn known(session: SupportSession, token_hash: [u8; 32]) -> KnownSession {
    KnownSession {
        id: session.id,
        token_hash,
        tenant_id: session.tenant_id,
        organization_id: session.organization_id,
        staff_id: session.staff_id,
        staff_name: session.staff_name,
        scopes: session.scopes,
        rule_set: session.rule_set,
        expires_at: session.expires_at,
        ended: session.revocation.map(|_| Ended::Revoked),
    }
}

/// What the audit events of requests have in common.
struct RequestEvent<'a> {
    intent: &'a Intent,
    action: &'static str,
    outcome: AuditOutcome,
    metadata: serde_json::Value,
}

impl RequestEvent<'_> {
    fn into_event(self, core: &Core) -> crate::store::audit::NewAuditEvent {
        let Intent {
            request_id,
            support_session_id,
            tenant_id,
            staff_id,
            staff_name,
            ip,
            user_agent,
            ..
        } = self.intent;
        crate::store::audit::NewAuditEvent {
            id: app::domain::AuditEventId::from_uuid(core.new_uuid()),
            tenant_id: Some(tenant_id.clone()),
            category: AuditCategory::SupportSession,
            action: self.action,
            actor: Actor {
                kind: ActorType::Staff,
                id: staff_id.to_string(),
                name: staff_name.clone(),
            },
            resource_type: "support_session",
            resource_id: support_session_id.to_string(),
            outcome: self.outcome,
            occurred_at: self.intent.at,
            recorded_at: core.now(),
            origin: Origin {
                ip: Some(ip.to_string()),
                user_agent: Some(user_agent.clone()),
                request_id: Some(request_id.to_string()),
            },
            metadata: self.metadata,
        }
    }
}
