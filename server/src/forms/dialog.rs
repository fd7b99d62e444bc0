//! The form of a dialog: what it asks for is what the server function of the same dialog does.

use app::{
    api::{ApiError, DialogForm},
    domain::{caller::Context, flash::Flash, problem::Problem},
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use leptos::{
    prelude::{Owner, provide_context},
    reactive::computed::ScopedFuture,
    server_fn::ServerFn,
};

use super::{Forms, posted::Posted, redirect::local_path};
use crate::extract::{Asking, Refusal};

/// Shows the dialog again with its answer or with what is wrong, or goes on to the page below, or to
/// another page that the form names.
pub(crate) async fn send<A: DialogForm>(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    Posted { form, kept }: Posted<A::Form>,
) -> Result<Response, Refusal> {
    let id: A::Id = id
        .parse()
        .map_err(|_| Problem::not_found(A::DIALOG.about))?;
    let asked = async { forms.call(&context, A::of(id.clone(), form?)).await };
    let done = asked.await.map(A::done);
    if !matches!(done, Ok(Flash::Done { .. })) {
        return Ok(forms.answer(&context, &A::DIALOG.page(&id), done, kept));
    }
    let below = A::DIALOG.below(&id);
    let next = kept.get("next").and_then(|values| values.first());
    let next = next.and_then(|next| local_path(next)).unwrap_or(&below);
    Ok(forms.answer(&context, next, done, kept.clone()))
}

impl Forms {
    /// Calls a server function in this process.
    async fn call<A>(&self, context: &Context, act: A) -> Result<A::Output, Problem>
    where
        A: ServerFn<Error = ApiError>,
    {
        let owner = Owner::new();
        let answer = owner.with(|| {
            provide_context(self.console.clone());
            provide_context(context.clone());
            ScopedFuture::new(act.run_body())
        });
        Ok(answer.await?)
    }
}
