//! Staff members, their sign-ins and contexts.

use super::*;

impl World {
    /// Adds a support admin who can't sign in, and no event.
    pub(crate) async fn add_staff(&self, id: StaffId, name: &str) -> StaffMember {
        let member = StaffMember {
            id,
            email: format!("{name}@example.com"),
            name: name.into(),
            roles: vec![Role::SupportAdmin],
            deactivated_at: None,
            created_at: noon(),
        };
        let record = StaffRecord {
            member: member.clone(),
            password_hash: SecretString::default(),
            must_change_password: false,
            pending: None,
        };
        self.write(record, |record, tx| Box::pin(tx.add_staff(record)))
            .await;
        member
    }

    /// Adds `<name>@example.com` with [`PASSWORD`].
    pub(crate) async fn add(&self, name: &str, roles: &[Role]) -> StaffMember {
        self.add_at(name, &format!("{name}@example.com"), roles)
            .await
    }

    /// The same with this e-mail address.
    pub(crate) async fn add_at(&self, name: &str, email: &str, roles: &[Role]) -> StaffMember {
        let new = NewStaffMember {
            email: email.into(),
            name: name.into(),
            roles: roles.to_vec(),
        };
        let password = GivenPassword::Chosen {
            password: PASSWORD.into(),
            must_change: false,
        };
        let added = self.staff.add(&cli(), new, password).await;
        added.unwrap().staff
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
        new.unwrap()
    }

    /// The context of a request with this sign-in's cookie.
    pub(crate) async fn context(&self, sign_in: &NewSignIn) -> Context {
        let found = self.sessions.authenticate(sign_in.token.expose()).await;
        context(Caller::Staff(found.unwrap().expect("signed in")))
    }

    /// Callers who may not manage keys, and why. Ten minutes pass meanwhile.
    pub(crate) async fn no_managers_of_keys(&self) -> [(Context, ProblemCode); 4] {
        self.add("ana", &[Role::SuperAdmin]).await;
        self.add("ben", &[Role::SupportAdmin]).await;
        let ana = self.context(&self.sign_in("ana").await).await;
        let ben = self.context(&self.sign_in("ben").await).await;
        self.clock.advance(TimeDelta::minutes(10));
        [
            (anonymous(), ProblemCode::Unauthenticated),
            (ben, ProblemCode::Forbidden),
            (platform_key(), ProblemCode::Forbidden),
            (ana, ProblemCode::SignInTooOld),
        ]
    }

    /// Whether this sign-in is still valid.
    pub(crate) async fn stands(&self, sign_in: &NewSignIn) -> bool {
        let found = self.sessions.authenticate(sign_in.token.expose()).await;
        found.unwrap().is_some()
    }
}
