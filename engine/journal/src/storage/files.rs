//! Real files in a folder, readable by their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{OFlags, statvfs};

use super::{Medium, Spare, Storage};

/// A folder of real files.
#[derive(Clone, Debug)]
pub struct Files {
    folder: PathBuf,
}

/// Bytes written at a time when a file is preallocated.
const BLOCK: usize = 256 << 10;

/// Written past the system's memory, so it lies as disks ask for.
#[repr(align(4096))]
struct Noughts([u8; BLOCK]);

static NOUGHTS: Noughts = Noughts([0; BLOCK]);

impl Files {
    /// The files of a folder, which is made where it is not there.
    pub fn new(folder: &Path) -> io::Result<Files> {
        fs::create_dir_all(folder)?;
        Ok(Files { folder: folder.to_owned() })
    }

    /// The files of a folder that is there; nothing is made.
    pub fn at(folder: &Path) -> Files {
        Files { folder: folder.to_owned() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Storage for Files {
    type File = File;

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.extend(entry.file_name().into_string().ok());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn open(&self, name: &str, write: bool) -> io::Result<File> {
        OpenOptions::new().read(true).write(write).open(self.folder.join(name))
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<File> {
        let path = self.folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let made = noughts(&path, bytes);
        if made.is_err() {
            // Half of one would hold room of a disk that is full. Where it cannot be removed, the next maker does.
            let _ = fs::remove_file(&path);
        }
        made
    }

    fn prepare(&self, name: &str, bytes: u64) -> Spare<File> {
        let (files, name) = (self.clone(), name.to_owned());
        Spare::under_way(move || files.create(&name, bytes))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.folder.join(from), self.folder.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.folder.join(name))
    }

    fn free(&self) -> io::Result<u64> {
        let found = statvfs(&self.folder)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn rest(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// A new file of so many noughts, on the disk.
fn noughts(path: &Path, bytes: u64) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create_new(true).mode(0o600).open(path)?;
    // Written, not only reserved: later writes then change no extent, and their sync needs no journal of the file
    // system. Past the system's memory where that can be: the sync at the end, behind which those of other files wait,
    // then has little left to do.
    let past = OFlags::DIRECT.bits().cast_signed();
    let past = OpenOptions::new().write(true).custom_flags(past).open(path).ok();
    let mut at = 0;
    while at < bytes {
        let length = usize::try_from(bytes - at).unwrap_or(BLOCK).min(BLOCK);
        let block = &NOUGHTS.0[..length];
        let written = past.as_ref().is_some_and(|past| past.write_all_at(block, at).is_ok());
        if !written {
            file.write_all_at(block, at)?;
        }
        at += length as u64;
    }
    file.sync_all()?;
    Ok(file)
}

impl Medium for File {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match FileExt::read_at(self, &mut buffer[filled..], at + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn trim(&self, bytes: u64) -> io::Result<()> {
        if self.bytes()? > bytes { self.set_len(bytes) } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
