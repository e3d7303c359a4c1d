//! What a sync takes beside a load: one that has its core and the disk to itself is quicker than any that has not.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use yidan_journal::storage::Storage;
use yidan_journal::storage::files::Files;

use crate::disk;

/// Between one sync and the next: they are few, so that they are no load themselves.
const BEAT: Duration = Duration::from_millis(5);

/// Writes and syncs so many bytes at each beat until it is told to stop: how long each took.
pub(crate) fn syncs(folder: &Path, bytes: u64, stop: &AtomicBool) -> Vec<Duration> {
    const NAME: &str = "beside.tmp";
    let files = Files::new(folder).expect("a folder that may be written");
    let file = files.create(NAME, disk::BYTES).expect("room on the disk");
    let (block, mut at, mut took) = (disk::block(bytes), 0, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(BEAT);
        took.push(disk::sync(&file, &mut at, &block));
    }
    files.remove(NAME).expect("it was made above");
    took
}
