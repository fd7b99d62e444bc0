//! `support-console generate`, which packages use: manual pages, completions and an example of the
//! configuration.

use std::path::{Path, PathBuf};

use clap::Args;
use clap_complete::Shell;

use super::{CliError, init};

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// The folder to write to; it must exist
    folder: PathBuf,
}

pub(super) fn run(args: &GenerateArgs, mut command: clap::Command) -> Result<(), CliError> {
    let folder = &args.folder;
    let written = |path: &Path, result: std::io::Result<()>| {
        result.map_err(|source| CliError::File {
            path: path.to_owned(),
            source,
        })
    };
    let name = command.get_name().to_owned();
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        let made = clap_complete::generate_to(shell, &mut command, &name, folder);
        written(folder, made.map(drop))?;
    }
    written(folder, clap_mangen::generate_to(command, folder))?;
    let example = folder.join("console.toml");
    written(&example, std::fs::write(&example, init::example()))
}
