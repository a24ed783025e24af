//! What holds for every source: splits, scaling on training rows, orders, batches.

use super::*;
use isograd::data::{Targets, order};
use isograd_core::describe::Task;
use isograd_core::describe::data::{Augment, TargetKind};

fn circles(seed: u64, valid: f64) -> Data {
    let mut spec = spec(Source::Circles(generated(100)), "");
    spec.valid = HeldOut::Fraction(valid);
    load(&spec, Path::new("."), None, seed, None).unwrap()
}

#[test]
fn a_split_is_the_same_in_every_call() {
    let (a, b) = (circles(1, 0.3), circles(1, 0.3));
    assert_eq!(a.train, b.train);
    assert_eq!(a.valid, b.valid);
    assert_eq!((a.train.len(), a.valid.unwrap().len()), (70, 30));
    assert_ne!(a.train, circles(2, 0.3).train);
}

#[test]
fn validation_rows_depend_on_seed_and_number_of_rows_only() {
    // Another file with as many rows, other columns, another scaling: the same rows are drawn.
    let rows = |columns: usize, scale: Scale| {
        let lines: Vec<String> = (0..50)
            .map(|row| format!("{row},{}{}", "0.5,".repeat(columns), row % 2))
            .collect();
        let mut spec = csv_spec("t");
        spec.valid = HeldOut::Fraction(0.2);
        spec.test = HeldOut::Fraction(0.2);
        spec.scale = scale;
        let data = Folder::new(&[("t", lines.join("\n").as_bytes())])
            .load(&spec)
            .unwrap();
        let id = |part: &isograd::data::Part| -> Vec<f32> {
            (0..part.len()).map(|row| part.row(row)[0]).collect()
        };
        (
            id(&data.train),
            id(&data.valid.unwrap()),
            id(&data.test.unwrap()),
        )
    };
    let (train, valid, test) = rows(1, Scale::None);
    assert_eq!((train.len(), valid.len(), test.len()), (30, 10, 10));
    let mut all = [train, valid.clone(), test].concat();
    all.sort_by(f32::total_cmp);
    assert!(
        all.iter().enumerate().all(|(row, &id)| row as f32 == id),
        "each row is in one part"
    );
    let (_, scaled, _) = rows(3, Scale::Divide(2.0));
    assert_eq!(valid, scaled.iter().map(|id| id * 2.0).collect::<Vec<_>>());
}

#[test]
fn scaling_is_fitted_on_the_training_rows() {
    // Two validation files that have nothing in common: training stays as it is.
    let mut spec = csv_spec("t");
    spec.scale = Scale::Standard;
    spec.target = Some(TargetKind::Real);
    spec.target_scale = TargetScale::MinMax;
    spec.valid = HeldOut::Part(file("v"));
    let load = |valid: &[u8]| {
        let train: &[u8] = b"x,y\n1,10\n2,20\n3,30\n";
        Folder::new(&[("t", train), ("v", valid)])
            .load(&spec)
            .unwrap()
    };
    let (a, b) = (load(b"x,y\n2,20\n4,40\n"), load(b"x,y\n1000,-7\n"));
    assert_eq!(a.train, b.train);
    assert_eq!(
        a.valid.unwrap().targets,
        Targets::Real {
            values: vec![0.5, 1.5],
            width: 1
        }
    );
    // The same where validation rows are drawn from the training file: change them, see no change.
    let lines = |changed: f32| -> String {
        let line = |row: usize| {
            format!(
                "{},{}",
                row as f32 + changed * f32::from(DRAWN[row]),
                row % 2
            )
        };
        (0..20).map(line).collect::<Vec<_>>().join("\n")
    };
    let mut spec = csv_spec("t");
    spec.scale = Scale::Standard;
    spec.valid = HeldOut::Fraction(0.25);
    let (_, drawn) = isograd::data::split_rows(1, "valid", 0.25, 20);
    let known: Vec<u32> = (0..20).filter(|&row| DRAWN[row as usize] == 1).collect();
    assert_eq!(
        drawn, known,
        "the table below has the rows drawn with seed 1"
    );
    let load = |changed: f32| {
        Folder::new(&[("t", lines(changed).as_bytes())])
            .load(&spec)
            .unwrap()
    };
    let (a, b) = (load(0.0), load(1e6));
    assert_eq!(a.train, b.train);
    assert_ne!(a.valid, b.valid);
}

/// Rows that seed 1 draws as a quarter of 20.
const DRAWN: [u8; 20] = [0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0];

#[test]
fn a_part_may_forget_to_scale() {
    let mut spec = csv_spec("t");
    spec.scale = Scale::Divide(10.0);
    spec.valid = HeldOut::Part(PartSpec {
        scale: Some(Scale::None),
        ..file("t")
    });
    let data = Folder::new(&[("t", b"x,y\n10,0\n20,1\n")])
        .load(&spec)
        .unwrap();
    assert_eq!(data.train.inputs, [1.0, 2.0]);
    assert_eq!(data.valid.unwrap().inputs, [10.0, 20.0]);
}

#[test]
fn the_loss_decides_what_targets_are() {
    struct Case {
        content: &'static str,
        loss: LossKind,
        kind: TargetKind,
        task: Task,
    }
    use LossKind::{BinaryCrossEntropy, CrossEntropy, Hinge, Mse};
    let two = "x,y\n1,0\n2,1\n";
    let three = "x,y\n1,0\n2,1\n3,2\n";
    let words = "x,y\n1,a\n2,b\n3,c\n";
    let real = "x,y\n1,0.5\n2,1\n3,2\n";
    let classes = |classes| Task::Classification { classes };
    let cases = [
        Case {
            content: two,
            loss: CrossEntropy,
            kind: TargetKind::Index,
            task: classes(2),
        },
        Case {
            content: two,
            loss: BinaryCrossEntropy,
            kind: TargetKind::Binary,
            task: Task::Binary,
        },
        Case {
            content: two,
            loss: Mse,
            kind: TargetKind::Real,
            task: Task::Regression { targets: 1 },
        },
        Case {
            content: two,
            loss: Hinge,
            kind: TargetKind::Binary,
            task: Task::Binary,
        },
        Case {
            content: three,
            loss: CrossEntropy,
            kind: TargetKind::Index,
            task: classes(3),
        },
        Case {
            content: three,
            loss: BinaryCrossEntropy,
            kind: TargetKind::OneHot,
            task: classes(3),
        },
        Case {
            content: three,
            loss: Mse,
            kind: TargetKind::Real,
            task: Task::Regression { targets: 1 },
        },
        Case {
            content: words,
            loss: Mse,
            kind: TargetKind::OneHot,
            task: classes(3),
        },
        Case {
            content: words,
            loss: CrossEntropy,
            kind: TargetKind::Index,
            task: classes(3),
        },
        Case {
            content: real,
            loss: Mse,
            kind: TargetKind::Real,
            task: Task::Regression { targets: 1 },
        },
        Case {
            content: real,
            loss: BinaryCrossEntropy,
            kind: TargetKind::Binary,
            task: Task::Binary,
        },
    ];
    for case in cases {
        let folder = Folder::new(&[("t", case.content.as_bytes())]);
        let data = folder.load_for(&csv_spec("t"), case.loss).unwrap();
        let what = format!("{:?} {:?}", case.content, case.loss);
        assert_eq!(
            (data.target, data.shape.task),
            (case.kind, case.task),
            "{what}"
        );
    }
}

#[test]
fn batches_are_rows_of_the_part() {
    let data = circles(1, 0.3);
    let rows = data.order(1, 3);
    assert_eq!(rows, order(1, 3, 70));
    let batch = data.train_batch(&rows[..8], 1, 0);
    assert_eq!((batch.len(), batch.inputs.len()), (8, 16));
    for (at, &row) in rows[..8].iter().enumerate() {
        assert_eq!(batch.inputs[2 * at..][..2], *data.train.row(row as usize));
    }
    let mut spec = spec(Source::Circles(generated(10)), "");
    spec.shuffle = false;
    let data = load(&spec, Path::new("."), None, 1, None).unwrap();
    assert_eq!(data.order(1, 5), (0..10).collect::<Vec<_>>());
}

#[test]
fn augmentation_changes_training_batches_only() {
    let mut spec = spec(Source::Glyphs(generated(20)), "");
    spec.augment = vec![Augment::Shift { pixels: 3 }];
    spec.shape = Some(vec![784]);
    let data = load(&spec, Path::new("."), None, 1, None).unwrap();
    let rows: Vec<u32> = (0..20).collect();
    let (a, b) = (data.train_batch(&rows, 1, 0), data.train_batch(&rows, 1, 1));
    assert_ne!(a.inputs, b.inputs);
    assert_eq!(a, data.train_batch(&rows, 1, 0));
    assert_eq!(data.train.batch(&rows).inputs, data.train.inputs);
}

#[test]
fn a_test_part_of_a_generator_is_fresh() {
    let mut spec = spec(Source::Blobs(generated(30)), "");
    spec.test = HeldOut::Part(PartSpec {
        first: Some(12),
        ..PartSpec::default()
    });
    let data = load(&spec, Path::new("."), None, 1, None).unwrap();
    let test = data.test.unwrap();
    assert_eq!((data.train.len(), test.len()), (30, 12));
    assert_ne!(data.train.row(0), test.row(0));
    assert_eq!(data.shape.task, Task::Classification { classes: 3 });
}
