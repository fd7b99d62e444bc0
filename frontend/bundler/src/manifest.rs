//! The list of what the bundle consists of.
//!
//! `manifest.json` at the top of the site folder holds paths as a page writes them:
//!
//! ```json
//! {
//!   "js": "/pkg/support-console.0123456789abcdef.js",
//!   "wasm": "/pkg/support-console.0123456789abcdef.wasm",
//!   "css": "/pkg/support-console.0123456789abcdef.css",
//!   "fonts": ["/pkg/inter-latin-wght-normal.0123456789abcdef.woff2"]
//! }
//! ```
//!
//! The script's default export takes the path of the WebAssembly: `init({ module_or_path: wasm })`.
//! File names follow what Leptos expects with `LEPTOS_HASH_FILES`, and [`Manifest::to_leptos`] is its `hash.txt`, so
//! that `HydrationScripts`, `HashedStylesheet` and `cargo leptos` find the same files.

use serde::Serialize;

use crate::site::Hashed;

/// What a page has to load, as paths below the site's root.
#[derive(Debug)]
pub(crate) struct Manifest {
    js: Hashed,
    wasm: Hashed,
    css: Hashed,
    fonts: Vec<Hashed>,
}

#[derive(Serialize)]
struct Json {
    js: String,
    wasm: String,
    css: String,
    fonts: Vec<String>,
}

impl Manifest {
    pub(crate) fn new(js: Hashed, wasm: Hashed, css: Hashed, fonts: Vec<Hashed>) -> Self {
        Self {
            js,
            wasm,
            css,
            fonts,
        }
    }

    /// The form that our server reads.
    pub(crate) fn to_json(&self) -> String {
        let json = Json {
            js: self.js.path(),
            wasm: self.wasm.path(),
            css: self.css.path(),
            fonts: self.fonts.iter().map(Hashed::path).collect(),
        };
        // Strings and lists always have a JSON form.
        serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
    }

    /// The form that Leptos reads.
    pub(crate) fn to_leptos(&self) -> String {
        format!(
            "js: {}\nwasm: {}\ncss: {}\n",
            self.js.hash, self.wasm.hash, self.css.hash
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let file = |extension, content: &[u8]| Hashed::new("support-console", extension, content);
        Manifest::new(
            file("js", b"1"),
            file("wasm", b"2"),
            file("css", b"3"),
            Vec::new(),
        )
    }

    #[test]
    fn json_names_each_file_by_its_path() {
        let json: serde_json::Value = serde_json::from_str(&manifest().to_json()).unwrap();
        assert_eq!(json["js"], "/pkg/support-console.6b86b273ff34fce1.js");
        assert_eq!(json["fonts"], serde_json::json!([]));
    }

    #[test]
    fn leptos_gets_the_bare_hashes() {
        assert_eq!(
            manifest().to_leptos(),
            "js: 6b86b273ff34fce1\nwasm: d4735e3a265e16ee\ncss: 4e07408562bedb8b\n"
        );
    }
}
