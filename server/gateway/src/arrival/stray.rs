//! Finds tokens of ours in places where they must not be.

use http::{HeaderName, header};

use super::Arrival;
use crate::{headers::is_never_passed, token::holds_token};

/// The part of a request that holds such a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stray {
    Method,
    Target,
    Field,
}

impl Stray {
    pub(super) const fn detail(self) -> &'static str {
        match self {
            Self::Method => {
                "Don't put the token in the method. Send it in the Authorization header only."
            }
            Self::Target => {
                "Don't put the token in the URL. Send it in the Authorization header only."
            }
            Self::Field => {
                "Don't put the token in another header. Send it in the Authorization header only."
            }
        }
    }
}

impl Arrival {
    /// The part that holds a token of ours and would be forwarded.
    pub(super) fn stray_token(&self) -> Option<Stray> {
        let mut fields = self.headers.iter();
        if holds_token(self.method.as_str().as_bytes()) {
            Some(Stray::Method)
        } else if holds_token(&self.head.target) {
            Some(Stray::Target)
        } else if fields.any(|(name, value)| {
            holds_token(name.as_str().as_bytes())
                || (self.goes_on(name) && holds_token(value.as_bytes()))
        }) {
            Some(Stray::Field)
        } else {
            None
        }
    }

    /// Whether a field's value may reach the upstream. This names the exceptions, because a list of
    /// all others would miss one.
    fn goes_on(&self, name: &HeaderName) -> bool {
        match self.profile {
            // The proxy forwards all fields except credentials.
            Some(_) => *name != header::AUTHORIZATION && *name != header::COOKIE,
            // The request means the same without a browser's name, so it is forwarded without it.
            None => *name != header::USER_AGENT && !is_never_passed(name),
        }
    }
}
