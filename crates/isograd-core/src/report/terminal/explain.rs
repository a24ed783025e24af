//! A page of the book as plain text.

use super::page::Page;
use super::style::{Style, Tone};

/// Renders the Markdown of a finding's page: headings, paragraphs, lists, code, tables, links.
pub fn explain(markdown: &str, style: Style) -> String {
    let mut page = Page::new(style);
    let mut lines = markdown.lines().peekable();
    let mut paragraph = String::new();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        let begins_block = trimmed.is_empty()
            || trimmed.starts_with('#')
            || trimmed.starts_with("```")
            || trimmed.starts_with('|')
            || item(trimmed).is_some();
        if begins_block {
            flush(&mut page, &mut paragraph);
        }
        if trimmed.is_empty() || trimmed.starts_with("<!--") {
            continue;
        }
        if let Some(text) = trimmed.strip_prefix('#') {
            page.heading(&inline(text.trim_start_matches('#').trim()));
        } else if trimmed.starts_with("```") {
            page.blank();
            for code in lines
                .by_ref()
                .take_while(|l| !l.trim_start().starts_with("```"))
            {
                let code = style.paint(Tone::Name, code);
                page.line(&format!("    {code}"));
            }
            page.blank();
        } else if trimmed.starts_with('|') {
            page.line(&format!("  {}", inline(trimmed)));
        } else if let Some((label, text)) = item(trimmed) {
            // The lines that go on with the item are indented.
            let mut text = text.to_owned();
            while let Some(next) = lines.peek()
                && next.starts_with(' ')
                && !next.trim().is_empty()
                && item(next.trim()).is_none()
            {
                text.push(' ');
                text.push_str(next.trim());
                lines.next();
            }
            let indent = 2 + (line.len() - line.trim_start().len());
            page.entry(indent, &label, &inline(&text));
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(trimmed);
        }
    }
    flush(&mut page, &mut paragraph);
    page.finish()
}

fn flush(page: &mut Page, paragraph: &mut String) {
    if !paragraph.is_empty() {
        page.blank();
        let text = inline(paragraph);
        page.prose(2, &text);
        paragraph.clear();
    }
}

/// The label and text of a list item.
fn item(line: &str) -> Option<(String, &str)> {
    for bullet in ["- ", "* "] {
        if let Some(text) = line.strip_prefix(bullet) {
            return Some(("• ".into(), text));
        }
    }
    let (number, text) = line.split_once(". ")?;
    let is_number =
        !number.is_empty() && number.len() <= 2 && number.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| (format!("{number}. "), text))
}

/// Without the marks of emphasis; a link keeps its address.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_code = false;
    while let Some(c) = rest.chars().next() {
        if c == '`' {
            in_code = !in_code;
            out.push(c);
            rest = &rest[1..];
        } else if in_code {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else if let Some(after) = rest.strip_prefix("**") {
            rest = after;
        } else if let Some((word, after)) = emphasis(rest) {
            out.push_str(word);
            rest = after;
        } else if let Some((name, address, after)) = link(rest) {
            out.push_str(name);
            if name != address {
                out.extend([" <", address, ">"]);
            }
            rest = after;
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// `*word*` at the beginning of the text, and what follows it.
fn emphasis(text: &str) -> Option<(&str, &str)> {
    let (word, after) = text.strip_prefix('*')?.split_once('*')?;
    let bare = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
    (bare(word.chars().next()) && bare(word.chars().last())).then_some((word, after))
}

/// `[name](address)` at the beginning of the text, and what follows it.
fn link(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (address, after) = rest.split_once(')')?;
    (!name.contains(['[', ']', '\n'])).then_some((name, address, after))
}
