//! Fields of a form: label, hint and error, tied to the control.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// The attributes that tie a control to its label, hint and error.
#[derive(Debug, Clone)]
pub struct FieldControl {
    /// For `id`.
    pub id: String,
    /// For `aria-describedby`.
    pub described_by: Signal<Option<String>>,
    /// For `aria-invalid`.
    pub invalid: Signal<Option<&'static str>>,
}

/// One field. The control is given as a child: `<Field … let:control> <input id=control.id
/// aria-describedby=control.described_by aria-invalid=control.invalid/> </Field>`.
#[component]
pub fn Field<F, V>(
    /// The control's `id`, unique on the page.
    #[prop(into)]
    id: String,
    #[prop(into)] label: String,
    /// Whether the field may be left empty, which the label says.
    #[prop(optional)]
    optional: bool,
    #[prop(into, optional)] hint: Option<ViewFn>,
    /// The field's error, as written in a problem.
    #[prop(into, optional)]
    error: Signal<Option<String>>,
    children: F,
) -> impl IntoView
where
    F: FnOnce(FieldControl) -> V,
    V: IntoView + 'static,
{
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let has_hint = hint.is_some();
    let described_by = {
        let (hint_id, error_id) = (hint_id.clone(), error_id.clone());
        Signal::derive(move || {
            let mut ids = Vec::new();
            if has_hint {
                ids.push(hint_id.as_str());
            }
            if error.with(Option::is_some) {
                ids.push(error_id.as_str());
            }
            (!ids.is_empty()).then(|| ids.join(" "))
        })
    };
    let control = FieldControl {
        id: id.clone(),
        described_by,
        invalid: Signal::derive(move || error.with(Option::is_some).then_some("true")),
    };
    view! {
        <div class="field">
            <label for=id>
                {label}
                {optional.then(|| view! { <span class="muted">" optional"</span> })}
            </label>
            {children(control)}
            {hint.map(|hint| view! { <p class="hint" id=hint_id>{hint.run()}</p> })}
            <p class="error" id=error_id hidden=move || error.with(Option::is_none)>
                <Icon name=IconName::Bad size=13/>
                <span>{move || error.get().map(|error| as_sentence(&error))}</span>
            </p>
        </div>
    }
}

/// A field's message as a full sentence: `must be …` becomes `Must be ….`
pub fn as_sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first = chars.next().map(char::to_uppercase).into_iter().flatten();
    let mut sentence: String = first.chain(chars).collect();
    if !sentence.ends_with(['.', '?', '!']) && !sentence.is_empty() {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_a_sentence() {
        assert_eq!(
            ["must be short", "Is fine.", "add 2 more characters", ""].map(as_sentence),
            ["Must be short.", "Is fine.", "Add 2 more characters.", ""]
        );
    }
}
