//! The list of keys, and the switch for those without a modifier.

use leptos::{ev::Event, html, prelude::*};

use crate::shell::{
    keys::KEYS,
    overlays::{Overlays, close_outside, open_modally},
};

#[component]
pub(super) fn KeysHelp(overlays: Overlays) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    open_modally(dialog);
    let rows = KEYS.map(|(key, meaning)| {
        view! {
            <dt>
                <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
        }
    });
    view! {
        <dialog
            node_ref=dialog
            class="dialog"
            aria-labelledby="keys-title"
            on:cancel=move |event: Event| {
                event.prevent_default();
                overlays.close();
            }
            on:click=move |event| close_outside(&event, overlays)
        >
            <header class="dialog-header">
                <h2 id="keys-title">"Keyboard shortcuts"</h2>
                <p class="muted">
                    "Single keys do nothing while you type. You can switch them off in the account menu."
                </p>
            </header>
            <div class="dialog-body">
                <dl class="facts">{rows.collect_view()}</dl>
            </div>
            <footer class="dialog-actions">
                <button type="button" class="button" autofocus=true on:click=move |_| overlays.close()>
                    "Close"
                </button>
            </footer>
        </dialog>
    }
}
