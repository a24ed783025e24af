//! Numbers as people read them.

/// Three significant digits in as few characters as possible: `0.710`, `12.4`, `1.2e-19`.
pub fn figure(x: f64) -> String {
    if x.is_nan() {
        return "NaN".into();
    }
    if x.is_infinite() {
        return if x > 0.0 {
            "inf".into()
        } else {
            "−inf".into()
        };
    }
    let text = match x.abs() {
        0.0 => "0".into(),
        a if !(9.995e-3..99_999.5).contains(&a) => format!("{x:.1e}"),
        a if a < 0.09995 => format!("{x:.4}"),
        a if a < 0.9995 => format!("{x:.3}"),
        a if a < 9.995 => format!("{x:.2}"),
        a if a < 99.95 => format!("{x:.1}"),
        _ => format!("{x:.0}"),
    };
    signed(&text)
}

/// A share as a percentage: `0 %`, `0.4 %`, `12 %`.
pub(super) fn percent(x: f64) -> String {
    match 100.0 * x {
        p if p.is_nan() => "NaN".into(),
        p if p > 0.0 && p < 0.95 => format!("{p:.1} %"),
        p => signed(&format!("{p:.0} %")),
    }
}

/// Decibels with their sign: `+3.0 dB`, `−361 dB`.
pub(super) fn decibels(x: f64) -> String {
    if !x.is_finite() {
        return format!("{} dB", figure(x));
    }
    let text = if x.abs() < 99.95 {
        format!("{x:+.1} dB")
    } else {
        format!("{x:+.0} dB")
    };
    // What rounds to nothing has no sign.
    let text = if matches!(text.as_str(), "+0.0 dB" | "-0.0 dB") {
        "0.0 dB".into()
    } else {
        text
    };
    signed(&text)
}

/// Seconds: `0.8 s`, `12 s`, `3 min 20 s`, `2 h 05 min`.
pub fn seconds(s: f64) -> String {
    match s {
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 59.5 => format!("{s:.0} s"),
        s if s < 3_599.5 => {
            let s = s.round() as u64;
            format!("{} min {:02} s", s / 60, s % 60)
        }
        s if s.is_finite() => {
            let m = (s / 60.0).round() as u64;
            format!("{} h {:02} min", m / 60, m % 60)
        }
        _ => "?".into(),
    }
}

/// A count with its thousands set apart: `125,442`.
pub fn count(n: impl TryInto<u64>) -> String {
    let digits = n
        .try_into()
        .map_or_else(|_| "?".into(), |n: u64| n.to_string());
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// With the sign for "minus", which is as wide as a digit; exponents keep the hyphen.
fn signed(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{count, decibels, figure, percent, seconds};

    #[test]
    fn numbers_read_as_people_write_them() {
        let mut wrong = vec![];
        for (x, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (0.71, "0.710"),
            (0.9996, "1.00"),
            (1.0, "1.00"),
            (9.996, "10.0"),
            (12.36, "12.4"),
            (99.96, "100"),
            (12_345.6, "12346"),
            (123_456.0, "1.2e5"),
            (0.013_12, "0.0131"),
            (0.009_996, "0.0100"),
            (0.009_9, "9.9e-3"),
            (1.23e-19, "1.2e-19"),
            (-0.5, "−0.500"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "−inf"),
        ] {
            if figure(x) != expected {
                wrong.push(format!("{x} reads {}, not {expected}", figure(x)));
            }
        }
        for (x, expected) in [(-361.2, "−361 dB"), (3.01, "+3.0 dB"), (-0.01, "0.0 dB")] {
            if decibels(x) != expected {
                wrong.push(format!("{x} dB reads {}, not {expected}", decibels(x)));
            }
        }
        for (x, expected) in [
            (0.0, "0 %"),
            (0.004, "0.4 %"),
            (0.124, "12 %"),
            (1.0, "100 %"),
        ] {
            if percent(x) != expected {
                wrong.push(format!("{x} reads {}, not {expected}", percent(x)));
            }
        }
        for (x, expected) in [
            (0.84, "0.8 s"),
            (12.4, "12 s"),
            (59.6, "1 min 00 s"),
            (200.0, "3 min 20 s"),
            (7_500.0, "2 h 05 min"),
        ] {
            if seconds(x) != expected {
                wrong.push(format!("{x} s reads {}, not {expected}", seconds(x)));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(count(1_234_567_usize), "1,234,567");
        assert_eq!(count(0_u64), "0");
        assert_eq!(count(999_u64), "999");
    }
}
