//! Revoking several support sessions at once.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{SupportSession, validate_revocation_reason};
use crate::domain::{
    SupportSessionId,
    problem::{FieldProblems, Problem},
};

/// How many support sessions are revoked at once: a page of the list.
pub const SELECTED_MAX: usize = 200;

/// The form as it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RevokeSelectedForm {
    /// The chosen support sessions.
    pub id: Vec<String>,
    /// One reason for all of them.
    pub reason: String,
    /// Equal for the two submits of a double click.
    pub idempotency_key: String,
}

impl RevokeSelectedForm {
    /// The chosen sessions, each once, and the reason; or what is wrong.
    pub fn validate(&self) -> Result<(Vec<SupportSessionId>, Option<String>), Problem> {
        let mut problems = FieldProblems::default();
        let ids = self.ids();
        match ids.as_ref().map(Vec::len) {
            None => problems.add("id", "must be the IDs of support sessions"),
            Some(0) => problems.add("id", "select at least one support session"),
            Some(many) if many > SELECTED_MAX => {
                problems.add(
                    "id",
                    format!("select at most {SELECTED_MAX} support sessions"),
                );
            }
            Some(_) => {}
        }
        let reason = match validate_revocation_reason(&self.reason) {
            Ok(reason) => reason,
            Err(problem) => {
                for field in problem.fields {
                    problems.add(&field.field, field.message);
                }
                None
            }
        };
        problems.finish()?;
        Ok((ids.unwrap_or_default(), reason))
    }

    /// What tells this form apart from others of one sender; `None` if it has no key.
    pub fn sent_as(&self) -> Option<String> {
        let key = Some(&self.idempotency_key).filter(|key| !key.is_empty())?;
        Some(format!("{key} {:?}", self.ids()?))
    }

    /// The chosen sessions, each once, if all can be read.
    pub fn ids(&self) -> Option<Vec<SupportSessionId>> {
        let ids = self.id.iter().map(|id| id.parse().ok());
        let mut ids = ids.collect::<Option<Vec<SupportSessionId>>>()?;
        ids.sort_unstable();
        ids.dedup();
        Some(ids)
    }
}

/// The chosen sessions before they are revoked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelectedSessions {
    /// As they are now.
    pub sessions: Vec<SupportSession>,
    /// The server's time.
    pub at: DateTime<Utc>,
    /// For the form.
    pub idempotency_key: String,
}

/// What became of the chosen sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RevokedSelected {
    /// Those that were revoked now.
    pub revoked: Vec<SupportSession>,
    /// Those that had ended already.
    pub ended: Vec<SupportSession>,
}

impl RevokedSelected {
    /// `2 support sessions revoked. 1 had already ended.`
    pub fn in_words(&self) -> String {
        let revoked = match self.revoked.len() {
            0 => "No support session was revoked.".to_owned(),
            1 => "1 support session revoked.".to_owned(),
            many => format!("{many} support sessions revoked."),
        };
        match self.ended.len() {
            0 => revoked,
            ended => format!("{revoked} {ended} had already ended."),
        }
    }
}

/// What the same form has done when it was sent before, perhaps with another reason.
pub fn revoked_before(at: DateTime<Utc>, count: usize, is_same_reason: bool) -> String {
    let revoked = match count {
        0 => "no support session was".to_owned(),
        1 => "1 support session was".to_owned(),
        many => format!("{many} support sessions were"),
    };
    let at = at.format("%H:%M:%S UTC");
    let done =
        format!("Nothing was done now: this form was sent at {at}, and {revoked} revoked then.");
    match is_same_reason {
        true => done,
        false => format!("{done} The reason that you typed now was not used."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(ids: &[&str]) -> RevokeSelectedForm {
        RevokeSelectedForm {
            id: ids.iter().map(|id| (*id).to_owned()).collect(),
            ..RevokeSelectedForm::default()
        }
    }

    #[test]
    fn each_session_is_chosen_once() {
        let id = "01937e2c-7b6a-7cc0-8000-000000000001";
        let (ids, reason) = form(&[id, id]).validate().unwrap();
        assert_eq!((ids.len(), reason), (1, None));
        let many: Vec<_> = (0..=SELECTED_MAX)
            .map(|number| format!("01937e2c-7b6a-7cc0-8000-{number:012}"))
            .collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        for bad in [form(&[]), form(&["x"]), form(&many)] {
            assert!(bad.validate().unwrap_err().field("id").is_some());
        }
        let with_reason = RevokeSelectedForm {
            reason: "x".repeat(600),
            ..form(&[])
        };
        let problem = with_reason.validate().unwrap_err();
        assert!(problem.field("id").is_some() && problem.field("reason").is_some());
    }

    #[test]
    fn the_answer_counts_both() {
        let none = RevokedSelected {
            revoked: Vec::new(),
            ended: Vec::new(),
        };
        assert_eq!(none.in_words(), "No support session was revoked.");
    }
}
