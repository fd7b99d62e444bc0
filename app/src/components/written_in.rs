//! Names in a form the sign-in of its page.

use leptos::prelude::*;

use crate::domain::{
    caller::{Caller, Context},
    form::WRITTEN_IN,
};

/// The attribute of the document that names the sign-in for which the server has made it.
const OF_PAGE: &str = "data-sign-in";

/// The hidden field of a form that may have to wait until someone has signed in. The browser may have lost its cookie by
/// then, and what was typed is given back to no one else.
#[component]
pub fn WrittenIn() -> impl IntoView {
    view! { <input type="hidden" name=WRITTEN_IN value=sign_in_of_page()/> }
}

/// The sign-in for which the page was made. It opens nothing.
pub fn sign_in_of_page() -> Option<String> {
    if cfg!(feature = "hydrate") {
        return document().document_element()?.get_attribute(OF_PAGE);
    }
    match use_context::<Context>()?.caller {
        Caller::Staff(staff) => Some(staff.staff_session_id.to_string()),
        _ => None,
    }
}
