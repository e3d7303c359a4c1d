//! What can be billed on the day: the codes of a catalogue of national size with a price each, drawn by Zipf within
//! drugs, services and consumables.

use yidan_bench::dice::Dice;
use yidan_image::View;
use yidan_settlement::catalogue::{Entry, Level, List};
use yidan_settlement::date::Day;
use yidan_settlement::facts::Text;
use yidan_settlement::money::Price;

use crate::ranks::Ranks;

/// The least usual price in fen: it is multiplied by one and a half as often as eight coins show heads, so that prices lie about
/// on a lognormal curve.
const BASE_FEN: i64 = 410;

/// One thing on the shelf.
pub(crate) struct Item {
    pub(crate) code: Text,
    pub(crate) price: Price,
}

/// What is drawn by Zipf among itself.
pub(crate) struct Section {
    items: Vec<Item>,
    ranks: Ranks,
}

/// All that can be billed.
pub(crate) struct Shelf {
    pub(crate) drugs: Section,
    pub(crate) services: Section,
    pub(crate) consumables: Section,
}

impl Shelf {
    /// What is in force on a day.
    pub(crate) fn of(view: View<'_>, day: Day, dice: &mut Dice) -> Shelf {
        let (mut drugs, mut services, mut consumables) = (Vec::new(), Vec::new(), Vec::new());
        for id in view.ids() {
            let (Some(entry), Some(text)) = (view.entry(id), view.entry_text(id)) else { continue };
            if !entry.valid.contains(day) {
                continue;
            }
            let section = match entry.list {
                List::WesternDrug
                | List::PatentMedicine
                | List::HerbalPiece
                | List::InHousePreparation => &mut drugs,
                List::Service => &mut services,
                List::Consumable => &mut consumables,
            };
            section.push(Item { code: text.code.into(), price: price(&entry, dice) });
        }
        let mut section = |items| Section::new(items, dice);
        Shelf {
            drugs: section(drugs),
            services: section(services),
            consumables: section(consumables),
        }
    }

    /// How many codes.
    pub(crate) fn len(&self) -> usize {
        let Shelf { drugs, services, consumables } = self;
        [drugs, services, consumables].iter().map(|section| section.items.len()).sum()
    }
}

impl Section {
    /// In an order that has nothing to do with their places in the image.
    fn new(mut items: Vec<Item>, dice: &mut Dice) -> Section {
        for place in (1..items.len()).rev() {
            items.swap(place, dice.index(place + 1));
        }
        let ranks = Ranks::zipf(items.len(), 1);
        ranks.check(1);
        Section { items, ranks }
    }

    pub(crate) fn draw(&self, dice: &mut Dice) -> &Item {
        &self.items[self.ranks.draw(dice)]
    }
}

/// A usual price, or a little below the ceiling where that is less.
fn price(entry: &Entry, dice: &mut Dice) -> Price {
    let usual = (0..(dice.bits() & 0xFF).count_ones()).fold(BASE_FEN, |fen, _| fen + fen / 2);
    // Ceilings are in millionths of a yuan, and lowest at the first level.
    let ceiling = entry.ceiling_at(Level::First).map(|ceiling| ceiling.get() / 10_000 * 95 / 100);
    let fen = ceiling.map_or(usual, |ceiling| usual.min(ceiling)).max(1);
    Price::new(fen * 10_000)
}
