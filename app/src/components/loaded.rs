//! Content about one thing, or what to say where it can't be had.

use std::str::FromStr;

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    problem::{FailedPage, ProblemNotice},
    settled::Settled,
};
use crate::{answer::set_status, api::ApiError, domain::problem::Problem, query};

/// The `id` in the address of the page, as it stands there.
pub fn use_id() -> Memo<String> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()))
}

/// What the `id` in the address of the page names.
pub fn use_named<I, T, F>(about: &'static str, load: fn(I) -> F) -> Resource<Result<T, ApiError>>
where
    I: FromStr + 'static,
    T: Send + Sync + Serialize + DeserializeOwned + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let id = use_id();
    Resource::new(
        move || id.get(),
        move |id| {
            let found = id.parse().map(load);
            let found = found.map_err(|_| Problem::not_found(about));
            async move { found?.await }
        },
    )
}

/// The query string of the page, read into texts.
pub fn use_query<Q>() -> Memo<Q>
where
    Q: DeserializeOwned + Default + PartialEq + Send + Sync + 'static,
{
    let map = use_query_map();
    Memo::new(move |_| map.with(|map| query::read(map.latest_values())))
}

/// Shows what a resource gives, or what went wrong; see [`Settled`].
#[component]
pub fn Loaded<T, F, V, E>(
    resource: Resource<Result<T, ApiError>>,
    show: F,
    /// What to show instead: [`failed_page`], or what [`failed_part`] makes.
    failed: E,
    /// The message while the first fetch takes longer than a moment: `Loading tenants…`
    loading: &'static str,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    F: Fn(T) -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
    E: Fn(Problem) -> AnyView + Clone + Send + Sync + 'static,
{
    let show = move |result| match result {
        Ok(value) => show(value).into_any(),
        Err(ApiError(problem)) => failed(problem),
    };
    view! { <Settled resource loading show/> }
}

pub fn failed_page(problem: Problem) -> AnyView {
    view! { <FailedPage problem/> }.into_any()
}

/// A part of the page can't be had: `The tenants could not be loaded.`
pub fn failed_part(what: &'static str) -> impl Fn(Problem) -> AnyView + Clone + Send + Sync {
    move |problem| {
        view! {
            <div class="panel-body">
                <ProblemNotice what problem/>
            </div>
        }
        .into_any()
    }
}

/// A list can't be had. Sets the HTTP status of the answer.
#[component]
pub fn FailedList(
    problem: Problem,
    /// What could not be had: `The tenants could not be loaded.`
    what: &'static str,
    /// What to say instead where the filter is wrong.
    #[prop(default = "This filter isn't valid.")]
    invalid: &'static str,
    /// Links to where the list can be had.
    children: Children,
) -> impl IntoView {
    set_status(problem.code.status());
    let what = if problem.fields.is_empty() {
        what
    } else {
        invalid
    };
    view! {
        <div class="panel-body">
            <ProblemNotice what problem/>
            <div class="bar">{children()}</div>
        </div>
    }
}
