//! Memory of a process that answers: what it read at its start keeps its huge pages, what it takes from then on comes in small ones.
//!
//! The first touch of a huge page clears 2 MiB while whoever touched it waits: 2.4 ms on average on a virtual machine whose host gives
//! it that memory only then. A ledger that grew by 30 MB a second held up all that it decided by that.

use std::io;

/// Whether memory that is taken from now on may come in huge pages, as it may at first; what is there stays as it is. For all threads of
/// the process: forbid it when the ledger is in memory, before the first call.
///
/// # Errors
/// The system knows no such setting.
pub fn allow_huge_pages(allowed: bool) -> io::Result<()> {
    Ok(rustix::thread::disable_transparent_huge_pages(!allowed)?)
}
