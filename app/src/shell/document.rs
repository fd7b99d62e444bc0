//! The HTML document.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use super::App;
use crate::components::sign_in_of_page;

/// Runs before the first paint: what the person has chosen for this browser, and that there is JavaScript.
const BEFORE_PAINT: &str = include_str!("before_paint.js");
/// What becomes of the page when its script fails.
const NOT_LIVE: &str = include_str!("not_live.js");
/// Fetches for the next page what this one works without.
const FOR_LATER: &str = include_str!("for_later.js");
/// Starts the WebAssembly, from the addresses `js` and `wasm`, and compares the release `build` with that of the server.
const START: &str = include_str!("start.js");

/// The addresses of the files that a page loads, with content hashes in their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assets {
    /// The script that starts the WebAssembly. Without it pages stay as the server rendered them.
    pub js: Option<String>,
    pub wasm: Option<String>,
    pub css: Option<String>,
    /// A script of what pages do beside the WebAssembly.
    pub page: Option<String>,
    /// More WebAssembly, with the code of the page.
    pub parts: Vec<String>,
    /// Fonts to load early.
    pub fonts: Vec<String>,
    /// The page works without script and WebAssembly, and only fetches them for the next one.
    pub only_for_later: bool,
}

impl Assets {
    /// Names the release: changes with the script or the WebAssembly.
    pub fn build(&self) -> Option<String> {
        Some(format!("{} {}", self.js.as_ref()?, self.wasm.as_ref()?))
    }
}

/// The document of every page, on the server only. Takes its [`Assets`] and the nonce of its
/// scripts from the context.
#[component]
pub fn Document() -> impl IntoView {
    let assets = use_context::<Assets>().unwrap_or_default();
    let fonts = assets.fonts.clone();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-sign-in=sign_in_of_page()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="robots" content="noindex, nofollow"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                {fonts
                    .into_iter()
                    .map(|font| {
                        view! {
                            <link
                                rel="preload"
                                href=font
                                r#as="font"
                                r#type="font/woff2"
                                crossorigin="anonymous"
                            />
                        }
                    })
                    .collect_view()}
                {assets.css.clone().map(|css| view! { <link rel="stylesheet" href=css/> })}
                <script nonce=use_nonce()>{BEFORE_PAINT}</script>
                <script nonce=use_nonce()>{NOT_LIVE}</script>
                {assets.page.clone().map(|page| view! { <script nonce=use_nonce() src=page defer></script> })}
                {hydration(&assets)}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

fn hydration(assets: &Assets) -> Option<impl IntoView + use<>> {
    let (js, wasm, build) = (assets.js.clone()?, assets.wasm.clone()?, assets.build()?);
    let code = if assets.only_for_later {
        FOR_LATER
    } else {
        START
    };
    // The names come from the bundler's manifest. JSON turns them into string literals.
    let start = format!(
        "const js = {js}, wasm = {wasm}, parts = {parts}, build = {build};\n{code}",
        parts = serde_json::to_string(&assets.parts).ok()?,
        js = serde_json::to_string(&js).ok()?,
        wasm = serde_json::to_string(&wasm).ok()?,
        build = serde_json::to_string(&build).ok()?,
    );
    let early = (!assets.only_for_later).then(|| {
        let modules = std::iter::once(wasm).chain(assets.parts.clone());
        view! {
            <link rel="modulepreload" href=js nonce=use_nonce()/>
            {modules
                .map(|module| {
                    view! {
                        <link
                            rel="preload"
                            href=module
                            r#as="fetch"
                            r#type="application/wasm"
                            crossorigin="anonymous"
                        />
                    }
                })
                .collect_view()}
        }
    });
    Some(view! {
        {early}
        <script type="module" nonce=use_nonce()>
            {start}
        </script>
    })
}
