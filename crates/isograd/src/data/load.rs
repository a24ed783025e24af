//! From a description to rows: which files are read, which of their rows are taken.

use std::path::Path;

use isograd_core::describe::Shape;
use isograd_core::describe::data::{
    CsvOptions, DataSpec, HeldOut, PartSpec, Predict, Source as SourceSpec, TextOptions,
};
use isograd_core::describe::train::LossKind;

use super::assemble::{Held, assemble};
use super::bytes::Source;
use super::error::{DataError, DataErrorKind};
use super::generate::Generator;
use super::named::{Files, Kind, NamedSet};
use super::order::in_order;
use super::part::Facts;
use super::raw::Raw;
use super::read::columns::{Columns, Layout};
use super::read::text::Windows;
use super::read::{Array, cifar, csv, idx, npy, shape_of, text};
use super::target::Native;
use super::{Data, overrides};

/// Characters of a window where nothing says how many.
const TEXT_LENGTH: usize = 64;

/// Reads or generates the data of a description.
///
/// `base` is the folder of the description, to which its paths are relative; `data_dir` the folder
/// of the named sets; `loss` decides what the targets are where the description does not say
/// (classes for cross-entropy, one yes-or-no for binary cross-entropy of two classes, reals for a
/// squared error …).
pub fn load(
    spec: &DataSpec,
    base: &Path,
    data_dir: Option<&Path>,
    seed: u64,
    loss: Option<LossKind>,
) -> Result<Data, DataError> {
    let mut loader = Loader {
        spec,
        base,
        data_dir,
        seed,
        native: Native::Unknown,
        layout: None,
        alphabet: None,
    };
    let train = loader.part("train", &spec.train)?;
    let native = loader.native.clone();
    let valid = loader.held_out("valid", &spec.valid)?;
    let mut notes = Vec::new();
    let test = match loader.no_test_part()? {
        Some(note) => {
            notes.push(note);
            Held::None
        }
        None => loader.held_out("test", &spec.test)?,
    };
    assemble(spec, seed, loss, &native, train, [valid, test], notes)
}

struct Loader<'a> {
    spec: &'a DataSpec,
    base: &'a Path,
    data_dir: Option<&'a Path>,
    seed: u64,
    /// What the training source knows of its targets.
    native: Native,
    /// Columns of the training table.
    layout: Option<Layout>,
    /// Characters of the training text.
    alphabet: Option<Vec<char>>,
}

impl Loader<'_> {
    fn held_out(&mut self, role: &str, held: &HeldOut) -> Result<Held, DataError> {
        match held {
            HeldOut::None => Ok(Held::None),
            HeldOut::Fraction(fraction) if (0.0..1.0).contains(fraction) => {
                Ok(Held::Fraction(*fraction))
            }
            HeldOut::Fraction(fraction) => Err(DataError::new(
                DataErrorKind::Description,
                format!("`{role} = {fraction}` is not a share of the training part"),
            )
            .help("a share is from 0 to less than 1")),
            HeldOut::Part(part) => Ok(Held::Rows(Box::new(self.part(role, part)?), part.scale)),
        }
    }

    /// Why there is no test part where the usual one of a named set is asked for: the set has none,
    /// or it is already used (the same rows twice would be no test).
    fn no_test_part(&self) -> Result<Option<String>, DataError> {
        let usual = HeldOut::Part(PartSpec {
            split: Some("test".to_owned()),
            ..PartSpec::default()
        });
        let Some(name) = self.spec.source.named() else {
            return Ok(None);
        };
        if self.spec.test != usual {
            return Ok(None);
        }
        if NamedSet::find(name)?.parts().all(|part| part != "test") {
            return Ok(Some(format!("the set `{name}` has no test part")));
        }
        let used = |part: &PartSpec| part.split.as_deref() == Some("test");
        let by_valid = matches!(&self.spec.valid, HeldOut::Part(part) if used(part));
        Ok((by_valid || used(&self.spec.train))
            .then(|| format!("the test part of `{name}` is already used; there is no other")))
    }

    /// The rows of one part, as they are in the file.
    fn part(&mut self, role: &str, part: &PartSpec) -> Result<Raw, DataError> {
        let mut rows = match &part.rows {
            Some(file) => Some(overrides::rows(&self.base.join(file))?),
            None => None,
        };
        if let (Some(rows), Some(first)) = (&mut rows, part.first) {
            rows.truncate(first);
        }
        let limit = match &rows {
            Some(rows) => Some(rows.iter().max().map_or(0, |&last| last as usize + 1)),
            None => part.first,
        };
        if limit == Some(0) {
            return Err(DataError::new(
                DataErrorKind::Empty,
                format!("the {role} part has no rows"),
            )
            .help("`first` and `rows` must leave at least one"));
        }
        let (mut raw, declared) = self.raw(role, part, limit)?;
        let chosen = rows.unwrap_or_else(|| in_order(raw.len()));
        if let Some(row) = chosen.iter().find(|&&row| row as usize >= raw.len()) {
            let error = DataError::new(
                DataErrorKind::Mismatch,
                format!(
                    "row {row} is not there: the data have {} (0 to {})",
                    raw.len(),
                    raw.len() - 1
                ),
            );
            return Err(match &part.rows {
                Some(file) => error.file(&self.base.join(file)),
                None => error,
            });
        }
        if part.rows.is_some() {
            raw = raw.rows(&chosen);
        }
        for (file, all) in [(&part.labels, false), (&part.targets, true)] {
            let Some(file) = file else { continue };
            let path = self.base.join(file);
            let file = overrides::targets(&path, all)?;
            raw.targets = Some(overrides::matched(&file, &path, &chosen, declared)?);
            if role == "train" {
                match &self.native {
                    _ if all => self.native = Native::Real,
                    Native::Classes(_) | Native::Steps(_) | Native::Binary => {}
                    _ if file.whole => self.native = Native::Classes(Vec::new()),
                    _ => self.native = Native::Unknown,
                }
            }
        }
        if let Some(file) = &part.scores {
            let path = self.base.join(file);
            raw.facts.scores = overrides::scores(&path, &chosen, declared)?;
        }
        Ok(raw)
    }

    /// At least the first `limit` rows of a part's source, and how many rows the source has.
    fn raw(
        &mut self,
        role: &str,
        part: &PartSpec,
        limit: Option<usize>,
    ) -> Result<(Raw, usize), DataError> {
        let generator = match &self.spec.source {
            SourceSpec::Circles(options) => Some((Generator::Circles, options)),
            SourceSpec::Blobs(options) => Some((Generator::Blobs, options)),
            SourceSpec::Spirals(options) => Some((Generator::Spirals, options)),
            SourceSpec::Glyphs(options) => Some((Generator::Glyphs, options)),
            SourceSpec::Adding(options) => Some((Generator::Adding, options)),
            SourceSpec::CopyMemory(options) => Some((Generator::CopyMemory, options)),
            _ => None,
        };
        if let Some((generator, options)) = generator {
            let number = limit.unwrap_or(options.samples);
            let (raw, native) = generator.generate(options, self.seed, role, number)?;
            self.know(role, native);
            return Ok((raw, number));
        }
        if let Some(name) = self.spec.source.named() {
            return self.named(role, NamedSet::find(name)?, part, limit);
        }
        let Some(file) = &part.file else {
            return Err(DataError::new(
                DataErrorKind::Description,
                format!("the {role} part has no file"),
            )
            .help(format!("name it with `{role} = \"FILE\"` in [data]")));
        };
        let mut source = Source::open(&self.base.join(file))?;
        let raw = match &self.spec.source {
            SourceSpec::Csv(options) => self.csv(role, source, options, limit)?,
            SourceSpec::Idx => return array(idx::read(&mut source, limit)?, &source, true),
            SourceSpec::Npy => return array(npy::read(&mut source, limit)?, &source, false),
            SourceSpec::Cifar => {
                self.know(role, Native::Classes(numbers(10)));
                cifar::read(&mut source, limit)?
            }
            SourceSpec::Text(options) => {
                let characters = text::characters(&mut source)?;
                let windows = Windows::new(options, TEXT_LENGTH, TEXT_LENGTH);
                self.text(role, &source, &characters, None, windows, limit)?
            }
            other => {
                return Err(DataError::new(
                    DataErrorKind::Description,
                    format!("the source {other:?} cannot be read"),
                ));
            }
        };
        let declared = raw.len();
        Ok((raw, declared))
    }

    /// Remembers what the training source knows of its targets.
    fn know(&mut self, role: &str, native: Native) {
        if role == "train" {
            self.native = native;
        }
    }

    fn csv(
        &mut self,
        role: &str,
        source: Source,
        options: &CsvOptions,
        limit: Option<usize>,
    ) -> Result<Raw, DataError> {
        let path = source.path().to_owned();
        let columns = match &self.layout {
            Some(layout) if role != "train" => Columns::Like(layout),
            _ => Columns::Find,
        };
        let (raw, layout) = csv::read(source, options, columns, limit)?;
        if raw.shape.elements() == 0 {
            return Err(DataError::new(
                DataErrorKind::Description,
                "no column is left for the inputs: all are targets or dropped",
            )
            .file(&path));
        }
        if role == "train" {
            self.layout = Some(layout);
        }
        Ok(raw)
    }

    fn text(
        &mut self,
        role: &str,
        source: &Source,
        characters: &[char],
        alphabet: Option<Vec<char>>,
        windows: Windows,
        limit: Option<usize>,
    ) -> Result<Raw, DataError> {
        let alphabet = match (alphabet, &self.alphabet) {
            (Some(alphabet), _) => alphabet,
            (None, Some(alphabet)) => alphabet.clone(),
            (None, None) => text::alphabet(characters),
        };
        let names = alphabet.iter().map(ToString::to_string).collect();
        self.know(
            role,
            match windows.predict {
                Predict::Last => Native::Classes(names),
                Predict::Every => Native::Steps(names),
            },
        );
        let raw = text::windows(source, characters, &alphabet, windows, limit)?;
        self.alphabet = Some(alphabet);
        Ok(raw)
    }

    fn named(
        &mut self,
        role: &str,
        set: &'static NamedSet,
        part: &PartSpec,
        limit: Option<usize>,
    ) -> Result<(Raw, usize), DataError> {
        let files = set.split(part.split.as_deref().unwrap_or(role))?;
        let locate = |file: &str| set.locate(self.data_dir, file);
        let names: Vec<String> = set.classes.iter().map(ToString::to_string).collect();
        let native = match set.kind {
            Kind::Classes => Native::Classes(names.clone()),
            Kind::Binary => Native::Binary,
            Kind::Real => Native::Real,
        };
        match files {
            Files::Idx(images, labels) => {
                let (images, labels) = (locate(images)?, locate(labels)?);
                self.know(role, native);
                let mut source = Source::open(&images)?;
                let (mut raw, declared) = array(idx::read(&mut source, limit)?, &source, true)?;
                let file = overrides::targets(&labels, false)?;
                let chosen = in_order(raw.len());
                raw.targets = Some(overrides::matched(&file, &labels, &chosen, declared)?);
                Ok((raw, declared))
            }
            Files::Cifar(file) => {
                let mut source = Source::open(&locate(file)?)?;
                self.know(role, native);
                let raw = cifar::read(&mut source, limit)?;
                let declared = raw.len();
                Ok((raw, declared))
            }
            Files::Csv(files, table) => {
                let paths = files
                    .iter()
                    .map(|file| locate(file))
                    .collect::<Result<Vec<_>, _>>()?;
                self.know(role, native);
                let strings = |words: &[&str]| words.iter().map(ToString::to_string).collect();
                let target = vec![table.target.to_owned()];
                let options = CsvOptions {
                    header: Some(table.header),
                    categorical: if table.words {
                        target.clone()
                    } else {
                        Vec::new()
                    },
                    target,
                    drop: strings(table.drop),
                };
                let mut all: Option<Raw> = None;
                for path in paths {
                    let have = all.as_ref().map_or(0, Raw::len);
                    let limit = limit.map(|limit| limit.saturating_sub(have));
                    if limit == Some(0) {
                        break;
                    }
                    let raw = self.csv(role, Source::open(&path)?, &options, limit)?;
                    match &mut all {
                        Some(all) => all.append(raw),
                        None => all = Some(raw),
                    }
                }
                let raw =
                    all.ok_or_else(|| DataError::new(DataErrorKind::Empty, "there are no rows"))?;
                let declared = raw.len();
                Ok((raw, declared))
            }
            Files::Text(file, length, stride, [from, to]) => {
                let mut source = Source::open(&locate(file)?)?;
                let characters = text::characters(&mut source)?;
                let place = |share: f64| (share * characters.len() as f64) as usize;
                let piece = &characters[place(from)..place(to)];
                let alphabet = Some(text::alphabet(&characters));
                let options = match &self.spec.source {
                    SourceSpec::NamedText(_, options) => *options,
                    _ => TextOptions::default(),
                };
                let windows = Windows::new(&options, length, stride);
                let raw = self.text(role, &source, piece, alphabet, windows, limit)?;
                let declared = raw.len();
                Ok((raw, declared))
            }
        }
    }
}

fn numbers(n: usize) -> Vec<String> {
    (0..n).map(|class| class.to_string()).collect()
}

/// An array as inputs: rows × features, or images. Three dimensions are rows × height × width in
/// IDX, rows × steps × features in NPY; four are rows × height × width × channels.
fn array(array: Array, source: &Source, idx: bool) -> Result<(Raw, usize), DataError> {
    let mut dims = array.dims[1..].to_vec();
    if idx && dims.len() == 2 {
        dims.push(1);
    }
    let shape = shape_of(&dims).ok_or_else(|| {
        source
            .error(
                DataErrorKind::Format,
                format!("an array of {} dimensions cannot be read", dims.len() + 1),
            )
            .help("1 to 4 can: rows, then features, steps × features or height × width × channels")
    })?;
    let mut inputs = array.numbers;
    if let Shape::Image {
        channels,
        height,
        width,
    } = shape
    {
        super::shape::to_planes(&mut inputs, height * width, channels);
    }
    let raw = Raw {
        inputs,
        shape,
        targets: None,
        names: Vec::new(),
        categories: Vec::new(),
        facts: Facts::default(),
        notes: Vec::new(),
    };
    Ok((raw, array.declared))
}
