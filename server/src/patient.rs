//! Threads for work that can wait: what programs read by their keys, and audit logs as files.
//!
//! The gateway, revocations and people's pages share the program's other threads. A list of 200 events takes longer to write as JSON
//! than a request takes through the gateway, and a thread that writes it does nothing else meanwhile. So such work has threads of
//! its own. They are few, and have a lower priority.

use std::{io, panic, sync::Arc, thread::available_parallelism};

use axum::body::{Body, HttpBody as _};
use futures::stream;
use http_body_util::{BodyExt as _, StreamBody};
use rustix::process::{getpriority_process, setpriority_process};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::mpsc,
    task::JoinError,
};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

/// How nice these threads are (`man 7 sched`): as long as another one of the program has something to do, one of these gets a tenth
/// of what that one gets.
const NICE: i32 = 10;

/// Where such work runs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Patient(Arc<Threads>);

/// `None` if the system has no thread for it. Then it runs where it is asked for.
struct Threads(Option<Runtime>);

impl Drop for Threads {
    /// A runtime may not wait for its threads where others must not be held up.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Patient {
    pub(crate) fn new() -> Self {
        let threads = threads().inspect_err(|error| {
            tracing::warn!(%error, "there is no thread for what can wait");
        });
        Self(Arc::new(Threads(threads.ok())))
    }

    fn handle(&self) -> Option<&Handle> {
        self.0.0.as_ref().map(Runtime::handle)
    }

    /// Runs a task there. It ends early if nobody waits for it any more.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let Some(handle) = self.handle() else {
            return task.await;
        };
        let spawned = AbortOnDropHandle::new(handle.spawn(task.in_current_span()));
        match spawned.await.map_err(JoinError::try_into_panic) {
            Ok(done) => done,
            Err(Ok(panic)) => panic::resume_unwind(panic),
            // The program ends.
            Err(Err(_)) => std::future::pending().await,
        }
    }

    /// A body that is made there, a part ahead of the client.
    pub(crate) fn body(&self, mut body: Body) -> Body {
        let is_made = body.size_hint().exact().is_some();
        let Some(handle) = self.handle().filter(|_| !is_made) else {
            return body;
        };
        let (parts, taken) = mpsc::channel(1);
        let made = async move {
            while let Some(frame) = body.frame().await {
                if parts.send(frame).await.is_err() {
                    return;
                }
            }
        };
        let made = Some(AbortOnDropHandle::new(handle.spawn(made.in_current_span())));
        // The threads stay for as long as the body is sent.
        let begin = (taken, made, self.clone());
        let frames = stream::unfold(begin, |(mut taken, made, threads)| async move {
            if let Some(frame) = taken.recv().await {
                return Some((frame, (taken, made, threads)));
            }
            // What breaks off must not look complete.
            let error = made?.await.err()?;
            Some((Err(axum::Error::new(error)), (taken, None, threads)))
        });
        Body::new(StreamBody::new(frames))
    }
}

/// Half as many as there are processors.
fn threads() -> io::Result<Runtime> {
    let processors = available_parallelism().map_or(1, usize::from);
    Builder::new_multi_thread()
        .worker_threads(processors.div_ceil(2))
        .enable_all()
        .thread_name("patient")
        .on_thread_start(|| {
            // Without a process's ID it is this thread's priority, on Linux.
            let nice = getpriority_process(None).map(|nice| nice.max(NICE));
            if let Err(error) = nice.and_then(|nice| setpriority_process(None, nice)) {
                tracing::warn!(%error, "what programs read has the priority of what guards it");
            }
        })
        .build()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use axum::body::Bytes;
    use futures::{FutureExt as _, StreamExt as _};
    use tokio::sync::Notify;

    use super::*;

    fn is_patient() -> bool {
        let nice = getpriority_process(None).unwrap();
        thread::current().name() == Some("patient") && nice >= NICE
    }

    #[tokio::test]
    async fn what_can_wait_has_less_of_the_processor_and_ends_with_who_waits_for_it() {
        let patient = Patient::new();
        assert!(patient.run(async { is_patient() }).await);
        let (begun, dropped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (begins, ends) = (Arc::clone(&begun), Arc::clone(&dropped));
        let task = patient.run(async move {
            let _ends = Tells(ends);
            begins.notify_one();
            std::future::pending::<()>().await;
        });
        tokio::select! {
            () = task => panic!("it goes on"),
            () = begun.notified() => {}
        }
        dropped.notified().await;
    }

    /// Notifies when it is dropped.
    struct Tells(Arc<Notify>);

    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    #[tokio::test]
    async fn a_body_is_made_where_it_can_wait_a_part_ahead_and_never_looks_complete_if_it_breaks_off()
     {
        let patient = Patient::new();
        let parts = stream::iter(0..5).map(|number| {
            assert!(is_patient());
            Ok::<_, io::Error>(Bytes::from(number.to_string()))
        });
        let body = patient.clone().body(Body::from_stream(parts));
        let whole = body.collect().await.unwrap().to_bytes();
        assert_eq!(whole, "01234");
        let panics = stream::iter(0..5).map(|number| {
            assert!(number < 3, "as a bug would");
            Ok::<_, io::Error>(Bytes::from(number.to_string()))
        });
        let fails = stream::iter(0..5).map(|number| match number {
            3 => Err(io::Error::other("the store is away")),
            _ => Ok(Bytes::from(number.to_string())),
        });
        for broken in [Body::from_stream(panics), Body::from_stream(fails)] {
            let mut body = patient.body(broken);
            for number in 0..3 {
                let frame = body.frame().await.unwrap().unwrap();
                assert_eq!(frame.into_data().unwrap(), number.to_string());
            }
            assert!(body.frame().await.unwrap().is_err());
        }
        let whole = patient.body(Body::from("ready"));
        assert_eq!(whole.size_hint().exact(), Some(5));
    }

    #[tokio::test]
    async fn a_panic_of_what_can_wait_is_that_of_who_waits() {
        let patient = Patient::new();
        let panics = patient.run(async { panic!("as a bug would") });
        let caught = panic::AssertUnwindSafe(panics).catch_unwind().await;
        assert!(caught.is_err());
    }
}
