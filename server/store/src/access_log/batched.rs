//! Rows of the access log that are written when a transaction is about to be kept: with those of every
//! other request of its batch, by few statements.

use std::collections::HashSet;

use app::domain::{
    RequestId,
    access_log::{AccessLogEntry, RequestEnd},
};
use const_format::concatcp;

use crate::{
    Db, StoreError, Value,
    audit::NewAuditEvent,
    record::Record as _,
    rows::{Rows, columns},
    value::{ToValue as _, Values as _},
};

static ADD: Rows = Rows::new(
    concatcp!(
        "INSERT INTO access_log (",
        AccessLogEntry::COLUMNS,
        ", node, boot) VALUES "
    ),
    columns(AccessLogEntry::COLUMNS) + 2,
    "",
);

static COMPLETE: Rows = Rows::new(
    "UPDATE access_log SET status = v.column2, outcome = v.column3, refusal = v.column4, duration_ms = v.column5, \
        request_bytes = v.column6, response_bytes = v.column7, upgrade = COALESCE(v.column8, upgrade) FROM (VALUES ",
    8,
    ") AS v WHERE access_log.request_id = v.column1 AND access_log.outcome = 'open' RETURNING access_log.request_id",
);

/// Which start of which node writes a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenBy {
    /// The configured `node_name`.
    pub node: String,
    /// The start of the server on it.
    pub boot: String,
}

/// What a transaction has yet to write.
#[derive(Debug, Default)]
pub(crate) struct Batched {
    begun: Vec<Vec<Value>>,
    ended: Vec<(RequestId, RequestEnd, NewAuditEvent)>,
    /// How often it was written.
    writes: usize,
}

impl Batched {
    pub(crate) fn begin(&mut self, entry: &AccessLogEntry, by: &WrittenBy) {
        let mut row = Vec::with_capacity(columns(AccessLogEntry::COLUMNS) + 2);
        entry.add_to(&mut row);
        by.node.add_to(&mut row);
        by.boot.add_to(&mut row);
        self.begun.push(row);
    }

    pub(crate) fn end(&mut self, request: RequestId, end: RequestEnd, event: NewAuditEvent) {
        self.ended.push((request, end, event));
    }

    pub(crate) const fn len(&self) -> (usize, usize, usize) {
        (self.begun.len(), self.ended.len(), self.writes)
    }

    /// Forgets what came after. Returns whether everything before is still here: nothing has been
    /// written since.
    pub(crate) fn truncate(&mut self, (begun, ended, writes): (usize, usize, usize)) -> bool {
        let is_here = self.writes == writes;
        if is_here {
            self.begun.truncate(begun);
            self.ended.truncate(ended);
        }
        is_here
    }

    /// Writes the rows. Returns the events of those that were open.
    pub(crate) async fn write(
        &mut self,
        db: &mut Db<'_>,
    ) -> Result<Vec<NewAuditEvent>, StoreError> {
        self.writes += 1;
        ADD.execute(db, std::mem::take(&mut self.begun)).await?;
        let ended = std::mem::take(&mut self.ended);
        let rows = ended.iter().map(|(request, end, _)| row(*request, end));
        let completed = COMPLETE.fetch_all(db, rows.collect()).await?;
        let mut completed: HashSet<RequestId> = completed.into_iter().collect();
        // A completion that is there twice has one event.
        let open = ended
            .into_iter()
            .filter(|(request, ..)| completed.remove(request));
        Ok(open.map(|(.., event)| event).collect())
    }
}

fn row(request: RequestId, end: &RequestEnd) -> Vec<Value> {
    vec![
        request.to_value(),
        end.status.to_value(),
        end.outcome.to_value(),
        end.refusal.to_value(),
        end.duration_ms.to_value(),
        end.request_bytes.to_value(),
        end.response_bytes.to_value(),
        end.upgrade.to_value(),
    ]
}
