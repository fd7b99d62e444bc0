//! The demo's configuration.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::{DemoError, Options};
use crate::config::{Config, ConfigError};

/// The demo's configuration as an operator would write it, without addresses and secrets.
const TEXT: &str = r#"
[gateway]
# The platform takes tenant and organization from the signed identity alone.
tenant_binding = "identity"
organization = "header"

# A request that names another tenant in one of these is refused rather than misunderstood.
[gateway.selectors]
query = ["tenant_id"]
headers = ["x-tenant-id"]

[[scopes]]
name = "attestations:write"
description = "Create and search attestations"
allow = [{ methods = ["POST"], paths = ["/v1/attestations/**"] }]

[[scopes]]
name = "invoices:export"
description = "Export invoices as CSV"
allow = [{ methods = ["POST"], paths = ["/v1/exports/{file}"] }]

[metrics]
enabled = false
"#;

/// The addresses of the demo's parts, all on this machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) console: SocketAddr,
    pub(super) gateway: SocketAddr,
    pub(super) upstream: SocketAddr,
}

impl Ports {
    pub(super) fn of(options: &Options) -> Result<Self, DemoError> {
        let here = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let all = [
            options.console_port,
            options.gateway_port,
            options.upstream_port,
        ];
        if all[0] == all[1] || all[0] == all[2] || all[1] == all[2] {
            return Err(DemoError::SamePorts);
        }
        let [console, gateway, upstream] = all.map(here);
        Ok(Self {
            console,
            gateway,
            upstream,
        })
    }

    /// Another host name than the gateway's: cookies ignore ports.
    pub(super) fn console_url(&self) -> String {
        format!("http://localhost:{}", self.console.port())
    }

    pub(super) fn gateway_url(&self) -> String {
        format!("http://{}", self.gateway)
    }

    /// The domain for opening tenants in browsers. Browsers resolve every name below it to this
    /// machine.
    fn entry_domain(&self) -> String {
        format!("localhost:{}", self.gateway.port())
    }

    pub(super) fn upstream_url(&self) -> String {
        format!("http://{}", self.upstream)
    }
}

pub(super) fn database_url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("demo.db").display())
}

/// The configuration with addresses and folders filled in.
pub(super) fn config(
    ports: &Ports,
    folder: &Path,
    site_root: Option<PathBuf>,
) -> Result<Config, ConfigError> {
    let mut table: Table = TEXT.parse().unwrap_or_default();
    let text = |text: String| Value::String(text);
    table.insert("database_url".into(), text(database_url(folder)));
    table.insert("data_dir".into(), text(folder.display().to_string()));
    let mut console = Table::new();
    console.insert("listen".into(), text(ports.console.to_string()));
    console.insert("public_url".into(), text(ports.console_url()));
    if let Some(folder) = site_root {
        console.insert("site_root".into(), text(folder.display().to_string()));
    }
    table.insert("console".into(), Value::Table(console));
    if let Some(Value::Table(gateway)) = table.get_mut("gateway") {
        gateway.insert("listen".into(), text(ports.gateway.to_string()));
        gateway.insert("public_url".into(), text(ports.gateway_url()));
        gateway.insert("upstream".into(), text(ports.upstream_url()));
        let browser = [
            ("domain".to_owned(), text(ports.entry_domain())),
            ("inject_banner".to_owned(), Value::Boolean(true)),
        ];
        gateway.insert("browser".into(), Value::Table(Table::from_iter(browser)));
    }
    let config = Config::of_demo(table)
        .map_err(|error| ConfigError::Unusable(vec![error.message().to_owned()]))?;
    config.check()?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(console_port: u16) -> Options {
        Options {
            console_port,
            gateway_port: 3100,
            upstream_port: 3200,
            data_dir: None,
            ready_file: None,
            seed: 1,
            site_root: None,
        }
    }

    #[test]
    fn the_demo_passes_every_check_of_a_configuration() {
        let ports = Ports::of(&options(3000)).unwrap();
        let config = config(&ports, Path::new("/tmp/demo"), Some("site".into())).unwrap();
        let gateway = config.gateway.unwrap();
        let settings = gateway.validate(&config.scopes, &[]).unwrap();
        let scopes: Vec<_> = settings
            .rules()
            .scopes()
            .list()
            .map(|s| s.name.as_str())
            .collect();
        assert_eq!(
            scopes,
            ["read_only", "attestations:write", "invoices:export"]
        );
        assert_eq!(config.console.public_url.as_str(), "http://localhost:3000/");
        assert_eq!(gateway.public_url, "http://127.0.0.1:3100");
        assert_eq!(gateway.entry_hosts().unwrap().domain(), "localhost");
    }

    #[test]
    fn ports_must_differ() {
        let same = Ports::of(&options(3100)).unwrap_err();
        assert!(same.to_string().contains("--gateway-port"), "{same}");
    }
}
