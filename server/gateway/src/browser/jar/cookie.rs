//! One cookie, as an upstream has set it.

use std::{borrow::Cow, cmp::Reverse};

use app::domain::Timestamp;
use chrono::TimeDelta;
use cookie::{Cookie, SameSite};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::{Asked, date};

/// How many bytes name and value may have together (RFC 6265 §6.1, and as in browsers).
const MAX_BYTES: usize = 4096;
/// How long a path may be. A longer one is ignored (RFC 6265bis §5.6).
const MAX_PATH: usize = 1024;
/// How long a cookie may be kept (RFC 6265bis §5.6.1).
const MAX_AGE: TimeDelta = TimeDelta::days(400);

/// A cookie in a jar. It is not `Debug`: it is a credential.
pub(super) struct Held {
    name: String,
    value: SecretString,
    /// Whether the upstream has sent it as UTF-8. Otherwise each character stands for a byte.
    is_utf8: bool,
    path: String,
    strict: bool,
    /// Whether scripts of the platform may read it (RFC 6265 §4.1.2.6).
    for_scripts: bool,
    expires_at: Option<Timestamp>,
    since: u64,
    used: u64,
}

/// Why a cookie is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Dropped {
    #[error("it is no cookie")]
    Malformed,
    #[error("name and value have more than 4096 bytes")]
    TooLarge,
    #[error(
        "it is for another domain; if the platform's users know the upstream by that domain, add \
         it to the upstream's public_urls"
    )]
    OtherDomain,
    #[error("it does not keep what its prefix (such as __Host- or __Secure-) promises")]
    Prefix,
    #[error(
        "the session has more than 180 cookies of this upstream, or 16 KiB of them, so the one that \
         was unused longest is dropped, with all parts of its value"
    )]
    Full,
}

/// Parses a `Set-Cookie` from an upstream that has these names.
pub(super) fn read(field: &HeaderValue, hosts: &[&str], asked: Asked<'_>) -> Result<Held, Dropped> {
    // A field may have any bytes above 7F (RFC 6265bis §5.6). They go back as they came.
    let bytes = field.as_bytes();
    let utf8 = std::str::from_utf8(bytes).ok().map(Cow::from);
    let is_utf8 = utf8.is_some();
    let text = utf8.unwrap_or_else(|| bytes.iter().copied().map(char::from).collect());
    let text = &*text;
    let nameless = without_name(text);
    let parsed = Cookie::parse(nameless.as_deref().unwrap_or(text));
    let cookie = parsed.map_err(|_| Dropped::Malformed)?;
    let (name, value) = match (&nameless, cookie.name_value()) {
        (Some(_), (_, "")) => return Err(Dropped::Malformed),
        (Some(_), (_, value)) => ("", value),
        (None, named) => named,
    };
    if name.len() + value.len() > MAX_BYTES {
        return Err(Dropped::TooLarge);
    }
    let may_set = |domain| hosts.iter().any(|host| belongs(host, domain));
    if !cookie.domain().is_none_or(may_set) {
        return Err(Dropped::OtherDomain);
    }
    if !keeps_its_prefix(&cookie) || (name.is_empty() && has_prefix(value)) {
        return Err(Dropped::Prefix);
    }
    Ok(Held {
        name: name.to_owned(),
        value: value.into(),
        is_utf8,
        path: path_of(&cookie, asked.path),
        strict: cookie.same_site() == Some(SameSite::Strict),
        for_scripts: cookie.http_only() != Some(true),
        expires_at: expiry(&cookie, text, asked.at),
        since: 0,
        used: 0,
    })
}

/// A field whose cookie has no name (`v` or `=v`, RFC 6265bis §5.6), with one for the parser.
fn without_name(field: &str) -> Option<String> {
    let (pair, attributes) = field.split_once(';').unwrap_or((field, ""));
    let value = match pair.split_once('=') {
        Some((name, value)) => name.trim().is_empty().then_some(value)?,
        None => pair,
    };
    Some(format!("-={};{attributes}", value.trim()))
}

/// Whether a value without a name would reach the upstream as a cookie with a prefix.
fn has_prefix(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ["__secure-", "__host-", "__http-", "__host-http-"]
        .iter()
        .any(|prefix| value.starts_with(prefix))
}

/// Whether `host` may set a cookie for `domain` (RFC 6265 §5.1.3).
fn belongs(host: &str, domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    let above = || host.strip_suffix(domain.as_str())?.strip_suffix('.');
    let is_address = || host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    domain.is_empty() || host == domain || (above().is_some() && !is_address())
}

/// The guarantees of `__Secure-`, `__Host-`, `__Http-` and `__Host-Http-` (RFC 6265bis §4.1.3), in any case (§5.6).
fn keeps_its_prefix(cookie: &Cookie<'_>) -> bool {
    let name = cookie.name().to_ascii_lowercase();
    let begins = |prefix: &&str| name.starts_with(*prefix);
    let is_secure = cookie.secure() == Some(true);
    let is_of_host = cookie.path() == Some("/") && cookie.domain().is_none();
    let is_hidden = cookie.http_only() == Some(true);
    (is_secure || !["__secure-", "__host-", "__http-"].iter().any(begins))
        && (is_of_host || !name.starts_with("__host-"))
        && (is_hidden || !["__http-", "__host-http-"].iter().any(begins))
}

/// RFC 6265 §5.2.4, or without a path §5.1.4 for the request's path.
fn path_of(cookie: &Cookie<'_>, asked: &str) -> String {
    let path = cookie.path();
    let path = path.filter(|path| path.starts_with('/') && path.len() <= MAX_PATH);
    let path = path.unwrap_or_else(|| match asked.rsplit_once('/') {
        None | Some(("", _)) => "/",
        Some((above, _)) => above,
    });
    path.to_owned()
}

/// `Max-Age` takes precedence over `Expires` (RFC 6265 §5.3, step 3). A cookie without either lasts
/// as long as the session. The library reads fewer dates than browsers do, so we read them
/// ourselves.
fn expiry(cookie: &Cookie<'_>, text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Some(age) = cookie.max_age() {
        let age =
            TimeDelta::try_seconds(age.whole_seconds()).map_or(MAX_AGE, |age| age.min(MAX_AGE));
        return now.checked_add_signed(age);
    }
    let attributes = text.split(';').skip(1);
    let dates = attributes.filter_map(|attribute| {
        let (name, value) = attribute.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("expires")
            .then(|| date::parse(value))?
    });
    dates.last()
}

impl Held {
    /// Whether the newer of the two replaces the older: a host has one cookie of a name and path.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.path == other.path
    }

    /// Whether both hold parts of one value.
    pub(super) fn is_part_with(&self, other: &Self) -> bool {
        let whole = whole_of(&self.name);
        whole.is_some() && whole == whole_of(&other.name) && self.path == other.path
    }

    pub(super) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    pub(super) fn fits(&self, asked: Asked<'_>) -> bool {
        !(self.strict && asked.cross_site) && is_below(asked.path, &self.path)
    }

    /// Whether scripts may read it, and it has one of these names.
    pub(super) fn is_readable(&self, names: &[String]) -> bool {
        self.for_scripts && names.contains(&self.name)
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name == name
    }

    /// The `Set-Cookie` that gives the browser this cookie, or removes it if it has expired. It
    /// ends with the browser at the latest.
    pub(super) fn mirror(&self, now: Timestamp) -> Option<HeaderValue> {
        let (name, path) = (&self.name, &self.path);
        let value = self.value.expose_secret();
        let gone = if self.has_expired(now) {
            "; Max-Age=0"
        } else {
            ""
        };
        let field = format!("{name}={value}; Path={path}; Secure; SameSite=Lax{gone}");
        HeaderValue::from_bytes(&self.as_sent(&field)).ok()
    }

    /// Longer paths first, then older cookies (RFC 6265 §5.4, step 2).
    pub(super) fn order(&self) -> (Reverse<usize>, u64) {
        (Reverse(self.path.len()), self.since)
    }

    /// Marks it as used now, for the first time if it is new.
    pub(super) fn touch(&mut self, tick: u64) {
        self.used = tick;
        if self.since == 0 {
            self.since = tick;
        }
    }

    pub(super) fn take_place_of(&mut self, old: &Self) {
        self.since = old.since;
    }

    /// When it was last used, then its age.
    pub(super) fn used(&self) -> (u64, u64) {
        (self.used, self.since)
    }

    pub(super) fn bytes(&self) -> usize {
        self.name.len() + self.value.expose_secret().len()
    }

    /// Adds it to a `Cookie` field, with the value that a script has written, if any.
    pub(super) fn write_to(&self, field: &mut Vec<u8>, other: Option<&str>) {
        let own = || self.as_sent(self.value.expose_secret());
        let value = other.map_or_else(own, |other| other.as_bytes().into());
        write(field, &self.as_sent(&self.name), &value);
    }

    /// The bytes of a text of the upstream's field.
    fn as_sent<'t>(&self, text: &'t str) -> Cow<'t, [u8]> {
        if self.is_utf8 {
            return text.as_bytes().into();
        }
        let bytes = text.chars().map(|c| u8::try_from(c).unwrap_or(b'?'));
        bytes.collect::<Vec<_>>().into()
    }
}

/// Adds a pair to a `Cookie` field.
pub(super) fn write(field: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    if !field.is_empty() {
        field.extend_from_slice(b"; ");
    }
    if !name.is_empty() {
        field.extend_from_slice(name);
        field.push(b'=');
    }
    field.extend_from_slice(value);
}

/// The name of a value that is too large for one cookie, by the name of a part: `session.0`, `session-1`,
/// or `sessionC1` (ASP.NET Core).
fn whole_of(part: &str) -> Option<&str> {
    let name = part.trim_end_matches(|c: char| c.is_ascii_digit());
    let whole = name.strip_suffix(['.', '-', '_', 'C'])?;
    (!whole.is_empty() && name.len() < part.len()).then_some(whole)
}

/// RFC 6265 §5.1.4.
fn is_below(path: &str, cookies: &str) -> bool {
    path.strip_prefix(cookies)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookies.ends_with('/'))
}
