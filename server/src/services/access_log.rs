//! The gateway's record in the store.
//!
//! A request's row and its audit event are one transaction, which only succeeds while the support
//! session is active at that instant. The end of a request is written by another task, even if the
//! client has gone.

mod known;
mod orphans;
mod probe;
mod record;
mod reports;
mod sample;
#[cfg(test)]
mod tests;

use std::{pin::pin, sync::Arc, time::Duration};

use app::domain::{
    SupportSessionId,
    access_log::{Refusal, RequestOutcome},
    audit::{ActorType, AuditAction, AuditOutcome},
    caller::Origin,
    record::OutageCause,
    support_sessions::SupportSession,
};
use async_trait::async_trait;
use gateway::{
    config::DEFAULT_RECORD_TIMEOUT_MS,
    ports::{
        Begun, Completion, Ended, Intent, KnownLimits, KnownSession, PageShown, RecordError,
        Recorder, RefusedRequest, Sessions, StoreUnavailable, TunnelNote,
    },
};
use store::{Lane, Outage, StoreError, access_log::WrittenBy, audit::NewAuditEvent};
use tokio::{
    sync::{broadcast, mpsc},
    time::Instant,
};

use self::{known::Known, record::Later, sample::Sampler};
use super::{Core, core::actor_of};

pub use self::{
    orphans::close_orphans,
    probe::probe_record,
    reports::{AccessLogReports, ReadReport, close_unreported},
};

/// The most sampled refusals that wait to be recorded. Further ones are only counted.
const MAX_SAMPLED_WAITING: usize = 256;
/// The delays for looking up a record whose commit is uncertain: PostgreSQL may finish a commit
/// after its connection is lost.
const SETTLE_AFTER: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
];

/// The record in the store.
pub struct StoreRecorder {
    core: Core,
    /// This start of the server on this machine.
    by: Arc<WrittenBy>,
    /// How long a record may take.
    patience: Duration,
    known: Known,
    later: mpsc::UnboundedSender<Later>,
    sampled: mpsc::Sender<RefusedRequest>,
    sampler: Arc<Sampler>,
    touched: broadcast::Sender<SupportSessionId>,
}

impl StoreRecorder {
    /// Starts the task that writes completions. It ends once the recorder is dropped and every
    /// completion handed over is written: wait for the handle at shutdown.
    pub fn start(core: Core, by: WrittenBy) -> (Arc<Self>, tokio::task::JoinHandle<()>) {
        let core = core.within(Lane::Gateway);
        let (later, queue) = mpsc::unbounded_channel();
        let (sampled, refused) = mpsc::channel(MAX_SAMPLED_WAITING);
        let (touched, _) = broadcast::channel(1024);
        let gateway = core.config.gateway.as_ref();
        let patience = gateway.map_or(DEFAULT_RECORD_TIMEOUT_MS, |g| g.record_timeout_ms);
        let recorder = Arc::new(Self {
            by: Arc::new(by),
            patience: Duration::from_millis(patience),
            known: Known::new(&core.store),
            later,
            sampled,
            sampler: Arc::default(),
            touched: touched.clone(),
            core,
        });
        let sampling = sample::record_sampled(
            recorder.core.clone(),
            Arc::clone(&recorder.by),
            Arc::clone(&recorder.sampler),
            refused,
            touched.clone(),
        );
        let writing = record::write_later(recorder.core.clone(), queue, touched);
        let tasks = async move {
            tokio::join!(sampling, writing);
        };
        (recorder, tokio::spawn(tasks))
    }

    /// Which support sessions' access logs have grown or changed in this process.
    pub fn touched(&self) -> broadcast::Sender<SupportSessionId> {
        self.touched.clone()
    }

    /// Completes a record as refused if it turns out to exist. Its request was refused and is never
    /// forwarded.
    fn settle(&self, intent: &Intent) {
        let completion = Arc::new(Completion {
            request_id: intent.request_id,
            support_session_id: intent.support_session_id,
            tenant_id: intent.tenant_id.clone(),
            at: self.core.now(),
            status: Some(Refusal::RecordUnavailable.status()),
            outcome: RequestOutcome::Refused,
            refusal: Some(Refusal::RecordUnavailable),
            duration: Duration::ZERO,
            request_bytes: 0,
            response_bytes: 0,
            tally: None,
        });
        // A shutdown doesn't wait for this: the next start closes open rows as unknown.
        let later = self.later.downgrade();
        tokio::spawn(async move {
            for wait in SETTLE_AFTER {
                tokio::time::sleep(wait).await;
                let Some(later) = later.upgrade() else {
                    return;
                };
                let _ = later.send(Later::Completion(Arc::clone(&completion)));
            }
        });
    }
}

#[async_trait]
impl Sessions for StoreRecorder {
    async fn lookup(&self, token_hash: [u8; 32]) -> Result<Option<KnownSession>, StoreUnavailable> {
        let broken = |outage: Outage| outage.cause == OutageCause::Broken;
        if self.core.store.outage().is_some_and(broken) {
            return Err(StoreUnavailable);
        }
        let now = self.core.clock.since_boot();
        let looked_up = match self.known.find(&token_hash, now) {
            Ok(session) => return Ok(Some(session)),
            Err(looked_up) => looked_up,
        };
        let mut reader = self.core.store.read().await.map_err(|_| StoreUnavailable)?;
        let found = reader.db().find_support_session_by_token(token_hash).await;
        let found = found.map_err(|_| StoreUnavailable)?;
        let found = found.map(|session| known(session, token_hash));
        if let Some(session) = &found {
            self.known.keep(looked_up, &self.core.store, session);
        }
        Ok(found)
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
        let intent = Arc::new(intent);
        let deadline = Instant::now() + self.patience;
        let begin = record::begin(&self.core, &self.by, deadline, Arc::clone(&intent));
        let mut begin = pin!(begin);
        let begun = match tokio::time::timeout_at(deadline, &mut begin).await {
            Ok(begun) => begun,
            Err(_) => {
                self.core.store.note_slow();
                begin.await
            }
        };
        match begun {
            Ok(Ok(begun)) => {
                // There may be no receiver.
                let _ = self.touched.send(intent.support_session_id);
                Ok(begun)
            }
            Ok(Err(refused)) => Err(refused),
            Err(error) => {
                tracing::debug!(request.id = %intent.request_id, error = %error, "can't record a request");
                if matches!(error, StoreError::Overloaded) {
                    self.core.store.note_slow();
                }
                if !error.is_certain() {
                    self.settle(&intent);
                }
                Err(RecordError::Unavailable)
            }
        }
    }

    async fn refuse(&self, refused: RefusedRequest) {
        if refused.refusal.is_sampled() {
            let admitted = self.sampler.admits(&refused);
            if !admitted || self.sampled.try_send(refused).is_err() {
                sample::count_unrecorded();
            }
            return;
        }
        let session = refused.request.support_session_id;
        match record::refuse(&self.core, &self.by, refused).await {
            Ok(_) => drop(self.touched.send(session)),
            Err(error) => {
                tracing::error!(support_session.id = %session, error = %error, "can't record a refusal");
            }
        }
    }

    fn note(&self, note: TunnelNote) {
        let _ = self.later.send(Later::Note(Arc::new(note)));
    }

    fn without_banner(&self, page: PageShown) {
        let _ = self.later.send(Later::WithoutBanner(page));
    }

    fn complete(&self, completion: Completion) {
        // The queue lives as long as its task, which lives as long as this recorder.
        let _ = self.later.send(Later::Completion(Arc::new(completion)));
    }
}

pub(super) fn known(session: SupportSession, token_hash: [u8; 32]) -> KnownSession {
    let limits = KnownLimits {
        requests_per_minute: session.limits.requests_per_minute,
        only_from: session.limits.creator_ip_only.then_some(session.ip),
        idle_ends_at: session.limits.idle_ends_at,
    };
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
        limits,
    }
}

/// The audit event of a request.
fn request_event(
    core: &Core,
    intent: &Intent,
    outcome: AuditOutcome,
    action: AuditAction,
) -> NewAuditEvent {
    let actor = actor_of(ActorType::Staff, intent.staff_id, &intent.staff_name);
    let origin = Origin {
        ip: Some(intent.ip.to_string()),
        user_agent: Some(intent.user_agent.clone()),
        request_id: Some(intent.request_id.to_string()),
        zone: None,
    };
    let (tenant, session) = (Some(&intent.tenant_id), intent.support_session_id);
    NewAuditEvent {
        outcome,
        occurred_at: intent.at,
        ..core.event_by_place(actor, origin, tenant, session, action)
    }
}
