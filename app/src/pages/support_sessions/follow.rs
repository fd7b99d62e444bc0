//! The list kept up to date by the live stream.

use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    components::use_viewer,
    domain::{
        SupportSessionId, Timestamp,
        signed_in::SignedIn,
        staff::Role,
        support_sessions::{
            SupportSession, SupportSessionCounts, SupportSessionFilter, SupportSessionList,
            SupportSessionStatus,
        },
    },
    live::{
        LiveHandle,
        rows::{LiveRow as _, LiveRows},
    },
    query::sessions::{SessionsQuery, belongs},
};

/// The list as the page shows it, kept up to date by the live stream.
#[derive(Debug, Clone, Copy)]
pub struct LiveList {
    pub(super) rows: RwSignal<LiveRows<SupportSession>>,
    pub(super) counts: RwSignal<SupportSessionCounts>,
    pub(super) at: RwSignal<Timestamp>,
    viewer: StoredValue<Option<SignedIn>>,
    /// The rows as the server sorted them.
    order: StoredValue<Vec<(Timestamp, SupportSessionId)>>,
    /// Whether new sessions come first.
    is_newest_first: RwSignal<bool>,
}

impl LiveList {
    pub(super) fn new(list: &SupportSessionList, viewer: Option<SignedIn>) -> Self {
        Self {
            rows: RwSignal::new(LiveRows::new(list.sessions.items.clone())),
            counts: RwSignal::new(list.counts),
            at: RwSignal::new(list.at),
            viewer: StoredValue::new(viewer),
            order: StoredValue::new(
                list.sessions
                    .items
                    .iter()
                    .map(SupportSession::key)
                    .collect(),
            ),
            is_newest_first: RwSignal::new(true),
        }
    }

    /// The visible rows, in the order that was asked for.
    pub(super) fn in_order(self) -> Vec<SupportSession> {
        self.rows.with(|rows| {
            if self.is_newest_first.get() {
                return rows.shown().to_vec();
            }
            let found = |key: &(Timestamp, SupportSessionId)| rows.find(*key).cloned();
            self.order
                .with_value(|order| order.iter().filter_map(found).collect())
        })
    }

    /// Whether the viewer may revoke anyone's sessions, and so several at once.
    pub(super) fn may_revoke_any(self) -> bool {
        self.viewer.with_value(|viewer| {
            let roles = viewer.as_ref().map(|viewer| &viewer.staff.roles);
            roles.is_some_and(|roles| roles.contains(&Role::SuperAdmin))
        })
    }

    /// Whether a visible session is active.
    pub(super) fn has_active(self) -> Memo<bool> {
        let viewer = use_viewer();
        Memo::new(move |_| {
            let at = viewer.now_or(self.at.get());
            let is_active = |s: &SupportSession| s.status(at) == SupportSessionStatus::Active;
            self.rows.with(|rows| rows.shown().iter().any(is_active))
        })
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
        let is_newest_first = query.is_newest_first();
        self.is_newest_first.set(is_newest_first);
        Effect::new(move || viewer.synchronise(self.at.get()));
        let receive = move |sessions: Vec<SupportSession>, now: Timestamp| {
            self.at.set(now);
            self.rows.update(|rows| {
                let wanted: Vec<_> = sessions
                    .into_iter()
                    .filter(|s| {
                        let is_new = is_newest_first && belongs(&filter, s, now);
                        is_new || rows.find(s.key()).is_some()
                    })
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
                let answered = api::support_sessions(query).await;
                if let Ok(Ok(list)) = answered.map(|answered| answered.list) {
                    self.counts.set(list.counts);
                    receive(list.sessions.items, list.at);
                }
            });
        });
    }
}
