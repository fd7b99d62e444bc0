//! The demo: console, gateway and a sample platform with real traffic, in one process on this
//! machine.
//!
//! The platform uses only the console's public REST API, with an ordinary key: tenants, telemetry
//! and user sessions all come in there.

mod api;
mod backfill;
mod cast;
mod clients;
mod control;
mod error;
mod fates;
mod history;
mod names;
mod past_health;
mod platform;
mod ready;
mod reporter;
mod settings;
mod sign_ins;
mod state;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use gateway::clock::{Clock, OffsetClock, SystemClock};
use store::Store;
use tokio::{net::TcpListener, sync::mpsc::Receiver, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use self::{
    api::{Api, Put},
    cast::Tenant,
    clients::Traffic,
    control::Control,
    platform::{Platform, SupportIdentities},
    reporter::Observed,
    settings::Ports,
    state::DemoState,
};
use crate::{
    out,
    serve::{self, Parts},
};

pub use self::error::DemoError;

/// How many served requests may wait to be reported.
const OBSERVED: usize = 20_000;

/// How often the demo's progress is saved.
const TRACK_EVERY: std::time::Duration = std::time::Duration::from_secs(10);

/// How the demo is started.
pub struct Options {
    pub console_port: u16,
    pub gateway_port: u16,
    pub upstream_port: u16,
    /// The folder of all data. Defaults to a temporary folder.
    pub data_dir: Option<PathBuf>,
    /// The file for addresses and accounts, written when everything is listening.
    pub ready_file: Option<PathBuf>,
    pub seed: u64,
    /// The folder of the user interface's files, instead of those that the program carries.
    pub site_root: Option<PathBuf>,
}

/// Runs the demo until it is asked to stop.
///
/// # Errors
///
/// If a part can't be started, with what to do.
pub async fn run(options: Options) -> Result<(), DemoError> {
    let ports = Ports::of(&options)?;
    let folder = state::Folder::open(options.data_dir.clone())?;
    let ran = run_in(folder.path(), ports, options).await;
    folder.leave();
    ran
}

async fn run_in(folder: &Path, ports: Ports, options: Options) -> Result<(), DemoError> {
    let real: Arc<dyn Clock> = Arc::new(SystemClock);
    let clock = Arc::new(OffsetClock::new(Arc::clone(&real)));
    let mut state = DemoState::load_or_new(folder, options.seed, clock.now())?;
    // A demo whose clock was moved ahead continues there.
    if let Some(until) = state.reported_until.filter(|until| *until > clock.now()) {
        clock.advance(until - clock.now());
    }
    let config = settings::config(&ports, folder, options.site_root)?;
    say(&format!("Starting in {} …", folder.display()));
    let server = serve::start(Parts {
        config,
        clock: clock.clone(),
        figures: None,
    })
    .await?;
    let key = state.people_and_key(&server.state).await?;
    state.keep(folder)?;
    let world = World {
        clock,
        tenants: Arc::new(cast::tenants(state.seed)),
        api: Api::new(server.console, key.clone())?,
        state: state.clone(),
        traffic: Traffic::on(),
        stop: CancellationToken::new(),
    };
    let observed = world.start_platform(&ports).await?;
    world.tell_history(folder, &server.state.core.store).await?;
    let reporting = world.start_traffic(&ports, observed);
    tokio::spawn(keep_track(world.clone(), folder.to_owned()));
    let socket = folder.join("control.sock");
    let control = Control {
        world: world.clone(),
        real,
    };
    let listener = control::open(&socket)?;
    tokio::spawn(control::serve(listener, Arc::new(control)));
    let ready = ready::Ready::of(&ports, &state, &key, &socket, folder);
    if let Some(path) = &options.ready_file {
        ready.write(path)?;
    }
    say(&ready.banner());
    serve::asked_to_stop().await?;
    say("Stopping …");
    world.stop.cancel();
    // The last requests are reported while the console still accepts them.
    if reporting.await.is_err() {
        tracing::warn!("the last calls were not reported");
    }
    state.reported(world.clock.now()).keep(folder)?;
    server.stop().await;
    Ok(())
}

/// The state that the demo's tasks share. Cheap to clone.
#[derive(Clone)]
struct World {
    clock: Arc<OffsetClock>,
    tenants: Arc<Vec<Tenant>>,
    api: Api,
    state: DemoState,
    traffic: Traffic,
    stop: CancellationToken,
}

impl World {
    async fn start_platform(&self, ports: &Ports) -> Result<Receiver<Observed>, DemoError> {
        let address = ports.upstream;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| DemoError::Bind { address, source })?;
        let (tell, observed) = tokio::sync::mpsc::channel(OBSERVED);
        let support = SupportIdentities::new(
            ports.console_url(),
            ports.upstream_url(),
            self.api.key_set_url(),
            self.api.http(),
        );
        let platform = Platform::new(
            &self.tenants,
            self.state.seed,
            support,
            self.clock.clone(),
            tell,
        );
        let stop = self.stop.clone();
        tokio::spawn(async move {
            // Feeds never end, so the platform doesn't wait for its callers.
            tokio::select! {
                served = axum::serve(listener, platform.router()).into_future() => {
                    if let Err(error) = served {
                        tracing::error!(%error, "the sample platform failed");
                    }
                }
                () = stop.cancelled() => {}
            }
        });
        Ok(observed)
    }

    /// Registers the tenants and reports their past, all through the REST API. Only the counts of a console that did not run
    /// then are written into its store.
    async fn tell_history(&self, folder: &Path, store: &Store) -> Result<(), DemoError> {
        let started = self.state.first_started;
        let now = self.clock.now();
        if self.state.reported_until.is_none() {
            let registrations = self.tenants.iter().map(|tenant| Put {
                path: format!("tenants/{}", tenant.id),
                body: tenant.registration(started),
            });
            self.api.put_all(registrations).await?;
            let organizations = self.tenants.iter().flat_map(|tenant| {
                tenant.organizations.iter().map(move |own| Put {
                    path: format!("tenants/{}/organizations/{}", tenant.id, own.id),
                    body: own.registration(tenant, started),
                })
            });
            self.api.put_all(organizations).await?;
            say(&format!("  registered {} tenants", self.tenants.len()));
            self.tell_past_health(store, now).await?;
        }
        let from = self.state.reported_until.unwrap_or(now - history::REACH);
        let calls = self.report_past(from, now).await?;
        say(&format!("  reported {calls} calls of the days before"));
        let sign_ins = sign_ins::at_start(&self.tenants, self.state.seed, now);
        let count = sign_ins.len();
        self.api.put_all(sign_ins).await?;
        say(&format!("  registered {count} user sessions"));
        self.state.reported(now).keep(folder)
    }

    fn start_traffic(&self, ports: &Ports, observed: Receiver<Observed>) -> JoinHandle<()> {
        tokio::spawn(clients::call(self.clone(), ports.upstream_url()));
        tokio::spawn(sign_ins::keep_coming(self.clone()));
        tokio::spawn(reporter::report(self.clone(), observed))
    }
}

/// Saves regularly until when calls have been reported, for a start after a crash.
async fn keep_track(world: World, folder: PathBuf) {
    let mut every = tokio::time::interval(TRACK_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = world.stop.cancelled() => return,
        }
        if let Err(error) = world.state.reported(world.clock.now()).keep(&folder) {
            tracing::warn!(%error, "the demo can't save its progress");
        }
    }
}

fn say(text: &str) {
    if say!("{text}").is_err() {
        std::process::exit(out::UNREAD.into());
    }
}
