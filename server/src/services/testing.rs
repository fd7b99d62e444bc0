//! A core over an empty store, with a clock that the test moves, and people and tenants to act.

pub(crate) mod staffed;

use std::sync::Arc;

use app::{
    domain::{
        ApiKeyId, OrganizationId, StaffId, StaffSessionId, TenantId, Timestamp,
        api_keys::ApiRight,
        caller::{Caller, Context, KeyCaller, Origin, StaffCaller},
        health::{Cause, Health, HealthSignals, Thresholds, Verdict},
        page::PageRequest,
        policy::{Act, authorise},
        problem::Problem,
        scopes::{Scope, ScopeName},
        settings::Settings,
        staff::Role,
        tenants::{
            Organization, OrganizationStatus, Overview, Tenant, TenantDetail, TenantFilter,
            TenantStatus,
        },
    },
    ports::TenantsPort,
};
use async_trait::async_trait;
use gateway::{
    clock::{Clock, ManualClock},
    entropy::SystemEntropy,
};
use store::{
    Priority, StoreError,
    testing::{TestStore, both},
};
use uuid::Uuid;

use super::Core;
use crate::{config::Config, cursor::CursorKey};

pub(crate) struct World {
    pub(crate) engine: &'static str,
    pub(crate) core: Core,
    pub(crate) clock: ManualClock,
    pub(crate) settings: Arc<Settings>,
    pub(crate) store: TestStore,
}

pub(crate) fn start() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// A world on each engine, with the tenants `acme` and `bolt` (organization `x` each) and three
/// staff members.
pub(crate) async fn worlds() -> Vec<World> {
    worlds_with(Config::default()).await
}

/// The same with another configuration.
pub(crate) async fn worlds_with(config: Config) -> Vec<World> {
    let config = Arc::new(config);
    let mut worlds = Vec::new();
    for (engine, store) in both().await {
        let clock = ManualClock::at(start());
        let core = Core {
            store: store.store.clone(),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SystemEntropy),
            config: Arc::clone(&config),
            cursors: CursorKey::new([7; 32]),
        };
        core.store.follow_changes().await.unwrap();
        add_people(&core).await;
        worlds.push(World {
            engine,
            core,
            clock,
            settings: Arc::new(settings()),
            store,
        });
    }
    worlds
}

fn settings() -> Settings {
    let scope = |name: &str| Scope {
        name: name.parse().unwrap(),
        description: String::new(),
    };
    Settings {
        thresholds: Thresholds::default(),
        scopes: vec![
            scope(ScopeName::read_only().as_str()),
            scope("invoices:export"),
        ],
        gateway_url: "http://127.0.0.1:3100".into(),
        console_url: "http://localhost:3000".into(),
        require_ticket: false,
        rule_set: String::new(),
    }
}

async fn add_people(core: &Core) {
    core.store
        .write(Priority::Normal, (), |(), tx| {
            Box::pin(async move {
                for tenant in ["acme", "bolt"] {
                    tx.query(
                        "INSERT INTO tenants (id, slug, name, status, created_at, sort_name, search, \
                         health_since, health_at) VALUES ($1, $1, $1, 'active', 0, $1, $1, 0, 0)",
                    )
                    .bind(tenant)
                    .execute()
                    .await?;
                }
                for number in 1..=3_u128 {
                    tx.query(
                        "INSERT INTO staff (id, email, name, roles, password_hash, must_change_password, \
                         created_at) VALUES ($1, $2, $2, 'support_admin', '', 0, 0)",
                    )
                    .bind(staff_id(number))
                    .bind(format!("staff{number}@example.com"))
                    .execute()
                    .await?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .await
        .unwrap();
}

pub(crate) fn staff_id(number: u128) -> StaffId {
    StaffId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn tenant(id: &str) -> TenantId {
    id.parse().unwrap()
}

fn context(caller: Caller) -> Context {
    let origin = Origin {
        ip: Some("203.0.113.24".into()),
        user_agent: Some("curl/8".into()),
        request_id: Some("r1".into()),
    };
    Context { caller, origin }
}

pub(crate) fn anonymous() -> Context {
    context(Caller::Anonymous)
}

/// A staff member who signed in at `signed_in_at`.
pub(crate) fn staff(number: u128, roles: &[Role], signed_in_at: Timestamp) -> Context {
    context(Caller::Staff(StaffCaller {
        staff_id: staff_id(number),
        name: format!("staff{number}"),
        roles: roles.to_vec(),
        staff_session_id: StaffSessionId::from_uuid(Uuid::from_u128(number)),
        signed_in_at,
        must_change_password: false,
    }))
}

pub(crate) fn support_admin(number: u128) -> Context {
    staff(number, &[Role::SupportAdmin], start())
}

pub(crate) fn super_admin(number: u128) -> Context {
    staff(number, &[Role::SuperAdmin], start())
}

/// A key with every right, of one tenant or of the platform.
pub(crate) fn key(tenant_id: Option<&str>) -> Context {
    context(Caller::Key(KeyCaller {
        id: ApiKeyId::from_uuid(Uuid::from_u128(9)),
        name: "key".into(),
        tenant_id: tenant_id.map(tenant),
        rights: ApiRight::ALL.to_vec(),
    }))
}

/// Two tenants, as far as a support session needs them.
pub(crate) struct TwoTenants(pub(crate) ManualClock);

#[async_trait]
impl TenantsPort for TwoTenants {
    async fn overview(
        &self,
        _: &Context,
        _: TenantFilter,
        _: PageRequest,
    ) -> Result<Overview, Problem> {
        Err(Problem::not_found("overview"))
    }

    async fn detail(&self, context: &Context, id: &TenantId) -> Result<TenantDetail, Problem> {
        authorise(&context.caller, Act::ReadTenant(id), self.0.now())?;
        if !["acme", "bolt"].contains(&id.as_str()) {
            return Err(Problem::not_found("tenant"));
        }
        Ok(detail(id))
    }
}

fn detail(id: &TenantId) -> TenantDetail {
    let at = start();
    TenantDetail {
        tenant: Tenant {
            id: id.clone(),
            slug: id.to_string(),
            name: id.to_string(),
            status: TenantStatus::Active,
            plan: None,
            region: None,
            contact: None,
            created_at: at,
        },
        signals: HealthSignals {
            health: Health::Unknown,
            since: at,
            last_seen: None,
            calls_24h: 0,
            errors_24h: 0,
            updated_at: at,
        },
        verdict: Verdict {
            health: Health::Unknown,
            cause: Cause::NeverCalled,
        },
        calls: Vec::new(),
        telemetry: app::domain::tenants::TelemetryState {
            last_received_at: None,
            stale: false,
        },
        organizations: vec![Organization {
            id: "x".parse::<OrganizationId>().unwrap(),
            name: "X".into(),
            slug: "x".into(),
            status: OrganizationStatus::Active,
            created_at: at,
        }],
        active_user_sessions: 0,
        manage_url: None,
    }
}
