//! Every format against bytes made by hand, plain and packed.

use super::*;
use isograd::data::Targets;
use isograd_core::describe::data::{Encoding, Predict, TargetKind};
use isograd_core::describe::{Shape, Task};

#[test]
fn idx_images_with_labels() {
    let images = idx(&[3, 2, 2], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255]);
    let folder = Folder::new(&[
        ("i", &images),
        ("i.gz", &gzip(&images)),
        ("l", &idx(&[3], &[2, 0, 1])),
        ("replaced.csv", b"y\n1\n1\n0\n"),
    ]);
    for name in ["i", "i.gz"] {
        let mut spec = spec(Source::Idx, name);
        spec.train.labels = Some("l".into());
        spec.scale = Scale::Divide(255.0);
        let data = folder.load(&spec).unwrap();
        let image = Shape::Image {
            channels: 1,
            height: 2,
            width: 2,
        };
        assert_eq!(data.shape.input, image);
        assert_eq!(data.shape.task, Task::Classification { classes: 3 });
        assert_eq!(data.train.row(2)[3], 1.0);
        assert_eq!(data.train.targets, Targets::Index(vec![2, 0, 1]));
        spec.shape = Some(vec![4]);
        spec.train.first = Some(2);
        let data = folder.load(&spec).unwrap();
        assert_eq!((data.shape.input, data.shape.examples), (Shape::Flat(4), 2));
        assert_eq!(data.train.targets, Targets::Index(vec![2, 0]));
        spec.train.first = None;
        spec.train.labels = Some("replaced.csv".into());
        assert_eq!(
            folder.load(&spec).unwrap().train.targets,
            Targets::Index(vec![1, 1, 0])
        );
    }
}

#[test]
fn rows_choose_and_labels_follow() {
    let images = idx(&[4, 1, 1], &[10, 20, 30, 40]);
    let folder = Folder::new(&[
        ("i", &images),
        ("l", &idx(&[4], &[0, 1, 2, 3])),
        ("rows", b"row\n3\n1\n3\n"),
        ("two", b"y\n9\n8\n"),
    ]);
    let mut spec = spec(Source::Idx, "i");
    spec.train.labels = Some("l".into());
    spec.train.rows = Some("rows".into());
    let data = folder.load(&spec).unwrap();
    assert_eq!(data.train.inputs, [40.0, 20.0, 40.0]);
    assert_eq!(data.train.targets, Targets::Index(vec![3, 1, 3]));
    // `first` counts after `rows`; a table has one label a chosen row.
    spec.train.first = Some(2);
    spec.train.labels = Some("two".into());
    let data = folder.load_for(&spec, LossKind::CrossEntropy).unwrap();
    assert_eq!(data.train.inputs, [40.0, 20.0]);
    assert_eq!(data.train.targets, Targets::Index(vec![9, 8]));
}

#[test]
fn targets_of_a_file_of_their_own_are_real() {
    let folder = Folder::new(&[
        ("i", &idx(&[2, 1, 1], &[10, 20])),
        ("l", &idx(&[2], &[0, 1])),
        ("t", b"polar,azimuth\n0.5,1\n0.25,2\n"),
    ]);
    let mut spec = spec(Source::Idx, "i");
    spec.train.labels = Some("l".into());
    spec.train.targets = Some("t".into());
    let data = folder.load(&spec).unwrap();
    assert_eq!(data.target, TargetKind::Real);
    assert_eq!(data.shape.task, Task::Regression { targets: 2 });
    let Targets::Real { values, width: 2 } = data.train.targets else {
        panic!()
    };
    assert_eq!(values, [0.5, 1.0, 0.25, 2.0]);
}

#[test]
fn csv_in_its_varieties() {
    struct Case {
        content: &'static str,
        inputs: &'static [f32],
        classes: &'static [u32],
    }
    let cases = [
        Case {
            content: "x0,x1,y\n1,2,0\n3,4,1\n",
            inputs: &[1.0, 2.0, 3.0, 4.0],
            classes: &[0, 1],
        },
        Case {
            content: "1,2,0\r\n3,4,1",
            inputs: &[1.0, 2.0, 3.0, 4.0],
            classes: &[0, 1],
        },
        Case {
            content: "\u{feff}y;a;b\n0;1;2\n1;3;4\n",
            inputs: &[1.0, 2.0, 3.0, 4.0],
            classes: &[0, 1],
        },
        Case {
            content: "1\t2\t0\n3\t4\t1\n",
            inputs: &[1.0, 2.0, 3.0, 4.0],
            classes: &[0, 1],
        },
        Case {
            content: "\"a, b\",c,y\n 1 , 2.5e0,0\n\n-.5,+4,1\n",
            inputs: &[1.0, 2.5, -0.5, 4.0],
            classes: &[0, 1],
        },
        Case {
            content: "a,b,kind\n1,2,cat\n3,4,ant\n",
            inputs: &[1.0, 2.0, 3.0, 4.0],
            classes: &[1, 0],
        },
        Case {
            content: "1,2,cat\n3,4,ant\n",
            inputs: &[1.0, 2.0, 3.0, 4.0],
            classes: &[1, 0],
        },
    ];
    for case in cases {
        for bytes in [
            case.content.as_bytes().to_vec(),
            gzip(case.content.as_bytes()),
        ] {
            let data = Folder::new(&[("t", &bytes)]).load(&csv_spec("t")).unwrap();
            assert_eq!(data.train.inputs, case.inputs, "{:?}", case.content);
            assert_eq!(
                data.train.targets,
                Targets::Index(case.classes.to_vec()),
                "{:?}",
                case.content
            );
        }
    }
}

#[test]
fn csv_columns_are_found_by_name_and_number() {
    let folder = Folder::new(&[
        ("t", b"id,a,b,c\n7,1,2,3\n8,4,5,6\n"),
        ("v", b"c,b,id,a\n30,20,9,10\n"),
    ]);
    let mut options = csv();
    options.target = vec!["-1".into(), "b".into()];
    options.drop = vec!["0".into()];
    let mut spec = spec(Source::Csv(options), "t");
    spec.target = Some(TargetKind::Real);
    spec.valid = HeldOut::Part(file("v"));
    let data = folder.load(&spec).unwrap();
    assert_eq!(data.feature_names, ["a"]);
    assert_eq!(data.train.inputs, [1.0, 4.0]);
    let Targets::Real { values, width: 2 } = &data.train.targets else {
        panic!()
    };
    assert_eq!(values, &[3.0, 2.0, 6.0, 5.0]);
    let valid = data.valid.unwrap();
    assert_eq!(valid.inputs, [10.0], "columns are matched by name");
    assert_eq!(
        valid.targets,
        Targets::Real {
            values: vec![30.0, 20.0],
            width: 2
        }
    );
}

#[test]
fn cifar_images_are_planar() {
    let mut record = vec![7u8];
    record.extend([1; 1024]);
    record.extend([2; 1024]);
    record.extend([3; 1024]);
    let mut spec = spec(Source::Cifar, "c");
    let folder = Folder::new(&[("c", &gzip(&record.repeat(3)))]);
    let data = folder.load(&spec).unwrap();
    assert_eq!(data.train.row(2)[1023..1026], [1.0, 2.0, 2.0]);
    assert_eq!(data.train.targets, Targets::Index(vec![7; 3]));
    assert_eq!(data.class_names.len(), 10);
    spec.shape = Some(vec![32, 32, 3]);
    assert_eq!(folder.load(&spec).unwrap().train, data.train);
}

/// Bytes as an independent writer makes them.
fn written<T: npyz::Serialize + npyz::AutoSerialize + Copy>(
    shape: &[u64],
    values: &[T],
    order: npyz::Order,
) -> Vec<u8> {
    use npyz::WriterBuilder as _;
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::new()
        .default_dtype()
        .shape(shape)
        .order(order);
    let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
    writer.extend(values.iter().copied()).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn npy_of_another_writer() {
    let labels = written(&[2], &[1i64, 0], npyz::Order::C);
    let row_major = written(&[2, 3], &[1f32, 2.0, 3.0, 4.0, 5.0, 6.0], npyz::Order::C);
    let column_major = written(
        &[2, 3],
        &[1f64, 4.0, 2.0, 5.0, 3.0, 6.0],
        npyz::Order::Fortran,
    );
    let integers = written(&[2, 3], &[1u16, 2, 3, 4, 5, 6], npyz::Order::C);
    for bytes in [row_major, column_major, integers] {
        let folder = Folder::new(&[("x", &gzip(&bytes)), ("l", &labels)]);
        let mut spec = spec(Source::Npy, "x");
        spec.train.labels = Some("l".into());
        let data = folder.load_for(&spec, LossKind::CrossEntropy).unwrap();
        assert_eq!(data.train.inputs, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(data.train.targets, Targets::Index(vec![1, 0]));
    }
}

#[test]
fn npy_types_and_byte_orders() {
    struct Case {
        descr: &'static str,
        bytes: Vec<u8>,
        expected: [f32; 2],
    }
    let cases = [
        Case {
            descr: "|u1",
            bytes: vec![1, 255],
            expected: [1.0, 255.0],
        },
        Case {
            descr: "|i1",
            bytes: vec![1, 255],
            expected: [1.0, -1.0],
        },
        Case {
            descr: "|b1",
            bytes: vec![1, 0],
            expected: [1.0, 0.0],
        },
        Case {
            descr: ">i2",
            bytes: vec![1, 0, 255, 254],
            expected: [256.0, -2.0],
        },
        Case {
            descr: "<u4",
            bytes: vec![1, 0, 0, 0, 0, 0, 0, 128],
            expected: [1.0, 2_147_483_648.0],
        },
        Case {
            descr: "<i8",
            bytes: [3i64.to_le_bytes(), (-4i64).to_le_bytes()].concat(),
            expected: [3.0, -4.0],
        },
        Case {
            descr: ">f4",
            bytes: [0.5f32.to_be_bytes(), (-2f32).to_be_bytes()].concat(),
            expected: [0.5, -2.0],
        },
        Case {
            descr: "<f8",
            bytes: [0.5f64.to_le_bytes(), (-2f64).to_le_bytes()].concat(),
            expected: [0.5, -2.0],
        },
    ];
    for case in cases {
        let header = format!(
            "{{'descr': '{}', 'fortran_order': False, 'shape': (2, 1), }}\n",
            case.descr
        );
        let mut spec = spec(Source::Npy, "x");
        spec.train.labels = Some("l".into());
        let folder = Folder::new(&[("x", &npy_bytes(&header, &case.bytes)), ("l", b"y\n0\n1\n")]);
        assert_eq!(
            folder.load(&spec).unwrap().train.inputs,
            case.expected,
            "{}",
            case.descr
        );
    }
}

#[test]
fn tables_become_images_with_channels_first() {
    // One image of 1×2 pixels and 3 channels: (1, 2, 3), (4, 5, 6).
    let mut spec = csv_spec("t");
    spec.shape = Some(vec![1, 2, 3]);
    let data = Folder::new(&[("t", b"1,2,3,4,5,6,0\n")])
        .load(&spec)
        .unwrap();
    assert_eq!(data.train.inputs, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(data.image, Some([3, 1, 2]));
}

#[test]
fn text_windows() {
    let folder = Folder::new(&[("t", "añb añb añb ".as_bytes()), ("v", "bañ a".as_bytes())]);
    let mut spec = spec(windows(4), "t");
    spec.valid = HeldOut::Part(file("v"));
    let data = folder.load(&spec).unwrap();
    assert_eq!(data.class_names, [" ", "a", "b", "ñ"]);
    assert_eq!(
        data.shape.input,
        Shape::Sequence {
            steps: 4,
            features: 4
        }
    );
    assert_eq!(data.train.targets, Targets::Index(vec![1, 1]));
    assert_eq!(data.valid.unwrap().targets, Targets::Index(vec![1]));
}

#[test]
fn text_with_a_target_at_every_step() {
    let folder = Folder::new(&[("t", "abcabcabc".as_bytes())]);
    let source = Source::Text(TextOptions {
        length: Some(4),
        stride: Some(1),
        predict: Predict::Every,
        encoding: Encoding::Index,
    });
    for (loss, kind) in [
        (LossKind::CrossEntropy, TargetKind::Index),
        (LossKind::Mse, TargetKind::OneHot),
    ] {
        let data = folder.load_for(&spec(source.clone(), "t"), loss).unwrap();
        let steps = 4;
        assert_eq!(data.shape.task, Task::Steps { classes: 3, steps });
        assert_eq!(data.shape.input, Shape::Sequence { steps, features: 1 });
        assert_eq!((data.target, data.train.len()), (kind, 5));
        assert_eq!(data.train.row(1), [1.0, 2.0, 0.0, 1.0]);
        let Targets::Steps { classes, .. } = data.train.targets.subset(&[1]) else {
            panic!("one class an example")
        };
        assert_eq!(classes, [2, 0, 1, 2]);
        assert!(data.check_outputs(3).is_ok() && data.check_outputs(2).is_err());
    }
}

#[test]
fn copy_memory_has_a_class_at_every_step() {
    let data = Folder::new(&[])
        .load(&spec(Source::CopyMemory(generated(7)), ""))
        .unwrap();
    let (classes, steps) = (9, 30);
    assert_eq!(data.shape.task, Task::Steps { classes, steps });
    let Targets::Steps { classes, .. } = &data.train.targets else {
        panic!("one class an example")
    };
    for (example, classes) in classes.chunks(steps).enumerate() {
        let seen: Vec<usize> = data.train.row(example).chunks(10).map(hot).collect();
        let remembered: Vec<usize> = classes[20..].iter().map(|&c| c as usize).collect();
        assert_eq!(remembered, seen[..10]);
        assert_eq!(classes[..20], [8; 20]);
    }
}

fn hot(row: &[f32]) -> usize {
    row.iter().position(|&x| x == 1.0).unwrap()
}

#[test]
fn one_hot_rows_are_classes_for_cross_entropy() {
    let folder = Folder::new(&[("t", b"x,y0,y1,y2\n1,0,0,1\n2,1,0,0\n")]);
    let data = folder
        .load_for(&csv_spec("t"), LossKind::CrossEntropy)
        .unwrap();
    assert_eq!(data.train.targets, Targets::Index(vec![2, 0]));
    let data = folder
        .load_for(&csv_spec("t"), LossKind::BinaryCrossEntropy)
        .unwrap();
    assert_eq!(data.shape.task, Task::MultiLabel { labels: 3 });
    assert_eq!(data.train.targets.len(), 2);
}
