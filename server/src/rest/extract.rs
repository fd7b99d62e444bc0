//! Extractors for handlers. An unreadable request becomes a problem that names the field.

use std::io::Read;

use app::domain::{
    at_fault::{field_and_message, shortened},
    problem::{Problem, ProblemCode},
    saved_text::without_mark,
};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, RawPathParams, Request},
};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, HeaderValue, header, request::Parts};
use serde::de::{DeserializeOwned, value::MapDeserializer};
use zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode;

use super::error::{CODING, RestProblem};
use crate::middleware::context::GivenKey;

/// The largest body of anything but telemetry, in bytes.
const BODY_MAX: usize = 2 * 1024 * 1024;
/// The largest form, in bytes.
const FORM_MAX: usize = 64 * 1024;
/// The binary logarithm of how far back a zstd body may refer: 8 MiB, which every sender has to stay
/// within (RFC 9659). It limits what unpacking keeps in memory.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
const TOO_WIDE: &str = "The body's zstd window is too large. The limit is 8 MiB.";

/// The parts of the address.
pub(crate) struct RestPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for RestPath<T> {
    type Rejection = RestProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, RestProblem> {
        let parts = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| malformed("The address must be UTF-8."))?;
        let named: Vec<(String, String)> = parts
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let named = MapDeserializer::<_, serde::de::value::Error>::new(named.into_iter());
        let value = serde_path_to_error::deserialize(named).map_err(|error| {
            field_problem(&error.path().to_string(), &error.inner().to_string())
        })?;
        Ok(Self(value))
    }
}

/// The query string. Names that the endpoint does not know are refused.
pub(crate) struct RestQuery<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for RestQuery<T> {
    type Rejection = RestProblem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, RestProblem> {
        Ok(parse_query(parts.uri.query().unwrap_or_default()).map(Self)?)
    }
}

fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    parse_pairs(query, "The query string must be UTF-8.")
}

/// Parses `a=1&b=2`. `not_utf8` is the message for invalid UTF-8.
fn parse_pairs<T: DeserializeOwned>(text: &str, not_utf8: &str) -> Result<T, Problem> {
    // The decoder would replace invalid UTF-8 by U+FFFD.
    if percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .is_err()
    {
        return Err(malformed(not_utf8));
    }
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs))
        .map_err(|error| field_problem(&error.path().to_string(), &error.inner().to_string()))
}

pub(crate) struct RestJson<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for RestJson<T> {
    type Rejection = RestProblem;

    async fn from_request(request: Request, _: &S) -> Result<Self, RestProblem> {
        if media_type(request.headers()).as_deref() != Some("application/json") {
            return Err(unsupported("application/json").into());
        }
        let body = read_body(request, BODY_MAX).await?;
        // An array would else be read as the fields of an object in their order.
        if body.trim_ascii_start().starts_with(b"[") {
            return Err(Problem::invalid_field("body", "must be an object").into());
        }
        Ok(parse_json(&body).map(Self)?)
    }
}

/// A form. Names that the endpoint does not know are for it to refuse.
pub(crate) struct RestForm<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for RestForm<T> {
    type Rejection = RestProblem;

    async fn from_request(request: Request, _: &S) -> Result<Self, RestProblem> {
        const FORM: &str = "application/x-www-form-urlencoded";
        if media_type(request.headers()).as_deref() != Some(FORM) {
            return Err(unsupported(FORM).into());
        }
        let body = read_body(request, FORM_MAX).await?;
        let text = std::str::from_utf8(&body).map_err(|_| malformed("The form must be UTF-8."))?;
        Ok(parse_pairs(text, "The form must be UTF-8.").map(Self)?)
    }
}

/// Reads JSON, naming the field at fault.
pub(crate) fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| malformed("The body must be UTF-8."))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let inner = error.inner();
        // If a name is expected and the value is not a text, the reader says that it is not JSON.
        if inner.is_data() || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
            field_problem(&error.path().to_string(), &inner.to_string())
        } else {
            malformed(format!(
                "The body is not JSON: {}.",
                shortened(&inner.to_string())
            ))
        }
    })?;
    deserializer
        .end()
        .map_err(|_| malformed("The body is not JSON: there is more after its end."))?;
    Ok(value)
}

fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemCode::MalformedRequest, detail)
}

/// The problem of one field: the one at `path`, or the one quoted in the message if it is missing,
/// unknown or given twice.
pub(crate) fn field_problem(path: &str, message: &str) -> Problem {
    let (field, message) = field_and_message(path, message);
    Problem::invalid_field(&field, message)
}

/// The media type of the body, in lower case and without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next()?.trim();
    Some(essence.to_ascii_lowercase())
}

/// The answer to a body of another media type.
pub(crate) fn unsupported(wanted: &str) -> Problem {
    Problem::new(
        ProblemCode::UnsupportedMediaType,
        format!("Send the body as {wanted} and set Content-Type."),
    )
}

fn too_large(max: usize) -> Problem {
    Problem::new(
        ProblemCode::TooLarge,
        format!("The body is too large. The limit is {max} bytes."),
    )
}

/// The whole body, unpacked, up to `max` bytes, if its key still counts once it has arrived.
pub(crate) async fn read_body(request: Request, max: usize) -> Result<Bytes, Problem> {
    receive_body(request, max).await?.unpack()
}

/// The same body as it was sent, to unpack where that may take long.
pub(crate) async fn receive_body(request: Request, max: usize) -> Result<Sent, Problem> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max as u64) {
        return Err(too_large(max));
    }
    let packing = packing(request.headers())?;
    let key = request.extensions().get::<GivenKey>().cloned();
    let sent = axum::body::to_bytes(request.into_body(), max)
        .await
        .map_err(|error| {
            let over = std::error::Error::source(&error)
                .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>);
            if over {
                too_large(max)
            } else {
                malformed("The body ended before it was complete.")
            }
        })?;
    if let Some(key) = key {
        key.still_counts().await?;
    }
    Ok(Sent {
        bytes: sent,
        packing,
        max,
    })
}

/// A body as it was sent.
pub(crate) struct Sent {
    bytes: Bytes,
    packing: Option<Packing>,
    /// How many bytes it may have once it is unpacked.
    max: usize,
}

impl Sent {
    pub(crate) fn unpack(self) -> Result<Bytes, Problem> {
        let Self {
            bytes: sent,
            packing,
            max,
        } = self;
        let Some(packing) = packing else {
            return Ok(sent.slice_ref(without_mark(&sent)));
        };
        let unpacked = packing
            .unpack(&sent, max)
            .map_err(|error| match is_wide(&error) {
                true => Problem::new(ProblemCode::TooLarge, TOO_WIDE),
                false => malformed(format!("The body is not {}.", packing.name())),
            })?;
        if unpacked.len() > max {
            return Err(too_large(max));
        }
        let unpacked = Bytes::from(unpacked);
        Ok(unpacked.slice_ref(without_mark(&unpacked)))
    }
}

/// Whether unpacking failed because a zstd body wants too much memory for it.
fn is_wide(error: &std::io::Error) -> bool {
    let error = error.get_ref();
    error
        .and_then(|error| error.downcast_ref::<zstd::Error>())
        .is_some_and(|error| error.is(ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge))
}

/// How a body is packed.
#[derive(Debug, Clone, Copy)]
enum Packing {
    Gzip,
    Zstd,
}

/// How the body is packed, if it is. Another coding is refused: what was not undone must not be read (RFC 9110 §8.4).
fn packing(headers: &HeaderMap) -> Result<Option<Packing>, Problem> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let coding = codings.next().map_or(&b""[..], HeaderValue::as_bytes);
    let coding = coding.trim_ascii().to_ascii_lowercase();
    match (coding.as_slice(), codings.next()) {
        (b"" | b"identity", None) => Ok(None),
        (b"gzip" | b"x-gzip", None) => Ok(Some(Packing::Gzip)),
        (b"zstd", None) => Ok(Some(Packing::Zstd)),
        _ => Err(Problem {
            code: ProblemCode::UnsupportedMediaType,
            ..Problem::invalid_field(
                CODING,
                "must be gzip or zstd, or left out. Nothing else is unpacked",
            )
        }),
    }
}

impl Packing {
    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Unpacks at most one byte more than `max`, so that a small body can't fill the memory.
    fn unpack(self, body: &[u8], max: usize) -> std::io::Result<Vec<u8>> {
        let reader: Box<dyn Read + '_> = match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(body)),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(body)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
        };
        let mut unpacked = Vec::new();
        let at_most = (max as u64).saturating_add(1);
        reader.take(at_most).read_to_end(&mut unpacked)?;
        Ok(unpacked)
    }
}

/// The `Idempotency-Key` of a request, if it has one.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut given = headers.get_all("idempotency-key").iter();
    let Some(value) = given.next() else {
        return Ok(None);
    };
    if given.next().is_some() {
        return Err(Problem::invalid_field(
            "Idempotency-Key",
            "must be given once",
        ));
    }
    match value.to_str() {
        Ok(text) => Ok(Some(text.to_owned())),
        Err(_) => Err(Problem::invalid_field(
            "Idempotency-Key",
            "must be 1 to 200 visible ASCII characters",
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only read")]
        limit: Option<u32>,
    }

    fn refused_field(query: &str) -> String {
        let problem = parse_query::<Sample>(query).unwrap_err();
        problem.fields.first().map_or_else(
            || problem.code.as_str().to_owned(),
            |field| field.field.clone(),
        )
    }

    #[test]
    fn every_refused_parameter_is_named() {
        assert_eq!(refused_field("limit=-1"), "limit");
        assert_eq!(refused_field("limit=1&limit=2"), "limit");
        assert_eq!(refused_field("page=2"), "page");
        assert_eq!(refused_field("limit=%FF"), "malformed_request");
    }

    #[test]
    fn json_that_is_broken_and_json_that_is_wrong_are_told_apart() {
        let code = |body: &[u8]| parse_json::<Sample>(body).unwrap_err().code;
        assert_eq!(code(b"{\"limit\":"), ProblemCode::MalformedRequest);
        assert_eq!(code(b"\xff"), ProblemCode::MalformedRequest);
        assert_eq!(code(b"{} {}"), ProblemCode::MalformedRequest);
        assert_eq!(code(b"{\"limit\":-1}"), ProblemCode::InvalidInput);
        let problem = parse_json::<Sample>(b"{\"limits\":1}").unwrap_err();
        assert!(problem.field("limits").is_some(), "{problem:?}");
    }

    #[test]
    fn what_json_does_not_allow_in_a_text_is_told_in_words() {
        for (body, why) in [
            (r#"{"slug":"\ud83d"}"#, "half of a character"),
            (r#"{"slug":"\udc00a"}"#, "half of a character"),
            ("{\"slug\":\"a\u{1}b\"}", "a control character"),
        ] {
            let read = parse_json::<std::collections::BTreeMap<String, String>>(body.as_bytes());
            let told = format!("{:?}", read.unwrap_err());
            assert!(told.contains(why), "{body}: {told}");
        }
    }

    #[tokio::test]
    async fn a_byte_order_mark_before_a_body_is_ignored() {
        let body = |text: &'static str| read_body(Request::new(text.into()), 100);
        assert_eq!(body("\u{FEFF}{}").await.unwrap(), "{}");
        assert_eq!(body("\u{FEFF}{}\n{}\n").await.unwrap(), "{}\n{}\n");
        assert_eq!(body("").await.unwrap(), "");
        assert_eq!(body("\u{FEFF}\u{FEFF}1").await.unwrap(), "\u{FEFF}1");
    }

    #[test]
    fn an_error_never_quotes_a_whole_body_back() {
        let body = format!("{{\"limit\":\"{}\"}}", "x".repeat(1_000_000));
        let problem = parse_json::<Sample>(body.as_bytes()).unwrap_err();
        assert!(problem.field("limit").unwrap().len() < 1_000);
        assert!(problem.detail.len() < 1_000);
    }
}
