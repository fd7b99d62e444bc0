//! The keys that sign identities: one follows the other without an outage.
//!
//! Keys are files of one node, so an action here only affects that node. With PostgreSQL it is done
//! on each. Every action is recorded before it is done: no key signs without a record of its
//! origin.

use app::domain::{
    audit::{AuditAction, AuditOutcome, KeyRotation},
    caller::Context,
    policy::Act,
};
use store::Audited;

use super::{Core, ServiceError};
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

    /// Publishes a new key, which doesn't sign yet. Returns its name.
    pub async fn add(&self, context: &Context) -> Result<String, IdentityKeysError> {
        self.authorise(context)?;
        let _lock = self.rotation.lock()?;
        let new = self.rotation.make_next(&*self.core.entropy)?;
        let kid = new.key.kid().to_owned();
        self.record(context, AuditAction::IdentityKeyAdded, &kid, false)
            .await?;
        let done = self.rotation.add(&new, self.core.now());
        self.finish(context, AuditAction::IdentityKeyAdded, &kid, done)
            .await
    }

    /// Starts signing with the next key and retires the current one. Returns the new one's name.
    pub async fn promote(
        &self,
        context: &Context,
        at_once: bool,
    ) -> Result<String, IdentityKeysError> {
        self.authorise(context)?;
        let _lock = self.rotation.lock()?;
        let next = self.rotation.promotable(self.core.now(), at_once)?;
        let kid = next.key.kid();
        self.record(context, AuditAction::IdentityKeyPromoted, kid, at_once)
            .await?;
        let done = self.rotation.promote(self.core.now());
        self.finish(context, AuditAction::IdentityKeyPromoted, kid, done)
            .await
    }

    /// Removes the retired key. Returns its name.
    pub async fn retire(
        &self,
        context: &Context,
        at_once: bool,
    ) -> Result<String, IdentityKeysError> {
        self.authorise(context)?;
        let _lock = self.rotation.lock()?;
        let old = self.rotation.retirable(self.core.now(), at_once)?;
        let kid = old.key.kid();
        self.record(context, AuditAction::IdentityKeyRemoved, kid, at_once)
            .await?;
        let done = self.rotation.retire();
        self.finish(context, AuditAction::IdentityKeyRemoved, kid, done)
            .await
    }

    fn authorise(&self, context: &Context) -> Result<(), IdentityKeysError> {
        let allowed = self.core.authorise(context, Act::ManageKeys);
        Ok(allowed.map_err(ServiceError::from)?)
    }

    async fn record(
        &self,
        context: &Context,
        action: fn(KeyRotation) -> AuditAction,
        kid: &str,
        at_once: bool,
    ) -> Result<(), ServiceError> {
        let action = action(KeyRotation::Begun { at_once });
        self.append(context, action, kid, AuditOutcome::Success)
            .await
    }

    /// Records that a recorded action failed, if it did.
    async fn finish(
        &self,
        context: &Context,
        action: fn(KeyRotation) -> AuditAction,
        kid: &str,
        done: Result<(), RotationError>,
    ) -> Result<String, IdentityKeysError> {
        if let Err(error) = done {
            let why = error.to_string();
            let action = action(KeyRotation::Failed { why });
            self.append(context, action, kid, AuditOutcome::Failure)
                .await?;
            return Err(error.into());
        }
        Ok(kid.to_owned())
    }

    async fn append(
        &self,
        context: &Context,
        action: AuditAction,
        kid: &str,
        outcome: AuditOutcome,
    ) -> Result<(), ServiceError> {
        let mut event = self.core.event(context, None, kid, action);
        event.outcome = outcome;
        self.core
            .store
            .act(event, move |event, tx| {
                Box::pin(async move {
                    let receipt = tx.append_audit(event.clone()).await?;
                    Ok::<_, ServiceError>(Audited::new((), receipt))
                })
            })
            .await
    }
}

#[cfg(test)]
mod tests;
