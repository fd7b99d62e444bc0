//! `bindgen WASM FOLDER [--strip]`: writes the script and the module that a browser loads, `frontend.js` and
//! `frontend_bg.wasm`, into a folder. `--strip` drops the names of functions. `frontend/bundle.mjs` does the rest.
//!
//! Code behind a split point is in modules beside it. `parts.js` loads them, and `parts.json` lists which of them each part
//! needs.

use std::{collections::BTreeMap, error::Error, fs, path::Path, process::ExitCode};

use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::{Options, transform};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [wasm, folder] => bind(wasm.as_ref(), folder.as_ref(), false),
        [wasm, folder, "--strip"] => bind(wasm.as_ref(), folder.as_ref(), true),
        _ => Err("usage: bindgen WASM FOLDER [--strip]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("bindgen: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn bind(wasm: &Path, folder: &Path, strip: bool) -> Result<(), Box<dyn Error>> {
    // The alternate form lists the causes too.
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error:#}", wasm.display());
    let content = fs::read(wasm).map_err(|error| failed(&error))?;
    let content = split(&content, folder).map_err(|error| failed(&error))?;
    let mut bindgen = Bindgen::new();
    bindgen.web(true).map_err(|error| failed(&error))?;
    let mut output = bindgen
        .input_bytes("frontend", content)
        .typescript(false)
        .omit_default_module_path(true)
        // The modules split off refer to what this one exports by its name.
        .keep_lld_exports(true)
        .demangle(false)
        .remove_name_section(strip)
        .remove_producers_section(strip)
        .generate_output()
        .map_err(|error| failed(&error))?;
    let inline = output
        .snippets()
        .iter()
        .filter(|(_, scripts)| !scripts.is_empty());
    let snippets: Vec<_> = inline
        .map(|(name, _)| name)
        .chain(output.local_modules().keys())
        .cloned()
        .collect();
    if !snippets.is_empty() {
        // Separate files with fixed names: browsers keep them forever, so they would go stale.
        return Err(format!(
            "a dependency brings its own JavaScript ({}), which gets no hashed name: do without that dependency",
            snippets.join(", ")
        )
        .into());
    }
    output.emit(folder).map_err(|error| failed(&error).into())
}

/// Splits off what only some pages need, and returns the rest.
fn split(content: &[u8], folder: &Path) -> Result<Vec<u8>, String> {
    let main = folder.join("main.wasm");
    let mut options = Options::new(content);
    options.output_dir = folder;
    options.main_out_path = &main;
    options.link_name = "./parts.js";
    options.main_module = "./frontend.js";
    let parts = transform(options).map_err(|error| format!("{error:#}"))?;
    let parts: BTreeMap<_, _> = parts.prefetch_map.into_iter().collect();
    // Their names are identifiers, which Rust writes as JSON does.
    let rest = fs::write(folder.join("parts.json"), format!("{parts:?}"))
        .and_then(|()| fs::read(&main))
        .and_then(|rest| fs::remove_file(&main).map(|()| rest));
    rest.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest module: magic number and version.
    const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";

    fn bound(name: &str, content: &[u8]) -> Result<String, Box<dyn Error>> {
        let folder = std::env::temp_dir().join(format!("bindgen-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let wasm = folder.join("input.wasm");
        fs::write(&wasm, content)?;
        let result = bind(&wasm, &folder, false)
            .and_then(|()| Ok(fs::read_to_string(folder.join("frontend.js"))?));
        fs::remove_dir_all(&folder)?;
        result
    }

    #[test]
    fn a_module_that_was_linked_without_relocations_is_refused() {
        let error = bound("relocations", EMPTY_MODULE).unwrap_err().to_string();
        assert!(error.contains("--emit-relocs"), "{error}");
    }

    #[test]
    fn what_is_not_webassembly_is_refused_by_name() {
        let error = bound("refused", b"not a module").unwrap_err().to_string();
        assert!(error.contains("input.wasm"), "{error}");
    }
}
