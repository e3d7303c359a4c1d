//! What befalls the disk: what is planned to fail, what a power cut leaves, and bits that rot.

use yidan_journal::scan;
use yidan_journal::storage::memory::{Memory, Plan};

use crate::random::Dice;

/// How a life of the engine ends.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub enum Fate {
    /// The process is killed; what it wrote is still with the system.
    Killed,
    /// The power goes between two steps.
    PowerCut,
    /// The power goes within a commit, before its sync.
    CutInCommit,
    /// A sync fails and loses what it was to make durable.
    SyncFails,
    /// A write fails after some of it.
    WriteFails,
    /// There is no room for another segment.
    DiskFull,
    /// It is asked to stop, and seals its journal.
    Stopped,
}

impl Fate {
    /// All of them.
    pub const ALL: [Fate; 7] = [
        Fate::Killed,
        Fate::PowerCut,
        Fate::CutInCommit,
        Fate::SyncFails,
        Fate::WriteFails,
        Fate::DiskFull,
        Fate::Stopped,
    ];

    /// What is to fail, soon or late in a life.
    pub(super) fn plan(self, dice: &mut Dice) -> Plan {
        let soon = Some(dice.between(1, 30));
        match self {
            Fate::CutInCommit => Plan { cut_before_sync: soon, ..Plan::default() },
            Fate::SyncFails => Plan { fail_sync: soon, ..Plan::default() },
            Fate::WriteFails => Plan { fail_write: soon, ..Plan::default() },
            Fate::DiskFull => Plan { capacity: Some(0), ..Plan::default() },
            Fate::Killed | Fate::PowerCut | Fate::Stopped => Plan::default(),
        }
    }
}

/// The disk after a power cut: of the sectors that were not synced none, all or some are there, and so are names.
pub(super) fn power_cut(disk: &Memory, dice: &mut Dice) -> Memory {
    let (names, survives) = (dice.percent(50), dice.below(4));
    disk.crash(names, || match survives {
        0 => false,
        1 => true,
        _ => dice.percent(50),
    })
}

/// A bit that turned over.
#[derive(Clone, Debug)]
pub(super) struct Rot {
    /// The segment.
    pub(super) name: String,
    bit: usize,
    /// Whether it stands in what a reader had found whole.
    pub(super) in_whole: bool,
}

impl Rot {
    /// Turns a bit of the journal over, most often one of what is whole, and often of the last batch's header. `None` for
    /// an empty disk.
    pub(super) fn somewhere(disk: &Memory, within: bool, dice: &mut Dice) -> Option<Rot> {
        let mut batches = Vec::new();
        let scan = scan(disk, |batch| batches.push((batch.segment, batch.offset))).ok()?;
        let tip = scan.tip?;
        let segment = if dice.percent(70) { tip.segment } else { dice.between(1, tip.segment) };
        let name = format!("{segment:016}.seg");
        let bytes = disk.bytes_of(&name)?.len();
        let written = match segment == tip.segment {
            true => usize::try_from(tip.offset).expect("small"),
            // What a closed segment has behind its batches is known to be nought.
            false => bytes,
        };
        let last = batches.last().filter(|(at, _)| *at == segment).map(|(_, offset)| *offset);
        let byte = match last {
            Some(offset) if dice.percent(40) => {
                usize::try_from(offset).expect("small") + dice.index(128)
            }
            Some(_) | None if within || dice.percent(80) => dice.index(written),
            Some(_) | None => dice.index(bytes),
        };
        let rot = Rot { name, bit: byte * 8 + dice.index(8), in_whole: byte < written };
        rot.turn(disk);
        Some(rot)
    }

    /// Turns the bit over; a second time, it is as it was, as from a copy of the segment.
    pub(super) fn turn(&self, disk: &Memory) {
        disk.rot(&self.name, self.bit);
    }
}
