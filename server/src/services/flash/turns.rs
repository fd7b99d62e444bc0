//! Answers the second click on a button after the first.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::OwnedMutexGuard;

/// Forms that are being answered, by sign-in and key. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>>);

impl Turns {
    /// Waits until nobody else answers this form. It is the caller's turn until the guard is dropped.
    pub(super) async fn take(&self, form: String) -> OwnedMutexGuard<()> {
        self.of(form).lock_owned().await
    }

    fn of(&self, form: String) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = all.get(&form).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        all.insert(form, Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;

    use super::*;

    #[tokio::test]
    async fn the_same_form_waits_and_another_does_not() {
        let turns = Turns::default();
        let first = turns.take("a".into()).await;
        let mut second = Box::pin(turns.take("a".into()));
        assert!(poll!(&mut second).is_pending());
        drop(turns.take("b".into()).await);
        drop(first);
        drop(second.await);
        drop(turns.take("c".into()).await);
        assert_eq!(turns.0.lock().unwrap().len(), 1, "nothing is kept");
    }
}
