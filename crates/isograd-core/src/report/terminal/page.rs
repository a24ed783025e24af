//! A text under construction: headings, lines, paragraphs, all within the width.

use super::style::{Style, Tone};
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns in front of everything that is not a heading.
pub(super) const INDENT: usize = 2;

pub(super) struct Page {
    pub(super) style: Style,
    text: String,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        Self {
            style,
            text: String::new(),
        }
    }

    /// A line as it is.
    pub(super) fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    /// An empty line, unless there is one already.
    pub(super) fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// An empty line and a heading.
    pub(super) fn heading(&mut self, text: &str) {
        self.blank();
        for line in textwrap::wrap(text, self.style.columns()) {
            let line = self.style.paint(Tone::Title, &line);
            self.line(&line);
        }
    }

    /// Prose, wrapped, with this many columns in front.
    pub(super) fn prose(&mut self, indent: usize, text: &str) {
        self.entry(indent, "", text);
    }

    /// Prose that explains.
    pub(super) fn note(&mut self, text: &str) {
        self.toned(Tone::Faint, text);
    }

    /// Prose in a tone.
    pub(super) fn toned(&mut self, tone: Tone, text: &str) {
        for line in wrap(text, self.prose_width() - INDENT) {
            let line = format!("{}{}", " ".repeat(INDENT), self.style.paint(tone, &line));
            self.line(&line);
        }
    }

    /// Prose behind a label; the following lines begin where the first does.
    pub(super) fn entry(&mut self, indent: usize, label: &str, text: &str) {
        let hang = indent + label.width();
        let width = self.prose_width().saturating_sub(hang).max(20);
        for (i, line) in wrap(text, width).iter().enumerate() {
            let front = if i == 0 {
                format!(
                    "{}{}",
                    " ".repeat(indent),
                    self.style.paint(Tone::Faint, label)
                )
            } else {
                " ".repeat(hang)
            };
            self.line(&format!("{front}{line}"));
        }
    }

    pub(super) fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text.push('\n');
        self.style.finish(self.text)
    }

    fn prose_width(&self) -> usize {
        self.style.columns().min(Style::PROSE)
    }
}

fn wrap(text: &str, width: usize) -> Vec<Cow<'_, str>> {
    textwrap::wrap(text, width)
}

/// The text in exactly so many columns, to the left.
pub(super) fn left(text: &str, width: usize) -> String {
    let text = cut(text, width);
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// The text in exactly so many columns, to the right.
pub(super) fn right(text: &str, width: usize) -> String {
    let text = cut(text, width);
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}

/// The text in at most so many columns; what is left out is said with `…`.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let mut kept = String::new();
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used + 1 > width {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}
