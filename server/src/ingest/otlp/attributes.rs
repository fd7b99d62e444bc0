//! The attributes that are read, by the semantic conventions for HTTP: the stable names (since
//! 1.23) come before the older ones, because some programs send both.

use std::borrow::Cow;

pub(super) const STATUS: [&str; 2] = ["http.response.status_code", "http.status_code"];
pub(super) const METHOD: [&str; 2] = ["http.request.method", "http.method"];
/// The method, where [`METHOD`] is `_OTHER`.
pub(super) const ORIGINAL_METHOD: &str = "http.request.method_original";
/// Routes and paths. The last two can have a query, the last one begins with scheme and host.
pub(super) const PATH: [&str; 4] = ["http.route", "url.path", TARGET, URL];
pub(super) const TARGET: &str = "http.target";
pub(super) const URL: &str = "http.url";
/// The request's identifier. Instrumentations write the name of a captured field in two ways.
pub(super) const REQUEST_ID: [&str; 3] = [
    "support_console.request_id",
    "http.request.header.x-request-id",
    "http.request.header.x_request_id",
];
/// Why a call failed.
pub(super) const ERROR: &str = "error.type";

/// The names of attributes that are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'n> {
    tenant: &'n [String],
}

impl<'n> Names<'n> {
    /// With the names of attributes that name the tenant.
    pub(super) const fn new(tenant: &'n [String]) -> Self {
        Self { tenant }
    }

    pub(super) const fn tenant(self) -> &'n [String] {
        self.tenant
    }

    pub(super) fn is_read(self, name: &[u8]) -> bool {
        let is = |known: &&str| known.as_bytes() == name;
        STATUS.iter().any(is)
            || METHOD.iter().any(is)
            || PATH.iter().any(is)
            || REQUEST_ID.iter().any(is)
            || [ORIGINAL_METHOD, ERROR].iter().any(is)
            || self.tenant.iter().any(|known| known.as_bytes() == name)
    }
}

/// The value of an attribute. A list stands for its first member, because the values of a captured
/// field come as a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Whole(i64),
    Other,
}

impl<'a> Value<'a> {
    /// The value as text. `None` if it is empty, or neither a text nor a whole number.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text.trim())
                .filter(|text| !text.is_empty())
                .map(Cow::Borrowed),
            Self::Whole(number) => Some(Cow::Owned(number.to_string())),
            Self::Other => None,
        }
    }
}

/// The attributes of a call, or of what it belongs to, as far as they are read.
#[derive(Debug, Default)]
pub(super) struct Attributes<'a>(Vec<(&'a str, Value<'a>)>);

impl<'a> Attributes<'a> {
    /// Adds an attribute. Of several with the same name, only the first is kept, because these lists
    /// are searched for each call.
    pub(super) fn add(&mut self, name: &'a str, value: Value<'a>) {
        if self.get(name).is_none() {
            self.0.push((name, value));
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<Value<'a>> {
        let mut all = self.0.iter();
        all.find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    }

    /// The first of these that is there.
    pub(super) fn first(&self, names: &[&str]) -> Option<Value<'a>> {
        names.iter().find_map(|name| self.get(name))
    }

    /// The first of these that is there and not empty, with its name.
    pub(super) fn first_text<'n>(&self, names: &[&'n str]) -> Option<(&'n str, Cow<'a, str>)> {
        names
            .iter()
            .find_map(|name| Some((*name, self.get(name)?.text()?)))
    }
}
