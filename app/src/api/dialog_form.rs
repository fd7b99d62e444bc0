//! The forms of dialogs: what is sent and what is said when it is done, with JavaScript and without.

use std::{fmt::Display, str::FromStr};

use leptos::server_fn::ServerFn;
use serde::{Serialize, de::DeserializeOwned};

use super::ApiError;
use crate::{
    domain::{StaffId, SupportSessionId, flash::Flash},
    paths::Dialog,
};

/// A server function that the form of a dialog calls.
pub trait DialogForm:
    ServerFn<Error = ApiError, Output: Clone + PartialEq + Send + Sync + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
    const DIALOG: Dialog;
    /// Names what the dialog is about.
    type Id: FromStr + Display + Clone + Send + Sync + 'static;
    type Form: Serialize + DeserializeOwned + Default + Send;

    fn of(id: Self::Id, form: Self::Form) -> Self;

    /// What to say. [`Flash::Done`] is said on the page below the dialog, all else in the dialog.
    fn done(answer: Self::Output) -> Flash;

    /// The support session of which the form gives a new token, and has no key of its own by which a second click is known.
    fn token_of(_: &Self::Id) -> Option<SupportSessionId> {
        None
    }

    /// The staff member for whom the form makes a one-time link, if a second click is known only by that.
    fn link_of(_: &Self::Id) -> Option<StaffId> {
        None
    }

    /// Whether the form has served its purpose. It stays where it had been sent before, and says so.
    fn settles(_: &Self::Output) -> bool {
        true
    }
}
