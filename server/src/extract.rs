//! Extractors for handlers, each named for what it proves.

use app::domain::{
    caller::{Caller, Context, StaffCaller},
    policy::unauthenticated,
    problem::{Problem, ProblemCode},
};
use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::request::Parts;

use crate::problem;

/// The caller and its origin, established by `middleware::context`.
pub struct Asking(pub Context);

impl<S: Send + Sync> FromRequestParts<S> for Asking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let context = parts.extensions.get::<Context>().cloned();
        context.map(Self).ok_or_else(|| {
            tracing::error!("a route is not behind the layer that establishes the caller");
            Refusal(Problem::new(ProblemCode::Internal, "Something went wrong."))
        })
    }
}

/// Proof that a staff member with an active staff session made the request. It says nothing about
/// roles. The services decide about these.
pub struct SignedInStaff {
    pub staff: StaffCaller,
    /// The caller and its origin.
    pub context: Context,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedInStaff {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Asking(context) = Asking::from_request_parts(parts, state).await?;
        match &context.caller {
            Caller::Staff(staff) => Ok(Self {
                staff: staff.clone(),
                context,
            }),
            _ => Err(Refusal(unauthenticated())),
        }
    }
}

/// A refusal of a request that none of our pages makes.
#[derive(Debug)]
pub struct Refusal(pub Problem);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        problem::told(self.0)
    }
}
