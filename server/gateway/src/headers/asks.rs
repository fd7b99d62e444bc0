//! What a request's header asks for, beyond its request line.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{OURS, list, named_by_connection, passing::names_second_path};

/// Whether a request asks to change the protocol.
pub(crate) fn asks_for_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE)
        || headers.contains_key("http2-settings")
        || connection_says_upgrade(headers)
}

/// Whether a request asks to change the protocol, and nothing in it is about WebSocket. A server may
/// ignore that (RFC 9110 §7.8).
pub(crate) fn asks_for_others_only(headers: &HeaderMap) -> bool {
    const WEBSOCKET: &[u8] = b"websocket";
    let mut wanted = headers.get_all(header::UPGRADE).iter();
    let mut names = headers.keys().map(HeaderName::as_str);
    let is_named = |value: &HeaderValue| {
        let mut parts = value.as_bytes().windows(WEBSOCKET.len());
        parts.any(|part| part.eq_ignore_ascii_case(WEBSOCKET))
    };
    asks_for_upgrade(headers)
        && !wanted.any(is_named)
        && !names.any(|name| name.starts_with("sec-websocket-"))
}

/// The header without what asks to change the protocol. `Connection` keeps its other names.
pub(crate) fn without_upgrade(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    let asks = |name: &&str| {
        ["upgrade", "http2-settings"]
            .iter()
            .any(|a| name.eq_ignore_ascii_case(a))
    };
    let named: Vec<_> = list(headers, &header::CONNECTION)
        .filter(|name| !asks(name))
        .collect();
    kept.remove(header::UPGRADE);
    kept.remove("http2-settings");
    kept.remove(header::CONNECTION);
    if let (false, Ok(named)) = (named.is_empty(), HeaderValue::try_from(named.join(", "))) {
        kept.insert(header::CONNECTION, named);
    }
    kept
}

/// Whether `Connection` says that the protocol changes.
pub(crate) fn connection_says_upgrade(headers: &HeaderMap) -> bool {
    named_by_connection(headers).contains(&header::UPGRADE)
}

/// Whether a request without its `Connection` asks for a protocol upgrade: the headers of a
/// WebSocket handshake (RFC 6455 §4.1) show it too.
pub(crate) fn hints_at_upgrade(headers: &HeaderMap) -> bool {
    let mut names = headers.keys().map(HeaderName::as_str);
    asks_for_upgrade(headers) || names.any(|name| name.starts_with("sec-websocket-"))
}

/// Whether a header could be mistaken for one of ours.
pub(crate) fn resembles_ours(headers: &HeaderMap) -> bool {
    headers.keys().any(resembles)
}

/// Whether a field is one of ours, or could be mistaken for one.
pub(crate) fn may_be_ours(name: &HeaderName) -> bool {
    name.as_str().starts_with("support-") || OURS.contains(name) || resembles(name)
}

/// Whether a name is like one of ours with other separators. CGI-like readers read '_' and '.' as
/// '-' (RFC 3875 §4.1.18), and some any character that they don't know.
fn resembles(name: &HeaderName) -> bool {
    let name = name.as_str();
    if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return false;
    }
    let plain = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    plain.contains("support-") || plain.ends_with("request-id")
}

/// Whether a field makes some upstreams use another target than the one in the request line, or a
/// second one.
pub(crate) fn overrides_target(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let name = name.as_str().replace(['_', '.'], "-");
        matches!(name.as_str(), "x-original-url" | "x-rewrite-url") || names_second_path(&name)
    })
}

/// Whether `Connection` names a field that we set, which would make the next hop drop it.
pub(crate) fn connection_names_ours(headers: &HeaderMap) -> bool {
    let named = named_by_connection(headers);
    named
        .iter()
        .any(|name| OURS.contains(name) || *name == header::HOST || *name == header::AUTHORIZATION)
}

/// Whether a field asks the upstream to use another method than the request's own.
pub(crate) fn overrides_method(headers: &HeaderMap) -> bool {
    const NAMES: [&str; 3] = [
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
    ];
    headers.keys().any(|name| {
        let name = name.as_str().replace(['_', '.'], "-");
        NAMES.contains(&name.as_str())
    })
}

/// Whether a field of any protocol says that the body must be decoded before it is read.
pub(crate) fn recodes_body(headers: &HeaderMap) -> bool {
    const PLAIN: [&[u8]; 4] = [b"identity", b"7bit", b"8bit", b"binary"];
    headers.iter().any(|(name, value)| {
        let name = name.as_str().replace(['_', '.'], "-");
        let mut words = name.split('-');
        let is_plain = |value: &[u8]| PLAIN.iter().any(|plain| value.eq_ignore_ascii_case(plain));
        name != "transfer-encoding"
            && !words.any(|word| word == "accept")
            && name.split('-').any(|word| word == "encoding")
            && (name == "content-encoding" || !is_plain(value.as_bytes()))
    })
}
