//! The keys that sign identities: one follows the other without an outage.
//!
//! Keys are files of one node, so an action here only affects that node. With PostgreSQL, repeat it
//! on each. Every action is recorded before it is done, so that no key signs without a record of
//! its origin.

use app::domain::{
    Timestamp,
    audit::{AuditAction, AuditOutcome, KeyRotation},
    caller::Context,
    policy::Act,
};

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

/// Finds the key that may change, or says why none may.
type Which = fn(&Rotation, Timestamp, bool) -> Result<KeptKey, RotationError>;
type Change = fn(&Rotation, Timestamp) -> Result<(), RotationError>;

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

    /// All keys: next, current, retired.
    pub fn list(&self, context: &Context) -> Result<Vec<KeptKey>, IdentityKeysError> {
        self.authorise(context)?;
        Ok(self.rotation.list()?)
    }

    /// Publishes a new key, which doesn't sign yet. Returns its name.
    pub async fn add(&self, context: &Context) -> Result<String, IdentityKeysError> {
        self.authorise(context)?;
        let _lock = self.rotation.lock()?;
        let new = self.rotation.make_next(&*self.core.entropy)?;
        let (action, kid) = (AuditAction::IdentityKeyAdded, new.key.kid());
        self.record(context, action, kid, false).await?;
        let done = self.rotation.add(&new, self.core.now());
        self.finish(context, action, kid, done).await
    }

    /// Starts signing with the next key and retires the current one. Returns the new one's name.
    pub async fn promote(
        &self,
        context: &Context,
        at_once: bool,
    ) -> Result<String, IdentityKeysError> {
        let (which, change) = (Rotation::promotable, Rotation::promote);
        let action = AuditAction::IdentityKeyPromoted;
        self.step(context, action, at_once, which, change).await
    }

    /// Removes the retired key. Returns its name.
    pub async fn retire(
        &self,
        context: &Context,
        at_once: bool,
    ) -> Result<String, IdentityKeysError> {
        let change = |keys: &Rotation, _| keys.retire();
        let action = AuditAction::IdentityKeyRemoved;
        self.step(context, action, at_once, Rotation::retirable, change)
            .await
    }

    async fn step(
        &self,
        context: &Context,
        action: fn(KeyRotation) -> AuditAction,
        at_once: bool,
        which: Which,
        change: Change,
    ) -> Result<String, IdentityKeysError> {
        self.authorise(context)?;
        let _lock = self.rotation.lock()?;
        let kept = which(&self.rotation, self.core.now(), at_once)?;
        let kid = kept.key.kid();
        self.record(context, action, kid, at_once).await?;
        let done = change(&self.rotation, self.core.now());
        self.finish(context, action, kid, done).await
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
        let event = self.core.event(context, None, kid, action);
        self.core.append(event).await
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
            let mut event = self.core.event(context, None, kid, action);
            event.outcome = AuditOutcome::Failure;
            self.core.append(event).await?;
            return Err(error.into());
        }
        Ok(kid.to_owned())
    }
}

#[cfg(test)]
mod tests;
