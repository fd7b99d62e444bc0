//! A console over an empty store, at a standing clock, with people, tenants and callers.

mod people;
mod samples;

use std::{net::Ipv4Addr, sync::Arc};

use app::{
    domain::{
        ApiKeyId, RequestId, StaffId, StaffSessionId, SupportSessionId, TenantId, Timestamp,
        api_keys::ApiRight,
        caller::{Caller, Context, KeyCaller, Origin, StaffCaller},
        health::Thresholds,
        problem::{Problem, ProblemCode},
        scopes::{Scope, ScopeName},
        settings::Settings,
        staff::{NewStaffMember, Role, StaffMember},
        support_sessions::{SessionLimits, SupportSession, SupportSessionForm},
        telemetry::{IngestReport, RequestRecord},
        tenants::{Organization, OrganizationStatus, Tenant, TenantRegistration, TenantStatus},
    },
    ports::CreateSupportSessions,
};
use chrono::TimeDelta;
use futures::future::BoxFuture;
use gateway::{
    SessionGates,
    clock::{Clock, ManualClock},
    entropy::SystemEntropy,
    ports::{Intent, Recorder},
    token::Token,
};
use secrecy::SecretString;
use store::{
    StoreError, Tx, access_log::WrittenBy, staff::StaffRecord,
    support_sessions::SupportSessionSecrets, tenants::StoredTenant, testing::TestStore,
};
use uuid::Uuid;

use super::{
    Core, Passwords, ServiceError, TelemetryService, TenantsService,
    access_log::StoreRecorder,
    staff::{GivenPassword, StaffService},
    staff_sessions::{NewSignIn, SignInMethod, StaffSessions},
    support_sessions::SupportSessionsService,
};
use crate::{config::Config, cursor::CursorKey, ingest::evaluate};

pub(crate) use self::samples::*;

/// The password of all staff members here.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The address of all callers here.
pub(crate) const ADDRESS: &str = "203.0.113.7";

pub(crate) struct World {
    pub(crate) engine: &'static str,
    pub(crate) core: Core,
    pub(crate) clock: ManualClock,
    pub(crate) settings: Arc<Settings>,
    pub(crate) store: TestStore,
    pub(crate) passwords: Passwords,
    pub(crate) staff: StaffService,
    pub(crate) sessions: StaffSessions,
    pub(crate) tenants: TenantsService,
    /// The node's gates, of which `staff` and `tenants` know.
    pub(crate) gates: Arc<SessionGates>,
    pub(crate) telemetry: TelemetryService,
}

/// An empty console on each engine.
pub(crate) async fn both() -> Vec<World> {
    both_with(Config::default()).await
}

async fn both_with(config: Config) -> Vec<World> {
    let stores = store::testing::both().await.into_iter();
    stores
        .map(|(engine, store)| World::on(engine, store, config.clone()))
        .collect()
}

/// An empty console on SQLite, for tests that don't depend on the engine.
pub(crate) async fn sqlite() -> World {
    World::on("sqlite", store::testing::sqlite().await, Config::default())
}

/// A console on each engine, with the tenants `acme` and `bolt` (organization `x` each) and three
/// staff members.
pub(crate) async fn worlds() -> Vec<World> {
    worlds_with(Config::default()).await
}

/// The same with another configuration.
pub(crate) async fn worlds_with(config: Config) -> Vec<World> {
    let worlds = both_with(config).await;
    for world in &worlds {
        world.core.store.follow_changes().await.unwrap();
        world.add_people().await;
    }
    worlds
}

fn settings() -> Settings {
    let scope = |name: &str| Scope {
        name: name.parse().unwrap(),
        description: String::new(),
        writes: false,
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

impl World {
    fn on(engine: &'static str, store: TestStore, config: Config) -> Self {
        let clock = ManualClock::at(noon());
        let core = Core {
            store: store.store.clone(),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SystemEntropy),
            config: Arc::new(config),
            cursors: CursorKey::new([7; 32]),
        };
        let passwords = Passwords::new(Arc::new(SystemEntropy));
        let gates = SessionGates::new();
        Self {
            engine,
            clock,
            settings: Arc::new(settings()),
            store,
            staff: StaffService::new(core.clone(), passwords.clone(), Arc::clone(&gates)),
            sessions: StaffSessions::new(core.clone(), passwords.clone()),
            tenants: TenantsService::new(core.clone(), Arc::clone(&gates)),
            telemetry: TelemetryService::new(core.clone()),
            passwords,
            gates,
            core,
        }
    }

    pub(crate) async fn write<D, T, F>(&self, given: D, act: F) -> T
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t D, &'t mut Tx<'_>) -> BoxFuture<'t, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        let written = self.core.store.arrange(given, act);
        written.await.unwrap()
    }

    /// Runs a statement for which the store has no function, as it changes what never changes.
    pub(crate) async fn run(&self, sql: &'static str) -> u64 {
        self.write((), |(), tx| Box::pin(tx.raw(sql).execute()))
            .await
    }

    pub(crate) async fn add_people(&self) {
        for id in ["acme", "bolt"] {
            self.add_tenant(id).await;
        }
        for number in 1..=3 {
            self.add_staff(staff_id(number), &format!("staff{number}"))
                .await;
        }
    }

    /// Adds a tenant with the organization `x` and no event.
    pub(crate) async fn add_tenant(&self, id: &str) {
        let tenant = Tenant {
            id: tenant(id),
            slug: id.into(),
            name: id.into(),
            status: TenantStatus::Active,
            kind: None,
            country: None,
            plan: None,
            region: None,
            contact: None,
            created_at: noon(),
        };
        let x = Organization {
            id: "x".parse().unwrap(),
            name: "X".into(),
            slug: "x".into(),
            status: OrganizationStatus::Active,
            created_at: noon(),
        };
        self.write((tenant, x), |(tenant, x), tx| {
            Box::pin(async move {
                tx.add_tenant(tenant, noon()).await?;
                tx.set_organization(&tenant.id, x).await
            })
        })
        .await;
    }

    /// The actions in a chain of the audit log, in order.
    pub(crate) async fn actions(&self, chain: &str) -> Vec<String> {
        let mut reader = self.core.store.read().await.unwrap();
        let events = reader.db().list_audit_chain(chain, 0).await.unwrap();
        events.into_iter().map(|event| event.action).collect()
    }

    /// Registers a tenant whose slug is its identifier.
    pub(crate) async fn register(&self, id: &str, name: &str) {
        let registered = self
            .tenants
            .register_tenant(&platform_key(), &tenant(id), registration(id, name))
            .await;
        registered.unwrap();
    }

    pub(crate) async fn ingest(&self, records: Vec<RequestRecord>) -> IngestReport {
        let report = self
            .telemetry
            .ingest(&platform_key(), records.into(), None)
            .await;
        report.unwrap()
    }

    pub(crate) async fn stored(&self, id: &str) -> StoredTenant {
        let mut reader = self.core.store.read().await.unwrap();
        let stored = reader.db().lookup_tenant(&tenant(id)).await;
        stored.unwrap().expect("a tenant")
    }

    /// Evaluates a tenant's health at the clock's time, due or not.
    pub(crate) async fn evaluate(&self, id: &str) -> StoredTenant {
        let given = (tenant(id), Arc::clone(&self.core.config), self.clock.now());
        self.write(given, |(id, config, now), tx| {
            Box::pin(async move {
                let stored = tx.lock_tenant(id).await?.expect("a tenant");
                evaluate(tx, &stored, &config.health, *now).await
            })
        })
        .await;
        self.stored(id).await
    }

    /// Advances to `at` in steps within which telemetry does not become stale, while another
    /// tenant goes on calling.
    pub(crate) async fn go_to(&self, at: Timestamp, other: &str) {
        while self.clock.now() < at {
            let step = (at - self.clock.now()).min(TimeDelta::minutes(4));
            self.clock.advance(step);
            let now = self.clock.now();
            self.ingest(vec![calls(other, now, 200, 1)]).await;
        }
    }

    pub(crate) fn support_sessions(&self) -> SupportSessionsService {
        SupportSessionsService::new(
            self.core.clone(),
            Arc::clone(&self.settings),
            SessionGates::new(),
        )
    }

    /// Opens a support session of the first staff member in `acme`.
    pub(crate) async fn open(&self, form: SupportSessionForm) -> Opened {
        let service = self.support_sessions();
        let (holder, acme) = (support_admin(1), tenant("acme"));
        let created = service.create(&holder, &acme, form).await.unwrap();
        let token = created.token.unwrap();
        Opened {
            id: created.session.id,
            token_hash: *Token::parse(&token).unwrap().hash().as_bytes(),
            token,
        }
    }

    /// The recorder of this start of the server.
    pub(crate) fn recorder(&self, boot: &str) -> Arc<StoreRecorder> {
        let by = WrittenBy {
            node: "a node".into(),
            boot: boot.into(),
        };
        StoreRecorder::start(self.core.clone(), by).0
    }

    /// A request in a support session of the first staff member in `acme`.
    pub(crate) fn intent(&self, session: SupportSessionId, token_hash: [u8; 32]) -> Intent {
        let request_id = RequestId::from_uuid(self.core.new_uuid());
        intent(request_id, session, token_hash, self.clock.now())
    }

    /// Adds a support session without an event.
    pub(crate) async fn add_session(
        &self,
        id: Uuid,
        of: &str,
        staff: &StaffMember,
    ) -> SupportSession {
        let session = SupportSession {
            id: SupportSessionId::from_uuid(id),
            tenant_id: tenant(of),
            tenant_name: of.to_owned(),
            organization_id: None,
            staff_id: staff.id,
            staff_name: staff.name.clone(),
            scopes: vec![ScopeName::read_only()],
            reason: "Invoices are missing".into(),
            ticket: None,
            ip: ADDRESS.into(),
            user_agent: "test/1".into(),
            issued_at: noon(),
            expires_at: noon() + TimeDelta::minutes(5),
            revocation: None,
            requests_forwarded: 0,
            requests_refused: 0,
            rule_set: String::new(),
            limits: SessionLimits::default(),
        };
        self.write(session.clone(), |session, tx| {
            Box::pin(async move {
                let mut token_hash = [0; 32];
                token_hash[..16].copy_from_slice(session.id.as_uuid().as_bytes());
                let secrets = SupportSessionSecrets {
                    token_hash,
                    idempotency_key: session.id.to_string(),
                };
                tx.add_support_session(session, &secrets).await
            })
        })
        .await;
        session
    }

    /// Adds the support session `b1` of Ada (`a1`) in `acme`, with the request `c1` in its access
    /// log.
    pub(crate) async fn add_support_session(&self) {
        let ada = self.add_staff(staff_id(0xa1), "Ada").await;
        let session = self.add_session(Uuid::from_u128(0xb1), "acme", &ada).await;
        let mut token_hash = [0; 32];
        token_hash[..16].copy_from_slice(session.id.as_uuid().as_bytes());
        let intent = Intent {
            request_id: RequestId::from_uuid(Uuid::from_u128(0xc1)),
            ..self.intent(session.id, token_hash)
        };
        self.recorder("b").begin(intent).await.unwrap();
    }
}
