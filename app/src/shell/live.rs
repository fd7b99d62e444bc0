//! How the live stream is doing.

use chrono::TimeDelta;
use leptos::prelude::*;

use crate::{
    components::{
        Notice, Timestamp, Tone,
        format::{Precision, ago, instant},
        use_viewer,
    },
    domain::{self, live::LiveInterest, signed_in::SignedIn},
    live::{LiveHandle, LiveState, pause, use_live},
    signed_in::{WhileSignedIn, use_signed_in},
};

#[component]
pub(super) fn LiveIndicator(
    live: LiveHandle,
    /// The server's time when the page was made.
    now: domain::Timestamp,
) -> impl IntoView {
    let viewer = use_viewer();
    let time = move |at| instant(at, viewer.offset_minutes(at), Precision::Time);
    let text = move || match live.state.get() {
        LiveState::Connected => match live.heard_at.get() {
            Some(heard_at) => format!(
                "Live · updated {}",
                shortly_ago(heard_at, viewer.now_or(now))
            ),
            None => "Live".into(),
        },
        LiveState::Lost { since } => format!("Not live since {}", time(since)),
        LiveState::Paused { since } => format!("Paused at {}", time(since)),
        LiveState::Idle => format!("As of {}", time(now)),
    };
    let name = move || match live.state.get() {
        LiveState::Connected => "connected",
        LiveState::Lost { .. } => "lost",
        LiveState::Paused { .. } => "paused",
        LiveState::Idle => "idle",
    };
    view! {
        <p class="live num" data-state=name>
            <span class="live-dot" aria-hidden="true"></span>
            <span class="live-text">{text}</span>
            <PauseButton live/>
        </p>
    }
}

/// Holds the page as it is, so that it can be read in peace.
#[component]
fn PauseButton(live: LiveHandle) -> impl IntoView {
    let paused = move || matches!(live.state.get(), LiveState::Paused { .. });
    // Without the stream there is nothing to pause, and without JavaScript no stream.
    let shown = move || live.state.get() != LiveState::Idle;
    view! {
        <Show when=shown>
            <button type="button" class="button small quiet" on:click=move |_| pause(!paused())>
                {move || if paused() { "Resume" } else { "Pause" }}
                <span class="visually-hidden">" live updates"</span>
            </button>
        </Show>
    }
}

/// [`ago`], without a change in each of the first seconds: a page that is live hears something every few.
fn shortly_ago(at: domain::Timestamp, now: domain::Timestamp) -> String {
    if now - at < TimeDelta::seconds(5) {
        return "just now".into();
    }
    ago(at, now)
}

/// Shown while the stream is lost, because the page may be out of date.
#[component]
pub(super) fn LostNotice() -> impl IntoView {
    let show = |signed_in: SignedIn| {
        signed_in.may_enter().then(|| {
            let live = use_frame_live();
            move || match live.state.get() {
                LiveState::Lost { since } => Some(view! { <Lost since/> }),
                LiveState::Idle | LiveState::Connected | LiveState::Paused { .. } => None,
            }
        })
    };
    view! {
        <div role="status" class="contents">
            <WhileSignedIn show/>
        </div>
    }
}

#[component]
fn Lost(since: domain::Timestamp) -> impl IntoView {
    view! {
        <Notice tone=Tone::Warn>
            <strong>"Connection lost."</strong>
            " Showing data from "
            <Timestamp at=since precision=Precision::Time/>
            ". Reconnecting…"
        </Notice>
    }
}

/// The live stream for the frame, while someone is signed in.
fn use_frame_live() -> LiveHandle {
    use_live(Signal::stored(LiveInterest::default()))
}

/// Asks again whenever support sessions change: the count beside "View Sessions", and the band.
pub(super) fn follow_support_sessions() -> LiveHandle {
    let live = use_frame_live();
    let signed_in = use_signed_in();
    Effect::new(move |seen: Option<bool>| {
        let changed = live.support_sessions.with(Option::is_some) || live.resets.get() > 0;
        if seen.is_some() && changed {
            signed_in.refetch();
        }
        changed
    });
    live
}
