//! Search and filters: a plain GET form, so that they work without JavaScript and live in the URL.

use std::time::Duration;

use leptos::{
    ev, html,
    leptos_dom::helpers::TimeoutHandle,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{Element, Event, FormData, HtmlFormElement, HtmlInputElement, HtmlSelectElement},
};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    heading::is_going_back,
    icon::{Icon, IconName},
};
use crate::query::Query;

/// How long typing has to rest before the search begins.
const REST: Duration = Duration::from_millis(250);

/// The form's attribute while the address lacks what is typed. Neither setting nor removing it can fail.
pub(super) const TYPING: &str = "data-typing";

/// The form. With JavaScript it submits as you type or choose, and leaves empty fields out of the
/// URL. A field with [suggestions](super::Suggestions) submits once you press Enter or leave it.
#[component]
pub fn FilterForm(
    #[prop(into)] action: String,
    /// The label for screen readers.
    #[prop(into)]
    label: String,
    /// Names of the form's fields, in their order in the URL.
    #[prop(into)]
    names: Vec<&'static str>,
    /// The fields, with a hidden one for each part of the URL to keep.
    children: Children,
) -> impl IntoView {
    let form = NodeRef::<html::Form>::new();
    let navigate = use_navigate();
    let go = move |form: &HtmlFormElement| {
        let _ = form.remove_attribute(TYPING);
        let url = form_url(form);
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
    let edit = move |event: Event| {
        let is_whole = event.type_() == "change";
        if is_whole && !has_suggestions(&event) {
            return;
        }
        cancel();
        let Some(form) = form.get_untracked() else {
            return;
        };
        // What is typed there names nothing, or something else, before it is whole.
        if is_combobox(&event) || (has_suggestions(&event) && !is_whole) {
            let _ = form.remove_attribute(TYPING);
            return;
        }
        if is_whole || is_choice(&event) {
            go(&form);
        } else {
            let go = go.clone();
            let _ = form.set_attribute(TYPING, "");
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
            data-names=names.join(" ")
            aria-label=label
            on:submit=submit
            on:input=edit.clone()
            on:change=edit
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

fn is_combobox(event: &Event) -> bool {
    attribute(event, "role").as_deref() == Some("combobox")
}

fn has_suggestions(event: &Event) -> bool {
    attribute(event, "list").is_some()
}

/// An attribute of the field that an event is about.
fn attribute(event: &Event, name: &str) -> Option<String> {
    let field = event.target()?.dyn_into::<Element>().ok()?;
    field.get_attribute(name)
}

/// The list as the fields have it now.
fn form_url(form: &HtmlFormElement) -> String {
    let text = |name| form.get_attribute(name).unwrap_or_default();
    let data = FormData::new_with_form(form).ok();
    let value = |name: &str| data.as_ref()?.get(name).as_string();
    text("data-names")
        .split(' ')
        .fold(Query::default(), |query, name| {
            query.with(name, value(name).unwrap_or_default().trim())
        })
        .of(&text("action"))
}

#[component]
pub fn SearchBox(
    name: &'static str,
    /// The placeholder, which is also the field's label.
    #[prop(into)]
    label: String,
    #[prop(into)] value: Signal<String>,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    follow_url(field, value, None);
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

/// Back and links change the URL. A field that is being edited keeps its text, but for Back.
pub fn follow_url(
    field: NodeRef<html::Input>,
    value: Signal<String>,
    kind: Option<Signal<&'static str>>,
) {
    Effect::new(move || {
        let (value, kind) = (value.get(), kind.map(|kind| kind.get()));
        if let Some(field) = field.get() {
            // Before the value: another kind of field may not hold it.
            if let Some(kind) = kind {
                field.set_type(kind);
            }
            if !is_edited(&field) {
                field.set_value(&value);
            }
        }
    });
}

/// Whether someone types into a field, so that an address that arrives late may not replace it.
pub(super) fn is_edited(field: &HtmlInputElement) -> bool {
    let active = document().active_element();
    let is_active = active.is_some_and(|active| active.is_same_node(Some(field)));
    is_active && !is_going_back()
}

#[component]
pub fn SelectFilter(
    name: &'static str,
    /// The label for screen readers.
    #[prop(into)]
    label: String,
    /// The option for no choice, such as `Any status`.
    #[prop(into)]
    any: String,
    options: Vec<(String, String)>,
    /// The value in the URL; empty for none.
    #[prop(into)]
    value: Signal<String>,
) -> impl IntoView {
    view! {
        <label class="select-filter">
            <span class="visually-hidden">{label}</span>
            <select name=name prop:value=move || value.get()>
                <option value="">{any}</option>
                {choices(options, value)}
            </select>
        </label>
    }
}

/// A part of the URL that a filter keeps without showing it.
#[component]
pub fn KeptField(name: &'static str, #[prop(into)] value: Signal<String>) -> impl IntoView {
    view! {
        <input
            type="hidden"
            name=name
            value=move || value.get()
            disabled=move || value.with(String::is_empty)
        />
    }
}

/// Values with their words, of which one is chosen at first. A value from the URL that is none of them is shown as it is, so
/// that another choice doesn't lose it.
pub fn choices(options: Vec<(String, String)>, value: Signal<String>) -> impl IntoView {
    let known: Vec<_> = options.iter().map(|(option, _)| option.clone()).collect();
    let unknown = move || {
        let value = value.get();
        let is_unknown = !value.is_empty() && !known.contains(&value);
        is_unknown.then(|| {
            view! {
                <option value=value.clone() selected=true>
                    {value.clone()}
                </option>
            }
        })
    };
    let choice = move |(option, word)| {
        let selected = value.with_untracked(|value| *value == option);
        view! {
            <option value=option selected=selected>
                {word}
            </option>
        }
    };
    (options.into_iter().map(choice).collect_view(), unknown)
}

/// The values of an enum with their words.
pub fn labelled<T: Copy + ToString>(
    all: &[T],
    label: fn(T) -> &'static str,
) -> Vec<(String, String)> {
    all.iter()
        .map(|value| (value.to_string(), label(*value).to_owned()))
        .collect()
}
