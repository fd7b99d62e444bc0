//! A configuration file, with the lines of its keys.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A configuration file as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigFile {
    path: PathBuf,
    text: String,
}

impl fmt::Debug for ConfigFile {
    /// Without the text, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConfigFile").field(&self.path).finish()
    }
}

impl ConfigFile {
    pub(super) fn new(path: &Path, text: String) -> Self {
        Self {
            path: path.to_owned(),
            text,
        }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The place of a key such as `scopes[0].allow[1].paths`, as `console.toml, line 12`, or of the
    /// table around a missing key. `None` if the file has neither.
    pub fn place(&self, key: &str) -> Option<String> {
        let at = self.offset(key)?;
        let line = self.text.get(..at)?.matches('\n').count() + 1;
        Some(format!("{}, line {line}", self.path.display()))
    }

    fn offset(&self, key: &str) -> Option<usize> {
        let table = DeTable::parse(&self.text).ok()?;
        let mut found = None;
        let mut steps = steps(key);
        let mut value = table.get_ref().get(steps.next()?)?;
        loop {
            found = found.max(Some(value.span().start));
            let Some(step) = steps.next() else {
                return found;
            };
            let next = inside(value, step);
            match next {
                Some(next) => value = next,
                None => return found,
            }
        }
    }
}

fn inside<'v, 't>(value: &'v Spanned<DeValue<'t>>, step: &str) -> Option<&'v Spanned<DeValue<'t>>> {
    match value.get_ref() {
        DeValue::Table(table) => table.get(step),
        DeValue::Array(array) => array.get(step.parse::<usize>().ok()?),
        _ => None,
    }
}

/// `scopes[0].allow` as `scopes`, `0`, `allow`.
fn steps(key: &str) -> impl Iterator<Item = &str> {
    key.split(['.', '[', ']']).filter(|step| !step.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"[gateway]
routes = [
    "/a/{tenant_id}",
    "/b",
]

[[scopes]]
name = "x"
allow = [
    { methods = ["GET"], paths = ["/a"] },
    { methods = ["get"], paths = ["/a", "b"] },
]
"#;

    #[test]
    fn a_key_is_found_however_deep_it_is() {
        let file = ConfigFile::new(Path::new("console.toml"), TEXT.into());
        for (key, line) in [
            ("gateway.routes", 2),
            ("gateway.routes[1]", 4),
            ("scopes[0].name", 8),
            ("scopes[0].allow[1].methods[0]", 11),
            ("scopes[0].allow[1].paths[1]", 11),
        ] {
            let place = format!("console.toml, line {line}");
            assert_eq!(file.place(key), Some(place), "{key}");
        }
    }

    #[test]
    fn the_table_of_a_missing_key_is_named() {
        let file = ConfigFile::new(Path::new("console.toml"), TEXT.into());
        let place = file.place("scopes[0].description").unwrap();
        assert!(place.contains("line"), "{place}");
        assert_eq!(file.place("health.min_calls"), None);
    }
}
