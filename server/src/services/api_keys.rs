//! Keys of the REST interface.

mod read;
mod rotate;
mod uses;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use app::domain::{
    ApiKeyId, AuditEventId,
    api_keys::{ApiKey, ApiKeyRevoked, ApiKeyState},
    audit::AuditAction,
    caller::{Caller, Context, KeyCaller},
    policy::Act,
    problem::{Problem, ProblemCode},
};
use chrono::TimeDelta;
use gateway::token::{Token, TokenKind};
use store::{Audited, ChangeKind, Lane};

use self::uses::Uses;
use super::{Core, ServiceError, core::actor, tenants::find_tenant};

pub use app::domain::api_keys::NewApiKey;

/// A key that was just made, or whose secret was just replaced.
#[derive(Debug)]
pub struct ApiKeyMade {
    pub key: ApiKey,
    /// Its secret, shown once.
    pub token: Token,
    pub event: AuditEventId,
}

/// Whether a form was sent for the first time.
enum Made {
    Now(ApiKeyMade),
    /// An earlier submit of the same form made this key, or replaced its secret.
    Before(ApiKey),
}

impl Made {
    fn now(self) -> Result<ApiKeyMade, Problem> {
        match self {
            Self::Now(made) => Ok(made),
            Self::Before(_) => Err(Problem::new(
                ProblemCode::Conflict,
                "This form was already sent. Nothing was done now.",
            )),
        }
    }
}

/// Makes, lists, rotates, revokes and recognises keys.
#[derive(Clone)]
pub struct ApiKeys {
    core: Core,
    uses: Arc<Uses>,
}

impl ApiKeys {
    pub fn new(core: Core) -> Self {
        Self {
            core,
            uses: Arc::default(),
        }
    }

    /// Makes a key. Its secret is in the answer and nowhere else.
    pub async fn create(
        &self,
        context: &Context,
        new: NewApiKey,
    ) -> Result<ApiKeyMade, ServiceError> {
        Ok(self.make(context, new).await?.now()?)
    }

    async fn make(&self, context: &Context, new: NewApiKey) -> Result<Made, ServiceError> {
        self.core.authorise(context, Act::ManageKeys)?;
        let new = new.validated()?;
        if let Some(tenant) = &new.tenant_id {
            find_tenant(&self.core, tenant).await?;
        }
        let (token, form) = (
            self.token_for(new.tenant_id.is_some()),
            new.form_key.clone(),
        );
        let (hash, key) = (token.hash(), self.key_of(context, new));
        let create = self
            .core
            .act(context, (key, form), move |(key, form), mut act| {
                Box::pin(async move {
                    if let Some(form) = form
                        && let Some(before) = act.tx.find_api_key_by_form(form).await?
                    {
                        return Ok(Audited::unchanged(Err(before)));
                    }
                    act.tx.add_api_key(key, hash, form.as_deref()).await?;
                    let action = AuditAction::ApiKeyCreated {
                        name: key.name.clone(),
                        rights: key.rights.clone(),
                        expires_at: key.expires_at,
                        allowed_addresses: key.allowed_addresses.clone(),
                        requests_per_minute: key.requests_per_minute,
                    };
                    // A key that opens a tenant's data is recorded in the tenant's log.
                    let receipt = act.record(key.tenant_id.as_ref(), key.id, action);
                    act.change(ChangeKind::ApiKey, key.id).await?;
                    let made = (key.clone(), receipt.event_id());
                    Ok(Audited::new(Ok(made), receipt))
                })
            });
        let created: Result<_, ApiKey> = create.await?;
        Ok(match created {
            Ok((key, event)) => Made::Now(ApiKeyMade { key, token, event }),
            Err(before) => Made::Before(before),
        })
    }

    fn token_for(&self, is_of_tenant: bool) -> Token {
        let kind = match is_of_tenant {
            false => TokenKind::PlatformKey,
            true => TokenKind::TenantKey,
        };
        Token::generate(kind, &*self.core.entropy)
    }

    fn key_of(&self, context: &Context, new: NewApiKey) -> ApiKey {
        let now = self.core.now();
        ApiKey {
            id: ApiKeyId::from_uuid(self.core.new_uuid()),
            name: new.name,
            tenant_id: new.tenant_id,
            rights: new.rights,
            created_at: now,
            created_by: maker(context),
            expires_at: new
                .expires_in_days
                .map(|days| now + TimeDelta::days(days.into())),
            allowed_addresses: new.allowed_addresses,
            requests_per_minute: new.requests_per_minute,
            last_used_at: None,
            last_used_from: String::new(),
            uses_noted_since: now,
            rotated_at: None,
            previous_until: None,
            revoked_at: None,
        }
    }

    /// Revokes a key for good, with every secret of it.
    pub async fn revoke(
        &self,
        context: &Context,
        id: ApiKeyId,
    ) -> Result<ApiKeyRevoked, ServiceError> {
        self.core.authorise(context, Act::ManageKeys)?;
        let key = self.find(id).await?;
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
                let mut key = key.clone();
                key.revoked_at = Some(now);
                let revoked = ApiKeyRevoked {
                    key,
                    audit_event_id: receipt.event_id(),
                };
                Ok(Audited::new(revoked, receipt))
            })
        });
        Lane::Ends.run(revoke).await
    }

    async fn find(&self, id: ApiKeyId) -> Result<ApiKey, ServiceError> {
        let mut reader = self.core.store.read().await?;
        let found = reader.db().lookup_api_key(id).await?;
        Ok(found.ok_or_else(|| Problem::not_found("key"))?)
    }

    /// The holder of a secret; `None` if it is unknown, no longer its key's, or its key was revoked. Counts as a use.
    ///
    /// # Errors
    ///
    /// If the key has expired, or may not be used from the client's address.
    pub async fn authenticate(
        &self,
        secret: &str,
        address: Option<&str>,
    ) -> Result<Option<KeyCaller>, Problem> {
        let Ok(token) = Token::parse(secret) else {
            return Ok(None);
        };
        if !matches!(token.kind(), TokenKind::PlatformKey | TokenKind::TenantKey) {
            return Ok(None);
        }
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let found = db.find_api_key_by_token(token.hash(), now).await?;
        drop(reader);
        let Some(key) = found else {
            return Ok(None);
        };
        match key.state(now) {
            ApiKeyState::Active => {}
            ApiKeyState::Revoked => return Ok(None),
            ApiKeyState::Expired => {
                let detail = "This key has expired. Create a new one.";
                return Err(Problem::new(ProblemCode::Unauthenticated, detail));
            }
        }
        if !key.allows(address.and_then(|address| address.parse().ok())) {
            let address = address.unwrap_or("an unknown address");
            let detail = format!("This key can't be used from {address}.");
            return Err(Problem::forbidden(detail));
        }
        self.note_use(&key, address.unwrap_or_default(), now).await;
        Ok(Some(KeyCaller {
            id: key.id,
            name: key.name,
            tenant_id: key.tenant_id,
            rights: key.rights,
            requests_per_minute: key.requests_per_minute,
        }))
    }
}

/// Who makes a key, in words.
fn maker(context: &Context) -> String {
    let name = actor(&context.caller).name;
    match &context.caller {
        Caller::Cli { .. } => format!("{name} (command line)"),
        _ => name,
    }
}
