//! A support session kept up to date: by the live stream, and by the dialogs over its page.

use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    components::{Announcer, Stage, use_announcer, use_viewer},
    domain::{
        Timestamp,
        flash::Done,
        policy::SessionActs,
        support_sessions::{
            RequestsToday, SupportSession, SupportSessionDetail, SupportSessionStatus,
        },
    },
    live::LiveHandle,
    query::audit::of_session,
};

/// The change made by a dialog over this page, for the page to show immediately.
#[derive(Debug, Clone, Copy)]
pub struct SessionChanges {
    pub(super) session: RwSignal<Option<SupportSession>>,
    pub(super) message: RwSignal<Option<Done>>,
    announcer: Announcer,
}

impl SessionChanges {
    pub(super) fn provide() -> Self {
        let changes = Self {
            session: RwSignal::new(None),
            message: RwSignal::new(None),
            announcer: use_announcer(),
        };
        provide_context(changes);
        changes
    }

    /// The session is this now; `done` says what was done.
    pub(super) fn show(self, session: SupportSession, done: Done) {
        if session.revocation.is_some() {
            // The notice says so.
            self.announcer.pass_over(session.id, Stage::Ended);
        }
        self.session.set(Some(session));
        self.message.set(Some(done));
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
        let status = Memo::new(move |_| {
            let now = viewer.now_or(at.get());
            session.with(|session| session.status(now))
        });
        announce_the_end(session, status);
        Self {
            session,
            at,
            open_url: StoredValue::new(detail.open_url),
            may: detail.may,
            today: detail.today,
            status,
        }
    }

    /// Its events in the audit log.
    pub(super) fn events(self) -> String {
        let id = self.session.with_untracked(|session| session.id);
        of_session(id).address(None)
    }

    /// Whether it is active now, by the server's clock.
    pub(super) fn is_active(self) -> bool {
        self.status.get() == SupportSessionStatus::Active
    }
}

/// Says once that the session has ended, wherever else on the page that is seen too.
fn announce_the_end(session: RwSignal<SupportSession>, status: Memo<SupportSessionStatus>) {
    let announcer = use_announcer();
    Effect::new(move |before: Option<SupportSessionStatus>| {
        let status = status.get();
        if before.is_some_and(|before| before != status) {
            let (id, what) = session.with_untracked(|session| (session.id, session.in_words()));
            let how = match status {
                SupportSessionStatus::Active => return status,
                SupportSessionStatus::Expired => "has expired",
                SupportSessionStatus::Revoked => "has been revoked",
            };
            announcer.say(id, Stage::Ended, format!("{what} {how}."));
        }
        status
    });
}
