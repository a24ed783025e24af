//! What is wrong with a description, where, and what would be accepted.

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};
use std::fmt::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What sort of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file cannot be read.
    File,
    /// The file is not UTF-8 text.
    Encoding,
    /// The text is not TOML.
    Syntax,
    /// A key that means nothing where it stands.
    UnknownKey,
    /// A word (of a block, an activation, a loss …) that is not known.
    UnknownWord,
    /// A key that must be there and is not.
    MissingKey,
    /// A value of another type than is accepted.
    WrongType,
    /// A value of the right type outside its range.
    OutOfRange,
    /// Two things that cannot stand together.
    Conflict,
    /// Shapes that do not meet.
    Shape,
    /// More than can be computed.
    TooLarge,
    /// A patch or an override that does not fit the description.
    Patch,
}

/// Why a description is refused.
///
/// [`fmt::Display`] gives the one-sentence message, [`DescribeError::plain`] everything as plain
/// text; the [`Diagnostic`] implementation draws the line of the file with the place marked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .0.message)]
pub struct DescribeError(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    path: String,
    file: PathBuf,
    span: Option<Range<usize>>,
    source: Option<NamedSource<String>>,
    accepted: Option<String>,
    nearest: Option<String>,
    hint: Option<String>,
}

impl DescribeError {
    pub(crate) fn new(kind: ErrorKind, message: impl fmt::Display) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.to_string(),
            path: String::new(),
            file: PathBuf::new(),
            span: None,
            source: None,
            accepted: None,
            nearest: None,
            hint: None,
        }))
    }

    /// Where in the text; kept if it is already known.
    pub(crate) fn at(mut self, path: &str, span: Range<usize>) -> Self {
        if self.0.span.is_none() {
            self.0.span = Some(span);
        }
        if self.0.path.is_empty() {
            path.clone_into(&mut self.0.path);
        }
        self
    }

    /// The same mistake seen from another text: where it is there.
    pub(crate) fn moved(mut self, path: &str, span: Range<usize>) -> Self {
        self.0.span = Some(span);
        path.clone_into(&mut self.0.path);
        self
    }

    pub(crate) fn accepts(mut self, accepted: impl fmt::Display) -> Self {
        self.0.accepted = Some(accepted.to_string());
        self
    }

    /// The known word nearest to `given`, said only when it is near enough.
    pub(crate) fn near(mut self, nearest: Option<&str>) -> Self {
        self.0.nearest = nearest.map(str::to_owned);
        self
    }

    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.0.hint = Some(hint.to_string());
        self
    }

    /// The text and file that the span belongs to.
    pub(crate) fn within(mut self, file: &Path, text: &str) -> Self {
        file.clone_into(&mut self.0.file);
        if let Some(span) = &mut self.0.span {
            // A mistake at the end of the text is shown behind its last visible character.
            let end = text.trim_end().len();
            if span.start > end {
                *span = end..end;
            }
            span.end = span.end.clamp(span.start, text.len());
        }
        self.0.source = Some(
            NamedSource::new(file.display().to_string(), text.to_owned()).with_language("toml"),
        );
        self
    }

    /// The text that the place belongs to is known already.
    pub(crate) fn is_placed(&self) -> bool {
        self.0.source.is_some() || !self.0.file.as_os_str().is_empty()
    }

    pub(crate) fn in_file(mut self, file: &Path) -> Self {
        file.clone_into(&mut self.0.file);
        self
    }

    /// What sort of mistake it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The file, as it was given.
    pub fn file(&self) -> &Path {
        &self.0.file
    }

    /// Address in the description (`network.layers[0].dense`); empty where there is none.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Bytes of the text that are meant.
    pub fn span(&self) -> Option<Range<usize>> {
        self.0.span.clone()
    }

    /// The text that is meant, its first line.
    pub fn offending(&self) -> Option<&str> {
        let text = self.0.source.as_ref()?.inner();
        text.get(self.span()?)?.lines().next()
    }

    /// Line of the place, counted from 1.
    pub fn line(&self) -> Option<usize> {
        self.position().map(|(line, _)| line)
    }

    /// Column of the place in characters, counted from 1.
    pub fn column(&self) -> Option<usize> {
        self.position().map(|(_, column)| column)
    }

    /// What would be accepted in its place.
    pub fn accepted(&self) -> Option<&str> {
        self.0.accepted.as_deref()
    }

    /// The known word nearest to the one that was written.
    pub fn nearest(&self) -> Option<&str> {
        self.0.nearest.as_deref()
    }

    /// How to go on.
    pub fn advice(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    fn position(&self) -> Option<(usize, usize)> {
        let before = self
            .0
            .source
            .as_ref()?
            .inner()
            .get(..self.0.span.as_ref()?.start)?;
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Some((
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        ))
    }

    /// Everything as text without colours: `file:line:column: message`, then lines that say where,
    /// what is accepted, the nearest word and a hint.
    pub fn plain(&self) -> String {
        let mut text = self.0.file.display().to_string();
        if let Some((line, column)) = self.position() {
            let _ = write!(text, ":{line}:{column}");
        }
        text.push_str(if text.is_empty() { "" } else { ": " });
        text.push_str(&self.0.message);
        if !self.0.path.is_empty() {
            let _ = write!(text, "\n  at: {}", self.0.path);
        }
        if let Some(help) = self.help_text() {
            for line in help.lines() {
                let _ = write!(text, "\n  {line}");
            }
        }
        text
    }

    fn help_text(&self) -> Option<String> {
        let lines: Vec<String> = [
            self.0
                .nearest
                .as_ref()
                .map(|word| format!("did you mean: {word}")),
            self.0
                .accepted
                .as_ref()
                .map(|words| format!("accepted: {words}")),
            self.0.hint.as_ref().map(|hint| format!("hint: {hint}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

impl Diagnostic for DescribeError {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help_text()
            .map(|text| Box::new(text) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0
            .source
            .as_ref()
            .map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.0.span.clone()?;
        let label = (!self.0.path.is_empty()).then(|| self.0.path.clone());
        Some(Box::new(std::iter::once(LabeledSpan::new(
            label,
            span.start,
            span.len(),
        ))))
    }
}

/// The word of `known` nearest to `given`: at most a third of its letters changed.
pub(crate) fn nearest<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Long words come from mistakes of another kind, and their distance is slow to find.
    const LONGEST: usize = 64;
    if given.len() > LONGEST {
        return None;
    }
    let given = given.to_lowercase().replace(['-', ' '], "_");
    let allowed = (given.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&given, word), word))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}
