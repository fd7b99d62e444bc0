//! Events for tests.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that can't go on fails"
)]

use app::domain::{
    AuditEventId, TenantId, Timestamp,
    audit::{Actor, ActorType, AuditCategory, AuditEvent, AuditOutcome},
};
use serde_json::json;
use uuid::Uuid;

use super::chain;

/// An instant that tests share.
pub fn noon() -> Timestamp {
    "2026-11-22T12:00:00.000001Z".parse().expect("an instant")
}

/// The first event of the documentation, without its hash.
pub fn golden_first() -> AuditEvent {
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
pub fn golden_second(prev: &str) -> AuditEvent {
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

/// A sound chain of `length` events.
pub fn chain_of(tenant: Option<&str>, length: u64) -> Vec<AuditEvent> {
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
