//! Data that are wrong but can be computed with: they load, and findings speak about them later.

use super::*;
use isograd::data::Targets;
use isograd_core::describe::Task;
use isograd_core::describe::data::TargetKind;

fn table(content: &str) -> Data {
    Folder::new(&[("t", content.as_bytes())])
        .load(&csv_spec("t"))
        .unwrap()
}

#[test]
fn a_missing_cell_is_nan_and_noted() {
    let mut spec = csv_spec("t");
    spec.scale = Scale::Standard;
    let content = b"x0,x1,y\n1,2,0\n,4,1\nNaN,6,0\n3,na,1\n";
    let data = Folder::new(&[("t", content)]).load(&spec).unwrap();
    let nan: Vec<bool> = data.train.inputs.iter().map(|x| x.is_nan()).collect();
    assert_eq!(nan, [false, false, true, false, true, false, false, true]);
    assert!(
        data.notes[0].contains("3 cells are missing"),
        "{:?}",
        data.notes
    );
}

#[test]
fn one_class_only() {
    let data = table("x,y\n1,0\n2,0\n3,0\n");
    assert_eq!(data.train.targets, Targets::Index(vec![0, 0, 0]));
    let folder = Folder::new(&[("t", b"x,y\n1,a\n2,a\n")]);
    let data = folder
        .load_for(&csv_spec("t"), LossKind::CrossEntropy)
        .unwrap();
    assert_eq!(data.shape.task, Task::Classification { classes: 1 });
    assert_eq!(data.class_names, ["a"]);
}

#[test]
fn constant_targets_scale_to_zero() {
    let mut spec = csv_spec("t");
    spec.target = Some(TargetKind::Real);
    spec.target_scale = TargetScale::Standard;
    let data = Folder::new(&[("t", b"x,y\n1,5.5\n2,5.5\n")])
        .load(&spec)
        .unwrap();
    let Targets::Real { values, .. } = &data.train.targets else {
        panic!()
    };
    assert_eq!(values, &[0.0, 0.0]);
    assert_eq!(data.target_scaling[0].unscale(0.0), 5.5);
}

#[test]
fn a_single_row() {
    let mut spec = csv_spec("t");
    spec.scale = Scale::Standard;
    spec.valid = HeldOut::Fraction(0.3);
    let data = Folder::new(&[("t", b"1,2,0\n")]).load(&spec).unwrap();
    assert_eq!((data.train.len(), data.valid.is_none()), (1, true));
    assert_eq!(data.train.inputs, [0.0, 0.0]);
    assert!(data.notes.iter().any(|note| note.contains("too few rows")));
}

#[test]
fn gaps_between_labels() {
    let data = table("x,y\n1,0\n2,7\n3,2\n");
    assert_eq!(data.shape.task, Task::Classification { classes: 8 });
}

#[test]
fn infinite_cells_spoil_nothing_else() {
    let mut spec = csv_spec("t");
    spec.scale = Scale::MinMax;
    let data = Folder::new(&[("t", b"x,y\n1,0\ninf,1\n3,0\n")])
        .load(&spec)
        .unwrap();
    assert_eq!(data.train.inputs, [0.0, f32::INFINITY, 1.0]);
}

#[test]
fn a_category_that_training_has_not_is_all_zeros_and_noted() {
    let mut options = csv();
    options.categorical = vec!["colour".into()];
    let mut spec = spec(Source::Csv(options), "t");
    spec.valid = HeldOut::Part(file("v"));
    let folder = Folder::new(&[
        ("t", b"colour,x,y\nred,1,0\nblue,2,1\nred,3,0\n"),
        ("v", b"colour,x,y\nblue,1,0\ngreen,2,1\n,3,1\n"),
    ]);
    let data = folder.load(&spec).unwrap();
    assert_eq!(data.feature_names, ["colour=blue", "colour=red", "x"]);
    assert_eq!(data.train.row(0), [0.0, 1.0, 1.0]);
    let valid = data.valid.unwrap();
    assert_eq!(valid.inputs, [1.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 3.0]);
    assert!(
        data.notes
            .iter()
            .any(|note| note.starts_with("1 categories")),
        "{:?}",
        data.notes
    );
}

#[test]
fn a_class_number_against_one_output() {
    // Binary cross-entropy against the numbers 0, 1, 2 of a network with a single output.
    let mut spec = csv_spec("t");
    spec.target = Some(TargetKind::Index);
    spec.outputs = Some(1);
    let folder = Folder::new(&[("t", b"x,y\n1,0\n2,1\n3,2\n")]);
    let data = folder
        .load_for(&spec, LossKind::BinaryCrossEntropy)
        .unwrap();
    assert_eq!(data.train.targets, Targets::Index(vec![0, 1, 2]));
    assert!(data.check_outputs(2).is_err());
    assert!(data.check_outputs(3).is_ok());
}

#[test]
fn labels_of_minus_one_and_one() {
    let folder = Folder::new(&[("t", b"x,y\n1,-1\n2,1\n3,-1\n")]);
    let data = folder.load_for(&csv_spec("t"), LossKind::Hinge).unwrap();
    assert_eq!(data.target, TargetKind::Binary);
    assert_eq!(data.train.targets, Targets::Index(vec![0, 1, 0]));
    assert_eq!(data.class_names, ["-1", "1"]);
}

#[test]
fn soft_labels_under_a_binary_loss() {
    let folder = Folder::new(&[("t", b"x,y\n1,0\n2,0.5\n3,1\n")]);
    let data = folder
        .load_for(&csv_spec("t"), LossKind::BinaryCrossEntropy)
        .unwrap();
    assert_eq!(data.target, TargetKind::Binary);
    let Targets::Real { values, width: 1 } = data.train.targets else {
        panic!()
    };
    assert_eq!(values, [0.0, 0.5, 1.0]);
}
