//! `yidan journal audit`: every settlement decided anew, and compared with what the journal says.

use std::io::Write;
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use yidan_image::Image;
use yidan_journal::storage::files::Files;
use yidan_journal::{Mark, Places, scan_after};
use yidan_pipeline::engine::Fold;
use yidan_pipeline::snapshot::{Begin, fold_from};

use super::curated;
use super::output::{Ended, Exit, Failure, Output, note, said};
use super::packs::{self, Packs};
use crate::audit::{Archive, Audit as Auditing, Audited, Difference};

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
    /// A folder with <pool>/policy.toml for each pack at hand [default: the curated packs that the program carries]
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// One more pack at hand, as of an earlier year; may be given again
    #[arg(long, value_name = "FILE")]
    policy_was: Vec<PathBuf>,
    /// An image at hand; may be given again [default: that of the curated sources]
    #[arg(long, value_name = "IMAGE")]
    catalog: Vec<PathBuf>,
}

impl Audit {
    pub(super) fn run(&self) -> Ended {
        if !self.folder.is_dir() {
            let folder = self.folder.display();
            return Err(said(format!("{folder}: no such folder; expected one with a journal")));
        }
        let other = self.policy.as_deref().map(packs::compile).transpose()?;
        let (mut at_hand, other) = (Some(self.archive()?), other.map(Arc::new));
        let mut out = Output::open();
        let (mut printed, mut count) = (Ok(()), 0_u64);
        let files = Files::at(&self.folder);
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
        let Audited { settlements, out_of_reach } = audit.end().map_err(said)?;
        scanned.sound().map_err(said)?;
        if out_of_reach > 0 {
            note(&format!(
                "{out_of_reach} corrections are not audited: records they stand on are archived. Put them back beside the \
                 others, and they are"
            ));
        }
        note(&format!("{settlements} settlements decided anew, {count} differ"));
        Ok(if count == 0 { Exit::Done } else { Exit::Refused })
    }

    fn archive(&self) -> Result<Archive, Failure> {
        let mut archive = Archive::default();
        for pack in Packs::of_folder(self.policies.clone()).compiled()? {
            archive.add_pack(Arc::new(pack));
        }
        for file in &self.policy_was {
            archive.add_pack(Arc::new(packs::compile(file)?));
        }
        for file in &self.catalog {
            archive.add_image(Arc::new(Image::open(file).map_err(said)?));
        }
        if self.catalog.is_empty() {
            archive.add_image(Arc::new(curated::image().map_err(said)?));
        }
        Ok(archive)
    }
}

fn print(out: &mut Output, difference: &Difference) -> Result<(), Failure> {
    let fields =
        difference.fields.iter().map(|(name, was, anew)| format!("{name} {was} -> {anew}"));
    let fields: Vec<String> = fields.collect();
    Ok(writeln!(out, "settlement {}: {}", difference.settlement, fields.join(", "))?)
}
