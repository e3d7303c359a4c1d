//! A commit writes whole pages to their ends: of a page that is written in part the system would read the rest from the disk first.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use yidan_journal::format::PAGE;
use yidan_journal::storage::memory::{Memory, MemoryFile};
use yidan_journal::storage::{Medium, Spare, Storage};
use yidan_journal::{Limits, Loss, Writer};

/// No multiple of a page, so the last page of a segment is not whole.
const SEGMENT: u64 = 20 * 1_024 + 512;

/// Where writes begin and end.
type Writes = Arc<Mutex<Vec<(u64, u64)>>>;

/// A folder in memory that notes what is written.
#[derive(Clone)]
struct Noted {
    memory: Memory,
    writes: Writes,
}

struct NotedFile {
    file: MemoryFile,
    writes: Writes,
}

impl Noted {
    fn noted(&self, file: MemoryFile) -> NotedFile {
        NotedFile { file, writes: Arc::clone(&self.writes) }
    }
}

impl Storage for Noted {
    type File = NotedFile;

    fn names(&self) -> io::Result<Vec<String>> {
        self.memory.names()
    }

    fn open(&self, name: &str, write: bool) -> io::Result<NotedFile> {
        self.memory.open(name, write).map(|file| self.noted(file))
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<NotedFile> {
        self.memory.create(name, bytes).map(|file| self.noted(file))
    }

    fn prepare(&self, name: &str, bytes: u64) -> Spare<NotedFile> {
        Spare::done(self.create(name, bytes))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.memory.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.memory.remove(name)
    }

    fn free(&self) -> io::Result<u64> {
        self.memory.free()
    }

    fn sync_names(&self) -> io::Result<()> {
        self.memory.sync_names()
    }

    fn rest(&self, time: Duration) {
        self.memory.rest(time);
    }
}

impl Medium for NotedFile {
    fn bytes(&self) -> io::Result<u64> {
        self.file.bytes()
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(at, buffer)
    }

    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.writes.lock().expect("whole").push((at, at + bytes.len() as u64));
        self.file.write_at(at, bytes)
    }

    fn trim(&self, bytes: u64) -> io::Result<()> {
        self.file.trim(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

#[test]
fn a_commit_fills_its_last_page_and_never_writes_behind_its_segment() {
    let noted = Noted { memory: Memory::new(), writes: Writes::default() };
    let limits = Limits { segment_bytes: SEGMENT, ..Limits::default() };
    let seen = Rc::new(RefCell::new(Vec::new()));
    let open = || {
        let seen = Rc::clone(&seen);
        Writer::open(noted.clone(), limits, [7; 16], 1, Loss::Refuse, move |batch| {
            seen.borrow_mut().extend(batch.records().map(<[u8]>::to_vec));
        })
        .expect("sound")
    };
    let mut written = Vec::new();
    let mut writer = open();
    for number in 0..60_usize {
        let record = vec![u8::try_from(number).expect("few"); 100 * number];
        let before = *writer.tip();
        noted.writes.lock().expect("whole").clear();
        writer.push(&record).expect("room");
        writer.commit(1).expect("a sound disk");
        let tip = *writer.tip();
        let (_, end) = noted.writes.lock().expect("whole").last().copied().expect("a write");
        assert!(end >= tip.offset && end - tip.offset < PAGE, "{number}");
        for (_, end) in noted.writes.lock().expect("whole").iter().copied() {
            assert!(end.is_multiple_of(PAGE) || end == SEGMENT, "{number}: it ends at {end}");
            assert!(end <= SEGMENT, "{number}: it ends at {end}");
        }
        // The next begins where this one ends, not where its page does.
        if before.segment == tip.segment {
            assert_eq!((tip.offset - before.offset) % 512, 0);
            assert!(tip.offset - before.offset < record.len() as u64 + 1_024, "{number}");
        }
        written.push(record);
    }
    assert!(writer.tip().segment > 5, "several segments were filled");
    // A sealed segment ends where its seal does, whatever was filled.
    let (segment, before) = (writer.tip().segment, writer.tip().offset);
    let sealed = writer.seal(2).expect("a sound disk");
    let bytes = noted.memory.bytes_of(&format!("{segment:016}.seg")).expect("the segment");
    assert_eq!(bytes.len() as u64, before + sealed.bytes);
    drop(open());
    assert_eq!(*seen.borrow(), written, "what is read back is what was committed");
}
