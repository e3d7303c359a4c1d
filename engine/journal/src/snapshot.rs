//! Snapshots as files: chunks of bytes between a head and an end, as `SNAPSHOT.md` draws them. What a chunk says is not known
//! here. One is written under a passing name, read back by whoever made it, and only then kept.

use crate::error::JournalError;
use crate::format::{Get, Hash, Put, SECTOR};
use crate::reader::Mark;
use crate::storage::{Medium, Storage};

/// The version written.
pub const VERSION: u32 = 1;
/// Bytes of the head.
pub const HEAD: usize = 128;
/// Bytes before each chunk.
pub const CHUNK_HEAD: usize = 16;
/// Bytes of the end.
pub const END: usize = 48;
/// Bytes of a chunk at most: one row of a state is far shorter, and no file can ask for more room than this.
pub const CHUNK_BYTES_MAX: usize = 64 << 20;
/// Bytes of the disk that are left to the journal: four of its segments. A snapshot that would need them is not made.
pub const LEFT_FREE: u64 = 256 << 20;
/// Snapshots that are kept: where the newest is damaged, a start goes on from the one before.
pub const KEPT: usize = 2;

const MAGIC: [u8; 8] = *b"YIDANSNP";
const CHUNK_MAGIC: [u8; 4] = *b"CHNK";
const END_MAGIC: [u8; 4] = *b"SEND";
const HEAD_CRC_AT: usize = 120;
const END_HASH_AT: usize = 16;

const _: () = assert!(HEAD_CRC_AT + 4 <= HEAD && END_HASH_AT + size_of::<Hash>() == END);

/// The name of one that is being made.
const DRAFT: &str = "snapshot.tmp";
const PREFIX: &str = "snapshot-";
const SUFFIX: &str = ".snap";

/// The head of a snapshot.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Head {
    /// The last batch that is in it.
    pub mark: Mark,
    /// The hash of the state, as who made it proved it.
    pub state: Hash,
    /// When it was made, milliseconds since 1970.
    pub time_ms: u64,
}

/// A snapshot being written. Dropped before it is kept, what was written is taken away.
#[derive(Debug)]
pub struct Draft<'s, S: Storage> {
    storage: &'s S,
    file: S::File,
    head: Head,
    /// How long it is so far, and how much of that is written: whole sectors.
    at: u64,
    written: u64,
    chunks: u32,
    hasher: blake3::Hasher,
    /// What is not written yet.
    buffer: Vec<u8>,
    kept: bool,
}

/// A snapshot being read, chunk by chunk.
#[derive(Debug)]
pub struct Snapshot<M> {
    name: String,
    file: M,
    head: Head,
    bytes: u64,
    at: u64,
    chunks: u32,
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

/// The name of a snapshot, by the first record that is not in it.
pub fn name_of(next_record: u64) -> String {
    format!("{PREFIX}{next_record:020}{SUFFIX}")
}

/// The snapshots of a folder, the newest first, by the first record that is not in each.
///
/// # Errors
/// A folder that cannot be listed.
pub fn list<S: Storage>(storage: &S) -> Result<Vec<u64>, JournalError> {
    let names =
        storage.names().map_err(|e| JournalError::file("the journal's folder", "listing", e))?;
    let number = |name: &String| {
        let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
        if digits.len() == 20 { digits.parse().ok() } else { None }
    };
    let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    Ok(numbers)
}

/// The marks of a folder's snapshots, the newest first: the journal beside them reaches each ([`Scan::reaches`]). One whose head
/// cannot be read says nothing of it.
///
/// [`Scan::reaches`]: crate::Scan::reaches
///
/// # Errors
/// A folder that cannot be listed.
pub fn marks<S: Storage>(storage: &S) -> Result<Vec<Mark>, JournalError> {
    let mark = |next_record| Snapshot::open(storage, next_record).ok().map(|one| one.head.mark);
    Ok(list(storage)?.into_iter().filter_map(mark).collect())
}

impl Head {
    /// As written.
    pub fn encode(&self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        let mut put = Put { bytes: &mut bytes, at: 0 };
        put.slice(&MAGIC);
        put.slice(&VERSION.to_le_bytes());
        put.slice(&(HEAD as u32).to_le_bytes());
        put.slice(&self.mark.journal);
        put.slice(&self.mark.next_record.to_le_bytes());
        put.slice(&self.mark.batch.to_le_bytes());
        put.slice(&self.mark.hash);
        put.slice(&self.state);
        put.slice(&self.time_ms.to_le_bytes());
        assert_eq!(put.at, HEAD_CRC_AT, "the fields end where the checksum stands");
        let crc = crc32fast::hash(&bytes[..HEAD_CRC_AT]);
        bytes[HEAD_CRC_AT..HEAD_CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8; HEAD], name: &str) -> Result<Head, JournalError> {
        let crc = crc32fast::hash(&bytes[..HEAD_CRC_AT]).to_le_bytes();
        let mut get = Get { bytes, at: 0 };
        let magic: [u8; 8] = get.array();
        let version = u32::from_le_bytes(get.array());
        if magic != MAGIC || bytes[HEAD_CRC_AT..HEAD_CRC_AT + 4] != crc {
            return Err(damaged(name, 0, "its head is damaged"));
        }
        if version != VERSION {
            return Err(JournalError::Version { file: name.to_owned(), found: version });
        }
        let _head_bytes: [u8; 4] = get.array();
        let (journal, next_record, batch) = (get.array(), get.number(), get.number());
        let mark = Mark { journal, next_record, batch, hash: get.array() };
        let head = Head { mark, state: get.array(), time_ms: get.number() };
        let rest = &bytes[HEAD_CRC_AT + 4..];
        if rest.iter().any(|byte| *byte != 0) || next_record == 0 {
            return Err(damaged(name, 0, "its head is damaged"));
        }
        Ok(head)
    }
}

/// What stands before a chunk: its number, its length, and a checksum of both and of it.
fn chunk_head(number: u32, chunk: &[u8]) -> [u8; CHUNK_HEAD] {
    let mut bytes = [0; CHUNK_HEAD];
    let mut put = Put { bytes: &mut bytes, at: 0 };
    put.slice(&CHUNK_MAGIC);
    put.slice(&number.to_le_bytes());
    put.slice(&u32::try_from(chunk.len()).unwrap_or(u32::MAX).to_le_bytes());
    let mut crc = crc32fast::Hasher::new();
    crc.update(&bytes[..CHUNK_HEAD - 4]);
    crc.update(chunk);
    bytes[CHUNK_HEAD - 4..].copy_from_slice(&crc.finalize().to_le_bytes());
    bytes
}

/// What stands behind the last chunk: how many there are, and where it stands; then the hash of all bytes before that.
fn end(chunks: u32, at: u64, mut hasher: blake3::Hasher) -> [u8; END] {
    let mut bytes = [0; END];
    let mut put = Put { bytes: &mut bytes, at: 0 };
    put.slice(&END_MAGIC);
    put.slice(&chunks.to_le_bytes());
    put.slice(&at.to_le_bytes());
    assert_eq!(put.at, END_HASH_AT, "the fields end where the hash stands");
    hasher.update(&bytes[..END_HASH_AT]);
    bytes[END_HASH_AT..].copy_from_slice(hasher.finalize().as_bytes());
    bytes
}

impl<'s, S: Storage> Draft<'s, S> {
    /// Begins one under the passing name; another that had it is taken away.
    ///
    /// # Errors
    /// A disk that is as good as full; a file that cannot be made or written.
    pub fn begin(storage: &'s S, head: Head) -> Result<Draft<'s, S>, JournalError> {
        // One that a killed process left takes room of the disk: it goes before that is measured. There may be none.
        let _ = storage.remove(DRAFT);
        room_left(storage)?;
        let file =
            storage.create(DRAFT, 0).map_err(|e| JournalError::file(DRAFT, "making it", e))?;
        let mut draft = Draft {
            storage,
            file,
            head,
            at: 0,
            written: 0,
            chunks: 0,
            hasher: blake3::Hasher::new(),
            buffer: Vec::new(),
            kept: false,
        };
        draft.put(&head.encode());
        Ok(draft)
    }

    /// Writes the next chunk.
    ///
    /// # Errors
    /// As [`Draft::begin`]; a chunk that is too long.
    pub fn chunk(&mut self, chunk: &[u8]) -> Result<(), JournalError> {
        if chunk.len() > CHUNK_BYTES_MAX {
            let (bytes, most) = (chunk.len(), CHUNK_BYTES_MAX);
            return Err(JournalError::RecordTooLong { bytes, most });
        }
        room_left(self.storage)?;
        self.put(&chunk_head(self.chunks, chunk));
        self.put(chunk);
        self.chunks += 1;
        self.write()
    }

    /// Ends it and makes it durable, under its passing name still. Says how many bytes it has.
    ///
    /// # Errors
    /// A write or sync that failed.
    pub fn end(&mut self) -> Result<u64, JournalError> {
        // Noughts, so that the file fills whole sectors and the end is its last bytes.
        let used = usize::try_from(self.at % SECTOR as u64).unwrap_or(0) + END;
        self.put(&[0; SECTOR][..used.next_multiple_of(SECTOR) - used]);
        let end = end(self.chunks, self.at, self.hasher.clone());
        self.put(&end);
        self.write()?;
        assert!(self.buffer.is_empty(), "whole sectors leave nothing");
        self.file.sync().map_err(|e| JournalError::file(DRAFT, "syncing it", e))?;
        Ok(self.at)
    }

    /// Reads it back as it lies there.
    ///
    /// # Errors
    /// As [`Snapshot::open`].
    pub fn read_back(&self) -> Result<Snapshot<S::File>, JournalError> {
        Snapshot::named(self.storage, DRAFT)
    }

    /// Gives it its name, when it is ended and proved; the name is durable when this returns. Of the others those are then
    /// taken away that `keeps` is not told to keep.
    ///
    /// # Errors
    /// What fails on the way: the snapshot is there or is not, and no other is gone before it is.
    pub fn keep(mut self, keeps: impl Fn(u64) -> bool) -> Result<(), JournalError> {
        let own = self.head.mark.next_record;
        let name = name_of(own);
        let failed = |doing| move |e| JournalError::file(&name_of(own), doing, e);
        self.storage.rename(DRAFT, &name).map_err(failed("naming it"))?;
        self.kept = true;
        self.storage.sync_names().map_err(failed("syncing its name"))?;
        for other in list(self.storage)? {
            if other != own && !keeps(other) {
                let gone = self.storage.remove(&name_of(other));
                gone.map_err(|e| JournalError::file(&name_of(other), "removing it", e))?;
            }
        }
        self.storage.sync_names().map_err(failed("syncing that others are removed"))
    }

    fn put(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.buffer.extend_from_slice(bytes);
        self.at += bytes.len() as u64;
    }

    /// Writes the whole sectors of what is not written yet.
    fn write(&mut self) -> Result<(), JournalError> {
        let whole = self.buffer.len() / SECTOR * SECTOR;
        let written = self.file.write_at(self.written, &self.buffer[..whole]);
        written.map_err(|e| JournalError::file(DRAFT, "writing it", e))?;
        self.written += whole as u64;
        self.buffer.drain(..whole);
        Ok(())
    }
}

impl<S: Storage> Drop for Draft<'_, S> {
    fn drop(&mut self) {
        if !self.kept {
            // It means nothing. Where it cannot be taken away, the next one takes its place.
            let _ = self.storage.remove(DRAFT);
        }
    }
}

fn room_left<S: Storage>(storage: &S) -> Result<(), JournalError> {
    let free = storage.free().map_err(|e| JournalError::file(DRAFT, "asking for free room", e))?;
    if free < LEFT_FREE { Err(JournalError::NoRoom { free, left: LEFT_FREE }) } else { Ok(()) }
}

impl<M: Medium> Snapshot<M> {
    /// Opens the snapshot of a folder that holds the records before this one.
    ///
    /// # Errors
    /// A file that cannot be read; a head that is damaged, of another version, or of another snapshot.
    pub fn open<S: Storage<File = M>>(
        storage: &S,
        next_record: u64,
    ) -> Result<Snapshot<M>, JournalError> {
        let name = name_of(next_record);
        let snapshot = Snapshot::named(storage, &name)?;
        if snapshot.head.mark.next_record != next_record {
            return Err(damaged(&name, 0, "its head is that of another snapshot"));
        }
        Ok(snapshot)
    }

    fn named<S: Storage<File = M>>(storage: &S, name: &str) -> Result<Snapshot<M>, JournalError> {
        let failed = |e| JournalError::file(name, "reading", e);
        let file = storage.open(name, false).map_err(failed)?;
        let bytes = file.bytes().map_err(failed)?;
        let mut head = [0; HEAD];
        if file.read_at(0, &mut head).map_err(failed)? < HEAD {
            return Err(damaged(name, 0, "it ends within its head"));
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&head);
        let (name, head) = (name.to_owned(), Head::decode(&head, name)?);
        let (at, buffer) = (HEAD as u64, Vec::new());
        Ok(Snapshot { name, file, head, bytes, at, chunks: 0, hasher, buffer })
    }

    /// Its head.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Its length.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next chunk; `None` behind the last, and only where all of it was whole. Nothing may be made of the chunks of one
    /// that was not.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    pub fn chunk(&mut self) -> Result<Option<&[u8]>, JournalError> {
        let left = self.bytes.saturating_sub(self.at);
        let mut head = [0; CHUNK_HEAD];
        self.fill(self.at, &mut head)?;
        if left < (SECTOR + END) as u64 && !head.starts_with(&CHUNK_MAGIC) {
            return self.ends().map(|()| None);
        }
        let mut get = Get { bytes: &head, at: 8 };
        let length = u32::from_le_bytes(get.array()) as usize;
        let whole = (CHUNK_HEAD + length) as u64;
        if length > CHUNK_BYTES_MAX || whole + END as u64 > left {
            return Err(self.damaged("a chunk is longer than the file"));
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(length, 0);
        self.fill(self.at + CHUNK_HEAD as u64, &mut buffer)?;
        if head != chunk_head(self.chunks, &buffer) {
            return Err(self.damaged("the checksum of a chunk does not hold"));
        }
        self.hasher.update(&head);
        self.hasher.update(&buffer);
        (self.at, self.chunks) = (self.at + whole, self.chunks + 1);
        self.buffer = buffer;
        Ok(Some(&self.buffer))
    }

    /// Whether the file ends as it should: noughts up to its last bytes, and those are its end.
    fn ends(&mut self) -> Result<(), JournalError> {
        let left = usize::try_from(self.bytes.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let mut found = vec![0; left];
        self.fill(self.at, &mut found)?;
        let padding = found.len().checked_sub(END).map(|length| found.split_at(length));
        let Some((padding, found)) = padding else {
            return Err(self.damaged("it ends too early"));
        };
        self.hasher.update(padding);
        let at = self.at + padding.len() as u64;
        let whole = self.bytes.is_multiple_of(SECTOR as u64)
            && padding.iter().all(|byte| *byte == 0)
            && *found == end(self.chunks, at, self.hasher.clone());
        if whole { Ok(()) } else { Err(self.damaged("the hash of the whole does not hold")) }
    }

    fn fill(&self, at: u64, buffer: &mut [u8]) -> Result<(), JournalError> {
        let failed = |e| JournalError::file(&self.name, "reading", e);
        if self.file.read_at(at, buffer).map_err(failed)? < buffer.len() {
            return Err(self.damaged("it ends too early"));
        }
        Ok(())
    }

    fn damaged(&self, what: &str) -> JournalError {
        damaged(&self.name, self.at, what)
    }
}

fn damaged(name: &str, offset: u64, what: &str) -> JournalError {
    JournalError::Damaged {
        file: name.to_owned(),
        offset,
        what: what.to_owned(),
        advice: "Remove this file when another snapshot was made, or put it back from a copy",
    }
}
