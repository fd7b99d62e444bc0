//! Forms, read strictly by serde: the body of a POST, the browser's `FormData` and what a flash has
//! kept all become the struct of the form here.
//!
//! The fields of such a struct are texts (`String`, or a secret that reads itself from one), lists of
//! texts for fields that may come several times, `u32`, and `bool` for a checkbox. The struct has
//! `#[serde(default)]`: browsers leave out checkboxes that are not ticked.

use std::{cell::RefCell, collections::BTreeMap};

use serde::{
    Deserialize, Serialize,
    de::{
        DeserializeOwned, Deserializer, IntoDeserializer, Visitor,
        value::{Error, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{
    problem::{FieldProblems, Problem, ProblemCode},
    shown::in_sentence,
};

/// The values of each field, in the order in which they came. They may hold passwords until
/// [`without_secrets`] has been asked for the rest.
pub type Fields = BTreeMap<String, Vec<String>>;

/// A form that holds the values of something that others may change meanwhile. It carries a mark of the state for which it was
/// made, and isn't saved over another.
pub trait Marked: Serialize + DeserializeOwned {
    /// Takes what is no value, such as the reason, from what was typed for an older state.
    fn take_rest(&mut self, typed: &Self);

    /// The label of an option, for a field with options.
    fn label(_field: &str, _value: &str) -> Option<&'static str> {
        None
    }
}

/// The fields in which two forms differ, with the first form's values as the page shows them.
pub fn differing(
    form: &impl Serialize,
    other: &impl Serialize,
    label: fn(&str, &str) -> Option<&'static str>,
) -> BTreeMap<String, String> {
    // Forms are structs, and plain data always serialises.
    let value = |form: serde_json::Value| match form {
        serde_json::Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    };
    let fields = value(serde_json::to_value(form).unwrap_or_default());
    let other = value(serde_json::to_value(other).unwrap_or_default());
    let differ = fields.into_iter().filter_map(|(name, value)| {
        let has = in_words(&value);
        let same = other.get(&name).is_some_and(|other| in_words(other) == has);
        let chosen = value.as_str().and_then(|value| label(&name, value));
        let has = chosen.map_or(has, |label| format!("“{label}”"));
        (!same).then_some((name, has))
    });
    differ.collect()
}

/// A field's value as people read it. Numbers that are the same are written alike.
fn in_words(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => match text.trim() {
            "" => "empty".to_owned(),
            text => match text.parse::<f64>() {
                Ok(number) => number.to_string(),
                Err(_) => format!("“{}”", in_sentence(text)),
            },
        },
        serde_json::Value::Bool(true) => "ticked".to_owned(),
        serde_json::Value::Bool(false) => "not ticked".to_owned(),
        other => other.to_string(),
    }
}

/// Reads a form.
///
/// # Errors
///
/// Names every field that the form does not have, that came more than once although it has one
/// value, or that is no number and no checkbox where it must be.
pub fn read<F: DeserializeOwned>(fields: &Fields) -> Result<F, Problem> {
    let (form, problems) = read_all(fields);
    problems.finish()?;
    form.map_err(|error| Problem::new(ProblemCode::InvalidInput, error.to_string()))
}

/// Reads what was kept of a refused form, to be shown again: whatever is wrong with it is left out.
pub fn restore<F: DeserializeOwned>(kept: &Fields) -> Option<F> {
    read_all(kept).0.ok()
}

/// The fields that may be shown again: those that the form writes. Secrets can't be written.
pub fn without_secrets<F: Serialize + Default>(mut fields: Fields) -> Fields {
    let written = serde_json::to_value(F::default()).unwrap_or_default();
    fields.retain(|name, _| written.get(name).is_some());
    fields
}

/// The field that names the sign-in of the page on which a form was filled in. No form reads it.
pub const WRITTEN_IN: &str = "written_in";

/// A form without fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoFields {}

fn read_all<F: DeserializeOwned>(fields: &Fields) -> (Result<F, Error>, FieldProblems) {
    let problems = RefCell::default();
    let values = fields.iter().map(|(name, given)| {
        let values = Values {
            name,
            given,
            problems: &problems,
        };
        (name.as_str(), values)
    });
    let form = F::deserialize(MapDeserializer::new(values));
    (form, problems.into_inner())
}

/// The values of one field. What is wrong with them is noted, so that all of it is told at once.
struct Values<'f> {
    name: &'f str,
    given: &'f [String],
    problems: &'f RefCell<FieldProblems>,
}

impl Values<'_> {
    fn refuse(&self, message: &str) {
        self.problems.borrow_mut().add(self.name, message);
    }

    fn only(&self) -> &str {
        if self.given.len() > 1 {
            self.refuse("was given more than once");
        }
        self.given.first().map_or("", String::as_str)
    }
}

impl<'de> Deserializer<'de> for Values<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.only())
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let values = self.given.iter().map(String::as_str);
        visitor.visit_seq(SeqDeserializer::new(values))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let is_ticked = match self.only() {
            "" => false,
            "on" | "yes" => true,
            _ => {
                self.refuse("must be `on` or left out");
                false
            }
        };
        visitor.visit_bool(is_ticked)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = self.only().parse().unwrap_or_else(|_| {
            self.refuse("must be a whole number");
            0
        });
        visitor.visit_u32(number)
    }

    /// Serde ignores what the struct has no field for.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.refuse("is not a field of this form (an extension of the browser may have added it)");
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct tuple tuple_struct map struct enum identifier
    }
}

impl IntoDeserializer<'_> for Values<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_where_it_differs_and_takes_the_same_number_for_the_same() {
        let form = |name: &str, percent: &str, may: bool| serde_json::json!({"name": name, "percent": percent, "may": may});
        let label = |field: &str, value: &str| {
            (field == "name" && value == "other").then_some("Another one")
        };
        let differing = |a, b| differing(&a, &b, label).into_iter().collect::<Vec<_>>();
        assert!(differing(form(" Acme ", "2.50", true), form("Acme", "2.5", true)).is_empty());
        assert_eq!(
            differing(form("Acme", "", false), form("Other", "3", true)),
            [
                ("may".to_owned(), "not ticked".to_owned()),
                ("name".to_owned(), "“Acme”".to_owned()),
                ("percent".to_owned(), "empty".to_owned()),
            ]
        );
        assert_eq!(
            differing(form("other", "", true), form("Acme", "", true)),
            [("name".to_owned(), "“Another one”".to_owned())]
        );
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Example {
        reason: String,
        scopes: Vec<String>,
        only: bool,
        #[serde(skip_serializing)]
        password: String,
    }

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::new();
        for (name, value) in pairs {
            let values = fields.entry((*name).to_owned()).or_default();
            values.push((*value).to_owned());
        }
        fields
    }

    fn refused(pairs: &[(&str, &str)]) -> Vec<String> {
        let problem = read::<Example>(&fields(pairs)).unwrap_err();
        problem.fields.into_iter().map(|f| f.field).collect()
    }

    #[test]
    fn a_form_is_read_and_what_is_missing_is_empty() {
        let given = fields(&[
            ("reason", "a"),
            ("scopes", "x"),
            ("scopes", "y"),
            ("only", "on"),
        ]);
        let read: Example = read(&given).unwrap();
        assert_eq!((read.reason.as_str(), read.only), ("a", true));
        assert_eq!(read.scopes, ["x", "y"]);
        assert_eq!(
            super::read::<Example>(&Fields::new()),
            Ok(Example::default())
        );
    }

    #[test]
    fn unknown_and_repeated_fields_are_named_all_at_once() {
        let pairs = [
            ("reason", "a"),
            ("reason", "b"),
            ("scopes", "x"),
            ("scopes", "y"),
            ("role", "super_admin"),
            ("only", "maybe"),
        ];
        assert_eq!(refused(&pairs), ["only", "reason", "role"]);
    }

    #[test]
    fn what_was_refused_is_restored_with_the_first_of_each() {
        let kept = fields(&[("reason", "a"), ("reason", "b"), ("role", "x")]);
        assert_eq!(restore::<Example>(&kept).unwrap().reason, "a");
    }

    #[test]
    fn secrets_and_unknown_fields_are_not_kept() {
        let given = fields(&[("reason", "a"), ("password", "b"), ("role", "x")]);
        let kept = without_secrets::<Example>(given);
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["reason"]);
    }
}
