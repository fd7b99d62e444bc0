//! Browsers in which support sessions are opened: the gateway's view of the store.
//!
//! For the console's part see `support_sessions`.

use std::{net::IpAddr, sync::Arc};

use app::domain::{
    SupportSessionId,
    audit::{ActorType, AuditAction},
    caller::Origin,
    support_sessions::{Lifecycle, SupportSession},
};
use async_trait::async_trait;
use gateway::{
    SessionGates,
    ports::{
        BrowserSession, BrowserSessions, Ended, NewBrowserSession, NotEntered, StoreUnavailable,
    },
};
use store::{
    Audited, ChangeKind, StoreError, Tx, audit::NewAuditEvent, browser_sessions::EntryKey,
};

use super::{Core, access_log::known, core::actor_of, gates::cut_replaced_now};

/// Browsers' cookies in the store.
pub struct StoreBrowserSessions {
    core: Core,
    gates: Arc<SessionGates>,
}

impl StoreBrowserSessions {
    /// Cookies in the store of `core`. Requests of replaced cookies pass no gate of `gates`.
    pub fn new(core: Core, gates: Arc<SessionGates>) -> Arc<Self> {
        Arc::new(Self { core, gates })
    }

    async fn find(&self, token_hash: [u8; 32]) -> Result<Option<BrowserSession>, StoreError> {
        let mut reader = self.core.store.read().await?;
        let found = reader
            .db()
            .find_support_session_by_browser(token_hash)
            .await?;
        Ok(found.and_then(|found| {
            Some(BrowserSession {
                session: known(found.session, token_hash),
                label: found.label.parse().ok()?,
            })
        }))
    }

    /// Whether the code exists, for this address. This is checked before writing, so that guessing
    /// codes delays nobody. The act itself decides the same again.
    async fn check(&self, key: &EntryKey, ip: IpAddr) -> Result<Option<NotEntered>, StoreError> {
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let session = db.find_support_session_by_label(&key.label).await?;
        let refused = session.and_then(|session| match session.lifecycle(now) {
            Lifecycle::Expired { .. } => Some(NotEntered::Ended(Ended::Expired)),
            Lifecycle::Revoked(_) => Some(NotEntered::Ended(Ended::Revoked)),
            Lifecycle::Active(_) => {
                let elsewhere = session.limits.creator_ip_only && session.ip != ip.to_string();
                elsewhere.then_some(NotEntered::WrongAddress)
            }
        });
        if refused.is_some() {
            return Ok(refused);
        }
        let is_code = db.is_entry_code(key, now).await?;
        Ok((!is_code).then_some(NotEntered::Code))
    }

    async fn take(&self, key: EntryKey, new: NewBrowserSession) -> Result<bool, StoreError> {
        let given = (self.core.clone(), key, new);
        let taken = self
            .core
            .store
            .act(given, move |(core, key, new), tx| {
                Box::pin(async move { take_in(tx, core, key, new).await })
            })
            .await?;
        if let Some(id) = taken {
            cut_replaced_now(&self.core, &self.gates, id).await;
        }
        Ok(taken.is_some())
    }
}

async fn take_in(
    tx: &mut Tx<'_>,
    core: &Core,
    key: &EntryKey,
    new: &NewBrowserSession,
) -> Result<Audited<Option<SupportSessionId>>, StoreError> {
    if !new.waits.still() {
        return Ok(Audited::unchanged(None));
    }
    let (now, ip) = (core.now(), new.ip.to_string());
    if !tx.enter_browser(key, new.token_hash, &ip, now).await? {
        return Ok(Audited::unchanged(None));
    }
    let Some(session) = tx.find_support_session_by_label(&key.label).await? else {
        return Ok(Audited::unchanged(None));
    };
    let event = opened(core, &session, new);
    let receipt = tx.append_audit(event);
    // Requests of the previous cookie are cut off on every node.
    tx.change(ChangeKind::SupportSession, session.id, now)
        .await?;
    Ok(Audited::new(Some(session.id), receipt))
}

fn opened(core: &Core, session: &SupportSession, new: &NewBrowserSession) -> NewAuditEvent {
    let actor = actor_of(ActorType::Staff, session.staff_id, &session.staff_name);
    let origin = Origin {
        ip: Some(new.ip.to_string()),
        user_agent: Some(new.user_agent.clone()),
        request_id: Some(new.request_id.to_string()),
        zone: None,
    };
    let action = AuditAction::SupportSessionOpenedInBrowser {};
    NewAuditEvent {
        occurred_at: new.at,
        ..core.event_by(actor, origin, Some(&session.tenant_id), session.id, action)
    }
}

#[async_trait]
impl BrowserSessions for StoreBrowserSessions {
    async fn lookup(
        &self,
        token_hash: [u8; 32],
    ) -> Result<Option<BrowserSession>, StoreUnavailable> {
        self.find(token_hash).await.map_err(|_| StoreUnavailable)
    }

    async fn enter(&self, new: NewBrowserSession) -> Result<(), NotEntered> {
        let key = EntryKey {
            label: new.label.to_string(),
            code_hash: new.code_hash,
            state_hash: new.state_hash,
        };
        let unavailable = |error: StoreError| {
            tracing::warn!(request.id = %new.request_id, error = %error, "can't open a tenant in a browser");
            NotEntered::Unavailable
        };
        if let Some(refused) = self.check(&key, new.ip).await.map_err(unavailable)? {
            return Err(refused);
        }
        if self
            .take(key.clone(), new.clone())
            .await
            .map_err(unavailable)?
        {
            return Ok(());
        }
        if !new.waits.still() {
            return Err(NotEntered::Unavailable);
        }
        // The code was taken or the session ended meanwhile.
        let refused = self.check(&key, new.ip).await.map_err(unavailable)?;
        Err(refused.unwrap_or(NotEntered::Code))
    }
}
