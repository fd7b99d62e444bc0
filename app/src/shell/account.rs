//! The signed-in staff member, the theme and signing out.

use leptos::{
    ev, html,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{HtmlDetailsElement, HtmlElement, Node},
};

use crate::{
    components::{Icon, IconName, Outside, format::initials},
    domain::signed_in::SignedIn,
    paths,
};

#[component]
pub(super) fn Account(signed_in: SignedIn) -> impl IntoView {
    let staff = signed_in.staff;
    let roles: Vec<_> = staff.roles.iter().map(|role| role.label()).collect();
    let roles = if roles.is_empty() {
        "No support role".to_owned()
    } else {
        roles.join(", ")
    };
    let menu = NodeRef::<html::Details>::new();
    view! {
        <details
            node_ref=menu
            class="account"
            on:keydown=move |event| close_by_escape(menu, &event)
            on:focusout=move |event| close_when_left(menu, &event)
        >
            <summary>
                <span class="avatar" aria-hidden="true">
                    {initials(&staff.name)}
                </span>
                <span class="account-name">
                    <span class="visually-hidden">"Account of "</span>
                    <strong><Outside text=staff.name.clone()/></strong>
                    <span class="muted">{roles.clone()}</span>
                </span>
            </summary>
            <div class="account-menu card">
                <p class="account-who">
                    <strong><Outside text=staff.name/></strong>
                    <span class="muted"><Outside text=staff.email/></span>
                    <span class="muted">{roles}</span>
                </p>
                <Choice
                    name="theme"
                    label="Theme"
                    options=&[("", "System"), ("light", "Light"), ("dark", "Dark")]
                />
                <Choice
                    name="density"
                    label="Rows"
                    options=&[("", "Compact"), ("comfortable", "Comfortable")]
                />
                <Choice name="keys" label="Single-key shortcuts" options=&[("", "On"), ("off", "Off")]/>
                <a class="button" href=paths::OWN_SIGN_INS>
                    "Your sessions and devices"
                </a>
                <a class="button" href=paths::PASSWORD>
                    "Change password"
                </a>
                <form method="post" action=paths::forms::SIGN_OUT>
                    <button class="button" type="submit">
                        <Icon name=IconName::SignOut/>
                        "Sign out"
                    </button>
                </form>
                <form method="post" action=paths::forms::SIGN_OUT>
                    <input type="hidden" name="everywhere" value="on"/>
                    <button class="button quiet" type="submit">
                        "Sign out everywhere"
                    </button>
                </form>
            </div>
        </details>
    }
}

/// A choice of this browser. The script that runs before the first paint keeps and applies it, as an attribute of the
/// document with this name.
#[component]
fn Choice(
    name: &'static str,
    label: &'static str,
    /// Values with their words. The first one is empty: what holds without a choice.
    options: &'static [(&'static str, &'static str)],
) -> impl IntoView {
    let options = options
        .iter()
        .map(|(value, word)| view! { <option value=*value>{*word}</option> });
    view! {
        <label class="with-js account-choice">
            {label} <select data-choice=name>{options.collect_view()}</select>
        </label>
    }
}

fn close_by_escape(menu: NodeRef<html::Details>, event: &ev::KeyboardEvent) {
    let Some(menu) = menu.get_untracked().filter(HtmlDetailsElement::open) else {
        return;
    };
    if event.key() == "Escape" {
        event.prevent_default();
        menu.set_open(false);
        if let Ok(Some(summary)) = menu.query_selector("summary") {
            // A summary always takes the focus.
            let _ = summary.unchecked_into::<HtmlElement>().focus();
        }
    }
}

/// Tab leads on to the page, which the menu would cover.
fn close_when_left(menu: NodeRef<html::Details>, event: &ev::FocusEvent) {
    let next = event
        .related_target()
        .and_then(|next| next.dyn_into::<Node>().ok());
    if let (Some(menu), Some(next)) = (menu.get_untracked(), next)
        && !menu.contains(Some(&next))
    {
        menu.set_open(false);
    }
}
