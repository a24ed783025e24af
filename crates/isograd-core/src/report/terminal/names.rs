//! Lists of layers in few words.

/// Names in order, where runs of one word with numbers that follow each other become a range:
/// `dense1–dense30, dense32`.
pub(super) fn ranges(names: &[String]) -> String {
    let mut parts: Vec<(&str, &str)> = Vec::new();
    for name in names {
        match parts.last_mut() {
            Some((_, last)) if follows(last, name) => *last = name,
            _ => parts.push((name, name)),
        }
    }
    let parts = parts.iter().map(|&(first, last)| match () {
        () if first == last => first.to_owned(),
        // Two are a list, not a range.
        () if follows(first, last) => format!("{first}, {last}"),
        () => format!("{first}–{last}"),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// `dense3` is followed by `dense4`.
fn follows(a: &str, b: &str) -> bool {
    let split = |s: &str| -> Option<(usize, u64)> {
        let word = s.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        Some((word, s[word..].parse().ok()?))
    };
    match (split(a), split(b)) {
        (Some((i, n)), Some((j, m))) => a[..i] == b[..j] && n.checked_add(1) == Some(m),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn neighbours_become_a_range() {
        let cases = [
            (vec![], ""),
            (vec!["dense1"], "dense1"),
            (vec!["dense1", "dense2"], "dense1, dense2"),
            (vec!["dense1", "dense2", "dense3"], "dense1–dense3"),
            (
                vec!["dense8", "dense9", "dense10", "dense12"],
                "dense8–dense10, dense12",
            ),
            (vec!["a", "b"], "a, b"),
            (vec!["x.1", "x.2", "x.3", "y.4"], "x.1–x.3, y.4"),
            (vec!["dense3", "dense2", "dense1"], "dense3, dense2, dense1"),
            (vec!["1", "2", "3"], "1–3"),
            (
                vec!["a99999999999999999999", "a2"],
                "a99999999999999999999, a2",
            ),
        ];
        for (names, expected) in cases {
            let names: Vec<String> = names.into_iter().map(String::from).collect();
            assert_eq!(ranges(&names), expected);
        }
    }
}
