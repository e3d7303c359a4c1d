//! What the disk does by itself: one write and one sync after the other, into a file that is preallocated as segments are.

use std::path::Path;
use std::time::{Duration, Instant};

use yidan_journal::format::PAGE;
use yidan_journal::storage::files::Files;
use yidan_journal::storage::{Medium, Storage};

/// The file is written over and over.
pub(crate) const BYTES: u64 = 64 << 20;

/// Writes and syncs so many bytes at a time; how long each took.
pub(crate) fn syncs(folder: &Path, bytes: u64, time: Duration) -> Vec<Duration> {
    let files = Files::new(folder).expect("a folder that may be written");
    let file = files.create("alone.tmp", BYTES).expect("room on the disk");
    let block = block(bytes);
    let (mut at, mut took, begun) = (0, Vec::new(), Instant::now());
    while begun.elapsed() < time {
        took.push(sync(&file, &mut at, &block));
    }
    files.remove("alone.tmp").expect("it was made above");
    took
}

/// So many bytes, in whole pages as the journal writes them: of a page written in part the rest would be read from the disk first.
pub(crate) fn block(bytes: u64) -> Vec<u8> {
    let bytes = bytes.max(1).next_multiple_of(PAGE);
    vec![0xA5; usize::try_from(bytes).expect("a block fits the memory")]
}

/// Writes and syncs a block, over and over the file: how long it took.
pub(crate) fn sync(file: &impl Medium, at: &mut u64, block: &[u8]) -> Duration {
    let sync = Instant::now();
    file.write_at(*at, block).expect("a sound disk");
    file.sync().expect("a sound disk");
    let took = sync.elapsed();
    *at += block.len() as u64;
    if *at + block.len() as u64 > BYTES {
        *at = 0;
    }
    took
}

/// How many a second.
pub(crate) fn rate(took: &[Duration]) -> f64 {
    took.len() as f64 / took.iter().sum::<Duration>().as_secs_f64()
}

/// The time that so many of a thousand stay below.
pub(crate) fn quantile(took: &[Duration], thousandths: usize) -> Duration {
    let mut sorted = took.to_vec();
    sorted.sort_unstable();
    sorted[(sorted.len() - 1) * thousandths / 1_000]
}
