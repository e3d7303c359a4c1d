//! The paths that are counted, by the way of a claim. Each is made small, from a seed, and checks what it computes.

mod bills;
mod ledger;
mod records;
mod wire;

use std::path::Path;

use yidan_bench::calls;
use yidan_image::Image;

use self::bills::{of_lines, tiers};
use self::ledger::{again, apply, cancel, decide, key, member, pre_settle};
use self::records::{append, fold, lend, snapshot, whole, write};
use self::wire::{answer, digest, read};

const LINES: usize = 20;
const MEMBERS: usize = 320;

/// What is counted: an operation, called some times.
pub(crate) struct Work {
    /// How often it is called while it is counted.
    pub(crate) times: usize,
    /// How many one call does.
    pub(crate) of: usize,
    pub(crate) operation: Box<dyn FnMut()>,
}

/// A path by its name in the baseline.
pub(crate) struct Named {
    pub(crate) name: &'static str,
    /// Makes what it needs, over an image.
    pub(crate) make: fn(&Path) -> Work,
}

const fn path(name: &'static str, make: fn(&Path) -> Work) -> Named {
    Named { name, make }
}

/// All, by the way of a claim.
pub(crate) const ALL: [Named; 24] = [
    path("wire: 2204 of 8 lines read", |_| read(calls::upload(8))),
    path("wire: 2207 read", |_| read(calls::settle())),
    path("wire: 2204 of 8 lines, digest", |_| digest(calls::upload(8))),
    path("request: key", |_| key()),
    path("look-ups of 20 lines", |image| of_lines(image, false)),
    path("bill of 20 lines: look-up, check, tiers", |image| of_lines(image, true)),
    path("R1: tiers of one bill", |_| tiers()),
    path("ledger: member looked up", |_| member()),
    path("ledger: settlement by totals decided", |_| decide(None)),
    path("ledger: settlement of 20 lines decided", |image| decide(Some(image))),
    path("ledger: 20 lines pre-settled", pre_settle),
    path("ledger: cancellation decided", |_| cancel()),
    path("ledger: request that came before", |_| again()),
    path("ledger: settlement by totals applied", |_| apply()),
    path("record by totals: written", |_| write(None)),
    path("record by totals: read whole", |_| whole(None)),
    path("record by totals: lent to a fold", |_| lend(None)),
    path("record of 20 lines: written", |image| write(Some(image))),
    path("record of 20 lines: read whole", |image| whole(Some(image))),
    path("record of 20 lines: lent to a fold", |image| lend(Some(image))),
    path("journal: a record by totals appended", |_| append()),
    path("journal: a record folded by a start", |_| fold()),
    path("snapshot: a member written and read", |_| snapshot()),
    path("wire: answer to 2207 written", |_| answer()),
];

/// Lives as long as the process, which goes one path.
fn leak<T>(one: T) -> &'static T {
    Box::leak(Box::new(one))
}

fn open(image: &Path) -> Image {
    Image::open(image).expect("a built image opens")
}
