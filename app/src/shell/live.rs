//! How the live stream is doing.

use leptos::prelude::*;

use crate::{
    components::{
        Notice, Timestamp, Tone,
        format::{Precision, instant},
        use_viewer,
    },
    domain::{self, live::LiveInterest, signed_in::SignedIn},
    live::{LiveHandle, LiveState, use_live},
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
        LiveState::Connected => format!("Live · {}", time(viewer.now_or(now))),
        LiveState::Lost { since } => format!("Not live since {}", time(since)),
        LiveState::Idle => format!("As of {}", time(now)),
    };
    let name = move || match live.state.get() {
        LiveState::Connected => "connected",
        LiveState::Lost { .. } => "lost",
        LiveState::Idle => "idle",
    };
    view! {
        <p class="live num" data-state=name>
            <span class="live-dot" aria-hidden="true"></span>
            <span class="live-text">{text}</span>
        </p>
    }
}

/// Shown while the stream is lost, because the page may be out of date.
#[component]
pub(super) fn LostNotice() -> impl IntoView {
    let show = |signed_in: SignedIn| {
        signed_in.may_enter().then(|| {
            let live = use_frame_live();
            move || live.stale_since().map(|since| view! { <Lost since/> })
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
