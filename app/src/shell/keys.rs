//! What keys do everywhere. Those without a modifier can be switched off for this browser (WCAG 2.1.4), and mean nothing
//! where text is typed.

use leptos::{
    ev,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent},
};

use super::overlays::{Overlay, Overlays};

/// A key and what it does, for people.
pub(super) const KEYS: [(&str, &str); 7] = [
    ("Ctrl K or ⌘ K", "Find anything, or do something"),
    ("/", "Search on this page"),
    ("j", "Next row"),
    ("k", "Previous row"),
    ("Enter", "Open the row"),
    ("?", "Show these keys"),
    ("Esc", "Close"),
];

/// The rows of lists, which have a link or something that opens each.
const ROWS: &str = "main tbody tr, main ul.rows > li";
const ROW_TARGET: &str = "a[href], summary";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Palette,
    Search,
    Keys,
    Next,
    Previous,
}

/// Where a key was pressed.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
struct Pressed {
    /// Ctrl or ⌘, and nothing else.
    command: bool,
    /// Neither Ctrl, ⌘ nor Alt.
    plain: bool,
    /// In a field.
    typing: bool,
    /// The person has switched single keys off.
    off: bool,
}

fn meaning(key: &str, pressed: Pressed) -> Option<Meaning> {
    if pressed.command {
        return key.eq_ignore_ascii_case("k").then_some(Meaning::Palette);
    }
    if !pressed.plain || pressed.typing || pressed.off {
        return None;
    }
    match key {
        "/" => Some(Meaning::Search),
        "?" => Some(Meaning::Keys),
        "j" => Some(Meaning::Next),
        "k" => Some(Meaning::Previous),
        _ => None,
    }
}

/// Listens for as long as the frame is there.
pub(super) fn follow_keys(overlays: Overlays) {
    Effect::new(move |_| {
        let listening = window_event_listener(ev::keydown, move |event| press(&event, overlays));
        on_cleanup(move || listening.remove());
    });
}

fn press(event: &KeyboardEvent, overlays: Overlays) {
    let is_modal = || {
        let modal = document().query_selector("dialog:modal");
        modal.is_ok_and(|modal| modal.is_some())
    };
    if event.default_prevented()
        || event.is_composing()
        || event.repeat() && event.key() != "j" && event.key() != "k"
    {
        return;
    }
    let pressed = Pressed {
        command: (event.ctrl_key() != event.meta_key()) && !event.alt_key() && !event.shift_key(),
        plain: !event.ctrl_key() && !event.meta_key() && !event.alt_key(),
        typing: is_typing(event),
        off: are_off(),
    };
    let Some(meaning) = meaning(&event.key(), pressed) else {
        return;
    };
    // A dialog has the keyboard for itself.
    if is_modal() {
        if meaning == Meaning::Palette && overlays.is(Overlay::Palette) {
            event.prevent_default();
            overlays.close();
        }
        return;
    }
    let done = match meaning {
        Meaning::Palette => overlays.show(Overlay::Palette),
        Meaning::Keys => overlays.show(Overlay::Keys),
        Meaning::Search => focus_search() || overlays.show(Overlay::Palette),
        Meaning::Next => step(true),
        Meaning::Previous => step(false),
    };
    if done {
        event.prevent_default();
    }
}

fn are_off() -> bool {
    let root = document().document_element();
    root.is_some_and(|root| root.get_attribute("data-keys").as_deref() == Some("off"))
}

fn is_typing(event: &KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let field = target.and_then(|target| {
        let fields = "input, textarea, select, [contenteditable]:not([contenteditable='false'])";
        target.closest(fields).ok().flatten()
    });
    field.is_some()
}

fn focus_search() -> bool {
    let search = document().query_selector("main input[type=search]");
    let search = search.ok().flatten();
    let Some(search) = search.and_then(|search| search.dyn_into::<HtmlInputElement>().ok()) else {
        return false;
    };
    search.select();
    search.focus().is_ok()
}

/// Moves the focus by one row; from outside of them, to the first.
fn step(forward: bool) -> bool {
    let focused = document().active_element();
    let row = focused.and_then(|focused| focused.closest(ROWS).ok().flatten());
    let next = match &row {
        None => document().query_selector(ROWS).ok().flatten(),
        Some(row) if forward => row.next_element_sibling(),
        Some(row) => row.previous_element_sibling(),
    };
    let target = next.and_then(|next| next.query_selector(ROW_TARGET).ok().flatten());
    let target = target.and_then(|target| target.dyn_into::<HtmlElement>().ok());
    target.is_some_and(|target| target.focus().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Pressed = Pressed {
        command: false,
        plain: true,
        typing: false,
        off: false,
    };

    #[test]
    fn single_keys_mean_nothing_in_fields_or_where_they_are_off() {
        for key in ["/", "?", "j", "k"] {
            assert!(meaning(key, PLAIN).is_some(), "{key}");
            assert_eq!(
                meaning(
                    key,
                    Pressed {
                        typing: true,
                        ..PLAIN
                    }
                ),
                None
            );
            assert_eq!(meaning(key, Pressed { off: true, ..PLAIN }), None);
            assert_eq!(
                meaning(
                    key,
                    Pressed {
                        plain: false,
                        ..PLAIN
                    }
                ),
                None
            );
        }
        assert_eq!(meaning("x", PLAIN), None);
    }

    #[test]
    fn the_palette_opens_from_everywhere() {
        let command = Pressed {
            command: true,
            typing: true,
            off: true,
            ..Pressed::default()
        };
        assert_eq!(meaning("k", command), Some(Meaning::Palette));
        assert_eq!(meaning("K", command), Some(Meaning::Palette));
        assert_eq!(meaning("j", command), None);
    }
}
