//! Whether an identity that the gateway has signed is still valid (RFC 7662).

use std::sync::Arc;

use app::{
    domain::{
        access_log::RequestOutcome, caller::Context, policy::Act,
        support_sessions::SupportSessionStatus,
    },
    identity::{Claims, MAX_LIFETIME, read_signed},
};
use gateway::identities::Identities;
use store::StoreError;

use super::{Core, ServiceError};

/// How many seconds the signing node's clock may be ahead.
const CLOCKS_DIFFER: i64 = 5;

/// Whether an identity that the gateway has signed is still valid.
#[derive(Clone)]
pub struct IntrospectionService {
    core: Core,
    identities: Arc<Identities>,
}

impl IntrospectionService {
    pub fn new(core: Core, identities: Arc<Identities>) -> Self {
        Self { core, identities }
    }

    /// The content of an identity, if it is valid at this instant: signed by a published key, not
    /// expired, for a recorded request, in an active support session. A support session's own token
    /// is never accepted here, because it would allow requests without a record.
    pub async fn introspect(
        &self,
        context: &Context,
        token: &str,
    ) -> Result<Option<Claims>, ServiceError> {
        self.core.authorise(context, Act::IntrospectIdentities)?;
        let Ok(claims) = read_signed(token, &self.identities.key_set()) else {
            return Ok(None);
        };
        // Another tenant's data doesn't exist, as everywhere.
        let reach = Act::IntrospectIdentityOf(&claims.tenant_id);
        if self.core.authorise(context, reach).is_err() || !self.is_fresh(&claims) {
            return Ok(None);
        }
        Ok(self.is_live(&claims).await?.then_some(claims))
    }

    fn is_fresh(&self, claims: &Claims) -> bool {
        let now = self.core.now().timestamp();
        claims.iss == self.identities.issuer()
            && claims.iat <= now.saturating_add(CLOCKS_DIFFER)
            && now < claims.exp
            && claims.exp.saturating_sub(claims.iat) <= MAX_LIFETIME
    }

    async fn is_live(&self, claims: &Claims) -> Result<bool, StoreError> {
        let mut reader = self.core.store.read().await?;
        let entry = reader.db().lookup_access_log_entry(claims.jti).await?;
        let session = reader.db().lookup_support_session(claims.sub).await?;
        // After the read, so that an expiry meanwhile counts.
        let now = self.core.now();
        Ok(entry.zip(session).is_some_and(|(entry, session)| {
            entry.support_session_id == session.id
                && entry.outcome != RequestOutcome::Refused
                && session.tenant_id == claims.tenant_id
                && session.staff_id == claims.act.sub
                && session.status(now) == SupportSessionStatus::Active
        }))
    }
}

#[cfg(test)]
mod tests;
