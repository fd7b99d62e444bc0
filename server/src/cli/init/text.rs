//! The configuration that `init` writes.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use toml::Value;
use url::Url;

use crate::config::Config;

const CONSOLE_PORT: u16 = 3000;
const GATEWAY_PORT: u16 = 3100;

/// Where packages keep a service's data (Filesystem Hierarchy Standard 3.0, §5.8).
pub(super) const DATA_DIR: &str = "/var/lib/support-console";

/// The values of the configuration.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    pub(super) console_url: String,
    pub(super) gateway: Option<GatewayAnswers>,
    pub(super) database_url: String,
    pub(super) data_dir: PathBuf,
}

#[derive(Debug, Clone)]
pub(super) struct GatewayAnswers {
    pub(super) url: String,
    pub(super) upstream: String,
    pub(super) binding: Binding,
}

/// How the upstream knows the tenant.
#[derive(Debug, Clone)]
pub(super) enum Binding {
    /// From paths that match this pattern.
    Path(String),
    /// From its host name.
    Host(String),
    Identity,
}

impl Answers {
    pub(super) fn example() -> Self {
        Self {
            console_url: "https://console.example.com".to_owned(),
            gateway: Some(GatewayAnswers {
                url: "https://support-api.example.com".to_owned(),
                upstream: "http://10.0.0.5:8080".to_owned(),
                binding: Binding::Path("/v1/tenants/{tenant_id}".to_owned()),
            }),
            database_url: format!("sqlite:{DATA_DIR}/console.db"),
            data_dir: DATA_DIR.into(),
        }
    }

    /// What `serve` would say about it.
    pub(super) fn check(&self) -> Result<(), String> {
        let text = commented(self, Path::new("console.toml"));
        let config: Config = toml::from_str(&text).map_err(|error| error.message().to_owned())?;
        config.check().map_err(|error| {
            let told = error.to_string();
            let faults = told
                .split_once('\n')
                .map_or(told.as_str(), |(_, faults)| faults);
            faults.trim().to_owned()
        })
    }

    /// The folder of the store's file, if it is one.
    pub(super) fn store_folder(&self) -> Option<&Path> {
        let path = self.database_url.strip_prefix("sqlite:")?;
        Path::new(path.trim_start_matches("//")).parent()
    }
}

/// The file at `path` with these answers.
pub(super) fn commented(answers: &Answers, path: &Path) -> String {
    let quoted = |text: &str| Value::String(text.to_owned()).to_string();
    let data_dir = answers.data_dir.display().to_string();
    let mut text = format!(
        r#"# Support Console. docs/configuration.md describes every key.
# After a change:  support-console doctor --config {path}   and restart the server.

# The data store: sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE.
# Here and for other secrets, "file:PATH" takes the value from a file, and "credential:NAME" from a
# credential of the service (LoadCredential= in its unit).
database_url = {database_url}

# The folder of the key files. Back them up, but not in the same place as the data store.
data_dir = {data_dir}

# The proxies in front of the console and the gateway, which terminate TLS: their X-Forwarded-For is trusted.
# trusted_proxies = ["10.0.0.4/32"]

[console]
listen = "{listen}"
# The URL that browsers use.
public_url = {public_url}

# How long the record is kept, in days: at least 30, or 0 for ever.
[retention]
audit_days = 2557
access_log_days = 2557

"#,
        path = path.display(),
        database_url = quoted(&answers.database_url),
        data_dir = quoted(&data_dir),
        listen = listen(&answers.console_url, CONSOLE_PORT),
        public_url = quoted(&answers.console_url),
    );
    match &answers.gateway {
        Some(of) => gateway(&mut text, of, quoted),
        None => text.push_str(NO_GATEWAY),
    }
    text
}

fn gateway(text: &mut String, of: &GatewayAnswers, quoted: impl Fn(&str) -> String) {
    let binding = match &of.binding {
        Binding::Path(route) => {
            format!("tenant_binding = \"path\"\nroutes = [{}]", quoted(route))
        }
        Binding::Host(host) => {
            format!("tenant_binding = \"host\"\ntenant_host = {}", quoted(host))
        }
        Binding::Identity => "tenant_binding = \"identity\"".to_owned(),
    };
    // Writing to a text can't fail.
    let _ = write!(
        text,
        r#"[gateway]
listen = "{listen}"
# The URL that clients use. Its host name must differ from the console's, because cookies ignore ports.
public_url = {url}
# The platform's API.
upstream = {upstream}
# How the API knows the tenant.
{binding}
# The Authorization that the gateway sends to the API.
# upstream_authorization = "file:/etc/support-console/upstream-authorization"

# What support sessions may do beside reading (read_only is built in).
# [[scopes]]
# name = "invoices:export"
# description = "Export invoices as CSV"
# allow = [{{ methods = ["POST"], paths = ["/v1/tenants/{{tenant_id}}/exports"] }}]
"#,
        listen = listen(&of.url, GATEWAY_PORT),
        url = quoted(&of.url),
        upstream = quoted(&of.upstream),
    );
}

/// A loopback address is served without a proxy, so it names the port itself.
fn listen(url: &str, default: u16) -> String {
    let url = Url::parse(url).ok();
    let local = url.filter(|url| url.scheme() == "http");
    let port = local.and_then(|url| url.port_or_known_default());
    format!("127.0.0.1:{}", port.unwrap_or(default))
}

const NO_GATEWAY: &str = r#"# The gateway in front of the platform's API. Without it support sessions can be created, but not used.
# [gateway]
# listen = "127.0.0.1:3100"
# The URL that clients use. Its host name must differ from the console's, because cookies ignore ports.
# public_url = "https://support-api.example.com"
# upstream = "http://10.0.0.5:8080"
# How the API knows the tenant: "path", "host" or "identity". There is no default.
# tenant_binding = "path"
# routes = ["/v1/tenants/{tenant_id}"]
"#;
