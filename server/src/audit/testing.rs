//! Events for tests.

use std::sync::Arc;

use app::domain::{
    ApiKeyId, AuditEventId, StaffId, StaffSessionId, TenantId, Timestamp,
    api_keys::ApiRight,
    audit::{Actor, ActorType, AuditCategory, AuditEvent, AuditOutcome},
    caller::{Caller, Context, KeyCaller, Origin, StaffCaller},
    staff::Role,
};
use serde_json::json;
use uuid::Uuid;

use super::chain;
use crate::{
    clock::ManualClock,
    config::Config,
    cursor::CursorKey,
    entropy::SeededEntropy,
    services::Core,
    store::{Store, StoreError, audit::NewAuditEvent},
};

/// An instant that tests share.
pub(crate) fn noon() -> Timestamp {
    "2026-11-22T12:00:00.000001Z".parse().expect("an instant")
}

/// The first event of the documentation, without its hash.
pub(crate) fn golden_first() -> AuditEvent {
    AuditEvent {
        v: 1,
        chain: "tenant:acme".into(),
        seq: 1,
        prev: chain::GENESIS.into(),
        id: "01937e2c-7b6a-7cc0-8000-000000000001"
            .parse()
            .expect("an id"),
        tenant_id: Some("acme".parse().expect("a tenant")),
        category: AuditCategory::SupportSession,
        action: "support_session.created".into(),
        actor: Actor {
            kind: ActorType::Staff,
            id: "01937e2c-7b6a-7cc0-8000-0000000000aa".into(),
            name: "Zoë \"Z\" Ñandú 🦜".into(),
        },
        resource_type: "support_session".into(),
        resource_id: "01937e2c-7b6a-7cc0-8000-0000000000bb".into(),
        outcome: AuditOutcome::Success,
        occurred_at: noon(),
        recorded_at: "2026-11-22T12:00:00.500Z".parse().expect("an instant"),
        request_id: Some("01937e2c-7b6a-7cc0-8000-0000000000cc".into()),
        ip: Some("192.0.2.7".into()),
        user_agent: None,
        metadata: json!({
            "ttl_minutes": 15,
            "scopes": ["read_only"],
            "reason": "API down?\nLine 2\t\u{1}</b> \\",
            "ticket": null,
            "nested": {"b": -9_007_199_254_740_992_i64, "a": true, "B": ""},
        }),
        hash: String::new(),
    }
}

/// The second event of the documentation, without its hash.
pub(crate) fn golden_second(prev: &str) -> AuditEvent {
    AuditEvent {
        seq: 2,
        prev: prev.into(),
        id: "01937e2c-7b6a-7cc0-8000-000000000002"
            .parse()
            .expect("an id"),
        action: "support_session.revoked".into(),
        metadata: json!({}),
        ..golden_first()
    }
}

/// A chain of `length` events that proves itself.
pub(crate) fn chain_of(tenant: Option<&str>, length: u64) -> Vec<AuditEvent> {
    let tenant: Option<TenantId> = tenant.map(|id| id.parse().expect("a tenant"));
    let mut prev = chain::GENESIS.to_owned();
    (1..=length)
        .map(|seq| {
            let mut event = AuditEvent {
                chain: chain::name(tenant.as_ref()),
                seq,
                prev: prev.clone(),
                id: AuditEventId::from_uuid(Uuid::from_u128(u128::from(seq))),
                tenant_id: tenant.clone(),
                metadata: json!({"n": seq}),
                ..golden_first()
            };
            event.hash = chain::hash(&event).expect("a hash");
            prev.clone_from(&event.hash);
            event
        })
        .collect()
}

/// An event to append, unlike any other of the same number.
pub(crate) fn new_event(tenant: Option<&str>, number: u64, at: Timestamp) -> NewAuditEvent {
    NewAuditEvent {
        id: AuditEventId::from_uuid(Uuid::from_u128(u128::from(number) + (1 << 100))),
        tenant_id: tenant.map(|id| id.parse().expect("a tenant")),
        category: AuditCategory::SupportSession,
        action: "support_session.request",
        actor: Actor {
            kind: ActorType::System,
            id: "system".into(),
            name: "Support Console".into(),
        },
        resource_type: "support_session",
        resource_id: number.to_string(),
        outcome: AuditOutcome::Success,
        occurred_at: at,
        recorded_at: at,
        origin: Origin::default(),
        metadata: json!({"number": number}),
    }
}

/// Appends one event.
pub(crate) async fn append(store: &Store, event: NewAuditEvent) -> Result<(), StoreError> {
    store
        .act(move |tx| {
            let event = event.clone();
            Box::pin(async move {
                let receipt = tx.append_audit(event).await?;
                Ok(crate::store::Audited::new((), receipt))
            })
        })
        .await
}

/// Use cases on a store, at noon, with randomness that repeats.
pub(crate) fn core(store: &Store) -> Core {
    Core {
        store: store.clone(),
        clock: Arc::new(ManualClock::at(noon())),
        entropy: Arc::new(SeededEntropy::new(7)),
        config: Arc::new(Config::default()),
        cursors: CursorKey::new([7; 32]),
    }
}

/// A staff member with a role.
pub(crate) fn staff(role: Role) -> Context {
    let id = Uuid::from_u128(1);
    Context {
        caller: Caller::Staff(StaffCaller {
            staff_id: StaffId::from_uuid(id),
            name: "Ann".into(),
            roles: vec![role],
            staff_session_id: StaffSessionId::from_uuid(id),
            signed_in_at: noon(),
            must_change_password: false,
        }),
        origin: Origin::default(),
    }
}

/// A key that reads one tenant, or the platform.
pub(crate) fn key(tenant: Option<&str>, rights: &[ApiRight]) -> Context {
    Context {
        caller: Caller::Key(KeyCaller {
            id: ApiKeyId::from_uuid(Uuid::from_u128(2)),
            name: "reader".into(),
            tenant_id: tenant.map(|id| id.parse().expect("a tenant")),
            rights: rights.to_vec(),
        }),
        origin: Origin::default(),
    }
}

/// Nobody.
pub(crate) fn nobody() -> Context {
    Context {
        caller: Caller::Anonymous,
        origin: Origin::default(),
    }
}
