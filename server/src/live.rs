//! The live stream to open pages.
//!
//! One stream per tab. It names the IDs that the page shows. The server follows the change log and,
//! at most once a second, sends the changed rows among them. If a person signs out or loses their
//! roles, the stream ends immediately, and the page goes with it.

mod board;
mod figures;
mod interest;
mod open_streams;
mod stream;
mod turns;
mod view;

use std::convert::Infallible;

use app::domain::{
    SupportSessionId,
    caller::{Caller, Context},
    policy::Act,
    problem::Problem,
};
use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures::Stream;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{
    problem,
    services::{Core, staff_sessions::StaffSessions},
};

/// How many streams one staff member may have: eight tabs, and some that were just closed.
const STREAMS_PER_STAFF_MEMBER: usize = 24;

/// The source of streams. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    core: Core,
    staff_sessions: StaffSessions,
    /// Which support sessions' access logs have grown in this process.
    access_log: broadcast::Sender<SupportSessionId>,
    /// Streams end first when the server stops.
    shutdown: CancellationToken,
    open: open_streams::OpenStreams,
    figures: figures::Figures,
    board: board::Board,
}

impl Live {
    /// Builds the stream's source.
    pub fn new(
        core: Core,
        staff_sessions: StaffSessions,
        access_log: broadcast::Sender<SupportSessionId>,
        shutdown: CancellationToken,
    ) -> Self {
        let open = open_streams::OpenStreams::new(STREAMS_PER_STAFF_MEMBER);
        Self {
            core,
            staff_sessions,
            access_log,
            shutdown,
            open,
            figures: figures::Figures::default(),
            board: board::Board::default(),
        }
    }
}

/// `GET /live`.
pub(crate) async fn open(
    State(live): State<Live>,
    Extension(context): Extension<Context>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match try_open(live, &context, query.as_deref(), &headers) {
        Ok(stream) => {
            let mut response = Sse::new(stream).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            // Proxies that buffer answers would delay it.
            headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
            response
        }
        Err(problem) => problem::details(problem, context.origin.request_id),
    }
}

fn try_open(
    live: Live,
    context: &Context,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<impl Stream<Item = Result<Event, Infallible>> + Send + use<>, Problem> {
    live.core.authorise(context, Act::ReadTenants)?;
    live.core.authorise(context, Act::ReadSupportSessions)?;
    let Caller::Staff(staff) = &context.caller else {
        return Err(Problem::forbidden(
            "The live stream is for staff members with the role support_admin or super_admin.",
        ));
    };
    let interest = interest::parse(query)?;
    let slot = live.open.take(staff.staff_id, &interest)?;
    // The browser's own retries send the header. A page that opens a new stream says so in the
    // query.
    let resumed = headers.contains_key("last-event-id") || interest::is_resumed(query);
    Ok(stream::run(live, staff.clone(), interest, resumed, slot))
}

#[cfg(test)]
mod tests;
