//! Serving the user interface: pages rendered by Leptos, its server functions, and the files of
//! the bundle.
//!
//! Middleware in front puts an [`app::domain::caller::Context`] into the request's extensions. A
//! request without one is anonymous. Rules live in the services. Only the choice of the first page
//! is made here.

mod assets;
mod gate;
mod headers;

use std::{path::PathBuf, sync::Arc};

use app::{
    api::ENDPOINTS,
    domain::caller::{Caller, Context, Origin},
    paths,
    ports::Console,
    shell::{Assets, Document},
};
use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use leptos::{nonce::Nonce, prelude::provide_context};
use tower_http::limit::RequestBodyLimitLayer;

use self::{assets::Site, gate::Gate};

/// The largest body of a server function, in bytes: a reason of 500 characters and its form fit
/// many times.
const SERVER_FN_BODY_LIMIT: usize = 64 * 1024;

/// The location of the browser's bundle.
#[derive(Debug, Clone)]
pub struct AssetOptions {
    /// The folder that the bundler wrote, with its `manifest.json`.
    pub site_root: PathBuf,
}

impl Default for AssetOptions {
    fn default() -> Self {
        Self {
            site_root: PathBuf::from("target/site"),
        }
    }
}

#[derive(Clone)]
struct Pages {
    console: Console,
    site: Arc<Site>,
}

/// Everything that a browser requests from the console, except forms, the live stream and
/// downloads.
///
/// To be called within a Tokio runtime. Without a readable bundle pages are served all the same, as they are without JavaScript.
pub fn router(console: Console, assets: AssetOptions) -> Router {
    let site = Site::load(&assets.site_root).unwrap_or_else(|error| {
        tracing::warn!(%error, path = %assets.site_root.display(), "the site files are missing: pages have no script and no style");
        Site::default()
    });
    let server_fns = post(server_fn).layer(RequestBodyLimitLayer::new(SERVER_FN_BODY_LIMIT));
    let pages = Pages {
        console,
        site: Arc::new(site),
    };
    page_paths()
        .into_iter()
        .fold(Router::new(), |router, path| router.route(&path, get(page)))
        .route("/", get(|| async { Redirect::to(paths::OVERVIEW) }))
        .route("/_fn/{name}", server_fns)
        .route("/pkg/{name}", get(hashed_file))
        .route("/favicon.svg", get(file))
        .route("/robots.txt", get(file))
        .fallback_service(get(not_found).with_state::<()>(pages.clone()))
        .with_state(pages)
}

/// The paths of the route table except `/`, in axum's form. Also starts the executor of Leptos'
/// tasks.
fn page_paths() -> Vec<String> {
    let routes = leptos_axum::generate_route_list(Document);
    let mut paths: Vec<_> = routes.iter().map(|route| route.path().to_owned()).collect();
    paths.sort();
    paths.dedup();
    paths.retain(|path| path != "/");
    paths
}

async fn page(State(pages): State<Pages>, request: Request) -> Response {
    let context = context_of(&request);
    match gate::decide(&context.caller, request.uri()) {
        Gate::Unreadable => unreadable(),
        Gate::Elsewhere(path) => headers::without_script(Redirect::to(&path).into_response()),
        Gate::Render => render(pages, context, request).await,
    }
}

async fn not_found(State(pages): State<Pages>, request: Request) -> Response {
    if !gate::is_readable(request.uri()) {
        return unreadable();
    }
    let context = context_of(&request);
    render(pages, context, request).await
}

fn unreadable() -> Response {
    let refusal = (StatusCode::BAD_REQUEST, "The address is not valid UTF-8.\n");
    headers::without_script(refusal.into_response())
}

async fn render(pages: Pages, context: Context, request: Request) -> Response {
    let nonce = Nonce::new();
    let assets = pages.site.assets().clone();
    let provide = {
        let nonce = nonce.clone();
        move || {
            provide_context(pages.console.clone());
            provide_context(context.clone());
            provide_context::<Assets>(assets.clone());
            provide_context(nonce.clone());
        }
    };
    let handler = leptos_axum::render_app_async_with_context(provide, Document);
    headers::with_nonce(handler(request).await, &nonce)
}

async fn server_fn(
    State(pages): State<Pages>,
    Path(name): Path<String>,
    mut request: Request,
) -> Response {
    if !ENDPOINTS
        .iter()
        .any(|path| path.strip_prefix(paths::SERVER_FUNCTIONS) == Some(&name))
    {
        return headers::without_script(StatusCode::NOT_FOUND.into_response());
    }
    // With both, Leptos would take the call for a plain form and redirect to the referring page.
    request.headers_mut().remove(header::REFERER);
    let context = context_of(&request);
    let provide = move || {
        provide_context(pages.console.clone());
        provide_context(context.clone());
    };
    let response = leptos_axum::handle_server_fns_with_context(provide, request).await;
    headers::without_script(response.into_response())
}

async fn hashed_file(State(pages): State<Pages>, request: Request) -> Response {
    pages.site.serve(&request, assets::FOREVER)
}

async fn file(State(pages): State<Pages>, request: Request) -> Response {
    pages.site.serve(&request, assets::ONE_HOUR)
}

fn context_of(request: &Request<Body>) -> Context {
    request.extensions().get().cloned().unwrap_or(Context {
        caller: Caller::Anonymous,
        origin: Origin::default(),
    })
}
