//! Fields of a form: label, hint and error, tied to the control.

use leptos::{html, prelude::*};

use super::{
    filter_form::follow_url,
    icon::{Icon, IconName},
};
use crate::domain::shown::shown;

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
    /// As written in a problem.
    #[prop(into, optional)]
    error: Signal<Option<String>>,
    children: F,
) -> impl IntoView
where
    F: FnOnce(FieldControl) -> V,
    V: IntoView + 'static,
{
    field(id, label, optional, hint, error, children)
}

fn field<V: IntoView + 'static>(
    id: String,
    label: String,
    optional: bool,
    hint: Option<ViewFn>,
    error: Signal<Option<String>>,
    control: impl FnOnce(FieldControl) -> V,
) -> impl IntoView {
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
    let control = control(FieldControl {
        id: id.clone(),
        described_by,
        invalid: Signal::derive(move || error.with(Option::is_some).then_some("true")),
    });
    view! {
        <div class="field">
            <label for=id>
                {label}
                {optional.then(|| view! { <span class="muted">" optional"</span> })}
            </label>
            {control}
            {hint.map(|hint| view! { <p class="hint" id=hint_id>{hint.run()}</p> })}
            <FieldError id=error_id error/>
        </div>
    }
}

/// What is wrong with a field, under it.
#[component]
pub fn FieldError(id: String, error: Signal<Option<String>>) -> impl IntoView {
    view! {
        <p class="error" id=id hidden=move || error.with(Option::is_none)>
            <Icon name=IconName::Bad size=13/>
            <span>{move || error.get().map(|error| as_sentence(&error))}</span>
        </p>
    }
}

/// A field of one line. Its `id` is its name in the form.
#[component]
pub fn TextField(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(into, default = Signal::stored("text"))] kind: Signal<&'static str>,
    #[prop(optional)] optional: bool,
    #[prop(into, optional)] hint: Option<ViewFn>,
    #[prop(into, optional)] error: Signal<Option<String>>,
    /// What it holds at first.
    #[prop(into, optional)]
    value: Option<String>,
    /// What the URL says it holds.
    #[prop(optional)]
    from_url: Option<Signal<String>>,
    /// Follows what is typed.
    #[prop(optional)]
    typed: Option<RwSignal<String>>,
    #[prop(optional)] autofocus: bool,
    #[prop(optional)] required: bool,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(into, optional)] maxlength: Option<usize>,
    #[prop(optional)] placeholder: Option<&'static str>,
    #[prop(optional)] inputmode: Option<&'static str>,
    /// The ID of a [`Suggestions`].
    #[prop(optional)]
    list: Option<&'static str>,
    /// What is not capitalised isn't checked for spelling either.
    #[prop(optional)]
    autocapitalize: Option<&'static str>,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    follow_typing(typed, move || Some(input.get()?.value()));
    if let Some(value) = from_url {
        follow_url(input, value, Some(kind));
    }
    let value = value.or_else(|| Some(from_url?.get_untracked()));
    let step = move || {
        let has_parts = from_url.is_some_and(|value| value.with(|value| value.contains('.')));
        if has_parts { "0.001" } else { "1" }
    };
    let control = move |control: FieldControl| {
        view! {
            <input
                node_ref=input
                id=control.id
                name=name
                type=move || kind.get()
                // Seconds, and parts of them where the value has some.
                step=move || (kind.get() == "datetime-local").then(step)
                inputmode=inputmode
                list=list
                placeholder=placeholder
                autocomplete=autocomplete
                autocapitalize=autocapitalize
                spellcheck=autocapitalize.map(|_| "false")
                required=required
                maxlength=maxlength.map(|max| max.to_string())
                autofocus=autofocus
                value=value
                aria-describedby=control.described_by
                aria-invalid=control.invalid
                on:input=move |event| type_into(typed, event_target_value(&event))
            />
        }
    };
    field(name.to_owned(), label, optional, hint, error, control)
}

/// What a field suggests. Anything else can be typed too.
#[component]
pub fn Suggestions(id: &'static str, values: Vec<String>) -> impl IntoView {
    let options = values.into_iter();
    let options = options.map(|value| view! { <option value=value></option> });
    view! { <datalist id=id>{options.collect_view()}</datalist> }
}

/// A field of three lines and more. Its `id` is its name in the form.
#[component]
pub fn TextArea(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(optional)] optional: bool,
    #[prop(into, optional)] hint: Option<ViewFn>,
    #[prop(into, optional)] error: Signal<Option<String>>,
    /// What it holds at first.
    value: String,
    /// Follows what is typed.
    #[prop(optional)]
    typed: Option<RwSignal<String>>,
    #[prop(optional)] autofocus: bool,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    let area = NodeRef::<html::Textarea>::new();
    follow_typing(typed, move || Some(area.get()?.value()));
    let control = move |control: FieldControl| {
        view! {
            <textarea
                node_ref=area
                id=control.id
                name=name
                rows="3"
                required=required
                autofocus=autofocus
                aria-describedby=control.described_by
                aria-invalid=control.invalid
                on:input=move |event| type_into(typed, event_target_value(&event))
            >
                {value}
            </textarea>
        }
    };
    field(name.to_owned(), label, optional, hint, error, control)
}

/// What was typed before hydration counts too.
fn follow_typing(typed: Option<RwSignal<String>>, value: impl Fn() -> Option<String> + 'static) {
    Effect::new(move || {
        if let Some(value) = value() {
            type_into(typed, value);
        }
    });
}

fn type_into(typed: Option<RwSignal<String>>, value: String) {
    if let Some(typed) = typed {
        typed.set(value);
    }
}

/// A field's message as a full sentence: `must be …` becomes `Must be ….` It may repeat what was typed.
pub fn as_sentence(message: &str) -> String {
    let message = shown(message);
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
