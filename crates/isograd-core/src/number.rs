//! Numbers in JSON, where NaN and the infinities have no notation of their own.

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// A number that survives JSON: a finite one is a JSON number, the others are the strings `"NaN"`,
/// `"inf"` and `"-inf"`.
///
/// ```
/// use isograd_core::number::Number;
/// assert_eq!(serde_json::to_string(&Number(f64::NEG_INFINITY)).unwrap(), "\"-inf\"");
/// assert_eq!(serde_json::from_str::<Number>("2.5").unwrap(), Number(2.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(pub f64);

impl Number {
    /// The word for a number that JSON cannot write; `None` for a finite one.
    fn word(self) -> Option<&'static str> {
        match self.0 {
            x if x.is_nan() => Some("NaN"),
            f64::INFINITY => Some("inf"),
            f64::NEG_INFINITY => Some("-inf"),
            _ => None,
        }
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self(value)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        match number.word() {
            Some(word) => Self::from(word),
            None => Self::from(number.0),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.word() {
            Some(word) => serializer.serialize_str(word),
            None => serializer.serialize_f64(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, \"NaN\", \"inf\" or \"-inf\"")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Number, E> {
        Ok(Number(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Number, E> {
        Ok(Number(value as f64))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Number, E> {
        Ok(Number(value as f64))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Number, E> {
        match value {
            "NaN" => Ok(Number(f64::NAN)),
            "inf" => Ok(Number(f64::INFINITY)),
            "-inf" => Ok(Number(f64::NEG_INFINITY)),
            _ => Err(E::invalid_value(de::Unexpected::Str(value), &self)),
        }
    }
}

/// `#[serde(with = "number::plain")]` on an `f64`: written and read as a [`Number`].
pub mod plain {
    use super::{Deserialize, Deserializer, Number, Serialize, Serializer};

    /// Writes the number.
    #[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde calls
    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Number(*value).serialize(serializer)
    }

    /// Reads the number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Number::deserialize(deserializer).map(|n| n.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Number;

    #[test]
    fn every_number_comes_back() {
        for value in [
            0.0,
            -0.0,
            1.5,
            1e-320,
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ] {
            let text = serde_json::to_string(&Number(value)).unwrap();
            let back: Number = serde_json::from_str(&text).unwrap();
            assert!(
                back.0.to_bits() == value.to_bits() || (back.0.is_nan() && value.is_nan()),
                "{value} was written as {text} and read as {}",
                back.0
            );
        }
    }

    #[test]
    fn other_words_are_refused_with_what_is_accepted() {
        let error = serde_json::from_str::<Number>("\"nan\"")
            .unwrap_err()
            .to_string();
        assert!(error.contains("\"NaN\", \"inf\" or \"-inf\""), "{error}");
        assert!(serde_json::from_str::<Number>("null").is_err());
    }
}
