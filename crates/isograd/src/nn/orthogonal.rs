//! Random matrices with orthonormal rows or columns.

use isograd_core::random::Stream;
use rand_distr::{Distribution as _, StandardNormal};

/// A column is orthogonal to the others to rounding when one more pass leaves this much of it
/// (Daniel et al. 1976; "twice is enough", Parlett 1980).
const KEPT: f64 = 0.7;

/// `rows` × `columns`, row-major: the fewer of them orthonormal, times `gain`. Uniform (Haar) among
/// all such matrices: the Q of a Gaussian matrix's QR decomposition with a positive diagonal of R
/// (Mezzadri 2007), by Gram–Schmidt with a second pass.
pub(super) fn orthogonal(rows: usize, columns: usize, gain: f64, stream: &mut Stream) -> Vec<f64> {
    let (length, count) = (rows.max(columns), rows.min(columns));
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
    for _ in 0..count {
        let mut vector: Vec<f64> = (0..length).map(|_| StandardNormal.sample(stream)).collect();
        loop {
            let before = norm(&vector);
            for other in &basis {
                let along = dot(other, &vector);
                for (v, o) in vector.iter_mut().zip(other) {
                    *v -= along * o;
                }
            }
            let after = norm(&vector);
            if after >= KEPT * before {
                for v in &mut vector {
                    *v /= after;
                }
                break;
            }
        }
        basis.push(vector);
    }
    let mut matrix = vec![0.0; rows * columns];
    for (i, vector) in basis.iter().enumerate() {
        for (j, v) in vector.iter().enumerate() {
            let (row, column) = if columns <= rows { (j, i) } else { (i, j) };
            matrix[row * columns + column] = gain * v;
        }
    }
    matrix
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Four sums side by side, which the compiler makes one vector of.
    let mut sums = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4
        .remainder()
        .iter()
        .zip(b4.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in a4.zip(b4) {
        for k in 0..4 {
            sums[k] += x[k] * y[k];
        }
    }
    sums.iter().sum::<f64>() + rest
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// A kernel (`[filters, inputs, …]`) that is zero but for its centre, or, of two dimensions, a
/// whole matrix: `centre` gives the numbers of filters × inputs.
pub(super) fn at_centre(
    shape: &[usize],
    centre: impl FnOnce(usize, usize) -> Vec<f64>,
) -> Vec<f64> {
    let (filters, inputs) = (shape[0], shape[1]);
    let matrix = centre(filters, inputs);
    let taps: usize = shape[2..].iter().product();
    // Of an even size the position that `same` padding lays on the input's.
    let middle = shape[2..]
        .iter()
        .fold(0, |at, &size| at * size + (size - 1) / 2);
    let mut kernel = vec![0.0; matrix.len() * taps];
    for (i, value) in matrix.into_iter().enumerate() {
        kernel[i * taps + middle] = value;
    }
    kernel
}

/// The identity as far as it reaches, times `gain`.
pub(super) fn identity(rows: usize, columns: usize, gain: f64) -> Vec<f64> {
    let mut matrix = vec![0.0; rows * columns];
    for i in 0..rows.min(columns) {
        matrix[i * columns + i] = gain;
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::{at_centre, identity, orthogonal};
    use isograd_core::random::{Purpose, stream};

    /// Largest deviation of the Gram matrix of the fewer of rows and columns from gain²·1.
    fn deviation(matrix: &[f64], rows: usize, columns: usize, gain: f64) -> f64 {
        let wide = rows < columns;
        let (count, length) = (rows.min(columns), rows.max(columns));
        let at = |i: usize, j: usize| {
            matrix[if wide {
                i * columns + j
            } else {
                j * columns + i
            }]
        };
        let mut worst = 0.0_f64;
        for a in 0..count {
            for b in 0..=a {
                let product: f64 = (0..length).map(|j| at(a, j) * at(b, j)).sum();
                let wanted = if a == b { gain * gain } else { 0.0 };
                worst = worst.max((product - wanted).abs());
            }
        }
        worst
    }

    #[test]
    fn rows_or_columns_are_orthonormal() {
        for (rows, columns, gain) in [
            (1, 1, 1.0),
            (40, 40, 1.0),
            (70, 20, 1.5),
            (20, 70, 0.5),
            (3, 1, 2.0),
        ] {
            let mut stream = stream(3, Purpose::Init, "w", 0);
            let matrix = orthogonal(rows, columns, gain, &mut stream);
            let off = deviation(&matrix, rows, columns, gain);
            assert!(off < 1e-12, "{rows} × {columns}: {off}");
        }
    }

    #[test]
    fn kernels_have_their_centre_alone() {
        let kernel = at_centre(&[2, 2, 3, 2], |rows, columns| identity(rows, columns, 2.0));
        let mut wanted = vec![0.0; 24];
        // Row 1 of 3, column 0 of 2.
        wanted[2] = 2.0;
        wanted[3 * 6 + 2] = 2.0;
        assert_eq!(kernel, wanted);
    }
}
