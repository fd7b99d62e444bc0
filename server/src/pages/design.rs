//! How the console looks, from samples: `/design` shows each component in its states, and below it every page stands as it is
//! with usual data, with none, with names that are hard to show, and where the services fail. In debug builds only.
//!
//! Nothing here may read a store: anybody sees it.

mod administration;
mod managed;
mod ports;
mod samples;

use std::sync::Arc;

use app::{
    design::Sheet,
    domain::{
        StaffSessionId,
        caller::{Caller, Context, Origin, StaffCaller},
    },
    paths,
    ports::Console,
    shell::{Assets, Document},
};
use axum::{
    Router,
    extract::{Path, Request, State},
    http::{StatusCode, Uri, uri::PathAndQuery},
    response::{IntoResponse, Response},
    routing::get,
};
use leptos::{nonce::Nonce, prelude::provide_context};
use uuid::Uuid;

use self::samples::{Kind, Samples};
use super::{Pages, headers};

pub(crate) fn routes(pages: Pages) -> Router {
    Router::new()
        .route(app::design::PATH, get(sheet))
        .route("/design/{kind}/{*path}", get(page))
        .with_state(pages)
}

async fn sheet(State(pages): State<Pages>, request: Request) -> Response {
    let assets = style_only(&pages);
    let nonce = Nonce::new();
    let sent = nonce.clone();
    let provide = move || {
        provide_context::<Assets>(assets.clone());
        provide_context::<Nonce>(nonce.clone());
    };
    let handler = leptos_axum::render_app_async_with_context(provide, Sheet);
    headers::with_nonce(handler(request).await, &sent)
}

/// The page at a path, with samples.
async fn page(
    State(pages): State<Pages>,
    Path((kind, path)): Path<(String, String)>,
    mut request: Request,
) -> Response {
    let Ok(kind) = kind.parse::<Kind>() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let query = request.uri().query().map(|query| format!("?{query}"));
    let target = format!("/{path}{}", query.unwrap_or_default());
    let Ok(target) = target.parse::<PathAndQuery>() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let is_signed_in = target.path() != paths::SIGN_IN;
    *request.uri_mut() = Uri::from(target);
    let samples = Samples { kind, is_signed_in };
    let (console, context) = (console(samples), context(samples));
    let (assets, nonce) = (style_only(&pages), Nonce::new());
    let sent = nonce.clone();
    let provide = move || {
        provide_context::<Console>(console.clone());
        provide_context::<Context>(context.clone());
        provide_context::<Assets>(assets.clone());
        provide_context::<Nonce>(nonce.clone());
    };
    let handler = leptos_axum::render_app_async_with_context(provide, Document);
    headers::with_nonce(handler(request).await, &sent)
}

/// Without script: at the page's own address it would be another page.
fn style_only(pages: &Pages) -> Assets {
    Assets {
        js: None,
        wasm: None,
        page: None,
        ..pages.site.assets().clone()
    }
}

/// Only samples are read with it.
fn context(samples: Samples) -> Context {
    let caller = samples.signed_in().map(|signed_in| StaffCaller {
        staff_id: signed_in.staff.id,
        name: signed_in.staff.name,
        roles: signed_in.staff.roles,
        staff_session_id: StaffSessionId::from_uuid(Uuid::from_u128(1)),
        signed_in_at: signed_in.signed_in_at,
        must_change_password: false,
    });
    Context {
        caller: caller.map_or(Caller::Anonymous, Caller::Staff),
        origin: Origin::default(),
    }
}

fn console(samples: Samples) -> Console {
    let settings = Arc::new(samples.settings());
    let samples = Arc::new(samples);
    Console {
        staff: samples.clone(),
        tenants: samples.clone(),
        manage_tenants: samples.clone(),
        support_sessions: samples.clone(),
        user_sessions: samples.clone(),
        audit: samples.clone(),
        find: samples.clone(),
        api_keys: samples.clone(),
        configuration: samples.clone(),
        rules: samples.clone(),
        saved_views: samples.clone(),
        flash: samples,
        settings,
    }
}
