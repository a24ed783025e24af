//! The slope of ln G over depth.

/// Least-squares slope of `values` against 1, 2, 3 …; `None` for fewer than two, or where one is
/// not finite.
pub(super) fn least_squares(values: &[f64]) -> Option<f64> {
    if values.len() < 2 || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let (mut above, mut below) = (0.0, 0.0);
    for (i, value) in values.iter().enumerate() {
        let x = i as f64 - middle;
        above += x * value;
        below += x * x;
    }
    Some(above / below)
}

#[cfg(test)]
mod tests {
    use super::least_squares;

    #[test]
    fn of_a_line_and_of_what_has_none() {
        let line: Vec<f64> = (0..7).map(|i| 3.0 - 0.25 * f64::from(i)).collect();
        assert!((least_squares(&line).unwrap_or(f64::NAN) + 0.25).abs() < 1e-15);
        assert_eq!(least_squares(&[1.0]), None);
        assert_eq!(least_squares(&[1.0, f64::NEG_INFINITY, 2.0]), None);
    }
}
