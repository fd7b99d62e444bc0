//! Whether the head of an upstream's answer has one meaning.

use http::{HeaderValue, Response, Version, header};

use super::UpstreamError;

/// Refuses an answer if two readers may see its end in different places (RFC 9112 §6.1, §6.3).
pub(super) fn check<B>(response: &Response<B>) -> Result<(), UpstreamError> {
    let headers = response.headers();
    let lengths = headers.get_all(header::CONTENT_LENGTH).iter().count();
    let mut encodings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let ambiguous = match (encodings.next(), encodings.next()) {
        (None, _) if lengths > 1 => "it has more than one Content-Length",
        // The library reads a list of equal numbers as one number.
        (None, _) if !is_number(headers.get(header::CONTENT_LENGTH)) => {
            "its Content-Length is not one number"
        }
        (None, _) => return Ok(()),
        (Some(_), _) if lengths > 0 => "it has both Content-Length and Transfer-Encoding",
        (Some(_), Some(_)) => "it has more than one Transfer-Encoding",
        (Some(_), None) if response.version() != Version::HTTP_11 => {
            "Transfer-Encoding is of HTTP/1.1"
        }
        (Some(only), None) if only.as_bytes().eq_ignore_ascii_case(b"chunked") => return Ok(()),
        (Some(_), None) => "its Transfer-Encoding is not 'chunked'",
    };
    Err(UpstreamError::Ambiguous(ambiguous))
}

fn is_number(length: Option<&HeaderValue>) -> bool {
    length.is_none_or(|length| length.as_bytes().iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_one_framing() {
        for (fields, sound) in [
            (&[][..], true),
            (&[("content-length", "1")], true),
            (&[("transfer-encoding", "Chunked")], true),
            (&[("content-length", "1"), ("content-length", "1")], false),
            (&[("content-length", "1, 1")], false),
            (
                &[("content-length", "1"), ("transfer-encoding", "chunked")],
                false,
            ),
            (
                &[
                    ("transfer-encoding", "chunked"),
                    ("transfer-encoding", "chunked"),
                ],
                false,
            ),
            (&[("transfer-encoding", "gzip, chunked")], false),
            (&[("transfer-encoding", "identity")], false),
        ] {
            let mut response = Response::new(());
            for (name, value) in fields {
                response
                    .headers_mut()
                    .append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(check(&response).is_ok(), sound, "{fields:?}");
        }
    }
}
