//! How the live stream is doing.

use leptos::prelude::*;

use super::{signed_in::use_signed_in, use_frame_live};
use crate::{
    components::{
        Icon, IconName, Settled, Timestamp,
        format::{Precision, instant},
        use_viewer,
    },
    domain::{self, staff::SignedIn},
    live::{LiveHandle, LiveState},
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

/// Stays as long as the stream is lost: what the page shows is old.
#[component]
pub(super) fn LostNotice() -> impl IntoView {
    let signed_in = use_signed_in();
    view! {
        <div role="status" class="contents">
            <Settled
                resource=signed_in.resource()
                show=|signed_in| {
                    // Whoever must change the password first, or has no role, is told nothing.
                    signed_in.ok().flatten().filter(SignedIn::may_enter)?;
                    let live = use_frame_live();
                    Some(move || live.stale_since().map(|since| view! { <Lost since/> }))
                }
            />
        </div>
    }
}

#[component]
fn Lost(since: domain::Timestamp) -> impl IntoView {
    view! {
        <div class="notice warn">
            <Icon name=IconName::Warn size=18/>
            <p>
                <strong>"Live updates are lost."</strong>
                " What you see is as of "
                <Timestamp at=since precision=Precision::Time/>
                ". The page reconnects by itself."
            </p>
        </div>
    }
}
