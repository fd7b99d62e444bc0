//! Reading by programs and downloads leave the processor and each other's places to what guards.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    thread::available_parallelism,
    time::Duration,
};

use app::domain::{
    ApiKeyId,
    caller::{Caller, Context},
    problem::Problem,
};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use store::StoreError;
use tokio::{sync::Semaphore, time::timeout};

use crate::{patient::Patient, problem};

/// How long a request waits for its turn: as long as it would for a connection of the store.
const PATIENCE: Duration = Duration::from_secs(2);

/// The layer that runs what reads on threads that can wait. What programs report, and what ends something, is not put off.
pub(crate) async fn give_way(
    State(patient): State<Patient>,
    request: Request,
    next: Next,
) -> Response {
    if !request.method().is_safe() {
        return next.run(request).await;
    }
    let response = patient.run(next.run(request)).await;
    response.map(|body| patient.body(body))
}

/// How many requests of each key are read at the same time: one for two processors. So no key takes what others need. Cheap to
/// clone.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<ApiKeyId, Arc<Semaphore>>>>);

impl Turns {
    fn of(&self, key: ApiKeyId) -> Arc<Semaphore> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = turns.entry(key).or_insert_with(|| {
            let processors = available_parallelism().map_or(1, usize::from);
            Arc::new(Semaphore::new(processors.div_ceil(2)))
        });
        Arc::clone(turns)
    }
}

/// The layer in which requests that read with the same key wait for each other.
pub(crate) async fn take_turns(
    State(turns): State<Turns>,
    request: Request,
    next: Next,
) -> Response {
    let context = request.extensions().get::<Context>();
    let (key, request_id) = match context {
        Some(Context {
            caller: Caller::Key(key),
            origin,
        }) if request.method().is_safe() => (key.id, origin.request_id.clone()),
        _ => return next.run(request).await,
    };
    match timeout(PATIENCE, turns.of(key).acquire_owned()).await {
        Ok(_turn) => next.run(request).await,
        Err(_) => problem::details(Problem::from(StoreError::Busy), request_id),
    }
}

#[cfg(test)]
mod tests {
    use app::domain::caller::{KeyCaller, Origin};
    use axum::{
        Router,
        body::Body,
        middleware::{from_fn, from_fn_with_state},
        routing::{get, post},
    };
    use futures::{FutureExt as _, poll};
    use http::{Method, StatusCode, header::RETRY_AFTER};
    use tokio::sync::Notify;
    use tower::ServiceExt as _;
    use uuid::Uuid;

    use super::*;

    /// A list that takes until it is told to end, and a report.
    fn router(end: &Arc<Notify>) -> Router {
        let end = Arc::clone(end);
        let list = get(move || {
            let end = Arc::clone(&end);
            async move {
                end.notified().await;
                std::thread::current()
                    .name()
                    .map(str::to_owned)
                    .unwrap_or_default()
            }
        });
        Router::new()
            .route("/list", list)
            .route("/report", post(|| async {}))
            .layer(from_fn_with_state(Patient::new(), give_way))
            .layer(from_fn_with_state(Turns::default(), take_turns))
            .layer(from_fn(|mut request: Request, next: Next| async {
                let key = request.headers()["x-api-key"].to_str().unwrap();
                let caller = Caller::Key(KeyCaller {
                    id: ApiKeyId::from_uuid(Uuid::from_u128(key.parse().unwrap())),
                    name: "k".into(),
                    tenant_id: None,
                    rights: Vec::new(),
                    requests_per_minute: None,
                });
                let origin = Origin::default();
                request.extensions_mut().insert(Context { caller, origin });
                next.run(request).await
            }))
    }

    async fn send(router: &Router, method: Method, path: &str, key: u64) -> Response {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-api-key", key);
        let request = request.body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn no_key_takes_the_turns_of_another_and_none_waits_to_report() {
        let end = Arc::new(Notify::new());
        let router = router(&end);
        let turns = available_parallelism().unwrap().get().div_ceil(2);
        let list = |key| send(&router, Method::GET, "/list", key).boxed_local();
        let mut first: Vec<_> = (0..turns).map(|_| list(1)).collect();
        for one in &mut first {
            assert!(poll!(one).is_pending());
        }
        let late = list(1).await;
        assert_eq!(late.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(late.headers().contains_key(RETRY_AFTER));
        let reported = send(&router, Method::POST, "/report", 1).await;
        assert_eq!(reported.status(), StatusCode::OK);
        let mut other = list(2);
        assert!(poll!(&mut other).is_pending());
        // All of them have begun.
        for _ in 0..=turns {
            end.notify_one();
            tokio::task::yield_now().await;
        }
        let mut next = list(1);
        assert!(poll!(&mut next).is_pending());
        drop(next);
        let waits = async {
            loop {
                end.notify_waiters();
                tokio::task::yield_now().await;
            }
        };
        let answered = async {
            for one in first {
                assert_eq!(one.await.status(), StatusCode::OK);
            }
            other.await
        };
        let answered = tokio::select! {
            answered = answered => answered,
            () = waits => unreachable!(),
        };
        let body = axum::body::to_bytes(answered.into_body(), 100)
            .await
            .unwrap();
        assert_eq!(body, "patient");
    }
}
