//! Memory of a process that answers: what it has read at its start keeps its huge pages, what it takes from then on comes in small ones.
//!
//! The first touch of a huge page clears 2 MiB, while whoever touched it waits: 0.2 ms where the memory is the machine's own, 2.4 ms
//! where a virtual machine gets it from its host just then. A ledger that grows by some 30 MB a second held up all it decided by that.

use std::io;

/// Takes no huge page from now on; those that are there stay. For all threads of the process: call it when the ledger is in memory.
///
/// # Errors
/// The system knows no such setting.
pub fn small_pages_from_now() -> io::Result<()> {
    Ok(rustix::thread::disable_transparent_huge_pages(true)?)
}
