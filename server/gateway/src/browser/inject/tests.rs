use std::collections::VecDeque;

use http_body_util::BodyExt;
use proptest::prelude::*;

use super::*;

const SCRIPT: &str = "<script>1</script>";

fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

/// A page that comes in pieces of this size.
fn passed(page: &[u8], size: usize) -> Vec<u8> {
    passed_by(Injector::of(SCRIPT.to_owned(), true), page, size)
}

fn passed_by(mut injector: Injector, page: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in page.chunks(size) {
        out.extend_from_slice(&injector.pass(Bytes::copy_from_slice(piece)));
    }
    out.extend_from_slice(&injector.end());
    out
}

#[test]
fn the_banner_comes_before_whatever_the_page_brings() {
    // The place is marked with '|'.
    for page in [
        "<!doctype html><html><head>|<title>x</title></head><body>y</body></html>",
        "<!DOCTYPE html>\n<HTML lang=en>\n<HEAD>|<meta charset=utf-8></HEAD>",
        "<html><head data-a='>'>|<script>1</script></head></html>",
        "<html>|<body class=x>y</body></html>",
        "<!doctype html>|<title>x</title><p>y",
        "<!doctype html>|<p>y",
        "text first |<b>x</b>",
        "<!-- <head> <body> --><html><!-- <head> --><head>|</head></html>",
        "<!-- <head> > --!> <html><head>|",
        "<?xml <head> ?><html><head>|</head>",
        "|<script>'<head>'</script><head></head>",
        "|<title><head><body></title>",
        "|<textarea><head></textarea>",
        "|<svg><title><head></title></svg>",
        "<html><head>|</head><body><head></head><body></body>",
        "<html></body>|<p>",
        "<html a=\"b>c\" d=e'f=\">g='>'>|<body>",
        "<html =\"x>|<p>y\">",
        "\u{feff}<!doctype html>\r\n<!--\r\n\r-->\r<html>\r\n\t<head>|\r\n<p>",
        "\u{e9}\0<\u{e9}>&amp;&lt;b> |<b>",
        "<!DOCTYPE html PUBLIC \"a>b\">|<p>",
        "<![CDATA[<p>|<q>]]>",
        "</html x='<p>'>|<p>",
        "</ <p>|<q>",
        "<!-->|<p>-->",
        "<!--->|<p>-->",
        "<!-- a --!>|<p>-->",
        "<|<p>",
    ] {
        let whole = page.replace('|', "");
        let expected = page.replace('|', SCRIPT);
        for size in 1..=whole.len() {
            let out = passed(whole.as_bytes(), size);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{size}");
        }
    }
}

#[test]
fn what_says_the_encoding_stays_among_the_first_bytes() {
    let long = format!("<html><head><title>{}</title>", "x".repeat(2 * MAX_HELD));
    for page in [
        "<html><head><meta charset=utf-8>|<title>x</title></head>",
        "<html><head>\n<title><meta charset=x></title><META http-equiv=Content-Type content=x>|<p>",
        "<html><head>|<meta name=x><script>1</script><meta charset=utf-8></head>",
        "<html><head>|<title>x</title></head><body>y",
        "<html>|<body><meta charset=utf-8>",
        "<html><head>|<title>x</title><meta name=viewport>",
        "|<meta charset=utf-8><p>",
        "<html><head>|",
    ] {
        let whole = page.replace('|', "");
        let expected = page.replace('|', SCRIPT);
        for size in 1..=whole.len() {
            let injector = Injector::of(SCRIPT.to_owned(), false);
            let out = passed_by(injector, whole.as_bytes(), size);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{size}");
        }
    }
    let injector = Injector::of(SCRIPT.to_owned(), false);
    let out = passed_by(injector, long.as_bytes(), 1000);
    let expected = long.replace("<head>", &format!("<head>{SCRIPT}"));
    assert!(out == expected.as_bytes(), "it is not waited for for ever");
}

#[test]
fn what_has_no_element_passes_as_it_is() {
    let utf_16 = "\u{feff}<html>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect::<Vec<_>>();
    for page in [
        &b""[..],
        b"only text",
        b"a < b",
        b"<!-- never closed <head>",
        b"<html",
        b"<head",
        &utf_16,
    ] {
        for size in 1..=page.len().max(1) {
            assert_eq!(passed(page, size), page);
        }
    }
}

#[test]
fn a_page_that_would_have_to_be_held_for_long_passes_as_it_is() {
    let mut page = b"<!doctype html><!--".to_vec();
    page.extend(std::iter::repeat_n(b'x', 4 * MAX_HELD));
    page.extend_from_slice(b"--><html><head></head></html>");
    let mut with_tag = b"<html a='".to_vec();
    with_tag.extend(std::iter::repeat_n(b'x', 4 * MAX_HELD));
    with_tag.extend_from_slice(b"'><head></head>");
    for page in [page, with_tag] {
        assert!(passed(&page, 1000) == page);
    }
}

#[test]
fn nothing_is_held_once_the_banner_is_in() {
    let mut injector = Injector::of(SCRIPT.to_owned(), true);
    let first = injector.pass(Bytes::from_static(b"<html><head><title>unfinished"));
    let expected = format!("<html><head>{SCRIPT}<title>unfinished");
    assert_eq!(first, expected.as_bytes());
    let next = injector.pass(Bytes::from_static(b"<scr"));
    assert_eq!(next, &b"<scr"[..]);
    assert!(injector.end().is_empty());
}

proptest! {
    #[test]
    fn nothing_but_the_banner_is_ever_added(
        parts in proptest::collection::vec(
            prop_oneof![
                "[a-z<>!/'\"= -]{0,12}",
                "<(html|head|body|p|script|title|svg|!--|/script|/title)( a='[<>]')?>",
                Just("-->".to_owned()),
                Just("\u{e9}\u{0}".to_owned()),
            ],
            0..12,
        ),
        size in 1_usize..40,
    ) {
        let page = parts.concat();
        let out = String::from_utf8(passed(page.as_bytes(), size)).unwrap();
        let Some((before, after)) = out.split_once(SCRIPT) else {
            prop_assert_eq!(out, page);
            return Ok(());
        };
        prop_assert!(!after.contains(SCRIPT));
        let head = before.ends_with('>');
        let tag = after.strip_prefix('<').is_some_and(|t| t.starts_with(|c: char| c.is_ascii_alphabetic()));
        prop_assert!(head || tag, "between {before:?} and {after:?}");
        prop_assert_eq!([before, after].concat(), page);
    }
}

fn page_of(status: StatusCode, headers: &mut HeaderMap) -> bool {
    is_page(status, headers) && into_page(headers, String::new).is_some()
}

#[test]
fn only_pages_that_can_be_read_are_changed() {
    let html = ("content-type", "text/html; charset=utf-8");
    for (fields, status, changed) in [
        (&[html][..], 200, true),
        (&[("content-type", "Text/HTML")], 200, true),
        (
            &[("content-type", "text/html; charset=\"Windows-1252\"")],
            404,
            true,
        ),
        (&[html, ("content-encoding", "identity")], 200, true),
        (&[html, ("content-disposition", "inline")], 200, true),
        (&[html], 500, true),
        (&[], 200, false),
        (&[("content-type", "text/plain")], 200, false),
        (&[("content-type", "application/xhtml+xml")], 200, false),
        (
            &[("content-type", "text/html; charset=utf-16le")],
            200,
            false,
        ),
        (
            &[("content-type", "text/html; charset=klingon")],
            200,
            false,
        ),
        (&[html, ("content-encoding", "gzip")], 200, false),
        (&[html, ("content-disposition", "attachment")], 200, false),
        (
            &[html, ("cache-control", "private, No-Transform")],
            200,
            false,
        ),
        (&[html], 204, false),
        (&[html], 205, false),
        (&[html], 206, false),
        (&[html], 302, false),
        (&[html], 304, false),
    ] {
        let mut headers = map(fields);
        headers.insert("content-length", HeaderValue::from_static("7"));
        headers.insert("etag", HeaderValue::from_static("\"7\""));
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(page_of(status, &mut headers), changed);
        let about = |name| headers.contains_key(name);
        assert_eq!(about("content-length"), !changed, "{fields:?} {status}");
        assert_eq!(about("etag"), !changed);
    }
}

#[test]
fn only_a_page_of_its_own_wants_a_banner() {
    let document = map(&[("sec-fetch-dest", "document")]);
    assert!(is_wanted(&Method::GET, &document));
    assert!(is_wanted(&Method::POST, &document), "of a form");
    assert!(!is_wanted(&Method::HEAD, &document));
    for other in [
        map(&[("sec-fetch-dest", "iframe")]),
        map(&[("sec-fetch-dest", "empty")]),
        map(&[("sec-fetch-dest", "document"), ("sec-fetch-dest", "iframe")]),
        HeaderMap::new(),
    ] {
        assert!(!is_wanted(&Method::GET, &other));
    }
    let mut asked = map(&[("accept-encoding", "gzip, br"), ("range", "bytes=0-9")]);
    ask(&mut asked);
    assert_eq!(asked, map(&[("accept-encoding", "identity")]));
}

/// A body of these frames.
struct Frames(VecDeque<Result<Frame<Bytes>, BodyError>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(self.0.pop_front())
    }
}

fn body(frames: Vec<Result<Frame<Bytes>, BodyError>>) -> WithBanner<Frames> {
    WithBanner::new(Frames(frames.into()), Injector::of(SCRIPT.to_owned(), true))
}

fn data(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

#[tokio::test]
async fn a_body_keeps_its_trailers_behind_what_was_held() {
    let trailers = map(&[("x-sum", "7")]);
    let page = body(vec![
        Ok(data("te")),
        Ok(data("xt <b")),
        Ok(Frame::trailers(trailers)),
    ]);
    assert!(!page.is_end_stream());
    let collected = page.collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["x-sum"], "7");
    assert_eq!(collected.to_bytes(), "text <b");
}

#[tokio::test]
async fn a_body_that_breaks_off_never_looks_complete() {
    let mut page = body(vec![Ok(data("<html")), Err("broken".into())]);
    let mut error = None;
    while let Some(frame) = page.frame().await {
        error = frame.err();
    }
    assert!(error.is_some());
}
