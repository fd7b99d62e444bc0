//! Opening the store for one command.

use std::sync::Arc;

use app::domain::{
    caller::{Caller, Context, Origin},
    record::RecordLevel,
};
use gateway::{clock::SystemClock, entropy::SystemEntropy};
use store::{Store, StoreError, StoreOptions};

use super::{CliError, Common};
use crate::{config::Config, keys::Keys, os_user::os_user, services::Core, telemetry};

/// The resources of a command.
pub(super) struct Opened {
    pub(super) core: Core,
    /// The operating-system user.
    pub(super) context: Context,
}

/// The configuration, with the log started as it says.
pub(super) fn configured(common: &Common) -> Result<Config, CliError> {
    let config = common.load(Vec::new())?;
    // A command prints its results. The log is only for other errors.
    let mut log = config.log.clone();
    "warn".clone_into(&mut log.filter);
    telemetry::start_log(&log)?;
    Ok(config)
}

/// Opens the store beside a server that may be running on it.
pub(super) async fn open_store(config: &Config, migrate: bool) -> Result<Store, StoreError> {
    Store::open(&StoreOptions {
        url: config.database_url.clone(),
        migrate,
        serves: false,
        record: RecordLevel::Flushed,
    })
    .await
}

pub(super) async fn open(common: &Common) -> Result<Opened, CliError> {
    open_with(configured(common)?).await
}

pub(super) async fn open_with(config: Config) -> Result<Opened, CliError> {
    let store = open_store(&config, config.migrate_on_start).await?;
    Ok(Opened {
        core: Core {
            store,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            config: Arc::new(config),
            // Nobody gets a cursor of this process.
            cursors: Keys::throwaway(&SystemEntropy).cursor,
        },
        context: Context {
            caller: Caller::Cli { user: os_user() },
            origin: Origin::default(),
        },
    })
}
