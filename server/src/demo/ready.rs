//! The demo's message when everything is listening: for people, and in a file for tests.

use std::{path::Path, sync::Arc};

use app::domain::staff::Role;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{
    DemoError,
    settings::{Ports, database_url},
    state::{Account, DemoState, write_private},
};

#[derive(Serialize)]
pub(super) struct Ready {
    console: String,
    gateway: String,
    upstream: String,
    accounts: Vec<Account>,
    platform_key: String,
    control_socket: String,
    data_dir: String,
    database_url: String,
}

impl Ready {
    /// For a running demo.
    pub(super) fn of(
        ports: &Ports,
        state: &DemoState,
        key: &SecretString,
        socket: &Path,
        folder: &Path,
    ) -> Self {
        Self {
            console: ports.console_url(),
            gateway: ports.gateway_url(),
            upstream: ports.upstream_url(),
            accounts: state.accounts.clone(),
            platform_key: key.expose_secret().to_owned(),
            control_socket: socket.display().to_string(),
            data_dir: folder.display().to_string(),
            database_url: database_url(folder),
        }
    }

    /// Writes the file, completely or not at all.
    pub(super) fn write(&self, path: &Path) -> Result<(), DemoError> {
        let json = serde_json::to_vec_pretty(self).unwrap_or_default();
        write_private(path, &json).map_err(|source| DemoError::File {
            path: path.to_owned(),
            source: Arc::new(source),
        })
    }

    /// How to sign in, for people.
    pub(super) fn banner(&self) -> String {
        let accounts = self.accounts.iter().map(|account| {
            let may = match account.role {
                Role::SuperAdmin => "super admin: sees everything, revokes any support session",
                Role::SupportAdmin => "support admin: creates support sessions",
            };
            format!(
                "    {}   {}\n      {} ({may})",
                account.email, account.password, account.name
            )
        });
        let accounts: Vec<String> = accounts.collect();
        format!(
            "\n  Support Console runs at  {}\n\n  Sign in as (e-mail address and password):\n{}\n\n  \
             The gateway is at {}, its sample platform at {}.\n  \
             These accounts exist in this demo only. Press Ctrl-C to stop.\n",
            self.console,
            accounts.join("\n"),
            self.gateway,
            self.upstream,
        )
    }
}
