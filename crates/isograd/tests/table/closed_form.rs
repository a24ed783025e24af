//! A value against the formula that defines it.

use super::item::{Bound, Item, Reading, relative};

/// What was computed, and what the formula says.
pub(crate) type Pair = (Vec<f64>, Vec<f64>);

/// Compares what `compute` gives first with what it gives second; `source` is the publication or the
/// formula. The bound is 1e-12 unless the line says another.
pub(crate) fn closed_form(
    family: &'static str,
    name: &str,
    source: &str,
    compute: fn() -> Pair,
) -> Item {
    Item {
        family,
        name: name.to_owned(),
        source: source.to_owned(),
        bound: Bound {
            single: 1e-6,
            double: 1e-12,
        },
        describes: String::new(),
        check: Box::new(move || {
            let (got, wanted) = compute();
            if wanted.is_empty() {
                return Err("the formula gives no numbers".to_owned());
            }
            Ok(vec![Reading {
                at: format!("{} values", wanted.len()),
                precision: "f64",
                error: relative(&got, &wanted),
            }])
        }),
    }
}
