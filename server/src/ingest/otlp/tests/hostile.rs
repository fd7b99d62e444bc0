//! Bodies that nobody should send: cut off, random, nested, and of very many parts.

use proptest::prelude::*;

use super::*;

const CORPUS: [&str; 4] = [
    "python-flask-both-traces.pb",
    "python-flask-both-metrics.pb",
    "odd-spans.json",
    "odd-points.json",
];

fn names() -> Vec<String> {
    vec!["tenant.id".to_owned()]
}

/// In Protobuf: a field of bytes with a number below 16.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    write_bytes(number, bytes, &mut message);
    message
}

/// An export of these parts of a scope.
fn export(scope: &[u8]) -> Vec<u8> {
    field(1, &field(2, scope))
}

#[test]
fn a_body_that_is_cut_off_anywhere_is_an_error_or_less() {
    for name in CORPUS {
        let (signal, encoding) = kind_of(name);
        let whole = body(name);
        let all = read(signal, encoding, &whole, &names()).unwrap();
        let step = if encoding == Encoding::Json { 7 } else { 1 };
        for end in (0..whole.len()).step_by(step) {
            let part = read(signal, encoding, &whole[..end], &names());
            assert!(
                part.is_err() || part.is_ok_and(|part| part.records.len() <= all.records.len()),
                "{name}: {end}"
            );
        }
    }
}

proptest! {
    #[test]
    fn no_byte_that_changes_makes_reading_panic(
        which in 0..CORPUS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (signal, encoding) = kind_of(CORPUS[which]);
        let mut changed = body(CORPUS[which]);
        for (at, byte) in changes {
            let at = at.index(changed.len());
            changed[at] = byte;
        }
        let _ = read(signal, encoding, &changed, &names());
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        for signal in [Signal::Traces, Signal::Metrics] {
            for encoding in [Encoding::Protobuf, Encoding::Json] {
                let _ = read(signal, encoding, &bytes, &names());
            }
        }
    }
}

#[test]
fn lists_within_lists_are_not_followed() {
    let depth = 100_000;
    let json = format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"tenant.id","value":{}{}}}]}}}}]}}"#,
        r#"{"arrayValue":{"values":["#.repeat(depth),
        "]}}".repeat(depth),
    );
    let read_json = read(Signal::Traces, Encoding::Json, json.as_bytes(), &names());
    assert!(read_json.unwrap().records.is_empty());

    let mut value = field(1, b"acme");
    // Deep enough for a stack to overflow, if one were used.
    for _ in 0..3_000 {
        value = field(5, &field(1, &value));
    }
    let pair = [field(1, b"tenant.id"), field(2, &value)].concat();
    let status = [field(1, b"http.status_code"), field(2, &[3 << 3, 200, 1])].concat();
    let span = [&[6 << 3, 2][..], &field(9, &pair), &field(9, &status)].concat();
    let body = export(&field(2, &span));
    let batch = read(Signal::Traces, Encoding::Protobuf, &body, &names()).unwrap();
    assert_eq!(lines(&batch), [NO_TENANT]);
}

#[test]
fn very_many_parts_cost_little_or_are_refused() {
    let megabytes = 8 * 1024 * 1024;
    // Each span takes two bytes, and is none of a server.
    let spans = export(&[0x12_u8, 0].repeat(megabytes / 2));
    let batch = read(Signal::Traces, Encoding::Protobuf, &spans, &names());
    assert!(batch.unwrap().records.is_empty());

    let server = field(2, &[6 << 3, 2, (15 << 3) | 2, 2, 3 << 3, 2]);
    for (spans, is_taken) in [(MAX_RECORDS, true), (MAX_RECORDS + 1, false)] {
        let body = export(&server.repeat(spans));
        let read = read(Signal::Traces, Encoding::Protobuf, &body, &names());
        assert_eq!(read.is_ok(), is_taken, "{spans}");
        if !is_taken {
            assert_eq!(read, Err(Unreadable::TooManyCalls));
        }
    }
    for part in ["{},", "[],"] {
        let parts = part.repeat(megabytes / 3 - 100);
        let json = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{parts}{{}}]}}]}}]}}"#);
        let read = read(Signal::Traces, Encoding::Json, json.as_bytes(), &names());
        assert_eq!(read, Err(Unreadable::TooManyObjects), "{part}");
    }
}

#[test]
fn many_attributes_of_one_name_are_searched_once() {
    let pair = [field(1, b"tenant.id"), field(2, &[])].concat();
    let resource = field(1, &field(1, &pair).repeat(100_000));
    let server = field(2, &[6 << 3, 2, (15 << 3) | 2, 2, 3 << 3, 2]);
    let scope = field(2, &server.repeat(MAX_RECORDS));
    let body = field(1, &[resource, scope].concat());
    let batch = read(Signal::Traces, Encoding::Protobuf, &body, &names()).unwrap();
    assert_eq!(batch.records.len(), MAX_RECORDS);
}

#[test]
fn what_is_no_export_is_named() {
    for (body, why) in [
        ("", "EOF"),
        ("[]", "it must be an object"),
        ("{} {}", "more after its end"),
        (r#"{"resourceSpans":7}"#, "resourceSpans: invalid type"),
        (
            r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":[0,0,0]}]}]}]}"#,
            "kind: invalid type: sequence, expected a number or a text",
        ),
        (
            r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"endTimeUnixNano":"soon"}]}]}]}"#,
            "resourceSpans[0].scopeSpans[0].spans[0].endTimeUnixNano: invalid digit",
        ),
    ] {
        let error = read(Signal::Traces, Encoding::Json, body.as_bytes(), &names()).unwrap_err();
        assert!(error.to_string().contains(why), "{body}: {error}");
    }
    let error = read(Signal::Traces, Encoding::Protobuf, b"{}", &names()).unwrap_err();
    assert_eq!(error, Unreadable::Protobuf);
}
