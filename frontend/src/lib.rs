//! The browser's entry point: takes over the page that the server rendered, and nothing else.
// Views are deeply nested types, and the compiler lays them out here.
#![recursion_limit = "256"]

/// Called by the page's own script once the module has loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    // Without this a fault of ours is nothing but "unreachable" in the browser's console.
    std::panic::set_hook(Box::new(|fault| leptos::logging::error!("{fault}")));
    leptos::mount::hydrate_body(app::shell::App);
}
