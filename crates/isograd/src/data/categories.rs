//! One-hot encoding of categories with the words of the training rows.

use std::collections::BTreeSet;

use isograd_core::describe::Shape;

use super::raw::{Numbers, Raw};

/// The words of each category column that occur in the training rows, sorted.
pub(crate) struct Encoder {
    columns: Vec<(usize, Vec<String>)>,
}

impl Encoder {
    /// Collects the words of these rows.
    pub(crate) fn fit(raw: &Raw, rows: &[u32]) -> Self {
        let width = raw.shape.elements();
        let columns = raw.categories.iter().map(|categories| {
            let words: BTreeSet<&String> = rows
                .iter()
                .filter_map(|&row| {
                    let value = raw.inputs.get(row as usize * width + categories.column);
                    (!value.is_nan()).then(|| &categories.words[value as usize])
                })
                .collect();
            (categories.column, words.into_iter().cloned().collect())
        });
        Self {
            columns: columns.collect(),
        }
    }

    /// Replaces each category column by one column a word: 1 where the row has it. A missing word,
    /// and one that the training rows do not have, is 0 everywhere; the latter is noted.
    pub(crate) fn encode(&self, raw: Raw) -> Raw {
        if self.columns.is_empty() {
            return raw;
        }
        let width = raw.shape.elements();
        let known = |column: usize| {
            let found = self.columns.iter().find(|(at, _)| *at == column);
            found.map(|(_, words)| words.as_slice())
        };
        // For each category column: position of each of this file's words among the known ones.
        let places: Vec<Option<Vec<Option<usize>>>> = (0..width)
            .map(|column| {
                let words = known(column)?;
                let own = raw.categories.iter().find(|own| own.column == column)?;
                Some(
                    own.words
                        .iter()
                        .map(|word| words.binary_search(word).ok())
                        .collect(),
                )
            })
            .collect();
        let mut names = Vec::new();
        let mut elements = 0;
        for column in 0..width {
            let name = &raw.names[column];
            if let Some(words) = known(column) {
                names.extend(words.iter().map(|word| format!("{name}={word}")));
                elements += words.len();
            } else {
                names.push(name.clone());
                elements += 1;
            }
        }
        let rows = raw.len();
        let mut values = Vec::with_capacity(rows * elements);
        let mut unknown = 0usize;
        for row in 0..rows {
            for (column, places) in places.iter().enumerate() {
                let value = raw.inputs.get(row * width + column);
                let Some(places) = places else {
                    values.push(value);
                    continue;
                };
                let start = values.len();
                values.resize(start + known(column).map_or(0, <[String]>::len), 0.0);
                if !value.is_nan() {
                    match places[value as usize] {
                        Some(place) => values[start + place] = 1.0,
                        None => unknown += 1,
                    }
                }
            }
        }
        let mut notes = raw.notes;
        if unknown > 0 {
            notes.push(format!(
                "{unknown} categories outside the training rows do not occur in them and became all zeros"
            ));
        }
        Raw {
            inputs: Numbers::F64(values),
            shape: Shape::Flat(elements),
            targets: raw.targets,
            names,
            categories: Vec::new(),
            facts: raw.facts,
            notes,
        }
    }
}
