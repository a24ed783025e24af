//! Sets known by name, in a data folder that the user has: what they are, where they come from, and
//! which files are expected where.

use std::path::{Path, PathBuf};

use super::error::{DataError, DataErrorKind};

/// A known set.
#[derive(Debug)]
#[non_exhaustive]
pub struct NamedSet {
    /// Name in the description.
    pub name: &'static str,
    /// One line on what it is.
    pub about: &'static str,
    /// Licence or terms, and what to cite.
    pub licence: &'static str,
    /// Where it comes from.
    pub from: &'static str,
    /// Folder in the data folder.
    pub folder: &'static str,
    /// Names of the classes; empty: class numbers, or no classes.
    pub classes: &'static [&'static str],
    pub(crate) kind: Kind,
    pub(crate) splits: &'static [(&'static str, Files)],
}

/// What the targets of a set are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Classes,
    Binary,
    Real,
}

/// Files of a split.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Files {
    /// Images and labels.
    Idx(&'static str, &'static str),
    /// CIFAR binary.
    Cifar(&'static str),
    /// Tables one after the other.
    Csv(&'static [&'static str], Table),
    /// A text, windows of it, the share of it.
    Text(&'static str, usize, usize, [f64; 2]),
}

/// How a table of a set is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(crate) header: bool,
    pub(crate) target: &'static str,
    /// Labels are words, or numbers that do not count from 0.
    pub(crate) words: bool,
    pub(crate) drop: &'static [&'static str],
}

/// No header, the target last.
const LAST: Table = Table {
    header: false,
    target: "-1",
    words: false,
    drop: &[],
};
const UCI: &str = "CC BY 4.0 (UCI Machine Learning Repository)";
const DIGITS: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const RED: &str = "winequality-red.csv";
const WHITE: &str = "winequality-white.csv";
const QUALITY: Table = Table {
    words: true,
    ..LAST
};

/// Every set known by name.
pub static SETS: &[NamedSet] = &[
    NamedSet {
        name: "fashion-mnist",
        about: "60,000 + 10,000 grey images of clothes, 28×28, 10 classes",
        licence: "MIT; Xiao, Rasul and Vollgraf 2017",
        from: "https://github.com/zalandoresearch/fashion-mnist (data/fashion)",
        folder: "fashion-mnist",
        classes: &[
            "T-shirt/top",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ],
        kind: Kind::Classes,
        splits: MNIST_FILES,
    },
    NamedSet {
        name: "mnist",
        about: "60,000 + 10,000 grey images of handwritten digits, 28×28, 10 classes",
        licence: "CC BY-SA 3.0; LeCun, Bottou, Bengio and Haffner 1998",
        from: "http://yann.lecun.com/exdb/mnist or one of its mirrors",
        folder: "mnist",
        classes: DIGITS,
        kind: Kind::Classes,
        splits: MNIST_FILES,
    },
    NamedSet {
        name: "cifar10-mini",
        about: "first 4,000 + 1,000 colour images of CIFAR-10, 32×32, 10 classes",
        licence: "for research, not to be passed on; Krizhevsky 2009",
        from: "https://www.cs.toronto.edu/~kriz/cifar.html (binary version): the first 4,000 records of \
               data_batch_1.bin and the first 1,000 of test_batch.bin, packed with gzip",
        folder: "cifar10-mini",
        classes: &[
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ],
        kind: Kind::Classes,
        splits: &[
            ("train", Files::Cifar("train-4000.bin.gz")),
            ("test", Files::Cifar("test-1000.bin.gz")),
        ],
    },
    NamedSet {
        name: "mnist1d",
        about: "4,000 + 1,000 signals of 40 numbers, 10 classes",
        licence: "Apache-2.0; Greydanus 2020",
        from: "https://github.com/greydanus/mnist1d (mnist1d_data.pkl, x and y as tables)",
        folder: "mnist1d",
        classes: DIGITS,
        kind: Kind::Classes,
        splits: &[
            ("train", Files::Csv(&["train.csv.gz"], LAST)),
            ("test", Files::Csv(&["test.csv.gz"], LAST)),
        ],
    },
    NamedSet {
        name: "optdigits",
        about: "3,823 + 1,797 handwritten digits of 8×8 counts from 0 to 16, 10 classes",
        licence: UCI,
        from: "https://archive.ics.uci.edu/dataset/80",
        folder: "optdigits",
        classes: DIGITS,
        kind: Kind::Classes,
        splits: &[
            ("train", Files::Csv(&["optdigits.tra.gz"], LAST)),
            ("test", Files::Csv(&["optdigits.tes.gz"], LAST)),
        ],
    },
    NamedSet {
        name: "digits",
        about: "1,797 handwritten digits of 8×8 counts from 0 to 16, 10 classes",
        licence: UCI,
        from: "scikit-learn's load_digits, as a table with the target last",
        folder: "sklearn-toy",
        classes: DIGITS,
        kind: Kind::Classes,
        splits: &[("train", Files::Csv(&["digits.csv.gz"], LAST))],
    },
    NamedSet {
        name: "breast_cancer",
        about: "569 tumours, 30 features, malignant (0) or benign (1)",
        licence: UCI,
        from: "scikit-learn's load_breast_cancer, as a table with the target last",
        folder: "sklearn-toy",
        classes: &["malignant", "benign"],
        kind: Kind::Binary,
        splits: &[("train", Files::Csv(&["breast_cancer.csv.gz"], LAST))],
    },
    NamedSet {
        name: "diabetes",
        about: "442 patients, 10 scaled features, progression after a year (25 to 346)",
        licence: "public; Efron, Hastie, Johnstone and Tibshirani 2004",
        from: "scikit-learn's load_diabetes, as a table with the target last",
        folder: "sklearn-toy",
        classes: &[],
        kind: Kind::Real,
        splits: &[("train", Files::Csv(&["diabetes.csv.gz"], LAST))],
    },
    NamedSet {
        name: "iris",
        about: "150 flowers, 4 measures, 3 species",
        licence: UCI,
        from: "https://github.com/rust-ml/linfa (datasets/data/iris.csv.gz)",
        folder: "sklearn-toy",
        classes: &["setosa", "versicolor", "virginica"],
        kind: Kind::Classes,
        splits: &[(
            "train",
            Files::Csv(
                &["linfa-iris.csv.gz"],
                Table {
                    header: true,
                    ..LAST
                },
            ),
        )],
    },
    NamedSet {
        name: "wdbc",
        about: "569 tumours, 30 features, benign (B) or malignant (M)",
        licence: UCI,
        from: "https://archive.ics.uci.edu/dataset/17",
        folder: "wdbc",
        classes: &["B", "M"],
        kind: Kind::Binary,
        splits: &[(
            "train",
            Files::Csv(
                &["wdbc.data"],
                Table {
                    target: "1",
                    words: true,
                    drop: &["0"],
                    ..LAST
                },
            ),
        )],
    },
    NamedSet {
        name: "wine",
        about: "178 wines, 13 analyses, 3 cultivars",
        licence: UCI,
        from: "https://archive.ics.uci.edu/dataset/109, with the target moved to the end",
        folder: "wine",
        classes: &["1", "2", "3"],
        kind: Kind::Classes,
        splits: &[(
            "train",
            Files::Csv(
                &["wine.csv"],
                Table {
                    words: true,
                    ..LAST
                },
            ),
        )],
    },
    NamedSet {
        name: "wine-quality",
        about: "1,599 red and 4,898 white wines, 11 analyses, grade from 3 to 9",
        licence: UCI,
        from: "https://archive.ics.uci.edu/dataset/186, without header",
        folder: "wine-quality",
        classes: &["3", "4", "5", "6", "7", "8", "9"],
        kind: Kind::Classes,
        splits: &[("train", Files::Csv(&[RED, WHITE], QUALITY))],
    },
    NamedSet {
        name: "wine-quality-red",
        about: "1,599 red wines, 11 analyses, grade from 3 to 8",
        licence: UCI,
        from: "https://archive.ics.uci.edu/dataset/186, without header",
        folder: "wine-quality",
        classes: &["3", "4", "5", "6", "7", "8"],
        kind: Kind::Classes,
        splits: &[("train", Files::Csv(&[RED], QUALITY))],
    },
    NamedSet {
        name: "wine-quality-white",
        about: "4,898 white wines, 11 analyses, grade from 3 to 9",
        licence: UCI,
        from: "https://archive.ics.uci.edu/dataset/186, without header",
        folder: "wine-quality",
        classes: &["3", "4", "5", "6", "7", "8", "9"],
        kind: Kind::Classes,
        splits: &[("train", Files::Csv(&[WHITE], QUALITY))],
    },
    NamedSet {
        name: "tinyshakespeare",
        about: "1,115,394 characters of plays, 65 different; windows of 64, next character",
        licence: "public domain; Karpathy 2015",
        from: "https://github.com/karpathy/char-rnn (data/tinyshakespeare/input.txt)",
        folder: "tinyshakespeare",
        classes: &[],
        kind: Kind::Classes,
        splits: &[
            ("train", Files::Text("input.txt", 64, 64, [0.0, 0.9])),
            ("test", Files::Text("input.txt", 64, 64, [0.9, 1.0])),
        ],
    },
    NamedSet {
        name: "names",
        about: "32,033 first names, one a line; windows of 3 letters, next letter",
        licence: "MIT; Karpathy 2022 (makemore)",
        from: "https://github.com/karpathy/makemore (names.txt)",
        folder: "names",
        classes: &[],
        kind: Kind::Classes,
        splits: &[("train", Files::Text("names.txt", 3, 1, [0.0, 1.0]))],
    },
];

const MNIST_FILES: &[(&str, Files)] = &[
    (
        "train",
        Files::Idx("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    ),
    (
        "test",
        Files::Idx("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
    ),
];

impl NamedSet {
    /// The set with this name.
    pub fn find(name: &str) -> Result<&'static Self, DataError> {
        if let Some(set) = SETS.iter().find(|set| set.name == name) {
            return Ok(set);
        }
        let nearest = SETS
            .iter()
            .max_by(|a, b| {
                strsim::jaro_winkler(a.name, name).total_cmp(&strsim::jaro_winkler(b.name, name))
            })
            .map_or("", |set| set.name);
        let known: Vec<&str> = SETS.iter().map(|set| set.name).collect();
        Err(DataError::new(
            DataErrorKind::Description,
            format!("there is no set `{name}`"),
        )
        .help(format!(
            "the nearest name is `{nearest}`; known are {}",
            known.join(", ")
        )))
    }

    /// Parts that it comes in.
    pub fn parts(&self) -> impl Iterator<Item = &'static str> {
        self.splits.iter().map(|(split, _)| *split)
    }

    /// Every file it needs, relative to its folder.
    pub fn files(&self) -> Vec<&'static str> {
        let mut files: Vec<&'static str> = Vec::new();
        for (_, split) in self.splits {
            match *split {
                Files::Idx(images, labels) => files.extend([images, labels]),
                Files::Cifar(file) | Files::Text(file, ..) => files.push(file),
                Files::Csv(tables, _) => files.extend(tables),
            }
        }
        files.dedup();
        files
    }

    /// The files of a part.
    pub(crate) fn split(&self, split: &str) -> Result<Files, DataError> {
        let found = self.splits.iter().find(|(name, _)| *name == split);
        found.map(|(_, files)| *files).ok_or_else(|| {
            let parts: Vec<&str> = self.parts().collect();
            DataError::new(
                DataErrorKind::Description,
                format!("the set `{}` has no part `{split}`", self.name),
            )
            .help(format!(
                "it has {}; name one with `split = \"…\"`, or draw a share of the training part",
                parts.join(" and ")
            ))
        })
    }

    /// Where a file of the set lies; packed and unpacked files are both taken.
    pub(crate) fn locate(&self, data_dir: Option<&Path>, file: &str) -> Result<PathBuf, DataError> {
        let point = "give the data folder with `--data-dir FOLDER` or in ISOGRAD_DATA";
        let expected = format!(
            "expected there: {}/{{{}}}, from {}; licence: {}",
            self.folder,
            self.files().join(", "),
            self.from,
            self.licence
        );
        let Some(data_dir) = data_dir else {
            return Err(DataError::new(
                DataErrorKind::NotFound,
                format!(
                    "the set `{}` lies in a data folder, and none is given",
                    self.name
                ),
            )
            .help(format!("{point}; {expected}")));
        };
        let path = data_dir.join(self.folder).join(file);
        let unpacked = file
            .strip_suffix(".gz")
            .map(|plain| path.with_file_name(plain));
        if path.is_file() {
            Ok(path)
        } else if let Some(unpacked) = unpacked.filter(|unpacked| unpacked.is_file()) {
            Ok(unpacked)
        } else {
            Err(DataError::new(
                DataErrorKind::NotFound,
                format!(
                    "a file of the set `{}` is not in the data folder",
                    self.name
                ),
            )
            .file(&path)
            .help(format!("{point}; {expected}")))
        }
    }
}
