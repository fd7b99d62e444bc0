//! A page that is one plain form, with and without JavaScript.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    field::TextArea,
    flash::use_flash,
    form_dialog::Resumed,
    heading::PageHeading,
    loaded::{Loaded, failed_page},
    problem::ProblemNotice,
    settled::suspend,
    stat_card::ButtonLink,
    written_in::WrittenIn,
};
use crate::{
    api::ApiError,
    domain::{
        flash::Flash,
        form::{Marked, differing},
        problem::{Problem, ProblemCode},
        support_sessions::REASON_MIN,
    },
};

/// What a refused form has left: what was typed, and what is wrong with it.
#[derive(Debug, Clone)]
pub struct Refused {
    problem: Option<Problem>,
    is_resumed: bool,
    /// What stood in the fields of a form that was for an older state, where it differs.
    before: BTreeMap<String, String>,
}

/// The form of a page: what was typed, for the state for which that was typed. If others have changed that meanwhile, the
/// present values, and beside them what was typed.
pub fn resume<F: Marked>(flash: Option<Flash>, mut present: F) -> (F, Refused) {
    let kept = flash.as_ref().and_then(Flash::kept::<F>);
    let mut refused = Refused::of(flash);
    match kept {
        None => (present, refused),
        Some(typed) if refused.is_conflict() => {
            present.take_rest(&typed);
            refused.before = differing(&typed, &present, F::label);
            (present, refused)
        }
        Some(typed) => (typed, refused),
    }
}

impl Refused {
    /// Reads the flash of the page.
    pub fn of(flash: Option<Flash>) -> Self {
        Self {
            is_resumed: matches!(flash, Some(Flash::Typed { .. })),
            problem: match flash {
                Some(Flash::Refused { problem, .. }) => Some(problem),
                _ => None,
            },
            before: BTreeMap::new(),
        }
    }

    /// Whether someone else had changed the same meanwhile.
    pub fn is_conflict(&self) -> bool {
        let problem = self.problem.as_ref();
        problem.is_some_and(|problem| problem.code == ProblemCode::Conflict)
    }

    /// Whether something is wrong with one of these fields.
    pub fn names(&self, fields: &[&str]) -> bool {
        let problem = self.problem.as_ref();
        problem.is_some_and(|problem| fields.iter().any(|name| problem.field(name).is_some()))
    }

    /// What is wrong with a field, or what stood in it before others changed it.
    pub fn error(&self, field: &str) -> Signal<Option<String>> {
        let problem = self.problem.as_ref();
        let wrong = problem.and_then(|problem| problem.field(field).map(str::to_owned));
        let before = self.before.get(field);
        Signal::stored(wrong.or_else(|| before.map(|before| format!("was {before} in your form"))))
    }
}

/// Waits for what a form is about and for what a refused form has left.
#[component]
pub fn FormLoaded<T, S>(
    resource: Resource<Result<T, ApiError>>,
    loading: &'static str,
    /// The page, by what it is about and the flash.
    show: S,
) -> impl IntoView
where
    T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static,
    S: Fn(T, Option<Flash>) -> AnyView + Copy + Send + Sync + 'static,
{
    let flash = use_flash();
    let show = move |about: T| {
        view! {
            <Suspense>
                {move || {
                    let about = about.clone();
                    suspend(flash, move |flash| show(about, flash))
                }}
            </Suspense>
        }
    };
    view! { <Loaded resource loading show failed=failed_page/> }
}

/// The form.
#[component]
pub fn FormPage(
    /// Names the act and its object. Also the title of the document.
    title: String,
    /// What follows from the act.
    #[prop(into)]
    about: ViewFn,
    /// Where it is sent.
    action: String,
    /// The page that "Cancel" leads to.
    back: String,
    /// What the button says; without one nothing can be done.
    submit: Option<String>,
    /// Whether the act takes something away from people.
    #[prop(optional)]
    alert: bool,
    refused: Refused,
    /// The fields that show what is wrong with them.
    fields: &'static [&'static str],
    children: Children,
) -> impl IntoView {
    let Refused {
        problem,
        is_resumed,
        ..
    } = refused;
    let notice = problem.and_then(|problem| problem.beside(fields));
    let class = if alert {
        "button danger solid"
    } else {
        "button primary"
    };
    view! {
        <Title text=title.clone()/>
        <div class="page">
            <section
                class="card"
                role=alert.then_some("alertdialog")
                aria-labelledby="form-title"
                aria-describedby="form-about"
            >
                <header class="panel-header" id="form-title">
                    <PageHeading>{title}</PageHeading>
                </header>
                <form class="panel-body form" method="post" action=action data-keep="">
                    <WrittenIn/>
                    {is_resumed.then(|| view! { <Resumed/> })}
                    <div id="form-about">{about.run()}</div>
                    {notice.map(|problem| view! { <ProblemNotice problem/> })}
                    <fieldset class="form" disabled=submit.is_none()>
                        {children()}
                    </fieldset>
                    <div class="bar">
                        <ButtonLink href=back>"Cancel"</ButtonLink>
                        {submit
                            .map(|label| {
                                view! {
                                    <button type="submit" class=class>
                                        {label}
                                    </button>
                                }
                            })}
                    </div>
                </form>
            </section>
        </div>
    }
    .into_any()
}

/// The field in which a change of a tenant is explained.
#[component]
pub fn ReasonField(value: String, refused: Refused) -> impl IntoView {
    view! {
        <TextArea
            name="reason"
            label="Reason"
            hint=|| format!("Recorded in the tenant’s audit log. At least {REASON_MIN} characters.")
            value
            error=refused.error("reason")
        />
    }
    .into_any()
}
