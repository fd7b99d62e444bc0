//! Filters that a person keeps under a name.

use serde::{Deserialize, Serialize};

use super::{
    SavedViewId,
    problem::{FieldProblems, Problem},
    text::clean,
};

/// How many views one person keeps of one list.
pub const SAVED_VIEWS_MAX: u64 = 20;
/// The longest name, in characters.
pub const VIEW_NAME_MAX: usize = 60;
/// The longest filter, in bytes.
const FILTER_MAX: usize = 2_000;

text_enum! {
    /// A list that can be filtered.
    pub enum FilteredList {
        /// The list of support sessions.
        SupportSessions = "support_sessions",
        /// The audit log.
        Audit = "audit",
    }
}

/// A filter of a list under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedView {
    /// The view's ID, made by our server.
    pub id: SavedViewId,
    /// The list that it filters.
    pub list: FilteredList,
    /// What its owner calls it.
    pub name: String,
    /// The address of the filtered list.
    pub address: String,
}

/// The form that keeps, renames or deletes a view.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedViewForm {
    /// The list's name.
    pub list: String,
    /// The view to rename or delete; empty for a new one.
    pub id: String,
    /// The name.
    pub name: String,
    /// `1` deletes the view.
    pub delete: String,
    /// The address of the list as it is filtered now, to come back to.
    pub address: String,
}

/// What a form asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeView {
    /// Keep the filter under this name.
    Keep(String),
    /// Give a view another name.
    Rename(SavedViewId, String),
    /// Forget a view.
    Delete(SavedViewId),
}

impl SavedViewForm {
    /// The list and what to do, or what is wrong.
    pub fn validate(&self) -> Result<(FilteredList, ChangeView), Problem> {
        let mut problems = FieldProblems::default();
        let list = problems.take("list", self.list.parse());
        let id = match self.id.as_str() {
            "" => None,
            id => problems.take("id", id.parse()),
        };
        let is_deleted = self.delete == "1";
        let shortest = usize::from(!is_deleted);
        let name = clean(&self.name, shortest, VIEW_NAME_MAX, false);
        let name = problems.checked("name", name);
        if self.address.len() > FILTER_MAX {
            problems.add("name", "this filter is too long to be kept");
        }
        problems.finish()?;
        let change = match id {
            None => ChangeView::Keep(name),
            Some(id) if is_deleted => ChangeView::Delete(id),
            Some(id) => ChangeView::Rename(id, name),
        };
        Ok((list.unwrap_or(FilteredList::Audit), change))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(id: &str, name: &str) -> SavedViewForm {
        SavedViewForm {
            list: "audit".into(),
            id: id.into(),
            name: name.into(),
            address: "/audit".into(),
            ..SavedViewForm::default()
        }
    }

    #[test]
    fn a_form_keeps_renames_or_deletes() {
        let id = "01937e2c-7b6a-7cc0-8000-000000000001";
        let change = |id, name| form(id, name).validate().unwrap().1;
        assert_eq!(change("", " Mine "), ChangeView::Keep("Mine".into()));
        let known = id.parse().unwrap();
        assert_eq!(change(id, "Mine"), ChangeView::Rename(known, "Mine".into()));
        let deleted = SavedViewForm {
            delete: "1".into(),
            ..form(id, "")
        };
        assert_eq!(deleted.validate().unwrap().1, ChangeView::Delete(known));
    }

    #[test]
    fn a_blank_name_deletes_nothing() {
        let id = "01937e2c-7b6a-7cc0-8000-000000000001";
        for blank in ["", "   ", "\u{200b}"] {
            let fields = form(id, blank).validate().unwrap_err().fields;
            assert_eq!(fields[0].field, "name", "{blank:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |form: SavedViewForm| {
            let fields = form.validate().unwrap_err().fields;
            fields.into_iter().map(|p| p.field).collect::<Vec<_>>()
        };
        assert_eq!(refused(form("", "  ")), ["name"]);
        assert_eq!(refused(form("", &"x".repeat(61))), ["name"]);
        assert_eq!(refused(form("x", "y")), ["id"]);
        let other = SavedViewForm {
            list: "tenants".into(),
            address: "x".repeat(2_001),
            ..form("", "y")
        };
        assert_eq!(refused(other), ["list", "name"]);
    }
}
