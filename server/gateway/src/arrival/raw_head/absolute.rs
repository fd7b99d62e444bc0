//! A target in absolute form (RFC 9112 §3.2.2).

use http::{HeaderValue, Method};

use super::{RawHead, Schemes};

impl RawHead {
    /// Leaves path and query of a target in absolute form that names the connection's scheme and the
    /// host in `Host`. Any other target stays as it is, because two readers could take it for
    /// different places. It is refused later.
    pub(crate) fn take_origin_form(&mut self, host: Option<&HeaderValue>, schemes: Schemes) {
        let asks_for_all = self.method == Method::OPTIONS.as_str().as_bytes();
        let host = host.map_or(&[][..], HeaderValue::as_bytes);
        if let Some(target) = origin_form(&self.target, host, schemes)
            && !(asks_for_all && target == b"/" && !self.target.ends_with(b"/"))
        {
            self.target = target;
        }
    }
}

fn origin_form(target: &[u8], host: &[u8], schemes: Schemes) -> Option<Vec<u8>> {
    let after = |scheme: &[u8]| {
        let (begin, rest) = target.split_at_checked(scheme.len())?;
        begin.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let rest = after(b"https://").or_else(|| match schemes {
        Schemes::Either => after(b"http://"),
        Schemes::Https => None,
    })?;
    let (authority, rest) = rest.split_at_checked(host.len())?;
    let is_host = !host.is_empty() && !host.contains(&b'@') && authority.eq_ignore_ascii_case(host);
    match rest {
        _ if !is_host => None,
        [b'/', ..] => Some(rest.to_vec()),
        [] | [b'?', ..] => Some([b"/", rest].concat()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_the_host_itself_becomes_a_path() {
        let taken = |target: &str| {
            let taken = origin_form(target.as_bytes(), b"g.example:4711", Schemes::Either);
            taken.map(|taken| String::from_utf8(taken).unwrap())
        };
        for (target, path) in [
            ("http://g.example:4711/v1/x?y", "/v1/x?y"),
            ("HTTPS://G.Example:4711/v1", "/v1"),
            ("http://g.example:4711", "/"),
            ("http://g.example:4711?y", "/?y"),
            ("http://g.example:4711//x", "//x"),
            ("http://g.example:4711/http://b/", "/http://b/"),
        ] {
            assert_eq!(taken(target).as_deref(), Some(path), "{target}");
        }
        for target in [
            "http://b.example/v1",
            "http://g.example/v1",
            "http://g.example:47110/v1",
            "http://g.example:4711.b.example/v1",
            "http://g.example:4711@b.example/v1",
            "http://u@g.example:4711/v1",
            "http://b.example#@g.example:4711/v1",
            "http://g.example:4711#/v1",
            "http://g.example:4711\\v1",
            "http:/g.example:4711/v1",
            "http:///v1",
            "//g.example:4711/v1",
            "ftp://g.example:4711/v1",
            "/v1",
            "",
        ] {
            assert_eq!(taken(target), None, "{target}");
        }
        assert_eq!(origin_form(b"http:///v1", b"", Schemes::Either), None);
        assert_eq!(origin_form(b"http://g/v1", b"g", Schemes::Https), None);
        assert_eq!(origin_form(b"http://u@g/v1", b"u@g", Schemes::Either), None);
    }

    #[test]
    fn a_question_about_the_whole_server_is_no_path() {
        for (target, left) in [
            ("http://g", "http://g"),
            ("http://g/", "/"),
            ("http://g/x", "/x"),
        ] {
            let mut head = RawHead::relayed(b"OPTIONS".to_vec(), target.into());
            let host = HeaderValue::from_static("g");
            head.take_origin_form(Some(&host), Schemes::Either);
            assert_eq!(head.target, left.as_bytes());
        }
    }
}
