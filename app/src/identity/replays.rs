//! Identities that were presented before.

use std::collections::HashMap;

use super::Claims;
use crate::domain::RequestId;

/// Remembers the identities that one process has accepted until they expire. The gateway never
/// sends one twice, so a repeated identity was stolen.
#[derive(Debug, Default)]
pub struct Replays {
    /// The instant after which it can be forgotten, in seconds since 1970.
    seen: HashMap<RequestId, i64>,
    /// The next sweep of expired entries.
    sweep_at: i64,
}

impl Replays {
    /// Whether a verified identity is presented for the first time. `now` is in seconds since 1970,
    /// `leeway` is the verifier's.
    pub fn is_first(&mut self, claims: &Claims, leeway: i64, now: i64) -> bool {
        if now >= self.sweep_at {
            self.seen.retain(|_, forget_at| *forget_at > now);
            self.sweep_at = now + super::MAX_LIFETIME;
        }
        let forget_at = claims.exp + leeway;
        self.seen.insert(claims.jti, forget_at).is_none()
    }
}
