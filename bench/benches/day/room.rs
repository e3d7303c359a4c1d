//! How much disk and memory a day will take, and whether they are there: a day that would not end is not begun.

use std::path::Path;

use yidan_bench::machine;

use crate::asked::Asked;
use crate::bills::{Kind, REFUNDS_IN_A_THOUSAND};

/// Bars: bytes on disk of a line, and of what a bill has beside its lines.
pub(crate) const BAR_LINE: u64 = 45;
pub(crate) const BAR_BILL: u64 = 450;
/// What they take as records are written now, which the room is estimated by: measured, heads and ends of batches included.
const LINE: u64 = 27;
const BILL: u64 = 285;
/// A member's registration, and a cancellation.
const MEMBER: u64 = 105;
const REFUND: u64 = 250;
/// Memory: a member at rest, the key of a request that is remembered, a settlement in its member's row.
const MEMBER_MEMORY: u64 = 400;
const KEY_MEMORY: u64 = 175;
const SETTLEMENT_MEMORY: u64 = 16;
/// The image, queues, batches, the table by which members are drawn.
const REST_MEMORY: u64 = 600 << 20;
/// Segments of the journal made ahead.
const SEGMENTS: u64 = 3 * (64 << 20);
/// So much of the disk is left: a run that comes near it ends early.
pub(crate) const LEFT: u64 = 1 << 30;

/// What a day needs.
pub(crate) struct Needs {
    pub(crate) disk: u64,
    pub(crate) memory: u64,
}

impl Needs {
    /// Of what was asked for.
    pub(crate) fn of(asked: &Asked) -> Needs {
        let bills = asked.settlements;
        let refunds = bills * REFUNDS_IN_A_THOUSAND / 1_000;
        let members = asked.members as u64;
        let lines = bills * Kind::MEAN_LINES_TENTHS / 10;
        let (bill, line) = (bills.saturating_mul(BILL), lines.saturating_mul(LINE));
        let more = refunds.saturating_mul(REFUND).saturating_add(members.saturating_mul(MEMBER));
        let records = bill.saturating_add(line).saturating_add(more);
        let memory = members * (MEMBER_MEMORY + 8)
            + bills * (KEY_MEMORY + SETTLEMENT_MEMORY)
            + refunds * KEY_MEMORY
            + REST_MEMORY;
        Needs { disk: records / 10 * 11 + SEGMENTS, memory }
    }

    /// Says what is needed and what is there.
    ///
    /// # Errors
    /// There is not enough of it.
    pub(crate) fn compare(&self, folder: &Path) -> Result<String, String> {
        if !folder.is_dir() {
            return Err(format!("{} is no folder; give one with --folder=", folder.display()));
        }
        if machine::in_memory(folder) {
            return Err(format!(
                "{} is in memory, where nothing is durable; give a folder on a disk with --folder=",
                folder.display()
            ));
        }
        let (disk, memory) = (free(folder), machine::memory_available());
        let (need, have) = (self.disk + LEFT, disk);
        if have < need {
            return Err(format!(
                "The disk of {} is too small for this: it needs {}, of which {} stay free, and {} are free. Give --folder= on another, \
                 or fewer --settlements= and --members=; nothing was begun.",
                folder.display(),
                gib(need),
                gib(LEFT),
                gib(have)
            ));
        }
        if memory < self.memory {
            return Err(format!(
                "The memory is too small for this: it needs {} and {} are available. Give fewer --members= or --settlements=; nothing \
                 was begun.",
                gib(self.memory),
                gib(memory)
            ));
        }
        Ok(format!(
            "room needed: disk {} of {} free, memory {} of {} available",
            gib(need),
            gib(disk),
            gib(self.memory),
            gib(memory)
        ))
    }
}

/// Bytes that may still be written to the disk of a folder.
pub(crate) fn free(folder: &Path) -> u64 {
    let disk = rustix::fs::statvfs(folder).expect("a folder that is there");
    disk.f_bavail * disk.f_frsize
}

/// In gibibytes, to a tenth.
pub(crate) fn gib(bytes: u64) -> String {
    let tenths = (bytes * 10).div_ceil(1 << 30);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}
