//! How the live stream is doing.

use chrono::TimeDelta;
use leptos::prelude::*;

use crate::{
    components::{
        Notice, Timestamp, Tone,
        format::{Precision, ago, instant},
        use_viewer,
    },
    domain::{
        self,
        live::{LiveInterest, SupportSessionsChange},
        signed_in::SignedIn,
    },
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
        LiveState::Connected if live.paused.get() => "Paused".into(),
        LiveState::Connected => match live.heard_at.get() {
            Some(heard_at) => format!("Live · {}", shortly_ago(heard_at, viewer.now_or(now))),
            None => "Live".into(),
        },
        LiveState::Lost { since } => format!("Not live since {}", time(since)),
        LiveState::Idle => format!("As of {}", time(now)),
    };
    let name = move || match live.state.get() {
        LiveState::Connected if live.paused.get() => "paused",
        LiveState::Connected => "connected",
        LiveState::Lost { .. } => "lost",
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
    let paused = move || live.paused.get();
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
                LiveState::Idle | LiveState::Connected => None,
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
        // What is on the page is dimmed meanwhile.
        <div class="lost">
            <Notice tone=Tone::Warn>
                <strong>"Connection lost."</strong>
                " Showing data from "
                <Timestamp at=since precision=Precision::Time/>
                ". Reconnecting…"
            </Notice>
        </div>
    }
}

/// The live stream for the frame, while someone is signed in.
fn use_frame_live() -> LiveHandle {
    use_live(Signal::stored(LiveInterest::default()))
}

/// Asks again who is signed in, for the band, when one of the viewer's own support sessions has changed, or may have.
/// `active` is how many are active on the platform, as far as the frame knows.
pub(super) fn follow_support_sessions(active: u64) -> LiveHandle {
    let live = use_frame_live();
    let signed_in = use_signed_in();
    Effect::new(move |seen: Option<Seen>| {
        let (change, resets) = (live.support_sessions.get(), live.resets.get());
        let at = change.as_ref().map(|change| change.now);
        if let Some(before) = seen {
            // What happened before the stream was open is seen in the first figures.
            let concerns = |change: SupportSessionsChange| {
                change.own || before.at.is_none() && change.counts.active != active
            };
            let is_new = before.at != at && change.is_some_and(concerns);
            if is_new || before.resets != resets {
                signed_in.refetch();
            }
        }
        Seen { at, resets }
    });
    live
}

/// What the frame has heard of.
struct Seen {
    at: Option<domain::Timestamp>,
    resets: u32,
}
