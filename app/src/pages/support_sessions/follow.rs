//! The list kept up to date by the live stream.

use leptos::{prelude::*, task::spawn_local};

use super::{SessionsQuery, belongs};
use crate::{
    api::{self, ApiError},
    components::use_viewer,
    domain::{
        Timestamp,
        signed_in::SignedIn,
        staff::Role,
        support_sessions::{
            SupportSession, SupportSessionCounts, SupportSessionFilter, SupportSessionList,
        },
    },
    live::{
        LiveHandle,
        rows::{LiveRow as _, LiveRows},
    },
};

/// Asks for what the URL names.
pub(super) async fn load(query: SessionsQuery) -> Result<SupportSessionList, ApiError> {
    let (filter, page) = query.parse()?;
    api::list_support_sessions(filter, page).await
}

/// The list as the page shows it, kept up to date by the live stream.
#[derive(Debug, Clone, Copy)]
pub struct LiveList {
    pub(super) rows: RwSignal<LiveRows<SupportSession>>,
    pub(super) counts: RwSignal<SupportSessionCounts>,
    pub(super) at: RwSignal<Timestamp>,
    viewer: StoredValue<Option<SignedIn>>,
}

impl LiveList {
    pub(super) fn new(list: &SupportSessionList, viewer: Option<SignedIn>) -> Self {
        Self {
            rows: RwSignal::new(LiveRows::new(list.sessions.items.clone())),
            counts: RwSignal::new(list.counts),
            at: RwSignal::new(list.at),
            viewer: StoredValue::new(viewer),
        }
    }

    /// Whether the viewer may revoke a session while it is active.
    pub(super) fn may_revoke(self, session: &SupportSession) -> bool {
        self.viewer.with_value(|viewer| {
            viewer.as_ref().is_some_and(|SignedIn { staff, .. }| {
                staff.roles.contains(&Role::SuperAdmin) || staff.id == session.staff_id
            })
        })
    }

    /// Rows change in place. New matching ones wait behind "n new".
    pub(super) fn follow(
        self,
        live: LiveHandle,
        filter: SupportSessionFilter,
        query: SessionsQuery,
    ) {
        let viewer = use_viewer();
        Effect::new(move || viewer.synchronise(self.at.get()));
        let receive = move |sessions: Vec<SupportSession>, now: Timestamp| {
            self.at.set(now);
            self.rows.update(|rows| {
                let wanted: Vec<_> = sessions
                    .into_iter()
                    .filter(|s| rows.find(s.key()).is_some() || belongs(&filter, s, now))
                    .collect();
                rows.receive(wanted, true);
            });
        };
        Effect::new({
            let receive = receive.clone();
            move || {
                if let Some(change) = live.support_sessions.get() {
                    self.counts.set(change.counts);
                    receive(change.changed, change.now);
                }
            }
        });
        live.on_reset(move || {
            let (query, receive) = (query.clone(), receive.clone());
            spawn_local(async move {
                if let Ok(list) = load(query).await {
                    self.counts.set(list.counts);
                    receive(list.sessions.items, list.at);
                }
            });
        });
    }
}
