//! A console with staff members, for the tests around signing in.

use std::sync::Arc;

use app::domain::{
    ApiKeyId, Timestamp,
    api_keys::ApiRight,
    caller::{Caller, Context, KeyCaller, Origin},
    problem::{Problem, ProblemCode},
    staff::{NewStaffMember, Role, StaffMember},
};
use gateway::{clock::ManualClock, entropy::SystemEntropy};
use secrecy::SecretString;
use store::testing::TestStore;
use uuid::Uuid;

use crate::{
    config::Config,
    cursor::CursorKey,
    services::{
        Core, Passwords, ServiceError,
        staff::{GivenPassword, StaffService},
        staff_sessions::{NewSignIn, SignInMethod, StaffSessions},
    },
};

/// The password of everyone here.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The address that everyone here comes from.
pub(crate) const ADDRESS: &str = "203.0.113.7";

/// A console on an empty store, at a standing clock.
pub(crate) struct Staffed {
    pub(crate) engine: &'static str,
    pub(crate) core: Core,
    pub(crate) clock: ManualClock,
    pub(crate) passwords: Passwords,
    pub(crate) staff: StaffService,
    pub(crate) sessions: StaffSessions,
    // Removed with the test.
    _store: TestStore,
}

/// One on each engine.
pub(crate) async fn both() -> Vec<Staffed> {
    store::testing::both()
        .await
        .into_iter()
        .map(|(engine, store)| Staffed::on(engine, store))
        .collect()
}

/// One on SQLite, for what does not depend on the engine.
pub(crate) async fn sqlite() -> Staffed {
    Staffed::on("sqlite", store::testing::sqlite().await)
}

pub(crate) fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("an instant")
}

pub(crate) fn cli() -> Context {
    Context {
        caller: Caller::Cli {
            user: "root".into(),
        },
        origin: Origin::default(),
    }
}

pub(crate) fn from_address(caller: Caller, ip: &str) -> Context {
    Context {
        caller,
        origin: Origin {
            ip: Some(ip.into()),
            user_agent: Some("test/1".into()),
            request_id: Some("01937e2c-7b6a-7cc0-8000-000000000001".into()),
        },
    }
}

pub(crate) fn anonymous() -> Context {
    from_address(Caller::Anonymous, ADDRESS)
}

/// A platform key with every right there is.
pub(crate) fn platform_key() -> Context {
    let caller = Caller::Key(KeyCaller {
        id: ApiKeyId::from_uuid(Uuid::from_u128(7)),
        name: "platform".into(),
        tenant_id: None,
        rights: ApiRight::ALL.to_vec(),
    });
    from_address(caller, ADDRESS)
}

/// The problem that a use case was refused with.
pub(crate) fn problem_of<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> Problem {
    match result {
        Err(ServiceError::Refused(problem)) => problem,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

pub(crate) fn code_of<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> ProblemCode {
    problem_of(result).code
}

impl Staffed {
    fn on(engine: &'static str, store: TestStore) -> Self {
        let clock = ManualClock::at(noon());
        let core = Core {
            store: store.store.clone(),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SystemEntropy),
            config: Arc::new(Config::default()),
            cursors: CursorKey::new([7; 32]),
        };
        let passwords = Passwords::new(Arc::new(SystemEntropy));
        Self {
            engine,
            staff: StaffService::new(core.clone(), passwords.clone()),
            sessions: StaffSessions::new(core.clone(), passwords.clone()),
            core,
            clock,
            passwords,
            _store: store,
        }
    }

    /// Adds `<name>@example.com` with [`PASSWORD`].
    pub(crate) async fn add(&self, name: &str, roles: &[Role]) -> StaffMember {
        let new = NewStaffMember {
            email: format!("{name}@example.com"),
            name: name.into(),
            roles: roles.to_vec(),
        };
        let password = GivenPassword::Chosen {
            password: PASSWORD.into(),
            must_change: false,
        };
        let added = self.staff.add(&cli(), new, password).await;
        added.expect("a staff member is added").staff
    }

    pub(crate) async fn try_sign_in(
        &self,
        context: &Context,
        email: &str,
        password: impl Into<SecretString>,
    ) -> Result<NewSignIn, ServiceError> {
        let method = SignInMethod::Password {
            email: email.into(),
            password: password.into(),
        };
        self.sessions.sign_in(context, method).await
    }

    /// Signs `<name>@example.com` in.
    pub(crate) async fn sign_in(&self, name: &str) -> NewSignIn {
        let email = format!("{name}@example.com");
        let new = self.try_sign_in(&anonymous(), &email, PASSWORD).await;
        new.expect("a sign-in")
    }

    /// What a request with this sign-in's cookie is given.
    pub(crate) async fn context(&self, sign_in: &NewSignIn) -> Context {
        let found = self.sessions.authenticate(sign_in.token.expose()).await;
        let caller = found.expect("the store answers").expect("signed in");
        from_address(Caller::Staff(caller), ADDRESS)
    }

    /// Whether this sign-in still stands.
    pub(crate) async fn stands(&self, sign_in: &NewSignIn) -> bool {
        let found = self.sessions.authenticate(sign_in.token.expose()).await;
        found.expect("the store answers").is_some()
    }

    /// The actions in a chain of the audit log, in order.
    pub(crate) async fn actions(&self, chain: &str) -> Vec<String> {
        let mut reader = self.core.store.read().await.expect("a reader");
        let events = reader.db().list_audit_chain(chain, 0).await;
        let events = events.expect("a chain");
        events.into_iter().map(|event| event.action).collect()
    }
}
