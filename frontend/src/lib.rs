//! The browser's entry point: takes over the page that the server rendered, and nothing else.
// Views are deeply nested types, and the compiler lays them out here.
#![recursion_limit = "256"]

use app::{pages::parts::Part, shell::App};
use leptos::{
    mount::hydrate_from_async,
    prelude::document,
    web_sys::{CustomEvent, CustomEventInit, window},
};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// Loads the code of the page at a path. Called by the page's own script once the module has loaded. Fails if a file can't be
/// had.
#[wasm_bindgen]
pub async fn load(path: String) -> Result<(), JsValue> {
    let loaded = Part::of(&path).load().await;
    loaded.map_err(|error| error.to_string().into())
}

/// Called by the page's own script after [`load`], so that nothing can change the page while it is hydrated.
#[wasm_bindgen]
pub async fn hydrate() {
    std::panic::set_hook(Box::new(|fault| {
        // Without this a fault of ours is nothing but "unreachable" in the browser's console.
        leptos::logging::error!("{fault}");
        give_up();
    }));
    // What calls this stands in one.
    if let Some(body) = document().body() {
        hydrate_from_async(body, App).await.forget();
    }
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
