//! Moves whole segments, long closed, to another folder: each is copied, synced, read back and compared, and only then
//! removed. After a crash at any place the same call goes on where it ended.

use std::fs;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::error::JournalError;
use crate::index::Places;
use crate::reader::{batches, head_of, name_of, numbers, read_header, read_whole, segment_header};
use crate::recovery::Row;
use crate::storage::files::Files;
use crate::storage::{Medium, Storage};

/// Moves the segments before `before` from one folder to another, which is made where it is not there, and gives the numbers
/// of those it moved. `needed` is the first record that a start must still find here: the one after the latest snapshot
/// known durable. Who writes the journal hands in its `places`, which forget what is moved.
///
/// The caller holds the lock of its snapshots; an engine may write the journal meanwhile, which touches none of what is moved.
///
/// # Errors
/// [`JournalError::NotArchived`] where a segment would be moved that is the last one or holds a needed record, and then none
/// is; a segment that is damaged, or of which the copy is not the same. Those before it are moved.
pub fn archive(
    folder: &Path,
    to_folder: &Path,
    before: u64,
    needed: u64,
    places: Option<&Places>,
) -> Result<Vec<u64>, JournalError> {
    let identity = |path: &Path| {
        let metadata = fs::metadata(path);
        let failed = |e| JournalError::file(&path.display().to_string(), "looking at it", e);
        metadata.map(|found| (found.dev(), found.ino())).map_err(failed)
    };
    let made = Files::new(to_folder);
    let to = made.map_err(|e| JournalError::file(&to_folder.display().to_string(), "making", e))?;
    // By what the system knows it, whatever path leads there: a copy onto itself would be removed as the original.
    if identity(folder)? == identity(to_folder)? {
        let why = "the archive is the journal's own folder".to_owned();
        return Err(JournalError::NotArchived { before, why });
    }
    move_segments(&Files::at(folder), &to, before, needed, places)
}

/// The segments that may be archived: those that hold only records before `needed` and were ended before a time, milliseconds
/// since 1970; `None` where there are none.
///
/// # Errors
/// A segment whose header cannot be read.
pub fn archivable<S: Storage>(
    storage: &S,
    needed: u64,
    ended_before_ms: u64,
) -> Result<Option<Range<u64>>, JournalError> {
    let mut segments = None;
    let here = numbers(storage)?;
    let Some((first, rest)) = here.split_first() else { return Ok(None) };
    // A segment ended when the one after it was begun.
    for number in rest.iter().copied() {
        let header = read_header(storage, number)?;
        if header.first_record > needed || header.time_ms > ended_before_ms || needed <= 1 {
            break;
        }
        segments = Some(*first..number);
    }
    Ok(segments)
}

/// [`archive`], whatever the folders are; they are not the same.
pub(crate) fn move_segments<S: Storage, T: Storage>(
    from: &S,
    to: &T,
    before: u64,
    needed: u64,
    places: Option<&Places>,
) -> Result<Vec<u64>, JournalError> {
    let here = numbers(from)?;
    let moving: Vec<u64> = here.iter().copied().filter(|number| *number < before).collect();
    let Some(last) = moving.last() else { return Ok(moving) };
    let refused = |why| Err(JournalError::NotArchived { before, why });
    // Where a segment ends, the one after it says.
    let Some(after) = here.get(moving.len()) else {
        return refused(format!("segment {last} is the last one, and may be written"));
    };
    let ends = read_header(from, *after)?.first_record;
    if ends > needed || needed <= 1 {
        let kept = format!("segment {last} ends with record {}", ends - 1);
        return refused(format!("{kept}, and those from record {needed} on are needed"));
    }
    clear_halves(to)?;
    let (mut bytes, mut copy) = (Vec::new(), Vec::new());
    // In order: whatever stops it, the segments that are left follow one another.
    for number in &moving {
        let name = name_of(*number);
        read_whole(from, &name, &mut bytes)?;
        whole_segment(&bytes, *number)?;
        if !to.names().map_err(failed(&name, "listing the archive"))?.contains(&name) {
            copy_to(to, &name, &bytes)?;
        }
        read_whole(to, &name, &mut copy)?;
        if copy != bytes {
            let differs = copy.iter().zip(&bytes).take_while(|(copy, own)| copy == own).count();
            return Err(damaged(
                *number,
                differs as u64,
                "its copy in the archive differs from it",
            ));
        }
        if let Some(places) = places {
            places.forget_before(number + 1);
        }
        from.remove(&name).map_err(failed(&name, "removing it, which is archived,"))?;
        from.sync_names().map_err(failed(&name, "syncing that it is removed"))?;
    }
    Ok(moving)
}

/// Takes away what one left who was killed while he copied: it means nothing. Whoever archives holds the lock.
fn clear_halves<T: Storage>(to: &T) -> Result<(), JournalError> {
    let names = to.names().map_err(failed("the archive", "listing"))?;
    for half in names.iter().filter(|name| name.ends_with(".seg.tmp")) {
        to.remove(half).map_err(failed(half, "removing half a copy"))?;
    }
    Ok(())
}

/// Writes a copy under another name first, and gives it its own when it is durable.
fn copy_to<T: Storage>(to: &T, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
    let passing = format!("{name}.tmp");
    let file = to.create(&passing, 0).map_err(failed(&passing, "making a copy"))?;
    let written = file
        .write_at(0, bytes)
        .map_err(failed(&passing, "writing a copy"))
        .and_then(|()| file.sync().map_err(failed(&passing, "syncing a copy")));
    if written.is_err() {
        // Half of one would hold room of a disk that is full.
        let _ = to.remove(&passing);
    }
    written?;
    to.rename(&passing, name).map_err(failed(name, "naming a copy"))?;
    to.sync_names().map_err(failed(name, "syncing the name of a copy"))
}

/// Whether all that a segment holds is whole.
fn whole_segment(bytes: &[u8], number: u64) -> Result<(), JournalError> {
    let tip = head_of(&segment_header(bytes, number)?);
    let (end, found) = batches(bytes, tip, false, &mut Vec::new(), &mut |_| {});
    if found.something {
        return Err(damaged(number, end.offset, Row::Rot.tells()));
    }
    Ok(())
}

fn failed(file: &str, doing: &'static str) -> impl FnOnce(std::io::Error) -> JournalError {
    let file = file.to_owned();
    move |source| JournalError::file(&file, doing, source)
}

fn damaged(number: u64, offset: u64, what: &str) -> JournalError {
    JournalError::Damaged {
        file: name_of(number),
        offset,
        what: what.to_owned(),
        advice: "It is left where it is: look at both before anything is removed",
    }
}
