//! A copy of bytes in memory that nobody can change, this process included, and its read-only map.

use std::fs::File;
use std::io::{self, Read};

use memmap2::{Advice, Mmap, MmapMut};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};

/// Which side of the copy failed.
#[derive(Debug)]
pub(crate) enum CopyError {
    Read(io::Error),
    Memory { bytes: u64, source: io::Error },
}

/// Mapped bytes behind which no file can be cut or written.
pub(crate) struct Sealed {
    map: Mmap,
}

impl Sealed {
    /// Copies so many bytes from a reader, seals them, and maps them; at least one byte. A reader
    /// that ends before is an error.
    pub(crate) fn copy(from: impl Read, bytes: u64) -> Result<Sealed, CopyError> {
        let no_memory = |source| CopyError::Memory { bytes, source };
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let memory = memfd_create("yidan-catalogue", flags).map_err(|e| no_memory(e.into()))?;
        ftruncate(&memory, bytes).map_err(|e| no_memory(e.into()))?;
        let memory = File::from(memory);
        fill(&memory, from, no_memory)?;
        seal(&memory).map_err(no_memory)?;
        #[expect(unsafe_code, reason = "a map is sound only while nobody changes the file behind")]
        // SAFETY: the seals set in the line above forbid every later write and every change of
        // length, and `F_SEAL_WRITE` could be set only because no writable map was left.
        let map = unsafe { Mmap::map(&memory) }.map_err(no_memory)?;
        Ok(Sealed { map })
    }

    /// The bytes; the first stands at the beginning of a page.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }
}

/// Reads straight into the memory, once, through a writable map that is gone on return. Look-ups
/// go anywhere in it, so large pages are asked for; a system that has none gives small ones.
fn fill(
    memory: &File,
    mut from: impl Read,
    no_memory: impl Fn(io::Error) -> CopyError,
) -> Result<(), CopyError> {
    #[expect(unsafe_code, reason = "a map is sound only while nobody else changes the file behind")]
    // SAFETY: the file has no name and its descriptor has not left this module, so nobody else can
    // change it while this map lives.
    let mut map = unsafe { MmapMut::map_mut(memory) }.map_err(no_memory)?;
    let _unless_supported = map.advise(Advice::HugePage);
    from.read_exact(&mut map).map_err(CopyError::Read)
}

fn seal(memory: &File) -> io::Result<()> {
    let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    Ok(fcntl_add_seals(memory, seals)?)
}
