//! HTTP Basic of an upstream (RFC 7617): the browser asks the person, and the jar keeps the answer.
//!
//! A credential of a page passes only to an upstream that has asked for one in this session. It is
//! then the same as a filled-in sign-in form. All upstreams share one origin at a session's host,
//! so the browser sends a credential for one of them to all. Another upstream gets it only if the
//! platform's users reach both at the same host. Other schemes are not supported: they sign for the
//! address that the browser sees, or for the person's own machine.

use std::collections::HashMap;

use app::domain::Timestamp;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{Jar, Jars, Place};
use crate::{headers::only, ports::KnownSession, token::credential_holds_token};

/// The longest credential that is kept.
const MAX_CREDENTIAL: usize = 4096;
/// The longest realm that a browser gets.
const MAX_REALM: usize = 128;

/// What a jar knows of its upstream's HTTP Basic.
#[derive(Default)]
pub(super) struct Basic {
    /// Whether the upstream has asked for a credential.
    is_asked_for: bool,
    credential: Option<HeaderValue>,
}

impl Jars {
    /// The credential for a request to an upstream that has asked for one: the page's own, or the
    /// last accepted one. If the page sends anything else, there is none.
    pub(crate) fn credential(
        &self,
        session: &KnownSession,
        place: &Place,
        client: &HeaderMap,
    ) -> Option<HeaderValue> {
        let sessions = self.0.lock();
        let jars = &sessions.get(&session.id)?.jars;
        let basic = &jars.get(place)?.basic;
        match client.contains_key(header::AUTHORIZATION) {
            true if basic.is_asked_for => {
                credential(client).filter(|v| !is_elsewhere(jars, place, v))
            }
            true => None,
            false => basic.credential.clone(),
        }
    }

    /// Whether a page sends a credential that an upstream with another host accepted in this
    /// session.
    pub(crate) fn is_of_another(
        &self,
        session: &KnownSession,
        place: &Place,
        client: &HeaderMap,
    ) -> bool {
        let sessions = self.0.lock();
        let jars = sessions.get(&session.id).map(|kept| &kept.jars);
        jars.zip(credential(client))
            .is_some_and(|(jars, value)| is_elsewhere(jars, place, &value))
    }

    /// Keeps or drops the request's credential, depending on the answer. Returns the challenge for
    /// the browser, if the upstream asks for a credential.
    pub(crate) fn authenticated(
        &self,
        session: &KnownSession,
        place: &Place,
        at: Timestamp,
        client: &HeaderMap,
        (status, answer): (StatusCode, &HeaderMap),
    ) -> Option<HeaderValue> {
        let challenge = match status {
            StatusCode::UNAUTHORIZED => Some(challenge(answer)?),
            _ => None,
        };
        let was_sent = status.as_u16() < 400 && !self.is_of_another(session, place, client);
        let given = credential(client).filter(|_| was_sent);
        if (challenge.is_none() && given.is_none()) || session.ended_at(at).is_some() {
            return None;
        }
        self.with_jar(session, place, at, |jar| {
            if challenge.is_some() {
                jar.basic.is_asked_for = true;
                jar.basic.credential = None;
            } else if jar.basic.is_asked_for {
                jar.basic.credential = given;
            }
        });
        challenge
    }
}

fn is_elsewhere(jars: &HashMap<Place, Jar>, place: &Place, value: &HeaderValue) -> bool {
    jars.iter().any(|(other, jar)| {
        !other.host.eq_ignore_ascii_case(&place.host)
            && jar.basic.credential.as_ref() == Some(value)
    })
}

/// The HTTP Basic credential of a page, if it is the only one. A token of ours doesn't count.
fn credential(client: &HeaderMap) -> Option<HeaderValue> {
    let value = only(client, header::AUTHORIZATION)?;
    let scheme = value.as_bytes().get(..6)?;
    let is_basic = scheme.eq_ignore_ascii_case(b"basic ") && value.len() <= MAX_CREDENTIAL;
    let mut value = value.clone();
    value.set_sensitive(true);
    (is_basic && !credential_holds_token(&value)).then_some(value)
}

/// The answer's challenge for HTTP Basic, written anew by us.
fn challenge(answer: &HeaderMap) -> Option<HeaderValue> {
    let fields = answer.get_all(header::WWW_AUTHENTICATE).iter();
    // Servers write realms in UTF-8 or in Latin-1. We keep only ASCII.
    let mut texts = fields.map(|field| field.as_bytes().iter().copied().map(char::from).collect());
    let realm = texts.find_map(|text: String| realm(&text).map(ToOwned::to_owned))?;
    let plain = |c: &char| (c.is_ascii_graphic() || *c == ' ') && !matches!(c, '"' | '\\');
    let realm: String = realm.chars().filter(plain).take(MAX_REALM).collect();
    HeaderValue::try_from(format!("Basic realm=\"{realm}\", charset=\"UTF-8\"")).ok()
}

/// The realm of the challenge for HTTP Basic in a list of challenges (RFC 9110 §11.6.1); empty if it names
/// none.
fn realm(challenges: &str) -> Option<&str> {
    let mut in_basic = false;
    for item in items(challenges) {
        let (word, rest) = item.split_once([' ', '\t']).unwrap_or((item, ""));
        let parameter = match word.contains('=') || rest.trim_start().starts_with('=') {
            true => item,
            false if in_basic => return Some(""),
            false => {
                in_basic = word.eq_ignore_ascii_case("basic");
                rest
            }
        };
        let (name, value) = parameter.split_once('=').unwrap_or_default();
        if in_basic && name.trim().eq_ignore_ascii_case("realm") {
            return Some(value.trim().trim_matches('"'));
        }
    }
    in_basic.then_some("")
}

/// The parts between commas outside quotes.
fn items(list: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let items = list.split(move |c| {
        let was_escaped = escaped;
        escaped = quoted && c == '\\' && !was_escaped;
        if c == '"' && !was_escaped {
            quoted = !quoted;
        }
        c == ',' && !quoted
    });
    items.map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_for_basic_is_found_among_others_and_said_in_our_words() {
        for (field, told) in [
            ("Basic realm=\"Prometheus\"", Some("Prometheus")),
            ("basic realm=x", Some("x")),
            ("Basic", Some("")),
            ("Basic charset=\"UTF-8\", realm = \"a, b\"", Some("a, b")),
            (
                "Digest realm=\"d\", nonce=\"Basic realm=\", Basic realm=\"b\"",
                Some("b"),
            ),
            ("Basic, Digest realm=\"d\"", Some("")),
            ("Basic realm=\"a\\\"b\u{7f}\"", Some("ab")),
            ("Basic realm=\"Gesch\u{fc}tzt\"", Some("Geschtzt")),
            ("Negotiate, Basic realm=\"n\"", Some("n")),
            ("Digest realm=\"Basic x, Basic realm=y\"", None),
            ("Negotiate", None),
            ("NTLM", None),
            ("Basically realm=\"x\"", None),
            ("", None),
        ] {
            let mut answer = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(field.as_bytes()) {
                answer.append(header::WWW_AUTHENTICATE, value);
            } else {
                continue;
            }
            let expected = told.map(|realm| format!("Basic realm=\"{realm}\", charset=\"UTF-8\""));
            let found = challenge(&answer);
            let found = found.as_ref().map(|value| value.to_str().unwrap());
            assert_eq!(found, expected.as_deref(), "{field}");
        }
    }
}
