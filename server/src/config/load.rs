//! Merges the sources. We merge `toml::Table`s ourselves: configuration crates merge too, but none
//! of them rejects an unknown variable or says which source a wrong value is from.

use std::{path::Path, sync::Arc};

use app::domain::{saved_text::saved_text, settings::ValueSource};
use serde::Deserialize;
use toml::{Table, Value};

use super::{
    Config, ConfigError, PREFIX,
    file::ConfigFile,
    secrets,
    shown::set_values,
    variables::{self, Kind, Variable},
    words::in_words,
};

/// The bundler's folder of the site.
const SITE_ROOT: &str = "SUPPORT_CONSOLE_SITE_ROOT";

/// A value from a flag of the command line.
#[derive(Debug, Clone)]
pub struct Flag {
    /// The flag as people write it.
    pub flag: &'static str,
    /// The key that it sets, dotted.
    pub key: &'static str,
    pub value: String,
}

/// The sources of the configuration. Later ones win.
#[derive(Debug, Clone, Default)]
pub struct Sources<'a> {
    pub file: Option<&'a Path>,
    pub environment: Vec<(String, String)>,
    pub flags: Vec<Flag>,
}

impl Sources<'_> {
    /// Reads the configuration.
    ///
    /// # Errors
    ///
    /// The first fault, with its source, its key and what to change.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let text = self.file.map(read).transpose()?;
        let variables = self.variables()?;
        let mut table = match (self.file, &text) {
            (Some(path), Some(text)) => text
                .parse::<Table>()
                .map_err(|error| file_error(path, text, &error))?,
            _ => Table::new(),
        };
        for (variable, value) in &variables {
            set(&mut table, variable.key, value.clone());
        }
        for flag in &self.flags {
            set(&mut table, flag.key, Value::String(flag.value.clone()));
        }
        let file = self.file.zip(text.clone());
        let file = file.map(|(path, text)| ConfigFile::new(path, text));
        let set = set_values(&table, |key| self.source_of(key, &variables, file.as_ref()));
        secrets::resolve(&mut table, &self.environment)?;
        match Config::deserialize(Value::Table(table)) {
            Ok(config) => Ok(Config {
                file,
                set,
                ..config
            }),
            Err(error) => Err(self.blame(text.as_deref(), &variables, &error)),
        }
    }

    /// Where the value of a key was set: the last of those that set it wins.
    fn source_of(
        &self,
        key: &str,
        variables: &[(&'static Variable, Value)],
        file: Option<&ConfigFile>,
    ) -> (ValueSource, String) {
        if let Some(flag) = self.flags.iter().find(|flag| flag.key == key) {
            return (ValueSource::Flag, flag.flag.to_owned());
        }
        if let Some((variable, _)) = variables.iter().find(|(variable, _)| variable.key == key) {
            return (ValueSource::Variable, variable.name.to_owned());
        }
        let place = file.and_then(|file| file.place(key));
        (ValueSource::File, place.unwrap_or_default())
    }

    fn variables(&self) -> Result<Vec<(&'static Variable, Value)>, ConfigError> {
        let mut found = Vec::new();
        // The bundler sets its own variable to the site's folder.
        if let Some((_, folder)) = self.environment.iter().find(|(name, _)| name == SITE_ROOT)
            && let Some(variable) = variables::find("SUPPORT_CONSOLE_CONSOLE__SITE_ROOT")
        {
            found.push((variable, Value::String(folder.clone())));
        }
        for (name, text) in &self.environment {
            if !name.starts_with(PREFIX) || variables::is_not_configuration(name) {
                continue;
            }
            let variable = variables::find(name).ok_or_else(|| ConfigError::UnknownVariable {
                name: name.clone(),
                similar: variables::similar(name),
            })?;
            let value = read_as(variable.kind, text).map_err(|problem| ConfigError::Variable {
                name: variable.name,
                key: variable.key,
                problem: problem.to_owned(),
            })?;
            found.push((variable, value));
        }
        Ok(found)
    }

    /// Finds the source of a fault by adding one value after the other until it shows.
    fn blame(
        &self,
        text: Option<&str>,
        variables: &[(&'static Variable, Value)],
        error: &toml::de::Error,
    ) -> ConfigError {
        let mut table = Table::new();
        if let (Some(path), Some(text)) = (self.file, text) {
            if let Err(error) = toml::from_str::<Config>(text) {
                return file_error(path, text, &error);
            }
            table = text.parse().unwrap_or_default();
        }
        for (variable, value) in variables {
            set(&mut table, variable.key, value.clone());
            if let Err(error) = Config::deserialize(Value::Table(table.clone())) {
                return ConfigError::Variable {
                    name: variable.name,
                    key: variable.key,
                    problem: message(&error),
                };
            }
        }
        for flag in &self.flags {
            set(&mut table, flag.key, Value::String(flag.value.clone()));
            if let Err(error) = Config::deserialize(Value::Table(table.clone())) {
                return ConfigError::Flag {
                    flag: flag.flag,
                    key: flag.key,
                    problem: message(&error),
                };
            }
        }
        ConfigError::Unusable(vec![message(error)])
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let bytes = std::fs::read(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source: Arc::new(source),
    })?;
    match saved_text(&bytes) {
        Ok(text) => Ok(text.into_owned()),
        Err(why) => Err(ConfigError::NotText {
            path: path.to_owned(),
            why,
        }),
    }
}

/// The error with its line and its key, but without the line's text: it may hold a secret.
fn file_error(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map(|before| before.matches('\n').count() + 1);
    let key = line
        .and_then(|line| text.lines().nth(line - 1))
        .and_then(|line| line.split_once('='))
        .map(|(key, _)| key.trim())
        .filter(|key| !key.is_empty());
    let key = key.map_or_else(String::new, |key| format!("{key}: "));
    ConfigError::File {
        path: path.to_owned(),
        line: line.map_or_else(String::new, |line| format!(", line {line}")),
        problem: format!("{key}{}", message(error)),
    }
}

fn message(error: &toml::de::Error) -> String {
    in_words(error.message())
}

fn read_as(kind: Kind, text: &str) -> Result<Value, &'static str> {
    let text = text.trim();
    Ok(match kind {
        Kind::Text => Value::String(text.to_owned()),
        Kind::Bool => Value::Boolean(match text {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" => false,
            _ => return Err("must be true or false"),
        }),
        Kind::Integer => Value::Integer(text.parse().map_err(|_| "must be a whole number")?),
        Kind::Decimal => Value::Float(text.parse().map_err(|_| "must be a number")?),
        Kind::List => Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        ),
    })
}

fn set(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = table
                .entry(head)
                .or_insert_with(|| Value::Table(Table::new()));
            // A value that is not a table is replaced, because its error would hide this value's.
            if !inner.is_table() {
                *inner = Value::Table(Table::new());
            }
            if let Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use secrecy::ExposeSecret;

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn environment(variables: &[(&str, &str)]) -> Vec<(String, String)> {
        variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn fault(text: &str, variables: &[(&str, &str)], flags: Vec<Flag>) -> String {
        let file = file(text);
        let sources = Sources {
            file: Some(file.path()),
            environment: environment(variables),
            flags,
        };
        sources.load().unwrap_err().to_string()
    }

    #[test]
    fn flags_win_over_variables_and_these_over_the_file() {
        let file = file(
            "data_dir = \"/from/file\"\ndatabase_url = \"sqlite:file.db\"\n\
             [console]\nlisten = \"127.0.0.1:1\"\n",
        );
        let sources = Sources {
            file: Some(file.path()),
            environment: environment(&[
                ("SUPPORT_CONSOLE_DATA_DIR", "/from/variable"),
                ("SUPPORT_CONSOLE_DATABASE_URL", "sqlite:variable.db"),
                ("HOME", "/root"),
            ]),
            flags: vec![Flag {
                flag: "--data-dir",
                key: "data_dir",
                value: "/from/flag".into(),
            }],
        };
        let config = sources.load().unwrap();
        assert_eq!(config.data_dir, Path::new("/from/flag"));
        assert_eq!(config.database_url.expose_secret(), "sqlite:variable.db");
        assert_eq!(config.console.listen.port(), 1);
    }

    #[test]
    fn a_file_is_read_however_it_was_saved() {
        let text = "\u{FEFF}data_dir = \"/für/console\"\r\n";
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let load = |saved: &[u8]| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(saved).unwrap();
            let sources = Sources {
                file: Some(file.path()),
                ..Sources::default()
            };
            sources.load().map_err(|error| error.to_string())
        };
        for saved in [text.as_bytes(), &wide] {
            let config = load(saved).unwrap();
            assert_eq!(config.data_dir, Path::new("/für/console"));
        }
        for (saved, why) in [
            (&b"data_dir = \"f\xFCr\""[..], "save it as UTF-8"),
            (&wide[2..], "is UTF-16 without a byte order mark"),
        ] {
            let fault = load(saved).unwrap_err();
            assert!(fault.contains(why), "{fault}");
            assert!(!fault.contains("permissions"), "{fault}");
        }
    }

    #[test]
    fn a_variable_of_a_table_leaves_the_rest_of_the_table_alone() {
        let file = file("[console]\nlisten = \"127.0.0.1:1\"\n");
        let sources = Sources {
            file: Some(file.path()),
            environment: environment(&[
                ("SUPPORT_CONSOLE_CONSOLE__PUBLIC_URL", "https://c.example"),
                ("SUPPORT_CONSOLE_TRUSTED_PROXIES", "10.0.0.0/8, ::1/128"),
                ("SUPPORT_CONSOLE_HEALTH__MIN_CALLS", "50"),
                ("SUPPORT_CONSOLE_MIGRATE_ON_START", "false"),
            ]),
            flags: Vec::new(),
        };
        let config = sources.load().unwrap();
        assert_eq!(config.console.listen.port(), 1);
        assert_eq!(config.console.public_url.as_str(), "https://c.example/");
        assert_eq!(config.trusted_proxies.len(), 2);
        assert_eq!(config.health.min_calls, 50);
        assert!(!config.migrate_on_start);
    }

    #[test]
    fn a_fault_names_its_file_line_and_key() {
        let text = "data_dir = \".\"\n[console]\nlisten = \"nowhere\"\n";
        let fault = fault(text, &[], Vec::new());
        assert!(fault.contains(", line 3: listen: "), "{fault}");
    }

    #[test]
    fn a_misspelt_key_is_named() {
        let fault = fault("data_dri = \".\"\n", &[], Vec::new());
        assert!(fault.contains("data_dri"), "{fault}");
        assert!(fault.contains("data_dir"), "{fault}");
    }

    #[test]
    fn a_fault_of_a_variable_or_a_flag_names_it() {
        let variable = ("SUPPORT_CONSOLE_CONSOLE__LISTEN", "nowhere");
        let of_variable = fault("", &[variable], Vec::new());
        assert!(
            of_variable.contains("SUPPORT_CONSOLE_CONSOLE__LISTEN (key console.listen)"),
            "{of_variable}"
        );
        let flag = Flag {
            flag: "--listen",
            key: "console.listen",
            value: "nowhere".into(),
        };
        let of_flag = fault("", &[], vec![flag]);
        assert!(
            of_flag.contains("--listen (key console.listen)"),
            "{of_flag}"
        );
        let count = ("SUPPORT_CONSOLE_HEALTH__MIN_CALLS", "many");
        assert!(fault("", &[count], Vec::new()).contains("must be a whole number"));
    }

    #[test]
    fn an_unknown_variable_is_refused_but_those_of_tests_are_left_alone() {
        let unknown = fault("", &[("SUPPORT_CONSOLE_DATABSE_URL", "x")], Vec::new());
        assert!(
            unknown.contains("did you mean SUPPORT_CONSOLE_DATABASE_URL?"),
            "{unknown}"
        );
        let sources = Sources {
            environment: environment(&[
                ("SUPPORT_CONSOLE_TEST_POSTGRES_URL", "x"),
                ("SUPPORT_CONSOLE_CACHE", "x"),
                ("SUPPORT_CONSOLE_SITE_ROOT", "/made/by/the/bundler"),
            ]),
            ..Sources::default()
        };
        let config = sources.load().unwrap();
        let folder = config.console.site_root.unwrap();
        assert_eq!(folder, Path::new("/made/by/the/bundler"));
    }

    #[test]
    fn a_secret_is_in_no_error_and_no_debug() {
        let broken = fault("database_url = \"postgres://u:hush@h/d\n", &[], Vec::new());
        assert!(!broken.contains("hush"), "{broken}");
        let file = file("database_url = \"postgres://u:hush@h/d\"\n");
        let sources = Sources {
            file: Some(file.path()),
            ..Sources::default()
        };
        assert!(!format!("{:?}", sources.load().unwrap()).contains("hush"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let sources = Sources {
            file: Some(Path::new("/nowhere/console.toml")),
            ..Sources::default()
        };
        let fault = sources.load().unwrap_err().to_string();
        assert!(fault.contains("/nowhere/console.toml"), "{fault}");
    }
}
