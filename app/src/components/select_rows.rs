//! Selecting several rows of a table: a box in each row, and with JavaScript one in the head for all of them.

use leptos::{
    ev, html,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{Event, HtmlFormElement, HtmlInputElement},
};

use super::viewer::use_viewer;

/// The field that names a row.
const FIELD: &str = "id";

/// The head of the column of boxes.
#[component]
pub fn SelectHead(
    /// The ID of the form that the boxes belong to.
    form: &'static str,
    /// What is selected: `tenants`.
    what: &'static str,
    /// How many rows the page has. It changes too when others stand there.
    #[prop(into)]
    count: Signal<usize>,
    /// How many can be selected at once.
    max: usize,
) -> impl IntoView {
    let viewer = use_viewer();
    let head = NodeRef::<html::Input>::new();
    Effect::new(move || {
        let Some(head) = head.get() else { return };
        show(&head, form, max);
        let listening = window_event_listener(ev::change, move |_| show(&head, form, max));
        on_cleanup(move || listening.remove());
    });
    Effect::new(move || {
        count.track();
        // By the next frame the rows stand on the page.
        if let Some(head) = head.get() {
            request_animation_frame(move || show(&head, form, max));
        }
    });
    let select = move |_: Event| {
        if let Some(head) = head.get_untracked() {
            select_rows(&boxes(form), head.checked(), max);
            show(&head, form, max);
        }
    };
    let label = move || label(what, count.get(), max);
    view! {
        <th scope="col" class="tight">
            <Show
                when=move || viewer.is_hydrated()
                fallback=|| view! { <span class="visually-hidden">"Select"</span> }
            >
                <input
                    node_ref=head
                    type="checkbox"
                    autocomplete="off"
                    aria-label=label
                    on:change=select
                />
            </Show>
        </th>
    }
}

/// The box that selects a row.
#[component]
pub fn SelectBox(
    /// The ID of the form that it belongs to.
    form: &'static str,
    /// The row's identifier.
    #[prop(into)]
    value: String,
    #[prop(into)] label: String,
) -> impl IntoView {
    view! { <input type="checkbox" form=form name=FIELD value=value aria-label=label/> }
}

/// How many of the selectable rows are selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Selected {
    None,
    Some,
    /// All of them, or as many as can be selected at once.
    All,
}

impl Selected {
    fn of(selected: usize, count: usize, max: usize) -> Self {
        match selected {
            0 => Self::None,
            many if many >= count.min(max) => Self::All,
            _ => Self::Some,
        }
    }
}

fn label(what: &str, count: usize, max: usize) -> String {
    match count > max {
        true => format!("Select up to {max} {what} on this page"),
        false => format!("Select all {what} on this page"),
    }
}

/// The boxes of a form, in the order of the rows.
fn boxes(form: &str) -> Vec<HtmlInputElement> {
    let form = document().get_element_by_id(form);
    let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else {
        return Vec::new();
    };
    let elements = form.elements();
    let inputs = (0..elements.length())
        .filter_map(|place| elements.item(place)?.dyn_into::<HtmlInputElement>().ok());
    inputs
        .filter(|input| input.type_() == "checkbox" && input.name() == FIELD)
        .collect()
}

fn select_rows(boxes: &[HtmlInputElement], all: bool, max: usize) {
    let mut free = max.saturating_sub(checked(boxes));
    for row in boxes {
        if !all {
            row.set_checked(false);
        } else if free > 0 && !row.checked() {
            row.set_checked(true);
            free -= 1;
        }
    }
}

fn show(head: &HtmlInputElement, form: &str, max: usize) {
    let boxes = boxes(form);
    let selected = Selected::of(checked(&boxes), boxes.len(), max);
    head.set_checked(selected == Selected::All);
    head.set_indeterminate(selected == Selected::Some);
}

fn checked(boxes: &[HtmlInputElement]) -> usize {
    boxes.iter().filter(|row| row.checked()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_selected_when_no_more_can_be() {
        assert_eq!(Selected::of(0, 3, 50), Selected::None);
        assert_eq!(Selected::of(0, 0, 50), Selected::None);
        assert_eq!(Selected::of(2, 3, 50), Selected::Some);
        assert_eq!(Selected::of(3, 3, 50), Selected::All);
        assert_eq!(Selected::of(49, 200, 50), Selected::Some);
        assert_eq!(Selected::of(50, 200, 50), Selected::All);
        assert_eq!(Selected::of(51, 200, 50), Selected::All);
    }

    #[test]
    fn the_head_says_how_many_rows_it_selects() {
        assert_eq!(label("tenants", 50, 50), "Select all tenants on this page");
        assert_eq!(
            label("tenants", 51, 50),
            "Select up to 50 tenants on this page"
        );
    }
}
