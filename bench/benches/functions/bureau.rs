//! Members, their settlements by totals and of twenty lines, and the records of those, for the benches of the ledger and behind it.

use std::sync::Arc;

use yidan_bench::by_hand::Slots;
use yidan_bench::office::{Asked, Office, agrees, bytes_of, settled_in};
use yidan_bench::{bills, claims};
use yidan_image::Image;
use yidan_settlement::event::Record;

use crate::once;

pub(crate) const LINES: usize = 20;

/// An office with an image and members that have no settlement yet, and a command for each of both kinds.
pub(crate) struct Bureau {
    pub(crate) office: Office,
    pub(crate) by_totals: Vec<Asked>,
    pub(crate) by_lines: Vec<Asked>,
    pub(crate) members: usize,
    /// What was journaled before any settlement.
    pub(crate) beginning: Vec<Vec<u8>>,
}

impl Bureau {
    pub(crate) fn new() -> Bureau {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("small.image");
        bills::build(&path, true);
        let image = Arc::new(Image::open(&path).expect("a built image opens"));
        let mut world = claims::world();
        world.set_image(Arc::clone(&image));
        let mut beginning = Vec::new();
        let mut journal = |record: &Record| beginning.push(bytes_of(record));
        let mut office = Office::told(world, &mut journal);
        let members = if once() { 200 } else { 4_000 };
        office.register(members, &mut journal);
        let by_totals = office.by_totals(members);
        let by_lines = office.by_lines(members, LINES, &image);
        Bureau { office, by_totals, by_lines, members, beginning }
    }

    /// Takes all settlements in, those by totals first: the records of both, which are found later. The funds pay what the function
    /// by hand pays.
    pub(crate) fn settle(&mut self) -> (Vec<Record>, Vec<Record>) {
        let mut slots: Vec<Slots> = vec![[0; 6]; self.members];
        let office = &mut self.office;
        let mut take = |all: &mut Vec<Asked>| -> Vec<Record> {
            let one = |(member, asked): (usize, Asked)| {
                let record = office.take(asked);
                agrees(&settled_in(&record).decision, member, &mut slots[member]);
                office.keep(&record);
                record
            };
            all.drain(..).enumerate().map(one).collect()
        };
        (take(&mut self.by_totals), take(&mut self.by_lines))
    }
}
