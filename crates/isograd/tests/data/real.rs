//! Real files, where they are: `ISOGRAD_SHARED`, or a folder called `shared` beside the repository.

use super::*;
use isograd::data::{NamedSet, SETS, Targets};
use isograd_core::describe::data::TargetKind;
use isograd_core::describe::{Shape, Task};

/// The folder, or `None` (said on stderr) where nobody promised it.
#[allow(clippy::print_stderr)]
fn shared() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("ISOGRAD_SHARED") {
        return Some(folder.into());
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if beside.is_dir() {
        return Some(beside);
    }
    eprintln!("skipped: no ISOGRAD_SHARED and no ../shared");
    None
}

fn named(name: &str) -> DataSpec {
    let mut spec = spec(Source::Named(name.into()), "");
    spec.test = usual_test();
    spec
}

/// The test part that a description of a named set has if it says nothing.
fn usual_test() -> HeldOut {
    HeldOut::Part(PartSpec {
        split: Some("test".into()),
        ..PartSpec::default()
    })
}

fn load_named(shared: &Path, spec: &DataSpec) -> Data {
    load(spec, Path::new("."), Some(&shared.join("data")), 1, None).unwrap()
}

fn counts(targets: &Targets) -> Vec<usize> {
    let Targets::Index(classes) = targets else {
        panic!("no classes")
    };
    let mut counts = vec![0; *classes.iter().max().unwrap() as usize + 1];
    for &class in classes {
        counts[class as usize] += 1;
    }
    counts
}

#[test]
fn every_named_set_has_its_counts() {
    struct Case {
        name: &'static str,
        rows: [usize; 2],
        shape: Shape,
        task: Task,
        counts: &'static [usize],
    }
    let Some(shared) = shared() else { return };
    let ten = Task::Classification { classes: 10 };
    let grey = Shape::Image {
        channels: 1,
        height: 28,
        width: 28,
    };
    let cases = [
        Case {
            name: "fashion-mnist",
            rows: [60_000, 10_000],
            shape: grey,
            task: ten,
            counts: &[6000; 10],
        },
        Case {
            name: "mnist",
            rows: [60_000, 10_000],
            shape: grey,
            task: ten,
            counts: &[5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        },
        Case {
            name: "cifar10-mini",
            rows: [4000, 1000],
            shape: Shape::Image {
                channels: 3,
                height: 32,
                width: 32,
            },
            task: ten,
            counts: &[396, 366, 420, 384, 422, 393, 414, 385, 407, 413],
        },
        Case {
            name: "mnist1d",
            rows: [4000, 1000],
            shape: Shape::Flat(40),
            task: ten,
            counts: &[],
        },
        Case {
            name: "optdigits",
            rows: [3823, 1797],
            shape: Shape::Flat(64),
            task: ten,
            counts: &[376, 389, 380, 389, 387, 376, 377, 387, 380, 382],
        },
        Case {
            name: "digits",
            rows: [1797, 0],
            shape: Shape::Flat(64),
            task: ten,
            counts: &[178, 182, 177, 183, 181, 182, 181, 179, 174, 180],
        },
        Case {
            name: "breast_cancer",
            rows: [569, 0],
            shape: Shape::Flat(30),
            task: Task::Binary,
            counts: &[212, 357],
        },
        Case {
            name: "diabetes",
            rows: [442, 0],
            shape: Shape::Flat(10),
            task: Task::Regression { targets: 1 },
            counts: &[],
        },
        Case {
            name: "iris",
            rows: [150, 0],
            shape: Shape::Flat(4),
            task: Task::Classification { classes: 3 },
            counts: &[50, 50, 50],
        },
        Case {
            name: "wdbc",
            rows: [569, 0],
            shape: Shape::Flat(30),
            task: Task::Binary,
            counts: &[357, 212],
        },
        Case {
            name: "wine",
            rows: [178, 0],
            shape: Shape::Flat(13),
            task: Task::Classification { classes: 3 },
            counts: &[59, 71, 48],
        },
        Case {
            name: "wine-quality",
            rows: [6497, 0],
            shape: Shape::Flat(11),
            task: Task::Classification { classes: 7 },
            counts: &[30, 216, 2138, 2836, 1079, 193, 5],
        },
        Case {
            name: "wine-quality-red",
            rows: [1599, 0],
            shape: Shape::Flat(11),
            task: Task::Classification { classes: 6 },
            counts: &[10, 53, 681, 638, 199, 18],
        },
        Case {
            name: "wine-quality-white",
            rows: [4898, 0],
            shape: Shape::Flat(11),
            task: Task::Classification { classes: 7 },
            counts: &[20, 163, 1457, 2198, 880, 175, 5],
        },
        Case {
            name: "tinyshakespeare",
            rows: [15_685, 1742],
            shape: Shape::Sequence {
                steps: 64,
                features: 65,
            },
            task: Task::Classification { classes: 65 },
            counts: &[],
        },
        Case {
            name: "names",
            rows: [228_142, 0],
            shape: Shape::Sequence {
                steps: 3,
                features: 27,
            },
            task: Task::Classification { classes: 27 },
            counts: &[],
        },
    ];
    assert_eq!(cases.len(), SETS.len(), "every set is tested");
    for case in cases {
        let data = load_named(&shared, &named(case.name));
        let rows = [
            data.train.len(),
            data.test.as_ref().map_or(0, isograd::data::Part::len),
        ];
        assert_eq!(rows, case.rows, "{}", case.name);
        assert_eq!(
            (data.shape.input, data.shape.task),
            (case.shape, case.task),
            "{}",
            case.name
        );
        if !case.counts.is_empty() {
            assert_eq!(counts(&data.train.targets), case.counts, "{}", case.name);
        }
    }
}

#[test]
fn known_values_of_named_sets() {
    let Some(shared) = shared() else { return };
    // Mean of all MNIST training pixels, known from every tutorial: 0.1307 (deviation 0.3081).
    let mut spec = named("mnist");
    spec.scale = Scale::Divide(255.0);
    let data = load_named(&shared, &spec);
    let n = data.train.inputs.len() as f64;
    let mean = data.train.inputs.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let square = data
        .train
        .inputs
        .iter()
        .map(|&x| f64::from(x).powi(2))
        .sum::<f64>()
        / n;
    assert!((mean - 0.1307).abs() < 5e-5, "{mean}");
    assert!(((square - mean * mean).sqrt() - 0.3081).abs() < 5e-5);
    // The first labels of Fashion-MNIST.
    let mut spec = named("fashion-mnist");
    spec.train.first = Some(10);
    let data = load_named(&shared, &spec);
    assert_eq!(
        data.train.targets,
        Targets::Index(vec![9, 0, 0, 3, 0, 2, 7, 2, 5, 5])
    );
    assert_eq!(data.class_names[9], "ankle boot");
    let wine = load_named(&shared, &named("wine"));
    assert_eq!(wine.train.row(0)[..3], [14.23, 1.71, 2.43]);
    assert_eq!(wine.class_names, ["1", "2", "3"]);
    let wdbc = load_named(&shared, &named("wdbc"));
    assert_eq!(wdbc.train.row(0)[0], 17.99, "the identifier is left out");
    assert_eq!(counts(&wdbc.train.targets), [357, 212]);
    let mut spec = named("diabetes");
    spec.target_scale = TargetScale::MinMax;
    let diabetes = load_named(&shared, &spec);
    assert_eq!(diabetes.target_scaling[0].offset, 25.0);
    assert_eq!(diabetes.target_scaling[0].divisor, Some(321.0));
}

#[test]
fn standard_scaling_of_cifar_is_by_channel() {
    let Some(shared) = shared() else { return };
    let mut spec = named("cifar10-mini");
    spec.scale = Scale::Standard;
    let data = load_named(&shared, &spec);
    for channel in 0..3 {
        let values = data
            .train
            .inputs
            .chunks(3072)
            .flat_map(|image| &image[1024 * channel..][..1024]);
        let (mut n, mut sum, mut square) = (0.0, 0.0, 0.0);
        for &value in values {
            n += 1.0;
            sum += f64::from(value);
            square += f64::from(value).powi(2);
        }
        assert!((sum / n).abs() < 1e-5 && (square / n - 1.0).abs() < 1e-5);
    }
}

#[test]
fn every_named_set_is_a_word_of_descriptions() {
    // The grammar lives in another crate: its list must be this one.
    for set in SETS {
        let text = format!(
            "[data]\nsource = \"{}\"\n[network]\nlayers = [{{ dense = \"classes\" }}]\n\
             [train]\nloss = \"cross_entropy\"\noptimizer = {{ name = \"adamw\", lr = 1e-3 }}\n",
            set.name
        );
        let read = isograd_core::describe::Document::parse(&text, Path::new("d.toml"));
        assert!(read.is_ok(), "{}: {:?}", set.name, read.err());
    }
}

#[test]
fn every_expected_file_is_named_right() {
    let Some(shared) = shared() else { return };
    for set in SETS {
        for file in set.files() {
            let path = shared.join("data").join(set.folder).join(file);
            assert!(path.is_file(), "{}", path.display());
        }
    }
    assert!(NamedSet::find("mnist").is_ok());
}

/// What a case file says of its data, as a description. The JSON is read with as little as it needs.
fn case_spec(case: &serde_json::Value) -> DataSpec {
    let data = &case["data"];
    let text = |value: &serde_json::Value| value.as_str().map(ToOwned::to_owned);
    let images = data["format"] == "image-set";
    let part = |part: &serde_json::Value| {
        if !images {
            return file(part.as_str().unwrap());
        }
        PartSpec {
            file: None,
            split: text(&part["split"]),
            first: part["first"].as_u64().map(|n| n as usize),
            rows: text(&part["rows"]).map(Into::into),
            labels: text(&part["labels"]).map(Into::into),
            targets: text(&part["targets"]).map(Into::into),
            scale: Some(scale(part["scale"].as_str().unwrap())),
            scores: None,
        }
    };
    let source = if images {
        Source::Named(text(&data["train"]["set"]).unwrap())
    } else {
        Source::Csv(csv())
    };
    let mut spec = spec(source, "");
    spec.train = part(&data["train"]);
    spec.valid = HeldOut::Part(part(&data["valid"]));
    if images {
        spec.test = usual_test();
    }
    spec.outputs = data["outputs"].as_u64().map(|n| n as usize);
    spec.target = Some(match data["target"].as_str().unwrap() {
        "binary" => TargetKind::Binary,
        "index" => TargetKind::Index,
        "onehot" => TargetKind::OneHot,
        "multihot" => TargetKind::MultiHot,
        "real" => TargetKind::Real,
        other => panic!("unknown target {other}"),
    });
    let shape = data["input_shape"].as_array().unwrap();
    spec.shape = Some(shape.iter().map(|n| n.as_u64().unwrap() as usize).collect());
    spec
}

fn scale(word: &str) -> Scale {
    match word {
        "none" => Scale::None,
        "1/255" => Scale::Divide(255.0),
        "1/255/255" => Scale::Divide(65025.0),
        "standard" => Scale::Standard,
        other => panic!("unknown scale {other}"),
    }
}

#[test]
fn the_data_of_every_case_load() {
    let Some(shared) = shared() else { return };
    let cases = shared.join("cases");
    let mut seen = std::collections::BTreeMap::new();
    for group in std::fs::read_dir(&cases).unwrap() {
        let group = group.unwrap().path();
        if !group.is_dir() || group.ends_with("data") {
            continue;
        }
        for path in std::fs::read_dir(group).unwrap() {
            let path = path.unwrap().path();
            if path.extension().is_none_or(|ext| ext != "json") {
                continue;
            }
            let case: serde_json::Value =
                serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            if case["data"].is_object() && case["data"]["train"] != serde_json::Value::Null {
                seen.entry(case["data"].to_string()).or_insert((path, case));
            }
        }
    }
    assert!(seen.len() >= 30, "{} different data", seen.len());
    for (path, case) in seen.values() {
        let spec = case_spec(case);
        let data = load(&spec, &cases, Some(&shared.join("data")), 1, None)
            .unwrap_or_else(|error| panic!("{}: {error} {:?}", path.display(), error.hint()));
        let number = |key: &str| case["data"][key].as_u64().unwrap() as usize;
        assert_eq!(data.train.len(), number("n_train"), "{}", path.display());
        let valid = data.valid.unwrap();
        assert_eq!(valid.len(), number("n_valid"), "{}", path.display());
        assert!(
            data.train
                .inputs
                .iter()
                .chain(&valid.inputs)
                .all(|x| x.is_finite())
        );
        assert!(data.test.is_none(), "the test rows are the validation rows");
    }
}

#[test]
fn every_table_of_the_cases_loads() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("cases/data");
    let mut tables = 0;
    let mut overrides = 0;
    for path in std::fs::read_dir(&folder).unwrap() {
        let name = path.unwrap().file_name().into_string().unwrap();
        if name.contains("-rows") || name.contains("-labels") {
            // Tried with their images above.
            overrides += 1;
            continue;
        }
        let data = load(&csv_spec(&name), &folder, None, 1, None).unwrap();
        assert_eq!(data.feature_names[0], "x0", "{name}");
        assert_eq!(data.feature_names.len(), data.train.elements, "{name}");
        tables += 1;
    }
    assert_eq!((tables, overrides), (42, 5));
}
