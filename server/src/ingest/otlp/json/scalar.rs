//! Numbers and values of enumerations, as OTLP writes them in JSON.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use serde_json::Number;

/// A value of an enumeration. Some programs write its name.
#[derive(Default, Deserialize)]
pub(super) struct Choice(Scalar);

impl Choice {
    pub(super) fn is(&self, number: u64, name: &str) -> bool {
        match &self.0 {
            Scalar::Nothing => number == 0,
            Scalar::Number(given) => given.as_u64() == Some(number),
            Scalar::Text(given) => given == name,
        }
    }
}

/// A number, or its digits. A list or an object in its place is not read, since it could be large.
#[derive(Default)]
enum Scalar {
    #[default]
    Nothing,
    Number(Number),
    Text(String),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
        let number = Number::from_f64(number);
        number
            .map(Scalar::Number)
            .ok_or_else(|| E::custom("must be finite"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Nothing)
    }
}

/// A value of JSON, where `null` is the default.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match Scalar::deserialize(deserializer)? {
        Scalar::Nothing => Ok(0),
        Scalar::Number(number) => number.as_u64().ok_or_else(not_whole),
        Scalar::Text(text) => text.parse().map_err(D::Error::custom),
    }
}

pub(super) fn maybe_whole<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    match Scalar::deserialize(deserializer)? {
        Scalar::Nothing => Ok(None),
        Scalar::Number(number) => number.as_i64().ok_or_else(not_whole).map(Some),
        Scalar::Text(text) => text.parse().map(Some).map_err(D::Error::custom),
    }
}

fn not_whole<E: Error>() -> E {
    E::custom("must be a whole number of 64 bits")
}

/// JSON has no numbers for `NaN` and `Infinity`, which come as texts.
pub(super) fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    match Scalar::deserialize(deserializer)? {
        Scalar::Nothing => Ok(None),
        Scalar::Number(number) => Ok(number.as_f64()),
        Scalar::Text(text) => text.parse().map(Some).map_err(D::Error::custom),
    }
}
