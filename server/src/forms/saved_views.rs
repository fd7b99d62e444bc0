//! Keeping, renaming and deleting a saved view.

use app::{
    domain::{
        flash::Flash,
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
    Posted { form, typed }: Posted<SavedViewForm>,
) -> Response {
    let text = |name| typed.first(name).map_or("", String::as_str);
    let list = text("list").parse().unwrap_or(FilteredList::Audit);
    let page = list_address(list, text("address"));
    let changed = async { forms.console.saved_views.change(&context, form?).await };
    let done = changed.await.map(Flash::done);
    forms.answer(&context, &page, done, typed).await
}
