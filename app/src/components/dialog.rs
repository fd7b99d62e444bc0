//! Dialogs. Each has its own URL: with JavaScript it is a modal `<dialog>`, without it a part of
//! the page.

use leptos::{
    ev, html,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{Element, HtmlDialogElement, HtmlElement},
};
use leptos_router::{NavigateOptions, hooks::use_navigate};

/// A dialog that is open as long as its URL is shown.
///
/// Give `autofocus` to the control that gets the focus: the first field, or Cancel if there is
/// none. Cancel is a link to `close_href`, and Esc goes there too. If a link opened the dialog,
/// both return to the page with that link, and the focus returns to it.
#[component]
pub fn Dialog(
    #[prop(into)] title: Signal<String>,
    #[prop(into)] description: ViewFn,
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
    let opened_here = open_modally(dialog);
    on_cleanup(|| {
        // On the server a dialog goes away too, with the page it was part of.
        if cfg!(feature = "hydrate") {
            // Once the dialog is gone from the page.
            request_animation_frame(give_back_focus);
        }
    });
    let close = use_close(close_href.clone(), opened_here);
    let cancel = {
        let close = close.clone();
        move |event: ev::Event| {
            event.prevent_default();
            close();
        }
    };
    let follow = move |event: ev::MouseEvent| {
        if is_plain_click(&event) && leads_to(&event, &close_href) {
            event.prevent_default();
            close();
        }
    };
    view! {
        <dialog
            node_ref=dialog
            class="dialog"
            open=true
            role=alert.then_some("alertdialog")
            aria-labelledby="dialog-title"
            aria-describedby="dialog-description"
            on:cancel=cancel
            on:click=follow
        >
            <header class="dialog-header">
                <h2 id="dialog-title">{title}</h2>
                <div id="dialog-description" class="muted">
                    {move || description.run()}
                </div>
            </header>
            {children()}
        </dialog>
    }
}

/// Opens the dialog over the page. What is given says whether a link on a page of this tab opened
/// it: then closing it is going back.
fn open_modally(dialog: NodeRef<html::Dialog>) -> StoredValue<bool> {
    let opened_here = StoredValue::new(false);
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            mark_opener();
            if dialog.is_connected() {
                show_modally(&dialog);
            } else {
                // The link's target is created before it is inserted into the page.
                opened_here.set_value(true);
                request_animation_frame(move || show_modally(&dialog));
            }
        }
    });
    opened_here
}

fn use_close(href: String, opened_here: StoredValue<bool>) -> impl Fn() + Clone + 'static {
    let navigate = use_navigate();
    move || {
        let history = window().history();
        if opened_here.get_value() && history.is_ok_and(|history| history.back().is_ok()) {
            return;
        }
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&href, options);
    }
}

/// Whether a click only follows a link in this tab.
fn is_plain_click(event: &ev::MouseEvent) -> bool {
    let modified = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    event.button() == 0 && !modified
}

/// Whether a click is on a link to `href`.
fn leads_to(event: &ev::MouseEvent, href: &str) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let link = target.and_then(|target| target.closest("a[href]").ok().flatten());
    link.is_some_and(|link| link.get_attribute("href").as_deref() == Some(href))
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

/// Marks the element that had the focus when a dialog opened.
const OPENER: &str = "data-dialog-opener";

fn mark_opener() {
    if let Some(opener) = focused().filter(|opener| opener.tag_name() != "BODY") {
        // Any element takes any attribute.
        let _ = opener.set_attribute(OPENER, "");
    }
}

fn give_back_focus() {
    let marked = document().query_selector(&format!("[{OPENER}]"));
    let opener = marked.ok().flatten();
    if let Some(opener) = &opener {
        let _ = opener.remove_attribute(OPENER);
    }
    if focused().is_some_and(|active| active.tag_name() != "BODY") {
        return;
    }
    // The opener may have left the page. The heading takes the focus then.
    let heading = || document().query_selector("h1").ok().flatten();
    let target = opener.or_else(heading);
    if let Some(target) = target.and_then(|target| target.dyn_into::<HtmlElement>().ok()) {
        // An element that can't take the focus leaves it where it is.
        let _ = target.focus();
    }
}
