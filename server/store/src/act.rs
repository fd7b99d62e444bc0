//! Acts, and what the writer must know of them.

use app::domain::record::OutageCause;
use futures::future::BoxFuture;

use super::{StoreError, transaction::Tx};

/// Which acts go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// The gateway's: a request waits for it.
    Gateway,
    /// Everything else.
    Normal,
    /// What nobody waits for: it is done with the next of the others, or by itself after a moment.
    Resting,
}

/// What the writer must know of an act's error.
pub trait ActError: From<StoreError> {
    /// Whether the same act may succeed when tried again at once: another writer was first.
    fn is_contention(&self) -> bool;
    /// Why nothing can be written at present, if the error says so.
    fn outage(&self) -> Option<OutageCause>;
}

impl ActError for StoreError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Contended)
    }

    fn outage(&self) -> Option<OutageCause> {
        Self::outage(self)
    }
}

/// What is done in a transaction: a function over the values that it is given. It runs more than once
/// when other writers are first, so it only borrows them.
pub(super) struct Act<D, F> {
    pub(super) given: D,
    pub(super) run: F,
}

/// An [`Act`] whose values have been put away.
pub(super) trait Run<T, E>: Send + Sync + 'static {
    fn run<'t>(&'t self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>>;
}

impl<D, F, T, E> Run<T, E> for Act<D, F>
where
    D: Send + Sync + 'static,
    F: for<'t> Fn(&'t D, &'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
{
    fn run<'t>(&'t self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> {
        (self.run)(&self.given, tx)
    }
}
