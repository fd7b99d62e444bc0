//! The audit log as a file: all events that match a filter, read from the store page by page.
//!
//! Order: chain by chain (by name), and by position in each chain. So a tenant's export has its
//! events in order, and can be verified in one pass. A time range is a part of each chain, without
//! a gap.

mod handler;
mod lists;
mod pages;
mod progress;
mod read_on;
mod table;

use app::domain::{
    TenantId, Timestamp,
    audit::{AuditAction, AuditEvent, AuditFilter, ExportFormat},
    caller::Context,
    problem::{Problem, ProblemCode},
};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use http::header;
use serde::Serialize;
use store::{
    Lane,
    audit::{AuditReach, chain_of},
};

use self::{
    progress::Progress,
    read_on::{at_last, context_now},
};
use crate::services::{
    Core, ServiceError,
    audit::{check_known, narrowed, reach},
};

pub use handler::{export_audit, from_own_pages};
pub use pages::{export_access_log, export_activity, export_support_sessions, export_tenants};

/// An export in progress.
pub struct Export {
    /// The file name, with the tenant and the date.
    pub file_name: String,
    pub content_type: &'static str,
    format: ExportFormat,
    /// Its bytes. An error must break off the answer, so that it does not look complete.
    pub body: BoxStream<'static, Result<Bytes, ServiceError>>,
}

impl Export {
    /// Begins a table with a byte order mark, if requested. Without one Excel reads a table in the
    /// machine's old code page.
    #[must_use]
    pub fn with_mark(mut self, is_wanted: bool) -> Self {
        if is_wanted && self.format == ExportFormat::Csv {
            let mark = stream::iter([Ok(Bytes::from_static("\u{FEFF}".as_bytes()))]);
            self.body = mark.chain(self.body).boxed();
        }
        self
    }
}

/// Exports the events that match `filter` and that the caller may see. The export itself is
/// recorded, in the tenant's chain if it is of one tenant.
pub async fn export(
    core: &Core,
    context: &Context,
    filter: AuditFilter,
    format: ExportFormat,
) -> Result<Export, ServiceError> {
    let begun = core.now();
    let reach = reach(core, context, &filter)?;
    let narrowed = narrowed(core, context, filter.clone()).await?;
    let tenant = match &reach {
        AuditReach::Tenant(own) => Some(own.clone()),
        AuditReach::All | AuditReach::Tenants => filter.tenant_id.clone(),
    };
    let parts = parts_of(tenant.as_ref(), &filter);
    let mut recorded = filter.clone();
    let AuditFilter { time, from, to, .. } = &mut recorded;
    core.settle(context, time, from, to);
    let action = AuditAction::AuditExported {
        format,
        filter: recorded,
    };
    // An export that can't begin is not recorded. One that has begun waits for its turn and doesn't
    // break off.
    let mut reader = core.store.within(Lane::Exports).read().await?;
    if let Some(tenant) = &tenant {
        check_known(&mut reader.db(), tenant).await?;
    }
    drop(reader);
    let chain = chain_of(tenant.as_ref());
    core.append(core.event(context, tenant.as_ref(), chain, action))
        .await?;
    Ok(Export {
        file_name: file_name(
            "audit",
            parts.iter().map(String::as_str),
            core.now(),
            format,
        ),
        format,
        content_type: content_type(format),
        body: body(core, (context, begun), reach, narrowed, format),
    })
}

/// `audit-acme-2026-11-22.csv`: what is exported, the parts of the filter, and the day. Only plain characters stand in a file's
/// name.
fn file_name<'p>(
    what: &str,
    parts: impl Iterator<Item = &'p str>,
    now: Timestamp,
    format: ExportFormat,
) -> String {
    const LONGEST: usize = 120;
    let mut name = what.to_owned();
    for part in parts {
        let plain = part.chars().map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' => c,
            _ => '_',
        });
        let plain: String = plain.take(40).collect();
        let plain = plain.trim_matches(['.', '_', '-']);
        if !plain.is_empty() && name.len() + plain.len() < LONGEST {
            name.push('-');
            name.push_str(plain);
        }
    }
    format!("{name}-{}.{format}", now.format("%Y-%m-%d"))
}

/// What a filter of the audit log adds to a file's name.
fn parts_of(tenant: Option<&TenantId>, filter: &AuditFilter) -> Vec<String> {
    let day = |word: &str, at: Timestamp| format!("{word}-{}", at.format("%Y-%m-%d"));
    let parts = [
        Some(tenant.map_or_else(|| "all".to_owned(), ToString::to_string)),
        filter.category.map(|category| category.to_string()),
        filter.action.clone(),
        filter.actor.clone(),
        filter.outcome.map(|outcome| outcome.to_string()),
        filter.time.map(|time| time.to_string()),
        filter.from.map(|from| day("from", from)),
        filter.to.map(|to| day("to", to)),
    ];
    parts.into_iter().flatten().collect()
}

const fn content_type(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Csv => "text/csv; charset=utf-8; header=present",
        ExportFormat::JsonLines => "application/jsonl; charset=utf-8",
    }
}

fn body(
    core: &Core,
    (context, begun): (&Context, Timestamp),
    granted: AuditReach,
    filter: AuditFilter,
    format: ExportFormat,
) -> BoxStream<'static, Result<Bytes, ServiceError>> {
    let store = core.store.within(Lane::Exports);
    let asked = (core.clone(), context.clone(), store, granted, filter);
    stream::try_unfold(Progress::Beginning, move |progress| {
        let (core, context, store, granted, filter) = asked.clone();
        async move {
            if progress == Progress::Done {
                return Ok(None);
            }
            let is_first = progress == Progress::Beginning;
            // The connection is returned before the bytes are sent, so a slow reader holds none.
            let read = async || {
                if !is_first {
                    let context = context_now(&core, &context, begun).await?;
                    let now = reach(&core, &context, &filter)?;
                    // A file of one tenant is all that the reader may see of it, with either role.
                    let reads_less = now != granted && now != AuditReach::All;
                    if reads_less && filter.tenant_id.is_none() {
                        let detail = "You may read less than before. The file is not complete.";
                        return Err(Problem::forbidden(detail).into());
                    }
                }
                let mut reader = store.read_at_last().await?;
                let mut db = reader.db();
                Ok(progress.clone().step(&mut db, &granted, &filter).await?)
            };
            let (events, next) = at_last(read).await?;
            Ok(Some((write(&events, format, is_first)?, next)))
        }
    })
    .boxed()
}

fn write(events: &[AuditEvent], format: ExportFormat, first: bool) -> Result<Bytes, ServiceError> {
    let bytes = match format {
        ExportFormat::Csv => table::write(events, first).map_err(|e| unwritable(&e))?,
        ExportFormat::JsonLines => json_lines(events.iter())?,
    };
    Ok(bytes.into())
}

fn json_lines(rows: impl Iterator<Item = impl Serialize>) -> Result<Vec<u8>, ServiceError> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, &row).map_err(|e| unwritable(&e))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn unwritable(error: &dyn std::error::Error) -> ServiceError {
    tracing::error!(error = %error, "can't write an audit event");
    Problem::new(ProblemCode::Internal, "Something went wrong.").into()
}

impl IntoResponse for Export {
    fn into_response(self) -> Response {
        let disposition = format!("attachment; filename=\"{}\"", self.file_name);
        let headers = [
            (header::CONTENT_TYPE, self.content_type.to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        ];
        (headers, Body::from_stream(self.body)).into_response()
    }
}

#[cfg(test)]
mod tests;
