//! Windows of an image as columns of a matrix, and back.

use super::Windows;
use std::ops::AddAssign;

/// The sizes of one group of one example.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plane {
    pub(super) channels: usize,
    pub(super) size: [usize; 2],
    pub(super) kernel: [usize; 2],
    pub(super) output: [usize; 2],
    pub(super) windows: Windows,
}

impl Plane {
    /// Rows of the matrix: numbers in a window.
    pub(super) fn taps(&self) -> usize {
        self.channels * self.kernel[0] * self.kernel[1]
    }

    /// Columns of the matrix: windows.
    pub(super) fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// True where the matrix is the image: windows of one pixel, all of them, nothing around.
    pub(super) fn is_plain(&self) -> bool {
        self.kernel == [1, 1] && self.windows.stride == [1, 1] && self.windows.padding == [0; 4]
    }

    /// First and last output column (the last not included) whose pixel, for this kernel column, lies
    /// in the image, and the pixel of the first.
    fn columns(&self, kernel_column: usize) -> (usize, usize, usize) {
        let stride = self.windows.stride[1];
        let offset = kernel_column * self.windows.dilation[1];
        let left = self.windows.padding[2];
        // Pixel of output column j: j·stride + offset − left.
        let first = left.saturating_sub(offset).div_ceil(stride);
        let end = (self.size[1] + left)
            .saturating_sub(offset)
            .div_ceil(stride)
            .min(self.output[1]);
        let first = first.min(end);
        (first, end, (first * stride + offset).saturating_sub(left))
    }

    /// The image row of an output row for this kernel row, if it is one.
    fn row(&self, output_row: usize, kernel_row: usize) -> Option<usize> {
        let at = output_row * self.windows.stride[0] + kernel_row * self.windows.dilation[0];
        at.checked_sub(self.windows.padding[0])
            .filter(|&row| row < self.size[0])
    }

    /// Calls `f` with every row of the matrix (channel, kernel row, kernel column: the order of a
    /// kernel's weights) and each of its stretches of one output row.
    fn stretches(&self, mut f: impl FnMut(Stretch)) {
        let [kernel_rows, kernel_columns] = self.kernel;
        for channel in 0..self.channels {
            for kernel_row in 0..kernel_rows {
                for kernel_column in 0..kernel_columns {
                    let tap = (channel * kernel_rows + kernel_row) * kernel_columns + kernel_column;
                    let (first, end, pixel) = self.columns(kernel_column);
                    for output_row in 0..self.output[0] {
                        let row = self.row(output_row, kernel_row);
                        f(Stretch {
                            column: tap * self.positions() + output_row * self.output[1],
                            first,
                            end,
                            pixel: row
                                .map(|row| (channel * self.size[0] + row) * self.size[1] + pixel),
                        });
                    }
                }
            }
        }
    }

    /// The matrix `[taps, positions]` of an image `[channels, rows, columns]`.
    pub(super) fn gather<T: Copy + Default>(&self, image: &[T], matrix: &mut [T]) {
        let stride = self.windows.stride[1];
        self.stretches(|s| {
            let line = &mut matrix[s.column..][..self.output[1]];
            let Some(pixel) = s.pixel else {
                line.fill(T::default());
                return;
            };
            line[..s.first].fill(T::default());
            line[s.end..].fill(T::default());
            let line = &mut line[s.first..s.end];
            if line.is_empty() {
                // The pixel of a window that is all padding may lie behind the image.
            } else if stride == 1 {
                line.copy_from_slice(&image[pixel..][..line.len()]);
            } else {
                for (to, from) in line
                    .iter_mut()
                    .zip(image[pixel.min(image.len())..].iter().step_by(stride))
                {
                    *to = *from;
                }
            }
        });
    }

    /// Adds every number of the matrix to the pixel it came from: the transpose of [`Self::gather`].
    pub(super) fn scatter<T: Copy + AddAssign>(&self, matrix: &[T], image: &mut [T]) {
        let stride = self.windows.stride[1];
        self.stretches(|s| {
            let Some(pixel) = s.pixel else { return };
            let line = &matrix[s.column..][s.first..s.end];
            if line.is_empty() {
                // As above.
            } else if stride == 1 {
                for (to, from) in image[pixel..].iter_mut().zip(line) {
                    *to += *from;
                }
            } else {
                for (to, from) in image[pixel..].iter_mut().step_by(stride).zip(line) {
                    *to += *from;
                }
            }
        });
    }
}

/// Part of a row of the matrix: one output row.
struct Stretch {
    /// Where it begins in the matrix.
    column: usize,
    /// Output columns whose pixel lies in the image.
    first: usize,
    end: usize,
    /// The pixel of the first of them; `None` where the whole row is padding.
    pixel: Option<usize>,
}
