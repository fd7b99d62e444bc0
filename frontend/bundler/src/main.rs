//! Turns the compiled WebAssembly and the style sheets into the files that the server serves.
//!
//! In: `frontend.wasm` as cargo made it, `style/main.css` with what it imports, `frontend/public`.
//! Out: a site folder whose every code, style and font file has its content's hash in its name (so that browsers may
//! keep it forever), each text and WebAssembly file also as `.br` and `.gz`, and `manifest.json` that names them.
//! See [`manifest`] for the form that the server reads.
//!
//! Nothing here depends on the rest of the workspace.

mod compress;
mod error;
mod manifest;
mod public;
mod site;
mod style;
#[cfg(test)]
mod test_folder;
mod wasm;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;

use crate::{error::Error, manifest::Manifest, site::Site, wasm::Compiled};

/// Bundle the browser's half of Support Console.
#[derive(Debug, Parser)]
struct Options {
    /// The WebAssembly that cargo compiled.
    #[arg(long)]
    wasm: PathBuf,
    /// The style sheet that imports all others.
    #[arg(long, default_value = "style/main.css")]
    style: PathBuf,
    /// Files to copy as they are, under their own names (favicon.svg, robots.txt).
    #[arg(long, default_value = "frontend/public")]
    public: PathBuf,
    /// The site folder to write; whatever else is in it is removed.
    #[arg(long, default_value = "target/site")]
    site: PathBuf,
    /// Where to keep the result of slow steps between runs.
    #[arg(long, default_value = "target/bundler")]
    cache: PathBuf,
    /// Also write Leptos' own list of hashes here (`hash.txt` beside the server's executable).
    #[arg(long)]
    hash_file: Option<PathBuf>,
    /// Strip names, require `--wasm-opt`, and compress.
    #[arg(long, requires = "wasm_opt")]
    release: bool,
    /// Binaryen's optimiser.
    #[arg(long)]
    wasm_opt: Option<PathBuf>,
}

fn main() -> ExitCode {
    match bundle(&Options::parse()) {
        Ok(site) => {
            print!("{}", site.report());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bundler: {}", error.with_sources());
            ExitCode::FAILURE
        }
    }
}

fn bundle(options: &Options) -> Result<Site, Error> {
    let optimiser = options.wasm_opt.as_deref().filter(|_| options.release);
    let Compiled { script, wasm } = wasm::compile(&options.wasm, optimiser, &options.cache)?;

    let mut site = Site::new(&options.site, options.release);
    let wasm = site.add_hashed("support-console", "wasm", &wasm)?;
    let js = site.add_hashed("support-console", "js", script.as_bytes())?;
    let style = style::bundle(&options.style, &mut site)?;
    let css = site.add_hashed("support-console", "css", style.text.as_bytes())?;
    public::copy(&options.public, &mut site)?;

    let manifest = Manifest::new(js, wasm, css, style.fonts);
    site.add("manifest.json", manifest.to_json().as_bytes())?;
    if let Some(path) = &options.hash_file {
        site::write_if_changed(path, manifest.to_leptos().as_bytes())?;
    }
    site.remove_stale()?;
    Ok(site)
}
