//! Dialogs. Each has a URL of its own: without JavaScript a part of the page, with it a modal
//! `<dialog>`.

use leptos::{
    ev, html,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{HtmlDialogElement, HtmlElement},
};
use leptos_router::{NavigateOptions, hooks::use_navigate};

/// A dialog that is open as long as its URL is shown.
///
/// Give `autofocus` to the control that gets the focus: the first field, or Cancel where there is
/// none. Cancel is a link to `close_href`; Esc leads there too, and the focus returns to what had
/// it before.
#[component]
pub fn Dialog(
    /// The title: names the act and the object.
    #[prop(into)]
    title: Signal<String>,
    /// What the act does, in a sentence.
    #[prop(into)]
    description: ViewFn,
    /// The page that Cancel and Esc lead to.
    #[prop(into)]
    close_href: String,
    /// Asks to confirm an act that can't be undone (role `alertdialog`).
    #[prop(optional)]
    alert: bool,
    /// A form with `dialog-body` and `dialog-actions`.
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            mark_opener();
            if dialog.is_connected() {
                show_modally(&dialog);
            } else {
                // What a link opens is made before it is put into the page.
                request_animation_frame(move || show_modally(&dialog));
            }
        }
    });
    on_cleanup(|| {
        // On the server a dialog goes away too, with the page it was part of.
        if cfg!(feature = "hydrate") {
            // Once the dialog is gone from the page.
            request_animation_frame(give_back_focus);
        }
    });
    let navigate = use_navigate();
    let href = close_href.clone();
    let close = move |event: ev::Event| {
        event.prevent_default();
        navigate(
            &href,
            NavigateOptions {
                scroll: false,
                ..NavigateOptions::default()
            },
        );
    };
    view! {
        <dialog
            node_ref=dialog
            class="dialog"
            open=true
            role=alert.then_some("alertdialog")
            aria-labelledby="dialog-title"
            aria-describedby="dialog-description"
            on:cancel=close
        >
            <header class="dialog-header">
                <h2 id="dialog-title">{title}</h2>
                <div id="dialog-description" class="muted">
                    {description.run()}
                </div>
            </header>
            {children()}
        </dialog>
    }
}

fn show_modally(dialog: &HtmlDialogElement) {
    // A dialog that is open already, as the server wrote it, can't be made modal.
    let _ = dialog.remove_attribute("open");
    if dialog.show_modal().is_err() {
        dialog.set_open(true);
    }
}

fn focused() -> Option<HtmlElement> {
    document().active_element()?.dyn_into().ok()
}

/// Marks what had the focus when a dialog opened.
const OPENER: &str = "data-dialog-opener";

fn mark_opener() {
    if let Some(opener) = focused().filter(|opener| opener.tag_name() != "BODY") {
        // Any element takes any attribute.
        let _ = opener.set_attribute(OPENER, "");
    }
}

fn give_back_focus() {
    let marked = document().query_selector(&format!("[{OPENER}]"));
    let Ok(Some(opener)) = marked else { return };
    let _ = opener.remove_attribute(OPENER);
    let is_free = focused().is_none_or(|active| active.tag_name() == "BODY");
    if is_free && let Ok(opener) = opener.dyn_into::<HtmlElement>() {
        // An element that can't take the focus leaves it where it is.
        let _ = opener.focus();
    }
}
