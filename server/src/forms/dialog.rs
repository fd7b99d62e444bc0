//! The plain form of a dialog, which calls the server function of the same dialog.

use app::{
    api::{ApiError, DialogForm},
    domain::{
        caller::Context,
        flash::Flash,
        problem::{Problem, ProblemCode},
    },
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

use store::Lane;

use super::{
    Forms,
    posted::{Posted, Typed},
    redirect::{local_path, see_other, with_flash},
};
use crate::{
    extract::{Asking, Refusal},
    services::flash::Seen,
};

/// Shows the dialog again with its answer or with what is wrong, or redirects to the page below, or
/// to another page that the form names.
pub(crate) async fn send<A: DialogForm>(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    Posted { form, typed }: Posted<A::Form>,
) -> Result<Response, Refusal> {
    let id: A::Id = id
        .parse()
        .map_err(|_| Problem::not_found(A::DIALOG.about))?;
    let sent = Sent::<A> {
        forms,
        context,
        id,
        form,
        typed,
    };
    to_its_end(sent.answer()).await
}

/// Goes on even if the browser disconnects, as it does at the second of two clicks, because the page must say what was done.
pub(super) async fn to_its_end(
    answer: impl Future<Output = Response> + Send + 'static,
) -> Result<Response, Refusal> {
    let answered = tokio::spawn(Lane::of_task().unwrap_or(Lane::Pages).run(answer));
    answered.await.map_err(|_| {
        let detail = "Something went wrong.";
        Refusal(Problem::new(ProblemCode::Internal, detail))
    })
}

struct Sent<A: DialogForm> {
    forms: Forms,
    context: Context,
    id: A::Id,
    form: Result<A::Form, Problem>,
    typed: Typed,
}

impl<A: DialogForm> Sent<A> {
    async fn answer(self) -> Response {
        let Self {
            forms,
            context,
            id,
            form,
            typed,
        } = self;
        let page = A::DIALOG.page(&id);
        let key = typed.first("idempotency_key");
        let (token_of, link_of) = (A::token_of(&id), A::link_of(&id));
        let own_key = token_of.map(|session| session.to_string());
        let own_key = own_key.or_else(|| link_of.map(|staff| staff.to_string()));
        let _turn = match key.or(own_key.as_ref()) {
            Some(key) => Some(forms.flashes.take_turn(&context, key).await),
            None => None,
        };
        let first = match (token_of, link_of) {
            (Some(session), _) => {
                let flashes = &forms.flashes;
                flashes.waiting_token(&context, session, &[], Seen::Never)
            }
            (None, Some(staff)) => forms
                .flashes
                .waiting_link(&context, |member| member.id == staff),
            (None, None) => None,
        };
        if let Some(first) = first {
            return see_other(&with_flash(&page, &first));
        }
        let asked = async { forms.call(&context, A::of(id.clone(), form?)).await };
        let done = asked.await.map(A::done);
        if let Ok(Flash::Granted(granted)) = &done
            && granted.token.is_none()
            && let Some(first) = forms.flashes.waiting_token(
                &context,
                granted.session.id,
                &granted.unused,
                Seen::Perhaps,
            )
        {
            return see_other(&with_flash(&page, &first));
        }
        if let Ok(Flash::KeyMade(made)) = &done
            && made.secret.is_none()
            && let Some(first) = forms.flashes.waiting_secret(&context, made.key.id)
        {
            return see_other(&with_flash(&page, &first));
        }
        if let Ok(flash @ Flash::Done(_)) = done {
            let below = A::DIALOG.below(&id);
            let next = typed.first("next").and_then(|next| local_path(next));
            return forms.tell(&context, next.unwrap_or(&below), flash);
        }
        forms.answer(&context, &page, done, typed).await
    }
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
