//! The signed-in staff member, the theme and signing out.

use leptos::prelude::*;

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
    view! {
        <details class="account">
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
                <label class="with-js account-theme">
                    "Theme"
                    <select data-theme-choice="">
                        <option value="system">"System"</option>
                        <option value="light">"Light"</option>
                        <option value="dark">"Dark"</option>
                    </select>
                </label>
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
