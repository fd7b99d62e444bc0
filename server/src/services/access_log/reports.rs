//! The end of requests that a proxy forwarded, as its access log reports it, or unknown if it never
//! does.

use app::domain::{
    access_log::{CompletionReport, ForwardAuthProfile, ReportedEnd, RequestOutcome},
    audit::{AuditAction, AuditOutcome, RecordedResponse},
    caller::Context,
    policy::Act,
    telemetry::RejectedRecord,
};
use chrono::TimeDelta;
use futures::{StreamExt, stream};
use store::{Bookkeeping, Priority};

use super::orphans;
use crate::services::{Core, ServiceError};

/// How long after the end of a support session its proxy may still report.
const TELL_WITHIN: TimeDelta = TimeDelta::minutes(15);
/// How many reports are written at a time, so that they share commits.
const CONCURRENT: usize = 64;
/// The status that nginx and others log for a client that left before the response was complete.
const CLIENT_GONE: u16 = 499;

/// One report as it was read, or why it could not be.
pub type ReadReport = Result<ReportedEnd, RejectedRecord>;

/// Completes open rows from the reports of proxies. Cheap to clone.
#[derive(Clone)]
pub struct AccessLogReports {
    core: Core,
}

impl AccessLogReports {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// Completes the open rows that the configured proxy forwarded, each once. A report about any
    /// other row changes nothing, and gets the same answer as one about an unknown row.
    ///
    /// # Errors
    ///
    /// If the caller may not report, or the store does not answer.
    pub async fn complete(
        &self,
        context: &Context,
        reports: Vec<ReadReport>,
    ) -> Result<CompletionReport, ServiceError> {
        self.core.authorise(context, Act::CompleteAccessLog)?;
        let mut told = CompletionReport::default();
        let mut good = Vec::with_capacity(reports.len());
        for (index, report) in reports.into_iter().enumerate() {
            match report.and_then(|end| checked(index, end)) {
                Ok(end) => good.push((index, end)),
                Err(rejected) => told.rejected.push(rejected),
            }
        }
        // One that must be tried again delays no others.
        let writes = stream::iter(good)
            .map(async |(index, end)| (index, self.complete_one(context, end).await));
        let written: Vec<_> = writes.buffer_unordered(CONCURRENT).collect().await;
        for (index, written) in written {
            if written? {
                told.completed += 1;
            } else {
                told.rejected.push(RejectedRecord {
                    index,
                    field: Some("request_id".to_owned()),
                    message: "doesn't match an open request of this proxy".to_owned(),
                });
            }
        }
        told.rejected.sort_by_key(|rejected| rejected.index);
        Ok(told)
    }

    async fn complete_one(
        &self,
        context: &Context,
        end: ReportedEnd,
    ) -> Result<bool, ServiceError> {
        let Some(forward_auth) = &self.core.config.forward_auth else {
            return Ok(false);
        };
        let profile = forward_auth.profile;
        let given = (self.core.clone(), context.clone());
        self.core
            .store
            .write(Priority::Normal, given, move |(core, context), tx| {
                Box::pin(async move { write(tx, core, context, profile, end).await })
            })
            .await
    }
}

fn checked(index: usize, end: ReportedEnd) -> ReadReport {
    if (100..=599).contains(&end.status) {
        return Ok(end);
    }
    Err(RejectedRecord {
        index,
        field: Some("status".to_owned()),
        message: "must be from 100 to 599".to_owned(),
    })
}

async fn write(
    tx: &mut Bookkeeping<'_>,
    core: &Core,
    context: &Context,
    profile: ForwardAuthProfile,
    end: ReportedEnd,
) -> Result<bool, ServiceError> {
    let outcome = if end.status == CLIENT_GONE {
        RequestOutcome::Cut
    } else {
        RequestOutcome::Done
    };
    let row = tx
        .complete_reported_entry(profile, &end, outcome, core.now())
        .await?;
    let Some(row) = row else {
        return Ok(false);
    };
    let action = AuditAction::SupportSessionResponse(RecordedResponse::Reported {
        status: end.status,
        outcome,
        duration_ms: end.duration_ms,
        response_bytes: end.bytes,
        reported_by: profile,
    });
    let (tenant, session) = (Some(&row.tenant_id), row.support_session_id);
    let mut event = core.event(context, tenant, session, action);
    event.origin.request_id = Some(end.request_id.to_string());
    if outcome != RequestOutcome::Done {
        event.outcome = AuditOutcome::Failure;
    }
    let _receipt = tx.append_audit(event);
    Ok(true)
}

/// Closes rows as `unknown` whose proxy has reported nothing for a while after the end of their
/// support session. Returns how many. Any node may do this, because proxies are not bound to nodes.
///
/// # Errors
///
/// If the store does not answer.
pub async fn close_unreported(core: &Core) -> Result<u64, ServiceError> {
    let mut closed = 0;
    loop {
        let mut reader = core.store.read().await?;
        let rows = reader
            .db()
            .list_unreported(core.now() - TELL_WITHIN)
            .await?;
        drop(reader);
        if rows.is_empty() {
            return Ok(closed);
        }
        for row in rows {
            orphans::close(core, row).await?;
            closed += 1;
        }
    }
}

#[cfg(test)]
mod tests;
