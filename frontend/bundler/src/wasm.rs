//! From cargo's WebAssembly to what a browser can load: a script and a smaller module.
//!
//! Both steps are skipped while their input is unchanged: the result is kept under a hash of everything it depends on.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use wasm_bindgen_cli_support::Bindgen;

use crate::{error::Error, site};

/// Flags of the optimiser: smallest code, within what rustc uses by default and every current browser has. Not
/// `--all-features`: that includes proposals, and the result would not load.
const OPTIMISE: [&str; 8] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Raise it when this file changes what it makes of the same input.
const RECIPE: &str = "1";

/// The browser's code.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// A module whose default export takes the path of the WebAssembly.
    pub(crate) script: String,
    pub(crate) wasm: Vec<u8>,
}

/// Runs wasm-bindgen, then the optimiser if one is given (and then drops function names too).
pub(crate) fn compile(
    input: &Path,
    optimiser: Option<&Path>,
    cache: &Path,
) -> Result<Compiled, Error> {
    let content = read(input)?;
    // The optimiser's own content stands for its version.
    let tool = optimiser.map(read).transpose()?.unwrap_or_default();
    let recipe = format!("{RECIPE} {} {OPTIMISE:?}", optimiser.is_some());
    let folder = cache.join(site::hash(&[&content, &tool, recipe.as_bytes()]));
    if !folder.join("complete").exists() {
        empty(cache)?;
        bind(input, content, optimiser.is_some(), &folder)?;
        if let Some(optimiser) = optimiser {
            optimise(optimiser, &folder.join(WASM))?;
        }
        site::write_if_changed(&folder.join("complete"), b"")?;
    }
    let script = read(&folder.join(SCRIPT))?;
    Ok(Compiled {
        script: String::from_utf8_lossy(&script).into_owned(),
        wasm: read(&folder.join(WASM))?,
    })
}

const SCRIPT: &str = "frontend.js";
const WASM: &str = "frontend_bg.wasm";

fn bind(input: &Path, content: Vec<u8>, strip: bool, folder: &Path) -> Result<(), Error> {
    let refused = |error: &dyn std::fmt::Display| Error::Bindgen {
        path: input.to_owned(),
        // The alternate form lists the causes too.
        reason: format!("{error:#}"),
    };
    let mut bindgen = Bindgen::new();
    bindgen.web(true).map_err(|error| refused(&error))?;
    let mut output = bindgen
        .input_bytes("frontend", content)
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(strip)
        .remove_producers_section(strip)
        .generate_output()
        .map_err(|error| refused(&error))?;
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
        return Err(Error::Snippets {
            names: snippets.join(", "),
        });
    }
    output.emit(folder).map_err(|error| refused(&error))
}

fn optimise(optimiser: &Path, wasm: &Path) -> Result<(), Error> {
    let status = Command::new(optimiser)
        .args(OPTIMISE)
        .arg(wasm)
        .arg("-o")
        .arg(wasm)
        .status()
        .map_err(|source| Error::OptimiserMissing {
            path: optimiser.to_owned(),
            source,
        })?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::OptimiserFailed {
            path: optimiser.to_owned(),
            status,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

/// Removes results of earlier inputs, which nobody will ask for again.
fn empty(cache: &Path) -> Result<(), Error> {
    if cache.exists() {
        fs::remove_dir_all(cache).map_err(|source| Error::Write {
            path: PathBuf::from(cache),
            source,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::TestFolder;

    /// The smallest module: magic number and version.
    const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn result_is_kept_until_the_input_changes() {
        let folder = TestFolder::new("kept");
        let (input, cache) = (
            folder.path().join("frontend.wasm"),
            folder.path().join("cache"),
        );
        fs::write(&input, EMPTY_MODULE).unwrap();
        let script = compile(&input, None, &cache).unwrap().script;
        assert!(script.contains("export"), "{script}");

        let kept = fs::read_dir(&cache)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path()
            .join(SCRIPT);
        fs::write(&kept, "from the cache").unwrap();
        assert_eq!(
            compile(&input, None, &cache).unwrap().script,
            "from the cache"
        );

        // A custom section named "x" changes the bytes and nothing else.
        fs::write(&input, [EMPTY_MODULE, b"\0\x02\x01x"].concat()).unwrap();
        assert_eq!(compile(&input, None, &cache).unwrap().script, script);
        assert!(!kept.exists());
    }

    #[test]
    fn what_is_not_webassembly_is_refused_by_name() {
        let folder = TestFolder::new("refused");
        folder.write("frontend.wasm", "not a module");

        let error = compile(
            &folder.path().join("frontend.wasm"),
            None,
            &folder.path().join("cache"),
        );

        assert!(error.unwrap_err().to_string().contains("frontend.wasm"));
    }

    #[test]
    fn missing_optimiser_is_named() {
        let folder = TestFolder::new("optimiser");
        fs::write(folder.path().join("frontend.wasm"), EMPTY_MODULE).unwrap();

        let error = compile(
            &folder.path().join("frontend.wasm"),
            Some(Path::new("no/such/wasm-opt")),
            &folder.path().join("cache"),
        );

        assert!(error.unwrap_err().to_string().contains("no/such/wasm-opt"));
    }
}
