//! The lists of pages as files: what a page's filter leaves, for people to read. Each is recorded, and each page of it is
//! authorised anew.

mod rows;

use app::{
    domain::{
        SupportSessionId, TenantId, Timestamp,
        audit::{AuditAction, AuditCategory, AuditFilter, ExportFormat, ExportedList},
        caller::Context,
        page::{MAX_PAGE_SIZE, PageRequest},
        policy::Act,
        problem::Problem,
        support_sessions::SupportSessionFilter,
        tenants::TenantFilter,
        time_range::TimeSpan,
    },
    ports::{AuditPort as _, ReadSupportSessions as _},
};
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use store::{Lane, audit::chain_of};

use self::rows::Row;
use super::{
    Export, file_name,
    read_on::{at_last, context_now},
    table,
};
use crate::{
    app_state::AppState,
    services::{Core, ServiceError, audit::check_known},
};

/// What is listed.
#[derive(Debug, Clone)]
pub(super) enum List {
    Tenants(TenantFilter),
    SupportSessions(SupportSessionFilter),
    AccessLog(SupportSessionId),
    Activity(AuditFilter),
}

/// A list to export, with what its file is called after and what its event tells of the filter.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) list: List,
    /// The parts of the filter, for the file's name.
    pub(super) parts: Vec<String>,
    /// The query string of the page.
    pub(super) filter: String,
}

impl List {
    const fn kind(&self) -> ExportedList {
        match self {
            Self::Tenants(_) => ExportedList::Tenants,
            Self::SupportSessions(_) => ExportedList::SupportSessions,
            Self::AccessLog(_) => ExportedList::AccessLog,
            Self::Activity(_) => ExportedList::SupportActivity,
        }
    }

    /// The tenant that all of it is about.
    async fn tenant(
        &self,
        state: &AppState,
        context: &Context,
    ) -> Result<Option<TenantId>, Problem> {
        Ok(match self {
            Self::Tenants(_) => None,
            Self::SupportSessions(filter) => filter.tenant_id.clone(),
            Self::Activity(filter) => filter.tenant_id.clone(),
            Self::AccessLog(id) => {
                let detail = state.support_sessions.detail(context, *id).await?;
                Some(detail.session.tenant_id)
            }
        })
    }

    /// The list with instants for the time that it names, so that its last page is of the same time as its first; and these.
    fn at_once(mut self, core: &Core, context: &Context) -> (Self, TimeSpan) {
        let (time, from, to) = match &mut self {
            Self::SupportSessions(SupportSessionFilter { time, from, to, .. })
            | Self::Activity(AuditFilter { time, from, to, .. }) => (time, from, to),
            Self::Tenants(_) | Self::AccessLog(_) => return (self, TimeSpan::default()),
        };
        core.settle(context, time, from, to);
        let span = TimeSpan {
            from: *from,
            to: *to,
        };
        (self, span)
    }

    fn authorise(&self, state: &AppState, context: &Context) -> Result<(), Problem> {
        let act = match (self, context.caller.own_tenant()) {
            (Self::Tenants(_), None) => Act::ReadTenants,
            (Self::Tenants(_), Some(own)) => Act::ReadTenant(own),
            (Self::SupportSessions(_) | Self::AccessLog(_), None) => Act::ReadSupportSessions,
            (Self::SupportSessions(_) | Self::AccessLog(_), Some(own)) => {
                Act::ReadSupportSessionsOf(own)
            }
            (Self::Activity(_), None) => Act::ReadAuditOfAllTenants,
            (Self::Activity(_), Some(own)) => Act::ReadAuditOf(own),
        };
        state.core.authorise(context, act)
    }

    /// One page of rows, and where the next begins.
    async fn page(
        &self,
        state: &AppState,
        context: &Context,
        cursor: Option<String>,
    ) -> Result<(Vec<Row>, Option<String>), Problem> {
        let page = PageRequest {
            limit: Some(MAX_PAGE_SIZE),
            cursor,
        };
        Ok(match self {
            Self::Tenants(filter) => {
                let page = state.tenants.list(context, filter.clone(), page).await?;
                let rows = page.items.iter().map(Row::of_tenant).collect();
                (rows, page.next_cursor)
            }
            Self::SupportSessions(filter) => {
                let sessions = &state.support_sessions;
                let page = sessions.page(context, filter.clone(), page).await?;
                let now = state.core.now();
                let row = |session| Row::of_session(session, now);
                (page.items.iter().map(row).collect(), page.next_cursor)
            }
            Self::AccessLog(id) => {
                let page = state
                    .support_sessions
                    .access_log(context, *id, page)
                    .await?;
                let rows = page.items.iter().map(Row::of_entry).collect();
                (rows, page.next_cursor)
            }
            Self::Activity(filter) => {
                let page = state.audit.list(context, filter.clone(), page).await?;
                let ids = page.items.iter().filter_map(|e| e.tenant_id.clone());
                let names = state.names_of(context, ids.collect()).await?;
                let answers = state.audit.answers_to(context, &page.items).await?;
                let row = |event| Row::of_event(event, &names, &answers);
                (page.items.iter().map(row).collect(), page.next_cursor)
            }
        })
    }
}

/// Exports a list. That this was done is an event itself.
pub(super) async fn export_list(
    state: &AppState,
    context: &Context,
    asked: Asked,
    format: ExportFormat,
) -> Result<Export, ServiceError> {
    let Asked {
        list,
        parts,
        filter,
    } = asked;
    let begun = state.core.now();
    list.authorise(state, context)?;
    let tenant = list.tenant(state, context).await?;
    let core = &state.core;
    let (list, span) = list.at_once(core, context);
    if let Some(tenant) = &tenant {
        let mut reader = core.store.within(Lane::Exports).read().await?;
        check_known(&mut reader.db(), tenant).await?;
    }
    // The first page is read before anything is recorded: an export that can't begin is no event.
    let first = Lane::Exports.run(list.page(state, context, None)).await?;
    let action = AuditAction::ListExported {
        list: list.kind(),
        format,
        filter,
        from: span.from,
        to: span.to,
    };
    let event = core.event(context, tenant.as_ref(), chain_of(tenant.as_ref()), action);
    core.append(event).await?;
    let name = list.kind().as_str().replace('_', "-");
    Ok(Export {
        file_name: file_name(&name, parts.iter().map(String::as_str), core.now(), format),
        content_type: super::content_type(format),
        format,
        body: body((state.clone(), context.clone(), begun), list, format, first),
    })
}

type Page = (Vec<Row>, Option<String>);

enum Step {
    /// This page has been read.
    Have(Page, bool),
    Read(String),
    Done,
}

fn body(
    (state, context, begun): (AppState, Context, Timestamp),
    list: List,
    format: ExportFormat,
    first: Page,
) -> BoxStream<'static, Result<Bytes, ServiceError>> {
    stream::try_unfold(Step::Have(first, true), move |step| {
        let (state, context, list) = (state.clone(), context.clone(), list.clone());
        async move {
            let ((rows, next), is_first) = match step {
                Step::Done => return Ok(None),
                Step::Have(page, is_first) => (page, is_first),
                Step::Read(cursor) => {
                    let read = async || {
                        let context = context_now(&state.core, &context, begun).await?;
                        let page = list.page(&state, &context, Some(cursor.clone()));
                        Ok(Lane::Exports.run(page).await?)
                    };
                    (at_last(read).await?, false)
                }
            };
            let bytes = write(&list, &rows, format, is_first)?;
            Ok(Some((bytes, next.map_or(Step::Done, Step::Read))))
        }
    })
    .boxed()
}

fn write(
    list: &List,
    rows: &[Row],
    format: ExportFormat,
    first: bool,
) -> Result<Bytes, ServiceError> {
    let bytes = match format {
        ExportFormat::Csv => {
            let head = first.then(|| rows::columns(list));
            table::write_cells(head, rows.iter().map(Row::shown))
                .map_err(|e| super::unwritable(&e))?
        }
        ExportFormat::JsonLines => super::json_lines(rows.iter().map(|row| row.to_json(list)))?,
    };
    Ok(bytes.into())
}

/// The support activity that a filter of the audit log leaves: one row a request, oldest first.
pub(super) fn activity(filter: AuditFilter) -> AuditFilter {
    AuditFilter {
        category: Some(AuditCategory::SupportSession),
        oldest_first: true,
        without_answers: true,
        ..filter
    }
}

#[cfg(test)]
mod tests;
