//! The caller: the holder of a key, or a support session, established by `middleware::context`.

use app::domain::{
    caller::{Caller, Context},
    policy::unauthenticated,
    problem::{Problem, ProblemCode},
};
use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};

use super::error::RestProblem;

/// Proof that the request carries a living key.
pub(crate) struct KeyHolder(pub(crate) Context);

impl<S: Send + Sync> FromRequestParts<S> for KeyHolder {
    type Rejection = RestProblem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, RestProblem> {
        require_one_key(&parts.headers)?;
        let context = parts.extensions.get::<Context>();
        match context {
            Some(context) if matches!(context.caller, Caller::Key(_)) => Ok(Self(context.clone())),
            _ => Err(unauthenticated().into()),
        }
    }
}

/// Proof that the request has an active key or belongs to a support session: for a tenant's own
/// data.
pub(crate) struct Reader(pub(crate) Context);

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = RestProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, RestProblem> {
        let context = parts.extensions.get::<Context>();
        match context {
            Some(context) if matches!(context.caller, Caller::Support(_)) => {
                Ok(Self(context.clone()))
            }
            _ => KeyHolder::from_request_parts(parts, state)
                .await
                .map(|KeyHolder(context)| Self(context)),
        }
    }
}

/// Refuses a request with two keys, whichever of them would do: its sender is mistaken about who
/// it is.
fn require_one_key(headers: &HeaderMap) -> Result<(), Problem> {
    let authorization = headers.get_all(header::AUTHORIZATION).iter();
    let x_api_key = headers.get_all("x-api-key").iter();
    if authorization.chain(x_api_key).count() > 1 {
        return Err(Problem::new(
            ProblemCode::MalformedRequest,
            "Send one key: either in Authorization or in X-API-Key.",
        ));
    }
    Ok(())
}
