//! What the fields of a form hold in the browser.

use leptos::web_sys::{FormData, js_sys::Array};
use serde::de::DeserializeOwned;

use crate::domain::{
    form::{self, Fields},
    problem::Problem,
};

/// Reads a form as the server reads the same form when it is posted.
///
/// # Errors
///
/// If the document has fields that the form does not have.
pub fn read_form<F: DeserializeOwned>(data: &FormData) -> Result<F, Problem> {
    let mut fields = Fields::new();
    for pair in data.entries().into_iter().flatten() {
        let pair = Array::from(&pair);
        if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
            fields.entry(name).or_default().push(value);
        }
    }
    fields.remove(form::WRITTEN_IN);
    form::read(&fields)
}
