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
    /// The name; empty deletes the view.
    pub name: String,
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
        let name = clean(
            &self.name,
            usize::from(self.id.is_empty()),
            VIEW_NAME_MAX,
            false,
        );
        let name = problems.checked("name", name);
        if self.address.len() > FILTER_MAX {
            problems.add("name", "this filter is too long to be kept");
        }
        problems.finish()?;
        let change = match id {
            None => ChangeView::Keep(name),
            Some(id) if name.is_empty() => ChangeView::Delete(id),
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
        }
    }

    #[test]
    fn a_form_keeps_renames_or_deletes() {
        let id = "01937e2c-7b6a-7cc0-8000-000000000001";
        let change = |id, name| form(id, name).validate().unwrap().1;
        assert_eq!(change("", " Mine "), ChangeView::Keep("Mine".into()));
        let known = id.parse().unwrap();
        assert_eq!(change(id, "Mine"), ChangeView::Rename(known, "Mine".into()));
        assert_eq!(change(id, ""), ChangeView::Delete(known));
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
