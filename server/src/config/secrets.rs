//! Secrets that stand elsewhere: `file:PATH` or `credential:NAME` in place of the value.

use std::path::{Path, PathBuf};

use app::domain::saved_text::saved_text;
use toml::{Table, Value};

use super::ConfigError;

/// The keys whose value may be a reference.
const KEYS: [&[&str]; 4] = [
    &["database_url"],
    &["forward_auth", "secret"],
    &["gateway", "upstream_authorization"],
    &["gateway", "upstreams", "authorization"],
];

/// Where systemd puts a service's credentials (systemd.exec(5), `LoadCredential=`).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// The longest secret, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Whether the value of a key is a secret.
pub(super) fn is_secret(key: &str) -> bool {
    KEYS.iter().any(|steps| steps.join(".") == key)
}

/// Puts each secret in the place of its reference.
pub(super) fn resolve(
    table: &mut Table,
    environment: &[(String, String)],
) -> Result<(), ConfigError> {
    let credentials = environment.iter().find(|(name, _)| name == CREDENTIALS);
    let credentials = credentials.map(|(_, folder)| Path::new(folder));
    for steps in KEYS {
        let [first, rest @ ..] = steps else { continue };
        if let Some(value) = table.get_mut(*first) {
            resolve_in(value, rest, &steps.join("."), credentials)?;
        }
    }
    Ok(())
}

fn resolve_in(
    value: &mut Value,
    steps: &[&str],
    key: &str,
    credentials: Option<&Path>,
) -> Result<(), ConfigError> {
    match (value, steps) {
        (Value::Array(items), _) => items
            .iter_mut()
            .try_for_each(|item| resolve_in(item, steps, key, credentials)),
        (Value::Table(table), [step, rest @ ..]) => match table.get_mut(*step) {
            Some(value) => resolve_in(value, rest, key, credentials),
            None => Ok(()),
        },
        (Value::String(text), []) => {
            let Some(path) = path_of(text, key, credentials)? else {
                return Ok(());
            };
            *text = read(&path).map_err(|problem| fault(key, &path, &problem))?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The file that a value refers to, if it is a reference.
fn path_of(
    value: &str,
    key: &str,
    credentials: Option<&Path>,
) -> Result<Option<PathBuf>, ConfigError> {
    if let Some(path) = value.strip_prefix("file:") {
        return Ok(Some(path.into()));
    }
    let Some(name) = value.strip_prefix("credential:") else {
        return Ok(None);
    };
    let problem = match credentials {
        _ if name.is_empty() || name.contains('/') => "a credential's name has no slash",
        Some(folder) => return Ok(Some(folder.join(name))),
        None => {
            "CREDENTIALS_DIRECTORY is not set: start this as a service with LoadCredential=, or \
             refer to a file with file:"
        }
    };
    Err(fault(key, Path::new(name), problem))
}

fn read(path: &Path) -> Result<String, String> {
    use std::io::Read as _;

    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    let text = saved_text(&bytes).map_err(|why| format!("the file {why}"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err("the file is empty".to_owned());
    }
    Ok(text.to_owned())
}

fn fault(key: &str, path: &Path, problem: &str) -> ConfigError {
    ConfigError::Secret {
        key: key.to_owned(),
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, folder: &Path) -> Result<Table, String> {
        let text = text.replace("[folder]", &folder.display().to_string());
        let mut table: Table = text.parse().unwrap();
        let environment = [(CREDENTIALS.to_owned(), folder.display().to_string())];
        resolve(&mut table, &environment).map_err(|error| error.to_string())?;
        Ok(table)
    }

    #[test]
    fn a_secret_may_stand_in_a_file_or_be_a_credential_of_the_service() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "hush hush\r\n").unwrap();
        let text = r#"
            database_url = "file:[folder]/secret"
            [gateway]
            upstream_authorization = "credential:secret"
            upstreams = [{ authorization = "pass" }, { authorization = "credential:secret" }]
            [forward_auth]
            secret = "file:[folder]/secret"
        "#;
        let table = resolved(text, folder.path()).unwrap();
        assert_eq!(table["database_url"].as_str(), Some("hush hush"));
        let gateway = &table["gateway"];
        let authorization = gateway["upstream_authorization"].as_str();
        assert_eq!(authorization, Some("hush hush"));
        let upstreams = gateway["upstreams"].as_array().unwrap();
        assert_eq!(upstreams[0]["authorization"].as_str(), Some("pass"));
        assert_eq!(upstreams[1]["authorization"].as_str(), Some("hush hush"));
        assert_eq!(table["forward_auth"]["secret"].as_str(), Some("hush hush"));
    }

    #[test]
    fn a_secret_that_is_not_there_is_named_with_its_key() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        for (value, part) in [
            ("file:[folder]/none", "/none"),
            ("file:[folder]/empty", "is empty"),
            ("credential:none", "/none"),
            ("credential:../empty", "no slash"),
        ] {
            let text = format!("[forward_auth]\nsecret = \"{value}\"\n");
            let told = resolved(&text, folder.path()).unwrap_err();
            assert!(told.contains("forward_auth.secret"), "{told}");
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn without_a_service_a_credential_is_explained() {
        let mut table: Table = "database_url = \"credential:db\"".parse().unwrap();
        let told = resolve(&mut table, &[]).unwrap_err().to_string();
        assert!(told.contains("LoadCredential="), "{told}");
    }
}
