//! The base of every use case.

use std::sync::Arc;

use app::domain::{
    AuditEventId, TenantId, Timestamp,
    audit::{Actor, ActorType, AuditAction, AuditOutcome},
    caller::{Caller, Context, Origin},
    page::{Page, PageRequest},
    policy::{Act, authorise},
    problem::Problem,
    record::RecordOutage,
    text::clean,
    time_range::{TimePreset, TimeSpan},
};
use chrono_tz::Tz;
use gateway::{
    clock::Clock,
    entropy::{Entropy, new_uuid},
};
use store::{
    Audited, Lane, Store,
    audit::{NewAuditEvent, Stamp},
    listing::{Listed, PageAt, Position, Wanted},
};
use uuid::Uuid;

use super::ServiceError;
use crate::{config::Config, cursor::CursorKey};

/// The longest search, in characters.
pub(super) const SEARCH_MAX: usize = 200;

/// The base of every use case. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub config: Arc<Config>,
    /// Signs the positions of lists.
    pub cursors: CursorKey,
}

impl Core {
    /// The same, with the store's connections of a lane.
    #[must_use]
    pub fn within(&self, lane: Lane) -> Self {
        Self {
            store: self.store.within(lane),
            ..self.clone()
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn new_uuid(&self) -> Uuid {
        new_uuid(&*self.clock, &*self.entropy)
    }

    /// The time that a preset names now: days and months are those of the caller's zone, or of UTC as long as nobody says which
    /// that is.
    pub fn span(&self, context: &Context, preset: TimePreset) -> TimeSpan {
        let zone = context.origin.zone.as_deref();
        let zone = zone.and_then(|name| name.parse().ok());
        preset.span(self.now(), &zone.unwrap_or(Tz::UTC))
    }

    /// Puts the instants that a filter's preset names now in its place: they mean the same later.
    pub fn settle(
        &self,
        context: &Context,
        time: &mut Option<TimePreset>,
        from: &mut Option<Timestamp>,
        to: &mut Option<Timestamp>,
    ) {
        if let Some(preset) = time.take() {
            let span = self.span(context, preset);
            (*from, *to) = (span.from, span.to);
        }
    }

    /// Checks that the caller may do this now.
    pub fn authorise(&self, context: &Context, act: Act<'_>) -> Result<(), Problem> {
        authorise(&context.caller, act, self.now())
    }

    /// An audit event of something that the caller has just done to `resource`, in a tenant's log
    /// or in the console's.
    pub fn event(
        &self,
        context: &Context,
        tenant: Option<&TenantId>,
        resource: impl ToString,
        action: AuditAction,
    ) -> NewAuditEvent {
        let (actor, origin) = (actor(&context.caller), context.origin.clone());
        self.event_by(actor, origin, tenant, resource, action)
    }

    /// An audit event of something that `actor` has just done.
    pub fn event_by(
        &self,
        actor: Actor,
        origin: Origin,
        tenant: Option<&TenantId>,
        resource: impl ToString,
        action: AuditAction,
    ) -> NewAuditEvent {
        let event = self.event_by_place(actor, origin, tenant, resource, action);
        NewAuditEvent {
            id: AuditEventId::from_uuid(self.new_uuid()),
            id_by_place: false,
            ..event
        }
    }

    /// The same with an identifier that is made from its place.
    pub fn event_by_place(
        &self,
        actor: Actor,
        origin: Origin,
        tenant: Option<&TenantId>,
        resource: impl ToString,
        action: AuditAction,
    ) -> NewAuditEvent {
        let (now, clock) = (self.now(), Arc::clone(&self.clock));
        NewAuditEvent {
            id: AuditEventId::from_uuid(Uuid::nil()),
            id_by_place: true,
            tenant_id: tenant.cloned(),
            action,
            actor,
            resource_id: resource.to_string(),
            outcome: AuditOutcome::Success,
            occurred_at: now,
            recorded: Stamp::new(move || clock.now()),
            origin,
        }
    }

    /// An act that consists of its event.
    pub async fn append(&self, event: NewAuditEvent) -> Result<(), ServiceError> {
        let append = self.store.act(event, |event, tx| {
            Box::pin(async move {
                let receipt = tx.append_audit(event.clone());
                Ok(Audited::new((), receipt))
            })
        });
        append.await
    }

    /// Since when and why nothing can be recorded, if so.
    pub fn record_outage(&self) -> Option<RecordOutage> {
        let outage = self.store.outage()?;
        let lasts = chrono::TimeDelta::from_std(outage.since.elapsed()).unwrap_or_default();
        Some(RecordOutage {
            since: self.now() - lasts,
            cause: outage.cause,
        })
    }

    /// The requested page of the list that `list` names, by its kind and its filter, so that a
    /// cursor of another list is refused. Programs don't get the total of rows, so nothing is
    /// counted for them.
    pub fn page_at(
        &self,
        context: &Context,
        list: &str,
        request: &PageRequest,
    ) -> Result<Wanted, Problem> {
        let position = match request.cursor.as_deref() {
            None | Some("") => Position::First,
            Some(cursor) => self.cursors.open(list, cursor)?,
        };
        let wanted = Wanted::from(PageAt {
            position,
            limit: request.size(),
        });
        Ok(match context.caller {
            Caller::Key(_) | Caller::Support(_) => wanted.uncounted(),
            _ => wanted,
        })
    }

    /// A fetched page with its positions signed.
    pub fn page<T>(&self, list: &str, listed: Listed<T>) -> Page<T> {
        let seal = |position: Option<Position>| position.map(|p| self.cursors.seal(list, &p));
        Page {
            items: listed.items,
            previous_cursor: seal(listed.previous),
            next_cursor: seal(listed.next),
            last_cursor: seal(listed.last),
            total: listed.total,
            first_row: listed.first_row,
        }
    }
}

/// The text of a list's search box, if there is one that can be looked for.
pub(super) fn searched(text: Option<&str>) -> Result<Option<String>, Problem> {
    let text = clean(text.unwrap_or_default(), 0, SEARCH_MAX, false)
        .map_err(|error| Problem::invalid_field("q", error))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// The actor, as named in the audit log.
pub(crate) fn actor(caller: &Caller) -> Actor {
    match caller {
        Caller::Staff(by) => actor_of(ActorType::Staff, by.staff_id, &by.name),
        Caller::Key(by) => actor_of(ActorType::ApiKey, by.id, &by.name),
        Caller::Support(by) => actor_of(ActorType::Staff, by.staff_id, &by.staff_name),
        Caller::Cli { user } => actor_of(ActorType::Cli, user, user),
        Caller::System | Caller::Anonymous => {
            actor_of(ActorType::System, "system", "Support Console")
        }
    }
}

pub(super) fn actor_of(kind: ActorType, id: impl ToString, name: &str) -> Actor {
    Actor {
        kind,
        id: id.to_string(),
        name: name.to_owned(),
    }
}
