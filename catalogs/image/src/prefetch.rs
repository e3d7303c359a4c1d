//! Asks for a record before it is read, so that the reads of many look-ups overlap.

/// Begins to bring a record into the cache; elsewhere than on x86-64 it does nothing.
#[inline]
pub(crate) fn prefetch(record: &[u8; 64]) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        #[expect(unsafe_code, reason = "the intrinsic takes a raw pointer")]
        // SAFETY: a prefetch changes nothing that a program can see and faults on no address.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(record.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = record;
}
