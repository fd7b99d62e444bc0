//! The fields of a plain form, read strictly: nothing is guessed, replaced or dropped.

use std::collections::BTreeMap;

use app::domain::problem::{FieldProblems, Problem, ProblemCode};
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header::CONTENT_TYPE};

use crate::{
    extract::Refusal,
    middleware::body_limit::{LIMIT, too_large},
};

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// The input by field, to be shown again.
pub(super) type Kept = BTreeMap<String, Vec<String>>;

/// The fields of a form in their order. They may contain passwords: no `Debug`.
pub(super) struct Fields(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        check_media_type(request.headers())?;
        let body = axum::body::to_bytes(request.into_body(), LIMIT)
            .await
            .map_err(|_| too_large())?;
        Ok(Self::parse(&body)?)
    }
}

impl Fields {
    fn parse(body: &[u8]) -> Result<Self, Problem> {
        let mut fields = Vec::new();
        for pair in body.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |b| *b == b'=');
            let name = decode(halves.next().unwrap_or_default()).ok_or_else(|| {
                Problem::invalid_field("form", "has a field with an unreadable name")
            })?;
            let value = decode(halves.next().unwrap_or_default())
                .ok_or_else(|| Problem::invalid_field(&name, "is not percent-encoded UTF-8"))?;
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// Refuses fields that the form does not have, and those that come twice although they have
    /// one value.
    pub(super) fn only(&self, single: &[&str], repeated: &[&str]) -> Result<(), Problem> {
        let mut problems = FieldProblems::default();
        for (at, (name, _)) in self.0.iter().enumerate() {
            let came_before = self.0[..at].iter().any(|(before, _)| before == name);
            if came_before {
                if single.contains(&name.as_str()) {
                    problems.add(name, "was given more than once");
                }
            } else if !single.contains(&name.as_str()) && !repeated.contains(&name.as_str()) {
                problems.add(name, "is not a field of this form");
            }
        }
        problems.finish()
    }

    /// The value of a field; empty where it is missing.
    pub(super) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value)
    }

    /// Every value of a field.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(field, _)| field == name);
        values.map(|(_, value)| value.clone()).collect()
    }

    /// The input of the named fields, never of passwords.
    pub(super) fn keep(&self, names: &[&str]) -> Kept {
        names
            .iter()
            .map(|name| ((*name).to_owned(), self.all(name)))
            .filter(|(_, values)| !values.is_empty())
            .collect()
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok()?.split(';').next())
        .map(str::trim);
    if media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case(MEDIA_TYPE)) {
        Ok(())
    } else {
        let detail = format!("Send this form as {MEDIA_TYPE}.");
        Err(Problem::new(ProblemCode::UnsupportedMediaType, detail))
    }
}

/// Percent-decoding (URL Standard, application/x-www-form-urlencoded) that rejects invalid UTF-8.
fn decode(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(*rest.next()?)? * 16 + hex_digit(*rest.next()?)?,
            other => *other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Fields {
        Fields::parse(body.as_bytes()).unwrap_or_else(|problem| panic!("{problem}"))
    }

    #[test]
    fn fields_are_read_as_browsers_write_them() {
        let fields = parse("reason=a+b%2B%C3%B1%0D%0A&scopes=x&scopes=y&empty=&bare");
        assert_eq!(fields.text("reason"), "a b+ñ\r\n");
        assert_eq!(fields.all("scopes"), ["x", "y"]);
        assert_eq!(fields.text("empty"), "");
        assert_eq!(fields.text("bare"), "");
        assert_eq!(fields.text("missing"), "");
    }

    #[test]
    fn what_is_broken_is_refused_by_name() {
        for body in [
            "reason=%",
            "reason=%4",
            "reason=%zz",
            "reason=%FF",
            "reason=%C3",
        ] {
            let problem = Fields::parse(body.as_bytes()).err().unwrap();
            assert!(problem.field("reason").is_some(), "{body}");
        }
        assert!(Fields::parse(b"reason=\xff").is_err());
        assert!(Fields::parse(b"%FF=a").is_err());
    }

    #[test]
    fn unknown_and_repeated_fields_are_named() {
        let fields = parse("reason=a&reason=b&scopes=x&scopes=y&role=super_admin");
        let problem = fields.only(&["reason"], &["scopes"]).unwrap_err();
        let named: Vec<_> = problem.fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(named, ["reason", "role"]);
        assert!(parse("scopes=x").only(&["reason"], &["scopes"]).is_ok());
    }

    #[test]
    fn passwords_are_kept_by_no_one_who_does_not_name_them() {
        let kept = parse("email=a&password=b").keep(&["email", "next"]);
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["email"]);
    }
}
