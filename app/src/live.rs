//! The live event stream as signals.
//!
//! A page says what it shows with [`use_live`] and reads changes from the [`LiveHandle`]. In the
//! browser there is one stream per tab for all callers. On the server the handle never changes.

#[cfg(feature = "hydrate")]
mod leave;
pub mod rows;
pub mod rules;
#[cfg(feature = "hydrate")]
mod stream;

use leptos::prelude::*;

use crate::domain::{
    Timestamp,
    live::{AccessLogChange, LiveInterest, SupportSessionsChange, TenantsChange},
};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LiveState {
    /// Not open yet: on the server, before hydration, and while the tab is hidden.
    #[default]
    Idle,
    Connected,
    /// Lost for longer than a moment: the page shows data from this instant.
    Lost {
        /// When the last message arrived, in the server's time.
        since: Timestamp,
    },
}

/// Live events of a page. Every signal holds the latest event of its kind.
#[derive(Debug, Clone, Copy)]
pub struct LiveHandle {
    pub tenants: Signal<Option<TenantsChange>>,
    pub support_sessions: Signal<Option<SupportSessionsChange>>,
    pub access_log: Signal<Option<AccessLogChange>>,
    /// Counts up when something may have been missed: fetch the page again.
    pub resets: Signal<u32>,
    pub state: Signal<LiveState>,
    /// Whether the person wants the page to stay as it is.
    pub paused: Signal<bool>,
    /// When the last message arrived, in the server's time.
    pub heard_at: Signal<Option<Timestamp>>,
}

impl LiveHandle {
    /// Calls `fetch` whenever something may have been missed.
    pub fn on_reset(&self, fetch: impl Fn() + 'static) {
        let resets = self.resets;
        Effect::new(move |seen: Option<u32>| {
            let resets = resets.get();
            if seen.is_some_and(|seen| seen != resets) {
                untrack(&fetch);
            }
            resets
        });
    }

    /// Calls `fetch` about every 15 seconds for what time changes, while the stream brings messages:
    /// not in a hidden tab, nor while paused.
    pub fn every_15_seconds(&self, fetch: impl Fn() + 'static) {
        let (heard_at, paused) = (self.heard_at, self.paused);
        let turn = Memo::new(move |_| heard_at.get().map_or(0, |at| at.timestamp() / 15));
        Effect::new(move |before: Option<i64>| {
            let turn = turn.get();
            // 0 until the stream is open.
            let has_passed = before.is_some_and(|before| before != 0 && before != turn);
            if has_passed && !paused.get_untracked() {
                untrack(&fetch);
            }
            turn
        });
    }

    /// Since when the page is out of date; `None` while it is current.
    pub fn stale_since(&self) -> Option<Timestamp> {
        match self.state.get() {
            LiveState::Lost { since } => Some(since),
            LiveState::Idle | LiveState::Connected => None,
        }
    }
}

/// The state behind every [`LiveHandle`] of a tab.
#[derive(Debug, Clone, Default)]
struct LiveSignals {
    tenants: ArcRwSignal<Option<TenantsChange>>,
    support_sessions: ArcRwSignal<Option<SupportSessionsChange>>,
    access_log: ArcRwSignal<Option<AccessLogChange>>,
    resets: ArcRwSignal<u32>,
    state: ArcRwSignal<LiveState>,
    paused: ArcRwSignal<bool>,
    heard_at: ArcRwSignal<Option<Timestamp>>,
}

impl LiveSignals {
    fn handle(&self) -> LiveHandle {
        LiveHandle {
            tenants: self.tenants.clone().into(),
            support_sessions: self.support_sessions.clone().into(),
            access_log: self.access_log.clone().into(),
            resets: self.resets.clone().into(),
            state: self.state.clone().into(),
            paused: self.paused.clone().into(),
            heard_at: self.heard_at.clone().into(),
        }
    }
}

/// Follows what `interest` names for as long as the caller is on the page.
///
/// An empty interest keeps the stream open too: it is how a tab learns that its staff member has
/// been signed out.
#[cfg(feature = "hydrate")]
pub fn use_live(interest: Signal<LiveInterest>) -> LiveHandle {
    stream::follow(interest)
}

/// Stops or resumes updates of this tab, which remembers it.
pub fn pause(paused: bool) {
    #[cfg(feature = "hydrate")]
    stream::pause(paused);
    #[cfg(not(feature = "hydrate"))]
    let _ = paused;
}

/// Follows nothing: a page is rendered once on the server.
#[cfg(not(feature = "hydrate"))]
pub fn use_live(_interest: Signal<LiveInterest>) -> LiveHandle {
    LiveSignals::default().handle()
}
