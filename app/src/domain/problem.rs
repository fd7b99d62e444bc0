//! The one error that crosses to the browser and to REST callers.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

text_enum! {
    /// A problem's stable code.
    pub enum ProblemCode {
        /// A field has a value that is not allowed. `fields` names each.
        InvalidInput = "invalid_input",
        /// A page cursor was edited, belongs to another list, or is too old.
        InvalidCursor = "invalid_cursor",
        /// The request is unreadable: broken JSON, broken UTF-8, two keys at once.
        MalformedRequest = "malformed_request",
        /// No one is signed in, or the key is unknown or revoked.
        Unauthenticated = "unauthenticated",
        /// The password must be changed before anything else.
        PasswordChangeRequired = "password_change_required",
        /// This act needs a more recent sign-in.
        SignInTooOld = "sign_in_too_old",
        /// The caller may not do this.
        Forbidden = "forbidden",
        /// It doesn't exist, or the caller may not know of it.
        NotFound = "not_found",
        /// The thing is no longer, or not yet, in the state that this act needs.
        Conflict = "conflict",
        /// The body is larger than allowed.
        TooLarge = "too_large",
        /// The method is not allowed here.
        MethodNotAllowed = "method_not_allowed",
        /// The media type of the body is not understood.
        UnsupportedMediaType = "unsupported_media_type",
        /// A named scope does not exist in the configuration.
        UnknownScope = "unknown_scope",
        /// The staff member already holds as many active support sessions as allowed.
        TooManySupportSessions = "too_many_support_sessions",
        /// Too many attempts. Try again later.
        RateLimited = "rate_limited",
        /// The store or another needed part does not answer.
        Unavailable = "unavailable",
        /// An internal error. The request ID leads to the log line.
        Internal = "internal",
    }
}

impl ProblemCode {
    /// The HTTP status of this problem (RFC 9110 §15).
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidCursor | Self::MalformedRequest => 400,
            Self::InvalidInput | Self::UnknownScope => 422,
            Self::Unauthenticated => 401,
            Self::PasswordChangeRequired | Self::SignInTooOld | Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict | Self::TooManySupportSessions => 409,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::RateLimited => 429,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }
}

/// One field that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// The field as the caller named it; `[3].status` for a member of a list.
    pub field: String,
    /// A sentence for the person who filled it in.
    pub message: String,
}

/// The answer to the caller: a code, a sentence, the fields. Never the text of an internal error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{detail}")]
pub struct Problem {
    /// The code that programs can rely on.
    pub code: ProblemCode,
    /// A sentence for people.
    pub detail: String,
    /// The fields that were refused, in the order of the form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// The ID of the request, for reading the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// After how many seconds trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

impl Problem {
    /// Whether the same request may succeed soon.
    pub const fn is_passing(&self) -> bool {
        matches!(
            self.code,
            ProblemCode::RateLimited | ProblemCode::Unavailable | ProblemCode::Internal
        )
    }

    /// A problem with a code and a sentence.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            fields: Vec::new(),
            request_id: None,
            retry_after_seconds: None,
        }
    }

    /// A problem with every refused field.
    pub fn invalid(fields: Vec<FieldProblem>) -> Self {
        let detail = match fields.as_slice() {
            [one] => format!("{}: {}.", one.field, one.message),
            many => format!("{} fields need attention.", many.len()),
        };
        Self {
            fields,
            ..Self::new(ProblemCode::InvalidInput, detail)
        }
    }

    /// A problem with one refused field.
    pub fn invalid_field(field: &str, message: impl ToString) -> Self {
        Self::invalid(vec![FieldProblem {
            field: field.into(),
            message: message.to_string(),
        }])
    }

    /// It doesn't exist, or the caller may not know of it.
    pub fn not_found(what: &str) -> Self {
        let mut detail = format!("{what} not found.");
        if let Some(first) = detail.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self::new(ProblemCode::NotFound, detail)
    }

    /// The caller may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::Forbidden, detail)
    }

    /// What stands above a form that says at each of these fields what is wrong with it: everything else.
    pub fn beside(mut self, shown: &[&str]) -> Option<Self> {
        if self.code != ProblemCode::InvalidInput || self.fields.is_empty() {
            return Some(self);
        }
        let others = self.fields.iter();
        let others = others.filter(|other| !shown.contains(&other.field.as_str()));
        let others: Vec<_> = others
            .map(|other| format!("{} {}.", other.field, other.message))
            .collect();
        if others.is_empty() {
            return None;
        }
        self.detail = format!("Nothing was done: {}", others.join(" "));
        Some(self)
    }

    /// The message of one field, if it was refused.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|f| f.field == name)
            .map(|f| f.message.as_str())
    }
}

/// A problem as it is sent to programs (RFC 9457).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProblemDocument {
    /// Always `about:blank`. See `code` for the kind of problem.
    pub r#type: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// A sentence for people.
    pub detail: Cow<'static, str>,
    /// The stable code.
    #[cfg_attr(feature = "openapi", schema(value_type = ProblemCode))]
    pub code: &'static str,
    /// The fields that were refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// The request's ID, for reading the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// After how many seconds trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

/// Collects the problems of a form's fields, so that all are shown together.
#[derive(Debug, Default)]
pub struct FieldProblems(Vec<FieldProblem>);

impl FieldProblems {
    /// Keeps the error of one field and gives the value of a good one.
    pub fn take<T, E: ToString>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(field, error);
                None
            }
        }
    }

    /// The same for a field that may be left out.
    pub fn take_some<T, E: ToString>(
        &mut self,
        field: &str,
        given: Option<T>,
        check: impl FnOnce(T) -> Result<T, E>,
    ) -> Option<T> {
        given.and_then(|given| self.take(field, check(given)))
    }

    /// Keeps the error of one field. Its value then is of no use: [`Self::finish`] fails.
    pub fn checked<T: Default, E: ToString>(&mut self, field: &str, result: Result<T, E>) -> T {
        self.take(field, result).unwrap_or_default()
    }

    /// The value, or `None` with what is wrong with its fields added.
    pub fn also<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        let problem = match result {
            Ok(value) => return Some(value),
            Err(problem) => problem,
        };
        for field in problem.fields {
            self.add(&field.field, field.message);
        }
        None
    }

    /// Adds a problem of one field.
    pub fn add(&mut self, field: &str, message: impl ToString) {
        self.0.push(FieldProblem {
            field: field.into(),
            message: message.to_string(),
        });
    }

    /// The problem that names all of them, if there is any.
    pub fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(self.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_field_of_the_form_says_stands_above_it() {
        let of = |fields: &[&str]| {
            let field = |name: &&str| FieldProblem {
                field: (*name).to_owned(),
                message: "is wrong".to_owned(),
            };
            Problem::invalid(fields.iter().map(field).collect())
        };
        let shown = ["reason", "ticket"];
        assert_eq!(of(&["reason", "ticket"]).beside(&shown), None);
        for (fields, said) in [
            (
                &["idempotency_key"][..],
                "Nothing was done: idempotency_key is wrong.",
            ),
            (&["reason", "role"], "Nothing was done: role is wrong."),
            (
                &["a", "ticket", "b"],
                "Nothing was done: a is wrong. b is wrong.",
            ),
        ] {
            assert_eq!(of(fields).beside(&shown).unwrap().detail, said);
        }
        let other = Problem::new(ProblemCode::Conflict, "Ended.");
        assert_eq!(other.clone().beside(&shown), Some(other));
        let general = Problem::new(ProblemCode::InvalidInput, "Unreadable.");
        assert_eq!(general.clone().beside(&shown), Some(general));
    }
}
