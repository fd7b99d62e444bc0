//! Copying to the clipboard.

use std::time::Duration;

use js_sys::{Function, Promise, Reflect};
use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast as _, JsValue, closure::Closure},
};

use super::Outside;
use super::icon::{Icon, IconName};

/// For how long "Copied" is shown.
const SHOWN: Duration = Duration::from_secs(4);

/// A button that copies a text and says so. Hidden without JavaScript: the text can be selected.
#[component]
pub fn CopyButton(
    #[prop(into)] text: Signal<String>,
    /// The object of the button's label, as in `Copy access token`.
    #[prop(into)]
    what: String,
) -> impl IntoView {
    let answer = RwSignal::new("");
    let copy = move |_| {
        write_to_clipboard(&text.get_untracked(), move |copied| {
            answer.set(if copied {
                "Copied"
            } else {
                "Couldn't copy. Select the text instead."
            });
            // The button may be gone by then.
            set_timeout(move || _ = answer.try_set(""), SHOWN);
        });
    };
    view! {
        <span class="copy with-js">
            <button
                type="button"
                class="button small"
                aria-label=format!("Copy {what}")
                on:click=copy
            >
                <Icon name=IconName::Copy size=13/>
                "Copy"
            </button>
            <span class="copied" role="status">{answer}</span>
        </span>
    }
}

/// A command or another text to take elsewhere, with its copy button.
#[component]
pub fn CopyBlock(
    #[prop(into)] text: Signal<String>,
    /// The object of the button's label, as in `Copy curl command`.
    #[prop(into)]
    what: String,
) -> impl IntoView {
    view! {
        <div class="copy-block">
            <pre tabindex="0"><code>{text}</code></pre>
            <CopyButton text what/>
        </div>
    }
}

/// An identifier with its copy button.
#[component]
pub fn CopyCode(
    #[prop(into)] text: String,
    /// What it is, as in `Copy session ID`.
    what: &'static str,
    #[prop(optional)] class: &'static str,
) -> impl IntoView {
    view! {
        <code class=class><Outside text=text.clone()/></code>
        " "
        <CopyButton text what/>
    }
}

/// Calls `done` with whether the browser took the text. It refuses outside secure contexts.
fn write_to_clipboard(text: &str, done: impl FnOnce(bool) + Clone + 'static) {
    let Some(promise) = clipboard_promise(text) else {
        return done(false);
    };
    let refused = done.clone();
    let on_done = Closure::once_into_js(move |_: JsValue| done(true));
    let on_refused = Closure::once_into_js(move |_: JsValue| refused(false));
    let then = Reflect::get(&promise, &"then".into())
        .ok()
        .and_then(|then| then.dyn_into::<Function>().ok());
    if let Some(then) = then {
        // Calls one of the two later.
        let _ = then.call2(&promise, &on_done, &on_refused);
    }
}

fn clipboard_promise(text: &str) -> Option<Promise> {
    let navigator = Reflect::get(&window(), &"navigator".into()).ok()?;
    let clipboard = Reflect::get(&navigator, &"clipboard".into()).ok()?;
    let write = Reflect::get(&clipboard, &"writeText".into()).ok()?;
    let write = write.dyn_into::<Function>().ok()?;
    write.call1(&clipboard, &text.into()).ok()?.dyn_into().ok()
}
