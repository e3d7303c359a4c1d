//! The folder of a journal and what an engine on it settles by, for every command that starts one.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use yidan_image::Image;
use yidan_journal::Loss;
use yidan_journal::snapshot::name_of;
use yidan_pipeline::Reply;
use yidan_pipeline::engine::{Engine, Setup};
use yidan_pipeline::shard::Answer;
use yidan_pipeline::world::World;

use super::curated;
use super::output::{Failure, note, said};
use super::packs::Packs;

/// The folder, the packs and the image.
#[derive(Debug, Args)]
pub(super) struct Folder {
    /// The folder of the journal; made where it is not there
    pub(super) folder: PathBuf,
    #[command(flatten)]
    packs: Packs,
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

impl Folder {
    /// The packs and the image.
    pub(super) fn world(&self) -> Result<World, Failure> {
        let mut world = World::new();
        self.packs.load(&mut world)?;
        let image = match &self.catalog {
            Some(file) => Image::open(file).map_err(said)?,
            None => curated::image().map_err(said)?,
        };
        world.set_image(Arc::new(image));
        Ok(world)
    }

    /// Starts the engine.
    pub(super) fn open<R>(&self) -> Result<Engine<R>, Failure>
    where
        R: Reply<Answer> + Send + 'static,
    {
        let loss = if self.accept_loss { Loss::Accept } else { Loss::Refuse };
        let setup = Setup { shards: usize::from(self.shards), loss, ..Setup::default() };
        let engine = Engine::open(&self.folder, &setup, self.world()?).map_err(said)?;
        let recovered = engine.recovered();
        engine.passed_over().iter().for_each(|one| note(&format!("warning: {one}")));
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
