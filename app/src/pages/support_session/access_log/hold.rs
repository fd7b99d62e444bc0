//! Nothing moves under the pointer or the focus: new rows wait behind "3 new requests".

use leptos::{prelude::*, wasm_bindgen::JsCast as _, web_sys::HtmlElement};

use super::FOLLOWED_ROWS;
use crate::{
    components::format::counted, domain::access_log::AccessLogEntry, live::rows::LiveRows,
};

/// Whether new rows wait: while the table is under the pointer or has the focus.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hold {
    pub(super) hovered: RwSignal<bool>,
    pub(super) focused: RwSignal<bool>,
}

impl Hold {
    /// Whether it is in force now; not tracked.
    pub(super) fn is_on(self) -> bool {
        self.hovered.get_untracked() || self.focused.get_untracked()
    }
}

/// A hold over `rows`: what waits is shown when it ends.
pub(super) fn use_hold(rows: RwSignal<LiveRows<AccessLogEntry>>) -> Hold {
    let hold = Hold {
        hovered: RwSignal::new(false),
        focused: RwSignal::new(false),
    };
    Effect::new(move || {
        let is_on = hold.hovered.get() || hold.focused.get();
        let (waiting, shown) = rows.with_untracked(|rows| (rows.waiting(), rows.shown().len()));
        if !is_on && waiting > 0 && shown < FOLLOWED_ROWS {
            rows.update(LiveRows::release);
        }
    });
    hold
}

/// `3 new requests`: shows them, and moves the focus to the table's title, since the button goes.
#[component]
pub(super) fn NewRows(rows: RwSignal<LiveRows<AccessLogEntry>>) -> impl IntoView {
    let waiting = Memo::new(move |_| rows.with(LiveRows::waiting));
    let show = move |_| {
        rows.update(LiveRows::release);
        let title = document().get_element_by_id("access-logs-title");
        if let Some(title) = title.and_then(|title| title.dyn_into::<HtmlElement>().ok()) {
            // A title with a tab index always takes the focus.
            let _ = title.focus();
        }
    };
    view! {
        <button
            type="button"
            class="button small primary"
            hidden=move || waiting.get() == 0
            on:click=show
        >
            {move || counted(waiting.get() as u64, "new request", "new requests")}
        </button>
    }
}
