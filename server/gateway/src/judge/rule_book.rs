//! Today's rules, and the earlier rules of sessions.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use super::{rule_set::RuleSet, source::RuleSource};
use crate::ports::{KnownSession, Sessions, StoreUnavailable};

/// How many earlier rule sets are kept. Sessions last an hour at most, so there is rarely more than
/// one.
const MAX_EARLIER: usize = 32;

/// Finds the rules of a session.
pub(crate) struct RuleBook {
    today: Arc<RuleSet>,
    sessions: Arc<dyn Sessions>,
    earlier: Mutex<HashMap<String, Arc<RuleSet>>>,
    /// Transforms earlier rules in the way that today's were transformed.
    read: fn(RuleSet) -> RuleSet,
}

impl RuleBook {
    pub(crate) fn new(today: Arc<RuleSet>, sessions: Arc<dyn Sessions>) -> Self {
        Self::reading(today, sessions, std::convert::identity)
    }

    /// Uses `read` on earlier rules, as was done with `today`.
    pub(crate) fn reading(
        today: Arc<RuleSet>,
        sessions: Arc<dyn Sessions>,
        read: fn(RuleSet) -> RuleSet,
    ) -> Self {
        Self {
            today,
            sessions,
            earlier: Mutex::default(),
            read,
        }
    }

    /// Today's rules.
    pub(crate) const fn today(&self) -> &Arc<RuleSet> {
        &self.today
    }

    /// The rules under which a session was created, if they differ from today's. Rules that are
    /// lost, or that this release can't read, permit nothing.
    pub(crate) async fn earlier(
        &self,
        session: &KnownSession,
    ) -> Result<Option<Arc<RuleSet>>, StoreUnavailable> {
        let hash = &session.rule_set;
        if hash.is_empty() || *hash == self.today.hash {
            return Ok(None);
        }
        if let Some(found) = self.earlier.lock().get(hash) {
            return Ok(Some(Arc::clone(found)));
        }
        let text = self.sessions.rule_set(hash).await?;
        let source = text.and_then(|text| RuleSource::from_text(&text).ok());
        let rules = source.and_then(|source| source.compile().ok());
        if rules.is_none() {
            tracing::error!(
                support_session.id = %session.id,
                rule_set = %hash,
                "can't read the rules under which a support session was created: all its \
                 requests are refused"
            );
        }
        let rules = rules.unwrap_or_else(|| RuleSet::permitting_nothing(hash));
        let rules = Arc::new((self.read)(rules));
        let mut earlier = self.earlier.lock();
        if earlier.len() >= MAX_EARLIER {
            earlier.clear();
        }
        earlier.insert(hash.clone(), Arc::clone(&rules));
        Ok(Some(rules))
    }
}
