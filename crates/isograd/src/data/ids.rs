//! Inputs that are ids: whole numbers below the vocabulary of an embedding.

use super::error::{DataError, DataErrorKind, Position};
use super::{Data, Part};
use isograd_core::describe::{Op, Plan};

impl Data {
    /// Fails where the network looks the inputs up, and one of them is no whole number below its
    /// vocabulary.
    pub fn check_ids(&self, plan: &Plan) -> Result<(), DataError> {
        let first = plan.chain.first().map(|&id| &plan.nodes[id]);
        let Some((node, &vocabulary)) = first.and_then(|node| match &node.op {
            Op::Embedding {
                ids: true,
                vocabulary,
                ..
            } => Some((node, vocabulary)),
            _ => None,
        }) else {
            return Ok(());
        };
        let parts = [
            ("train", Some(&self.train)),
            ("valid", self.valid.as_ref()),
            ("test", self.test.as_ref()),
        ];
        for (name, part) in parts {
            let Some(part) = part else { continue };
            if let Some((row, value)) = stranger(part, vocabulary) {
                let message = format!(
                    "{value} in the {name} part is no id of {}: ids are whole numbers from 0 to {}",
                    node.name,
                    vocabulary - 1
                );
                return Err(DataError::new(DataErrorKind::Value, message)
                    .at(Position::Row(row as u64))
                    .help(
                        "say how many ids there are with `vocabulary`, do not scale ids, or use a \
                         dense block for numbers that are no ids",
                    ));
            }
        }
        Ok(())
    }
}

/// The first number that is no id, and its row.
fn stranger(part: &Part, vocabulary: usize) -> Option<(usize, f32)> {
    let is_id = |x: f32| x >= 0.0 && f64::from(x) < vocabulary as f64 && x.fract() == 0.0;
    let at = part.inputs.iter().position(|&x| !is_id(x))?;
    Some((at / part.elements.max(1), part.inputs[at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Targets;

    #[test]
    fn what_is_no_id_is_found_with_its_row() {
        let part = |inputs: Vec<f32>| Part {
            inputs,
            elements: 2,
            facts: crate::data::Facts::default(),
            targets: Targets::Index(vec![0, 0]),
        };
        for (value, found) in [
            (3.0, None),
            (4.0, Some((1, 4.0))),
            (0.5, Some((1, 0.5))),
            (-1.0, Some((1, -1.0))),
        ] {
            assert_eq!(stranger(&part(vec![0.0, 1.0, 2.0, value]), 4), found);
        }
        assert!(stranger(&part(vec![f32::NAN; 4]), 4).is_some());
    }
}
