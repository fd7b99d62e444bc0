//! What a page says about the HTTP answer that carries it. In the browser it says nothing.

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
