//! Snapshots of the ledger: folded from the journal beside whoever writes it, written, proved by reading back, kept; and found
//! again where a state is wanted. No thread of a shard has a part in it, so none waits for it.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use yidan_journal::snapshot::{Draft, Head, Snapshot, list, name_of};
use yidan_journal::storage::files::Files;
use yidan_journal::storage::{Medium, Storage};
use yidan_journal::{JournalError, Lock, Mark, Scan, scan_after, scan_durable};
use yidan_settlement::ledger::snapshot::{Counts, Reading, Unread, write};
use yidan_settlement::ledger::{Ledger, StateHash};

use crate::Records;
use crate::admission::now_ms;
use crate::engine::EngineError;
use crate::fold::{Fold, PAUSE, Recovered};

/// A snapshot that was read in.
pub struct Base {
    /// The shards.
    pub shards: Vec<Ledger>,
    /// Its head.
    pub head: Head,
    /// How much it holds.
    pub counts: Counts,
}

/// A snapshot that a state could not be made from.
#[derive(Debug)]
pub struct PassedOver {
    /// The first record that it does not hold.
    pub next_record: u64,
    /// Why.
    pub why: SnapshotError,
}

/// Why a snapshot cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Its file.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What stands in it.
    #[error("{name}: {unread}: it is of another version of the program. Use the one that wrote it")]
    Unread {
        /// The file.
        name: String,
        /// What cannot be read.
        unread: Unread,
    },
}

/// A snapshot that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The first record that it does not hold.
    pub next_record: u64,
    /// Records that were folded in since the snapshot it was made from.
    pub folded: u64,
    /// That snapshot.
    pub from: Option<u64>,
    /// How much it holds.
    pub counts: Counts,
    /// Its length.
    pub bytes: u64,
    /// The hash of the state, proved.
    pub state: StateHash,
}

/// How making one ended.
#[derive(Debug)]
pub enum Making {
    /// It is there, and these were passed over on the way.
    Made(Made, Vec<PassedOver>),
    /// The newest one, of all records before this one, has all that is surely durable; nought where nothing is.
    NothingNew(u64),
    /// It was told to go no further, and nothing is there.
    Ended,
}

/// Where reading a journal begins, if there is a choice.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Begin {
    /// With the newest snapshot that can be used.
    Newest,
    /// With the first record, or the oldest snapshot where segments are archived.
    Oldest,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is passed over: {}", name_of(self.next_record), self.why)
    }
}

impl Base {
    /// Reads a snapshot into so many shards.
    ///
    /// # Errors
    /// A file that cannot be read, or in which anything is not whole.
    pub fn read<M: Medium>(mut file: Snapshot<M>, shards: usize) -> Result<Base, SnapshotError> {
        let head = *file.head();
        let unread = |unread| {
            let name = name_of(head.mark.next_record);
            SnapshotError::Unread { name, unread }
        };
        let mut reading = Reading::new(shards);
        let mut unsound = None;
        while let Some(chunk) = file.chunk()? {
            // Where a chunk that is whole says nothing, the end may still tell that the file is damaged.
            if unsound.is_none() {
                unsound = reading.chunk(chunk).err();
            }
        }
        if let Some(wrong) = unsound {
            return Err(unread(wrong));
        }
        let (shards, counts) = reading.end().map_err(unread)?;
        Ok(Base { shards, head, counts })
    }
}

/// Folds a journal from the best place to begin with: `open` is given a fold that begins there and the mark to go on from, and
/// reads what comes after. Gives what it gave, the fold, and the snapshots that were passed over.
///
/// # Errors
/// What `open` gives, where no other place to begin can help; [`EngineError::NoWayBack`] where none of them does.
pub fn fold_from<S: Storage, T>(
    storage: &S,
    shards: usize,
    begin: Begin,
    mut open: impl FnMut(&mut Fold, Option<&Mark>) -> Result<T, JournalError>,
) -> Result<(Fold, T, Vec<PassedOver>), EngineError> {
    let newest_first = list(storage)?.into_iter().map(Some).chain([None]);
    let mut places: Vec<Option<u64>> = newest_first.collect();
    if begin == Begin::Oldest {
        places.reverse();
    }
    let (mut passed_over, mut missing) = (Vec::new(), None);
    for place in places {
        let read = match place {
            None => Ok((Fold::new(shards), None)),
            Some(next_record) => Snapshot::open(storage, next_record)
                .map_err(SnapshotError::from)
                .and_then(|file| Base::read(file, shards))
                .map(|base| (Fold::from_base(base.shards, next_record), Some(base.head.mark))),
        };
        let opened = read.and_then(|(mut fold, mark)| {
            let opened = open(&mut fold, mark.as_ref())?;
            Ok((fold, opened))
        });
        match (opened, place) {
            (Ok((fold, opened)), _) => return Ok((fold, opened, passed_over)),
            (Err(SnapshotError::Journal(error @ JournalError::Missing { .. })), _) => {
                missing = Some(error);
            }
            (Err(why), Some(next_record)) if is_its_own(&why, next_record) => {
                passed_over.push(PassedOver { next_record, why });
            }
            (Err(SnapshotError::Journal(error)), _) => return Err(error.into()),
            (Err(SnapshotError::Unread { .. }), _) => unreachable!("a journal is no snapshot"),
        }
    }
    let missing = missing.expect("without a snapshot it is the journal that fails");
    if passed_over.is_empty() {
        return Err(missing.into());
    }
    Err(EngineError::NoWayBack { missing, passed_over })
}

/// Whether what went wrong is of a snapshot, and not of the journal behind it.
fn is_its_own(why: &SnapshotError, next_record: u64) -> bool {
    let name = name_of(next_record);
    match why {
        SnapshotError::Unread { .. } => true,
        SnapshotError::Journal(
            JournalError::File { file, .. }
            | JournalError::Version { file, .. }
            | JournalError::Damaged { file, .. },
        ) => *file == name,
        SnapshotError::Journal(JournalError::OtherChain { .. }) => true,
        SnapshotError::Journal(
            JournalError::AtWork { .. }
            | JournalError::Locked { .. }
            | JournalError::Poisoned { .. }
            | JournalError::RecordTooLong { .. }
            | JournalError::NotDurable { .. }
            | JournalError::Archived { .. }
            | JournalError::Missing { .. }
            | JournalError::Short { .. }
            | JournalError::NoRoom { .. }
            | JournalError::NotArchived { .. },
        ) => false,
    }
}

/// Why the writing of one ended.
enum Unwritten {
    Journal(JournalError),
    Ended,
}

/// Makes a snapshot of all that is surely durable, beside an engine or without one: folds from the newest one on, writes, reads
/// back and compares, and only then keeps it, with the one it was made from. `go_on` is asked now and then.
///
/// Who calls it holds [`Lock::of_snapshots`].
///
/// # Errors
/// A journal that cannot be read; a snapshot that cannot be written, or that does not come back as it was. The snapshots that
/// were there are there still.
pub fn make<S: Storage>(
    storage: &S,
    time_ms: u64,
    go_on: impl Fn() -> bool,
) -> Result<Making, EngineError> {
    // The folded ledger is dropped before the proof: one beside that of the engine is in memory at a time.
    let read = fold_from(storage, 1, Begin::Newest, |fold, mark| {
        scan_durable(storage, mark, |batch| {
            if go_on() {
                fold.batch(batch);
            }
        })
    });
    let (fold, (scan, mark), passed_over) = read?;
    if !go_on() {
        return Ok(Making::Ended);
    }
    sound_at_rest(storage, mark.as_ref(), &scan)?;
    let (ledgers, recovered) = fold.end()?;
    let next_record = mark.map_or(0, |mark| mark.next_record);
    let Some(mark) = mark.filter(|_| recovered.snapshot != Some(next_record)) else {
        return Ok(Making::NothingNew(next_record));
    };
    let state = StateHash::of(ledgers.iter());
    let mut draft = Draft::begin(storage, Head { mark, state: *state.bytes(), time_ms })?;
    let written = write(&ledgers, |chunk| match go_on() {
        true => draft.chunk(chunk).map_err(Unwritten::Journal),
        false => Err(Unwritten::Ended),
    });
    let counts = match written {
        Ok(counts) => counts,
        Err(Unwritten::Journal(error)) => return Err(error.into()),
        Err(Unwritten::Ended) => return Ok(Making::Ended),
    };
    let bytes = draft.end()?;
    drop(ledgers);
    let back = draft.read_back().map_err(SnapshotError::from);
    let back = back.and_then(|file| Base::read(file, 1)).map_err(EngineError::NotProved)?;
    if StateHash::of(back.shards.iter()) != state || back.counts != counts {
        return Err(EngineError::AnotherState { next_record });
    }
    drop(back);
    draft.keep(|other| recovered.snapshot == Some(other))?;
    let Recovered { records: folded, snapshot: from, .. } = recovered;
    Ok(Making::Made(Made { next_record, folded, from, counts, bytes, state }, passed_over))
}

/// Whether a journal that was read behind a mark is sound, where an engine may have written while it was read: what looks broken
/// is read again, and where the end has moved it was on its way.
///
/// # Errors
/// What cannot be read; damage that does not move.
pub fn sound_at_rest<S: Storage>(
    storage: &S,
    mark: Option<&Mark>,
    read: &Scan,
) -> Result<(), JournalError> {
    if read.sound().is_ok() {
        return Ok(());
    }
    storage.rest(PAUSE);
    let again = scan_after(storage, mark, |_| {})?;
    if again.tip.map(|tip| tip.batch) == read.tip.map(|tip| tip.batch) {
        again.sound()?;
    }
    Ok(())
}

/// Lets every other thread go before this one: who settles goes first. Where the system does not let it be so, both have the same
/// right.
pub fn stand_back() {
    let _ = rustix::process::setpriority_process(None, 19);
}

/// How often a keeper looks whether one is due.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Makes snapshots of a running engine, one after so many records each, on a thread of its own. Dropped, it ends.
pub struct Keeper {
    stop: Option<Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Begins. `since` is the first record that no snapshot holds; `tell` is told how each one ended.
    ///
    /// # Errors
    /// The system refuses another thread.
    pub fn start(
        records: Records<Files>,
        every: u64,
        since: u64,
        tell: impl Fn(Result<Making, EngineError>) + Send + 'static,
    ) -> io::Result<Keeper> {
        let (stop, stopped) = bounded(0);
        let keep = move || keep(&records, every, since, &stopped, tell);
        let thread = Builder::new().name("snapshots".to_owned()).spawn(keep)?;
        Ok(Keeper { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        // Its panic has been told on the standard error, and nothing hangs on it.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn keep(
    records: &Records<Files>,
    every: u64,
    since: u64,
    stopped: &Receiver<Infallible>,
    tell: impl Fn(Result<Making, EngineError>),
) {
    stand_back();
    let mut since = since;
    while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
        let end = records.durable().end;
        if end.saturating_sub(since) < every.max(1) {
            continue;
        }
        // After an error the next is tried when it would have been due.
        since = end;
        let made = Lock::of_snapshots(records.storage().folder()).map_err(EngineError::from);
        tell(made.and_then(|_lock| {
            make(records.storage(), now_ms(), || stopped.try_recv() == Err(TryRecvError::Empty))
        }));
    }
}
