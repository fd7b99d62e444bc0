//! Reads posted forms strictly: nothing is guessed, replaced or dropped.

use app::{
    domain::{
        StaffId,
        caller::{Caller, Context},
        form::{self, Fields},
        policy::unauthenticated,
        problem::{Problem, ProblemCode},
        saved_text::without_mark,
    },
    paths,
};
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header::CONTENT_TYPE};
use serde::{Serialize, de::DeserializeOwned};

use super::Forms;
use crate::{
    extract::Refusal,
    middleware::{
        body_limit::{LIMIT, too_large},
        cookie,
        limit::OverLimit,
    },
};

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// A form that was posted. It may hold passwords: no `Debug`.
pub(crate) struct Posted<F> {
    /// The form, or why it is refused: unreadable fields, too many forms in a short time, or a page
    /// that only wants it kept until someone has signed in.
    pub(crate) form: Result<F, Problem>,
    pub(crate) typed: Typed,
}

/// What was typed, and by whom.
pub(crate) struct Typed {
    /// The fields to show again if the form is refused.
    pub(crate) kept: Fields,
    /// The token of the sign-in that it came with, which may have ended.
    pub(crate) sign_in: Option<String>,
    /// The person for whom the page with the form was made, if the form says so.
    pub(crate) person: Option<StaffId>,
}

impl Typed {
    /// The first value of a field.
    pub(crate) fn first(&self, name: &str) -> Option<&String> {
        self.kept.get(name)?.first()
    }
}

impl<F: Serialize + DeserializeOwned + Default> FromRequest<Forms> for Posted<F> {
    type Rejection = Refusal;

    async fn from_request(request: Request, forms: &Forms) -> Result<Self, Refusal> {
        check_media_type(request.headers())?;
        let is_kept_only = match request.uri().query() {
            None => false,
            Some(paths::KEEP) => true,
            // A form that was only to be kept must not act.
            Some(_) => {
                let detail = "This address is that of no form. Nothing was done.";
                return Err(Problem::new(ProblemCode::MalformedRequest, detail).into());
            }
        };
        let sign_in = cookie::token_of(request.headers());
        let caller = request
            .extensions()
            .get()
            .map(|context: &Context| context.caller.clone());
        let over_limit = request.extensions().get::<OverLimit>().cloned();
        let body = axum::body::to_bytes(request.into_body(), LIMIT)
            .await
            .map_err(|_| too_large())?;
        let mut fields = parse(&body)?;
        let person = person_of_page(forms, &mut fields).await?;
        let is_of_another = matches!(
            (person, caller),
            (Some(person), Some(Caller::Staff(staff))) if staff.staff_id != person
        );
        if is_of_another {
            // Nobody acts with another person's words, or gets to see them.
            fields.clear();
        }
        Ok(Self {
            form: match over_limit {
                _ if is_of_another => Err(filled_in_by_another()),
                Some(OverLimit(problem)) => Err(problem),
                None if is_kept_only => Err(unauthenticated()),
                None => form::read(&fields),
            },
            typed: Typed {
                kept: form::without_secrets::<F>(fields),
                sign_in,
                person,
            },
        })
    }
}

/// Takes out which sign-in the form's page was made for, and says whose it is. It is no proof of anything.
async fn person_of_page(forms: &Forms, fields: &mut Fields) -> Result<Option<StaffId>, Problem> {
    let id = match fields.remove(form::WRITTEN_IN).as_deref() {
        Some([id]) => id.parse().ok(),
        _ => None,
    };
    match id {
        Some(id) => Ok(forms.staff_sessions.holder_of_id(id).await?),
        None => Ok(None),
    }
}

fn filled_in_by_another() -> Problem {
    let detail = "Nothing was done: someone else filled in this form, before you signed in with this browser.";
    Problem::new(ProblemCode::Conflict, detail)
}

fn parse(body: &[u8]) -> Result<Fields, Problem> {
    let mut fields = Fields::new();
    // Also percent-encoded, as a program sends it that has read it from a file.
    let body = without_mark(body);
    let body = body.strip_prefix(b"%EF%BB%BF").unwrap_or(body);
    for pair in body.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |b| *b == b'=');
        let name = decode(halves.next().unwrap_or_default())
            .ok_or_else(|| Problem::invalid_field("form", "has a field with an unreadable name"))?;
        let value = decode(halves.next().unwrap_or_default())
            .ok_or_else(|| Problem::invalid_field(&name, "is not percent-encoded UTF-8"))?;
        fields.entry(name).or_default().push(value);
    }
    Ok(fields)
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

/// Percent-decoding (URL Standard, application/x-www-form-urlencoded), but it fails on broken input
/// instead of replacing it.
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

    #[test]
    fn fields_are_read_as_browsers_write_them() {
        let fields = parse(b"reason=a+b%2B%C3%B1%0D%0A&scopes=x&scopes=y&empty=&bare").unwrap();
        assert_eq!(fields["reason"], ["a b+ñ\r\n"]);
        assert_eq!(fields["scopes"], ["x", "y"]);
        assert_eq!(fields["empty"], [""]);
        assert_eq!(fields["bare"], [""]);
        assert!(!fields.contains_key("missing"));
        for mark in [&b"\xEF\xBB\xBF"[..], b"%EF%BB%BF"] {
            let fields = parse(&[mark, b"reason=a"].concat()).unwrap();
            assert_eq!(
                fields["reason"],
                ["a"],
                "a byte order mark is no part of a name"
            );
        }
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
            let problem = parse(body.as_bytes()).unwrap_err();
            assert!(problem.field("reason").is_some(), "{body}");
        }
        assert!(parse(b"reason=\xff").is_err());
        assert!(parse(b"%FF=a").is_err());
    }
}
