//! The browser's entry point: takes over the page that the server rendered, and nothing else.
// Views are deeply nested types, and the compiler lays them out here.
#![recursion_limit = "256"]

use leptos::web_sys::{CustomEvent, CustomEventInit, window};

/// Called by the page's own script once the module has loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|fault| {
        // Without this a fault of ours is nothing but "unreachable" in the browser's console.
        leptos::logging::error!("{fault}");
        give_up();
    }));
    leptos::mount::hydrate_body(app::shell::App);
}

/// After a panic nothing of ours works any more. The page's own script sees to it that the browser does
/// what it does without us.
fn give_up() {
    let init = CustomEventInit::new();
    init.set_detail(&"panic".into());
    let event = CustomEvent::new_with_event_init_dict("not-live", &init);
    // Nothing is left to do where even that fails.
    if let (Some(window), Ok(event)) = (window(), event) {
        let _ = window.dispatch_event(&event);
    }
}
