//! What a page or a server function says about the HTTP answer that carries it. In the browser it
//! says nothing.

use crate::domain::problem::Problem;

/// Sets the HTTP status of the page that is being rendered.
#[cfg(feature = "ssr")]
pub fn set_status(status: u16) {
    let options = leptos::prelude::use_context::<leptos_axum::ResponseOptions>();
    if let (Some(options), Ok(status)) = (options, http::StatusCode::from_u16(status)) {
        options.set_status(status);
    }
}

/// Sets the HTTP status of the page that is being rendered.
#[cfg(not(feature = "ssr"))]
pub fn set_status(_status: u16) {}

/// Sets what the HTTP answer of a server function says about a problem.
#[cfg(feature = "ssr")]
pub fn refuse(problem: &Problem) {
    use http::{HeaderValue, header::RETRY_AFTER};

    set_status(problem.code.status());
    let options = leptos::prelude::use_context::<leptos_axum::ResponseOptions>();
    if let (Some(options), Some(seconds)) = (options, problem.retry_after_seconds) {
        options.insert_header(RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// Sets what the HTTP answer of a server function says about a problem.
#[cfg(not(feature = "ssr"))]
pub fn refuse(_problem: &Problem) {}
