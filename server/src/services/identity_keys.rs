//! The keys that sign identities: one follows the other without an outage.
//!
//! They are files of one node, so an act here is of that node alone; with PostgreSQL it is done on
//! each. What is about to be done is recorded first: no key signs without a record of how it came.

use app::domain::{
    audit::{AuditCategory, AuditOutcome},
    caller::Context,
    policy::Act,
};
use serde_json::json;
use store::Audited;

use super::{Core, EventOf, ServiceError};
use crate::keys::{
    KeyError,
    identity::{KeptKey, Rotation, RotationError},
};

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum IdentityKeysError {
    /// Not allowed, or not recorded.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The keys are not ready for it, or a file is at fault.
    #[error(transparent)]
    Rotation(#[from] RotationError),
}

impl From<KeyError> for IdentityKeysError {
    fn from(error: KeyError) -> Self {
        Self::Rotation(error.into())
    }
}

/// Adding, promoting and retiring keys.
#[derive(Clone)]
pub struct IdentityKeysService {
    core: Core,
    rotation: Rotation,
}

impl IdentityKeysService {
    /// Over the keys in the configured folder.
    pub fn new(core: Core) -> Self {
        let rotation = Rotation::of(&core.config.data_dir);
        Self { core, rotation }
    }

    /// Every key there is: next, current, retired.
    pub fn list(&self, context: &Context) -> Result<Vec<KeptKey>, IdentityKeysError> {
        self.authorise(context)?;
        Ok(self.rotation.list()?)
    }

    /// Publishes a new key, which signs nothing yet; gives its name.
    pub async fn add(&self, context: &Context) -> Result<String, IdentityKeysError> {
        self.authorise(context)?;
        let _lock = self.rotation.lock()?;
        let new = self.rotation.make_next(&*self.core.entropy)?;
        let kid = new.key.kid().to_owned();
        self.record(context, "identity_key.added", &kid, false)
            .await?;
        let done = self.rotation.add(&new, self.core.now());
        self.finish(context, "identity_key.added", &kid, done).await
    }

    /// Lets the next key sign, and retires the current one; gives the name of the new one.
    pub async fn promote(
        &self,
        context: &Context,
        at_once: bool,
    ) -> Result<String, IdentityKeysError> {
        self.authorise(context)?;
        let _lock = self.rotation.lock()?;
        let next = self.rotation.promotable(self.core.now(), at_once)?;
        let kid = next.key.kid();
        self.record(context, "identity_key.promoted", kid, at_once)
            .await?;
        let done = self.rotation.promote(self.core.now());
        self.finish(context, "identity_key.promoted", kid, done)
            .await
    }

    /// Stops publishing the retired key, and removes it; gives its name.
    pub async fn retire(
        &self,
        context: &Context,
        at_once: bool,
    ) -> Result<String, IdentityKeysError> {
        self.authorise(context)?;
        let _lock = self.rotation.lock()?;
        let old = self.rotation.retirable(self.core.now(), at_once)?;
        let kid = old.key.kid();
        self.record(context, "identity_key.removed", kid, at_once)
            .await?;
        let done = self.rotation.retire();
        self.finish(context, "identity_key.removed", kid, done)
            .await
    }

    fn authorise(&self, context: &Context) -> Result<(), IdentityKeysError> {
        let allowed = self.core.authorise(context, Act::ManageKeys);
        Ok(allowed.map_err(ServiceError::from)?)
    }

    async fn record(
        &self,
        context: &Context,
        action: &'static str,
        kid: &str,
        at_once: bool,
    ) -> Result<(), ServiceError> {
        let outcome = AuditOutcome::Success;
        self.append(context, action, kid, outcome, json!({ "at_once": at_once }))
            .await
    }

    /// Records that what was recorded could not be done, where that is so.
    async fn finish(
        &self,
        context: &Context,
        action: &'static str,
        kid: &str,
        done: Result<(), RotationError>,
    ) -> Result<String, IdentityKeysError> {
        if let Err(error) = done {
            let why = json!({ "why": error.to_string() });
            self.append(context, action, kid, AuditOutcome::Failure, why)
                .await?;
            return Err(error.into());
        }
        Ok(kid.to_owned())
    }

    async fn append(
        &self,
        context: &Context,
        action: &'static str,
        kid: &str,
        outcome: AuditOutcome,
        metadata: serde_json::Value,
    ) -> Result<(), ServiceError> {
        let of = EventOf {
            tenant_id: None,
            category: AuditCategory::System,
            action,
            resource_type: "identity_key",
            resource_id: kid.to_owned(),
            metadata,
        };
        let mut event = self.core.event(context, of);
        event.outcome = outcome;
        self.core
            .store
            .act(move |tx| {
                let event = event.clone();
                Box::pin(async move {
                    let receipt = tx.append_audit(event).await?;
                    Ok::<_, ServiceError>(Audited::new((), receipt))
                })
            })
            .await
    }
}

#[cfg(test)]
mod tests;
