//! Callers and use cases at noon.

use std::sync::Arc;

use app::domain::{
    ApiKeyId, StaffId, StaffSessionId,
    api_keys::ApiRight,
    caller::{Caller, Context, KeyCaller, Origin, StaffCaller},
    staff::Role,
};
use audit::testing::noon;
use gateway::{clock::ManualClock, entropy::SeededEntropy};
use store::Store;
use uuid::Uuid;

use crate::{config::Config, cursor::CursorKey, services::Core};

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

pub(crate) fn nobody() -> Context {
    Context {
        caller: Caller::Anonymous,
        origin: Origin::default(),
    }
}
