//! Handlers that count their calls, and middleware between them and the layer.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Extension, Json, Router,
    body::{Body, Bytes},
    extract::{OriginalUri, Path, Request, State},
    middleware::Next,
    response::Response,
    routing::{any, get, post},
};
use futures::{StreamExt as _, stream};
use gateway::LiveSupportSession;
use http::{HeaderMap, Method, StatusCode, Uri, request::Parts};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::store::MemoryStore;

/// What handlers were reached for.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) calls: Arc<AtomicUsize>,
    /// How many handlers were dropped before they had answered.
    pub(super) dropped: watch::Sender<usize>,
    /// The parts of its request that a handler has kept.
    pub(super) kept: Arc<Mutex<Option<(Parts, LiveSupportSession)>>>,
    /// How a body that was read after the answer ended.
    pub(super) read: watch::Sender<Option<Result<usize, usize>>>,
    store: Arc<MemoryStore>,
}

impl Seen {
    pub(super) fn of(store: &Arc<MemoryStore>) -> Self {
        Self {
            calls: Arc::default(),
            dropped: watch::Sender::default(),
            kept: Arc::default(),
            read: watch::Sender::default(),
            store: Arc::clone(store),
        }
    }

    fn call(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
    }
}

struct Dropped(watch::Sender<usize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count += 1);
    }
}

pub(super) fn api(seen: Seen) -> Router {
    Router::new()
        .route("/{tenant}/look", get(look).head(look).options(look))
        .route("/{tenant}/organizations/{organization}/look", get(look))
        .route("/{tenant}/files/{*file}", get(file))
        .route("/{tenant}/maybe", get(maybe))
        .route("/{tenant}/careless", any(careless))
        .route("/{tenant}/extension", get(extension))
        .route("/{tenant}/notes", post(write_note))
        .route("/{tenant}/parted", post(answer_before_reading))
        .route("/{tenant}/hang", get(hang))
        .route("/{tenant}/wait", get(wait))
        .route("/{tenant}/keep", get(keep))
        .route("/{tenant}/chat", get(switch))
        .route("/{tenant}/switch", get(switch))
        .route("/{tenant}/moved", get(look))
        .route("/{tenant}/ours", get(ours))
        .route("/{tenant}/home", get(look))
        .route("/{tenant}/asked", get(look))
        .route("/", get(look))
        .with_state(seen)
}

/// Answers with what it knows of its request.
async fn look(
    State(seen): State<Seen>,
    session: LiveSupportSession,
    OriginalUri(original): OriginalUri,
    uri: Uri,
    headers: HeaderMap,
) -> Json<Value> {
    seen.call();
    let recorded = seen.store.begun();
    let recorded = recorded
        .iter()
        .any(|i| i.request_id == session.request_id());
    let names: Vec<_> = headers.keys().map(ToString::to_string).collect();
    Json(json!({
        "tenant": session.tenant_id(),
        "staff": session.staff_name(),
        "scope": session.scope(),
        "request": session.request_id(),
        "ip": session.client_ip(),
        "recorded": recorded,
        "live": session.is_live(),
        "uri": uri.to_string(),
        "original": original.to_string(),
        "host": headers["host"].to_str().unwrap(),
        "headers": names,
        "request_header": headers["x-request-id"].to_str().unwrap(),
    }))
}

/// Answers with fields of the gateway, and with some that are like them.
async fn ours(_: LiveSupportSession) -> impl axum::response::IntoResponse {
    [
        ("support-tenant", "x"),
        ("support_staff", "x"),
        ("support.future", "x"),
        ("supported", "yes"),
    ]
}

/// Answers with the decoded path.
async fn file(
    State(seen): State<Seen>,
    _: LiveSupportSession,
    Path(named): Path<HashMap<String, String>>,
) -> Json<Value> {
    seen.call();
    Json(json!(named))
}

async fn maybe(State(seen): State<Seen>, session: Option<LiveSupportSession>) -> String {
    seen.call();
    session.map_or_else(|| "nobody".into(), |s| s.id().to_string())
}

/// Doesn't ask for the caller.
async fn careless(State(seen): State<Seen>) {
    seen.call();
}

/// Takes the session in a way that skips the check whose request it belongs to.
async fn extension(State(seen): State<Seen>, _: Extension<LiveSupportSession>) {
    seen.call();
}

async fn write_note(State(seen): State<Seen>, _: LiveSupportSession, note: Bytes) -> String {
    seen.call();
    note.len().to_string()
}

/// Answers immediately, and reads the rest in another task.
async fn answer_before_reading(State(seen): State<Seen>, _: LiveSupportSession, body: Body) {
    seen.call();
    tokio::spawn(async move {
        let mut pieces = body.into_data_stream();
        let mut length = 0;
        let ended = loop {
            match pieces.next().await {
                Some(Ok(piece)) => length += piece.len(),
                Some(Err(_)) => break Err(length),
                None => break Ok(length),
            }
        };
        seen.read.send_replace(Some(ended));
    });
}

/// A piece, and nothing more for ever.
async fn hang(State(seen): State<Seen>, _: LiveSupportSession) -> Body {
    seen.call();
    let pieces = stream::unfold(0, |count| async move {
        if count > 0 {
            std::future::pending::<()>().await;
        }
        Some((
            Ok::<_, std::io::Error>(Bytes::from_static(b"first;")),
            count + 1,
        ))
    });
    Body::from_stream(pieces)
}

async fn wait(State(seen): State<Seen>, _: LiveSupportSession) {
    let _dropped = Dropped(seen.dropped.clone());
    seen.call();
    std::future::pending::<()>().await;
}

/// Keeps all it can of its request, and never finishes its response.
async fn keep(State(seen): State<Seen>, session: LiveSupportSession, request: Request) -> Body {
    let (parts, _) = request.into_parts();
    *seen.kept.lock().unwrap() = Some((parts, session.clone()));
    hang(State(seen), session).await
}

/// Switches protocols, although that is never allowed.
async fn switch(State(seen): State<Seen>, _: LiveSupportSession) -> StatusCode {
    seen.call();
    StatusCode::SWITCHING_PROTOCOLS
}

/// Serves other addresses than the client's, as the last segment of the client's says.
pub(super) async fn move_address(mut request: Request, next: Next) -> Response {
    let moved = match request.uri().path().rsplit('/').next() {
        Some("moved") => "/bolt/look",
        Some("home") => "/",
        Some("asked") => "/acme/look?tenant_id=bolt",
        _ => return next.run(request).await,
    };
    *request.uri_mut() = moved.parse().unwrap();
    next.run(request).await
}

/// Serves a copy under another method first, as what takes a method from elsewhere may.
pub(super) async fn serve_a_copy_too(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut copy = Request::from_parts(parts.clone(), Body::from("copied"));
    *copy.method_mut() = Method::POST;
    *copy.uri_mut() = "/acme/notes".parse().unwrap();
    let copied = next.clone().run(copy).await.status();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    response.extensions_mut().insert(copied);
    let copied = copied.as_str().parse().unwrap();
    response.headers_mut().insert("x-copied", copied);
    response
}
