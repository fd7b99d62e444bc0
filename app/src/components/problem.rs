//! Error messages for a part of a page or for a whole page.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use super::OutsideLines;
use super::{
    field::as_sentence,
    heading::PageHeading,
    icon::{Icon, IconName},
    stat_card::ButtonLink,
};
use crate::{
    answer::set_status,
    domain::problem::{FieldProblem, Problem, ProblemCode},
    paths,
};

/// A sentence and the request ID, in place of the missing part or above the refused form.
#[component]
pub fn ProblemNotice(
    problem: Problem,
    /// What failed, such as `The tenants could not be loaded.`
    #[prop(into, optional)]
    what: Option<String>,
) -> impl IntoView {
    let here = use_here();
    let path = use_location().pathname;
    let sign_in = matches!(
        problem.code,
        ProblemCode::Unauthenticated | ProblemCode::SignInTooOld
    ) && path.with_untracked(|path| path != paths::SIGN_IN);
    let keeps_input = problem.code == ProblemCode::SignInTooOld;
    view! {
        <div class="notice bad" role="alert" tabindex="-1">
            <Icon name=IconName::Bad size=18/>
            <div>
                {what.map(|what| view! { <p><strong>{what}</strong></p> })}
                <p><OutsideLines text=problem.detail.clone()/></p>
                {(problem.code == ProblemCode::Forbidden)
                    .then(|| {
                        view! {
                            <p>
                                <a class="link" href=paths::PERMISSIONS>
                                    "See who may do what"
                                </a>
                            </p>
                        }
                    })}
                {problem.request_id.map(request_id_line)}
                {sign_in
                    .then(|| {
                        view! {
                            <p>
                                <a
                                    class="link"
                                    rel="external"
                                    target=keeps_input.then_some("_blank")
                                    href=move || paths::sign_in(&here.get())
                                >
                                    "Sign in again"
                                </a>
                                {keeps_input
                                    .then_some(
                                        " in a new tab, then submit this form again. What you \
                                         typed stays here.",
                                    )}
                            </p>
                        }
                    })}
            </div>
        </div>
    }
}

/// What is wrong with the fields of a filter, one line each.
pub fn field_errors(problem: Problem) -> impl IntoView {
    let line = |p: FieldProblem| format!("{}: {}", p.field, as_sentence(&p.message));
    let lines = problem.fields.into_iter().map(line);
    lines
        .map(|line| view! { <p class="error">{line}</p> })
        .collect_view()
}

/// Path and query of this page.
pub fn use_here() -> Signal<String> {
    let location = use_location();
    Signal::derive(move || {
        let path = location.pathname.get();
        match location.search.get().as_str() {
            "" => path,
            query => format!("{path}?{query}"),
        }
    })
}

fn request_id_line(id: String) -> impl IntoView {
    view! {
        <p class="muted">
            "Request ID " <code>{id}</code>
        </p>
    }
}

/// The whole page when its content can't be loaded. Sets the HTTP status of the response.
#[component]
pub fn FailedPage(problem: Problem) -> impl IntoView {
    set_status(problem.code.status());
    let here = use_here();
    let (heading, next) = match problem.code {
        ProblemCode::NotFound => ("Not found", "Check the address or go to the overview."),
        ProblemCode::Forbidden => ("Not allowed", "Ask a super admin."),
        ProblemCode::Unauthenticated | ProblemCode::SignInTooOld => {
            ("Sign in again", "You'll return to this page.")
        }
        ProblemCode::InvalidCursor => (
            "Can't open this page",
            "The address was edited or is too old.",
        ),
        ProblemCode::InvalidInput => (
            "This address isn't valid",
            "Check the address or go to the overview.",
        ),
        ProblemCode::RateLimited => ("Too many requests", "Wait a moment, then try again."),
        _ => (
            "Something went wrong",
            "Nothing was changed. Try again. If it keeps happening, give your administrator the \
             request ID.",
        ),
    };
    let may_help = !matches!(problem.code, ProblemCode::NotFound | ProblemCode::Forbidden);
    let signs_in = matches!(
        problem.code,
        ProblemCode::Unauthenticated | ProblemCode::SignInTooOld
    );
    view! {
        <Title text=heading/>
        <div class="screen">
            <PageHeading>{heading}</PageHeading>
            <p><OutsideLines text=problem.detail/></p>
            <p>{next}</p>
            {problem.request_id.map(request_id_line)}
            <div class="bar">
                {signs_in
                    .then(|| {
                        view! {
                            <a
                                class="button primary"
                                rel="external"
                                href=move || paths::sign_in(&here.get())
                            >
                                "Sign in"
                            </a>
                        }
                    })}
                {may_help
                    .then(|| {
                        view! {
                            <a class="button" rel="external" href=move || here.get()>
                                "Try again"
                            </a>
                        }
                    })}
                <ButtonLink href=paths::OVERVIEW class="quiet">
                    "Go to the overview"
                </ButtonLink>
            </div>
        </div>
    }
}
