//! Files that go over the interface (9101 9102), beside the journal: what institutions upload and what is made for them. Each stands
//! under a number that nobody can guess, in a folder of the one institution that may fetch it, until its time is over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use crate::limits::{FILE_LIFE, FILES_MAX};

/// The folder in the folder of a journal.
pub const FOLDER: &str = "files";

/// Where files of all institutions stand that anyone may fetch: what 9102 sends in `fixmedins_code` for catalogues.
pub const PUBLIC: &str = "plc";

/// The name of the file that numbers are made with.
const SECRET: &str = "secret";

/// The characters of a number: half as many random bytes.
const NUMBER_CHARS: usize = 26;

/// The files of all institutions.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    secret: [u8; 32],
    /// Held while files are put and swept.
    putting: Mutex<()>,
}

/// A file that was put.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Put {
    /// `file_qury_no`
    pub number: String,
    /// `dld_endtime`: until then it can be fetched.
    pub until: SystemTime,
}

/// Why files cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}. Check the folder, its permissions and the space left")]
pub struct FilesError {
    path: String,
    source: io::Error,
}

impl Files {
    /// Opens the files of a folder, or makes room for them.
    ///
    /// # Errors
    /// The folder cannot be read or written.
    pub fn open(folder: &Path) -> Result<Files, FilesError> {
        let folder = folder.join(FOLDER);
        let failed = |path: &Path, source| FilesError { path: path.display().to_string(), source };
        make(&folder).map_err(|source| failed(&folder, source))?;
        let path = folder.join(SECRET);
        let secret = match fs::read(&path) {
            Ok(bytes) => <[u8; 32]>::try_from(bytes)
                .map_err(|_| failed(&path, io::Error::other("it is not 32 bytes; delete it"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                new_secret(&folder).map_err(|source| failed(&path, source))
            }
            Err(error) => Err(failed(&path, error)),
        };
        Ok(Files { folder, secret: secret?, putting: Mutex::new(()) })
    }

    /// Keeps a file, durably. The same content for the same reason (`what`) has the same number, so that a repeated request gets the answer
    /// it got.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(&self, institution: &str, what: &[&[u8]], bytes: &[u8]) -> Result<Put, FilesError> {
        self.put_for(institution, what, bytes, Duration::ZERO)
    }

    /// The same; a file that is there already, but for less than `rest`, begins its time anew.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put_for(
        &self,
        institution: &str,
        what: &[&[u8]],
        bytes: &[u8],
        rest: Duration,
    ) -> Result<Put, FilesError> {
        let number = self.number(institution, what, bytes);
        let folder = self.of(institution);
        let path = folder.join(&number);
        let failed = |source| FilesError { path: path.display().to_string(), source };
        let _putting = self.putting.lock();
        make(&folder).map_err(failed)?;
        sweep(&folder, &number).map_err(failed)?;
        if let Some(until) = until(&path).filter(|until| outlasts(*until, rest)) {
            return Ok(Put { number, until });
        }
        write(&folder, &path, bytes).map_err(failed)?;
        let until = until(&path).ok_or_else(|| failed(io::Error::other("it is gone again")))?;
        Ok(Put { number, until })
    }

    /// Until when a file can be fetched, where that is longer than `rest`.
    pub fn lasts(&self, institution: &str, number: &str, rest: Duration) -> Option<SystemTime> {
        until(&self.of(institution).join(number)).filter(|until| outlasts(*until, rest))
    }

    /// A file of an institution, or one for all.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn get(&self, institution: &str, number: &str) -> Result<Option<Vec<u8>>, FilesError> {
        // What is no number names no file.
        let is_number = number.len() == NUMBER_CHARS
            && number.bytes().all(|letter| matches!(letter, b'0'..=b'9' | b'a'..=b'f'));
        if !is_number {
            return Ok(None);
        }
        for owner in [institution, PUBLIC] {
            let path = self.of(owner).join(number);
            if until(&path).is_none_or(|until| !outlasts(until, Duration::ZERO)) {
                continue;
            }
            return match fs::read(&path) {
                Ok(bytes) => Ok(Some(bytes)),
                // It gave way to another just now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(FilesError { path: path.display().to_string(), source }),
            };
        }
        Ok(None)
    }

    /// The folder of an institution: no two codes have the same.
    fn of(&self, institution: &str) -> PathBuf {
        let plain = institution.bytes().all(|letter| letter.is_ascii_alphanumeric());
        let name = if plain {
            format!("of-{institution}")
        } else {
            let bytes = institution.bytes().map(|byte| format!("{byte:02x}"));
            format!("of_{}", bytes.collect::<String>())
        };
        self.folder.join(name)
    }

    fn number(&self, institution: &str, what: &[&[u8]], bytes: &[u8]) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        for one in [institution.as_bytes()].iter().chain(what).chain([&bytes]) {
            hasher.update(&u64::try_from(one.len()).unwrap_or(u64::MAX).to_le_bytes());
            hasher.update(one);
        }
        hasher.finalize().to_hex().chars().take(NUMBER_CHARS).collect()
    }
}

fn make(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn new_secret(folder: &Path) -> io::Result<[u8; 32]> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    write(folder, &folder.join(SECRET), &secret)?;
    Ok(secret)
}

/// Written aside and renamed, so that a file that is there is whole.
fn write(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = folder.join("next.tmp");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    File::open(folder)?.sync_all()
}

/// Until when a file can be fetched; `None` where there is none.
fn until(path: &Path) -> Option<SystemTime> {
    let written = fs::metadata(path).and_then(|facts| facts.modified()).ok()?;
    written.checked_add(FILE_LIFE)
}

/// Whether a time is further off than `rest`.
fn outlasts(until: SystemTime, rest: Duration) -> bool {
    until.duration_since(SystemTime::now()).is_ok_and(|left| left > rest)
}

/// Removes files whose time is over, and of too many the oldest, so that there is room for one more; but not the one of this number.
fn sweep(folder: &Path, number: &str) -> io::Result<()> {
    let now = SystemTime::now();
    let mut left: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == number {
            continue;
        }
        let written = entry.metadata()?.modified()?;
        if now.duration_since(written).unwrap_or(Duration::ZERO) >= FILE_LIFE {
            fs::remove_file(entry.path())?;
        } else {
            left.push((written, entry.path()));
        }
    }
    left.sort_unstable();
    let beyond = left.len().saturating_sub(FILES_MAX - 1);
    left.iter().take(beyond).try_for_each(|(_, path)| fs::remove_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_institutions_and_one_for_all_is_everybodys() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::open(folder.path()).expect("opens");
        let mine = files.put("H1", &[b"9101", b"m1"], b"mine").expect("put");
        let all = files.put(PUBLIC, &[b"1301"], b"all").expect("put");
        let get = |who: &str, number: &str| files.get(who, number).expect("read");
        assert_eq!(get("H1", &mine.number).as_deref(), Some(&b"mine"[..]));
        assert_eq!(get("H2", &mine.number), None);
        assert_eq!(get("H2", &all.number).as_deref(), Some(&b"all"[..]));
        for none in ["", "secret", "../secret", "0000000000000000000000000z", "x"] {
            assert_eq!(get("H1", none), None, "{none}");
        }
    }

    #[test]
    fn the_same_content_has_the_same_number_also_after_a_restart_and_another_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |who: &str, what: &[&[u8]], bytes: &[u8]| {
            Files::open(folder.path()).expect("opens").put(who, what, bytes).expect("put").number
        };
        let first = put("H1", &[b"m1"], b"a");
        assert_eq!(first.len(), NUMBER_CHARS);
        assert_eq!(put("H1", &[b"m1"], b"a"), first);
        assert_ne!(put("H1", &[b"m1"], b"b"), first);
        assert_ne!(put("H1", &[b"m2"], b"a"), first);
        assert_ne!(put("H2", &[b"m1"], b"a"), first);
        let elsewhere = tempfile::tempdir().expect("a folder");
        let other = Files::open(elsewhere.path()).expect("opens");
        assert_ne!(other.put("H1", &[b"m1"], b"a").expect("put").number, first);
    }

    #[test]
    fn the_oldest_gives_way_and_what_is_over_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::open(folder.path()).expect("opens");
        let put = |at: usize| files.put("H1", &[], at.to_string().as_bytes()).expect("put").number;
        let numbers: Vec<String> = (0..FILES_MAX + 3).map(put).collect();
        let there = |number: &String| files.get("H1", number).expect("read").is_some();
        assert_eq!(numbers.iter().filter(|number| there(number)).count(), FILES_MAX);
        assert!(there(&numbers[FILES_MAX + 2]), "the newest stays");
        let path = files.of("H1").join(&numbers[FILES_MAX + 2]);
        let long_ago = SystemTime::now() - FILE_LIFE - Duration::from_secs(1);
        File::open(&path).and_then(|file| file.set_modified(long_ago)).expect("made old");
        assert!(!there(&numbers[FILES_MAX + 2]));
        put(FILES_MAX + 3);
        assert!(!path.exists(), "it was swept");
    }

    #[test]
    fn a_file_whose_time_is_nearly_over_begins_it_anew_under_its_number() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::open(folder.path()).expect("opens");
        let rest = Duration::from_secs(3_600);
        let put = |rest| files.put_for(PUBLIC, &[b"1301"], b"all", rest).expect("put");
        let first = put(rest);
        assert_eq!(files.lasts(PUBLIC, &first.number, rest), Some(first.until));
        let path = files.of(PUBLIC).join(&first.number);
        for (age, begins_anew) in
            [(FILE_LIFE - rest * 2, false), (FILE_LIFE - rest / 2, true), (FILE_LIFE + rest, true)]
        {
            let then = SystemTime::now() - age;
            File::open(&path).and_then(|file| file.set_modified(then)).expect("made old");
            assert_eq!(files.lasts(PUBLIC, &first.number, rest).is_none(), begins_anew);
            let again = put(rest);
            assert_eq!(again.number, first.number);
            assert_eq!(again.until > then + FILE_LIFE, begins_anew);
            assert_eq!(files.get("H1", &again.number).expect("read").as_deref(), Some(&b"all"[..]));
        }
    }
}
