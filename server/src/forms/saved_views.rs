//! Keeping, renaming and deleting a saved view.

use app::{
    domain::{
        flash::Flash,
        problem::ProblemCode,
        saved_views::{FilteredList, SavedViewForm},
    },
    query::saved::list_address,
};
use axum::{extract::State, response::Response};

use super::{Forms, posted::Posted};
use crate::extract::Asking;

/// `POST /forms/saved-view`. Comes back to the list as it was filtered.
pub(crate) async fn change(
    State(forms): State<Forms>,
    Asking(context): Asking,
    Posted {
        form,
        kept,
        sign_in,
    }: Posted<SavedViewForm>,
) -> Response {
    let text = |name: &str| {
        let values = kept.get(name).and_then(|values| values.first());
        values.map_or("", String::as_str)
    };
    let list = text("list").parse().unwrap_or(FilteredList::Audit);
    let page = list_address(list, text("address"));
    let changed = async { forms.console.saved_views.change(&context, form?).await };
    match changed.await {
        Ok(message) => forms.tell(&context, &page, Flash::done(message)),
        Err(problem) if problem.code == ProblemCode::Unauthenticated => {
            forms.keep_typed(&context, &page, (kept, sign_in)).await
        }
        Err(problem) => forms.refuse(&context, &page, problem, kept),
    }
}
