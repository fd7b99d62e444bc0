//! `support-console doctor`

mod nodes;

use std::{net::SocketAddr, path::Path};

use gateway::entropy::SystemEntropy;
use store::{Engine, Store, StoreError};
use tokio::net::TcpListener;

use super::{CliError, Common, open::open_store};
use crate::{
    config::Config,
    keys::{KeyError, KeyName, Keys, identity},
    pages::SiteSource,
};

/// The result of one check.
struct Check {
    what: String,
    /// What is wrong and what to do.
    fault: Option<String>,
}

impl Check {
    fn of<E: std::fmt::Display>(what: impl Into<String>, result: Result<(), E>) -> Self {
        Self {
            what: what.into(),
            fault: result.err().map(|error| error.to_string()),
        }
    }
}

pub(super) async fn run(common: &Common) -> Result<(), CliError> {
    let config = common.load(Vec::new())?;
    let mut checks = vec![Check::of("configuration and public URLs", config.check())];
    checks.push(log_filter(&config));
    let engine = store(&config, &mut checks).await;
    for name in KeyName::ALL {
        checks.push(key(&config.data_dir, name, engine));
    }
    for (what, address) in addresses(&config) {
        checks.push(port(what, address).await);
    }
    upstreams(&config, &mut checks).await;
    checks.push(site(&SiteSource::of(config.console.site_root.as_deref())));
    for check in &checks {
        match &check.fault {
            None => say!("ok    {}", check.what)?,
            Some(fault) => say!("FAIL  {}: {}", check.what, fault.replace('\n', "\n      "))?,
        }
    }
    if checks.iter().all(|check| check.fault.is_none()) {
        Ok(())
    } else {
        Err(CliError::Failed("some checks failed"))
    }
}

fn log_filter(config: &Config) -> Check {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log.filter).map(drop);
    Check::of("log.filter", filter)
}

async fn store(config: &Config, checks: &mut Vec<Check>) -> Option<Engine> {
    let store = match open_store(config, false).await {
        Ok(store) => store,
        Err(error) => {
            checks.push(Check::of("data store", Err(with_cause(&error))));
            return None;
        }
    };
    checks.push(Check::of("data store", store.ping().await));
    checks.extend(nodes::rules(config, &store).await);
    checks.push(Check::of("staff members", staff(&store).await));
    Some(store.engine())
}

async fn staff(store: &Store) -> Result<(), String> {
    let counted = async { store.read().await?.db().count_staff().await };
    match counted.await {
        Ok(0) => Err("none yet: run `support-console staff add`".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(with_cause(&error)),
    }
}

fn with_cause(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// On SQLite a missing key is fine: `serve` makes it.
fn key(folder: &Path, name: KeyName, engine: Option<Engine>) -> Check {
    let what = format!("key {}", name.file_name());
    let looked = Keys::check(folder, name).and_then(|()| match name {
        KeyName::Cursor => Ok(what.clone()),
        // Named by their thumbprints, so that nodes can be compared.
        KeyName::Identity => Ok(format!("{what} ({})", identity::describe(folder)?)),
    });
    match (looked, engine) {
        (Err(KeyError::Missing { .. }), Some(Engine::Sqlite)) => Check::of(
            format!("{what} (created by the first `serve`)"),
            writable(folder),
        ),
        (Ok(what), _) => Check { what, fault: None },
        (Err(error), _) => Check::of(what, Err(error)),
    }
}

fn writable(folder: &Path) -> Result<(), String> {
    let mut suffix = [0; 8];
    gateway::entropy::Entropy::fill(&SystemEntropy, &mut suffix);
    let probe = folder.join(format!(".doctor-{}", hex::encode(suffix)));
    let written = std::fs::File::create_new(&probe);
    let _ = std::fs::remove_file(&probe);
    written.map(drop).map_err(|error| {
        format!(
            "{} is not writable ({error}): create the folder, or set another data_dir",
            folder.display()
        )
    })
}

fn addresses(config: &Config) -> Vec<(&'static str, SocketAddr)> {
    let mut all = vec![("console.listen", config.console.listen)];
    if let Some(gateway) = &config.gateway {
        all.push(("gateway.listen", gateway.listen));
    }
    if config.metrics.enabled {
        all.push(("metrics.listen", config.metrics.listen));
    }
    all
}

async fn port(key: &str, address: SocketAddr) -> Check {
    let bound = TcpListener::bind(address).await.map(drop);
    let bound = bound.map_err(|error| {
        format!("{error}; fine if this is your running `serve`, otherwise choose another address")
    });
    Check::of(format!("{key} {address}"), bound)
}

/// Whether the gateway can reach its upstreams. It only opens a connection.
async fn upstreams(config: &Config, checks: &mut Vec<Check>) {
    let Some(gateway) = &config.gateway else {
        return;
    };
    // Faults of the configuration itself are reported already.
    if let Ok(settings) = gateway.validate(&config.scopes, &config.trusted_proxies) {
        for (what, reached) in settings.probe_upstreams().await {
            checks.push(Check::of(format!("upstream {what}"), reached));
        }
        let notes = settings.notes().into_iter();
        checks.extend(notes.map(|note| Check::of(note, Ok::<(), String>(()))));
    }
}

fn site(from: &SiteSource) -> Check {
    let there = match from {
        SiteSource::Folder(folder) if !folder.join("manifest.json").is_file() => Err(
            "there is no manifest.json: run `make bundle-release`, or correct or remove \
             console.site_root",
        ),
        _ => Ok(()),
    };
    Check::of(format!("site files in {from}"), there)
}
