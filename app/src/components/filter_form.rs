//! Search and filters: a plain GET form, so that they work without JavaScript and live in the URL.

use std::time::Duration;

use leptos::{
    ev, html,
    leptos_dom::helpers::TimeoutHandle,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{Event, FormData, HtmlFormElement, HtmlInputElement, HtmlSelectElement},
};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::icon::{Icon, IconName};
use crate::query::Query;

/// How long typing has to rest before the search begins.
const REST: Duration = Duration::from_millis(250);

/// The form. With JavaScript it submits as you type or choose, and leaves empty fields out of the
/// URL.
#[component]
pub fn FilterForm(
    /// The path of the list.
    #[prop(into)]
    action: String,
    /// The label for screen readers.
    #[prop(into)]
    label: String,
    /// Names of the form's fields, in their order in the URL.
    names: &'static [&'static str],
    /// The fields, with a hidden one for each part of the URL to keep.
    children: Children,
) -> impl IntoView {
    let form = NodeRef::<html::Form>::new();
    let navigate = use_navigate();
    let path = action.clone();
    let go = move |form: &HtmlFormElement| {
        let url = form_url(form, &path, names);
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&url, options);
    };
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(handle) = timer.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    on_cleanup(cancel);
    let submit = {
        let go = go.clone();
        move |event: ev::SubmitEvent| {
            event.prevent_default();
            cancel();
            if let Some(form) = form.get_untracked() {
                go(&form);
            }
        }
    };
    let input = move |event: Event| {
        cancel();
        let Some(form) = form.get_untracked() else {
            return;
        };
        if is_choice(&event) {
            go(&form);
        } else {
            let go = go.clone();
            timer.set_value(set_timeout_with_handle(move || go(&form), REST).ok());
        }
    };
    view! {
        <form
            node_ref=form
            class="filters"
            role="search"
            method="get"
            action=action
            aria-label=label
            on:submit=submit
            on:input=input
        >
            {children()}
            <button class="button without-js" type="submit">
                "Apply"
            </button>
        </form>
    }
}

fn is_choice(event: &Event) -> bool {
    event
        .target()
        .is_some_and(|target| target.dyn_ref::<HtmlSelectElement>().is_some())
}

fn form_url(form: &HtmlFormElement, path: &str, names: &[&str]) -> String {
    let Ok(data) = FormData::new_with_form(form) else {
        return path.to_owned();
    };
    let value = |name: &str| data.get(name).as_string().unwrap_or_default();
    names
        .iter()
        .fold(Query::default(), |query, name| {
            query.with(name, value(name).trim())
        })
        .of(path)
}

/// A field to search by.
#[component]
pub fn SearchBox(
    /// The field's name in the URL.
    name: &'static str,
    /// The placeholder, which is also the field's label.
    #[prop(into)]
    label: String,
    /// The value in the URL.
    #[prop(into)]
    value: Signal<String>,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    // Back and filter cards change the URL. A field that is being edited keeps its text.
    Effect::new(move || {
        let value = value.get();
        if let Some(field) = field.get()
            && !has_focus(&field)
        {
            field.set_value(&value);
        }
    });
    view! {
        <label class="search">
            <Icon name=IconName::Search/>
            <span class="visually-hidden">{label.clone()}</span>
            <input
                node_ref=field
                type="search"
                name=name
                value=value.get_untracked()
                placeholder=label
                autocomplete="off"
                spellcheck="false"
                maxlength="200"
            />
        </label>
    }
}

fn has_focus(field: &HtmlInputElement) -> bool {
    document()
        .active_element()
        .is_some_and(|active| active.is_same_node(Some(field)))
}

/// A choice to filter by.
#[component]
pub fn SelectFilter(
    /// The field's name in the URL.
    name: &'static str,
    /// The label for screen readers.
    #[prop(into)]
    label: String,
    /// The option for no choice, such as `Any status`.
    #[prop(into)]
    any: String,
    /// Values with their words.
    options: Vec<(String, String)>,
    /// The value in the URL; empty for none.
    #[prop(into)]
    value: Signal<String>,
) -> impl IntoView {
    let options: Vec<_> = std::iter::once((String::new(), any))
        .chain(options)
        .collect();
    view! {
        <label class="select-filter">
            <span class="visually-hidden">{label}</span>
            <select name=name prop:value=move || value.get()>
                {options
                    .into_iter()
                    .map(|(option, word)| {
                        let selected = value.with_untracked(|value| *value == option);
                        view! {
                            <option value=option selected=selected>
                                {word}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
        </label>
    }
}
