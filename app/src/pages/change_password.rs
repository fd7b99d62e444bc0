//! Changing one's own password: a plain form.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{DoneNotice, PageHeading, ProblemNotice, TextField, suspend, use_flash},
    domain::{
        flash::{Done, Flash},
        signed_in::SignedIn,
        staff::{PASSWORD_MAX, PASSWORD_MIN},
    },
    paths,
    signed_in::use_signed_in,
};

const FIELDS: [&str; 3] = ["current", "new", "repeat"];

#[component]
pub fn ChangePasswordPage() -> impl IntoView {
    let flash = use_flash();
    let signed_in = use_signed_in();
    view! {
        <Title text="Change password"/>
        <div class="screen narrow">
            <PageHeading>"Change password"</PageHeading>
            <Suspense>
                {move || {
                    let asked = async move { (flash.await, signed_in.get().await) };
                    suspend(asked, |(flash, signed_in)| view! { <Form flash signed_in/> })
                }}
            </Suspense>
        </div>
    }
}

#[component]
fn Form(flash: Option<Flash>, signed_in: Option<SignedIn>) -> impl IntoView {
    let (problem, done) = match flash {
        Some(Flash::Refused { problem, .. }) => (Some(problem), None),
        Some(Flash::Done(done)) => (None, Some(done)),
        _ => (None, None),
    };
    let must_change = signed_in.as_ref().is_some_and(|s| s.must_change_password);
    let email = signed_in.map(|s| s.staff.email).unwrap_or_default();
    let errors = problem.clone();
    let error = |name: &str| {
        let text = errors
            .as_ref()
            .and_then(|p| p.field(name))
            .map(ToOwned::to_owned);
        Signal::stored(text)
    };
    let [current, new, repeat] = FIELDS.map(error);
    let first_invalid = [("current", current), ("new", new), ("repeat", repeat)]
        .into_iter()
        .find(|(_, error)| error.with_untracked(Option::is_some))
        .map_or("current", |(name, _)| name);
    let rules = format!(
        "{PASSWORD_MIN} to {PASSWORD_MAX} characters, without your e-mail address. A few random \
         words work well."
    );
    view! {
        {must_change.then(given_by_someone_else)}
        {done.map(changed)}
        {problem.and_then(|problem| problem.beside(&FIELDS)).map(|problem| view! { <ProblemNotice problem/> })}
        <form class="card panel-body" method="post" action=paths::forms::CHANGE_PASSWORD>
            <input
                type="email"
                name="username"
                autocomplete="username"
                value=email
                hidden=true
                disabled=true
            />
            <TextField
                name="current"
                label="Current password"
                kind="password"
                autocomplete="current-password"
                required=true
                maxlength=PASSWORD_MAX
                error=current
                autofocus=first_invalid == "current"
            />
            <TextField
                name="new"
                label="New password"
                hint=move || rules.clone()
                kind="password"
                autocomplete="new-password"
                required=true
                maxlength=PASSWORD_MAX
                error=new
                autofocus=first_invalid == "new"
            />
            <TextField
                name="repeat"
                label="Repeat new password"
                kind="password"
                autocomplete="new-password"
                required=true
                maxlength=PASSWORD_MAX
                error=repeat
                autofocus=first_invalid == "repeat"
            />
            <button class="button primary" type="submit">
                "Change password"
            </button>
        </form>
    }
}

fn given_by_someone_else() -> impl IntoView {
    view! {
        <div class="notice info">
            <p>
                "Someone else set your password. Choose your own to continue."
            </p>
        </div>
    }
}

fn changed(done: Done) -> impl IntoView {
    view! {
        <DoneNotice done/>
        <p>
            <a class="button primary" href=paths::OVERVIEW>
                "Go to the overview"
            </a>
        </p>
    }
}
