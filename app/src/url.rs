//! Addresses within the console: paths and query strings.

use std::fmt::Write as _;

/// `path` with those of `pairs` that have a value, percent-encoded (RFC 3986 §2.1).
pub fn with_query(path: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let mut url = path.to_owned();
    let mut separator = '?';
    for (name, value) in pairs {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            url.push(separator);
            url.push_str(name);
            url.push('=');
            encode(&mut url, value);
            separator = '&';
        }
    }
    url
}

/// A text as one segment of a path, or as one value of a query string.
pub fn encoded(text: &str) -> String {
    let mut url = String::with_capacity(text.len());
    encode(&mut url, text);
    url
}

fn encode(url: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
}

/// The path to sign in with, coming back to `next` afterwards.
pub fn sign_in(next: &str) -> String {
    let next = local_path(next).filter(|path| *path != "/");
    with_query("/sign-in", &[("next", next)])
}

/// `path` if it leads to a page of this console: it begins with one slash, and neither it nor a
/// browser's reading of it names another host. Other paths would make sign-in an open redirect.
pub fn local_path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix('/')?;
    let local = !rest.starts_with(['/', '\\'])
        && !path.chars().any(char::is_control)
        && !path.contains('\\')
        && !path.starts_with("/sign-in");
    local.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_values_are_left_out_and_others_encoded() {
        assert_eq!(
            with_query(
                "/support",
                &[("q", Some("a&b ñ")), ("status", None), ("sort", Some("")), ("dir", Some("asc"))]
            ),
            "/support?q=a%26b%20%C3%B1&dir=asc"
        );
        assert_eq!(with_query("/support", &[]), "/support");
    }

    #[test]
    fn only_paths_of_this_console_are_local() {
        for bad in [
            "", "support", "//evil.example", "/\\evil.example", "https://evil.example",
            "/a\nb", "/a\\b", "/sign-in?next=/sign-in",
        ] {
            assert_eq!(local_path(bad), None, "{bad:?}");
        }
        assert_eq!(local_path("/support?q=1"), Some("/support?q=1"));
        assert_eq!(sign_in("/support?q=1"), "/sign-in?next=%2Fsupport%3Fq%3D1");
        assert_eq!(sign_in("//evil.example"), "/sign-in");
    }
}
