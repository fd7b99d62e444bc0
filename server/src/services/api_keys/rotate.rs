//! Replaces a key's secret. The previous one works on for a while, so that its users can be changed one by one.

use app::domain::{
    ApiKeyId,
    api_keys::{ApiKey, ApiKeyState, KeyRotation, NextExpiry},
    audit::AuditAction,
    caller::Context,
    policy::Act,
    problem::{Problem, ProblemCode},
};
use chrono::TimeDelta;
use store::{Audited, ChangeKind, Lane};

use super::{ApiKeyMade, ApiKeys, Made, ServiceError};

impl ApiKeys {
    /// Replaces a key's secret. The new one is in the answer and nowhere else.
    pub async fn rotate(
        &self,
        context: &Context,
        id: ApiKeyId,
        rotation: KeyRotation,
    ) -> Result<ApiKeyMade, ServiceError> {
        Ok(self.replace(context, id, rotation).await?.now()?)
    }

    pub(super) async fn replace(
        &self,
        context: &Context,
        id: ApiKeyId,
        rotation: KeyRotation,
    ) -> Result<Made, ServiceError> {
        self.core.authorise(context, Act::ManageKeys)?;
        let rotation = rotation.validated()?;
        let before = self.find(id).await?;
        if self.is_sent_before(id, &rotation).await? {
            return Ok(Made::Before(before));
        }
        let token = self.token_for(before.tenant_id.is_some());
        let hash = token.hash();
        let key = self.rotated(before.clone(), &rotation)?;
        let given = (key, before.rotated_at, rotation.form_key);
        let rotate = self
            .core
            .act(context, given, move |(key, before, form), mut act| {
                Box::pin(async move {
                    let now = key.rotated_at.unwrap_or_else(|| act.now());
                    let rotated = act
                        .tx
                        .rotate_api_key(key, hash, form.as_deref(), *before, now);
                    if !rotated.await? {
                        let detail = "This key was changed just now. Look at it again.";
                        return Err(Problem::new(ProblemCode::Conflict, detail).into());
                    }
                    let action = AuditAction::ApiKeyRotated {
                        name: key.name.clone(),
                        previous_until: key.previous_until.unwrap_or(now),
                        expires_at: key.expires_at,
                    };
                    let receipt = act.record(key.tenant_id.as_ref(), key.id, action);
                    act.change(ChangeKind::ApiKey, key.id).await?;
                    Ok(Audited::new(receipt.event_id(), receipt))
                })
            });
        let event = Lane::Ends.run(rotate).await?;
        let key = self.find(id).await?;
        Ok(Made::Now(ApiKeyMade { key, token, event }))
    }

    async fn is_sent_before(
        &self,
        id: ApiKeyId,
        rotation: &KeyRotation,
    ) -> Result<bool, ServiceError> {
        let Some(form) = &rotation.form_key else {
            return Ok(false);
        };
        let mut reader = self.core.store.read().await?;
        Ok(reader.db().is_api_key_rotated_by(id, form).await?)
    }

    /// The key as it is once its secret is replaced now.
    fn rotated(&self, mut key: ApiKey, rotation: &KeyRotation) -> Result<ApiKey, Problem> {
        let now = self.core.now();
        let conflict = |detail: &str| Err(Problem::new(ProblemCode::Conflict, detail));
        match key.state(now) {
            ApiKeyState::Active => {}
            ApiKeyState::Revoked => return conflict("This key is revoked. Create a new one."),
            ApiKeyState::Expired => return conflict("This key has expired. Create a new one."),
        }
        // Only one previous secret is kept, and it works as long as was promised.
        if rotation.overlap_hours > 0 && key.overlap(now).is_some() {
            return conflict(
                "The previous secret of this key still works. Wait until it ends, or rotate with an overlap of 0 hours, \
                 which ends both at once.",
            );
        }
        let until = now + TimeDelta::hours(rotation.overlap_hours.into());
        // The overlap doesn't extend what would have expired.
        key.previous_until = Some(
            key.expires_at
                .map_or(until, |expires_at| expires_at.min(until)),
        );
        key.expires_at = match rotation.expiry {
            NextExpiry::Unchanged => key.expires_at,
            NextExpiry::Never => None,
            NextExpiry::InDays(days) => Some(now + TimeDelta::days(days.into())),
        };
        key.rotated_at = Some(now);
        Ok(key)
    }
}
