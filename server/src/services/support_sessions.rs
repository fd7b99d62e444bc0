//! Support sessions: creating, reading, ending them, and giving out their tokens.

pub mod at_start;
mod bars;
mod budget;
mod create;
mod expiry;
mod held;
mod open;
mod probe;
mod read;
mod revoke;
mod selected;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use app::domain::{
    caller::{Caller, Context, StaffCaller},
    problem::Problem,
    settings::Settings,
};
use gateway::{GatewayConfig, SessionGates, browser::EntryHosts};
use store::Lane;
use tokio_util::task::TaskTracker;

use super::Core;

pub use self::{
    expiry::record_expiries,
    revoke::{revoke_all_in, revoke_all_of, revoke_every, revoke_writing_in},
};

/// The use cases around support sessions.
#[derive(Clone)]
pub struct SupportSessionsService {
    core: Core,
    settings: Arc<Settings>,
    gates: Arc<SessionGates>,
    /// The hosts that sessions open at in browsers, if they do.
    entry_hosts: Option<EntryHosts>,
    /// Revocations, which go on if the browser gives up.
    running: TaskTracker,
}

impl SupportSessionsService {
    /// Builds the service. `gates` are those of this process's gateway.
    pub fn new(core: Core, settings: Arc<Settings>, gates: Arc<SessionGates>) -> Self {
        let gateway = core.config.gateway.as_ref();
        let entry_hosts = gateway.and_then(GatewayConfig::entry_hosts);
        Self {
            core,
            settings,
            gates,
            entry_hosts,
            running: TaskTracker::new(),
        }
    }

    /// The same service over the connections of a lane.
    #[must_use]
    pub fn within(&self, lane: Lane) -> Self {
        Self {
            core: self.core.within(lane),
            ..self.clone()
        }
    }

    /// Waits for revocations that were begun, even if nobody waits for their answer any more.
    pub async fn finish(&self) {
        self.running.close();
        self.running.wait().await;
    }
}

/// The staff member behind a request. Keys and the command line have none, and no support session
/// is created without one.
fn staff_behind(context: &Context) -> Result<&StaffCaller, Problem> {
    match &context.caller {
        Caller::Staff(staff) => Ok(staff),
        _ => Err(Problem::forbidden(
            "A support session needs a staff member with the role support_admin or super_admin behind it.",
        )),
    }
}
