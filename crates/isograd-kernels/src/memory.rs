//! What a training step frees, the next one needs again.

/// Tells the C library's allocator to keep freed memory, for the whole program; where it is not
/// glibc's, nothing happens.
///
/// A step makes and frees hundreds of tensors of some MiB. By default glibc returns them to the
/// system, which fills each page with zeros when it is touched again: a third of the time of a small
/// Transformer. The price is that a program never becomes smaller than its largest.
pub fn keep_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// Larger blocks than these, in bytes, come from the system and go back to it.
        const OWN: libc::c_int = 1 << 30;
        /// Grown by at least so much, in bytes.
        const STRIDE: libc::c_int = 64 << 20;

        for (setting, value) in [
            (libc::M_MMAP_THRESHOLD, OWN),
            (libc::M_TRIM_THRESHOLD, libc::c_int::MAX),
            (libc::M_TOP_PAD, STRIDE),
        ] {
            // SAFETY: `mallopt` takes two numbers and a lock of its own; a setting that it does not know
            // it leaves as it is.
            #[allow(unsafe_code)]
            unsafe {
                libc::mallopt(setting, value);
            }
        }
    }
}

/// An allocator for programs that train: `#[global_allocator]`, where its user puts it.
///
/// On Linux with glibc, blocks up to 32 KiB come from jemalloc, on huge pages, and larger ones from
/// glibc, which [`keep_freed`] is for; elsewhere all come from the system. A network of 10,000 narrow
/// layers makes and frees hundreds of thousands of small blocks at each step, which glibc strews over
/// its heap: a step takes 1.7 times as long with it alone. Large blocks jemalloc gives back to the
/// system or splits, and an LSTM takes twice as long.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocator;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod split {
    use super::Allocator;
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::ptr;
    use tikv_jemallocator::Jemalloc;

    /// Bytes of the largest block that jemalloc has.
    pub(super) const SMALL: usize = 32 << 10;

    /// What jemalloc reads when it begins: huge pages, and freed memory is kept.
    // SAFETY: jemalloc looks for a pointer to a string that ends with 0 under this name; this is one,
    // for as long as the program runs, and nothing else has the name.
    #[allow(unsafe_code)]
    #[unsafe(export_name = "_rjem_malloc_conf")]
    static SETTINGS: &[u8; 47] = b"thp:always,dirty_decay_ms:-1,muzzy_decay_ms:-1\0";

    fn small(size: usize) -> bool {
        size <= SMALL
    }

    // SAFETY: each block goes back, and grows, where it came from, which its size alone decides; both
    // allocators keep the contract.
    #[allow(unsafe_code)]
    unsafe impl GlobalAlloc for Allocator {
        #[inline]
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: the caller's.
            unsafe {
                if small(layout.size()) {
                    Jemalloc.alloc(layout)
                } else {
                    System.alloc(layout)
                }
            }
        }

        #[inline]
        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            // SAFETY: the caller's.
            unsafe {
                if small(layout.size()) {
                    Jemalloc.alloc_zeroed(layout)
                } else {
                    System.alloc_zeroed(layout)
                }
            }
        }

        #[inline]
        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: the caller's; the size says who gave the block.
            unsafe {
                if small(layout.size()) {
                    Jemalloc.dealloc(block, layout);
                } else {
                    System.dealloc(block, layout);
                }
            }
        }

        #[inline]
        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            // SAFETY: the caller's; where the block changes hands, as many bytes are copied as both
            // have, and the old one goes back once the new one is there.
            unsafe {
                match (small(layout.size()), small(size)) {
                    (true, true) => Jemalloc.realloc(block, layout, size),
                    (false, false) => System.realloc(block, layout, size),
                    _ => {
                        let other = Layout::from_size_align_unchecked(size, layout.align());
                        let new = self.alloc(other);
                        if !new.is_null() {
                            ptr::copy_nonoverlapping(block, new, size.min(layout.size()));
                            self.dealloc(block, layout);
                        }
                        new
                    }
                }
            }
        }
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod whole {
    use super::Allocator;
    use std::alloc::{GlobalAlloc, Layout, System};

    // SAFETY: the system's allocator does all of it.
    #[allow(unsafe_code)]
    unsafe impl GlobalAlloc for Allocator {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: the caller's.
            unsafe { System.alloc(layout) }
        }

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            // SAFETY: the caller's.
            unsafe { System.alloc_zeroed(layout) }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: the caller's.
            unsafe { System.dealloc(block, layout) }
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            // SAFETY: the caller's.
            unsafe { System.realloc(block, layout, size) }
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{Allocator, keep_freed};
    use proptest::prelude::*;
    use std::alloc::{GlobalAlloc, Layout};

    /// Page faults without reading a disk, of this process.
    fn faults() -> u64 {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default();
        fields
            .split_whitespace()
            .nth(7)
            .and_then(|field| field.parse().ok())
            .unwrap_or(0)
    }

    #[test]
    #[cfg(target_env = "gnu")]
    fn what_is_freed_is_not_fetched_again() {
        keep_freed();
        let touch = || std::hint::black_box(vec![1u8; 48 << 20]);
        drop(touch());
        let before = faults();
        for _ in 0..20 {
            drop(touch());
        }
        // Other tests run beside it; twenty times anew would be 240,000.
        assert!(faults() - before < 100_000, "{} faults", faults() - before);
    }

    proptest! {
        /// Sizes on both sides of the border, one after the other in one block.
        #[test]
        fn a_block_keeps_what_it_holds(
            sizes in prop::collection::vec(1usize..100_000, 1..8),
            align in 0u32..9,
            zeroed: bool,
        ) {
            let align = 1 << align;
            let mut layout = Layout::from_size_align(sizes[0], align).expect("a layout");
            // SAFETY: sizes are not 0, each block is used within its size and freed once.
            #[allow(unsafe_code)]
            unsafe {
                let mut block = if zeroed {
                    Allocator.alloc_zeroed(layout)
                } else {
                    Allocator.alloc(layout)
                };
                let mut held = vec![0u8; layout.size()];
                if zeroed {
                    prop_assert_eq!(std::slice::from_raw_parts(block, layout.size()), &held);
                }
                for (turn, &size) in sizes.iter().enumerate() {
                    let grown = Layout::from_size_align(size, align).expect("a layout");
                    block = Allocator.realloc(block, layout, size);
                    layout = grown;
                    prop_assert_eq!(block as usize % align, 0);
                    let known = held.len().min(size);
                    let here = std::slice::from_raw_parts_mut(block, size);
                    if turn > 0 {
                        prop_assert_eq!(&here[..known], &held[..known]);
                    }
                    for (at, byte) in here.iter_mut().enumerate() {
                        *byte = (at * 31 + turn) as u8;
                    }
                    held = here.to_vec();
                }
                Allocator.dealloc(block, layout);
            }
        }
    }
}
