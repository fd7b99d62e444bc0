//! The palette: one field that finds tenants, support sessions, staff members, pages and acts, and leads to whatever a pasted
//! identifier names. Opened by Ctrl or ⌘ K, and by a button. Beside it the list of keys.

pub mod entries;
mod fold;
pub mod keys_help;
pub mod search;

use leptos::{
    ev, html,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{HtmlElement, HtmlFormElement, HtmlSelectElement},
};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};

use self::{
    entries::{Deed, Entry, Here, entries},
    keys_help::KeysHelp,
    search::Search,
};
use super::{
    keys::follow_keys,
    overlays::{Overlay, Overlays, close_outside, open_modally},
};
use crate::{
    components::{Icon, IconName, format::counted},
    domain::signed_in::SignedIn,
    live::{pause, use_live},
    paths,
    signed_in::use_signed_in,
};

const LIST: &str = "palette-list";

/// For those who may enter: the button that opens the palette, and what it opens.
#[component]
pub(super) fn PaletteButton() -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    view! {
        <button
            type="button"
            class="button palette-button with-js"
            aria-haspopup="dialog"
            aria-keyshortcuts="Control+K Meta+K"
            on:click=move |_| _ = overlays.show(Overlay::Palette)
        >
            <Icon name=IconName::Search/>
            <span>"Find anything"</span>
            <kbd aria-hidden="true">"Ctrl K"</kbd>
        </button>
    }
}

#[component]
pub(super) fn PaletteAndKeys() -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    // Not made anew whenever that is asked again: a key that was typed meanwhile would go nowhere.
    let signed_in = use_signed_in().latest();
    let may_enter = Memo::new(move |_| {
        signed_in.with(|signed_in| signed_in.as_ref().is_some_and(SignedIn::may_enter))
    });
    move || {
        may_enter.get().then(|| {
            follow_keys(overlays);
            move || {
                overlays.shown().map(|overlay| match overlay {
                    Overlay::Palette => view! { <Palette signed_in overlays/> }.into_any(),
                    Overlay::Keys => view! { <KeysHelp overlays/> }.into_any(),
                })
            }
        })
    }
}

#[component]
fn Palette(signed_in: RwSignal<Option<SignedIn>>, overlays: Overlays) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    open_modally(dialog);
    let search = overlays.search;
    let list = use_list(signed_in, search);
    let shown = list.shown;
    let act = use_act(overlays);
    let choose = Callback::new(move |place| {
        if let Some(entry) = list.entry(place) {
            act(entry.deed);
        }
    });
    // Enter that came before the answer leads to where the answer does.
    Effect::new(move || {
        if search.is_settled() && search.awaited.get_untracked() {
            search.awaited.set(false);
            choose.run(list.at_untracked());
        }
    });
    let press = move |event| list.press(&event, choose);
    let count = move || match shown.with(Vec::len) {
        0 => "No results".to_owned(),
        number => counted(number as u64, "result", "results"),
    };
    let active = move || (shown.with(Vec::len) > 0).then(|| option_id(list.at()));
    view! {
        <dialog
            node_ref=dialog
            class="dialog palette"
            aria-label="Find anything"
            on:cancel=move |event: ev::Event| {
                event.prevent_default();
                overlays.close();
            }
            on:click=move |event| close_outside(&event, overlays)
        >
            <div class="palette-field">
                <Icon name=IconName::Search/>
                <input
                    type="text"
                    role="combobox"
                    aria-label="Tenant, session, staff member, page, action or ID"
                    aria-expanded="true"
                    aria-controls=LIST
                    aria-autocomplete="list"
                    aria-activedescendant=active
                    placeholder="Tenant, session, staff member, page, action or ID"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    maxlength="200"
                    autofocus=true
                    prop:value=move || search.text.get()
                    on:input=move |event| search.set_text(event_target_value(&event))
                    on:keydown=press
                />
            </div>
            <Options list choose/>
            <p class="visually-hidden" role="status">{count}</p>
        </dialog>
    }
    .into_any()
}

/// What fits what is typed, where the person is.
fn use_list(signed_in: RwSignal<Option<SignedIn>>, search: Search) -> List {
    let live = use_live(Signal::default());
    let path = use_location().pathname;
    let shown = Memo::new(move |_| {
        let here = Here {
            path: path.get(),
            paused: live.paused.get(),
        };
        let text = search.text.get();
        let for_them = |signed_in: &SignedIn| {
            let of_answer = |(_, matches): &(_, _)| entries(&text, matches, signed_in, &here);
            search.found.with(of_answer)
        };
        signed_in.with(|signed_in| signed_in.as_ref().map(for_them).unwrap_or_default())
    });
    let moved_to = Memo::new(move |_| {
        search.chosen.with(|chosen| {
            let place = |entry| shown.with(|shown| shown.iter().position(|other| other == entry));
            chosen.as_ref().and_then(place)
        })
    });
    List {
        shown,
        moved_to,
        search,
    }
}

/// The results, and which of them is active.
#[derive(Clone, Copy)]
struct List {
    shown: Memo<Vec<Entry>>,
    /// The place of the result that was moved to. Without one the first is active.
    moved_to: Memo<Option<usize>>,
    search: Search,
}

impl List {
    fn at(self) -> usize {
        self.moved_to.get().unwrap_or_default()
    }

    fn at_untracked(self) -> usize {
        self.moved_to.get_untracked().unwrap_or_default()
    }

    fn entry(self, place: usize) -> Option<Entry> {
        self.shown.with_untracked(|shown| shown.get(place).cloned())
    }

    fn move_to(self, place: usize) {
        self.search.chosen.set(self.entry(place));
    }

    /// Follows the pointer, but not when only the page moves below one that rests.
    fn follow(self, event: &ev::MouseEvent, place: usize) {
        let has_moved = event.movement_x() != 0 || event.movement_y() != 0;
        if has_moved && self.at_untracked() != place {
            self.move_to(place);
        }
    }

    /// Moves along the results, or chooses one.
    fn press(self, event: &ev::KeyboardEvent, choose: Callback<usize>) {
        let moved_to = self.moved_to.get_untracked();
        let now = moved_to.unwrap_or_default();
        let last = self.shown.with_untracked(Vec::len).saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => self.move_to(if now == last { 0 } else { now + 1 }),
            "ArrowUp" => self.move_to(if now == 0 { last } else { now - 1 }),
            "Enter" if event.is_composing() => return,
            "Enter" if moved_to.is_some() || self.search.is_settled() => choose.run(now),
            "Enter" => self.search.awaited.set(true),
            _ => return,
        }
        event.prevent_default();
    }
}

fn option_id(place: usize) -> String {
    format!("palette-{place}")
}

#[component]
fn Options(list: List, choose: Callback<usize>) -> impl IntoView {
    let List { shown, search, .. } = list;
    let groups = move || {
        let shown = shown.get();
        let mut place = 0;
        shown
            .chunk_by(|a, b| a.group == b.group)
            .map(|entries| {
                let group = entries.first().map(|entry| entry.group).unwrap_or_default();
                let options: Vec<_> = entries
                    .iter()
                    .map(|entry| {
                        place += 1;
                        option(entry, place - 1, list, choose)
                    })
                    .collect();
                view! {
                    <div role="group" aria-label=group>
                        <p class="palette-group" aria-hidden="true">
                            {group}
                        </p>
                        {options}
                    </div>
                }
            })
            .collect_view()
    };
    let nothing = move || {
        (shown.with(Vec::is_empty) && search.is_settled()).then(|| {
            view! {
                <p class="palette-empty muted">
                    "Nothing found. Try part of a tenant's or staff member's name, or paste a whole ID."
                </p>
            }
        })
    };
    let failed = move || {
        search
            .problem
            .get()
            .map(|problem| view! { <p class="palette-empty error" role="alert">{problem}</p> })
    };
    view! {
        {failed}
        {nothing}
        <div
            id=LIST
            class="palette-list"
            role="listbox"
            aria-label="Results"
            aria-busy=move || (!search.is_settled()).to_string()
        >
            {groups}
        </div>
    }
}

fn option(
    entry: &Entry,
    place: usize,
    list: List,
    choose: Callback<usize>,
) -> impl IntoView + use<> {
    let line = NodeRef::<html::Div>::new();
    let is_active = move || list.at() == place;
    Effect::new(move || {
        if is_active()
            && let Some(line) = line.get()
        {
            keep_in_sight(&line);
        }
    });
    view! {
        <div
            node_ref=line
            id=option_id(place)
            class="palette-option"
            role="option"
            aria-selected=move || is_active().to_string()
            on:mousemove=move |event| list.follow(&event, place)
            on:click=move |_| choose.run(place)
        >
            <span>{entry.title.clone()}</span>
            <span class="muted">{entry.note.clone()}</span>
        </div>
    }
}

/// Does what an entry says, and closes the palette.
fn use_act(overlays: Overlays) -> impl Fn(Deed) + Copy + Send + Sync + 'static {
    let navigate = StoredValue::new_local(use_navigate());
    move |deed| {
        if deed == Deed::ShowKeys {
            overlays.show(Overlay::Keys);
            return;
        }
        overlays.close();
        match deed {
            Deed::Go(path) => {
                navigate.with_value(|navigate| navigate(&path, NavigateOptions::default()));
            }
            Deed::Pause(paused) => pause(paused),
            Deed::Choose(name, value) => choose_for_browser(name, value),
            Deed::SignOut => sign_out(),
            Deed::ShowKeys => {}
        }
    }
}

/// Scrolls the list as little as it takes.
fn keep_in_sight(line: &HtmlElement) {
    if let Some(list) = line.closest(".palette-list").ok().flatten() {
        let (top, bottom) = (line.offset_top(), line.offset_top() + line.offset_height());
        if top < list.scroll_top() {
            list.set_scroll_top(top - line.offset_height());
        } else if bottom > list.scroll_top() + list.client_height() {
            list.set_scroll_top(bottom - list.client_height());
        }
    }
}

/// As the select of the account menu does, which is there on every page.
fn choose_for_browser(name: &str, value: &str) {
    let select = document().query_selector(&format!("select[data-choice={name}]"));
    let select = select.ok().flatten();
    if let Some(select) = select.and_then(|select| select.dyn_into::<HtmlSelectElement>().ok()) {
        select.set_value(value);
        if let Ok(event) = ev::Event::new("change") {
            // Nobody keeps the choice from being made.
            let _ = select.dispatch_event(&event);
        }
    }
}

/// Sends the form of the account menu.
fn sign_out() {
    let form = document().query_selector(&format!("form[action='{}']", paths::forms::SIGN_OUT));
    if let Some(form) = form.ok().flatten()
        && let Ok(form) = form.dyn_into::<HtmlFormElement>()
    {
        // A form without fields is always sent.
        let _ = form.submit();
    }
}
