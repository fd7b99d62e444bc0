//! Acts, and what the writer must know about them.

use app::domain::record::OutageCause;
use futures::future::BoxFuture;

use super::{
    StoreError,
    audit::Receipt,
    transaction::{Bookkeeping, Tx},
};

/// The order of acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// The gateway's: a request waits for it.
    Gateway,
    Normal,
    /// An act that ends something, by [`Lane::Ends`](crate::Lane::Ends).
    End,
    /// Nobody waits for it. It runs with the next other act, or alone after a moment.
    Resting,
}

/// An act's result, with the proof that an audit event records its change.
#[derive(Debug)]
pub struct Audited<T> {
    value: T,
    receipt: Option<Receipt>,
}

impl<T> Audited<T> {
    /// The result of a change, and the receipt of its event.
    pub const fn new(value: T, receipt: Receipt) -> Self {
        Self {
            value,
            receipt: Some(receipt),
        }
    }

    /// The result of an act that has changed nothing: a repeated act, or one that found its work
    /// already done. It fails if the act has changed anything after all.
    pub const fn unchanged(value: T) -> Self {
        Self {
            value,
            receipt: None,
        }
    }

    fn checked(self, has_acted: bool) -> Result<T, StoreError> {
        match has_acted && self.receipt.is_none() {
            true => Err(StoreError::Unaudited),
            false => Ok(self.value),
        }
    }
}

/// What the writer must know about an act's error.
pub trait ActError: From<StoreError> {
    /// Whether the same act may succeed when tried again at once: another writer was first.
    fn is_contention(&self) -> bool;
    /// Why nothing can be written now, if the error says so.
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

/// A function that runs in a transaction, over borrowed values. It only borrows them, because it
/// runs again if other writers were first.
pub(super) trait Run<T, E>: Send + Sync + 'static {
    fn run<'t>(&'t self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>>;
}

/// A write that is no act of anyone and needs no audit event.
pub(super) struct Writing<D, F> {
    pub(super) given: D,
    pub(super) run: F,
}

impl<D, F, T, E> Run<T, E> for Writing<D, F>
where
    D: Send + Sync + 'static,
    F: for<'t> Fn(&'t D, &'t mut Bookkeeping<'_>) -> BoxFuture<'t, Result<T, E>>
        + Send
        + Sync
        + 'static,
{
    fn run<'t>(&'t self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> {
        (self.run)(&self.given, tx)
    }
}

/// An act, which needs an audit event if it changes anything.
pub(super) struct Acting<D, F> {
    pub(super) given: D,
    pub(super) run: F,
}

impl<D, F, T, E> Run<T, E> for Acting<D, F>
where
    D: Send + Sync + 'static,
    T: Send + 'static,
    E: ActError + Send + 'static,
    F: for<'t> Fn(&'t D, &'t mut Tx<'_>) -> BoxFuture<'t, Result<Audited<T>, E>>
        + Send
        + Sync
        + 'static,
{
    fn run<'t>(&'t self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> {
        Box::pin(async move {
            // Acts may share a transaction.
            tx.has_acted = false;
            let audited = (self.run)(&self.given, tx).await?;
            audited.checked(tx.has_acted).map_err(Into::into)
        })
    }
}
