//! A dry run of the gateway's rules.

use app::{
    domain::{flash::Flash, problem::ProblemCode, rules::DryRunForm},
    paths,
};
use axum::{extract::State, response::Response};

use super::{Forms, posted::Posted};
use crate::extract::Asking;

/// `POST /forms/rules/dry-run`. Changes nothing.
pub(crate) async fn dry_run(
    State(forms): State<Forms>,
    Asking(context): Asking,
    Posted {
        form,
        kept,
        sign_in,
    }: Posted<DryRunForm>,
) -> Response {
    let tried = async { forms.console.rules.dry_run(&context, form?).await };
    let done = tried.await.map(|result| Flash::DryRun {
        result: Box::new(result),
        input: kept.clone(),
    });
    if matches!(&done, Err(problem) if problem.code == ProblemCode::Unauthenticated) {
        return forms
            .keep_typed(&context, paths::RULES, (kept, sign_in))
            .await;
    }
    forms.answer(&context, paths::RULES, done, kept)
}
