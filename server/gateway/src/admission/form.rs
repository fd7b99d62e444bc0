//! Reads bodies on which the decision depends.

use std::time::Duration;

use app::domain::access_log::Refusal;
use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};

use crate::{
    body::{BodyError, BodySource},
    judge::{Authorised, Denied, Permitted, UncheckedForm},
};

/// How long such a form may take to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads the body if the decision depends on it.
pub(super) async fn read<B>(
    authorised: Authorised,
    body: B,
) -> Result<(Permitted, BodySource<B>), Denied>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BodyError>,
{
    let form = match authorised {
        Authorised::Permitted(permitted) => return Ok((permitted, Either::Left(body))),
        Authorised::Form(form) => form,
    };
    let malformed = |status, detail: &'static str| Denied {
        status,
        ..Denied::new(Refusal::MalformedRequest, detail)
    };
    let reading = Limited::new(body, UncheckedForm::MAX).collect();
    let read = tokio::time::timeout(FORM_TIMEOUT, reading).await;
    let read = read.map_err(|_| malformed(408, "The form took too long to arrive."))?;
    let read = read.map_err(|error| {
        if error.is::<LengthLimitError>() {
            malformed(413, "The form is too large. The limit is 64 KiB.")
        } else {
            malformed(400, "The form is incomplete or malformed.")
        }
    })?;
    let bytes = read.to_bytes();
    let permitted = form.check(&bytes)?;
    Ok((permitted, Either::Right(Full::new(bytes))))
}
