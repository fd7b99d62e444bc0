//! Signed in, but with neither of the roles that open the console.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{answer::set_status, components::PageHeading, paths};

#[component]
pub fn NoRolePage() -> impl IntoView {
    set_status(403);
    view! {
        <Title text="You have no support role"/>
        <div class="screen">
            <PageHeading>"You have no support role"</PageHeading>
            <p>
                "Access to the support console requires the "
                <code>"support_admin"</code>
                " or "
                <code>"super_admin"</code>
                " role. Your account has neither. Ask a super admin to give you one. It applies \
                 from the next page you open."
            </p>
            <div class="bar">
                <a class="button" href=paths::OVERVIEW rel="external">
                    "Try again"
                </a>
                <form method="post" action=paths::forms::SIGN_OUT>
                    <button class="button quiet" type="submit">
                        "Sign out"
                    </button>
                </form>
            </div>
        </div>
    }
}
