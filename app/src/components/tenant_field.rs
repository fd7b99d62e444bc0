//! The field for a tenant: finds name, slug and ID. A combobox (ARIA 1.2, with a list of suggestions) once the page is
//! hydrated, and before that a plain text field whose text the server looks up.

use std::time::Duration;

use leptos::{
    ev, html, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local,
    wasm_bindgen::JsCast as _, web_sys::Element,
};

use super::{Field, Outside, use_viewer};
use crate::{
    api,
    domain::tenants::{TENANT_FIELD, TenantRef},
};

/// How long typing has to rest before suggestions are asked for.
const REST: Duration = Duration::from_millis(150);

const LIST: &str = "tenant-suggestions";

/// What is typed, chosen and suggested.
#[derive(Debug, Clone, Copy)]
struct Combobox {
    typed: RwSignal<String>,
    /// The tenant that the text stands for, as long as the text is not changed.
    chosen: RwSignal<Option<(String, String)>>,
    options: RwSignal<Vec<TenantRef>>,
    is_open: RwSignal<bool>,
    active: RwSignal<Option<usize>>,
    /// The number of the latest question: the answer to an older one is dropped.
    asked: StoredValue<u64>,
    timer: StoredValue<Option<TimeoutHandle>>,
    input: NodeRef<html::Input>,
    sent: NodeRef<html::Input>,
}

/// The field for a tenant in a filter form.
#[component]
pub fn TenantField(
    /// The tenant in the URL: an ID, or a text that names none.
    #[prop(into)]
    value: Signal<String>,
    /// What the field shows for it.
    #[prop(into)]
    text: Signal<String>,
    #[prop(into)] error: Signal<Option<String>>,
) -> impl IntoView {
    let combobox = Combobox::new();
    let viewer = use_viewer();
    combobox.follow_url(value, text);
    let is_live = move || viewer.is_hydrated();
    let first = text.get_untracked();
    let hint = move || match (combobox.is_open.get(), combobox.options.with(Vec::len)) {
        (false, _) => String::new(),
        (true, 0) => "No matching tenants".to_owned(),
        (true, 1) => "1 tenant".to_owned(),
        (true, many) => format!("{many} tenants"),
    };
    view! {
        <Field id="filter-tenant" label="Tenant" error let:control>
            <div class="combobox">
                <input
                    node_ref=combobox.input
                    id=control.id
                    type="text"
                    // Once the page is hydrated the field beside it is sent, which knows the ID.
                    name=move || (!is_live()).then_some(TENANT_FIELD)
                    value=first
                    placeholder="Name or ID"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    maxlength="200"
                    role=move || is_live().then_some("combobox")
                    aria-autocomplete=move || is_live().then_some("list")
                    aria-expanded=move || {
                        is_live().then(|| combobox.has_list().to_string())
                    }
                    aria-controls=move || is_live().then_some(LIST)
                    aria-activedescendant=move || combobox.active.get().map(option_id)
                    aria-describedby=control.described_by
                    aria-invalid=control.invalid
                    on:input=move |event| combobox.type_text(event_target_value(&event))
                    on:keydown=move |event| combobox.press(&event)
                    on:focusout=move |_| combobox.leave()
                />
                <input
                    node_ref=combobox.sent
                    type="hidden"
                    name=move || is_live().then_some(TENANT_FIELD)
                />
                <ul
                    id=LIST
                    class="suggestions"
                    role="listbox"
                    aria-label="Tenants"
                    hidden=move || !combobox.has_list()
                >
                    {move || combobox.rows()}
                </ul>
                <span class="visually-hidden" role="status">
                    {hint}
                </span>
            </div>
        </Field>
    }
}

fn option_id(at: usize) -> String {
    format!("{LIST}-{at}")
}

impl Combobox {
    fn new() -> Self {
        let combobox = Self {
            typed: RwSignal::new(String::new()),
            chosen: RwSignal::new(None),
            options: RwSignal::new(Vec::new()),
            is_open: RwSignal::new(false),
            active: RwSignal::new(None),
            asked: StoredValue::new(0),
            timer: StoredValue::new(None),
            input: NodeRef::new(),
            sent: NodeRef::new(),
        };
        on_cleanup(move || combobox.cancel());
        combobox
    }

    /// The URL says which tenant is chosen, unless the field is being edited.
    fn follow_url(self, value: Signal<String>, text: Signal<String>) {
        Effect::new(move |before: Option<(String, String)>| {
            let (value, text) = (value.get(), text.get());
            let Some(input) = self.input.get() else {
                return (value, text);
            };
            let is_edited = is_focused(&input) && self.typed.get_untracked() != text;
            let is_new = before.as_ref() != Some(&(value.clone(), text.clone()));
            if is_new && !is_edited {
                // What was typed before hydration counts.
                let typed = match before {
                    None if input.value() != text => input.value(),
                    _ => text.clone(),
                };
                input.set_value(&typed);
                self.typed.set(typed);
                self.chosen.set(Some((text.clone(), value.clone())));
            }
            self.set_sent();
            (value, text)
        });
    }

    /// Writes what the form sends: the chosen tenant's ID, else what was typed.
    fn set_sent(self) {
        let typed = self.typed.get_untracked();
        let chosen = self.chosen.get_untracked();
        let value = chosen.filter(|(text, _)| *text == typed.trim());
        let value = value.map_or(typed, |(_, id)| id);
        if let Some(sent) = self.sent.get_untracked() {
            sent.set_value(&value);
        }
    }

    fn type_text(self, text: String) {
        self.typed.set(text);
        self.set_sent();
        self.ask_after(REST);
    }

    fn cancel(self) {
        if let Some(timer) = self.timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    }

    fn ask_after(self, rest: Duration) {
        self.cancel();
        self.timer
            .set_value(set_timeout_with_handle(move || self.ask(), rest).ok());
    }

    fn ask(self) {
        let number = self.asked.get_value() + 1;
        self.asked.set_value(number);
        let text = self.typed.get_untracked();
        spawn_local(async move {
            let found = api::suggest_tenants(text).await.unwrap_or_default();
            // An older answer must not replace a newer one, and the field may be gone.
            if self.asked.try_get_value() != Some(number) {
                return;
            }
            let is_here = self
                .input
                .get_untracked()
                .is_some_and(|input| is_focused(&input));
            self.active.set(None);
            self.options.set(found);
            self.is_open.set(is_here);
        });
    }

    fn has_list(self) -> bool {
        self.is_open.get() && self.options.with(|options| !options.is_empty())
    }

    fn close(self) {
        self.cancel();
        self.asked.update_value(|asked| *asked += 1);
        self.is_open.set(false);
        self.active.set(None);
    }

    fn press(self, event: &ev::KeyboardEvent) {
        match event.key().as_str() {
            "ArrowDown" | "ArrowUp" if !self.is_open.get_untracked() => {
                event.prevent_default();
                self.ask_after(Duration::ZERO);
            }
            key @ ("ArrowDown" | "ArrowUp") => {
                event.prevent_default();
                let count = self.options.with_untracked(Vec::len);
                let active = self.active.get_untracked();
                self.active.set(next(active, count, key == "ArrowDown"));
                self.show_active();
            }
            "Enter" => {
                let active = self.active.get_untracked();
                if let Some(at) = active.filter(|_| self.is_open.get_untracked()) {
                    event.prevent_default();
                    self.choose(at);
                } else {
                    // The form is sent by the browser.
                    self.close();
                }
            }
            "Escape" if self.is_open.get_untracked() => {
                event.prevent_default();
                event.stop_propagation();
                self.close();
            }
            _ => {}
        }
    }

    fn choose(self, at: usize) {
        let options = self.options.get_untracked();
        let Some(tenant) = options.get(at) else {
            return;
        };
        let name = tenant.name.clone();
        self.chosen
            .set(Some((name.trim().to_owned(), tenant.id.to_string())));
        if let Some(input) = self.input.get_untracked() {
            input.set_value(&name);
        }
        self.typed.set(name);
        self.set_sent();
        self.close();
        self.send();
    }

    fn send(self) {
        let form = self.input.get_untracked().and_then(|input| input.form());
        if let Some(form) = form {
            // A form that can't be sent shows why itself.
            let _ = form.request_submit();
        }
    }

    /// Leaving the field sends what was typed.
    fn leave(self) {
        self.close();
        let typed = self.typed.get_untracked();
        let is_chosen = self.chosen.with_untracked(|chosen| {
            chosen
                .as_ref()
                .is_some_and(|(text, _)| text == typed.trim())
        });
        if !is_chosen && (!typed.trim().is_empty() || self.chosen.get_untracked().is_some()) {
            self.chosen
                .set(Some((typed.trim().to_owned(), typed.trim().to_owned())));
            self.send();
        }
    }

    fn show_active(self) {
        if let Some(at) = self.active.get_untracked()
            && let Some(option) = document().get_element_by_id(&option_id(at))
        {
            option.scroll_into_view_with_bool(false);
        }
    }

    fn rows(self) -> impl IntoView {
        let options = self.options.get();
        let rows = (0..).zip(options).map(move |(at, tenant): (usize, _)| {
            view! {
                <li
                    id=option_id(at)
                    role="option"
                    aria-selected=move || (self.active.get() == Some(at)).to_string()
                    // The field keeps the focus.
                    on:mousedown=|event| event.prevent_default()
                    on:click=move |_| self.choose(at)
                >
                    <span>
                        <Outside text=tenant.name/>
                    </span>
                    <code class="id">{tenant.id.to_string()}</code>
                </li>
            }
        });
        rows.collect_view()
    }
}

/// The option after or before one, around the ends.
const fn next(active: Option<usize>, count: usize, down: bool) -> Option<usize> {
    match (active, count, down) {
        (_, 0, _) => None,
        (None, _, true) => Some(0),
        (None, _, false) => Some(count - 1),
        (Some(at), _, true) => Some((at + 1) % count),
        (Some(at), _, false) => Some((at + count - 1) % count),
    }
}

fn is_focused(input: &Element) -> bool {
    let active = document().active_element();
    active.is_some_and(|active| active.is_same_node(Some(input.unchecked_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_go_around_the_options() {
        assert_eq!(next(None, 3, true), Some(0));
        assert_eq!(next(None, 3, false), Some(2));
        assert_eq!(next(Some(2), 3, true), Some(0));
        assert_eq!(next(Some(0), 3, false), Some(2));
        assert_eq!(next(Some(0), 0, true), None);
    }
}
