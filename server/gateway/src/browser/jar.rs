//! Keeps the upstream's cookies on our side. The browser gets none of them, and no cookie from a
//! browser goes upstream, except for the ones that scripts may read.
//!
//! Towards the upstream the gateway acts as the user agent of RFC 6265 §5. A jar belongs to one
//! support session, one upstream and one host. A cookie with a wide `Domain`, even a public suffix,
//! only goes back to the host that set it, so no list of public suffixes is needed. An upstream is
//! reached either with TLS or without, so a `Secure` cookie always returns over the same kind of
//! connection.
//!
//! Jars are in this node's memory. They are gone after a restart, with the session, and after an
//! hour without use.

mod basic;
mod cookie;
mod date;

use std::{collections::HashMap, fmt};

use app::domain::{SupportSessionId, Timestamp};
use chrono::TimeDelta;
use http::HeaderValue;
use parking_lot::Mutex;

use self::{
    basic::Basic,
    cookie::{Dropped, Held},
};
use crate::{forward::upstream::Names, ports::KnownSession, telemetry::LogLimit};

/// The most support sessions with stored cookies. The one unused for longest is removed first.
const MAX_SESSIONS: usize = 1024;
/// How many cookies an upstream may set in a session: as many as browsers keep per site.
const MAX_COOKIES: usize = 180;
/// How many bytes of names and values these may have together: a field of this size is accepted by
/// servers.
const MAX_BYTES: usize = 16 * 1024;
/// How long cookies are kept without a request that uses them.
const IDLE: TimeDelta = TimeDelta::hours(1);

/// The origin of an upstream, for its cookies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// The upstream's origin: `https://10.0.0.5:8080`.
    pub(crate) origin: String,
    /// The host in requests to it, as in `Host`.
    pub(crate) host: String,
}

impl Place {
    /// The host's name, in lower case and without a port.
    fn host_name(&self) -> String {
        let host = self.host.to_ascii_lowercase();
        match host.rsplit_once(':') {
            // Not a colon within an IPv6 address.
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
            _ => host,
        }
    }
}

/// The parts of a request on which cookies depend.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The path in canonical form.
    pub(crate) path: &'a str,
    /// Whether a page of another site caused it. Then cookies with `SameSite=Strict` are left out.
    pub(crate) cross_site: bool,
    pub(crate) at: Timestamp,
}

/// The jars of every support session on this node.
#[derive(Default)]
pub(crate) struct Jars(Mutex<HashMap<SupportSessionId, SessionJars>>, LogLimit);

struct SessionJars {
    used_at: Timestamp,
    ends_at: Timestamp,
    jars: HashMap<Place, Jar>,
}

/// What happened to the cookies of one response.
#[derive(Default)]
struct Kept {
    dropped: Vec<Dropped>,
    /// For the browser.
    mirrors: Vec<HeaderValue>,
}

#[derive(Default)]
struct Jar {
    cookies: Vec<Held>,
    basic: Basic,
    /// Orders cookies by age and by last use.
    tick: u64,
}

impl fmt::Debug for Jars {
    /// Only the number of jars. Their contents are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Jars").field(&self.0.lock().len()).finish()
    }
}

impl Jars {
    /// Stores the cookies of an upstream's response to `asked`. Each invalid `Set-Cookie` is
    /// ignored on its own (RFC 6265 §5.2, §5.3). Returns the cookies that the browser gets, for the
    /// platform's scripts.
    pub(crate) fn keep<'v>(
        &self,
        session: &KnownSession,
        place: &Place,
        names: &Names,
        asked: Asked<'_>,
        set: impl IntoIterator<Item = &'v HeaderValue>,
    ) -> Vec<HeaderValue> {
        let mut set = set.into_iter().peekable();
        if set.peek().is_none() || session.ended_at(asked.at).is_some() {
            return Vec::new();
        }
        let host = place.host_name();
        let hosts: Vec<_> = std::iter::once(host.as_str())
            .chain(names.hosts.iter().map(String::as_str))
            .collect();
        let mut kept = self.with_jar(session, place, asked.at, |jar| {
            jar.set(set, (&hosts, &names.readable), asked)
        });
        self.tell(kept.dropped.pop(), place, asked.at);
        kept.mirrors
    }

    /// Changes the jar of a session and an upstream. Creates it if necessary.
    fn with_jar<T>(
        &self,
        session: &KnownSession,
        place: &Place,
        at: Timestamp,
        change: impl FnOnce(&mut Jar) -> T,
    ) -> T {
        let mut sessions = self.0.lock();
        sessions.retain(|_, kept| kept.is_held_at(at));
        if sessions.len() >= MAX_SESSIONS && !sessions.contains_key(&session.id) {
            let unused = sessions.iter().min_by_key(|(_, kept)| kept.used_at);
            if let Some(id) = unused.map(|(id, _)| *id) {
                sessions.remove(&id);
            }
        }
        let kept = sessions.entry(session.id).or_insert_with(|| SessionJars {
            used_at: at,
            ends_at: session.expires_at,
            jars: HashMap::new(),
        });
        kept.used_at = at;
        change(kept.jars.entry(place.clone()).or_default())
    }

    /// Logs, not too often, why a cookie of an upstream is not kept.
    fn tell(&self, dropped: Option<Dropped>, place: &Place, at: Timestamp) {
        let Some(why) = dropped else { return };
        if let Some(held_back) = self.1.pass(at) {
            tracing::warn!(
                upstream = place.origin,
                held_back,
                "a cookie of the platform was dropped in a browser's session: {why}"
            );
        }
    }

    /// The `Cookie` field for a request to an upstream, if there are any cookies for it. `written`
    /// are the browser's cookies that scripts may write.
    pub(crate) fn cookies(
        &self,
        session: SupportSessionId,
        place: &Place,
        written: &[(String, String)],
        asked: Asked<'_>,
    ) -> Option<HeaderValue> {
        let mut sessions = self.0.lock();
        if sessions
            .get(&session)
            .is_some_and(|kept| !kept.is_held_at(asked.at))
        {
            sessions.remove(&session);
        }
        let jar = sessions.get_mut(&session).and_then(|kept| {
            kept.used_at = asked.at;
            kept.jars.get_mut(place)
        });
        match jar {
            Some(jar) => jar.field(written, asked),
            None => Jar::default().field(written, asked),
        }
    }

    /// Deletes the cookies of a session that has ended.
    pub(crate) fn forget(&self, session: SupportSessionId) {
        self.0.lock().remove(&session);
    }
}

impl SessionJars {
    fn is_held_at(&self, now: Timestamp) -> bool {
        now < self.ends_at && now < self.used_at + IDLE
    }
}

impl Jar {
    /// Stores the cookies of one response.
    fn set<'v>(
        &mut self,
        fields: impl IntoIterator<Item = &'v HeaderValue>,
        (hosts, readable): (&[&str], &[String]),
        asked: Asked<'_>,
    ) -> Kept {
        let mut kept = Kept::default();
        for field in fields {
            let mut cookie = match cookie::read(field, hosts, asked) {
                Ok(cookie) => cookie,
                Err(why) => {
                    kept.dropped.push(why);
                    continue;
                }
            };
            if cookie.is_readable(readable) {
                kept.mirrors.extend(cookie.mirror(asked.at));
            }
            self.tick += 1;
            cookie.touch(self.tick);
            match self.cookies.iter().position(|old| old.is_same(&cookie)) {
                // It keeps its place in the field (RFC 6265 §5.3, step 11.3).
                Some(index) => {
                    cookie.take_place_of(&self.cookies[index]);
                    self.cookies[index] = cookie;
                }
                None => self.cookies.push(cookie),
            }
        }
        // An upstream deletes a cookie by setting an expired one.
        self.cookies.retain(|cookie| !cookie.has_expired(asked.at));
        while self.cookies.len() > MAX_COOKIES || self.bytes() > MAX_BYTES {
            self.drop_longest_unused();
            kept.dropped.push(Dropped::Full);
        }
        kept
    }

    /// If it is a part of a split value, drops all parts, because the others alone are useless.
    fn drop_longest_unused(&mut self) {
        let cookies = self.cookies.iter().enumerate();
        let Some((index, _)) = cookies.min_by_key(|(_, cookie)| cookie.used()) else {
            return;
        };
        let unused = self.cookies.remove(index);
        self.cookies.retain(|cookie| !cookie.is_part_with(&unused));
    }

    fn bytes(&self) -> usize {
        self.cookies.iter().map(Held::bytes).sum()
    }

    /// RFC 6265 §5.4.
    fn field(&mut self, written: &[(String, String)], asked: Asked<'_>) -> Option<HeaderValue> {
        self.cookies.retain(|cookie| !cookie.has_expired(asked.at));
        self.tick += 1;
        let tick = self.tick;
        let mut fitting: Vec<_> = self
            .cookies
            .iter_mut()
            .filter(|cookie| cookie.fits(asked))
            .collect();
        fitting.sort_by_key(|cookie| cookie.order());
        let mut field = Vec::new();
        for cookie in fitting {
            cookie.touch(tick);
            let mut values = written.iter().filter(|(name, _)| {
                // Scripts may not write cookies that they may not read.
                cookie.is_readable(std::slice::from_ref(name))
            });
            let other = values.next().map(|(_, value)| value.as_str());
            cookie.write_to(&mut field, other);
        }
        for (name, value) in written {
            if !self.cookies.iter().any(|cookie| cookie.is_named(name)) {
                cookie::write(&mut field, name.as_bytes(), value.as_bytes());
            }
        }
        let mut value = HeaderValue::from_bytes(&field).ok()?;
        value.set_sensitive(true);
        (!field.is_empty()).then_some(value)
    }
}

#[cfg(test)]
impl Jars {
    /// Gives a session a jar.
    pub(crate) fn plant(&self, session: SupportSessionId) {
        let far = Timestamp::MAX_UTC - IDLE;
        let kept = SessionJars {
            used_at: far,
            ends_at: far,
            jars: HashMap::new(),
        };
        self.0.lock().insert(session, kept);
    }

    pub(crate) fn holds_any(&self, session: SupportSessionId) -> bool {
        self.0.lock().contains_key(&session)
    }
}

#[cfg(test)]
mod tests;
