//! `yidan journal audit`: every settlement decided anew, and compared with what the journal says.

use std::collections::BTreeSet;
use std::io::Write;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use yidan_journal::{Mark, Places, scan_after, snapshot};
use yidan_pipeline::fold::Fold;
use yidan_pipeline::snapshot::{Begin, fold_from};
use yidan_settlement::pack::Pack;

use super::at_hand::AtHand;
use super::folder::with_journal;
use super::output::{Ended, Exit, Failure, Output, note, said};
use super::packs;
use crate::audit::{Audit as Auditing, Audited, Difference};

/// Decide every settlement anew and compare: the same bytes, or under another pack what would differ
///
/// Packs and images are found by the digests that the journal names; one that is missing is named, and nothing is guessed.
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct Audit {
    /// The folder of the journal
    folder: PathBuf,
    /// Decide the settlements of this pack's pool under it, and list those that differ
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    at_hand: AtHand,
}

impl Audit {
    pub(super) fn run(&self) -> Ended {
        let files = with_journal(&self.folder)?;
        let marks = snapshot::marks(&files).map_err(said)?;
        let other = self.policy.as_deref().map(packs::compile).transpose()?;
        let (mut at_hand, other) = (Some(self.at_hand.archive()?), other.map(Arc::new));
        let mut out = Output::open();
        let (mut printed, mut count) = (Ok(()), 0_u64);
        let places = Places::of(&files).map_err(said)?;
        // From the first record, or where its segment is archived from the oldest snapshot.
        let read = fold_from(&files, 1, Begin::Oldest, |fold, mark| {
            let fold = mem::replace(fold, Fold::new(1));
            let mut audit = Auditing::on(
                fold,
                at_hand.take().unwrap_or_default(),
                other.clone(),
                // What a correction takes back is read where it stands.
                |place| places.fetch(&files, place).ok(),
            );
            let scanned = scan_after(&files, mark, |batch| {
                audit.batch(batch, |difference| {
                    count += 1;
                    if printed.is_ok() {
                        printed = print(&mut out, &difference);
                    }
                });
            });
            match scanned {
                Ok(scanned) => Ok((audit, scanned, mark.copied())),
                Err(error) => {
                    at_hand = Some(audit.give_up());
                    Err(error)
                }
            }
        });
        let (_, (audit, scanned, mark), passed_over) = read.map_err(said)?;
        printed?;
        passed_over.iter().for_each(|one| note(&format!("warning: {one}")));
        if let Some(Mark { next_record, .. }) = mark {
            note(&format!(
                "settlements before record {next_record} are not audited: their segments are archived. Put them back beside \
                 the others, and they are"
            ));
        }
        out.flush()?;
        let pools = audit.pools().clone();
        let Audited { settlements, out_of_reach } = audit.end().map_err(said)?;
        scanned.sound().map_err(said)?;
        // A snapshot of another journal is passed over by a start.
        let journal = scanned.tip.map(|tip| tip.journal);
        for mark in marks.iter().filter(|mark| Some(mark.journal) == journal) {
            scanned.reaches(mark).map_err(said)?;
        }
        if let Some(pool) = self.policy_of_no_settlement(&pools, other.as_deref()) {
            return Err(said(pool));
        }
        if out_of_reach > 0 {
            note(&format!(
                "{out_of_reach} corrections are not audited: records they stand on are archived. Put them back beside the \
                 others, and they are"
            ));
        }
        note(&format!("{settlements} settlements decided anew, {count} differ"));
        Ok(if count == 0 { Exit::Done } else { Exit::Refused })
    }

    /// What is told where `--policy` gives the pack of a pool that no settlement is of: nothing was compared then.
    fn policy_of_no_settlement(
        &self,
        pools: &BTreeSet<String>,
        other: Option<&Pack>,
    ) -> Option<String> {
        let pool = &other.filter(|pack| !pools.contains(&pack.data().pool))?.data().pool;
        let file = self.policy.as_deref().unwrap_or(Path::new("")).display();
        let here: Vec<&str> = pools.iter().map(String::as_str).collect();
        let here = if here.is_empty() { "no settlement".to_owned() } else { here.join(", ") };
        Some(format!(
            "{file}: it is of pool {pool}, and the journal has no settlement of that pool; it has {here}. Nothing was compared"
        ))
    }
}

fn print(out: &mut Output, difference: &Difference) -> Result<(), Failure> {
    let fields =
        difference.fields.iter().map(|(name, was, anew)| format!("{name} {was} -> {anew}"));
    let fields: Vec<String> = fields.collect();
    Ok(writeln!(out, "settlement {}: {}", difference.settlement, fields.join(", "))?)
}
