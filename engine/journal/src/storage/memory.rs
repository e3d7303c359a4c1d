//! Files in memory that behave as a disk may at its worst: what was not synced may be lost sector by sector, names may be
//! lost with it, syncs and writes may fail, the disk may be full, bits may rot. All by a plan, so that a run repeats.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Medium, Spare, Storage};
use crate::format::SECTOR;

/// A folder in memory. Clones are the same folder.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
}

/// A file of it.
#[derive(Clone, Debug)]
pub struct MemoryFile {
    state: Arc<Mutex<State>>,
    id: u64,
}

/// What is to fail, counted over all operations of the folder.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The sync of this number, from 1, fails, and loses some of what it was to make durable.
    pub fail_sync: Option<u64>,
    /// The power goes before the sync of this number, from 1: it fails, and what was written stays unsynced.
    pub cut_before_sync: Option<u64>,
    /// The write of this number, from 1, fails after some of it.
    pub fail_write: Option<u64>,
    /// Bytes of all files at most.
    pub capacity: Option<u64>,
    /// Syncs of files say that they worked, and do nothing: a disk that no engine can be safe on.
    pub syncs_lie: bool,
}

#[derive(Debug, Default)]
struct State {
    plan: Plan,
    files: BTreeMap<u64, Content>,
    /// As the running system sees them.
    names: BTreeMap<String, u64>,
    /// As the disk has them.
    names_durable: BTreeMap<String, u64>,
    next: u64,
    writes: u64,
    syncs: u64,
}

#[derive(Clone, Debug, Default)]
struct Content {
    durable: Vec<u8>,
    now: Vec<u8>,
}

impl Memory {
    /// An empty folder.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// What is to fail from now on; operations are counted from nought again.
    pub fn plan(&self, plan: Plan) {
        let mut state = self.state();
        state.plan = plan;
        state.writes = 0;
        state.syncs = 0;
    }

    /// The folder as the disk has it after a crash: of each sector that was written and not synced, `survives` says
    /// whether the new bytes are there; unsynced names are there if `names` says so.
    pub fn crash(&self, names: bool, mut survives: impl FnMut() -> bool) -> Memory {
        let state = self.state();
        let mut after = State { next: state.next, ..State::default() };
        after.names = if names { state.names.clone() } else { state.names_durable.clone() };
        after.names_durable = after.names.clone();
        for id in after.names.values() {
            let Some(content) = state.files.get(id) else { continue };
            let mut bytes = content.durable.clone();
            let whole = content.now.len().max(bytes.len());
            bytes.resize(whole, 0);
            for (at, sector) in (0..).step_by(SECTOR).zip(content.now.chunks(SECTOR)) {
                if bytes[at..at + sector.len()] != *sector && survives() {
                    bytes[at..at + sector.len()].copy_from_slice(sector);
                }
            }
            after.files.insert(*id, Content { durable: bytes.clone(), now: bytes });
        }
        Memory { state: Arc::new(Mutex::new(after)) }
    }

    /// A copy that shares nothing with this one, nothing of it unsynced.
    pub fn copy(&self) -> Memory {
        self.crash(true, || true)
    }

    /// All bytes of a file; `None` where there is none of this name.
    pub fn bytes_of(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        let id = state.names.get(name)?;
        state.files.get(id).map(|content| content.now.clone())
    }

    /// Puts a file there as it is, durable.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.state();
        let id = state.next;
        state.next += 1;
        state.files.insert(id, Content { durable: bytes.clone(), now: bytes });
        state.names.insert(name.to_owned(), id);
        state.names_durable.insert(name.to_owned(), id);
    }

    /// Turns one bit over.
    pub fn rot(&self, name: &str, bit: usize) {
        let mut state = self.state();
        let id = state.names.get(name).copied();
        let Some(content) = id.and_then(|id| state.files.get_mut(&id)) else { return };
        for bytes in [&mut content.durable, &mut content.now] {
            if let Some(byte) = bytes.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for Memory {
    type File = MemoryFile;

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.state().names.keys().cloned().collect())
    }

    fn open(&self, name: &str, _: bool) -> io::Result<MemoryFile> {
        let id = self.state().names.get(name).copied();
        let id = id.ok_or(io::ErrorKind::NotFound)?;
        Ok(MemoryFile { state: Arc::clone(&self.state), id })
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<MemoryFile> {
        let mut state = self.state();
        if state.plan.capacity.is_some_and(|most| state.used() + bytes > most) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let id = state.next;
        state.next += 1;
        let noughts = vec![0; usize::try_from(bytes).unwrap_or(0)];
        state.files.insert(id, Content { durable: noughts.clone(), now: noughts });
        state.names.insert(name.to_owned(), id);
        Ok(MemoryFile { state: Arc::clone(&self.state), id })
    }

    /// Made at once: a run of the same plan does the same in the same order.
    fn prepare(&self, name: &str, bytes: u64) -> Spare<MemoryFile> {
        Spare::done(self.create(name, bytes))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        let id = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), id);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let removed = self.state().names.remove(name);
        removed.map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn free(&self) -> io::Result<u64> {
        let state = self.state();
        Ok(state.plan.capacity.map_or(u64::MAX, |most| most.saturating_sub(state.used())))
    }

    fn sync_names(&self) -> io::Result<()> {
        let mut state = self.state();
        state.names_durable = state.names.clone();
        Ok(())
    }

    /// No other process can write here.
    fn rest(&self, _: Duration) {}
}

impl State {
    fn used(&self) -> u64 {
        self.files.values().map(|content| content.now.len() as u64).sum()
    }
}

impl MemoryFile {
    fn with<T>(&self, work: impl FnOnce(&mut State, u64) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut state, self.id)
    }
}

impl Medium for MemoryFile {
    fn bytes(&self) -> io::Result<u64> {
        self.with(|state, id| {
            let content = state.files.get(&id).ok_or(io::ErrorKind::NotFound)?;
            Ok(content.now.len() as u64)
        })
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.with(|state, id| {
            let content = state.files.get(&id).ok_or(io::ErrorKind::NotFound)?;
            let from = usize::try_from(at).unwrap_or(usize::MAX).min(content.now.len());
            let length = buffer.len().min(content.now.len() - from);
            buffer[..length].copy_from_slice(&content.now[from..from + length]);
            Ok(length)
        })
    }

    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.with(|state, id| {
            state.writes += 1;
            let fails = state.plan.fail_write == Some(state.writes);
            let free = state.plan.capacity.map(|most| most.saturating_sub(state.used()));
            let content = state.files.get_mut(&id).ok_or(io::ErrorKind::NotFound)?;
            let end = at.saturating_add(bytes.len() as u64);
            let longer = end.saturating_sub(content.now.len() as u64);
            if free.is_some_and(|free| longer > free) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            // Of what says something: the noughts behind it are there already.
            let said = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            let written = if fails { said / 2 } else { bytes.len() };
            let from = usize::try_from(at).unwrap_or(usize::MAX);
            let end = from.saturating_add(written);
            if content.now.len() < end {
                content.now.resize(end, 0);
            }
            content.now[from..end].copy_from_slice(&bytes[..written]);
            if fails { Err(io::Error::other("planned: the write failed")) } else { Ok(()) }
        })
    }

    fn trim(&self, bytes: u64) -> io::Result<()> {
        self.with(|state, id| {
            let content = state.files.get_mut(&id).ok_or(io::ErrorKind::NotFound)?;
            // At once durable: the noughts that a crash might bring back say nothing.
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            content.now.truncate(bytes);
            content.durable.truncate(bytes);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|state, id| {
            state.syncs += 1;
            let fails = state.plan.fail_sync == Some(state.syncs);
            let content = state.files.get_mut(&id).ok_or(io::ErrorKind::NotFound)?;
            if fails {
                // As a kernel may: the pages are marked clean, and what they held is gone.
                content.now.clone_from(&content.durable);
                return Err(io::Error::other("planned: the sync failed"));
            }
            if state.plan.cut_before_sync.is_some_and(|cut| state.syncs >= cut) {
                return Err(io::Error::other("planned: the power went"));
            }
            if !state.plan.syncs_lie {
                content.durable.clone_from(&content.now);
            }
            Ok(())
        })
    }
}
