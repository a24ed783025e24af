//! Bad files and descriptions: each ends in an error that says what, where and what to do.

use std::fmt::Write as _;

use super::*;
use isograd_core::describe::data::{Augment, TargetKind};

struct Case {
    name: &'static str,
    files: Vec<(&'static str, Vec<u8>)>,
    spec: DataSpec,
}

fn case(name: &'static str, content: impl Into<Vec<u8>>, spec: DataSpec) -> Case {
    Case {
        name,
        files: vec![("train", content.into())],
        spec,
    }
}

fn with(mut spec: DataSpec, change: impl FnOnce(&mut DataSpec)) -> DataSpec {
    change(&mut spec);
    spec
}

fn options(change: impl FnOnce(&mut CsvOptions)) -> DataSpec {
    let mut options = csv();
    change(&mut options);
    spec(Source::Csv(options), "train")
}

fn idx_spec() -> DataSpec {
    with(spec(Source::Idx, "train"), |spec| {
        spec.train.labels = Some("labels".into());
    })
}

fn npy_spec() -> DataSpec {
    with(spec(Source::Npy, "train"), |spec| {
        spec.train.labels = Some("labels".into());
    })
}

const TABLE: &str = "x0,x1,y\n1,2,0\n3,4,1\n5,6,0\n";

fn cases() -> Vec<Case> {
    let table = csv_spec("train");
    let images = idx(&[3, 2, 2], &[0; 12]);
    let packed = gzip(TABLE.as_bytes());
    let cut = packed[..packed.len() - 9].to_vec();
    let mut flipped = packed;
    flipped[15] ^= 0x55;
    vec![
        case("csv: empty file", "", table.clone()),
        case("csv: only a header", "x0,x1,y\n", table.clone()),
        case(
            "csv: text in a numeric column",
            "x0,x1,y\n1,2,0\n3,red,1\n",
            table.clone(),
        ),
        case(
            "csv: text in a column of targets",
            "x0,y\n1,2.5\n3,3o\n",
            table.clone(),
        ),
        case("csv: ragged line", "x0,x1,y\n1,2,0\n3,4\n", table.clone()),
        case(
            "csv: bytes of another format",
            vec![1, 0, 0, 7],
            table.clone(),
        ),
        case("csv: gzip cut off", cut, table.clone()),
        case("csv: gzip damaged", flipped, table.clone()),
        case(
            "csv: unknown target",
            TABLE,
            options(|o| o.target = vec!["x3".into()]),
        ),
        case(
            "csv: target number beyond the columns",
            "1,2\n3,4\n",
            options(|o| o.target = vec!["7".into()]),
        ),
        case(
            "csv: nothing but targets",
            "y0,y1\n1,0\n0,1\n",
            table.clone(),
        ),
        case("csv: label missing", "x0,y\n1,a\n2,\n", table.clone()),
        case(
            "csv: label that is no class number",
            TABLE.replace("5,6,0", "5,6,0.5"),
            with(table.clone(), |s| s.target = Some(TargetKind::Index)),
        ),
        case(
            "csv: label beyond the outputs",
            TABLE.replace("5,6,0", "5,6,7"),
            with(table.clone(), |s| {
                s.outputs = Some(3);
                s.target = Some(TargetKind::Index);
            }),
        ),
        case(
            "csv: words where numbers are asked",
            "x,y\n1,a\n2,b\n",
            with(table.clone(), |s| s.target = Some(TargetKind::Real)),
        ),
        Case {
            name: "csv: validation file with other columns",
            files: vec![
                ("train", TABLE.into()),
                ("valid", "x0,x2,y\n1,2,0\n".into()),
            ],
            spec: with(table.clone(), |s| s.valid = HeldOut::Part(file("valid"))),
        },
        Case {
            name: "csv: validation file with a class that training has not",
            files: vec![
                ("train", "x,y\n1,a\n2,b\n".into()),
                ("valid", "x,y\n1,c\n".into()),
            ],
            spec: with(table.clone(), |s| s.valid = HeldOut::Part(file("valid"))),
        },
        Case {
            name: "csv: validation label that training has not",
            files: vec![
                ("train", "x,y\n1,0\n2,1\n3,2\n".into()),
                ("valid", "x,y\n1,0\n1,9\n".into()),
            ],
            spec: with(table.clone(), |s| s.valid = HeldOut::Part(file("valid"))),
        },
        Case {
            name: "csv: row number beyond the rows",
            files: vec![("train", TABLE.into()), ("rows", "row\n0\n17\n".into())],
            spec: with(table.clone(), |s| s.train.rows = Some("rows".into())),
        },
        Case {
            name: "csv: row number that is none",
            files: vec![("train", TABLE.into()), ("rows", "row\n0\n1.5\n".into())],
            spec: with(table.clone(), |s| s.train.rows = Some("rows".into())),
        },
        Case {
            name: "csv: labels for other rows",
            files: vec![("train", TABLE.into()), ("labels", "y\n0\n1\n".into())],
            spec: with(table.clone(), |s| s.train.labels = Some("labels".into())),
        },
        case(
            "csv: share of 1",
            TABLE,
            with(table.clone(), |s| s.valid = HeldOut::Fraction(1.0)),
        ),
        case(
            "csv: first 0 rows",
            TABLE,
            with(table.clone(), |s| s.train.first = Some(0)),
        ),
        case(
            "csv: shape that does not fit",
            TABLE,
            with(table.clone(), |s| s.shape = Some(vec![28, 28, 1])),
        ),
        case(
            "csv: images augmented that are none",
            TABLE,
            with(table.clone(), |s| {
                s.augment = vec![Augment::FlipHorizontal { probability: 0.5 }];
            }),
        ),
        case("no such file", TABLE, csv_spec("folder/nowhere.csv")),
        case("no file named", TABLE, csv_spec("")),
        case("idx: wrong magic", b"P5 28 28 255\n".to_vec(), idx_spec()),
        case(
            "idx: unknown type",
            vec![0, 0, 7, 1, 0, 0, 0, 0],
            idx_spec(),
        ),
        case("idx: header cut off", images[..6].to_vec(), idx_spec()),
        case("idx: numbers cut off", images[..20].to_vec(), idx_spec()),
        case(
            "idx: length that lies",
            idx(&[u32::MAX, u32::MAX, 2], &[0; 12]),
            idx_spec(),
        ),
        case(
            "idx: dimensions beyond any file",
            idx(&[u32::MAX, u32::MAX, u32::MAX], &[]),
            idx_spec(),
        ),
        case(
            "idx: packed length that lies",
            gzip(&idx(&[60_000, 28, 28], &[0; 100])),
            idx_spec(),
        ),
        case("idx: no rows", idx(&[0, 28, 28], &[]), idx_spec()),
        case("idx: empty images", idx(&[3, 0, 28], &[]), idx_spec()),
        case(
            "idx: more bytes than announced",
            [images.clone(), vec![0]].concat(),
            idx_spec(),
        ),
        Case {
            name: "idx: labels of another set",
            files: vec![("train", images.clone()), ("labels", idx(&[2], &[0, 1]))],
            spec: idx_spec(),
        },
        case("idx: no labels named", images, spec(Source::Idx, "train")),
        case(
            "cifar: cut off",
            vec![3; 4000],
            spec(Source::Cifar, "train"),
        ),
        case(
            "cifar: label beyond 9",
            vec![200; 3073],
            spec(Source::Cifar, "train"),
        ),
        case("cifar: empty file", "", spec(Source::Cifar, "train")),
        case(
            "npy: wrong magic",
            b"PK\x03\x04 an archive".to_vec(),
            npy_spec(),
        ),
        case(
            "npy: unknown version",
            b"\x93NUMPY\x09\x00\x00\x00".to_vec(),
            npy_spec(),
        ),
        case(
            "npy: no shape",
            npy_bytes("{'descr': '<f4', 'fortran_order': False}", &[]),
            npy_spec(),
        ),
        case(
            "npy: objects",
            npy_bytes(
                "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}",
                &[0; 16],
            ),
            npy_spec(),
        ),
        case(
            "npy: shape that lies",
            npy_bytes(
                "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000)}",
                &[0; 16],
            ),
            npy_spec(),
        ),
        case(
            "npy: header length that lies",
            b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}".to_vec(),
            npy_spec(),
        ),
        case(
            "text: not UTF-8",
            b"abc\xff\xfeabc".to_vec(),
            spec(windows(2), "train"),
        ),
        case(
            "text: shorter than a window",
            "abc",
            spec(windows(64), "train"),
        ),
        Case {
            name: "text: character that training has not",
            files: vec![("train", "abcabcabc".into()), ("valid", "ab\ncab".into())],
            spec: with(spec(windows(2), "train"), |s| {
                s.valid = HeldOut::Part(file("valid"));
            }),
        },
        case(
            "circles: no samples",
            "",
            spec(Source::Circles(generated(0)), ""),
        ),
        case(
            "glyphs: more than fits",
            "",
            spec(Source::Glyphs(generated(usize::MAX)), ""),
        ),
        case(
            "named: unknown",
            "",
            spec(Source::Named("fasion-mnist".into()), ""),
        ),
        case(
            "named: not there",
            "",
            spec(Source::Named("mnist".into()), ""),
        ),
        case(
            "named: no such part",
            "",
            with(spec(Source::Named("wine".into()), ""), |s| {
                s.train.split = Some("dev".into());
            }),
        ),
    ]
}

#[test]
fn bad_input_ends_in_an_error_that_helps() {
    let mut all = String::new();
    for case in cases() {
        let files: Vec<(&str, &[u8])> = case
            .files
            .iter()
            .map(|(name, bytes)| (*name, bytes.as_slice()))
            .collect();
        let folder = Folder::new(&files);
        let error = folder
            .load(&case.spec)
            .map(|data| format!("{:?}", data.shape))
            .expect_err(case.name);
        writeln!(all, "{}\n  {:?}: {error}", case.name, error.kind()).unwrap();
        if let Some(hint) = error.hint() {
            writeln!(all, "  hint: {hint}").unwrap();
        }
        all = all.replace(folder.path().to_str().unwrap(), "DIR");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_named_set_without_a_data_folder_says_what_to_do() {
    let spec = spec(Source::Named("fashion-mnist".into()), "");
    let error = load(&spec, Path::new("."), None, 1, None).unwrap_err();
    insta::assert_snapshot!(format!("{error}\nhint: {}", error.hint().unwrap()));
}
