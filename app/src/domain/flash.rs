//! Messages that a plain form's handler leaves for the page it redirects to.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    AuditEventId,
    api_keys::ApiKeyMade,
    form::{self, Fields},
    problem::Problem,
    rules::DryRun,
    staff::StaffLinkGiven,
    support_sessions::SupportSessionGranted,
    user_sessions::ForceLogoutAnswer,
};

/// Read once, within 60 seconds, by the staff session that caused it. Never in a URL or the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Flash {
    /// The form was refused. The input is kept.
    Refused {
        /// The problem to show.
        problem: Problem,
        /// What was typed, without secrets.
        input: Fields,
    },
    /// Nobody was signed in any more, or the page was too old. Nothing was done.
    Typed {
        /// What was typed, without secrets.
        input: Fields,
    },
    /// A support session was created, or its token was replaced.
    Granted(Box<SupportSessionGranted>),
    /// An API key was made, or its secret was replaced.
    KeyMade(Box<ApiKeyMade>),
    /// A one-time link was made.
    StaffLink(Box<StaffLinkGiven>),
    /// All user sessions of a tenant were ended, now or before.
    LoggedOut(Box<ForceLogoutAnswer>),
    /// Other rules of the gateway were tried.
    DryRun {
        /// The result of the trial.
        result: Box<DryRun>,
        /// What was typed.
        input: Fields,
    },
    /// Something else was done.
    Done(Done),
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// A sentence.
    pub message: String,
    /// Where it is recorded, if the reader may see that.
    #[serde(default)]
    pub audit_event: Option<AuditEventId>,
}

impl Flash {
    /// Something was done, of which no audit event is shown.
    pub fn done(message: impl Into<String>) -> Self {
        Self::Done(Done {
            message: message.into(),
            audit_event: None,
        })
    }

    /// Whether it is the only place that has a new token.
    pub fn has_token(&self) -> bool {
        matches!(self, Self::Granted(granted) if granted.token.is_some())
    }

    /// What was typed, to be shown again.
    pub fn kept<F: DeserializeOwned>(&self) -> Option<F> {
        match self {
            Self::Refused { input, .. } | Self::Typed { input } | Self::DryRun { input, .. } => {
                (!input.is_empty()).then(|| form::restore(input))?
            }
            _ => None,
        }
    }
}
