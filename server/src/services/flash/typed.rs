//! Keeps what somebody typed whose sign-in had ended, until they have signed in again.
//!
//! It is in memory. Only the browser that sent it can get it back, by its cookie, and only for the
//! person whose sign-in had ended. It never holds a secret, because forms don't give out such
//! fields. It is only shown in the form again.

use std::sync::{Arc, Mutex, PoisonError};

use app::domain::{StaffId, Timestamp, form::Fields};
use chrono::TimeDelta;
use gateway::token::{Token, TokenHash, TokenKind};

use super::Flashes;

/// As long as the cookie lasts.
const KEPT: TimeDelta = TimeDelta::minutes(15);
/// How many forms wait at most. A form has at most 64 KiB.
const AT_MOST: usize = 64;
/// How many of one person wait at most. Outsiders never had a sign-in, so they can't fill this.
const PER_PERSON: usize = 4;

struct Typed {
    token: TokenHash,
    holder: StaffId,
    until: Timestamp,
    page: String,
    input: Fields,
}

/// The forms that wait, oldest first. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct TypedForms(Arc<Mutex<Vec<Typed>>>);

impl Flashes {
    /// Keeps what `holder` typed into the form of `page`. Returns the token for the browser's cookie.
    pub fn keep_typed(&self, holder: StaffId, page: &str, input: Fields) -> Token {
        let token = Token::generate(TokenKind::TypedForm, &*self.entropy);
        let now = self.clock.now();
        let mut forms = self.typed.0.lock().unwrap_or_else(PoisonError::into_inner);
        forms.retain(|form| form.until > now);
        let own = forms.iter().filter(|form| form.holder == holder).count();
        if own >= PER_PERSON {
            let oldest = forms.iter().position(|form| form.holder == holder);
            oldest.map(|oldest| forms.remove(oldest));
        } else if forms.len() >= AT_MOST {
            forms.remove(0);
        }
        forms.push(Typed {
            token: token.hash(),
            holder,
            until: now + KEPT,
            page: page.to_owned(),
            input,
        });
        token
    }

    /// Takes what `person` typed in this token's browser into the form of `page`, or into any if
    /// none is named: the page, and the fields. If another person typed it, it is deleted.
    pub fn take_typed(
        &self,
        token: &str,
        person: StaffId,
        page: Option<&str>,
    ) -> Option<(String, Fields)> {
        let token = Token::parse(token).ok()?.hash();
        let now = self.clock.now();
        let mut forms = self.typed.0.lock().unwrap_or_else(PoisonError::into_inner);
        forms.retain(|form| form.until > now && (form.token != token || form.holder == person));
        let found = forms
            .iter()
            .position(|form| form.token == token && page.is_none_or(|page| page == form.page));
        let Typed { page, input, .. } = forms.remove(found?);
        Some((page, input))
    }

    /// Deletes what was typed in this token's browser.
    pub fn forget_typed(&self, token: &str) {
        let Ok(token) = Token::parse(token) else {
            return;
        };
        let token = token.hash();
        let mut forms = self.typed.0.lock().unwrap_or_else(PoisonError::into_inner);
        forms.retain(|form| form.token != token);
    }
}

#[cfg(test)]
mod tests {
    use gateway::entropy::SeededEntropy;
    use uuid::Uuid;

    use super::{super::tests::flashes, *};

    fn person(number: u128) -> StaffId {
        StaffId::from_uuid(Uuid::from_u128(number))
    }

    fn fields(reason: &str) -> Fields {
        Fields::from([("reason".to_owned(), vec![reason.to_owned()])])
    }

    #[test]
    fn it_is_given_once_for_a_quarter_of_an_hour_to_its_page_browser_and_person() {
        let (flashes, clock) = flashes();
        let ana = person(1);
        let token = flashes.keep_typed(ana, "/a", fields("x"));
        let token = token.expose();
        assert_eq!(flashes.take_typed("", ana, Some("/a")), None);
        assert_eq!(flashes.take_typed(token, ana, Some("/b")), None);
        let other = Token::generate(TokenKind::TypedForm, &SeededEntropy::new(2));
        assert_eq!(flashes.take_typed(other.expose(), ana, Some("/a")), None);
        let kept = Some(("/a".to_owned(), fields("x")));
        assert_eq!(flashes.take_typed(token, ana, None), kept);
        assert_eq!(flashes.take_typed(token, ana, None), None);
        let late = flashes.keep_typed(ana, "/a", fields("x"));
        clock.advance(KEPT);
        assert_eq!(flashes.take_typed(late.expose(), ana, None), None);
        let anas = flashes.keep_typed(ana, "/a", fields("x"));
        assert_eq!(flashes.take_typed(anas.expose(), person(2), None), None);
        assert_eq!(
            flashes.take_typed(anas.expose(), ana, None),
            None,
            "thrown away"
        );
    }

    #[test]
    fn forms_fill_no_memory_and_a_person_displaces_only_their_own() {
        let (flashes, _) = flashes();
        let mine = flashes.keep_typed(person(1), "/a", fields("mine"));
        for _ in 0..500 {
            flashes.keep_typed(person(2), "/a", fields("x"));
        }
        assert!(flashes.take_typed(mine.expose(), person(1), None).is_some());
        for n in 0..500 {
            flashes.keep_typed(person(n), "/a", fields("x"));
        }
        assert_eq!(flashes.typed.0.lock().unwrap().len(), AT_MOST);
    }
}
