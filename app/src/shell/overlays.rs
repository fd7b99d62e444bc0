//! What lies over a page: the palette, and the list of keys.

use leptos::{ev, html, prelude::*, web_sys::HtmlDialogElement};

use super::palette::search::{Search, use_search};

/// What can lie over every page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlay {
    Palette,
    Keys,
}

/// Which of them does, and what the palette searches for.
#[derive(Debug, Clone, Copy)]
pub struct Overlays {
    shown: RwSignal<Option<Overlay>>,
    pub(super) search: Search,
}

impl Overlays {
    pub(super) fn is(self, overlay: Overlay) -> bool {
        self.shown.get_untracked() == Some(overlay)
    }

    /// The one that lies over the page now.
    pub(super) fn shown(self) -> Option<Overlay> {
        self.shown.get()
    }

    /// Shows it; always true, for keys that are answered so.
    pub(super) fn show(self, overlay: Overlay) -> bool {
        if !self.is(overlay) {
            self.search.set_text(String::new());
        }
        self.shown.set(Some(overlay));
        true
    }

    pub(super) fn close(self) {
        self.shown.set(None);
    }
}

/// Provides [`Overlays`] for the frame, once.
pub(super) fn provide_overlays() {
    provide_context(Overlays {
        shown: RwSignal::new(None),
        search: use_search(),
    });
}

/// Opens a dialog as soon as it is in the page. The browser keeps the focus in it, and gives it back when it is closed.
pub(super) fn open_modally(dialog: NodeRef<html::Dialog>) {
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            request_animation_frame(move || drop(dialog.show_modal()));
        }
    });
    // Before it leaves the page: only what is closed gives the focus back.
    on_cleanup(move || {
        if let Some(dialog) = dialog.try_get_untracked().flatten() {
            HtmlDialogElement::close(&dialog);
        }
    });
}

/// A click beside the dialog is one on its backdrop, which belongs to it.
pub(super) fn close_outside(event: &ev::MouseEvent, overlays: Overlays) {
    if event.target() == event.current_target() {
        overlays.close();
    }
}
