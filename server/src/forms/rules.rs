//! A dry run of the gateway's rules.

use app::{
    domain::{flash::Flash, rules::DryRunForm},
    paths,
};
use axum::{extract::State, response::Response};

use super::{Forms, posted::Posted};
use crate::extract::Asking;

/// `POST /forms/rules/dry-run`. Changes nothing.
pub(crate) async fn dry_run(
    State(forms): State<Forms>,
    Asking(context): Asking,
    Posted { form, typed }: Posted<DryRunForm>,
) -> Response {
    let tried = async { forms.console.rules.dry_run(&context, form?).await };
    let done = tried.await.map(|result| Flash::DryRun {
        result: Box::new(result),
        input: typed.kept.clone(),
    });
    forms.answer(&context, paths::RULES, done, typed).await
}
