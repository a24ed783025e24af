//! What `heal --format json` prints.

use super::doctor;
use crate::heal::Healing;
use crate::report::facts::DoctorReport;
use serde_json::Value;

/// The diagnosis of the description as it was, and all that healing came to. `healed` is the file
/// that was written, if there is one.
pub fn heal(
    report: &DoctorReport<'_>,
    healing: &Healing,
    healed: Option<&str>,
) -> Result<Value, serde_json::Error> {
    let mut object = doctor::fields("heal", report);
    if let Value::Object(healing) = serde_json::to_value(healing)? {
        object.extend(healing);
    }
    object.insert("healed".into(), healed.map_or(Value::Null, Value::from));
    Ok(object.into())
}
