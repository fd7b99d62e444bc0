//! The threads on which SQLite is read.

use std::sync::Arc;

use rustix::process::{getpriority_process, setpriority_process};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::JoinHandle,
};

use crate::{Lane, StoreError};

/// The nice value of threads for work that can wait (`man 7 sched`). While a thread of the gateway
/// is busy, they get a tenth of its CPU time.
const NICE: i32 = 10;

/// Threads of a lower priority. They end when they have been idle for a while.
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    pub(super) fn new() -> Result<Self, StoreError> {
        let mut builder = Builder::new_current_thread();
        builder.thread_name("store-reader").on_thread_start(|| {
            // On Linux, without a process ID this sets the priority of this thread.
            let nice = getpriority_process(None).map(|nice| nice.max(NICE));
            if let Err(error) = nice.and_then(|nice| setpriority_process(None, nice)) {
                tracing::warn!(%error, "what reads the store has the priority of what guards it");
            }
        });
        let runtime = builder
            .build()
            .map_err(|error| StoreError::NoThreads(Arc::new(error)))?;
        Ok(Self(Some(runtime)))
    }

    /// Runs blocking work on a thread of the lane's priority.
    pub(super) fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        task: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let patient = self.0.as_ref().filter(|_| lane.gives_way());
        let handle = patient.map_or_else(Handle::current, |runtime| runtime.handle().clone());
        handle.spawn_blocking(task)
    }
}

impl Drop for Threads {
    /// Ends without waiting for its threads, because a runtime may not block here.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn niceness(threads: &Threads, lane: Lane) -> i32 {
        let asked = threads.run(lane, || getpriority_process(None));
        asked.await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn who_looks_has_less_of_the_processor_than_what_guards() {
        let threads = Threads::new().unwrap();
        let usual = getpriority_process(None).unwrap();
        assert_eq!(niceness(&threads, Lane::Gateway).await, usual);
        assert_eq!(niceness(&threads, Lane::Pages).await, usual);
        assert_eq!(niceness(&threads, Lane::Rest).await, usual.max(NICE));
        assert_eq!(niceness(&threads, Lane::Exports).await, usual.max(NICE));
    }
}
