//! Records as a table of columns, and back.

use crate::trace::quantity::{Quantity, Row};
use crate::trace::record::{Network, Record, RecordKind, Site};
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, UInt64Type};
use arrow_array::{Array as _, ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use std::collections::VecDeque;
use std::sync::Arc;

/// The columns of [`Network`], in order.
const NETWORK: [&str; 4] = ["loss", "lr", "global_norm", "clipped_norm"];
/// What stands in the column `site` of a row about the whole network.
const NETWORK_SITE: &str = "network";

/// Names of all columns in order.
pub(super) fn columns() -> Vec<String> {
    schema().fields().iter().map(|f| f.name().clone()).collect()
}

/// The schema of every segment.
pub(super) fn schema() -> Schema {
    let mut fields = vec![
        Field::new("step", DataType::UInt64, false),
        Field::new("kind", DataType::Utf8, false),
        Field::new("site", DataType::Utf8, false),
    ];
    let numbers = NETWORK
        .into_iter()
        .chain(Quantity::ALL.map(Quantity::column));
    fields.extend(numbers.map(|name| Field::new(name, DataType::Float64, true)));
    Schema::new(fields)
}

fn kind_word(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Probe => "probe",
        RecordKind::Step => "step",
    }
}

/// Records as one batch. The rows of each are as many as `sites`, or none.
pub(super) fn batch(
    schema: &Arc<Schema>,
    sites: &[Site],
    records: &[Record],
) -> Result<RecordBatch, ArrowError> {
    // One entry a row of the table: a record, and the site's row unless it is the network's.
    let lines: Vec<(&Record, Option<usize>)> = records
        .iter()
        .flat_map(|r| {
            std::iter::once((r, None)).chain((0..r.rows.len()).map(move |i| (r, Some(i))))
        })
        .collect();
    let site_name = |site: Option<usize>| match site {
        None => NETWORK_SITE,
        Some(i) => sites.get(i).map_or("", |s| s.name.as_str()),
    };
    let network = |pick: fn(&Network) -> f64| -> ArrayRef {
        let values = lines
            .iter()
            .map(|(r, s)| s.is_none().then(|| pick(&r.network)));
        Arc::new(values.collect::<Float64Array>())
    };
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(
            lines
                .iter()
                .map(|(r, _)| Some(r.step))
                .collect::<UInt64Array>(),
        ),
        Arc::new(
            lines
                .iter()
                .map(|(r, _)| Some(kind_word(r.kind)))
                .collect::<StringArray>(),
        ),
        Arc::new(
            lines
                .iter()
                .map(|(_, s)| Some(site_name(*s)))
                .collect::<StringArray>(),
        ),
        network(|n| n.loss),
        network(|n| n.lr),
        network(|n| n.global_norm),
        network(|n| n.clipped_norm),
    ];
    for quantity in Quantity::ALL {
        let values = lines
            .iter()
            .map(|(r, s)| s.and_then(|i| r.rows[i].get(quantity)));
        columns.push(Arc::new(values.collect::<Float64Array>()));
    }
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// The records of a batch that [`batch`] made, or what is wrong with it.
pub(super) fn records(batch: &RecordBatch, sites: &[Site]) -> Result<Vec<Record>, String> {
    let column = |name: &str| {
        batch
            .column_by_name(name)
            .ok_or_else(|| format!("the column \"{name}\" is missing"))
    };
    let numbers = |name: &str| -> Result<Float64Array, String> {
        let column = column(name)?;
        column
            .as_primitive_opt::<Float64Type>()
            .cloned()
            .ok_or_else(|| format!("the column \"{name}\" does not hold 64-bit floats"))
    };
    let words = |name: &str| -> Result<StringArray, String> {
        let column = column(name)?;
        let words = column
            .as_string_opt::<i32>()
            .cloned()
            .ok_or_else(|| format!("the column \"{name}\" does not hold text"))?;
        no_nulls(&words, name).map(|()| words)
    };
    let steps = column("step")?
        .as_primitive_opt::<UInt64Type>()
        .ok_or("the column \"step\" does not hold unsigned integers")?;
    no_nulls(steps, "step")?;
    let (kinds, names) = (words("kind")?, words("site")?);
    let [loss, lr, global, clipped] = NETWORK.map(numbers);
    let (loss, lr, global, clipped) = (loss?, lr?, global?, clipped?);
    // A quantity that the writer did not know is absent, as one that was not measured.
    let quantities: Vec<(Quantity, Float64Array)> = Quantity::ALL
        .into_iter()
        .filter(|q| batch.column_by_name(q.column()).is_some())
        .map(|q| numbers(q.column()).map(|c| (q, c)))
        .collect::<Result<_, _>>()?;

    let value = |c: &Float64Array, i: usize| c.is_valid(i).then(|| c.value(i));
    let mut records: Vec<Record> = Vec::new();
    let mut expected: VecDeque<&Site> = VecDeque::new();
    for i in 0..batch.num_rows() {
        // Only the network's row has a loss.
        if loss.is_valid(i) {
            whole(records.last(), &expected, sites)?;
            let kind = match kinds.value(i) {
                "probe" => RecordKind::Probe,
                "step" => RecordKind::Step,
                other => return Err(format!("row {i}: \"{other}\" is no kind of record")),
            };
            let number = |c: &Float64Array| value(c, i).unwrap_or(f64::NAN);
            records.push(Record {
                step: steps.value(i),
                kind,
                network: Network {
                    loss: number(&loss),
                    lr: number(&lr),
                    global_norm: number(&global),
                    clipped_norm: number(&clipped),
                },
                rows: Arc::default(),
            });
            expected = sites.iter().collect();
            continue;
        }
        let record = records
            .last_mut()
            .ok_or("the batch does not begin with the network's row")?;
        let name = names.value(i);
        if expected.pop_front().is_none_or(|site| site.name != name) {
            return Err(format!(
                "row {i}: the site \"{name}\" is not the one that comes next"
            ));
        }
        let mut row = Row::default();
        for (quantity, column) in &quantities {
            if let Some(x) = value(column, i) {
                row.set(*quantity, x);
            }
        }
        Arc::make_mut(&mut record.rows).push(row);
    }
    whole(records.last(), &expected, sites)?;
    Ok(records)
}

/// A record has a row for every site, or for none.
fn whole(record: Option<&Record>, left: &VecDeque<&Site>, sites: &[Site]) -> Result<(), String> {
    match record {
        Some(r) if !left.is_empty() && left.len() != sites.len() => {
            let site = left.front().map_or("", |s| s.name.as_str());
            Err(format!("step {}: the site \"{site}\" is missing", r.step))
        }
        _ => Ok(()),
    }
}

fn no_nulls(column: &dyn arrow_array::Array, name: &str) -> Result<(), String> {
    match column.null_count() {
        0 => Ok(()),
        n => Err(format!("the column \"{name}\" has {n} empty cells")),
    }
}
