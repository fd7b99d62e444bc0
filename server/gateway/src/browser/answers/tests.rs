use super::*;

const ORIGINS: Origins<'static> = Origins {
    own: "https://s-x.support.example",
    upstream: "http://10.0.0.5:8080",
    others: &[],
};

fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

fn answered(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = map(fields);
    ORIGINS.answered(&mut headers);
    headers
}

#[test]
fn nothing_that_acts_beyond_the_session_reaches_a_browser() {
    let mut fields: Vec<_> = REMOVED.iter().map(|name| (*name, "x")).collect();
    fields.extend([
        ("access-control-allow-origin", "https://evil.example"),
        ("access-control-allow-credentials", "true"),
        ("access-control-future", "x"),
        ("cdn-cache-control", "max-age=60"),
        ("acme-cdn-cache-control", "max-age=60"),
    ]);
    let headers = answered(&fields);
    let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    left.sort_unstable();
    let ours = [
        "cache-control",
        "cross-origin-resource-policy",
        "referrer-policy",
    ];
    assert_eq!(left, ours);
}

#[test]
fn an_answer_is_never_stored_and_belongs_to_its_own_host() {
    let headers = answered(&[
        ("cache-control", "public, max-age=3600"),
        ("cache-control", "immutable"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("referrer-policy", "unsafe-url"),
    ]);
    for (name, value) in SET {
        let values: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(values, [&value]);
    }
}

#[test]
fn what_the_page_is_made_of_passes() {
    let fields = [
        ("content-type", "text/html"),
        ("content-security-policy", "default-src 'self'"),
        ("x-frame-options", "DENY"),
        ("etag", "\"1\""),
        ("vary", "accept"),
        ("x-anything", "1"),
    ];
    let headers = answered(&fields);
    for (name, value) in fields {
        assert_eq!(headers[name], value, "{name}");
    }
}

#[test]
fn an_address_of_the_upstream_becomes_one_of_the_sessions_host() {
    for (from, to) in [
        (
            "http://10.0.0.5:8080/a?b=c#d",
            "https://s-x.support.example/a?b=c#d",
        ),
        ("//10.0.0.5:8080/a", "https://s-x.support.example/a"),
        ("/\\10.0.0.5:8080/a", "https://s-x.support.example/a"),
        ("HTTP://10.0.0.5:8080", "https://s-x.support.example/"),
        ("http://u:p@10.0.0.5:8080/", "https://s-x.support.example/"),
        (
            "http://10.0.0.5:8080//evil.example/",
            "https://s-x.support.example//evil.example/",
        ),
    ] {
        for name in ["location", "content-location", "sourcemap"] {
            let headers = answered(&[(name, from)]);
            assert_eq!(headers[name], to, "{name}: {from}");
        }
    }
}

#[test]
fn other_addresses_are_left_as_they_are() {
    for address in [
        "/a",
        "a/b?c",
        "?x",
        "https://elsewhere.example/10.0.0.5:8080",
        "http://10.0.0.5/",
        "http://10.0.0.5:8080.evil.example/",
        "http://10.0.0.5:8080@evil.example/",
        "https://s-x.support.example/a",
        "javascript:alert(1)",
        "http://[",
        "",
    ] {
        assert_eq!(answered(&[("location", address)])["location"], address);
    }
}

#[test]
fn an_upstream_without_a_port_is_meant_with_either_scheme() {
    let origins = Origins {
        upstream: "http://acme.api.example.com",
        ..ORIGINS
    };
    for address in [
        "https://acme.api.example.com/x",
        "http://ACME.api.example.com:80/x",
    ] {
        let own = origins.own_address(address);
        assert_eq!(own.as_deref(), Some("https://s-x.support.example/x"));
    }
    assert_eq!(origins.own_address("https://bolt.api.example.com/x"), None);
    assert_eq!(
        origins.own_address("https://acme.api.example.com:8443/x"),
        None
    );
}

#[test]
fn refreshes_and_links_are_read_like_browsers_read_them() {
    for (name, from, to) in [
        (
            "refresh",
            "5; URL='http://10.0.0.5:8080/x'",
            "5; url=https://s-x.support.example/x",
        ),
        (
            "refresh",
            "0,http://10.0.0.5:8080/x",
            "0; url=https://s-x.support.example/x",
        ),
        ("refresh", "5", "5"),
        ("refresh", "5; url=/next", "5; url=/next"),
        (
            "link",
            "<http://10.0.0.5:8080/a.css>; rel=preload, </b>; rel=next, <https://c.example/>",
            "<https://s-x.support.example/a.css>; rel=preload, </b>; rel=next, <https://c.example/>",
        ),
        ("link", "no link < at all", "no link < at all"),
    ] {
        assert_eq!(answered(&[(name, from)])[name], to);
    }
}

#[test]
fn a_page_of_the_sessions_host_is_one_of_the_upstream() {
    for (from, to) in [
        ("https://s-x.support.example", "http://10.0.0.5:8080"),
        ("null", "null"),
        ("https://evil.example", "https://evil.example"),
    ] {
        let mut headers = map(&[("origin", from)]);
        ORIGINS.forwarded(&mut headers);
        assert_eq!(headers["origin"], to);
    }
    for (from, to) in [
        (
            "https://s-x.support.example/a?b=c",
            "http://10.0.0.5:8080/a?b=c",
        ),
        ("https://s-x.support.example", "http://10.0.0.5:8080"),
        (
            "https://s-x.support.example.evil/a",
            "https://s-x.support.example.evil/a",
        ),
        (
            "https://s-x.support.example@evil/a",
            "https://s-x.support.example@evil/a",
        ),
        ("https://evil.example/", "https://evil.example/"),
    ] {
        let mut headers = map(&[("referer", from)]);
        ORIGINS.forwarded(&mut headers);
        assert_eq!(headers["referer"], to);
    }
    let mut without = HeaderMap::new();
    ORIGINS.forwarded(&mut without);
    assert!(without.is_empty());
}

#[test]
fn an_upstreams_other_names_lead_to_the_sessions_host_and_nothing_else_does() {
    let others = [
        "https://app.example.com".to_owned(),
        "http://intranet:8080".to_owned(),
    ];
    let origins = Origins {
        others: &others,
        ..ORIGINS
    };
    for (address, leads) in [
        ("https://app.example.com/x?y", true),
        ("http://app.example.com/x?y", true),
        ("//app.example.com/x?y", true),
        ("http://intranet:8080/x?y", true),
        ("http://10.0.0.5:8080/x?y", true),
        ("https://app.example.com:8443/x?y", false),
        ("http://intranet/x?y", false),
        ("https://app.example.com.evil/x?y", false),
        ("https://app.example.com@evil/x?y", false),
        ("ftp://app.example.com/x?y", false),
    ] {
        let own = leads.then_some("https://s-x.support.example/x?y");
        assert_eq!(origins.own_address(address).as_deref(), own, "{address}");
    }
}

#[test]
fn neither_service_workers_nor_preflights_are_let_through() {
    for (name, value, refused) in [
        ("service-worker", "script", NotForBrowsers::ServiceWorker),
        (
            "sec-fetch-dest",
            "serviceworker",
            NotForBrowsers::ServiceWorker,
        ),
        (
            "access-control-request-method",
            "PUT",
            NotForBrowsers::Preflight,
        ),
        (
            "access-control-request-private-network",
            "true",
            NotForBrowsers::Preflight,
        ),
    ] {
        assert_eq!(check(&map(&[(name, value)])), Err(refused), "{name}");
    }
    let page = map(&[("sec-fetch-dest", "document"), ("accept", "text/html")]);
    assert_eq!(check(&page), Ok(()));
}

/// Fields by which libraries of pages lead somewhere.
const OF_LIBRARIES: [&str; 11] = [
    "content-location",
    "hx-location",
    "hx-push-url",
    "hx-redirect",
    "hx-replace-url",
    "turbo-location",
    "x-inertia-location",
    "x-pjax-url",
    "x-redirect-to",
    "x-sourcemap",
    "x-up-location",
];

#[test]
fn what_scripts_follow_stays_at_the_sessions_host_too() {
    for name in OF_LIBRARIES {
        for (sent, got) in [
            (
                "http://10.0.0.5:8080/a?b#c",
                "https://s-x.support.example/a?b#c",
            ),
            ("//10.0.0.5:8080/a", "https://s-x.support.example/a"),
            ("/a", "/a"),
            ("next", "next"),
            ("false", "false"),
            ("https://elsewhere.example/a", "https://elsewhere.example/a"),
            (
                "https://10.0.0.5:8080.evil.example/a",
                "https://10.0.0.5:8080.evil.example/a",
            ),
        ] {
            assert_eq!(answered(&[(name, sent)])[name], got, "{name}");
        }
    }
    let json = r##"{"path":"http://10.0.0.5:8080//a","target":"#x"}"##;
    let headers = answered(&[("hx-location", json)]);
    assert_eq!(
        headers["hx-location"],
        r##"{"path":"https://s-x.support.example//a","target":"#x"}"##
    );
    for json in [
        r#"{"path":"/a"}"#,
        r#"{"path":["http://10.0.0.5:8080/a"]}"#,
        "{",
        "[]",
    ] {
        assert_eq!(answered(&[("hx-location", json)])["hx-location"], json);
    }
    // And what they say about their own page is in the upstream's terms.
    let mut asked = map(&[("hx-current-url", "https://s-x.support.example/a?b")]);
    ORIGINS.forwarded(&mut asked);
    assert_eq!(asked["hx-current-url"], "http://10.0.0.5:8080/a?b");
}

#[test]
fn a_relative_address_stays_where_the_upstream_goes_by_the_sessions_host() {
    let origins = Origins {
        upstream: ORIGINS.own,
        ..ORIGINS
    };
    for (sent, got) in [
        ("next", "next"),
        (
            "https://s-x.support.example/a",
            "https://s-x.support.example/a",
        ),
        (
            "http://s-x.support.example/a",
            "https://s-x.support.example/a",
        ),
    ] {
        let mut headers = map(&[("location", sent)]);
        origins.answered(&mut headers);
        assert_eq!(headers["location"], got);
    }
}
