//! A made-up year of three places: people, visits and bills from a seed, settled in sequence and summed up; and a morning of
//! hospitals that call a server. Codes are drawn from the image, amounts from the seed; nobody in it is real.

mod dice;
mod durable;
mod his;
mod line;
mod person;
mod place;
mod report;
mod shelf;
mod stay;
mod summary;
mod town;
mod visit;
mod watch;

use yidan_image::Image;
use yidan_settlement::id::Admdvs;

use dice::Dice;
use place::PLACES;
use shelf::Shelf;

pub use durable::{Durable, durable};
pub use his::{Called, Morning, Scene, Wrong, his, print_his};
pub use report::{Latency, Report, Spread};
pub use summary::{print, print_durable};
pub use town::{Town, TownFacility, TownMember};
pub use visit::{Kind, MadeVisit};
pub use watch::{Unsettled, Watched, watch};

/// People made up for each place; they come to about 2,000 visits.
const PEOPLE_PER_PLACE: u32 = 144;

/// The visits of the year, in the order in which they are settled.
pub fn visits(image: &Image, world: &crate::world::World, seed: u64) -> Vec<MadeVisit> {
    let mut all = Vec::new();
    let Some(national) = image.national() else { return all };
    for (number, place) in (0_u64..).zip(&PLACES) {
        let Some(loaded) = world.pack_of(place.pool) else { continue };
        let Some(view) = Admdvs::parse(place.pool).and_then(|pool| image.region(pool)) else {
            continue;
        };
        let mut dice = Dice::new(seed, number);
        // Another place bills what is on the national list, not what the home place has added to it.
        let (shelf, away) = (Shelf::of(image, view), Shelf::of(image, national));
        for one in 0..PEOPLE_PER_PLACE {
            let person = person::make(place, &loaded.pack, one, &mut dice);
            all.extend(visit::year_of(&person, place, (&shelf, &away), &mut dice));
        }
    }
    all.sort_by(|a, b| (a.settled_on, &a.mdtrt_id).cmp(&(b.settled_on, &b.mdtrt_id)));
    visit::state_balances(&mut all);
    all
}
