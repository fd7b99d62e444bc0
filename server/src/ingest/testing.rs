//! What the tests of telemetry, tenants and the REST interface start from.

use std::sync::Arc;

use app::domain::{
    ApiKeyId, TenantId, Timestamp,
    api_keys::ApiRight,
    caller::{Caller, Context, KeyCaller, Origin},
    telemetry::{IngestReport, RequestRecord},
    tenants::{TenantRegistration, TenantStatus},
};
use chrono::TimeDelta;
use gateway::{
    SessionGates,
    clock::{Clock, ManualClock},
    entropy::SystemEntropy,
};
use store::{Priority, StoreError, tenants::StoredTenant, testing::TestStore};
use uuid::Uuid;

use crate::{
    config::Config,
    cursor::CursorKey,
    services::{Core, TelemetryService, TenantsService},
};

/// A console on an empty store, at a standing clock.
pub(crate) struct Platform {
    pub(crate) engine: &'static str,
    pub(crate) core: Core,
    pub(crate) clock: ManualClock,
    pub(crate) tenants: TenantsService,
    pub(crate) telemetry: TelemetryService,
    // Removed with the test.
    _store: TestStore,
}

/// One on each engine.
pub(crate) async fn both() -> Vec<Platform> {
    let stores = store::testing::both().await;
    stores
        .into_iter()
        .map(|(engine, store)| Platform::on(engine, store))
        .collect()
}

/// One on SQLite, for what does not depend on the engine.
pub(crate) async fn sqlite() -> Platform {
    Platform::on("sqlite", store::testing::sqlite().await)
}

pub(crate) fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("an instant")
}

pub(crate) fn id(text: &str) -> TenantId {
    text.parse().expect("an identifier")
}

pub(crate) fn key(number: u128, tenant: Option<&str>, rights: &[ApiRight]) -> KeyCaller {
    KeyCaller {
        id: ApiKeyId::from_uuid(Uuid::from_u128(number)),
        name: format!("key {number}"),
        tenant_id: tenant.map(id),
        rights: rights.to_vec(),
    }
}

/// A platform key with every right there is.
pub(crate) fn platform() -> Context {
    Context {
        caller: Caller::Key(key(1, None, ApiRight::ALL)),
        origin: Origin::default(),
    }
}

/// `calls` calls with one status.
pub(crate) fn calls(tenant: &str, at: Timestamp, status: u16, count: u32) -> RequestRecord {
    RequestRecord {
        tenant_id: id(tenant),
        at,
        status,
        count,
        method: None,
        path: None,
        duration_ms: None,
        request_id: None,
    }
}

pub(crate) fn registration(slug: &str, name: &str) -> TenantRegistration {
    TenantRegistration {
        slug: slug.into(),
        name: name.into(),
        status: TenantStatus::Active,
        plan: None,
        region: None,
        contact: None,
        created_at: None,
    }
}

impl Platform {
    fn on(engine: &'static str, store: TestStore) -> Self {
        let clock = ManualClock::at(noon());
        let core = Core {
            store: store.store.clone(),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SystemEntropy),
            config: Arc::new(Config::default()),
            cursors: CursorKey::new([7; 32]),
        };
        Self {
            engine,
            tenants: TenantsService::new(core.clone(), SessionGates::new()),
            telemetry: TelemetryService::new(core.clone()),
            core,
            clock,
            _store: store,
        }
    }

    /// Registers a tenant whose slug is its identifier.
    pub(crate) async fn register(&self, tenant: &str, name: &str) {
        let registered = self
            .tenants
            .register_tenant(&platform(), &id(tenant), registration(tenant, name))
            .await;
        registered.expect("a registration");
    }

    pub(crate) async fn ingest(&self, records: Vec<RequestRecord>) -> IngestReport {
        let report = self
            .telemetry
            .ingest(&platform(), records.into(), None)
            .await;
        report.expect("a report")
    }

    pub(crate) async fn stored(&self, tenant: &str) -> StoredTenant {
        let mut reader = self.core.store.read().await.expect("a reader");
        let stored = reader.db().lookup_tenant(&id(tenant)).await;
        stored.expect("the store answers").expect("a tenant")
    }

    /// Works a tenant's health out at the clock's time, due or not.
    pub(crate) async fn evaluate(&self, tenant: &str) -> StoredTenant {
        let given = (id(tenant), Arc::clone(&self.core.config));
        let now = self.clock.now();
        let done: Result<(), StoreError> = self
            .core
            .store
            .write(Priority::Normal, given, move |(tenant_id, config), tx| {
                Box::pin(async move {
                    let stored = tx.lock_tenant(tenant_id).await?.expect("a tenant");
                    super::evaluate(tx, &stored, &config.health, now).await
                })
            })
            .await;
        done.expect("an evaluation");
        self.stored(tenant).await
    }

    /// Goes ahead to `at` in steps within which telemetry does not become stale, while another
    /// tenant goes on calling.
    pub(crate) async fn go_to(&self, at: Timestamp, other: &str) {
        while self.clock.now() < at {
            let step = (at - self.clock.now()).min(TimeDelta::minutes(4));
            self.clock.advance(step);
            let now = self.clock.now();
            self.ingest(vec![calls(other, now, 200, 1)]).await;
        }
    }

    /// Runs a statement, to put rows in place that other concepts own.
    pub(crate) async fn run(&self, sql: &'static str) {
        let done: Result<u64, StoreError> = self
            .core
            .store
            .write(Priority::Normal, (), move |(), tx| {
                Box::pin(async move { tx.query(sql).execute().await })
            })
            .await;
        done.expect("a statement");
    }

    /// Puts a support session in `tenant` in place, with one request in its access log.
    pub(crate) async fn add_support_session(&self) {
        self.run(
            "INSERT INTO staff (id, email, name, roles, password_hash, must_change_password, created_at) \
             VALUES ('00000000-0000-0000-0000-0000000000a1', 'a@example.com', 'Ada', 'support_admin', '', 0, 0)",
        )
        .await;
        let add = "INSERT INTO support_sessions (id, tenant_id, tenant_name, staff_id, staff_name, scopes, \
            reason, ip, user_agent, token_hash, idempotency_key, issued_at, expires_at) VALUES \
            ('00000000-0000-0000-0000-0000000000b1', 'acme', 'Acme', '00000000-0000-0000-0000-0000000000a1', \
            'Ada', 'read_only', 'a reason long enough', '', '', $1, 'k', 0, 1)";
        let done: Result<u64, StoreError> = self
            .core
            .store
            .write(Priority::Normal, (), move |(), tx| {
                Box::pin(async move { tx.query(add).bind([0; 32]).execute().await })
            })
            .await;
        done.expect("a support session");
        self.run(
            "INSERT INTO access_log (support_session_id, seq, request_id, method, path, outcome, ip, user_agent, at, boot) \
             VALUES ('00000000-0000-0000-0000-0000000000b1', 1, '00000000-0000-0000-0000-0000000000c1', 'GET', '/', \
             'done', '', '', 0, 'b')",
        )
        .await;
    }
}
