//! Checkboxes of one field.

use leptos::prelude::*;

use super::field::FieldError;

/// Checkboxes under a legend, with what is wrong with them.
#[component]
pub fn CheckBoxes(
    name: &'static str,
    legend: &'static str,
    /// What to know before choosing.
    #[prop(optional_no_strip)]
    hint: Option<&'static str>,
    error: Signal<Option<String>>,
    children: Children,
) -> impl IntoView {
    let (hint_id, error_id) = (format!("{name}-hint"), format!("{name}-error"));
    let described_by = match hint {
        Some(_) => format!("{hint_id} {error_id}"),
        None => error_id.clone(),
    };
    view! {
        <fieldset
            class="field"
            aria-describedby=described_by
            aria-invalid=move || error.with(Option::is_some).then_some("true")
            tabindex="-1"
        >
            <legend>{legend}</legend>
            <div class="choice">{children()}</div>
            {hint.map(|hint| view! { <p class="hint" id=hint_id>{hint}</p> })}
            <FieldError id=error_id error/>
        </fieldset>
    }
    .into_any()
}
