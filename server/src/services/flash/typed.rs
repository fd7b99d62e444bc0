//! What somebody typed whose sign-in had ended, until they have signed in again.
//!
//! It waits in memory, and belongs to the browser that sent it: only the cookie that this browser got opens it. It never holds
//! a secret, since forms give those fields to nobody, and nothing is done with it: it stands in the form again.

use std::sync::{Arc, Mutex, PoisonError};

use app::domain::{Timestamp, caller::Context, form::Fields};
use chrono::TimeDelta;
use gateway::token::{Token, TokenHash, TokenKind};

use super::Flashes;

/// As long as the cookie: time to find a password.
const KEPT: TimeDelta = TimeDelta::minutes(15);
/// How many forms wait at most, so that a flood from outside fills no memory: a form has at most 64 KiB.
const AT_MOST: usize = 64;
/// How many of one address wait at most.
const PER_ADDRESS: usize = 4;

struct Typed {
    token: TokenHash,
    ip: Option<String>,
    until: Timestamp,
    page: String,
    input: Fields,
}

/// The forms that wait, oldest first. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct TypedForms(Arc<Mutex<Vec<Typed>>>);

impl Flashes {
    /// Keeps what was typed into the form of `page`. Returns the token for the browser's cookie.
    pub fn keep_typed(&self, context: &Context, page: &str, input: Fields) -> Token {
        let token = Token::generate(TokenKind::TypedForm, &*self.entropy);
        let now = self.clock.now();
        let ip = context.origin.ip.clone();
        let mut forms = self.typed.0.lock().unwrap_or_else(PoisonError::into_inner);
        forms.retain(|form| form.until > now);
        let from_here = forms.iter().filter(|form| form.ip == ip).count();
        if from_here >= PER_ADDRESS {
            let oldest = forms.iter().position(|form| form.ip == ip);
            oldest.map(|oldest| forms.remove(oldest));
        } else if forms.len() >= AT_MOST {
            forms.remove(0);
        }
        forms.push(Typed {
            token: token.hash(),
            ip,
            until: now + KEPT,
            page: page.to_owned(),
            input,
        });
        token
    }

    /// Takes what this token's browser typed into the form of `page`, or into any if none is named: the page, and the fields.
    pub fn take_typed(&self, token: &str, page: Option<&str>) -> Option<(String, Fields)> {
        let token = Token::parse(token).ok()?.hash();
        let now = self.clock.now();
        let mut forms = self.typed.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = forms.iter().position(|form| {
            form.token == token && form.until > now && page.is_none_or(|page| page == form.page)
        });
        let Typed { page, input, .. } = forms.remove(found?);
        Some((page, input))
    }
}

#[cfg(test)]
mod tests {
    use app::domain::caller::{Caller, Origin};
    use gateway::{clock::ManualClock, entropy::SeededEntropy};

    use super::*;

    fn flashes() -> (Flashes, ManualClock) {
        let clock = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let flashes = Flashes::new(Arc::new(clock.clone()), Arc::new(SeededEntropy::new(1)));
        (flashes, clock)
    }

    fn from(ip: &str) -> Context {
        Context {
            caller: Caller::Anonymous,
            origin: Origin {
                ip: Some(ip.into()),
                ..Origin::default()
            },
        }
    }

    fn fields(reason: &str) -> Fields {
        Fields::from([("reason".to_owned(), vec![reason.to_owned()])])
    }

    #[test]
    fn it_is_given_once_for_a_quarter_of_an_hour_to_its_page_and_browser() {
        let (flashes, clock) = flashes();
        let token = flashes.keep_typed(&from("192.0.2.1"), "/a", fields("x"));
        let token = token.expose();
        assert_eq!(flashes.take_typed("", Some("/a")), None);
        assert_eq!(flashes.take_typed(token, Some("/b")), None);
        let other = Token::generate(TokenKind::TypedForm, &SeededEntropy::new(2));
        assert_eq!(flashes.take_typed(other.expose(), Some("/a")), None);
        let kept = Some(("/a".to_owned(), fields("x")));
        assert_eq!(flashes.take_typed(token, None), kept);
        assert_eq!(flashes.take_typed(token, None), None);
        let token = flashes.keep_typed(&from("192.0.2.1"), "/a", fields("x"));
        clock.advance(KEPT);
        assert_eq!(flashes.take_typed(token.expose(), None), None);
    }

    #[test]
    fn a_flood_fills_no_memory_and_one_address_displaces_only_its_own() {
        let (flashes, _) = flashes();
        let mine = flashes.keep_typed(&from("192.0.2.1"), "/a", fields("mine"));
        for _ in 0..500 {
            flashes.keep_typed(&from("192.0.2.2"), "/a", fields("x"));
        }
        assert!(flashes.take_typed(mine.expose(), None).is_some());
        for n in 0..500 {
            flashes.keep_typed(&from(&format!("198.51.100.{n}")), "/a", fields("x"));
        }
        assert_eq!(flashes.typed.0.lock().unwrap().len(), AT_MOST);
    }
}
