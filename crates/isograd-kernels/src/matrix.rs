//! Products of matrices that lie in longer slices.

use crate::real::Real;
use crate::threads::wake;
use std::mem::MaybeUninit;

/// Multiplications from which a product is shared out, as in Flex: less is done before the other
/// threads have woken up.
const PARALLEL: usize = 192 * 192 * 192;

/// A matrix in memory.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    pub(crate) values: &'a [T],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) row_stride: usize,
    pub(crate) column_stride: usize,
}

impl<'a, T: Real> Matrix<'a, T> {
    /// Rows one after another.
    pub(crate) fn rows(values: &'a [T], columns: usize) -> Self {
        Self {
            values,
            rows: values.len() / columns.max(1),
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    pub(crate) fn transposed(self) -> Self {
        Self {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    fn fits(&self) -> bool {
        self.rows == 0
            || self.columns == 0
            || (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride
                < self.values.len()
    }

    /// `sum` += self · `other`, rows one after another.
    #[allow(unsafe_code)]
    pub(crate) fn add_times(&self, other: &Self, sum: &mut [T]) {
        assert_eq!(sum.len(), self.rows * other.columns, "size of the product");
        // SAFETY: the product fits into `sum`, which is borrowed mutably: nobody else has it.
        unsafe { self.times_to(other, sum.as_mut_ptr(), other.columns, true) }
    }

    /// self · `other`, rows one after another; on all threads where it is large. The result does not
    /// depend on their number: they share out rows and columns, never a sum.
    pub(crate) fn times(&self, other: &Self) -> Vec<T> {
        let work = (self.rows * other.columns).saturating_mul(self.columns);
        let parallelism = if work < PARALLEL || rayon::current_num_threads() < 2 {
            gemm::Parallelism::None
        } else {
            wake();
            gemm::Parallelism::Rayon(0)
        };
        self.product(other, parallelism)
    }

    /// [`Self::times`] on this thread.
    pub(crate) fn times_alone(&self, other: &Self) -> Vec<T> {
        self.product(other, gemm::Parallelism::None)
    }

    #[allow(unsafe_code)]
    fn product(&self, other: &Self, parallelism: gemm::Parallelism) -> Vec<T> {
        let size = self.rows * other.columns;
        if self.columns == 0 || size == 0 {
            return vec![T::default(); size];
        }
        let mut product = Vec::with_capacity(size);
        // SAFETY: the capacity is that of the product, in an allocation that nobody else has. All of it
        // is written and nothing of it is read, so that all is initialised when the length is set.
        unsafe {
            self.write(
                other,
                product.as_mut_ptr(),
                other.columns,
                false,
                parallelism,
            );
            product.set_len(size);
        }
        product
    }

    /// self · `other`, rows one after another, where nothing was yet, on this thread.
    #[allow(unsafe_code)]
    pub(crate) fn times_into<'t>(&self, other: &Self, to: &'t mut [MaybeUninit<T>]) -> &'t mut [T] {
        assert_eq!(to.len(), self.rows * other.columns, "size of the product");
        if self.columns == 0 {
            to.fill(MaybeUninit::new(T::default()));
        } else {
            let start = to.as_mut_ptr().cast();
            // SAFETY: the product fits into `to`, which is borrowed mutably; nothing of it is read.
            unsafe { self.write(other, start, other.columns, false, gemm::Parallelism::None) };
        }
        // SAFETY: all of it has just been written.
        unsafe { to.assume_init_mut() }
    }

    /// `to` = self · `other`, added to what is there with `add`; rows of `to` lie `stride` apart.
    ///
    /// # Safety
    ///
    /// All elements of the product must lie in one allocation, initialised, and nobody else may read
    /// or write them meanwhile.
    #[allow(unsafe_code)]
    pub(crate) unsafe fn times_to(&self, other: &Self, to: *mut T, stride: usize, add: bool) {
        // SAFETY: the caller answers for `to`.
        unsafe { self.write(other, to, stride, add, gemm::Parallelism::None) }
    }

    /// [`Self::times_to`] on several threads, into elements that need not be initialised without `add`.
    #[allow(unsafe_code)]
    unsafe fn write(
        &self,
        other: &Self,
        to: *mut T,
        stride: usize,
        add: bool,
        parallelism: gemm::Parallelism,
    ) {
        assert_eq!(self.columns, other.rows, "inner sizes");
        assert!(self.fits() && other.fits(), "sizes of the factors");
        if self.rows == 0 || other.columns == 0 || (add && self.columns == 0) {
            return;
        }
        // SAFETY: the factors are slices that hold all of their matrices: their largest offsets have
        // just been checked. The caller answers for `to`.
        unsafe {
            gemm::gemm(
                self.rows,
                other.columns,
                self.columns,
                to,
                1,
                stride as isize,
                add,
                self.values.as_ptr(),
                self.column_stride as isize,
                self.row_stride as isize,
                other.values.as_ptr(),
                other.column_stride as isize,
                other.row_stride as isize,
                T::ONE,
                T::ONE,
                false,
                false,
                false,
                parallelism,
            );
        }
    }
}
