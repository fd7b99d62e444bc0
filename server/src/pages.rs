//! Serving the user interface: pages rendered by Leptos, its server functions, and the files of
//! the bundle.
//!
//! Middleware in front puts an [`app::domain::caller::Context`] into the request's extensions. A
//! request without one is anonymous. Rules are in the services. Only the first page is chosen here.

#[cfg(test)]
mod admin;
mod assets;
#[cfg(test)]
mod create_session;
#[cfg(debug_assertions)]
pub(crate) mod design;
mod gate;
mod headers;
#[cfg(test)]
mod lists;
mod not_live;
#[cfg(test)]
mod outside;
mod source;

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use app::{
    api,
    domain::caller::{Caller, Context, Origin},
    paths,
    ports::Console,
    shell::{Assets, Document},
};
use axum::{
    body::Body,
    extract::{self, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use leptos::{nonce::Nonce, prelude::provide_context};
use store::Lane;
use uuid::Uuid;

pub use self::source::{SiteFiles, carry};
use self::{assets::Site, gate::Gate};
pub(crate) use self::{not_live::not_live, source::SiteSource};
use crate::middleware::cookie;

/// The services and files for rendering pages. Cheap to clone.
#[derive(Clone)]
pub struct Pages {
    console: Console,
    site: Arc<Site>,
}

impl Pages {
    /// Reads the bundle. Without a readable one, pages are served as without JavaScript.
    pub fn new(console: Console, site_root: Option<&Path>) -> Self {
        let from = SiteSource::of(site_root);
        let site = Site::load(&from).unwrap_or_else(|error| {
            tracing::warn!(%error, from = %from, "the site files are missing: pages have no script and no style");
            Site::default()
        });
        Self {
            console,
            site: Arc::new(site),
        }
    }
}

/// The paths of the route table except `/`, in axum's form. Also starts the executor of Leptos'
/// tasks, so call it within a Tokio runtime.
///
/// They are listed once in a process. While Leptos lists them, no resource loads on any thread, and a page that is being
/// rendered elsewhere would wait forever.
pub(crate) fn paths() -> &'static [String] {
    static PATHS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let routes = leptos_axum::generate_route_list(Document);
        let mut paths: Vec<_> = routes.iter().map(|route| route.path().to_owned()).collect();
        paths.sort();
        paths.dedup();
        paths.retain(|path| path != "/");
        paths
    });
    &PATHS
}

pub(crate) async fn page(State(pages): State<Pages>, request: Request) -> Response {
    let context = context_of(&request);
    let token = match context.caller {
        Caller::Anonymous => cookie::token_of(request.headers()),
        _ => None,
    };
    let ended = match token {
        Some(token) => {
            let ended = pages.console.staff.why_signed_out(&token);
            Lane::Callers.run(ended).await
        }
        None => None,
    };
    match gate::decide(&context.caller, request.uri(), request.headers(), ended) {
        Gate::Elsewhere(path) => headers::without_script(Redirect::to(&path).into_response()),
        Gate::Render => {
            let visits = request.uri().path() == paths::SIGN_IN
                && cookie::VISITED.only(request.headers()).is_none();
            let mut response = render(pages, context, request).await;
            let visited = cookie::VISITED.keep_id(Uuid::nil()).filter(|_| visits);
            visited.map(|visited| response.headers_mut().append(header::SET_COOKIE, visited));
            response
        }
    }
}

pub(crate) async fn not_found(State(pages): State<Pages>, request: Request) -> Response {
    let context = context_of(&request);
    render(pages, context, request).await
}

async fn render(pages: Pages, context: Context, request: Request) -> Response {
    let nonce = Nonce::new();
    let assets = pages.site.assets_of(request.uri().path());
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

pub(crate) async fn server_fn(
    State(pages): State<Pages>,
    extract::Path(name): extract::Path<String>,
    mut request: Request,
) -> Response {
    let build = pages.site.assets().build();
    let build = build.and_then(|build| HeaderValue::try_from(build).ok());
    let mut endpoints = api::endpoints();
    if !endpoints.any(|path| path.strip_prefix(paths::SERVER_FUNCTIONS) == Some(&name)) {
        let gone = headers::without_script(StatusCode::NOT_FOUND.into_response());
        return of_this_build(gone, build);
    }
    // With both, Leptos would treat the call as a plain form and redirect to the referring page.
    request.headers_mut().remove(header::REFERER);
    let context = context_of(&request);
    let provide = move || {
        provide_context(pages.console.clone());
        provide_context(context.clone());
    };
    let response = leptos_axum::handle_server_fns_with_context(provide, request).await;
    of_this_build(headers::without_script(response.into_response()), build)
}

/// Names the release, so that an older page notices.
fn of_this_build(mut response: Response, build: Option<HeaderValue>) -> Response {
    if let Some(build) = build {
        response.headers_mut().insert(paths::BUILD, build);
    }
    response
}

pub(crate) async fn hashed_file(State(pages): State<Pages>, request: Request) -> Response {
    pages.site.serve(&request, assets::FOREVER)
}

pub(crate) async fn file(State(pages): State<Pages>, request: Request) -> Response {
    pages.site.serve(&request, assets::ONE_HOUR)
}

fn context_of(request: &Request<Body>) -> Context {
    request.extensions().get().cloned().unwrap_or(Context {
        caller: Caller::Anonymous,
        origin: Origin::default(),
    })
}
