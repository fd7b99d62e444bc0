//! A support session kept up to date: by the live stream, and by the dialogs over its page.

use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    components::use_viewer,
    domain::{
        Timestamp,
        policy::SessionActs,
        support_sessions::{
            RequestsToday, SupportSession, SupportSessionDetail, SupportSessionStatus,
        },
    },
    live::LiveHandle,
};

/// The change made by a dialog over this page, for the page to show immediately.
#[derive(Debug, Clone, Copy)]
pub struct SessionChanges {
    pub(super) session: RwSignal<Option<SupportSession>>,
    pub(super) message: RwSignal<Option<String>>,
}

impl SessionChanges {
    pub(super) fn provide() -> Self {
        let changes = Self {
            session: RwSignal::new(None),
            message: RwSignal::new(None),
        };
        provide_context(changes);
        changes
    }

    /// The session is this now; `message` says what was done.
    pub(super) fn show(self, session: SupportSession, message: String) {
        self.session.set(Some(session));
        self.message.set(Some(message));
    }
}

/// A support session as the page shows it, kept up to date by the live stream.
#[derive(Debug, Clone, Copy)]
pub struct LiveSession {
    pub(super) session: RwSignal<SupportSession>,
    pub(super) at: RwSignal<Timestamp>,
    pub(super) open_url: StoredValue<Option<String>>,
    pub(super) may: SessionActs,
    pub(super) today: RequestsToday,
    pub(super) status: Memo<SupportSessionStatus>,
}

impl LiveSession {
    pub(super) fn follow(
        detail: SupportSessionDetail,
        live: LiveHandle,
        changes: SessionChanges,
    ) -> Self {
        let viewer = use_viewer();
        let id = detail.session.id;
        let session = RwSignal::new(detail.session);
        let at = RwSignal::new(detail.at);
        Effect::new(move || viewer.synchronise(at.get()));
        Effect::new(move || {
            if let Some(change) = live.support_sessions.get()
                && let Some(changed) = change.changed.into_iter().find(|s| s.id == id)
            {
                at.set(change.now);
                session.set(changed);
            }
        });
        Effect::new(move || {
            if let Some(changed) = changes.session.get().filter(|s| s.id == id) {
                session.set(changed);
            }
        });
        live.on_reset(move || {
            spawn_local(async move {
                if let Ok(fresh) = api::support_session(id).await {
                    at.set(fresh.at);
                    session.set(fresh.session);
                }
            });
        });
        Self {
            session,
            at,
            open_url: StoredValue::new(detail.open_url),
            may: detail.may,
            today: detail.today,
            status: Memo::new(move |_| {
                let now = viewer.now_or(at.get());
                session.with(|session| session.status(now))
            }),
        }
    }

    /// Whether it is active now, by the server's clock.
    pub(super) fn is_active(self) -> bool {
        self.status.get() == SupportSessionStatus::Active
    }
}
