//! Refuses addresses that can't be read, and heads that are too long.
//!
//! The listener lets only so much of a longer head through that it is seen here to be too long.

use app::domain::{
    caller::Context,
    problem::{Problem, ProblemCode},
};
use axum::{extract::Request, middleware::Next, response::Response};
use gateway::HeadLimits;
use http::{HeaderValue, StatusCode, header};

use crate::problem;

/// The limits of the head of a request to the console.
pub(crate) const HEAD: HeadLimits = HeadLimits {
    target: 32 * 1024,
    ..HeadLimits::GATEWAY
};

/// The layer of browsers, which also refuses an address that is not UTF-8 without NUL once decoded. Otherwise something else
/// would be looked for than was asked.
pub(crate) async fn refuse_unreadable(request: Request, next: Next) -> Response {
    let refused = refused(&request).or_else(|| {
        let detail = why_unreadable(&request)?;
        Some((StatusCode::BAD_REQUEST, detail.to_owned()))
    });
    match refused {
        Some((status, detail)) => answer(status, detail, &request, problem::told_as),
        None => next.run(request).await,
    }
}

/// The layer of programs.
pub(crate) async fn refuse_long(request: Request, next: Next) -> Response {
    match refused(&request) {
        Some((status, detail)) => answer(status, detail, &request, problem::details_as),
        None => next.run(request).await,
    }
}

fn answer(
    status: StatusCode,
    detail: String,
    request: &Request,
    form: fn(StatusCode, Problem) -> Response,
) -> Response {
    let context = request.extensions().get::<Context>();
    let request_id = context.and_then(|context| context.origin.request_id.clone());
    let problem = Problem {
        request_id,
        ..Problem::new(ProblemCode::MalformedRequest, detail)
    };
    let mut response = form(status, problem);
    // The rest of a longer head is not read.
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

/// The status of a head that is too long, and what to do (RFC 9110 §15.5.15, RFC 6585 §5).
fn refused(request: &Request) -> Option<(StatusCode, String)> {
    let target = request.uri().path_and_query();
    if target.is_some_and(|target| target.as_str().len() > HEAD.target) {
        let most = HEAD.target / 1024;
        let detail =
            format!("The address is longer than {most} KiB. Shorten it, for example its filters.");
        return Some((StatusCode::URI_TOO_LONG, detail));
    }
    (request.headers().len() > HEAD.fields).then(|| {
        let (fields, bytes) = (HEAD.fields, HEAD.bytes / 1024);
        let detail = format!(
            "The request has more than {fields} header fields or {bytes} KiB of them. Send fewer, or delete cookies of \
             this site."
        );
        (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail)
    })
}

fn why_unreadable(request: &Request) -> Option<&'static str> {
    let target = request.uri().path_and_query();
    let target = target.map_or("", |target| target.as_str());
    match percent_encoding::percent_decode_str(target).decode_utf8() {
        Err(_) => Some("The address is not valid UTF-8. Correct its percent escapes."),
        Ok(decoded) if decoded.contains('\0') => {
            Some("The address has a NUL character. Remove %00 from it.")
        }
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn asking(target: &str) -> Request {
        Request::get(target).body(Body::empty()).unwrap()
    }

    #[test]
    fn an_address_that_is_not_text_is_refused() {
        for (bad, why) in [
            ("/support?q=%ff", "UTF-8"),
            ("/%C3%28", "UTF-8"),
            ("/support?q=%ED%A0%80", "UTF-8"),
            ("/support?q=%00", "%00"),
            ("/audit?actor=a%00b", "%00"),
        ] {
            let told = why_unreadable(&asking(bad)).unwrap();
            assert!(told.contains(why), "{bad}: {told}");
        }
        assert_eq!(why_unreadable(&asking("/sign-in?next=%zz%4")), None);
    }

    #[test]
    fn a_head_may_have_so_much_and_no_more() {
        let status = |request: &Request| refused(request).map(|(status, _)| status);
        let target = |length| format!("/{}", "a".repeat(length - 1));
        assert_eq!(status(&asking(&target(HEAD.target))), None);
        let long = asking(&target(HEAD.target + 1));
        assert_eq!(status(&long), Some(StatusCode::URI_TOO_LONG));
        let mut many = asking("/");
        for _ in 0..HEAD.fields {
            many.headers_mut()
                .append("x", HeaderValue::from_static("1"));
        }
        assert_eq!(status(&many), None);
        many.headers_mut()
            .append("x", HeaderValue::from_static("1"));
        let status = status(&many);
        assert_eq!(status, Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
}
