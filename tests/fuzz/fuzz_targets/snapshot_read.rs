//! Any bytes, read as the rows of a snapshot: refused or a state, never a panic. To get past the head, rows of a real one are changed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use yidan_settlement::ledger::snapshot::{Reading, write};
use yidan_settlement::ledger::{Ledger, StateHash};

/// The rows of the snapshot that the tests keep: its one chunk, between head and end.
static SMALL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let file = include_bytes!("../../fixtures/snapshot-v1.snap");
    let length = u32::from_le_bytes([file[136], file[137], file[138], file[139]]) as usize;
    file[144..144 + length].to_vec()
});

fn read(bytes: &[u8]) -> Option<Vec<Ledger>> {
    let mut reading = Reading::new(3);
    reading.chunk(bytes).ok()?;
    reading.end().ok().map(|(ledgers, _)| ledgers)
}

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let mut changed = SMALL.clone();
    for edit in bytes.chunks_exact(4) {
        let place = u32::from_le_bytes([edit[0], edit[1], edit[2], 0]) as usize % changed.len();
        changed[place] ^= edit[3];
    }
    // Whatever is taken for a state can be written, and comes back as the same.
    if let Some(ledgers) = read(&changed) {
        let mut again = Vec::new();
        let written = write(&ledgers, |chunk| {
            again.extend_from_slice(chunk);
            Ok::<(), ()>(())
        });
        assert!(written.is_ok());
        let back = read(&again).expect("what was written is read");
        assert_eq!(StateHash::of(back.iter()), StateHash::of(ledgers.iter()));
    }
});
