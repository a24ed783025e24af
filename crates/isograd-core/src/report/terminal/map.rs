//! The trainability map as a grid of characters.

use super::figure::figure;
use super::page::{INDENT, Page, left, right};
use super::style::Tone;
use crate::compare::{Map, Summary};
use unicode_width::UnicodeWidthStr as _;

/// Signs from the worst to the best (else from the smallest to the largest).
const SIGNS: [&str; 5] = ["··", "░░", "▒▒", "▓▓", "██"];
/// The same where there is only ASCII.
const ASCII: [&str; 5] = ["..", "::", "oo", "%%", "##"];
/// Columns of a row's label at most.
const LABEL: usize = 20;
/// Where the largest is so many times the smallest, levels are of the logarithm.
const WIDE: f64 = 100.0;

/// Draws one map.
pub(super) fn draw(page: &mut Page, summary: &Summary<'_>, map: &Map) {
    let style = page.style;
    let at: Vec<String> = map
        .at
        .iter()
        .map(|(axis, label)| format!("{axis} = {label}"))
        .collect();
    let at = if at.is_empty() {
        String::new()
    } else {
        format!(", {}", at.join(", "))
    };
    page.heading(&format!(
        "Map: {} over {} (across) and {} (down){at}",
        map.measure.head(),
        map.x,
        map.y
    ));
    let scale = Scale::new(map, summary);
    let label = map
        .rows
        .iter()
        .map(|r| r.width())
        .max()
        .unwrap_or(0)
        .min(LABEL);
    let number = |v: Option<f64>| v.map_or_else(String::new, short);
    let digits = map
        .values
        .iter()
        .flatten()
        .map(|v| number(*v).width())
        .max()
        .unwrap_or(0);
    let heads = map.columns.iter().map(|c| c.width()).max().unwrap_or(0);
    let room = style.columns().saturating_sub(INDENT + label + 2);
    let full = (digits + 3).max(heads) + 2;
    // Without room for numbers the signs alone are drawn.
    let with_numbers = full * map.columns.len() <= room;
    let cell = if with_numbers {
        full
    } else {
        (room / map.columns.len().max(1)).clamp(2, full)
    };
    let mut head = format!("{}{}  ", " ".repeat(INDENT), " ".repeat(label));
    for column in &map.columns {
        head.push_str(&left(column, cell.saturating_sub(1)));
        head.push_str(&" ".repeat(cell.min(1)));
    }
    page.line(&style.paint(Tone::Faint, head.trim_end()));
    for (name, values) in map.rows.iter().zip(&map.values) {
        let mut line = format!("{}{}  ", " ".repeat(INDENT), right(name, label));
        for &value in values {
            let level = value.map(|v| scale.level(v));
            let sign = match level {
                None => "  ",
                Some(None) => "××",
                Some(Some(level)) if style.unicode => SIGNS[level],
                Some(Some(level)) => ASCII[level],
            };
            let text = if with_numbers {
                format!("{sign} {}", number(value))
            } else {
                sign.to_owned()
            };
            line.push_str(&style.paint(scale.tone(level.flatten()), &left(&text, cell)));
        }
        page.line(line.trim_end());
    }
    page.blank();
    page.note(&scale.legend(style.unicode));
}

/// Three digits without the zero in front: `.912`.
fn short(x: f64) -> String {
    let text = figure(x);
    match text.strip_prefix("0.") {
        Some(rest) => format!(".{rest}"),
        None => text,
    }
}

/// From numbers to levels.
struct Scale {
    low: f64,
    high: f64,
    logarithm: bool,
    /// `None`: neither end is better.
    larger_is_better: Option<bool>,
}

impl Scale {
    fn new(map: &Map, summary: &Summary<'_>) -> Self {
        // All maps of a report have one scale.
        let maps = summary.maps.iter().filter(|m| m.measure == map.measure);
        let values = || {
            maps.clone()
                .flat_map(|m| m.values.iter().flatten().flatten().copied())
        };
        let finite = || values().filter(|v| v.is_finite());
        let low = finite().fold(f64::INFINITY, f64::min);
        let high = finite().fold(f64::NEG_INFINITY, f64::max);
        Self {
            low,
            high,
            logarithm: low > 0.0 && high > WIDE * low,
            larger_is_better: map.measure.larger_is_better(summary.larger_is_better),
        }
    }

    /// 0 (worst) to 4 (best); `None` for what is not finite.
    fn level(&self, value: f64) -> Option<usize> {
        if !value.is_finite() {
            return None;
        }
        let share = match () {
            () if self.high <= self.low => 1.0,
            () if self.logarithm => (value / self.low).ln() / (self.high / self.low).ln(),
            () => (value - self.low) / (self.high - self.low),
        };
        let share = if self.larger_is_better == Some(false) {
            1.0 - share
        } else {
            share
        };
        Some(((share * SIGNS.len() as f64) as usize).min(SIGNS.len() - 1))
    }

    fn tone(&self, level: Option<usize>) -> Tone {
        match (self.larger_is_better, level) {
            (_, None) | (Some(_), Some(0 | 1)) => Tone::Critical,
            (None, _) => Tone::Name,
            (_, Some(2 | 3)) => Tone::Warning,
            _ => Tone::Good,
        }
    }

    fn legend(&self, unicode: bool) -> String {
        let signs = if unicode { SIGNS } else { ASCII };
        let (first, last) = match self.larger_is_better {
            Some(false) => (self.high, self.low),
            _ => (self.low, self.high),
        };
        let steps = if self.logarithm {
            ", in equal factors"
        } else {
            ""
        };
        format!(
            "{} {} to {} {}{steps}; ×× not finite; empty: not run.",
            signs[0],
            figure(first),
            signs[4],
            figure(last)
        )
    }
}
