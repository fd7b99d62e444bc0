//! Browsers that support sessions are opened in: of each session the label of its host, the code to
//! open it with, and the cookie of the browser it was opened in last.

use app::domain::{SupportSessionId, Timestamp, support_sessions::SupportSession};

use super::{
    Db, StoreError, Tx,
    record::{record, select},
    sql::statements,
};

statements! {
    SET_LABEL = "UPDATE support_sessions SET entry_label = $2 WHERE id = $1";
    LOOKUP_LABEL = "SELECT entry_label FROM support_sessions WHERE id = $1";
    FIND_BY_LABEL = select!(SupportSession, "support_sessions WHERE entry_label = $1");
    FIND_BY_BROWSER = select!(Labelled, "support_sessions WHERE browser_hash = $1 AND entry_label IS NOT NULL");
    // Either lets requests of a support session through.
    COUNT_CREDENTIAL = "SELECT COUNT(*) FROM support_sessions WHERE token_hash = $1 OR browser_hash = $1";
    KEEP_CODE = "UPDATE support_sessions SET entry_code_hash = $2, entry_state_hash = $3, entry_code_expires_at = $4 \
        WHERE id = $1 AND revoked_at IS NULL AND ends_at > $5 AND expiry_recorded = 0";
    COUNT_CODE = "SELECT COUNT(*) FROM support_sessions WHERE entry_label = $1 AND entry_code_hash = $2 \
        AND entry_state_hash = $3 AND entry_code_expires_at > $4";
    // Takes the code, once, and only where the session is active at that instant.
    ENTER = "UPDATE support_sessions SET browser_hash = $4, entry_code_hash = NULL, entry_state_hash = NULL \
        WHERE entry_label = $1 AND entry_code_hash = $2 AND entry_state_hash = $3 AND entry_code_expires_at > $5 \
        AND revoked_at IS NULL AND ends_at > $5 AND expiry_recorded = 0";
}

/// A support session with its own host.
#[derive(Debug, Clone)]
pub struct Labelled {
    pub session: SupportSession,
    /// The label of its host.
    pub label: String,
}

record! { Labelled { session: SupportSession; label = entry_label } }

/// A browser's credential.
#[derive(Debug, Clone)]
pub struct EntryKey {
    /// The label of the request's host.
    pub label: String,
    /// SHA-256 of its code.
    pub code_hash: [u8; 32],
    /// SHA-256 of its state.
    pub state_hash: [u8; 32],
}

impl Db<'_> {
    /// The label of a support session's host, if it has one.
    pub async fn lookup_entry_label(
        &mut self,
        id: SupportSessionId,
    ) -> Result<Option<String>, StoreError> {
        let label = self.query(LOOKUP_LABEL).bind(id);
        let label: Option<Option<String>> = label.fetch_optional().await?;
        Ok(label.flatten())
    }

    /// The support session whose host has this label, ended ones included.
    pub async fn find_support_session_by_label(
        &mut self,
        label: &str,
    ) -> Result<Option<SupportSession>, StoreError> {
        self.query(FIND_BY_LABEL).bind(label).fetch_optional().await
    }

    /// The support session that a browser's cookie belongs to, ended ones included.
    pub async fn find_support_session_by_browser(
        &mut self,
        token_hash: [u8; 32],
    ) -> Result<Option<Labelled>, StoreError> {
        let found = self.query(FIND_BY_BROWSER).bind(token_hash);
        found.fetch_optional().await
    }

    /// Whether this is the hash of a support session's token, or of the cookie of its browser.
    pub async fn is_support_credential(
        &mut self,
        token_hash: [u8; 32],
    ) -> Result<bool, StoreError> {
        let found = self.query(COUNT_CREDENTIAL).bind(token_hash);
        Ok(found.fetch_one::<i64>().await? > 0)
    }

    /// Whether a code exists.
    pub async fn is_entry_code(
        &mut self,
        key: &EntryKey,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let found = self.query(COUNT_CODE).bind(&key.label).bind(key.code_hash);
        let found = found.bind(key.state_hash).bind(now);
        Ok(found.fetch_one::<i64>().await? > 0)
    }
}

impl Tx<'_> {
    /// Gives a support session the host that it opens at.
    pub async fn set_entry_label(
        &mut self,
        id: SupportSessionId,
        label: &str,
    ) -> Result<(), StoreError> {
        let set = self.query(SET_LABEL).bind(id).bind(label);
        set.done().await
    }

    /// Keeps a code until `until`, replacing an earlier one. Returns whether the session was
    /// active.
    pub async fn keep_entry_code(
        &mut self,
        id: SupportSessionId,
        code_hash: [u8; 32],
        state_hash: [u8; 32],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let keep = self.query(KEEP_CODE).bind(id);
        let keep = keep.bind(code_hash).bind(state_hash);
        keep.bind(until).bind(now).changes_one().await
    }

    /// Redeems a code, once, and replaces the earlier browser's cookie. Returns whether the code
    /// existed and the session was active.
    pub async fn enter_browser(
        &mut self,
        key: &EntryKey,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let enter = self.query(ENTER).bind(&key.label).bind(key.code_hash);
        let enter = enter.bind(key.state_hash).bind(token_hash).bind(now);
        enter.changes_one().await
    }
}
