//! The environment variables, one per key: the key's path in upper case, with two underscores
//! between a table and its key, so that names are unambiguous.
//!
//! They are listed, so that a misspelt variable is rejected and not ignored, and each value is read
//! with the type of its key.

use strsim::levenshtein;

pub const PREFIX: &str = "SUPPORT_CONSOLE_";

/// Variables with our prefix that are not configuration, but belong to the tests and the build.
const NOT_CONFIGURATION: [&str; 13] = [
    "SUPPORT_CONSOLE_TEST_",
    "SUPPORT_CONSOLE_CACHE",
    "SUPPORT_CONSOLE_SITE_ROOT",
    "SUPPORT_CONSOLE_BINARY",
    "SUPPORT_CONSOLE_TOOLS",
    "SUPPORT_CONSOLE_RUST",
    "SUPPORT_CONSOLE_APPLICATIONS",
    "SUPPORT_CONSOLE_COMPAT",
    "SUPPORT_CONSOLE_PROXIES",
    "SUPPORT_CONSOLE_PYTHON",
    "SUPPORT_CONSOLE_CHROMIUM",
    "SUPPORT_CONSOLE_FIREFOX",
    "SUPPORT_CONSOLE_WORKERS",
];

/// How the text of a variable is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bool,
    Integer,
    Decimal,
    List,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Variable {
    pub(super) name: &'static str,
    /// The key's path, dotted.
    pub(super) key: &'static str,
    pub(super) kind: Kind,
}

macro_rules! variables {
    ($($name:literal $key:literal $kind:ident;)*) => {
        /// All variables.
        pub(super) const VARIABLES: &[Variable] =
            &[$(Variable { name: concat!("SUPPORT_CONSOLE_", $name), key: $key, kind: Kind::$kind },)*];
    };
}

variables! {
    "DATABASE_URL" "database_url" Text;
    "DATA_DIR" "data_dir" Text;
    "NODE_NAME" "node_name" Text;
    "MIGRATE_ON_START" "migrate_on_start" Bool;
    "TRUSTED_PROXIES" "trusted_proxies" List;
    "CONSOLE__LISTEN" "console.listen" Text;
    "CONSOLE__PUBLIC_URL" "console.public_url" Text;
    "CONSOLE__SITE_ROOT" "console.site_root" Text;
    "CONSOLE__MANAGE_TENANT_URL" "console.manage_tenant_url" Text;
    "GATEWAY__LISTEN" "gateway.listen" Text;
    "GATEWAY__PUBLIC_URL" "gateway.public_url" Text;
    "GATEWAY__HOSTS" "gateway.hosts" List;
    "GATEWAY__UPSTREAM" "gateway.upstream" Text;
    "GATEWAY__UPSTREAM_CA" "gateway.upstream_ca" Text;
    "GATEWAY__TLS__CERTIFICATE" "gateway.tls.certificate" Text;
    "GATEWAY__TLS__KEY" "gateway.tls.key" Text;
    "GATEWAY__BROWSER__DOMAIN" "gateway.browser.domain" Text;
    "GATEWAY__BROWSER__INJECT_BANNER" "gateway.browser.inject_banner" Bool;
    "GATEWAY__TENANT_BINDING" "gateway.tenant_binding" Text;
    "GATEWAY__ORGANIZATION" "gateway.organization" Text;
    "GATEWAY__ROUTES" "gateway.routes" List;
    "GATEWAY__UPSTREAM_AUTHORIZATION" "gateway.upstream_authorization" Text;
    "GATEWAY__IDENTITY_AUDIENCE" "gateway.identity_audience" Text;
    "GATEWAY__RECORD" "gateway.record" Text;
    "GATEWAY__RECORD_TIMEOUT_MS" "gateway.record_timeout_ms" Integer;
    "FORWARD_AUTH__PROFILE" "forward_auth.profile" Text;
    "FORWARD_AUTH__LISTEN" "forward_auth.listen" Text;
    "FORWARD_AUTH__SECRET" "forward_auth.secret" Text;
    "FORWARD_AUTH__TLS__CERTIFICATE" "forward_auth.tls.certificate" Text;
    "FORWARD_AUTH__TLS__KEY" "forward_auth.tls.key" Text;
    "FORWARD_AUTH__TLS__CLIENT_CA" "forward_auth.tls.client_ca" Text;
    "HEALTH__SILENT_AFTER_HOURS" "health.silent_after_hours" Integer;
    "HEALTH__MIN_CALLS" "health.min_calls" Integer;
    "HEALTH__MIN_ERRORS" "health.min_errors" Integer;
    "HEALTH__WARNING_PERCENT" "health.warning_percent" Decimal;
    "HEALTH__CRITICAL_PERCENT" "health.critical_percent" Decimal;
    "HEALTH__REDUCED_PERCENT" "health.reduced_percent" Decimal;
    "TELEMETRY__TENANT_ATTRIBUTES" "telemetry.tenant_attributes" List;
    "SUPPORT_SESSIONS__REQUIRE_TICKET" "support_sessions.require_ticket" Bool;
    "SUPPORT_SESSIONS__REQUESTS_TOTAL" "support_sessions.requests_total" Integer;
    "SUPPORT_SESSIONS__REQUESTS_PER_MINUTE" "support_sessions.requests_per_minute" Integer;
    "SUPPORT_SESSIONS__END_WHEN_SUSPENDED" "support_sessions.end_when_suspended" Bool;
    "TENANTS__MASTER" "tenants.master" Text;
    "LIMITS__STAFF_REQUESTS_PER_MINUTE" "limits.staff_requests_per_minute" Integer;
    "LIMITS__KEY_REQUESTS_PER_MINUTE" "limits.key_requests_per_minute" Integer;
    "LIMITS__KEY_REPORTS_PER_MINUTE" "limits.key_reports_per_minute" Integer;
    "LIMITS__EXPORTS_PER_HOUR" "limits.exports_per_hour" Integer;
    "RETENTION__AUDIT_DAYS" "retention.audit_days" Integer;
    "RETENTION__ACCESS_LOG_DAYS" "retention.access_log_days" Integer;
    "RETENTION__ARCHIVE_FIRST" "retention.archive_first" Bool;
    "LOG__FORMAT" "log.format" Text;
    "LOG__FILTER" "log.filter" Text;
    "METRICS__ENABLED" "metrics.enabled" Bool;
    "METRICS__LISTEN" "metrics.listen" Text;
}

pub(super) fn find(name: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|variable| variable.name == name)
}

/// Whether a variable with our prefix belongs to the tests or the build.
pub(super) fn is_not_configuration(name: &str) -> bool {
    NOT_CONFIGURATION
        .iter()
        .any(|other| name == *other || (other.ends_with('_') && name.starts_with(other)))
}

/// The known variable that is most similar to `name`, if any is.
pub(super) fn similar(name: &str) -> Option<&'static str> {
    let plain = |text: &str| text.replace('_', "");
    let wanted = plain(name);
    VARIABLES
        .iter()
        .map(|variable| (levenshtein(&plain(variable.name), &wanted), variable.name))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, name)| name)
}

/// The variables and their keys, for the help.
pub fn variables_help() -> String {
    let width = VARIABLES.iter().map(|v| v.name.len()).max().unwrap_or(0);
    let lines = VARIABLES
        .iter()
        .map(|v| format!("  {:width$}  {}", v.name, v.key));
    let lines: Vec<String> = lines.collect();
    format!(
        "Environment variables and the keys they set (lists are separated by commas):\n{}",
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_its_keys_path() {
        for variable in VARIABLES {
            let expected = format!("{PREFIX}{}", variable.key.replace('.', "__").to_uppercase());
            assert_eq!(variable.name, expected);
        }
    }

    #[test]
    fn what_the_scripts_tell_each_other_is_not_taken_for_configuration() {
        for script in [
            include_str!("../../../.make/lib.sh"),
            include_str!("../../../.make/toolchain.sh"),
            include_str!("../../../.make/setup.sh"),
            include_str!("../../../.make/journeys.sh"),
            include_str!("../../../.make/bench.sh"),
            include_str!("../../../.make/compat.sh"),
        ] {
            let words = script.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for name in words.filter(|word| word.starts_with(PREFIX)) {
                assert!(is_not_configuration(name), "{name} would be refused");
            }
        }
    }

    #[test]
    fn a_misspelt_name_finds_the_one_that_was_meant() {
        assert_eq!(
            similar("SUPPORT_CONSOLE_CONSOLE_PUBLIC_URL"),
            Some("SUPPORT_CONSOLE_CONSOLE__PUBLIC_URL")
        );
        assert_eq!(
            similar("SUPPORT_CONSOLE_DATABSE_URL"),
            Some("SUPPORT_CONSOLE_DATABASE_URL")
        );
        assert_eq!(similar("SUPPORT_CONSOLE_FAVOURITE_COLOUR"), None);
    }
}
