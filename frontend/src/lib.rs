//! The browser's entry point: takes over the page that the server rendered, and nothing else.

/// Called by the page's own script once the module has loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_body(app::shell::App);
}
