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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::keep_freed;

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
}
