//! How text may look: colour, width, characters.

use anstyle::{AnsiColor, Effects};

/// What the terminal can do and the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Colours may be used; nothing depends on them.
    pub colour: bool,
    /// Columns; text is wrapped and tables are cut to these. At least [`Style::NARROWEST`] are used.
    pub width: usize,
    /// Characters beyond ASCII may be used for lines, bars and signs.
    pub unicode: bool,
}

/// What a piece of text is, from which its colour follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A heading.
    Title,
    /// Less important than what is around it.
    Faint,
    /// Bad.
    Critical,
    /// Not good.
    Warning,
    /// Good.
    Good,
    /// Something to type, or a name.
    Name,
}

impl Style {
    /// Narrower terminals get lines of this length.
    pub const NARROWEST: usize = 72;
    /// Prose is not wrapped beyond this, on any terminal: longer lines are hard to read.
    pub const PROSE: usize = 100;

    /// Columns that are used.
    pub fn columns(self) -> usize {
        self.width.max(Self::NARROWEST)
    }

    /// The text in the colour of its tone, if there are colours.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let plain = anstyle::Style::new();
        let style = match tone {
            Tone::Title => plain.effects(Effects::BOLD),
            Tone::Faint => plain.effects(Effects::DIMMED),
            Tone::Critical => plain
                .fg_color(Some(AnsiColor::Red.into()))
                .effects(Effects::BOLD),
            Tone::Warning => plain.fg_color(Some(AnsiColor::Yellow.into())),
            Tone::Good => plain.fg_color(Some(AnsiColor::Green.into())),
            Tone::Name => plain.fg_color(Some(AnsiColor::Cyan.into())),
        };
        format!("{style}{text}{style:#}")
    }

    /// The finished text: signs that the terminal cannot show are spelled in ASCII.
    pub(super) fn finish(self, text: String) -> String {
        if self.unicode {
            return text;
        }
        text.chars()
            .map(|c| match c {
                '–' | '−' | '─' => '-',
                '·' => '+',
                '█' | '▉' | '▊' | '▋' | '▌' => '#',
                '▍' | '▎' | '▏' => '.',
                '◆' | '•' => '*',
                '×' => 'x',
                '²' => '2',
                '→' => '>',
                '…' | '±' => '~',
                c => c,
            })
            .collect()
    }
}
