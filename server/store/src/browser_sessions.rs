//! The browsers of support sessions. Each session has the label of its host, the code that opens
//! it, and the cookie of the browser that opened it last.

use app::domain::{SupportSessionId, Timestamp, support_sessions::SupportSession};

use super::{
    Bookkeeping, Db, Tx,
    record::{record, select},
    sql::queries,
};

queries! {
    Db {
        /// The label of a support session's host, if it has one.
        pub fn lookup_entry_label(id: SupportSessionId) -> nullable String
            = "SELECT entry_label FROM support_sessions WHERE id = :id";

        /// The support session whose host has this label, even if it has ended.
        pub fn find_support_session_by_label(label: &str) -> optional SupportSession
            = select!(SupportSession, "support_sessions WHERE entry_label = :label");

        /// The support session of a browser's cookie, even if it has ended.
        pub fn find_support_session_by_browser(token_hash: [u8; 32]) -> optional Labelled
            = select!(Labelled, "support_sessions WHERE browser_hash = :token_hash AND entry_label IS NOT NULL");

        /// Whether this is the hash of a support session's token, or of its browser's cookie. Both
        /// admit requests of the session.
        pub fn is_support_credential(hash: [u8; 32]) -> exists
            = "SELECT COUNT(*) FROM support_sessions WHERE token_hash = :hash OR browser_hash = :hash";

        /// Whether a code exists.
        pub fn is_entry_code(key: &EntryKey, now: Timestamp) -> exists
            where (label = key.label, code_hash = key.code_hash, state_hash = key.state_hash, now)
            = "SELECT COUNT(*) FROM support_sessions WHERE entry_label = :label AND entry_code_hash = :code_hash \
                AND entry_state_hash = :state_hash AND entry_code_expires_at > :now";
    }
    Bookkeeping {
        /// Keeps a code until `until`, replacing an earlier one. Returns whether the session was active.
        pub fn keep_entry_code(
            id: SupportSessionId, code_hash: [u8; 32], state_hash: [u8; 32], until: Timestamp, now: Timestamp
        ) -> changed
            = "UPDATE support_sessions SET entry_code_hash = :code_hash, entry_state_hash = :state_hash, \
                entry_code_expires_at = :until \
                WHERE id = :id AND revoked_at IS NULL AND ends_at > :now AND expiry_recorded = 0";
    }
    Tx {
        /// Sets the host at which a support session opens.
        pub fn set_entry_label(id: SupportSessionId, label: &str)
            = "UPDATE support_sessions SET entry_label = :label WHERE id = :id";

        /// Redeems a code, once, and replaces the earlier browser's cookie. Returns whether the code existed, the
        /// session was active at that instant, and it may be used from `ip`.
        pub fn enter_browser(key: &EntryKey, token_hash: [u8; 32], ip: &str, now: Timestamp) -> changed
            where (label = key.label, code_hash = key.code_hash, state_hash = key.state_hash, token_hash, ip, now)
            = "UPDATE support_sessions SET browser_hash = :token_hash, entry_code_hash = NULL, entry_state_hash = NULL \
                WHERE entry_label = :label AND entry_code_hash = :code_hash AND entry_state_hash = :state_hash \
                AND entry_code_expires_at > :now AND revoked_at IS NULL AND ends_at > :now AND expiry_recorded = 0 \
                AND (creator_ip_only = 0 OR ip = :ip)";
    }
}

/// A support session with its own host.
#[derive(Debug, Clone)]
pub struct Labelled {
    pub session: SupportSession,
    /// The label of its host.
    pub label: String,
}

record! { Labelled { session: SupportSession; label = entry_label } }

/// What a browser presents to get its cookie.
#[derive(Debug, Clone)]
pub struct EntryKey {
    /// The label of the request's host.
    pub label: String,
    /// SHA-256 of its code.
    pub code_hash: [u8; 32],
    /// SHA-256 of its state.
    pub state_hash: [u8; 32],
}
