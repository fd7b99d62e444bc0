//! Which events of the log an export reads next.

use app::domain::audit::{AuditEvent, AuditFilter};
use store::{
    Db, StoreError,
    audit::{AuditReach, EXPORT_PAGE},
};

/// The state of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    Beginning,
    /// After this chain and position.
    After(String, u64),
    /// Between two positions of a chain that both belong to the export.
    Between(String, u64, u64),
    Done,
}

impl Progress {
    /// The next events, and the following state.
    pub(super) async fn step(
        self,
        db: &mut Db<'_>,
        reach: &AuditReach,
        filter: &AuditFilter,
    ) -> Result<(Vec<AuditEvent>, Self), StoreError> {
        let after = match self {
            Self::Done => return Ok((Vec::new(), Self::Done)),
            Self::Between(chain, after, before) => {
                let events = db.list_audit_between(&chain, after, before).await?;
                let next = match events.last() {
                    Some(last) if is_full(&events) => Self::Between(chain, last.seq, before),
                    _ => Self::After(chain, before - 1),
                };
                return Ok((events, next));
            }
            Self::Beginning => None,
            Self::After(chain, seq) => Some((chain, seq)),
        };
        let mut events = db
            .list_audit_events_to_export(reach, filter, after.clone())
            .await?;
        if is_stretch(filter)
            && let Some((kept, gap)) = first_gap(after, &events)
        {
            events.truncate(kept);
            return Ok((events, gap));
        }
        let next = match events.last() {
            Some(last) if is_full(&events) => Self::After(last.chain.clone(), last.seq),
            _ => Self::Done,
        };
        Ok((events, next))
    }
}

fn is_full(events: &[AuditEvent]) -> bool {
    events.len() == EXPORT_PAGE as usize
}

/// Whether a filter selects unbroken parts of chains, because it is only by time.
fn is_stretch(filter: &AuditFilter) -> bool {
    let of_any_time = AuditFilter {
        tenant_id: None,
        from: None,
        to: None,
        oldest_first: false,
        ..filter.clone()
    };
    of_any_time == AuditFilter::default()
}

/// The first gap between events of a chain, as the number of events before it and the missing part.
/// Earlier versions recorded by clocks that could go back, so an event may be out of time order,
/// but is never missing.
fn first_gap(after: Option<(String, u64)>, events: &[AuditEvent]) -> Option<(usize, Progress)> {
    let mut last = after;
    for (at, event) in events.iter().enumerate() {
        if let Some((chain, seq)) = last
            && chain == event.chain
            && seq + 1 < event.seq
        {
            return Some((at, Progress::Between(chain, seq, event.seq)));
        }
        last = Some((event.chain.clone(), event.seq));
    }
    None
}
