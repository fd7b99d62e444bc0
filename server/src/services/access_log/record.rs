//! Beginning, refusing and completing a request's record.

use std::{sync::Arc, time::Duration};

use app::domain::{
    RequestId, SupportSessionId, Timestamp,
    access_log::{AccessLogEntry, RequestEnd, RequestOutcome},
    audit::{ActorType, AuditAction, AuditOutcome, RecordedResponse},
    caller::Origin,
    support_sessions::{SupportSession, SupportSessionStatus},
};
use futures::stream::{FuturesUnordered, StreamExt};
use gateway::ports::{
    Begun, Completion, Ended, Intent, PageShown, RecordError, RefusedRequest, TunnelNote,
};
use store::{
    ActError, Bookkeeping, Priority, StoreError,
    access_log::{NextSeq, WrittenBy},
    audit::NewAuditEvent,
};
use tokio::{
    sync::{broadcast, mpsc},
    time::Instant,
};

use super::request_event;
use crate::services::{Core, ServiceError, core::actor_of};

/// How long a refusal may wait to be recorded.
const REFUSAL: Duration = Duration::from_secs(30);
/// How many refusals an ended support session still records.
const REFUSALS_AFTER_END: u64 = 100;
/// How long a completion that the store did not accept waits before the next attempt.
const RETRY: Duration = Duration::from_millis(500);
/// How often a completion is tried. If all attempts fail, the next start closes its row as unknown.
const ATTEMPTS: u32 = 20;

pub(super) fn entry_of(intent: &Intent, seq: u64, outcome: RequestOutcome) -> AccessLogEntry {
    AccessLogEntry {
        request_id: intent.request_id,
        support_session_id: intent.support_session_id,
        seq,
        method: intent.method.clone(),
        path: intent.path.clone(),
        query: intent.query.clone(),
        status: None,
        outcome,
        refusal: None,
        ip: intent.ip.to_string(),
        user_agent: intent.user_agent.clone(),
        at: intent.at,
        duration_ms: None,
        request_bytes: None,
        response_bytes: None,
        scope: intent.scope.clone(),
        upgrade: None,
        profile: intent.profile,
        reported_at: None,
    }
}

/// Commits the record of a request, only if its session is active at that instant and not used up.
pub(super) async fn begin(
    core: &Core,
    by: &Arc<WrittenBy>,
    deadline: Instant,
    intent: Arc<Intent>,
) -> Result<Result<Begun, RecordError>, StoreError> {
    let session = intent.support_session_id;
    let given = (core.clone(), Arc::clone(by), intent);
    core.store
        .write_by(
            deadline.into_std(),
            Some(session),
            given,
            move |(core, by, intent), tx| {
                Box::pin(async move {
                    let now = core.now();
                    let seq = match tx
                        .next_seq_if_active(session, intent.token_hash, intent.free, now)
                        .await?
                    {
                        NextSeq::Given(seq) => seq,
                        NextSeq::UsedUp => return Ok(Err(RecordError::BudgetExhausted)),
                        NextSeq::Ended(found) => {
                            return Ok(Err(RecordError::SessionEnded(how_it_ended(found, now))));
                        }
                    };
                    let entry = entry_of(intent, seq, RequestOutcome::Open);
                    let action = AuditAction::SupportSessionRequest {
                        seq,
                        method: intent.method.clone(),
                        path: intent.path.clone(),
                        query: intent.query.clone(),
                        scope: intent.scope.clone(),
                        left_out: intent.left_out.clone(),
                    };
                    let event = request_event(core, intent, AuditOutcome::Success, action);
                    let _receipt = tx.add_access_log_entry(entry, by, event);
                    Ok(Ok(Begun { seq }))
                })
            },
        )
        .await
}

/// A token that has been replaced counts as revoked.
fn how_it_ended(session: Option<Box<SupportSession>>, now: Timestamp) -> Ended {
    if session.is_some_and(|session| session.status(now) == SupportSessionStatus::Expired) {
        Ended::Expired
    } else {
        Ended::Revoked
    }
}

/// The result of recording a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It has a row and an event.
    Row,
    /// Its session has ended and recorded enough of them.
    Nothing,
}

/// Records a refused request, unless its session has ended and has recorded enough of them.
pub(super) async fn refuse(
    core: &Core,
    by: &Arc<WrittenBy>,
    refused: RefusedRequest,
) -> Result<Kept, StoreError> {
    let session = refused.request.support_session_id;
    let given = (core.clone(), Arc::clone(by), Arc::new(refused));
    // Together with the records of requests, whose batch also locks the session. So any number of
    // refusals of one session waits there, and takes no connection from the look-ups of others.
    let deadline = std::time::Instant::now() + REFUSAL;
    core.store
        .write_by(
            deadline,
            Some(session),
            given,
            move |(core, by, refused), tx| {
                Box::pin(async move {
                    let intent = &refused.request;
                    if is_over_bound(tx, core, intent.support_session_id).await? {
                        return Ok(Kept::Nothing);
                    }
                    let Some(seq) = tx.next_seq_of_refused(intent.support_session_id).await? else {
                        return Ok(Kept::Nothing);
                    };
                    let mut entry = entry_of(intent, seq, RequestOutcome::Refused);
                    entry.status = Some(refused.status);
                    entry.refusal = Some(refused.refusal);
                    let action = AuditAction::SupportSessionRequestRefused {
                        seq,
                        method: intent.method.clone(),
                        path: intent.path.clone(),
                        query: intent.query.clone(),
                        status: refused.status,
                        refusal: refused.refusal,
                    };
                    let event = request_event(core, intent, AuditOutcome::Failure, action);
                    let _receipt = tx.add_access_log_entry(entry, by, event);
                    Ok::<_, StoreError>(Kept::Row)
                })
            },
        )
        .await
}

async fn is_over_bound(
    tx: &mut Bookkeeping<'_>,
    core: &Core,
    session: SupportSessionId,
) -> Result<bool, StoreError> {
    let Some(session) = tx.lookup_support_session(session).await? else {
        return Ok(true);
    };
    let ended_at = match &session.revocation {
        Some(revocation) => revocation.at,
        None if core.now() >= session.ends_at() => session.ends_at(),
        None => return Ok(false),
    };
    Ok(tx.count_refused_since(session.id, ended_at).await? >= REFUSALS_AFTER_END)
}

/// The writes that follow once a request was begun.
#[derive(Debug, Clone)]
pub(super) enum Later {
    Note(Arc<TunnelNote>),
    WithoutBanner(PageShown),
    Completion(Arc<Completion>),
}

impl Later {
    fn request(&self) -> (SupportSessionId, RequestId) {
        match self {
            Self::Note(note) => (note.support_session_id, note.request_id),
            Self::WithoutBanner(page) => (page.support_session_id, page.request_id),
            Self::Completion(completion) => (completion.support_session_id, completion.request_id),
        }
    }
}

/// How many of them are written at once.
const CONCURRENT: usize = 256;

/// Writes notes and completions until the recorder is dropped and none is left. They are written
/// together, so that they share a commit. One that the store did not accept lets others go first
/// until the next attempt.
pub(super) async fn write_later(
    core: Core,
    mut queue: mpsc::UnboundedReceiver<Later>,
    touched: broadcast::Sender<SupportSessionId>,
) {
    let (mut writes, mut resting) = (FuturesUnordered::new(), FuturesUnordered::new());
    loop {
        let is_room = writes.len() < CONCURRENT;
        tokio::select! {
            Some(later) = queue.recv(), if is_room => writes.push(write(&core, later, 0)),
            Some((later, failures)) = resting.next(), if is_room && !resting.is_empty() => {
                writes.push(write(&core, later, failures));
            }
            Some(written) = writes.next(), if !writes.is_empty() => match written {
                Written::Done(session) => drop(touched.send(session)),
                Written::NotYet(later, failures) => resting.push(async move {
                    tokio::time::sleep(RETRY).await;
                    (later, failures)
                }),
            },
            else => break,
        }
    }
}

/// The result of one attempt.
enum Written {
    Done(SupportSessionId),
    /// To try again, after this many failures.
    NotYet(Later, u32),
}

async fn write(core: &Core, later: Later, mut failures: u32) -> Written {
    let (session, request) = later.request();
    let written = match &later {
        // One that comes after its request's completion changes nothing. The next one makes up for a lost one.
        Later::Note(note) => write_note(core, Arc::clone(note)).await,
        Later::WithoutBanner(page) => write_page(core, page.request_id).await,
        Later::Completion(completion) => complete(core, Arc::clone(completion)).await,
    };
    match written {
        Ok(()) | Err(ServiceError::Store(StoreError::Broken | StoreError::Closed)) => {
            return Written::Done(session);
        }
        // No new request can begin meanwhile, so the queue does not grow.
        Err(error) if error.outage().is_some() || error.is_contention() => {}
        Err(error) => {
            failures += 1;
            tracing::warn!(request.id = %request, error = %error, "can't record yet what became of a request");
        }
    }
    match failures < ATTEMPTS && !matches!(later, Later::Note(_)) {
        true => Written::NotYet(later, failures),
        false => Written::Done(session),
    }
}

async fn write_note(core: &Core, note: Arc<TunnelNote>) -> Result<(), ServiceError> {
    core.store
        .write(Priority::Normal, note, move |note, tx| {
            Box::pin(async move {
                tx.note_upgrade(note.request_id, &note.tally).await?;
                Ok(())
            })
        })
        .await
}

async fn write_page(core: &Core, request: RequestId) -> Result<(), ServiceError> {
    core.store
        .write(Priority::Normal, request, move |request, tx| {
            Box::pin(async move { Ok(tx.note_page_without_banner(*request).await?) })
        })
        .await
}

async fn complete(core: &Core, completion: Arc<Completion>) -> Result<(), ServiceError> {
    let given = (core.clone(), completion);
    core.store
        .write(Priority::Resting, given, |(core, completion), tx| {
            Box::pin(async move {
                let end = RequestEnd {
                    status: completion.status,
                    outcome: completion.outcome,
                    refusal: completion.refusal,
                    duration_ms: u64::try_from(completion.duration.as_millis()).ok(),
                    request_bytes: Some(completion.request_bytes),
                    response_bytes: Some(completion.response_bytes),
                    upgrade: completion.tally.clone(),
                };
                let event = response_event(core, completion, end.clone());
                tx.complete_with_event(completion.request_id, end, event);
                Ok(())
            })
        })
        .await
}

fn response_event(core: &Core, completion: &Completion, end: RequestEnd) -> NewAuditEvent {
    let actor = actor_of(ActorType::System, "gateway", "Support Console gateway");
    let origin = Origin {
        request_id: Some(completion.request_id.to_string()),
        ..Origin::default()
    };
    let outcome = match end.outcome {
        RequestOutcome::Done => AuditOutcome::Success,
        _ => AuditOutcome::Failure,
    };
    let (tenant, session) = (Some(&completion.tenant_id), completion.support_session_id);
    let action = AuditAction::SupportSessionResponse(RecordedResponse::Relayed(end));
    NewAuditEvent {
        outcome,
        occurred_at: completion.at,
        ..core.event_by_place(actor, origin, tenant, session, action)
    }
}

#[cfg(test)]
mod tests;
