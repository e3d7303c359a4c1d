//! The folder of a journal, for every command that looks into one; and what an engine on it settles by, for every command that
//! starts one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use yidan_image::Image;
use yidan_journal::snapshot::{self, name_of};
use yidan_journal::storage::files::Files;
use yidan_journal::{Loss, is_begun};
use yidan_pipeline::Reply;
use yidan_pipeline::engine::{Engine, Setup};
use yidan_pipeline::shard::Answer;
use yidan_pipeline::world::World;

use super::curated;
use super::output::{Failure, note, said};
use super::packs::{self, Packs};

/// The folder, and what is settled by.
#[derive(Debug, Args)]
pub(super) struct Folder {
    /// The folder of the journal; made where it is not there
    pub(super) folder: PathBuf,
    #[command(flatten)]
    by: SettledBy,
}

/// The packs, the image, and how the engine is run.
#[derive(Debug, Args)]
pub(super) struct SettledBy {
    #[command(flatten)]
    packs: Packs,
    /// One more pack, of an earlier time: what was settled by it can be told and cancelled; may be given again
    #[arg(long, value_name = "FILE")]
    policy_was: Vec<PathBuf>,
    /// The catalogue image for fee lines [default: one of the curated sources, made in memory]
    #[arg(long, value_name = "IMAGE")]
    catalog: Option<PathBuf>,
    /// Shards of members, each with a thread of its own
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    shards: u16,
    /// Go on after damage to a batch that may have been answered; it is journaled
    #[arg(long)]
    accept_loss: bool,
}

/// The files of a folder that has a journal, to be looked into.
pub(super) fn with_journal(folder: &Path) -> Result<Files, Failure> {
    if !folder.exists() {
        let expected = "no such folder; expected one with a journal. Check the path";
        return Err(said(format!("{}: {expected}", folder.display())));
    }
    not_a_file(folder)?;
    let files = Files::at(folder);
    // With snapshots alone its segments are lost, which is told by who reads them.
    let any = is_begun(&files).map_err(said)? || !snapshot::list(&files).map_err(said)?.is_empty();
    if any { Ok(files) } else { Err(none_here(folder)) }
}

/// What is told where a folder has no segment.
pub(super) fn none_here(folder: &Path) -> Failure {
    said(format!(
        "{}: no journal is here: expected 0000000000000001.seg and so on, found no segment. Check the path",
        folder.display()
    ))
}

/// Refuses a file where a folder is expected.
pub(super) fn not_a_file(folder: &Path) -> Result<(), Failure> {
    if folder.exists() && !folder.is_dir() {
        let expected = "this is a file; expected the folder of a journal. Check the path";
        return Err(said(format!("{}: {expected}", folder.display())));
    }
    Ok(())
}

impl Folder {
    /// Starts the engine.
    pub(super) fn open<R>(&self) -> Result<Engine<R>, Failure>
    where
        R: Reply<Answer> + Send + 'static,
    {
        self.by.open(&self.folder)
    }
}

impl SettledBy {
    /// The packs and the image.
    pub(super) fn world(&self) -> Result<World, Failure> {
        let mut world = World::new();
        self.packs.load(&mut world)?;
        for file in &self.policy_was {
            world.add_earlier(packs::compile(file)?);
        }
        let image = match &self.catalog {
            Some(file) => Image::open(file).map_err(said)?,
            None => curated::image().map_err(said)?,
        };
        world.set_image(Arc::new(image));
        Ok(world)
    }

    /// Starts the engine on a folder.
    pub(super) fn open<R>(&self, folder: &Path) -> Result<Engine<R>, Failure>
    where
        R: Reply<Answer> + Send + 'static,
    {
        not_a_file(folder)?;
        let loss = if self.accept_loss { Loss::Accept } else { Loss::Refuse };
        let setup = Setup { shards: usize::from(self.shards), loss, ..Setup::default() };
        let engine = Engine::open(folder, &setup, self.world()?).map_err(said)?;
        let recovered = engine.recovered();
        engine.passed_over().iter().for_each(|one| note(&format!("warning: {one}")));
        if let Some(cut) = recovered.cut {
            note(&format!("warning: {cut}"));
        }
        let how = if recovered.sealed { "after a clean stop" } else { "after a crash" };
        match (recovered.snapshot, recovered.records) {
            (None, 0) => {}
            (None, records) => note(&format!("{records} records read back {how}")),
            (Some(next_record), records) => {
                let name = name_of(next_record);
                note(&format!("{records} records read back {how}, on from {name}"));
            }
        }
        Ok(engine)
    }
}
