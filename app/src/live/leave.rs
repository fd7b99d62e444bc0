//! Leaves a page on which nobody is signed in any more.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlFormElement, HtmlInputElement};

use crate::components::send_to_be_kept;

/// Asks for this page again, so that the sign-in says why it is shown. What stands in a form is kept over it.
pub(super) fn leave() {
    if let Some(form) = form_to_keep() {
        return send_to_be_kept(&form);
    }
    // Nothing is left to do where the browser refuses to navigate.
    let _ = window().location().reload();
}

/// The page's form; one of those that a list has beside it only if somebody has typed into it.
fn form_to_keep() -> Option<HtmlFormElement> {
    let form = document().query_selector("form[data-keep]").ok().flatten();
    let edited = || {
        let fields = document().query_selector_all("form[data-keep-edited] input");
        let fields = fields.ok()?;
        let mut fields = (0..fields.length()).filter_map(|n| {
            let field = fields.get(n)?.dyn_into::<HtmlInputElement>();
            field.ok().filter(|field| field.type_() == "text")
        });
        fields.find(|f| f.value() != f.default_value())?.form()
    };
    match form {
        Some(form) => form.dyn_into().ok(),
        None => edited(),
    }
}
