//! Scopes as configuration: which methods on which paths a scope permits. Nothing matched is refused.

use app::domain::scopes::{READ_ONLY, Scope, ScopeName};
use http::Method;
use serde::Deserialize;

use super::canonical::{is_unreserved, segments};

/// One `[[scopes]]` table of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeConfig {
    /// The scope's name; `read_only` is built in and can't be redefined.
    pub name: ScopeName,
    /// What it permits, in a sentence that staff and tenants read.
    pub description: String,
    /// Methods, upper case.
    pub methods: Vec<String>,
    /// Path prefixes, compared segment by segment; `/` is every path.
    pub path_prefixes: Vec<String>,
}

#[derive(Debug, Clone)]
struct Rule {
    scope: Scope,
    methods: Vec<Method>,
    /// Each prefix as its segments.
    prefixes: Vec<Vec<String>>,
}

/// Every scope that exists, `read_only` first.
#[derive(Debug, Clone)]
pub struct Scopes(Vec<Rule>);

impl Scopes {
    /// Checks the configured scopes and adds `read_only`.
    ///
    /// # Errors
    ///
    /// One sentence for each fault, naming its key and what to change.
    pub fn new(configured: &[ScopeConfig]) -> Result<Self, Vec<String>> {
        let mut rules = Self::built_in().0;
        let mut faults = Vec::new();
        for (index, config) in configured.iter().enumerate() {
            let key = format!("scopes[{index}] ({})", config.name);
            if config.name.as_str() == READ_ONLY {
                faults.push(format!(
                    "{key}: read_only is built in; choose another name or remove this table"
                ));
            } else if rules.iter().any(|rule| rule.scope.name == config.name) {
                faults.push(format!("{key}: the name is used twice; rename one of them"));
            }
            rules.push(rule(&key, config, &mut faults));
        }
        if faults.is_empty() {
            Ok(Self(rules))
        } else {
            Err(faults)
        }
    }

    /// `read_only` alone.
    pub fn built_in() -> Self {
        Self(vec![read_only()])
    }

    /// The scopes that people choose from.
    pub fn list(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter().map(|rule| &rule.scope)
    }

    /// Whether one of the `granted` scopes permits `method` on a canonical `path`. A granted scope
    /// that no longer exists permits nothing.
    pub fn permit(&self, granted: &[ScopeName], method: &Method, path: &str) -> bool {
        self.0
            .iter()
            .filter(|rule| granted.contains(&rule.scope.name))
            .any(|rule| rule.permits(method, path))
    }
}

impl Rule {
    fn permits(&self, method: &Method, path: &str) -> bool {
        self.methods.contains(method)
            && self.prefixes.iter().any(|prefix| {
                let mut segments = segments(path);
                prefix
                    .iter()
                    .all(|wanted| segments.next() == Some(wanted.as_str()))
            })
    }
}

fn read_only() -> Rule {
    Rule {
        scope: Scope {
            name: ScopeName::read_only(),
            description: "Read everything in the tenant; change nothing.".into(),
        },
        methods: vec![Method::GET, Method::HEAD, Method::OPTIONS],
        prefixes: vec![Vec::new()],
    }
}

fn rule(key: &str, config: &ScopeConfig, faults: &mut Vec<String>) -> Rule {
    if config.description.trim().is_empty() {
        faults.push(format!(
            "{key}.description: say in a sentence what the scope permits"
        ));
    }
    if config.methods.is_empty() {
        faults.push(format!("{key}.methods: name at least one method"));
    }
    if config.path_prefixes.is_empty() {
        faults.push(format!(
            "{key}.path_prefixes: name at least one prefix; \"/\" is every path"
        ));
    }
    let methods = config.methods.iter().filter_map(|text| {
        let method = Method::from_bytes(text.as_bytes()).ok();
        let usable = method.filter(|m| {
            m.as_str() == text.to_ascii_uppercase() && *m != Method::CONNECT && *m != Method::TRACE
        });
        if usable.is_none() {
            faults.push(format!(
                "{key}.methods: {text:?} can't be permitted; write a method in upper case, \
                 not CONNECT or TRACE"
            ));
        }
        usable
    });
    let methods = methods.collect();
    for prefix in &config.path_prefixes {
        if let Some(fault) = prefix_fault(prefix) {
            faults.push(format!("{key}.path_prefixes: {prefix:?} {fault}"));
        }
    }
    Rule {
        scope: Scope {
            name: config.name.clone(),
            description: config.description.trim().to_owned(),
        },
        methods,
        prefixes: config
            .path_prefixes
            .iter()
            .map(|prefix| segments(prefix).map(str::to_owned).collect())
            .collect(),
    }
}

/// What is wrong with a prefix, if anything. Only unreserved characters are taken: they have one
/// spelling each in a canonical path.
pub(super) fn prefix_fault(prefix: &str) -> Option<&'static str> {
    if !prefix.starts_with('/') {
        Some("must begin with '/'")
    } else if prefix.contains("//") || segments(prefix).any(|s| s == "." || s == "..") {
        Some("must have neither empty nor dot segments")
    } else if !prefix.bytes().all(|b| b == b'/' || is_unreserved(b)) {
        Some("may only have letters, digits, '-', '.', '_', '~' and '/'")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Scopes, Vec<String>> {
        #[derive(Deserialize)]
        struct File {
            scopes: Vec<ScopeConfig>,
        }
        Scopes::new(&toml::from_str::<File>(text).unwrap().scopes)
    }

    fn billing() -> Scopes {
        config(
            r#"[[scopes]]
            name = "billing:write"
            description = "Change invoices."
            methods = ["POST", "PATCH"]
            path_prefixes = ["/v1/invoices"]"#,
        )
        .unwrap()
    }

    #[test]
    fn a_prefix_matches_on_segment_boundaries_only() {
        let scopes = billing();
        let granted = ["billing:write".parse().unwrap()];
        for (path, permitted) in [
            ("/v1/invoices", true),
            ("/v1/invoices/", true),
            ("/v1/invoices/7/lines", true),
            ("/v1/invoices-admin", false),
            ("/v1/invoicesadmin", false),
            ("/v1/Invoices", false),
            ("/v1", false),
            ("/x/v1/invoices", false),
            ("/", false),
        ] {
            assert_eq!(
                scopes.permit(&granted, &Method::POST, path),
                permitted,
                "{path}"
            );
        }
        assert!(!scopes.permit(&granted, &Method::GET, "/v1/invoices"));
        assert!(!scopes.permit(&granted, &Method::DELETE, "/v1/invoices"));
    }

    #[test]
    fn read_only_permits_reading_everywhere_and_nothing_else() {
        let scopes = billing();
        let granted = [ScopeName::read_only()];
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert!(scopes.permit(&granted, &method, "/any/path"));
        }
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert!(
                !scopes.permit(&granted, &method, "/v1/invoices"),
                "{method}"
            );
        }
        let odd = Method::from_bytes(b"get").unwrap();
        assert!(!scopes.permit(&granted, &odd, "/"), "methods have a case");
    }

    #[test]
    fn no_scope_and_a_scope_that_no_longer_exists_permit_nothing() {
        let scopes = billing();
        assert!(!scopes.permit(&[], &Method::GET, "/"));
        assert!(!scopes.permit(&["gone".parse().unwrap()], &Method::GET, "/"));
    }

    #[test]
    fn faults_name_the_key_and_what_to_change() {
        let faults = config(
            r#"[[scopes]]
            name = "read_only"
            description = " "
            methods = ["get", "CONNECT"]
            path_prefixes = ["v1", "/a//b", "/a/../b", "/%61"]
            [[scopes]]
            name = "x"
            description = "X."
            methods = []
            path_prefixes = []"#,
        )
        .unwrap_err();
        for part in [
            "scopes[0] (read_only): read_only is built in",
            "scopes[0] (read_only).description",
            "\"get\" can't be permitted",
            "\"CONNECT\" can't be permitted",
            "\"v1\" must begin with '/'",
            "\"/a//b\" must have neither",
            "\"/a/../b\" must have neither",
            "\"/%61\" may only have",
            "scopes[1] (x).methods: name at least one",
            "scopes[1] (x).path_prefixes: name at least one",
        ] {
            assert!(
                faults.iter().any(|f| f.contains(part)),
                "{part}: {faults:#?}"
            );
        }
    }
}
