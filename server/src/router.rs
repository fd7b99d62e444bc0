//! Every route of the program's own listeners, and their middleware, in reading order. The
//! gateway's listener has its own router, in the crate `gateway`.
//!
//! | who | routes | stack, outermost first |
//! |---|---|---|
//! | browsers | `pages`, `files`, `forms`, `live`, `downloads` | log, refusals, who asks (cookie), same origin, address, lane of the store, size of the body, threads that can wait (downloads), compression (pages, downloads), how often |
//! | programs with a key | `rest` | log, length of the head, form of problems (OTLP), support session, who asks (key), how often, turns, threads that can wait, lane of the store, compression, problems |
//! | upstreams and balancers | `machines` | none |
//!
//! No rule about who may do what is in this stack. The services decide, because a server function
//! that is called while a page is rendered does not pass through it.

use std::sync::LazyLock;

use app::{
    api,
    paths::{self, forms as to},
};
use axum::{
    Router,
    body::Bytes,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Redirect},
    routing::{get, post},
};
use gateway::SupportSessionLayer;
use http::{HeaderValue, Method, Uri, header};
use tower_http::limit::RequestBodyLimitLayer;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app_state::AppState,
    export,
    forms::{self, Forms},
    identities,
    limits::{Limits, Policy},
    live::{self, Live},
    middleware::{
        address,
        body_limit::{self, limit_body},
        compress,
        context::{EstablishKey, EstablishStaff, establish_key, establish_staff},
        lane,
        limit::{self, Limit, limit, limit_forms},
        reading::{Turns, give_way, take_turns},
        refusals,
        request_log::log_request,
        same_origin::{self, SameOrigin},
    },
    pages::{self, Pages},
    problem, rest,
    serve::health,
    services::Core,
    telemetry::{self, Figures},
};

/// Everything that the console's listener serves. `support` lets support sessions read their tenant's
/// own records through the REST interface.
pub fn console(state: &AppState, live: Live, support: Option<SupportSessionLayer>) -> Router {
    let core = &state.core;
    let limits = &state.limits;
    let same_origin = SameOrigin::of(&core.config.console.public_url);
    let limit_exports = from_fn_with_state(told_limit(limits, |_, _| Policy::Exports), limit);
    let site = Pages::new(state.console(), core.config.console.site_root.as_deref());
    #[cfg(debug_assertions)]
    let design = site.clone();
    let downloads = downloads(core.clone(), same_origin.clone())
        .merge(lists(state.clone(), same_origin.clone()))
        .layer(limit_exports);
    let downloads = compress::for_own_pages(downloads, same_origin.clone())
        .layer(from_fn_with_state(state.patient.clone(), give_way));
    let browsers = compress::for_own_pages(pages(site.clone(), limits), same_origin.clone())
        .merge(downloads)
        .merge(files(site))
        .merge(limited_forms(state.forms(), limits))
        .merge(self::live(live, limits))
        .merge(reports(core.clone()));
    #[cfg(debug_assertions)]
    let browsers = browsers.merge(pages::design::routes(design));
    let establish = EstablishStaff::new(core.clone(), state.staff_sessions.clone());
    for_browsers(browsers, establish, same_origin)
        .merge(rest(state, support))
        .merge(machines(state))
}

/// The middleware for requests of browsers. Keys are not read here.
pub(crate) fn for_browsers(
    routes: Router,
    establish: EstablishStaff,
    same_origin: SameOrigin,
) -> Router {
    let establish = establish.of_own_pages(same_origin.clone());
    routes
        .layer(from_fn(limit_body))
        .layer(from_fn(lane::browsers_lane))
        .layer(from_fn(address::refuse_unreadable))
        .layer(from_fn_with_state(
            same_origin.clone(),
            same_origin::require,
        ))
        .layer(from_fn_with_state(establish, establish_staff))
        .layer(from_fn_with_state(same_origin, refusals::tell))
        .layer(from_fn(log_request))
}

/// Pages and their server functions.
fn pages(state: Pages, limits: &Limits) -> Router {
    let server_functions = post(pages::server_fn)
        .layer(RequestBodyLimitLayer::new(body_limit::LIMIT))
        .layer(from_fn_with_state(
            Limit {
                limits: limits.clone(),
                policy: limit::of_server_fn,
                answer: |problem| problem::typed(&problem),
            },
            limit,
        ));
    let limit_pages = from_fn_with_state(told_limit(limits, |_, _| Policy::Pages), limit);
    let not_found = get(pages::not_found)
        .layer(limit_pages.clone())
        .with_state::<()>(state.clone());
    pages::paths()
        .iter()
        .fold(Router::new(), |router, path| {
            router.route(path, get(pages::page).layer(limit_pages.clone()))
        })
        .route("/", get(|| async { Redirect::to(paths::OVERVIEW) }))
        .route("/_fn/{name}", server_functions)
        .fallback_service(not_found)
        .with_state(state)
}

/// The files of the bundle, which the bundler has compressed.
fn files(state: Pages) -> Router {
    Router::new()
        .route("/pkg/{name}", get(pages::hashed_file))
        .route("/favicon.svg", get(pages::file))
        .route("/robots.txt", get(pages::file))
        .with_state(state)
}

/// A limit that refuses people with a page, and programs with problem details.
fn told_limit(limits: &Limits, policy: fn(&Method, &Uri) -> Policy) -> Limit {
    Limit {
        limits: limits.clone(),
        policy,
        answer: problem::told,
    }
}

/// Plain forms, with a limit for each person.
pub(crate) fn limited_forms(state: Forms, limits: &Limits) -> Router {
    forms(state).layer(from_fn_with_state(limits.clone(), limit_forms))
}

/// Plain forms, which work before the WASM has loaded.
pub(crate) fn forms(state: Forms) -> Router {
    use forms::{
        dialog::send, open_tenant, revoke_selected, rules, saved_views, staff_sessions, tenants,
    };

    Router::new()
        .route(to::SIGN_IN, post(staff_sessions::sign_in))
        .route(to::SIGN_OUT, post(staff_sessions::sign_out))
        .route(to::CHANGE_PASSWORD, post(staff_sessions::change_password))
        .route(
            &paths::CREATE_SESSION.form_route(),
            post(send::<api::CreateSupportSession>),
        )
        .route(
            &paths::FORCE_LOGOUT.form_route(),
            post(send::<api::ForceLogout>),
        )
        .route(
            &paths::REVOKE.form_route(),
            post(send::<api::RevokeSupportSession>),
        )
        .route(
            &paths::REPLACE_TOKEN.form_route(),
            post(send::<api::ReplaceToken>),
        )
        .route(
            &paths::RAISE_BUDGET.form_route(),
            post(send::<api::RaiseBudget>),
        )
        .route(
            &paths::CREATE_KEY.form_route(),
            post(send::<api::CreateApiKey>),
        )
        .route(
            &paths::ROTATE_KEY.form_route(),
            post(send::<api::RotateApiKey>),
        )
        .route(
            &paths::REVOKE_KEY.form_route(),
            post(send::<api::RevokeApiKey>),
        )
        .route(to::NEW_TENANT, post(tenants::add))
        .route(to::TENANT_STATUS, post(tenants::set_status))
        .route(to::EDIT_TENANT, post(tenants::edit))
        .route(to::TENANT_SETTINGS, post(tenants::set_settings))
        .route(to::ORGANIZATION, post(tenants::set_organization))
        .route(to::REVOKE_SELECTED, post(revoke_selected::revoke_selected))
        .route(to::SAVED_VIEW, post(saved_views::change))
        .route(to::DRY_RUN, post(rules::dry_run))
        .route(paths::ENTER_TENANT, get(open_tenant::enter))
        .route(paths::OPEN_TENANT, get(open_tenant::open))
        .merge(staff_forms())
        .with_state(state)
}

/// Plain forms about staff members and their sign-ins.
fn staff_forms() -> Router<Forms> {
    use forms::{dialog::send, invite_staff, staff_sessions};

    Router::new()
        .route(
            to::SIGN_OUT_ELSEWHERE,
            post(staff_sessions::sign_out_elsewhere),
        )
        .route(
            &paths::CHANGE_ROLES.form_route(),
            post(send::<api::SetStaffRoles>),
        )
        .route(
            &paths::DEACTIVATE.form_route(),
            post(send::<api::DeactivateStaff>),
        )
        .route(
            &paths::REACTIVATE.form_route(),
            post(send::<api::ReactivateStaff>),
        )
        .route(
            &paths::END_SIGN_INS.form_route(),
            post(send::<api::EndSignIns>),
        )
        .route(
            &paths::MAKE_LINK.form_route(),
            post(send::<api::MakeStaffLink>),
        )
        .route(
            &paths::REVOKE_LINK.form_route(),
            post(send::<api::RevokeStaffLink>),
        )
        .route(to::INVITE_STAFF, post(invite_staff::invite))
        .route(to::SET_PASSWORD, post(staff_sessions::set_password))
}

fn live(state: Live, limits: &Limits) -> Router {
    let limit = from_fn_with_state(told_limit(limits, |_, _| Policy::Calls), limit);
    Router::new()
        .route(paths::LIVE, get(live::open).layer(limit))
        .with_state(state)
}

/// Reports of pages about themselves. They count in no limit, so that a page that fails doesn't use
/// up its person's acts.
pub(crate) fn reports(core: Core) -> Router {
    let body = RequestBodyLimitLayer::new(64);
    Router::new()
        .route(paths::NOT_LIVE, post(pages::not_live).layer(body))
        .with_state(core)
}

/// Downloads. Each is recorded, so these links work only on our own pages.
pub(crate) fn downloads(core: Core, same_origin: SameOrigin) -> Router {
    let own_pages = from_fn_with_state(same_origin, export::from_own_pages);
    Router::new()
        .route(paths::AUDIT_EXPORT, get(export::export_audit))
        .layer(own_pages)
        .with_state(core)
}

/// The lists of pages as files to save, alike.
pub(crate) fn lists(state: AppState, same_origin: SameOrigin) -> Router {
    let own_pages = from_fn_with_state(same_origin, export::from_own_pages);
    Router::new()
        .route(paths::TENANTS_EXPORT, get(export::export_tenants))
        .route(paths::SESSIONS_EXPORT, get(export::export_support_sessions))
        .route(paths::ACTIVITY_EXPORT, get(export::export_activity))
        .route(paths::ACCESS_LOG_EXPORT, get(export::export_access_log))
        .layer(own_pages)
        .with_state(state)
}

/// The REST interface with its middleware. Cookies are not read here, so no other site can make a
/// browser act. Without `support`, tokens of support sessions are unknown.
pub(crate) fn rest(state: &AppState, support: Option<SupportSessionLayer>) -> Router {
    let finished = |router: Router<AppState>| {
        router
            .method_not_allowed_fallback(rest::no_such_method)
            .layer(from_fn(rest::answer_problems))
            .with_state(state.clone())
    };
    let (resources, _) = resources().split_for_parts();
    let resources = resources
        .route("/openapi.json", get(openapi_json))
        .fallback(rest::no_such_address);
    let (root, _) = rest_at_the_root().split_for_parts();
    let root = root
        .route(rest::otlp::TRACES, post(rest::otlp::send_traces))
        .route(rest::otlp::METRICS, post(rest::otlp::send_metrics));
    let establish = EstablishKey::new(state.core.clone(), state.api_keys.clone());
    let limited = Limit {
        limits: state.limits.clone(),
        policy: limit::of_rest,
        answer: |problem| problem::details(problem, None),
    };
    let routes = finished(root).nest(rest::PREFIX, finished(resources));
    let routes = compress::for_programs(routes)
        .layer(from_fn(lane::keys_lane))
        .layer(from_fn_with_state(state.patient.clone(), give_way))
        .layer(from_fn_with_state(Turns::default(), take_turns))
        .layer(from_fn_with_state(limited, limit))
        .layer(from_fn_with_state(establish, establish_key));
    let routes = match support {
        Some(support) => routes.layer(support),
        None => routes,
    };
    routes
        .layer(from_fn(rest::otlp::answer_in_kind))
        .layer(from_fn(address::refuse_long))
        .layer(from_fn(log_request))
}

/// The resources under `rest::PREFIX` that are in the `OpenAPI` document.
pub(crate) fn resources() -> OpenApiRouter<AppState> {
    use rest::{
        access_log, audit, organizations, requests, support_sessions, tenants, user_sessions,
    };

    OpenApiRouter::new()
        .routes(routes!(requests::send_requests))
        .routes(routes!(tenants::list_tenants))
        .routes(routes!(tenants::get_tenant, tenants::put_tenant))
        .routes(routes!(tenants::list_tenant_changes))
        .routes(routes!(organizations::list_organizations))
        .routes(routes!(organizations::put_organization))
        .routes(routes!(
            user_sessions::put_user_session,
            user_sessions::delete_user_session
        ))
        .routes(routes!(user_sessions::introspect_user_session))
        .routes(routes!(user_sessions::force_logout))
        .routes(routes!(support_sessions::list_support_sessions))
        .routes(routes!(support_sessions::get_support_session))
        .routes(routes!(support_sessions::list_access_log))
        .routes(routes!(access_log::complete_access_log))
        .routes(routes!(audit::list_audit_events))
        .routes(routes!(audit::get_audit_event))
        .routes(routes!(audit::export_audit_events))
}

/// The resources in the `OpenAPI` document at the addresses that their callers expect.
pub(crate) fn rest_at_the_root() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(rest::identities::introspect_identity))
}

/// The document that describes the interface.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = rest::Document::openapi().nest(rest::PREFIX, resources().into_openapi());
    document.merge(rest_at_the_root().into_openapi());
    rest::describe_limits(&mut document);
    document
}

/// `GET /api/v1/openapi.json`.
async fn openapi_json() -> impl IntoResponse {
    // Plain data always serialises.
    static DOCUMENT: LazyLock<Bytes> =
        LazyLock::new(|| serde_json::to_vec(&openapi()).unwrap_or_default().into());
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], DOCUMENT.clone())
}

/// For upstreams and load balancers: the key set, and whether this node is alive and can serve.
fn machines(state: &AppState) -> Router {
    let keys = Router::new()
        .route(app::identity::KEY_SET_PATH, get(identities::key_set))
        .with_state(state.identities.clone());
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .with_state(state.clone())
        .merge(keys)
}

/// What the metrics listener serves.
pub fn metrics(figures: Figures) -> Router {
    Router::new()
        .route("/metrics", get(telemetry::show))
        .with_state(figures)
}
