#![allow(clippy::unwrap_used)]

use super::{PENDING, Scribe, TraceError, TraceReader, TraceWriter, read};
use crate::trace::quantity::{Quantity, Row};
use crate::trace::record::{Network, Record, RecordKind, Role, Site, Trace, Validation};
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

fn site(name: &str, node: usize) -> Site {
    Site {
        name: name.into(),
        kind: "dense".into(),
        node,
        role: Role::Output,
        elements: 8,
        units: 8,
    }
}

/// One site has the name of the row that is about the whole network.
fn sites() -> Vec<Site> {
    vec![
        site("dense1", 0),
        site("network", 1),
        site("größe \"2\"", 2),
    ]
}

fn record(step: u64, rows: Vec<Row>) -> Record {
    Record {
        step,
        kind: if step == 0 {
            RecordKind::Probe
        } else {
            RecordKind::Step
        },
        network: Network {
            loss: 0.5 / (step as f64),
            lr: 1e-3,
            global_norm: 3.0,
            clipped_norm: f64::NAN,
        },
        rows: rows.into(),
    }
}

fn rows(seed: u64) -> Vec<Row> {
    let row = |i: u64| {
        let mut row = Row::default().with(Quantity::Gradient, 1e-300 * (seed + i) as f64);
        for (k, q) in Quantity::ALL.into_iter().enumerate() {
            match (k as u64 + i + seed) % 5 {
                0 => row.set(q, f64::NEG_INFINITY),
                1 => row.set(q, -0.0),
                2 => row.set(q, 1.0 / 3.0),
                _ => {}
            }
        }
        row
    };
    (0..3).map(row).collect()
}

fn validation(step: u64) -> Validation {
    Validation {
        step,
        epoch: 0.5,
        train_loss: f64::NAN,
        loss: f64::INFINITY,
        metric: 0.25,
    }
}

/// Probe, a step of the network alone, a step, then a second segment.
fn sample() -> Trace {
    Trace {
        sites: sites(),
        records: vec![
            record(0, rows(0)),
            record(1, vec![]),
            record(2, rows(2)),
            record(3, rows(3)),
            record(4, vec![]),
        ],
        validations: vec![validation(0), validation(4)],
    }
}

fn write(dir: &Path, trace: &Trace, close_after: usize) {
    let mut writer = TraceWriter::create(dir, &trace.sites).unwrap();
    for (i, record) in trace.records.iter().enumerate() {
        if i == close_after {
            writer.close_segment().unwrap();
        }
        writer.write(record).unwrap();
    }
    for validation in &trace.validations {
        writer.validation(validation).unwrap();
    }
}

/// Equal, where two NaN are equal too.
fn same(a: &Trace, b: &Trace) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

/// The records of `a` are the first ones of `b`, in a trace of the same sites.
fn begins(a: &Trace, b: &Trace) -> bool {
    a.sites == b.sites
        && a.records.len() <= b.records.len()
        && format!("{:?}", a.records) == format!("{:?}", &b.records[..a.records.len()])
        && format!("{:?}", a.validations) == format!("{:?}", &b.validations[..a.validations.len()])
}

#[test]
fn a_trace_comes_back_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &sample(), 3);
    assert!(dir.path().join("segment-00001.arrows").exists());
    let back = TraceReader::open(dir.path()).unwrap();
    assert!(same(&back, &sample()), "{back:?}");
}

#[test]
fn a_trace_that_is_still_written_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let trace = sample();
    let mut writer = TraceWriter::create(dir.path(), &trace.sites).unwrap();
    for (i, record) in trace.records.iter().enumerate() {
        writer.write(record).unwrap();
        let back = TraceReader::open(dir.path()).unwrap();
        assert!(begins(&back, &trace));
        // A record of the network alone waits for the next one with sites.
        let waits = usize::from(record.rows.is_empty());
        assert_eq!(back.records.len(), i + 1 - waits);
    }
    writer.flush().unwrap();
    assert_eq!(
        TraceReader::open(dir.path()).unwrap().records.len(),
        trace.records.len()
    );
}

#[test]
fn a_scribe_writes_what_a_writer_writes() {
    let dir = tempfile::tempdir().unwrap();
    let trace = sample();
    let mut scribe = Scribe::create(dir.path(), &trace.sites).unwrap();
    for (i, record) in trace.records.iter().enumerate() {
        scribe.write(record).unwrap();
        if i == 2 {
            scribe.close_segment().unwrap();
        }
        scribe.flush().unwrap();
        let back = TraceReader::open(dir.path()).unwrap();
        assert_eq!(back.records.len(), i + 1);
    }
    for validation in &trace.validations {
        scribe.validation(validation).unwrap();
    }
    drop(scribe);
    assert!(same(&TraceReader::open(dir.path()).unwrap(), &trace));
    assert!(dir.path().join("segment-00001.arrows").exists());
}

#[test]
fn what_went_wrong_beside_comes_back_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut scribe = Scribe::create(dir.path(), &sites()).unwrap();
    scribe.write(&record(7, vec![Row::default()])).unwrap();
    let error = scribe.flush().unwrap_err();
    assert!(matches!(error, TraceError::Rows { step: 7, .. }), "{error}");
    scribe.write(&record(8, vec![])).unwrap();
    scribe.close_segment().unwrap();
    let error = Scribe::create(dir.path(), &sites()).unwrap_err();
    assert!(matches!(error, TraceError::Io { .. }), "{error}");
}

#[test]
fn records_of_the_network_alone_do_not_wait_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = TraceWriter::create(dir.path(), &[]).unwrap();
    for step in 0..=PENDING as u64 {
        writer.write(&record(step, vec![])).unwrap();
    }
    assert_eq!(
        TraceReader::open(dir.path()).unwrap().records.len(),
        PENDING
    );
}

#[test]
fn a_file_cut_at_any_byte_gives_a_prefix() {
    let dir = tempfile::tempdir().unwrap();
    let trace = sample();
    write(dir.path(), &trace, 3);
    let mut lengths = vec![];
    // The second segment holds the records from the third on.
    for (file, first) in [("segment-00000.arrows", 0), ("segment-00001.arrows", 3)] {
        let path = dir.path().join(file);
        let whole = fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            let mut records = vec![];
            let closed = read::segment(&path, &whole[..cut], &trace.sites, &mut records)
                .unwrap_or_else(|e| panic!("{file} cut at {cut}: {e}"));
            assert_eq!(closed, cut == whole.len(), "{file} cut at {cut}");
            let expected = &trace.records[first..first + records.len()];
            assert_eq!(
                format!("{records:?}"),
                format!("{expected:?}"),
                "{file} cut at {cut}"
            );
            lengths.push((first, records.len()));
        }
    }
    // The cuts met every whole batch and nothing in between.
    lengths.dedup();
    assert_eq!(lengths, [(0, 0), (0, 1), (0, 3), (3, 0), (3, 1), (3, 2)]);

    let path = dir.path().join("validations.jsonl");
    let whole = fs::read(&path).unwrap();
    let first_line = whole.iter().position(|b| *b == b'\n').unwrap() + 1;
    for cut in 0..=whole.len() {
        let lines = read::validations(&path, &whole[..cut]).unwrap().len();
        assert_eq!(
            lines,
            usize::from(cut >= first_line) + usize::from(cut == whole.len())
        );
    }
}

#[test]
fn zeros_behind_the_last_batch_are_a_cut() {
    let dir = tempfile::tempdir().unwrap();
    let trace = sample();
    let mut writer = TraceWriter::create(dir.path(), &trace.sites).unwrap();
    writer.write(&trace.records[0]).unwrap();
    let path = dir.path().join("segment-00000.arrows");
    let mut bytes = fs::read(&path).unwrap();
    bytes.resize(bytes.len() + 4096, 0);
    fs::write(&path, bytes).unwrap();
    assert_eq!(TraceReader::open(dir.path()).unwrap().records.len(), 1);
}

#[test]
fn what_is_not_a_trace_is_an_error_that_says_where() {
    struct Case {
        file: &'static str,
        holds: &'static [u8],
        says: &'static str,
    }
    let header = br#"{"format":"isograd trace","version":2,"site":[]}"#;
    let cases = [
        Case {
            file: "header.json",
            holds: b"",
            says: "header.json: this is not the header",
        },
        Case {
            file: "header.json",
            holds: b"{}",
            says: "\"format\" is not \"isograd trace\"",
        },
        Case {
            file: "header.json",
            holds: header,
            says: "version 2, and this isograd reads up to 1",
        },
        Case {
            file: "segment-00000.arrows",
            holds: b"PAR1 something else",
            says: "segment-00000.arrows: byte 0: no message",
        },
        Case {
            file: "segment-00000.arrows",
            holds: &[255, 255, 255, 255, 4, 0, 0, 0, 9, 9, 9, 9],
            says: "byte 0: its head cannot be read",
        },
        Case {
            file: "segment-00000.arrows",
            holds: &[255, 255, 255, 255, 255, 255, 255, 255, 9, 9],
            says: "byte 0: its length is negative",
        },
        Case {
            file: "validations.jsonl",
            holds: b"{\"step\":0,\"epoch\":0,\"train_loss\":\"NaN\",\"loss\":1,\"metric\":1}\n{}\n",
            says: "validations.jsonl:2: this is not a validation: missing field `step`",
        },
    ];
    let mut wrong = vec![];
    for case in cases {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &sample(), 9);
        fs::write(dir.path().join(case.file), case.holds).unwrap();
        match TraceReader::open(dir.path()) {
            Err(e) if e.to_string().contains(case.says) => {}
            other => wrong.push(format!("{}: {other:?}", case.says)),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn sites_that_are_not_those_of_the_header_are_an_error() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &sample(), 9);
    let path = dir.path().join("header.json");
    let header = fs::read_to_string(&path)
        .unwrap()
        .replace("dense1", "dense7");
    fs::write(&path, header).unwrap();
    let error = TraceReader::open(dir.path()).unwrap_err().to_string();
    assert!(
        error.contains("the site \"dense1\" is not the one that comes next"),
        "{error}"
    );
}

#[test]
fn a_second_trace_in_the_same_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &sample(), 9);
    assert!(matches!(
        TraceWriter::create(dir.path(), &[]),
        Err(TraceError::Io { .. })
    ));
    assert!(same(&TraceReader::open(dir.path()).unwrap(), &sample()));
}

#[test]
fn a_record_with_other_rows_than_sites_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = TraceWriter::create(dir.path(), &sites()).unwrap();
    let error = writer.write(&record(7, vec![Row::default()])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "step 7: the record has 1 rows, and the trace 3 sites"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_numbers_come_back(
        values in prop::collection::vec((any::<u64>(), prop::collection::vec(any::<f64>(), 3)), 1..20)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let records: Vec<Record> = values.iter().map(|(step, xs)| {
            let rows = xs.iter().map(|x| Row::default().with(Quantity::WeightNorm, *x)).collect();
            record(*step, if step % 3 == 0 { vec![] } else { rows })
        }).collect();
        let trace = Trace { sites: sites(), records, validations: vec![] };
        write(dir.path(), &trace, values.len() / 2);
        prop_assert!(same(&TraceReader::open(dir.path()).unwrap(), &trace));
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = SAMPLE.clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = read::segment(Path::new("segment"), &bytes, &sites(), &mut vec![]);
    }
}

/// The bytes of a segment that holds the whole sample.
static SAMPLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &sample(), 9);
    fs::read(dir.path().join("segment-00000.arrows")).unwrap()
});
