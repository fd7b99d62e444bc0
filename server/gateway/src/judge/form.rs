//! A form that must be read before it may pass.

use std::sync::Arc;

use app::domain::{access_log::Refusal, scopes::ScopeName};
use http::{HeaderMap, header};

use super::{
    Permitted,
    denied::{Denied, wrong_organization, wrong_tenant},
    rule_set::RuleSet,
    selectors::{naming_another_in_form, overrides_method},
};
use crate::headers;

/// A request that may pass if its form neither overrides the method nor names another tenant.
#[derive(Debug, Clone)]
pub struct UncheckedForm {
    permitted: Permitted,
    rules: Vec<Arc<RuleSet>>,
}

impl UncheckedForm {
    /// The longest form, in bytes. It is held in memory until its record is committed.
    pub const MAX: usize = 64 * 1024;

    pub(super) fn new(permitted: Permitted, rules: Vec<Arc<RuleSet>>) -> Result<Self, Denied> {
        let headers = &permitted.request.headers;
        if has_body(headers) && !is_plain_form(headers) {
            let detail = "Send application/x-www-form-urlencoded in UTF-8 without a \
                          Content-Encoding.";
            return Err(Denied {
                status: 415,
                ..Denied::new(Refusal::MalformedRequest, detail)
            });
        }
        Ok(Self { permitted, rules })
    }

    /// The scope that allows the request if its form does.
    pub fn scope(&self) -> &ScopeName {
        self.permitted.scope()
    }

    /// Checks the whole body.
    ///
    /// # Errors
    ///
    /// If it says more than the rule permits.
    pub fn check(self, body: &[u8]) -> Result<Permitted, Denied> {
        let malformed = |detail: &'static str| Denied::new(Refusal::MalformedRequest, detail);
        let form = std::str::from_utf8(body).map_err(|_| malformed("The form is not UTF-8."))?;
        if form.bytes().any(|b| b.is_ascii_control()) {
            return Err(malformed(
                "The form has a control character that is not escaped.",
            ));
        }
        if overrides_method(form) {
            return Err(malformed("A form must not override the request's method."));
        }
        let session = &self.permitted.session;
        for rules in &self.rules {
            let tenant = session.tenant_id.as_str();
            if let Some(what) = naming_another_in_form(&rules.tenant, form, tenant) {
                return Err(wrong_tenant(&what));
            }
            if let Some(own) = &session.organization_id
                && let Some(what) = naming_another_in_form(&rules.organization, form, own.as_str())
            {
                return Err(wrong_organization(&what));
            }
        }
        Ok(self.permitted)
    }
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.contains_key(header::CONTENT_TYPE)
        || length.is_some_and(|length| length != "0")
}

/// Whether the body is a form that every parser reads in the same way.
fn is_plain_form(fields: &HeaderMap) -> bool {
    let only = headers::only(fields, header::CONTENT_TYPE);
    let Some(text) = only.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    let is_form = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    is_form
        && parts.all(|parameter| parameter.eq_ignore_ascii_case("charset=utf-8"))
        && !headers::recodes_body(fields)
}
