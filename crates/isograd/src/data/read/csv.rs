//! Tables of text: comma-, semicolon- or tab-separated values, with or without a header.
//!
//! A cell is read as a number. An empty cell, `NaN`, `NA`, `N/A`, `null` and `?` are missing: they
//! become NaN, which computes, and which a finding can point at. Any other text is an error, unless
//! its column is said to hold categories.

use crate::data::part::Facts;
use std::collections::HashMap;

use csv::ByteRecord;
use isograd_core::describe::Shape;
use isograd_core::describe::data::CsvOptions;

use super::super::bytes::Source;
use super::super::error::{DataError, DataErrorKind, Position, count, excerpt};
use super::super::raw::{Categories, Numbers, Origin, Raw, RawTargets};
use super::columns::{Columns, Layout, Role};

/// Reads the first `limit` rows, or all; the columns are returned for the other parts.
pub(crate) fn read(
    source: Source,
    options: &CsvOptions,
    columns: Columns,
    limit: Option<usize>,
) -> Result<(Raw, Layout), DataError> {
    let path = source.path().to_owned();
    let mut lines = Lines::new(source)?;
    let mut first = ByteRecord::new();
    if !lines.next(&mut first)? {
        return Err(DataError::new(DataErrorKind::Empty, "there are no rows in it").file(&path));
    }
    let mut second = ByteRecord::new();
    let two = lines.next(&mut second)?;
    let header = options
        .header
        .unwrap_or_else(|| is_header(&first, two.then_some(&second)));
    let layout = Layout::new(&path, options, columns, &first, header)?;
    let mut table = Table::new(&layout);
    let wanted = limit.unwrap_or(usize::MAX);
    let width = first.len();
    let mut record = ByteRecord::new();
    // The two records looked at above come first.
    let mut ahead = [(!header).then_some(first), two.then_some(second)]
        .into_iter()
        .flatten();
    while table.lines.len() < wanted {
        match ahead.next() {
            Some(next) => record = next,
            None => {
                if !lines.next(&mut record)? {
                    break;
                }
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != width {
            return Err(DataError::new(
                DataErrorKind::Format,
                format!(
                    "there are {} here, {width} in the first line",
                    count(record.len(), "cell")
                ),
            )
            .file(&path)
            .at(Position::Line(line))
            .help("every line needs the same number of cells; text with commas goes in quotes"));
        }
        table
            .push(&layout, &record, line)
            .map_err(|error| error.file(&path))?;
    }
    if table.lines.is_empty() {
        let error =
            DataError::new(DataErrorKind::Empty, "there is a header but no row").file(&path);
        return Err(match options.header {
            None => error.help("say `header = false` if the first line is a row"),
            Some(_) => error,
        });
    }
    Ok(table.finish(layout, &path))
}

/// Records of a file with their line numbers.
struct Lines {
    reader: csv::Reader<std::io::Chain<std::io::Cursor<Vec<u8>>, Source>>,
    path: std::path::PathBuf,
}

impl Lines {
    fn new(source: Source) -> Result<Self, DataError> {
        use std::io::Read as _;
        /// Enough for the first line of any table to be sniffed at.
        const HEAD: u64 = 1 << 16;
        let mut source = source.lines();
        let path = source.path().to_owned();
        let mut head = source.up_to(HEAD)?;
        if head.starts_with(b"\xef\xbb\xbf") {
            head.drain(..3);
        }
        if head.contains(&0) {
            return Err(
                DataError::new(DataErrorKind::Format, "this is no table of text")
                    .file(&path)
                    .help("it has zero bytes; UTF-16 must be converted to UTF-8"),
            );
        }
        let line = head
            .split(|&byte| byte == b'\n')
            .find(|line| !line.is_empty());
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter(line.unwrap_or_default()))
            .trim(csv::Trim::All)
            .from_reader(std::io::Cursor::new(head).chain(source));
        Ok(Self { reader, path })
    }

    fn next(&mut self, record: &mut ByteRecord) -> Result<bool, DataError> {
        self.reader.read_byte_record(record).map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            match error.into_kind() {
                csv::ErrorKind::Io(error) => {
                    let (_, source) = self.reader.get_ref().get_ref();
                    source.broken(&error)
                }
                other => DataError::new(DataErrorKind::Format, format!("{other:?}"))
                    .file(&self.path)
                    .at(Position::Line(line)),
            }
        })
    }
}

/// The separator: a comma, unless a line has none and another.
fn delimiter(line: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [0usize; 3];
    for &byte in line {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => counts[0] += 1,
            b';' if !quoted => counts[1] += 1,
            b'\t' if !quoted => counts[2] += 1,
            _ => {}
        }
    }
    match counts {
        [0, semicolons, tabs] if semicolons > tabs => b';',
        [0, _, tabs] if tabs > 0 => b'\t',
        _ => b',',
    }
}

/// A first line is a header if it has text where the second has numbers, or nothing but text.
fn is_header(first: &ByteRecord, second: Option<&ByteRecord>) -> bool {
    let text = |cell: &[u8]| matches!(Cell::of(cell), Cell::Text(_));
    let names = first.iter().all(text);
    match second {
        Some(second) => {
            names
                || first
                    .iter()
                    .zip(second.iter())
                    .any(|(a, b)| text(a) && matches!(Cell::of(b), Cell::Number(_)))
        }
        None => names,
    }
}

/// Words for a cell without a value, in any case.
const MISSING: [&str; 6] = ["", "nan", "na", "n/a", "null", "?"];

/// What is in a cell.
pub(super) enum Cell<'a> {
    /// A number.
    Number(f64),
    /// Nothing.
    Missing,
    /// Anything else.
    Text(std::borrow::Cow<'a, str>),
}

impl<'a> Cell<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        // Most cells of the largest tables are single digits.
        if let [digit @ b'0'..=b'9'] = bytes {
            return Self::Number(f64::from(digit - b'0'));
        }
        let text = String::from_utf8_lossy(bytes);
        if MISSING.iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return Self::Missing;
        }
        match text.parse() {
            Ok(number) => Self::Number(number),
            Err(_) => Self::Text(text),
        }
    }
}

/// Words of a category column, numbered in the order of their appearance.
#[derive(Default)]
struct Words {
    numbers: HashMap<String, usize>,
    words: Vec<String>,
}

impl Words {
    fn number(&mut self, word: &str) -> usize {
        if let Some(&number) = self.numbers.get(word) {
            return number;
        }
        let number = self.words.len();
        self.numbers.insert(word.to_owned(), number);
        self.words.push(word.to_owned());
        number
    }
}

/// What has been read.
struct Table {
    inputs: Vec<f64>,
    categories: Vec<Option<Words>>,
    targets: Vec<f64>,
    /// Words instead of numbers; decided by the first target that is there.
    words: Option<bool>,
    target_words: Vec<Option<String>>,
    lines: Vec<u64>,
    missing: usize,
}

impl Table {
    fn new(layout: &Layout) -> Self {
        Self {
            inputs: Vec::new(),
            categories: layout
                .inputs
                .iter()
                .map(|input| (input.role == Role::Category).then(Words::default))
                .collect(),
            targets: Vec::new(),
            words: layout.target_words,
            target_words: Vec::new(),
            lines: Vec::new(),
            missing: 0,
        }
    }

    fn push(&mut self, layout: &Layout, record: &ByteRecord, line: u64) -> Result<(), DataError> {
        for (input, words) in layout.inputs.iter().zip(&mut self.categories) {
            let cell = Cell::of(&record[input.at]);
            let value = match (words, cell) {
                (_, Cell::Missing) => {
                    self.missing += 1;
                    f64::NAN
                }
                (Some(words), _) => {
                    words.number(&String::from_utf8_lossy(&record[input.at])) as f64
                }
                (None, Cell::Number(number)) => number,
                (None, Cell::Text(text)) => {
                    return Err(text_error(line, input.at, &text).help(format!(
                        "if the column holds categories, say `categorical = [\"{}\"]`; to leave it \
                         out, `drop = [\"{}\"]`",
                        input.name, input.name
                    )));
                }
            };
            self.inputs.push(value);
        }
        for target in &layout.targets {
            let bytes = &record[target.at];
            let cell = Cell::of(bytes);
            if self.words.is_none() {
                self.words = match cell {
                    Cell::Missing => None,
                    Cell::Number(_) => Some(false),
                    Cell::Text(_) => Some(layout.targets.len() == 1),
                };
            }
            let as_words =
                self.words == Some(true) || (self.words.is_none() && layout.targets.len() == 1);
            if as_words {
                let word = (!matches!(cell, Cell::Missing))
                    .then(|| String::from_utf8_lossy(bytes).into_owned());
                self.target_words.push(word);
            }
            match cell {
                Cell::Number(number) => self.targets.push(number),
                Cell::Missing => self.targets.push(f64::NAN),
                Cell::Text(_) if as_words => self.targets.push(f64::NAN),
                Cell::Text(text) => {
                    return Err(text_error(line, target.at, &text).help(format!(
                        "the other targets are numbers; if they are names of classes, say \
                         `categorical = [\"{}\"]`",
                        target.name
                    )));
                }
            }
        }
        self.lines.push(line);
        Ok(())
    }

    fn finish(self, mut layout: Layout, path: &std::path::Path) -> (Raw, Layout) {
        let origin = Origin {
            file: Some(path.to_owned()),
            lines: Some(self.lines),
        };
        let targets = if layout.targets.is_empty() {
            None
        } else if self.words == Some(true) {
            Some(RawTargets::Words {
                words: self.target_words,
                origin,
            })
        } else {
            Some(RawTargets::Numbers {
                values: self.targets,
                width: layout.targets.len(),
                origin,
            })
        };
        layout.target_words = layout.target_words.or(self.words);
        let mut notes = Vec::new();
        if self.missing > 0 {
            notes.push(format!(
                "{}: {} missing, read as NaN",
                path.display(),
                if self.missing == 1 {
                    "1 cell is".to_owned()
                } else {
                    format!("{} cells are", self.missing)
                }
            ));
        }
        let raw = Raw {
            inputs: Numbers::F64(self.inputs),
            shape: Shape::Flat(layout.inputs.len()),
            targets,
            names: layout
                .inputs
                .iter()
                .map(|input| input.name.clone())
                .collect(),
            categories: self
                .categories
                .into_iter()
                .enumerate()
                .filter_map(|(column, words)| {
                    words.map(|words| Categories {
                        column,
                        words: words.words,
                    })
                })
                .collect(),
            facts: Facts::default(),
            notes,
        };
        (raw, layout)
    }
}

fn text_error(line: u64, column: usize, text: &str) -> DataError {
    DataError::new(
        DataErrorKind::Value,
        format!("`{}` is not a number", excerpt(text)),
    )
    .at(Position::Cell {
        line,
        column: column + 1,
    })
}
