//! The page of a dialog, and the dialog that only says something.

use std::str::FromStr;

use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    dialog::Dialog,
    empty::Loading,
    flash::use_flash,
    loaded::{use_id, use_named},
    problem::ProblemNotice,
    settled::suspend,
};
use crate::{
    answer::set_status,
    api::ApiError,
    domain::{flash::Flash, problem::Problem},
};

/// A dialog without a form: it says why there is nothing to do here.
#[component]
pub fn ClosedDialog(
    title: &'static str,
    /// That nothing was done.
    description: &'static str,
    /// The page that the one link leads to.
    close_href: String,
    /// What the link says: `Back to the tenant`.
    back: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <Dialog title=title.to_owned() description=move || description close_href=close_href.clone()>
            <div class="dialog-body">{children()}</div>
            <footer class="dialog-actions">
                <a class="button" href=close_href autofocus=true>
                    {back}
                </a>
            </footer>
        </Dialog>
    }
    .into_any()
}

/// The dialog when what it is about can't be had. Sets the HTTP status of the answer.
pub fn refused_dialog(
    title: &'static str,
    nothing_done: &'static str,
    problem: Problem,
    close_href: String,
    back: &'static str,
) -> AnyView {
    set_status(problem.code.status());
    view! {
        <ClosedDialog title description=nothing_done close_href back>
            <ProblemNotice problem/>
        </ClosedDialog>
    }
    .into_any()
}

/// The page of a dialog: waits for what the `id` in its address names, and for what a plain form
/// left.
#[component]
pub fn DialogPage<I, T, F, S>(
    title: &'static str,
    /// What to say while the first fetch takes longer than a moment.
    loading: &'static str,
    /// What it is about, in words.
    about: &'static str,
    load: fn(I) -> F,
    /// Its object, which the title of the document names: `for Acme`.
    object: fn(&T) -> String,
    /// The dialog, by the `id`, what was fetched, and the flash.
    show: S,
) -> impl IntoView
where
    I: FromStr + 'static,
    T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
    S: Fn(String, Result<T, ApiError>, Option<Flash>) -> AnyView + Copy + Send + Sync + 'static,
{
    let id = use_id();
    let flash = use_flash();
    let named = use_named(about, load);
    let full_title = move |named: &Result<T, ApiError>| match named {
        Ok(named) => format!("{title} {}", object(named)),
        Err(_) => title.to_owned(),
    };
    view! {
        <Suspense fallback=move || view! { <Loading label=loading/> }>
            {move || suspend(async move { (named.await, flash.await) }, move |(named, flash)| {
                let id = id.get_untracked();
                let text = full_title(&named);
                view! {
                    <Title text/>
                    {show(id, named, flash)}
                }
            })}
        </Suspense>
    }
}
