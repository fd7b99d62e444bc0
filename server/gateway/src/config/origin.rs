//! Web addresses without a path, as the configuration names hosts.

use http::{Uri, uri::Authority};

/// Reads `http://` or `https://` with a host and nothing after it.
pub(super) fn parse(text: &str, example: &str) -> Result<Uri, String> {
    let uri = text.parse::<Uri>().ok().filter(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(is_plain)
            && matches!(uri.path(), "" | "/")
            && uri.query().is_none()
    });
    uri.ok_or_else(|| {
        format!(
            "{text:?} must be http:// or https:// with a host and no path, such as \"{example}\""
        )
    })
}

/// Whether it has a host and no user.
pub(super) fn is_plain(authority: &Authority) -> bool {
    !authority.as_str().contains('@') && !authority.host().is_empty()
}

/// The default port of an address.
pub(super) fn default_port(uri: &Uri) -> u16 {
    match uri.scheme_str() {
        Some("https") => 443,
        _ => 80,
    }
}
