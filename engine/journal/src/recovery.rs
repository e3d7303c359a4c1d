//! What may be done after the last whole batch, decided by a table over what was found there. Nothing is read or written.
//!
//! Only one batch is ever on its way to the disk: the next is begun when the sync of the one before has ended, and it is
//! answered after its own. So a batch with another after it was durable, and may have been answered.

/// What a reader found after the last whole batch.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Found {
    /// Anything at all: some byte there is not nought, or a later segment follows.
    pub something: bool,
    /// A batch or segment that comes later is there: what stands here was known durable.
    pub later: bool,
    /// The last whole batch is the seal of a clean stop, in the same segment.
    pub sealed: bool,
    /// Some sector of the broken batch is still nought, as preallocated.
    pub sector_nought: bool,
    /// The file ends within the broken batch.
    pub file_ends: bool,
}

/// A row of the table.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Row {
    /// Nothing follows.
    End,
    /// Known durable, and not whole any more.
    Rot,
    /// Something stands after a clean stop.
    AfterSeal,
    /// Its write never ended: not all of its sectors were written.
    Torn,
    /// All of its sectors were written, and it is not whole: it may have been answered.
    MayBeAnswered,
}

/// What is to be done.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Verdict {
    /// The next batch goes here.
    Append,
    /// What stands here is overwritten with noughts; then the next batch goes here.
    Cut,
    /// The same, only when an operator accepts the loss, and journaled.
    CutIfAccepted,
    /// The engine stops.
    Stop,
}

/// The table: the first row that holds.
pub fn decide(found: Found) -> (Row, Verdict) {
    match found {
        Found { something: false, .. } => (Row::End, Verdict::Append),
        Found { later: true, .. } => (Row::Rot, Verdict::Stop),
        Found { sealed: true, .. } => (Row::AfterSeal, Verdict::Stop),
        Found { sector_nought: true, .. } | Found { file_ends: true, .. } => {
            (Row::Torn, Verdict::Cut)
        }
        Found { .. } => (Row::MayBeAnswered, Verdict::CutIfAccepted),
    }
}

impl Row {
    /// What a person is told.
    pub fn tells(self) -> &'static str {
        match self {
            Row::End => "the journal ends here",
            Row::Rot => "a batch that was known durable is damaged: later ones follow it",
            Row::AfterSeal => "something was written after the seal of a clean stop",
            Row::Torn => "a batch whose write never ended, so it was not answered",
            Row::MayBeAnswered => {
                "a batch is damaged and all of its sectors were written, so it may have been answered"
            }
        }
    }

    /// What a person may do.
    pub fn advice(self) -> &'static str {
        match self {
            Row::End | Row::Torn => "Nothing is to be done",
            Row::Rot | Row::AfterSeal => {
                "Put the segment back from a copy or a standby; the engine does not go on over it"
            }
            Row::MayBeAnswered => {
                "Put the segment back from a copy or a standby, or start with --accept-loss, which is journaled"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_has_its_row_and_nothing_durable_is_cut() {
        for bits in 0..32_u8 {
            let bit = |n: u8| bits & (1 << n) != 0;
            let found = Found {
                something: bit(0),
                later: bit(1),
                sealed: bit(2),
                sector_nought: bit(3),
                file_ends: bit(4),
            };
            let (row, verdict) = decide(found);
            match verdict {
                Verdict::Append => assert!(!found.something),
                Verdict::Cut => {
                    assert!(!found.later && !found.sealed);
                    assert!(found.sector_nought || found.file_ends);
                }
                Verdict::CutIfAccepted => {
                    assert!(!found.later && !found.sealed);
                    assert!(!found.sector_nought && !found.file_ends);
                }
                Verdict::Stop => assert!(found.later || found.sealed, "{row:?}"),
            }
        }
    }
}
