//! Checkboxes of one field.

use leptos::prelude::*;

use super::field::FieldError;

/// Checkboxes under a legend, with what is wrong with them.
#[component]
pub fn CheckBoxes(
    name: &'static str,
    legend: &'static str,
    error: Signal<Option<String>>,
    children: Children,
) -> impl IntoView {
    view! {
        <fieldset
            class="field"
            aria-describedby=format!("{name}-error")
            aria-invalid=move || error.with(Option::is_some).then_some("true")
            tabindex="-1"
        >
            <legend>{legend}</legend>
            <div class="choice">{children()}</div>
            <FieldError id=format!("{name}-error") error/>
        </fieldset>
    }
    .into_any()
}
