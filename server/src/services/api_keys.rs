//! Keys of the REST interface.

use app::domain::{
    ApiKeyId, TenantId,
    api_keys::{ApiKey, ApiRight},
    audit::AuditAction,
    caller::{Context, KeyCaller},
    policy::Act,
    problem::{FieldProblems, Problem, ProblemCode},
    text::clean,
};
use gateway::token::{Token, TokenKind};
use store::{Audited, ChangeKind, Lane, StoreError};

use super::{Core, ServiceError, tenants::find_tenant};

/// The longest name of a key, in characters.
const NAME_MAX: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// The key's purpose, 1–100 characters.
    pub name: String,
    /// The one tenant whose data it reads; `None` for a platform key.
    pub tenant_id: Option<TenantId>,
    /// Empty means read-only. A tenant's key can only add the right to introspect identities.
    pub rights: Vec<ApiRight>,
}

/// A key that was just made.
#[derive(Debug)]
pub struct ApiKeyMade {
    pub key: ApiKey,
    /// Its secret, shown once.
    pub token: Token,
}

/// Makes, lists, revokes and recognises keys.
#[derive(Clone)]
pub struct ApiKeys {
    core: Core,
}

impl ApiKeys {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// Makes a key. Its secret is in the answer and nowhere else.
    pub async fn create(
        &self,
        context: &Context,
        new: NewApiKey,
    ) -> Result<ApiKeyMade, ServiceError> {
        self.core.authorise(context, Act::ManageKeys)?;
        let new = validated(new)?;
        if let Some(tenant) = &new.tenant_id {
            find_tenant(&self.core, tenant).await?;
        }
        let kind = match new.tenant_id {
            None => TokenKind::PlatformKey,
            Some(_) => TokenKind::TenantKey,
        };
        let token = Token::generate(kind, &*self.core.entropy);
        let key = ApiKey {
            id: ApiKeyId::from_uuid(self.core.new_uuid()),
            name: new.name,
            tenant_id: new.tenant_id,
            rights: new.rights,
            created_at: self.core.now(),
            revoked_at: None,
        };
        let hash = token.hash();
        let create = self.core.act(context, key.clone(), move |key, mut act| {
            Box::pin(async move {
                act.tx.add_api_key(key, hash).await?;
                let (name, rights) = (key.name.clone(), key.rights.clone());
                let action = AuditAction::ApiKeyCreated { name, rights };
                // A key that opens a tenant's data is recorded in the tenant's log.
                let receipt = act.record(key.tenant_id.as_ref(), key.id, action);
                act.change(ChangeKind::ApiKey, key.id).await?;
                Ok(Audited::new((), receipt))
            })
        });
        create.await?;
        Ok(ApiKeyMade { key, token })
    }

    /// Every key, including revoked ones, oldest first.
    pub async fn list(&self, context: &Context) -> Result<Vec<ApiKey>, ServiceError> {
        self.core.authorise(context, Act::ManageKeys)?;
        Ok(self.core.store.read().await?.db().list_api_keys().await?)
    }

    /// Revokes a key for good.
    pub async fn revoke(&self, context: &Context, id: ApiKeyId) -> Result<ApiKey, ServiceError> {
        self.core.authorise(context, Act::ManageKeys)?;
        let mut reader = self.core.store.read().await?;
        let found = reader.db().lookup_api_key(id).await?;
        let key = found.ok_or_else(|| Problem::not_found("key"))?;
        let revoke = self.core.act(context, key, move |key, mut act| {
            Box::pin(async move {
                let now = act.now();
                if !act.tx.revoke_api_key(id, now).await? {
                    let detail = "This key is already revoked.";
                    return Err(Problem::new(ProblemCode::Conflict, detail).into());
                }
                let name = key.name.clone();
                let action = AuditAction::ApiKeyRevoked { name };
                let receipt = act.record(key.tenant_id.as_ref(), id, action);
                act.change(ChangeKind::ApiKey, id).await?;
                let mut revoked = key.clone();
                revoked.revoked_at = Some(now);
                Ok(Audited::new(revoked, receipt))
            })
        });
        Lane::Ends.run(revoke).await
    }

    /// The holder of a secret; `None` if it is unknown or its key was revoked.
    pub async fn authenticate(&self, secret: &str) -> Result<Option<KeyCaller>, StoreError> {
        let Ok(token) = Token::parse(secret) else {
            return Ok(None);
        };
        if !matches!(token.kind(), TokenKind::PlatformKey | TokenKind::TenantKey) {
            return Ok(None);
        }
        let mut reader = self.core.store.read().await?;
        let found = reader.db().find_api_key_by_token(token.hash()).await?;
        Ok(found
            .filter(|key| key.revoked_at.is_none())
            .map(|key| KeyCaller {
                id: key.id,
                name: key.name,
                tenant_id: key.tenant_id,
                rights: key.rights,
            }))
    }
}

fn validated(new: NewApiKey) -> Result<NewApiKey, Problem> {
    let mut problems = FieldProblems::default();
    let name = problems.take("name", clean(&new.name, 1, NAME_MAX, false));
    let mut rights = new.rights;
    if rights.is_empty() {
        rights.push(ApiRight::Read);
    }
    rights.sort();
    rights.dedup();
    if new.tenant_id.is_some() && !rights.iter().all(|right| right.is_for_tenants()) {
        problems.add(
            "rights",
            "a tenant's key can only have the rights read and identities:introspect",
        );
    }
    problems.finish()?;
    Ok(NewApiKey {
        name: name.unwrap_or_default(),
        tenant_id: new.tenant_id,
        rights,
    })
}

#[cfg(test)]
mod tests {
    use app::domain::staff::Role;
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::services::testing::{both, cli, code_of, problem_of, sqlite};

    fn new_key(tenant: Option<&str>, rights: &[ApiRight]) -> NewApiKey {
        NewApiKey {
            name: "invoices".into(),
            tenant_id: tenant.map(|id| id.parse().unwrap()),
            rights: rights.to_vec(),
        }
    }

    #[tokio::test]
    async fn a_key_is_recognised_by_its_secret_until_it_is_revoked() {
        for console in both().await {
            console.add_tenant("acme").await;
            let keys = ApiKeys::new(console.core.clone());
            let tenant: TenantId = "acme".parse().unwrap();
            let all = ApiRight::ALL;
            let platform = keys.create(&cli(), new_key(None, all)).await.unwrap();
            console.clock.advance(TimeDelta::milliseconds(1));
            let own = keys
                .create(&cli(), new_key(Some("acme"), &[]))
                .await
                .unwrap();
            assert!(platform.token.expose().starts_with("scpk_"));
            assert!(own.token.expose().starts_with("sctk_"));
            let found = keys
                .authenticate(own.token.expose())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(found.tenant_id.as_ref(), Some(&tenant));
            assert_eq!(found.rights, [ApiRight::Read]);
            let found = keys
                .authenticate(platform.token.expose())
                .await
                .unwrap()
                .unwrap();
            assert_eq!((found.tenant_id, found.rights.as_slice()), (None, all));
            let listed = keys.list(&cli()).await.unwrap();
            assert_eq!(listed, [platform.key.clone(), own.key.clone()]);

            console.clock.advance(TimeDelta::seconds(1));
            let revoked = keys.revoke(&cli(), own.key.id).await.unwrap();
            assert!(revoked.revoked_at.is_some());
            assert_eq!(keys.authenticate(own.token.expose()).await.unwrap(), None);
            let again = keys.revoke(&cli(), own.key.id).await;
            assert_eq!(code_of(again), ProblemCode::Conflict);
            assert_eq!(console.actions("system").await, ["api_key.created"]);
            assert_eq!(
                console.actions("tenant:acme").await,
                ["api_key.created", "api_key.revoked"]
            );
        }
    }

    #[tokio::test]
    async fn keys_are_managed_by_super_admins_with_a_recent_sign_in_only() {
        let console = sqlite().await;
        let keys = ApiKeys::new(console.core.clone());
        console.add("ada", &[Role::SuperAdmin]).await;
        let ada = console.context(&console.sign_in("ada").await).await;
        let made = keys.create(&ada, new_key(None, &[])).await.unwrap();
        for (context, expected) in console.no_managers_of_keys().await {
            let codes = [
                code_of(keys.create(&context, new_key(None, &[])).await),
                code_of(keys.list(&context).await),
                code_of(keys.revoke(&context, made.key.id).await),
            ];
            assert_eq!(codes, [expected; 3]);
        }
        assert!(
            keys.authenticate(made.token.expose())
                .await
                .unwrap()
                .is_some()
        );
    }

    #[tokio::test]
    async fn an_invalid_key_is_refused_by_field() {
        let console = sqlite().await;
        console.add_tenant("acme").await;
        let keys = ApiKeys::new(console.core.clone());
        let too_much = new_key(Some("acme"), &[ApiRight::Read, ApiRight::SendTelemetry]);
        assert!(
            problem_of(keys.create(&cli(), too_much).await)
                .field("rights")
                .is_some()
        );
        let enough = new_key(Some("acme"), &[ApiRight::IntrospectIdentities]);
        assert!(keys.create(&cli(), enough).await.is_ok());
        let nameless = NewApiKey {
            name: " \u{202E}".into(),
            ..new_key(None, &[])
        };
        assert!(
            problem_of(keys.create(&cli(), nameless).await)
                .field("name")
                .is_some()
        );
        let stranger = keys.create(&cli(), new_key(Some("nobody"), &[])).await;
        assert_eq!(code_of(stranger), ProblemCode::NotFound);
        let unknown = ApiKeyId::from_uuid(Uuid::from_u128(9));
        assert_eq!(
            code_of(keys.revoke(&cli(), unknown).await),
            ProblemCode::NotFound
        );
    }

    #[tokio::test]
    async fn a_cookies_token_or_anything_else_is_no_key() {
        let console = sqlite().await;
        console.add("ana", &[Role::SuperAdmin]).await;
        let keys = ApiKeys::new(console.core.clone());
        let made = keys.create(&cli(), new_key(None, &[])).await.unwrap();
        let secret = made.token.expose();
        assert!(!format!("{made:?}").contains(&secret[5..]));
        let cookie = console.sign_in("ana").await.token;
        let other_kind = secret.replace("scpk_", "sctk_");
        for bad in ["", "scpk_", &secret[1..], cookie.expose(), &other_kind] {
            assert_eq!(keys.authenticate(bad).await.unwrap(), None, "{bad}");
        }
    }
}
