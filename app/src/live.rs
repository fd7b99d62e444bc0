//! The live event stream as signals.
//!
//! A page says what it shows with [`use_live`] and reads changes from the [`LiveHandle`]. In the
//! browser there is one stream per tab for all callers. On the server the handle never changes.

pub mod rows;
pub mod rules;
#[cfg(feature = "hydrate")]
mod stream;

use chrono::TimeDelta;
use leptos::prelude::*;

use crate::domain::{
    Timestamp,
    access_log::AccessLogEntry,
    live::LiveInterest,
    support_sessions::{SupportSession, SupportSessionCounts},
    tenants::{HealthCounts, TelemetryState, TenantHealth},
};

/// Changed tenants; [`crate::domain::live::LiveEvent::Tenants`].
#[derive(Debug, Clone, PartialEq)]
pub struct TenantsChange {
    /// Changed rows among those the page shows.
    pub rows: Vec<TenantHealth>,
    /// The figures, where the page shows them.
    pub counts: Option<HealthCounts>,
    /// Whether telemetry arrives at all.
    pub telemetry: TelemetryState,
    /// The server's time of the event.
    pub now: Timestamp,
}

/// Changed support sessions; [`crate::domain::live::LiveEvent::SupportSessions`].
#[derive(Debug, Clone, PartialEq)]
pub struct SupportSessionsChange {
    /// Changed sessions among those the page shows, plus new ones.
    pub changed: Vec<SupportSession>,
    /// The figures above the list.
    pub counts: SupportSessionCounts,
    /// The server's time of the event.
    pub now: Timestamp,
}

/// New or completed entries of the access log; [`crate::domain::live::LiveEvent::AccessLog`].
#[derive(Debug, Clone, PartialEq)]
pub struct AccessLogChange {
    /// The entries, by sequence.
    pub entries: Vec<AccessLogEntry>,
    /// The server's time of the event.
    pub now: Timestamp,
}

/// How the stream is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LiveState {
    /// Not open yet: on the server, before hydration, and while the tab is hidden.
    #[default]
    Idle,
    /// Open.
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
    /// Changed tenants.
    pub tenants: Signal<Option<TenantsChange>>,
    /// Changed support sessions.
    pub support_sessions: Signal<Option<SupportSessionsChange>>,
    /// New or completed entries of the access log.
    pub access_log: Signal<Option<AccessLogChange>>,
    /// Counts up when something may have been missed: fetch the page again.
    pub resets: Signal<u32>,
    /// How the stream is doing.
    pub state: Signal<LiveState>,
    /// The server's clock minus the browser's, once known.
    pub clock_offset: Signal<Option<TimeDelta>>,
}

impl LiveHandle {
    /// Whether the stream is open.
    pub fn connected(&self) -> bool {
        self.state.get() == LiveState::Connected
    }

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
    clock_offset: ArcRwSignal<Option<TimeDelta>>,
}

impl LiveSignals {
    fn handle(&self) -> LiveHandle {
        LiveHandle {
            tenants: self.tenants.clone().into(),
            support_sessions: self.support_sessions.clone().into(),
            access_log: self.access_log.clone().into(),
            resets: self.resets.clone().into(),
            state: self.state.clone().into(),
            clock_offset: self.clock_offset.clone().into(),
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

/// Follows nothing: a page is rendered once on the server.
#[cfg(not(feature = "hydrate"))]
pub fn use_live(_interest: Signal<LiveInterest>) -> LiveHandle {
    LiveSignals::default().handle()
}
