//! The dialog Replace token: a lost access token is replaced, never shown again.

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::{
    create_support_session::Granted,
    support_session::{load, session_path},
};
use crate::{
    api::{self, ApiError},
    components::{ButtonLink, Dialog, Icon, IconName, Loading, ProblemNotice, use_flash},
    domain::{
        flash::Flash,
        problem::Problem,
        support_sessions::{SupportSessionDetail, SupportSessionGranted},
    },
};

/// The dialog Replace token. After a plain form it shows the new token.
#[component]
pub fn ReplaceTokenPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let flash = use_flash();
    let detail = Resource::new(move || id.get(), load);
    view! {
        <Title text="Replace token"/>
        <Suspense fallback=|| view! { <Loading label="Loading the support session…"/> }>
            {move || Suspend::new(async move {
                // What can't be shown is the page's to say.
                let (detail, flash) = (detail.await.ok()?, flash.await);
                Some(view! { <ReplaceDialog detail flash/> })
            })}
        </Suspense>
    }
}

#[component]
fn ReplaceDialog(detail: SupportSessionDetail, flash: Option<Flash>) -> impl IntoView {
    let id = detail.session.id;
    let close_href = session_path(id);
    let replace = ServerAction::<api::ReplaceToken>::new();
    let (before, refused) = match flash {
        Some(Flash::Granted(granted)) => (Some(*granted), None),
        Some(Flash::Refused { problem, .. }) => (None, Some(problem)),
        _ => (None, None),
    };
    let granted = Memo::new(move |_| {
        let answered = replace.value().get().and_then(Result::ok);
        answered.or_else(|| before.clone())
    });
    let problem = move || match replace.value().get() {
        Some(Err(ApiError(problem))) => Some(problem),
        _ => refused.clone(),
    };
    let title = move || match granted.with(Option::is_some) {
        true => "Token replaced",
        false => "Replace the access token",
    };
    let tenant = detail.session.tenant_name.clone();
    let description = move || {
        view! { "of your support session in " <strong>{tenant.clone()}</strong> "." }
    };
    let may_replace = detail.may_replace_token;
    let granted_href = close_href.clone();
    view! {
        <Dialog
            title=Signal::derive(move || title().to_owned())
            description
            close_href=close_href.clone()
            alert=true
        >
            {move || granted.get().map(|granted| {
                view! { <Granted granted close_href=granted_href.clone()/> }
            })}
            <div hidden=move || granted.with(Option::is_some)>
                <ReplaceForm id=id.to_string() may_replace replace granted problem close_href/>
            </div>
        </Dialog>
    }
    .into_any()
}

#[component]
fn ReplaceForm(
    id: String,
    may_replace: bool,
    replace: ServerAction<api::ReplaceToken>,
    granted: Memo<Option<SupportSessionGranted>>,
    problem: impl Fn() -> Option<Problem> + Send + Sync + 'static,
    close_href: String,
) -> impl IntoView {
    let busy = move || replace.pending().get();
    let session_id = id.clone();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let is_done = replace.pending().get_untracked() || granted.with_untracked(Option::is_some);
        if let Ok(id) = session_id.parse()
            && !is_done
        {
            replace.dispatch(api::ReplaceToken { id });
        }
    };
    let explanation = if may_replace {
        "The old token stops working at once, and open answers to it are cut. The new one is \
         shown once."
    } else {
        "Only the holder of an active support session can have its token replaced."
    };
    view! {
        <form
            method="post"
            action=format!("/forms/support-sessions/{id}/replace-token")
            on:submit=submit
        >
            <div class="dialog-body">
                {move || problem().map(|problem| view! { <ProblemNotice problem/> })}
                <div class="notice warn">
                    <Icon name=IconName::Warn size=18/>
                    <p>{explanation}</p>
                </div>
            </div>
            <footer class="dialog-actions">
                <ButtonLink href=close_href>"Cancel"</ButtonLink>
                {may_replace
                    .then(|| {
                        view! {
                            <button
                                type="submit"
                                class="button danger solid"
                                aria-busy=move || busy().to_string()
                                aria-disabled=move || busy().then_some("true")
                            >
                                "Replace token"
                            </button>
                        }
                    })}
            </footer>
        </form>
    }
    .into_any()
}
