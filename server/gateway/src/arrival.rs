//! A request as received: whether it is well-formed, and its record.

pub(crate) mod client;
pub mod client_ip;
pub(crate) mod raw_head;
mod stray;
pub(crate) mod websocket;

use std::{borrow::Cow, net::IpAddr};

use app::domain::{
    RequestId, Timestamp,
    access_log::{ForwardAuthProfile, Refusal},
};
use http::{HeaderMap, Method, Version, header};
use tokio::time::Instant;

use self::{raw_head::RawHead, websocket::Handshake};
use crate::{
    browser::cookies,
    headers,
    judge::{
        CanonicalRequest, Denied, Permitted, RuleSet,
        canonical::{CanonicalTarget, NotCanonical},
        selectors, spelling,
    },
    ports::{Intent, KnownSession},
    token::{HIDDEN, credential_holds_token, holds_token, without_tokens},
};

/// The longest path or query that is recorded of a refused request, in characters.
const REFUSED_TEXT_MAX: usize = 2048;
/// The longest `User-Agent` that is recorded, in characters.
const USER_AGENT_MAX: usize = 512;
/// The longest method that is recorded, in characters.
const METHOD_MAX: usize = 64;

/// A request as it arrived, or as a proxy describes it.
pub(crate) struct Arrival {
    pub(crate) request_id: RequestId,
    pub(crate) at: Timestamp,
    pub(crate) started: Instant,
    pub(crate) version: Version,
    pub(crate) method: Method,
    pub(crate) head: RawHead,
    pub(crate) headers: HeaderMap,
    pub(crate) ip: IpAddr,
    /// The proxy that carries the request and asks about it.
    pub(crate) profile: Option<ForwardAuthProfile>,
    /// Whether the gateway itself forwards it.
    pub(crate) is_carried: bool,
    /// Whether it came to a support session's own host, which only browsers use.
    pub(crate) at_entry: bool,
}

impl Arrival {
    /// Whether its connection can't be used for further requests.
    pub(crate) fn is_malformed(&self) -> bool {
        self.head.fault.is_some() || self.has_two_credentials() || !self.is_spoken()
    }

    /// Whether it has two credentials of ours. A session's cookie is one at any host. The
    /// `Authorization` of a platform's page counts only if it holds a token of ours.
    pub(crate) fn has_two_credentials(&self) -> bool {
        let fields = || self.headers.get_all(header::AUTHORIZATION).iter();
        let cookies = cookies::SESSION.all(&self.headers).count();
        self.head.two_credentials
            || fields().count() > 1
            || cookies > 1
            || (cookies == 1 && fields().any(credential_holds_token))
    }

    fn is_spoken(&self) -> bool {
        matches!(self.version, Version::HTTP_11 | Version::HTTP_2)
    }

    /// The request in canonical form, and the WebSocket that it asks for, if any.
    ///
    /// # Errors
    ///
    /// If it is malformed, or a token of ours is in a place where it must not be.
    pub(crate) fn request(&self) -> Result<(CanonicalRequest, Option<Handshake>), Denied> {
        let request = self.well_formed()?;
        match self.stray_token() {
            Some(stray) => Err(Denied::new(Refusal::MalformedRequest, stray.detail())),
            None => Ok(request),
        }
    }

    /// As [`Self::request`], for requests that are neither recorded nor forwarded, such as an
    /// entry, whose target holds its code.
    ///
    /// # Errors
    ///
    /// If it is malformed.
    pub(crate) fn well_formed(&self) -> Result<(CanonicalRequest, Option<Handshake>), Denied> {
        let malformed = |detail: String| Denied::new(Refusal::MalformedRequest, detail);
        if !self.is_spoken() {
            // If the end of the connection ended the answer, a cut answer could look complete.
            return Err(Denied {
                status: 505,
                ..malformed(
                    "The gateway speaks HTTP/1.1 and HTTP/2. An nginx in front of it needs \
                     'proxy_http_version 1.1;'."
                        .into(),
                )
            });
        }
        if self.has_two_credentials() {
            return Err(malformed(
                "Send only one Authorization header or session cookie.".into(),
            ));
        }
        if let Some(fault) = self.head.fault {
            return Err(Denied {
                status: fault.status(),
                ..malformed(fault.to_string())
            });
        }
        let handshake = self.handshake()?;
        if self.method == Method::TRACE {
            return Err(malformed("TRACE is not allowed.".into()));
        }
        if headers::connection_names_ours(&self.headers) {
            let detail = "The Connection header names a header that the gateway sets.";
            return Err(malformed(detail.into()));
        }
        let target = match self.is_carried {
            true => CanonicalTarget::parse_odd(&self.head.target),
            // We don't know how a proxy or a router reads an odd path.
            false => CanonicalTarget::parse(&self.head.target),
        };
        let target = match target {
            Ok(target) => target,
            Err(fault) => self.respelt(fault)?,
        };
        let query = target.query().unwrap_or_default();
        if headers::overrides_method(&self.headers)
            || selectors::overrides_method(query)
            || selectors::path_overrides_method(&target)
        {
            return Err(malformed("A request must not override its method.".into()));
        }
        let request = CanonicalRequest {
            method: self.method.clone(),
            target,
            headers: match self.ignores_upgrade() {
                true => headers::without_upgrade(&self.headers),
                false => self.headers.clone(),
            },
        };
        Ok((request, handshake))
    }

    /// The target in its canonical spelling, if that passes. It is judged, recorded and forwarded.
    /// A browser's GET and HEAD are redirected to it, so that the browser shows the recorded address. But
    /// behind two slashes a redirect would name a host.
    fn respelt(&self, fault: NotCanonical) -> Result<CanonicalTarget, Denied> {
        let sent = &self.head.target;
        // How a proxy or a router reads an odd path is not known.
        if !self.is_carried {
            return Err(self.denied_for(fault));
        }
        let respelt = spelling::respelt(sent);
        let target =
            CanonicalTarget::parse_odd(&respelt).map_err(|fault| self.denied_for(fault))?;
        if holds_token(sent) || own_path(&respelt).is_some() {
            return Err(self.denied_for(fault));
        }
        match self.method {
            Method::GET | Method::HEAD if self.at_entry && !respelt.starts_with(b"//") => {
                let canonical = target.as_str();
                let detail = format!("The canonical form of this address is {canonical}.");
                Err(Denied {
                    location: Some(canonical.to_owned()),
                    ..Denied::new(Refusal::NotCanonical, detail)
                })
            }
            _ => Ok(target),
        }
    }

    /// Why a target that is not canonical is refused. A long target or a bad query is not ambiguous.
    fn denied_for(&self, fault: NotCanonical) -> Denied {
        let denied = |refusal| Denied::new(refusal, fault.to_string());
        match fault {
            NotCanonical::TooLong => Denied {
                status: 414,
                ..denied(Refusal::MalformedRequest)
            },
            NotCanonical::Query => denied(Refusal::MalformedRequest),
            _ if !self.is_carried && CanonicalTarget::parse_odd(&self.head.target).is_ok() => {
                let detail = format!(
                    "{fault}. What a proxy or a router makes of such a path is not known, so it passes \
                     only through the gateway itself."
                );
                Denied::new(Refusal::AmbiguousPath, detail)
            }
            _ => denied(Refusal::AmbiguousPath),
        }
    }

    /// Whether it asks for another protocol that the gateway doesn't speak, and gets an ordinary answer.
    /// What a proxy or a router makes of such a request is not known.
    fn ignores_upgrade(&self) -> bool {
        self.is_carried && headers::asks_for_others_only(&self.headers)
    }

    fn handshake(&self) -> Result<Option<Handshake>, Denied> {
        if self.method == Method::CONNECT {
            return Err(Denied::plain(Refusal::UpgradeRefused));
        }
        let asked = match self.profile {
            None => headers::asks_for_upgrade(&self.headers),
            // The proxy need not relay the client's `Connection`.
            Some(_) => headers::hints_at_upgrade(&self.headers),
        };
        if !asked || self.ignores_upgrade() {
            return Ok(None);
        }
        Handshake::of(&self.method, &self.headers)
            .map(Some)
            .map_err(|fault| Denied::new(Refusal::UpgradeRefused, fault.to_string()))
    }

    /// The client's `User-Agent`, made safe; empty if there is none.
    pub(crate) fn user_agent(&self) -> String {
        let user_agent = self.headers.get(header::USER_AGENT);
        user_agent.map_or_else(String::new, |value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            shown(&text, USER_AGENT_MAX)
        })
    }

    /// The record of the request: the canonical target, or the client's target made safe.
    pub(crate) fn intent(
        &self,
        session: &KnownSession,
        permitted: Option<&Permitted>,
        rules: &RuleSet,
    ) -> Intent {
        let (path, query) = match permitted.map(|permitted| &permitted.request().target) {
            // Canonical, and without a token.
            Some(target) => rules.hidden.of(target),
            None => shown_target(&self.head.target, rules),
        };
        Intent {
            request_id: self.request_id,
            support_session_id: session.id,
            token_hash: session.token_hash,
            tenant_id: session.tenant_id.clone(),
            staff_id: session.staff_id,
            staff_name: session.staff_name.clone(),
            method: shown(self.method.as_str(), METHOD_MAX),
            path,
            query,
            scope: permitted.map(|permitted| permitted.scope().clone()),
            profile: self.profile,
            ip: self.ip,
            left_out: Vec::new(),
            free: 0,
            user_agent: self.user_agent(),
            at: self.at,
        }
    }
}

/// The one path prefix that is the gateway's own.
const OWN_PREFIX: &[u8] = b"/.support-console";

/// The path after our own prefix, if it is there.
pub(crate) fn own_path(target: &[u8]) -> Option<&[u8]> {
    let rest = target.strip_prefix(OWN_PREFIX)?;
    matches!(rest.first(), None | Some(b'/' | b'?')).then_some(rest)
}

/// Path and query of a refused request, made safe for record and log.
pub(crate) fn shown_target(target: &[u8], rules: &RuleSet) -> (String, Option<String>) {
    let (path, query) = rules.hidden.of_any(target);
    let query = query.map(|query| shown(&query, REFUSED_TEXT_MAX));
    (shown(&without_user(&path), REFUSED_TEXT_MAX), query)
}

/// A target without the name and the password that an address may have before its host. Nothing is left between its scheme
/// and the last `@`, however many there are.
fn without_user(target: &str) -> Cow<'_, str> {
    if target.starts_with('/') && !target.starts_with("//") {
        return Cow::Borrowed(target);
    }
    let Some((user, host)) = target.rsplit_once('@') else {
        return Cow::Borrowed(target);
    };
    let scheme = user.find("//").map_or("", |at| &user[..at + 2]);
    Cow::Owned(format!("{scheme}{HIDDEN}@{host}"))
}

/// A text made safe for people: no token of ours, at most `max` characters, control characters
/// escaped.
fn shown(text: &str, max: usize) -> String {
    // Before it is shortened, because most of a token is as bad as the whole.
    let text = without_tokens(text);
    let mut safe = String::with_capacity(text.len().min(max));
    for c in text.chars().take(max) {
        if c.is_control() {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_refused_target_is_short_and_printable() {
        let shown_target = |target| shown_target(target, &RuleSet::permitting_nothing(""));
        let (path, query) = shown_target(b"/a\x1b[31m\xff?b=\0");
        assert_eq!(path, "/a\\u{1b}[31m\u{fffd}");
        assert_eq!(query.as_deref(), Some("b=\\u{0}"));
        assert_eq!(shown_target(&[b'a'; 5000]).0.len(), REFUSED_TEXT_MAX);
    }

    #[test]
    fn nobody_reads_the_password_of_an_address() {
        for (target, kept) in [
            ("http://u:p@g/x?y", "http://(hidden)@g/x"),
            ("http://u:p@q@g/x", "http://(hidden)@g/x"),
            ("//u:p@g/x", "//(hidden)@g/x"),
            ("u:p@g:443", "(hidden)@g:443"),
            ("http://g/x", "http://g/x"),
            ("/v1/users/ada@g.example", "/v1/users/ada@g.example"),
        ] {
            let rules = RuleSet::permitting_nothing("");
            assert_eq!(shown_target(target.as_bytes(), &rules).0, kept);
        }
    }

    #[test]
    fn only_our_own_prefix_is_ours() {
        assert_eq!(own_path(b"/.support-console/health"), Some(&b"/health"[..]));
        assert_eq!(own_path(b"/.support-console"), Some(&b""[..]));
        assert_eq!(own_path(b"/.support-consoles/x"), None);
        assert_eq!(own_path(b"/a/.support-console/x"), None);
    }

    #[test]
    fn a_token_that_is_cut_is_hidden_before() {
        let token = format!("scst_{}", "A".repeat(43));
        for before in REFUSED_TEXT_MAX - 50..=REFUSED_TEXT_MAX {
            let text = format!("/{}{token}", "x/".repeat(before / 2));
            let kept = shown(&text, REFUSED_TEXT_MAX);
            assert!(!kept.contains('A'), "{before}");
        }
    }
}
