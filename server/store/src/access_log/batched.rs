//! Rows of the access log that are written just before the commit, together with those of all other
//! requests of the batch, by few statements.

use std::collections::HashSet;

use app::domain::{
    RequestId, SupportSessionId, Timestamp,
    access_log::{AccessLogEntry, RequestEnd, RequestOutcome},
};

use crate::{
    Db, StoreError, Value,
    audit::{Deeds, Digest, Named},
    record::Record as _,
    rows::{Rows, columns},
    value::{ToValue as _, Values as _},
};

/// The columns of an entry, of its deed and of the start of the server.
const COLUMNS: usize = columns(AccessLogEntry::COLUMNS) + 2;

/// Address and program of the client are in the deed.
static ADD: Rows = Rows::new(
    "INSERT INTO request_log (session, request_id, seq, method, path, query, status, outcome, refusal, at, duration_ms, \
        request_bytes, response_bytes, scope, upgrade, profile, reported_at, deed, boot) \
        SELECT s.number, v.column1, v.column3, v.column4, v.column5, v.column6, v.column7, v.column8, v.column9, v.column12, \
        v.column13, v.column14, v.column15, v.column16, v.column17, v.column18, v.column19, v.column20, v.column21 \
        FROM (VALUES ",
    COLUMNS,
    ") AS v JOIN support_sessions s ON s.id = v.column2",
);

static COMPLETE: Rows = Rows::new(
    "UPDATE request_log SET status = v.column2, outcome = v.column3, refusal = v.column4, duration_ms = v.column5, \
        request_bytes = v.column6, response_bytes = v.column7, upgrade = COALESCE(v.column8, upgrade), boot = NULL \
        FROM (VALUES ",
    8,
    ") AS v WHERE request_log.request_id = v.column1 AND request_log.outcome = 'open' RETURNING request_log.request_id",
);

/// The node and its start that write a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenBy {
    /// The configured `node_name`.
    pub node: String,
    /// The start of the server on it.
    pub boot: String,
}

/// The rows that a transaction has not written yet.
#[derive(Debug, Default)]
pub(crate) struct Batched {
    begun: Vec<(AccessLogEntry, Digest, String)>,
    ended: Vec<(RequestId, RequestEnd, Named)>,
}

impl Batched {
    pub(crate) fn begin(&mut self, entry: AccessLogEntry, by: &WrittenBy, deed: Digest) {
        self.begun.push((entry, deed, by.boot.clone()));
    }

    pub(crate) fn end(&mut self, request: RequestId, end: RequestEnd, event: Named) {
        self.ended.push((request, end, event));
    }

    pub(crate) const fn len(&self) -> (usize, usize) {
        (self.begun.len(), self.ended.len())
    }

    /// Forgets the later ones.
    pub(crate) fn truncate(&mut self, (begun, ended): (usize, usize)) {
        self.begun.truncate(begun);
        self.ended.truncate(ended);
    }

    /// How many refusals of a support session since an instant are not written yet.
    pub(crate) fn refused_since(&self, session: SupportSessionId, since: Timestamp) -> u64 {
        let waiting = self.begun.iter().filter(|(entry, ..)| {
            entry.support_session_id == session
                && entry.outcome == RequestOutcome::Refused
                && entry.at >= since
        });
        waiting.count() as u64
    }

    /// The events of requests that end.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Named> {
        self.ended.iter().map(|(.., event)| event)
    }

    /// Writes the rows. Returns the events of the ones that were open. Their deeds must be known.
    pub(crate) async fn write(
        &mut self,
        db: &mut Db<'_>,
        deeds: &Deeds,
    ) -> Result<Vec<Named>, StoreError> {
        let begun = std::mem::take(&mut self.begun);
        let count = begun.len() as u64;
        let rows = begun.iter().map(|(entry, deed, boot)| {
            let mut row = Vec::with_capacity(COLUMNS);
            entry.add_to(&mut row);
            row.push(deeds.number(deed)?.to_value());
            row.push(boot.to_value());
            Ok::<_, StoreError>(row)
        });
        let rows = rows.collect::<Result<_, _>>()?;
        if ADD.execute(db, rows).await? != count {
            // The session was deleted meanwhile.
            return Err(StoreError::Contended);
        }
        let ended = std::mem::take(&mut self.ended);
        let rows = ended.iter().map(|(request, end, _)| row(*request, end));
        let completed = COMPLETE.fetch_all(db, rows.collect()).await?;
        let mut completed: HashSet<RequestId> = completed.into_iter().collect();
        // If a completion occurs twice, it has one event.
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
