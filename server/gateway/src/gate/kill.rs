//! Ends a connection from outside, immediately and for good.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// A kill switch for one connection to the upstream. Writing happens under its lock, so nothing
/// more is written once [`Self::kill`] has returned.
#[derive(Debug, Default)]
pub(crate) struct KillSwitch {
    dead: Mutex<bool>,
    killed: CancellationToken,
}

impl KillSwitch {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Ends the connection. Idempotent.
    pub(crate) fn kill(&self) {
        *self.dead.lock() = true;
        self.killed.cancel();
    }

    /// Whether the connection was ended.
    pub(crate) fn is_dead(&self) -> bool {
        *self.dead.lock()
    }

    /// Runs `write` unless the connection was ended. It can't be ended meanwhile. `write` must not
    /// block.
    pub(crate) fn unless_dead<T>(&self, write: impl FnOnce() -> T) -> Option<T> {
        let dead = self.dead.lock();
        (!*dead).then(write)
    }

    /// Completes when the connection was ended.
    pub(crate) fn killed(&self) -> &CancellationToken {
        &self.killed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_once_it_is_killed() {
        let switch = KillSwitch::new();
        assert_eq!(switch.unless_dead(|| 1), Some(1));
        switch.kill();
        assert_eq!(switch.unless_dead(|| 1), None);
        assert!(switch.killed().is_cancelled());
    }
}
