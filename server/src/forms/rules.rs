//! A dry run of the gateway's rules.

use app::domain::{flash::Flash, problem::Problem};
use axum::{extract::State, response::Response};

use super::{Forms, fields::Fields};
use crate::extract::Asking;

const PAGE: &str = "/support/rules";
const FIELDS: [&str; 2] = ["rules", "requests"];

/// `POST /forms/rules/dry-run`: rules, requests. Changes nothing.
pub(super) async fn dry_run(
    State(forms): State<Forms>,
    Asking(context): Asking,
    fields: Fields,
) -> Response {
    let input = fields.keep(&FIELDS);
    let tried = match (fields.only(&FIELDS, &[]), fields.text("requests").parse()) {
        (Err(problem), _) => Err(problem),
        (Ok(()), Err(_)) => Err(Problem::invalid_field(
            "requests",
            "must be one of the choices",
        )),
        (Ok(()), Ok(requests)) => {
            let rules = forms.console.rules.clone();
            rules
                .dry_run(&context, fields.text("rules"), requests)
                .await
        }
    };
    match tried {
        Ok(result) => {
            let result = Box::new(result);
            forms.tell(&context, PAGE, Flash::DryRun { result, input })
        }
        Err(problem) => forms.refuse(&context, PAGE, problem, input),
    }
}
