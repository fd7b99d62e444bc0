//! Rows that link to a page. The first cell has the real link, and a click anywhere else in the row
//! follows it, as an enhancement.

use js_sys::{Function, Reflect};
use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast as _, JsValue},
    web_sys::{Element, MouseEvent},
};
use leptos_router::{NavigateOptions, hooks::use_navigate};

/// Elements in a row that handle clicks themselves.
const CONTROLS: &str = "a, button, input, label, select, summary, textarea";

/// A row of a table that leads to `href`. Ctrl-click and middle-click open it in a new tab.
#[component]
pub fn RowLink(
    #[prop(into)] href: String,
    /// The cells. The first one has a link to the same page.
    children: Children,
) -> impl IntoView {
    let navigate = use_navigate();
    let other_tab = href.clone();
    let follow = move |event: MouseEvent| {
        if event.default_prevented() || is_on_control(&event) || is_selecting() {
            return;
        }
        if event.ctrl_key() || event.meta_key() || event.shift_key() {
            open_tab(&href);
        } else {
            navigate(&href, NavigateOptions::default());
        }
    };
    let follow_in_tab = move |event: MouseEvent| {
        const MIDDLE: i16 = 1;
        if event.button() == MIDDLE && !is_on_control(&event) {
            open_tab(&other_tab);
        }
    };
    view! {
        <tr class="row-link" on:click=follow on:auxclick=follow_in_tab>
            {children()}
        </tr>
    }
}

fn is_on_control(event: &MouseEvent) -> bool {
    event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .and_then(|element| element.closest(CONTROLS).ok().flatten())
        .is_some()
}

/// Whether the click ended the selection of a text, as one does to copy an identifier.
fn is_selecting() -> bool {
    let selected = || {
        let get = Reflect::get(&window(), &JsValue::from_str("getSelection")).ok()?;
        let selection = get.dyn_into::<Function>().ok()?.call0(&window()).ok()?;
        let kind = Reflect::get(&selection, &JsValue::from_str("type")).ok()?;
        Some(kind.as_string()? == "Range")
    };
    selected().unwrap_or(false)
}

fn open_tab(href: &str) {
    // A blocked tab is the person's choice.
    let _ = window().open_with_url_and_target(href, "_blank");
}
