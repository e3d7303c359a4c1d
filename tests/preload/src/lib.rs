//! Preloaded into a process (`LD_PRELOAD`), it withholds what is written to a journal's files until they are synced. A killed
//! process leaves its writes to the system, which still writes them; under this library they are lost, as when the power goes.
//!
//! - `YIDAN_WITHHOLD_UNDER`: the folder whose `.seg` and `.tmp` files are meant.
//! - `YIDAN_WITHHOLD_COUNTS`: a file that gets the number of syncs, and of bytes they carried, as two little-endian u64.
//! - `YIDAN_WITHHOLD_SKIP_FROM`: the `fdatasync` of this number, from 1, and all later ones do nothing, and say they did.
//!
//! A sync writes the sectors one by one in an order that looks random, so that being killed within it leaves a torn batch.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const SECTOR: usize = 512;

/// What is written and not synced, by sector.
type Withheld = BTreeMap<u64, [u8; SECTOR]>;

#[derive(Default)]
struct State {
    /// By device and inode: a file may be open twice, and be renamed.
    files: HashMap<(u64, u64), Withheld>,
    syncs: u64,
    data_syncs: u64,
    bytes: u64,
}

struct Settings {
    under: PathBuf,
    counts: Option<File>,
    skip_from: u64,
}

type Pread = extern "C" fn(c_int, *mut c_void, usize, i64) -> isize;
type Pwrite = extern "C" fn(c_int, *const c_void, usize, i64) -> isize;
type Write = extern "C" fn(c_int, *const c_void, usize) -> isize;
type Writev = extern "C" fn(c_int, *const c_void, c_int) -> isize;
type Sync = extern "C" fn(c_int) -> c_int;
type Unlink = extern "C" fn(*const c_char) -> c_int;

// SAFETY: as the system's linker declares it.
unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

static STATE: LazyLock<Mutex<State>> = LazyLock::new(Mutex::default);

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let under = std::env::var_os("YIDAN_WITHHOLD_UNDER").unwrap_or_default();
    let counts = std::env::var_os("YIDAN_WITHHOLD_COUNTS");
    let skip_from = std::env::var("YIDAN_WITHHOLD_SKIP_FROM").ok();
    Settings {
        under: fs::canonicalize(under).expect("YIDAN_WITHHOLD_UNDER names a folder"),
        counts: counts.map(|path| File::create(path).expect("the counts can be written")),
        skip_from: skip_from.map_or(u64::MAX, |number| number.parse().expect("a number")),
    }
});

/// The function that this library stands before.
fn next(name: &CStr) -> *mut c_void {
    let rtld_next = std::ptr::without_provenance_mut(usize::MAX);
    // SAFETY: a name that ends in nought, and the handle that means the libraries after this one.
    let found = unsafe { dlsym(rtld_next, name.as_ptr()) };
    assert!(!found.is_null(), "{name:?} is not in any library");
    found
}

macro_rules! system {
    ($name:ident, $type:ty, $symbol:literal) => {
        static $name: LazyLock<$type> = LazyLock::new(|| {
            // SAFETY: the symbol of the C library is a function of this type.
            unsafe { std::mem::transmute::<*mut c_void, $type>(next($symbol)) }
        });
    };
}

system!(PREAD, Pread, c"pread64");
system!(PWRITE, Pwrite, c"pwrite64");
system!(WRITE, Write, c"write");
system!(WRITEV, Writev, c"writev");
system!(FSYNC, Sync, c"fsync");
system!(FDATASYNC, Sync, c"fdatasync");
system!(UNLINK, Unlink, c"unlink");

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The file's identity, if it is one of those that are meant.
fn meant(fd: c_int) -> Option<(u64, u64)> {
    if fd <= 2 {
        return None;
    }
    let link = format!("/proc/self/fd/{fd}");
    let path = fs::read_link(&link).ok()?;
    let named = path.extension().is_some_and(|end| end == "seg" || end == "tmp");
    if !named || !path.starts_with(&SETTINGS.under) {
        return None;
    }
    let metadata = fs::metadata(&link).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

// SAFETY: it stands before the C library's function of this name and has its type.
#[unsafe(no_mangle)]
extern "C" fn pwrite64(fd: c_int, from: *const c_void, length: usize, at: i64) -> isize {
    let Some(file) = meant(fd) else { return PWRITE(fd, from, length, at) };
    // SAFETY: the caller of pwrite hands in that many readable bytes.
    let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), length) };
    let at = u64::try_from(at).expect("a place in the file");
    assert!(
        at.is_multiple_of(SECTOR as u64) && length.is_multiple_of(SECTOR),
        "the journal writes whole sectors, not {length} bytes at {at}"
    );
    let mut state = state();
    let withheld = state.files.entry(file).or_default();
    for (number, sector) in (at / SECTOR as u64..).zip(bytes.as_chunks::<SECTOR>().0) {
        withheld.insert(number, *sector);
    }
    isize::try_from(length).expect("a length")
}

// SAFETY: it stands before the C library's function of this name and has its type.
#[unsafe(no_mangle)]
extern "C" fn pwrite(fd: c_int, from: *const c_void, length: usize, at: i64) -> isize {
    pwrite64(fd, from, length, at)
}

// SAFETY: it stands before the C library's function of this name and has its type.
#[unsafe(no_mangle)]
extern "C" fn write(fd: c_int, from: *const c_void, length: usize) -> isize {
    assert!(meant(fd).is_none(), "the journal writes at places; this write would not be withheld");
    WRITE(fd, from, length)
}

// SAFETY: it stands before the C library's function of this name and has its type.
#[unsafe(no_mangle)]
extern "C" fn writev(fd: c_int, from: *const c_void, count: c_int) -> isize {
    assert!(meant(fd).is_none(), "the journal writes at places; this write would not be withheld");
    WRITEV(fd, from, count)
}

// SAFETY: it stands before the C library's function of this name and has its type.
#[unsafe(no_mangle)]
extern "C" fn pread64(fd: c_int, to: *mut c_void, length: usize, at: i64) -> isize {
    let read = PREAD(fd, to, length, at);
    let Some(file) = meant(fd) else { return read };
    let state = state();
    let (Some(withheld), Ok(mut end)) = (state.files.get(&file), usize::try_from(read)) else {
        return read;
    };
    // SAFETY: the caller of pread hands in that many bytes to be written to, which are its own until this returns.
    let buffer = unsafe { std::slice::from_raw_parts_mut(to.cast::<u8>(), length) };
    let from = usize::try_from(at).expect("a place in the file");
    for (number, sector) in withheld.range(from as u64 / SECTOR as u64..) {
        let begin = usize::try_from(*number).expect("a place in the file") * SECTOR;
        let (skipped, place) = (from.saturating_sub(begin), begin.saturating_sub(from));
        if place >= length {
            break;
        }
        let take = (SECTOR - skipped).min(length - place);
        if end < place {
            buffer[end..place].fill(0);
        }
        buffer[place..place + take].copy_from_slice(&sector[skipped..skipped + take]);
        end = end.max(place + take);
    }
    isize::try_from(end).expect("a length")
}

// SAFETY: it stands before the C library's function of this name and has its type.
#[unsafe(no_mangle)]
extern "C" fn fsync(fd: c_int) -> c_int {
    match meant(fd) {
        Some(file) => release(fd, file, false),
        None => FSYNC(fd),
    }
}

// SAFETY: it stands before the C library's function of this name and has its type.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(fd: c_int) -> c_int {
    match meant(fd) {
        Some(file) => release(fd, file, true),
        None => FDATASYNC(fd),
    }
}

// SAFETY: it stands before the C library's function of this name and has its type.
#[unsafe(no_mangle)]
extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the caller of unlink hands in a path that ends in nought.
    let named = unsafe { CStr::from_ptr(path) };
    // Its inode may be given to another file.
    if let Ok(found) = fs::symlink_metadata(OsStr::from_bytes(named.to_bytes())) {
        state().files.remove(&(found.dev(), found.ino()));
    }
    UNLINK(path)
}

/// Writes what was withheld of a file. The process may be killed between any two sectors.
fn release(fd: c_int, file: (u64, u64), data: bool) -> c_int {
    let mut state = state();
    state.syncs += 1;
    state.data_syncs += u64::from(data);
    if data && state.data_syncs >= SETTINGS.skip_from {
        return 0;
    }
    let withheld = state.files.remove(&file).unwrap_or_default();
    let mut order: Vec<(u64, &[u8; SECTOR])> = withheld.iter().map(|(n, s)| (*n, s)).collect();
    let syncs = state.syncs;
    order.sort_by_key(|(number, _)| (number ^ syncs).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    for (written, (number, sector)) in order.into_iter().enumerate() {
        if written % 8 == 7 {
            // A sync takes its time, so that it is often in one that the process is killed.
            std::thread::sleep(Duration::from_micros(20));
        }
        let at = i64::try_from(number * SECTOR as u64).expect("a place in the file");
        if PWRITE(fd, sector.as_ptr().cast(), SECTOR, at) != SECTOR as isize {
            return -1;
        }
    }
    state.bytes += (withheld.len() * SECTOR) as u64;
    if let Some(counts) = &SETTINGS.counts {
        let told = [state.syncs.to_le_bytes(), state.bytes.to_le_bytes()].concat();
        assert_eq!(PWRITE(counts.as_raw_fd(), told.as_ptr().cast(), told.len(), 0), 16);
    }
    0
}
