//! The address as the client wrote it, and whether it is still the one that will be served.

use axum::extract::{NestedPath, OriginalUri};
use http::{Extensions, Uri, request::Parts};

/// The client's original address, even if nested routers have removed its front.
pub(super) fn original<'a>(uri: &'a Uri, extensions: &'a Extensions) -> &'a Uri {
    let original = extensions.get::<OriginalUri>();
    original.map_or(uri, |OriginalUri(original)| original)
}

/// Whether `uri` is the original, except for the front that nested routers have removed. Any other
/// was rewritten, and is not the judged and recorded resource.
pub(super) fn is_original(uri: &Uri, extensions: &Extensions) -> bool {
    let original = original(uri, extensions);
    let nested = extensions.get().map(NestedPath::as_str);
    let served = match nested {
        Some(nested) => left_under(nested, original.path()),
        // In authority form it has no path at all.
        None => Some(original.path()),
    };
    uri.query() == original.query() && served == Some(uri.path())
}

/// The rest of `path` in a router nested under the pattern `nested`, such as `/v1/{tenant_id}`. A
/// nested router's own address becomes a single slash.
fn left_under<'p>(nested: &str, path: &'p str) -> Option<&'p str> {
    let cut_off = nested.split('/').filter(|segment| !segment.is_empty());
    let mut left = path;
    for _ in cut_off {
        let segment = left.strip_prefix('/')?;
        left = &segment[segment.find('/').unwrap_or(segment.len())..];
    }
    Some(if left.is_empty() { "/" } else { left })
}

/// Leaves handlers only path and query, as in HTTP/1.1. The host is only in `Host`.
pub(super) fn keep_origin_form(parts: &mut Parts) {
    if let Some(OriginalUri(original)) = parts.extensions.get_mut() {
        *original = origin_form(original);
    }
    parts.uri = origin_form(&parts.uri);
}

fn origin_form(uri: &Uri) -> Uri {
    let target = uri.path_and_query().cloned();
    target.map_or_else(Uri::default, Uri::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nested_routers_cut_off_is_missing() {
        for (nested, path, left) in [
            ("", "/v1/a", Some("/v1/a")),
            ("", "/", Some("/")),
            ("/v1", "/v1/a", Some("/a")),
            ("/v1", "/v1", Some("/")),
            ("/v1", "/v1/", Some("/")),
            ("/v1/", "/v1/a", Some("/a")),
            ("/v1/{tenant}", "/v1/acme/a/b", Some("/a/b")),
            ("/v1/{tenant}", "/v1/acme/", Some("/")),
            ("/v1/{tenant}", "/v1", None),
        ] {
            assert_eq!(left_under(nested, path), left, "{nested} {path}");
        }
    }

    #[test]
    fn an_address_that_was_rewritten_is_not_the_original() {
        let is_it = |served: &str, original: &str| {
            let mut extensions = Extensions::new();
            extensions.insert(OriginalUri(original.parse().unwrap()));
            is_original(&served.parse().unwrap(), &extensions)
        };
        assert!(is_it("/v1/a?b", "/v1/a?b"));
        assert!(is_it("/v1/a?b", "https://host/v1/a?b"));
        assert!(is_it("host:443", "host:443"));
        for served in ["/", "/a?b", "/v1/b?b", "/v1/a", "/v1/a?c", "/v1/a/?b"] {
            assert!(!is_it(served, "/v1/a?b"), "{served}");
        }
    }

    #[test]
    fn handlers_see_one_form_of_address_in_every_protocol() {
        let request = http::Request::get("https://bolt.example/a?b").body(());
        let (mut parts, ()) = request.unwrap().into_parts();
        let whole = "https://bolt.example/v1/a?b".parse().unwrap();
        parts.extensions.insert(OriginalUri(whole));
        keep_origin_form(&mut parts);
        assert_eq!(parts.uri, "/a?b");
        assert_eq!(*original(&parts.uri, &parts.extensions), "/v1/a?b");
    }
}
