//! Properties that must hold for any input of a client. The tests here use inputs from proptest,
//! the fuzz targets in `server/fuzz` use inputs found by coverage.
//!
//! Each property takes bytes and panics if it does not hold. The expected result is calculated by
//! other, slower code than the gateway's.

use std::sync::{Arc, LazyLock};

use app::domain::{StaffId, SupportSessionId};
use http::{HeaderMap, HeaderValue, Method, header};
use uuid::Uuid;

use crate::{
    arrival::{
        raw_head::{HeadTap, RawHead},
        websocket::frames::FrameCounter,
    },
    judge::{CanonicalRequest, Judge, RuleSet, RuleSource, canonical::CanonicalTarget},
    listener::{HeadLimits, ShortHeads},
    ports::{KnownLimits, KnownSession},
};

/// How the same bytes arrive.
const STEPS: [usize; 4] = [1, 3, 64, usize::MAX];
/// The rules of [`request`]: one tenant's paths. One of them allows POST, and one may not be read.
const RULES: &str = r#"{
    "tenant_binding": "path",
    "organization": "none",
    "routes": ["/v1/tenants/{tenant_id}"],
    "selectors": {
        "query": ["tenant_id"], "headers": [], "organization_query": [], "organization_headers": []
    },
    "scopes": [{
        "name": "extra",
        "description": "Extra.",
        "allow": [{ "methods": ["POST"], "paths": ["/v1/tenants/{tenant_id}/exports"] }],
        "deny": [{ "methods": ["GET"], "paths": ["/v1/tenants/{tenant_id}/secrets"] }]
    }]
}"#;

struct Gateway {
    rules: Arc<RuleSet>,
    session: Arc<KnownSession>,
}

static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
    let source = RuleSource::from_text(RULES).map(|source| source.compile());
    let (Ok(Ok(rules)), Ok(tenant_id)) = (source, "acme".parse()) else {
        panic!("the rules can't be read")
    };
    let scopes = ["read_only", "extra"].map(str::parse);
    let session = KnownSession {
        id: SupportSessionId::from_uuid(Uuid::nil()),
        token_hash: [0; 32],
        tenant_id,
        organization_id: None,
        staff_id: StaffId::from_uuid(Uuid::nil()),
        staff_name: String::new(),
        scopes: scopes.into_iter().flatten().collect(),
        rule_set: String::new(),
        expires_at: chrono::DateTime::UNIX_EPOCH,
        ended: None,
        limits: KnownLimits::default(),
    };
    Gateway {
        rules: Arc::new(rules),
        session: Arc::new(session),
    }
});

/// A target that passes is unchanged, and has only one reading.
///
/// # Panics
///
/// If the property doesn't hold.
pub fn target(bytes: &[u8]) {
    let Ok(canonical) = CanonicalTarget::parse(bytes) else {
        return;
    };
    assert_eq!(canonical.as_str().as_bytes(), bytes);
    let path = canonical.path();
    let lower = path.to_ascii_lowercase();
    for never in [
        "//", "\\", ";", "#", "%2f", "%5c", "%2e", "%00", "%25", "%3b", " ",
    ] {
        assert!(!lower.contains(never), "{never} in {path}");
    }
    assert!(canonical.segments().all(|s| s != "." && s != ".."));
    // Decoding once gives a path that decoding, resolving and splitting leave as it is.
    let decoded = decode(path);
    assert!(!decoded.contains('%'), "{decoded}");
    assert_eq!(decoded.matches('/').count(), path.matches('/').count());
    assert!(!decoded.chars().any(|c| c.is_ascii_control()));
    // The http crate, which carries the target from here, changes nothing.
    let uri: Result<http::Uri, _> = canonical.as_str().parse();
    let carried = uri.ok().and_then(|uri| uri.into_parts().path_and_query);
    assert!(carried.is_some_and(|carried| carried.as_str() == canonical.as_str()));
}

/// `METHOD TARGET` passes only if it is canonical, and a rule permits it to the one tenant.
///
/// # Panics
///
/// If the property doesn't hold.
pub fn request(bytes: &[u8]) {
    let Some(blank) = bytes.iter().position(|b| *b == b' ') else {
        return;
    };
    let (method, bytes) = (&bytes[..blank], &bytes[blank + 1..]);
    target(bytes);
    let (Ok(method), Ok(target)) = (
        Method::from_bytes(method),
        CanonicalTarget::parse_odd(bytes),
    ) else {
        return;
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static("gateway"));
    let hosts = ["gateway".to_owned()];
    let judge = Judge {
        hosts: &hosts,
        rules: &GATEWAY.rules,
        earlier: None,
    };
    let request = CanonicalRequest {
        method: method.clone(),
        target: target.clone(),
        headers,
    };
    if judge.authorise(&GATEWAY.session, request).is_ok() {
        assert!(is_permitted(&method, target.path()), "{method} {target:?}");
        let query = target.query().unwrap_or_default();
        assert!(!names_another_tenant(query), "{method} {target:?}?{query}");
    }
}

/// The permissions of [`RULES`] for a path, read as carelessly as any upstream.
fn is_permitted(method: &Method, path: &str) -> bool {
    let own = path == "/v1/tenants/acme" || path.starts_with("/v1/tenants/acme/");
    let careless = decode(&without_lone_percents(path)).to_lowercase();
    let careless = careless.replace(|c: char| c.is_control() || c == '\u{FFFD}', "");
    let mut segments = careless.split('/').skip(4);
    let first = segments.next().unwrap_or_default().trim();
    let name = first.split(|c: char| !c.is_ascii_alphanumeric());
    let name = name.into_iter().next().unwrap_or_default();
    let reads = matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS");
    let leaks = matches!(method.as_str(), "GET" | "HEAD") && name == "secrets";
    let writes = method == Method::POST && path == "/v1/tenants/acme/exports";
    own && !leaks && (reads || writes)
}

fn without_lone_percents(path: &str) -> String {
    let mut parts = path.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    let is_escape =
        |part: &str| part.len() > 1 && part.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    parts.fold(first, |kept, part| match is_escape(part) {
        true => format!("{kept}%{part}"),
        false => kept + part,
    })
}

fn names_another_tenant(query: &str) -> bool {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.any(|(name, value)| {
        decode(name).eq_ignore_ascii_case("tenant_id") && decode(value) != "acme"
    })
}

/// Heads are found at the same places however their bytes arrive. A head without a fault is read as
/// by the HTTP library.
///
/// # Panics
///
/// If the property doesn't hold.
pub fn head(bytes: &[u8]) {
    let found = heads(bytes, usize::MAX);
    for step in STEPS {
        assert_eq!(heads(bytes, step), found, "{step} at a time");
    }
    let Some(RawHead {
        fault: None,
        method,
        target,
        ..
    }) = found.first()
    else {
        return;
    };
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut library = httparse::Request::new(&mut fields);
    let Ok(httparse::Status::Complete(length)) = library.parse(bytes) else {
        // The library refuses it before our code is called.
        return;
    };
    let empty_line = bytes.windows(4).position(|w| w == b"\r\n\r\n");
    assert_eq!(empty_line.map(|at| at + 4), Some(length), "where it ends");
    assert_eq!(library.method.map(str::as_bytes), Some(&method[..]));
    assert_eq!(library.path.map(str::as_bytes), Some(&target[..]));
    assert_eq!(library.version, Some(1));
    let values = |name: &str| -> Vec<&[u8]> {
        let fields = library.headers.iter();
        let named = fields.filter(|field| field.name.eq_ignore_ascii_case(name));
        named.map(|field| field.value).collect()
    };
    assert_eq!(values("host").len(), 1);
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    assert!(lengths.len() + codings.len() <= 1, "two framings");
    assert!(
        lengths
            .iter()
            .all(|l| !l.is_empty() && l.iter().all(u8::is_ascii_digit))
    );
    assert!(codings.iter().all(|c| c.eq_ignore_ascii_case(b"chunked")));
}

fn heads(bytes: &[u8], step: usize) -> Vec<RawHead> {
    let tap = HeadTap::default();
    let mut heads = Vec::new();
    for part in bytes.chunks(step.min(bytes.len().max(1))) {
        tap.saw(part);
        heads.extend(std::iter::from_fn(|| tap.take()));
    }
    heads
}

/// Few enough for heads that are too long in many ways.
const LIMITS: HeadLimits = HeadLimits {
    target: 12,
    fields: 3,
    bytes: 48,
    sender: 24,
};

/// However a client's bytes arrive, the same ones go on. Heads that are not too long go on byte for byte with
/// their bodies, and nothing else that goes on seems to be such a head.
///
/// # Panics
///
/// If the property doesn't hold.
pub fn short_heads(bytes: &[u8]) {
    let pass = |step| ShortHeads::new(LIMITS).pass(bytes, step);
    let on = pass(usize::MAX);
    for step in STEPS {
        assert_eq!(pass(step), on, "{step} at a time");
    }
    let sound = length_of_sound_heads(bytes);
    assert!(sound <= on.len() && on[..sound] == bytes[..sound]);
    let sound = length_of_sound_heads(&on);
    assert!(sound <= bytes.len() && on[..sound] == bytes[..sound]);
}

/// How many bytes are heads within [`LIMITS`] and what belongs to them, as the HTTP library reads them.
fn length_of_sound_heads(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Request::new(&mut fields);
        let Ok(httparse::Status::Complete(length)) = head.parse(&bytes[at..]) else {
            break;
        };
        let target = head.path.unwrap_or_default();
        let lines: Vec<_> = bytes[at..at + length]
            .split_inclusive(|b| *b == b'\n')
            .collect();
        let is_empty = |line: &&&[u8]| matches!(**line, b"\n" | b"\r\n");
        let fields = lines
            .iter()
            .skip_while(is_empty)
            .skip(1)
            .map(|line| line.len());
        let end = lines.last().map_or(0, |line| line.len());
        let is_sound = target.len() <= LIMITS.target
            && head.headers.len() <= LIMITS.fields
            && fields.sum::<usize>() - end <= LIMITS.bytes
            && head.method.unwrap_or_default().len() < 64;
        if !is_sound {
            break;
        }
        let named = |name: &'static str| {
            let fields = head.headers.iter();
            fields.filter(move |field| field.name.eq_ignore_ascii_case(name))
        };
        let mut lengths = named("content-length").map(|field| field.value);
        let body = match (lengths.next(), lengths.next()) {
            _ if named("transfer-encoding")
                .chain(named("upgrade"))
                .next()
                .is_some() =>
            {
                usize::MAX
            }
            (None, _) => 0,
            (Some(one), None) if !one.is_empty() && one.iter().all(u8::is_ascii_digit) => {
                let digits = std::str::from_utf8(one).unwrap_or_default();
                digits.parse().unwrap_or(usize::MAX)
            }
            // The library refuses it.
            _ => break,
        };
        at = at.saturating_add(length).saturating_add(body);
    }
    at.min(bytes.len())
}

/// The first byte says whether frames must be masked. The following bytes must be counted the same
/// in any chunking, and an invalid frame must be noticed at the same place.
///
/// # Panics
///
/// If the property doesn't hold.
pub fn frames(bytes: &[u8]) {
    let [masked, bytes @ ..] = bytes else { return };
    let masked = masked & 1 == 1;
    let expected = read_frames(masked, bytes);
    for step in STEPS {
        let mut counter = FrameCounter::new(masked);
        let mut parts = bytes.chunks(step.min(bytes.len().max(1)));
        let sound = parts.all(|part| counter.saw(part).is_ok());
        assert_eq!(sound, expected.is_some(), "{step} at a time");
        if let Some(frames) = expected {
            let tally = counter.tally();
            assert_eq!((tally.frames, tally.bytes), (frames, bytes.len() as u64));
        }
    }
}

/// How many frames have begun, if all bytes are frames in a valid order (RFC 6455 §5.2, §5.4,
/// §5.5).
fn read_frames(masked: bool, mut bytes: &[u8]) -> Option<u64> {
    let mut frames = 0;
    let mut opcodes: Vec<(u8, bool)> = Vec::new();
    while let [first, rest @ ..] = bytes {
        let (reserved, opcode, last) = (first & 0x70, first & 0x0f, first & 0x80 != 0);
        let is_control = opcode >= 8;
        if reserved != 0 || (3..=7).contains(&opcode) || opcode > 10 {
            return None;
        }
        let message = opcodes.iter().rev().find(|(opcode, _)| *opcode < 8);
        let is_open = message.is_some_and(|(_, last)| !last);
        let is_closed = opcodes.iter().any(|(opcode, _)| *opcode == 8);
        if is_closed || (!is_control && (opcode == 0) != is_open) {
            return None;
        }
        opcodes.push((opcode, last));
        let [second, rest @ ..] = rest else { break };
        if (second & 0x80 != 0) != masked {
            return None;
        }
        let wide = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if masked { 4 } else { 0 };
        if rest.len() < wide + mask {
            break;
        }
        let mut length = [0; 8];
        length[8 - wide..].copy_from_slice(&rest[..wide]);
        let length = match wide {
            0 => u64::from(second & 0x7f),
            _ => u64::from_be_bytes(length),
        };
        if length > i64::MAX.unsigned_abs() || (is_control && (length > 125 || !last)) {
            return None;
        }
        frames += 1;
        let payload = usize::try_from(length).unwrap_or(usize::MAX);
        bytes = rest[wide + mask..].get(payload..).unwrap_or_default();
    }
    Some(frames)
}

/// Decodes the escapes once.
fn decode(text: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(text);
    decoded.decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Pieces that mean something, one after another, with anything between them.
    fn made_of(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            6 => proptest::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
            1 => vec(any::<u8>(), 0..4),
            1 => "[a-zA-Z0-9%./;?&=_ -]{0,6}".prop_map(String::into_bytes),
        ];
        vec(piece, 0..16).prop_map(|pieces| pieces.concat())
    }

    const OF_PATHS: &[&str] = &[
        "/v1/tenants/acme",
        "/",
        "..",
        ".",
        "%2e",
        "%2F",
        "%5C",
        "%00",
        "%C3%B1",
        "%20",
        "//",
        ";",
        "\\",
        "?",
        "#",
        "secrets",
        "SECRETS",
        "secrets.csv",
        "secrets(1)",
        "secrets:download",
        "%3F",
        "-",
        "(",
        "exports",
        "bolt",
        "acme",
        "tenant_id=acme",
        "tenant_id=bolt",
        "&",
        "%74enant_id=bolt",
        "a",
        "%",
        "%zz",
        "%7F",
        "%09",
        "%FF",
        "%C0%AE",
        "%u0073",
    ];
    const OF_HEADS: &[&str] = &[
        "GET /a HTTP/1.1\r\n",
        "POST /b HTTP/1.1\r\n",
        "GET /aaaaaaaaaaaa HTTP/1.1\r\n",
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "Host: g\r\n",
        "host:h\r\n",
        "\r\n",
        "\n",
        "Content-Length: 3\r\n",
        "Content-Length: 3, 3\r\n",
        "Content-Length:\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "abc",
        " ",
        "\t",
        ":",
        "X: y\r\n",
        " folded\r\n",
        "X : y\r\n",
        "\0",
        "Authorization: Bearer a\r\n",
        "HTTP/1.0",
    ];

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: ProptestConfig::default().cases * 8,
            ..ProptestConfig::default()
        })]

        #[test]
        fn a_target_that_passes_reads_one_way(path in made_of(OF_PATHS)) {
            target(&[b"/", &path[..]].concat());
            target(&path);
        }

        #[test]
        fn only_what_a_rule_permits_in_canonical_form_passes(
            method in "(GET|HEAD|OPTIONS|POST|PUT|DELETE|PATCH|get)",
            path in made_of(OF_PATHS),
        ) {
            let own = [method.as_bytes(), b" /v1/tenants/acme/", &path].concat();
            request(&own);
            request(&[method.as_bytes(), b" ", &path].concat());
        }

        #[test]
        fn heads_are_followed_however_they_arrive_and_read_as_the_library_reads_them(
            bytes in made_of(OF_HEADS), sound in any::<bool>(),
        ) {
            let begin: &[u8] = if sound { b"GET /a HTTP/1.1\r\nHost: g\r\n" } else { b"" };
            head(&[begin, &bytes, b"\r\n"].concat());
        }

        #[test]
        fn only_heads_that_are_too_long_are_shortened(parts in vec(made_of(OF_HEADS), 1..4)) {
            short_heads(&parts.concat());
        }

        #[test]
        fn frames_are_counted_however_they_arrive(
            masked in any::<bool>(),
            parts in vec((any::<u8>(), 0_usize..140, any::<bool>(), vec(any::<u8>(), 0..6)), 0..5),
        ) {
            let mut bytes = vec![u8::from(masked)];
            for (first, length, sound, noise) in parts {
                if sound {
                    bytes.push([0x81, 0x82, 0x01, 0x00, 0x80, 0x89, 0x8a, 0x88][usize::from(first) % 8]);
                    bytes.push(u8::from(masked) << 7 | u8::try_from(length.min(125)).unwrap());
                    let mask = if masked { 4 } else { 0 };
                    bytes.extend(vec![first; mask + length.min(125)]);
                } else {
                    bytes.extend(noise);
                }
            }
            frames(&bytes);
        }
    }
}
