//! The codes of a bill looked up in three steps: each asks memory for what the next one reads, so that reads of different codes
//! overlap, and whoever has other work does it between the steps.

use std::fmt;

use yidan_settlement::catalogue::terms::asked_day;
use yidan_settlement::catalogue::{Found, LookUps};
use yidan_settlement::date::Day;

use crate::code::CodeWords;
use crate::view::View;

/// Look-ups whose reads overlap: as many as a core keeps in flight, with their state in its cache.
const BATCH: usize = 32;

/// The look-ups of a bill, on their way in one region; without an image no code is known. A longer bill than fits goes a batch
/// at a time.
pub struct Search<'a, C> {
    view: Option<View<'a>>,
    codes: C,
    on_their_way: [OnItsWay; BATCH],
    /// So many codes have taken the second step.
    approached: usize,
    found: &'a mut Vec<Found>,
}

/// A look-up on its way.
#[derive(Copy, Clone, Default)]
struct OnItsWay {
    /// `None` for what is no code.
    words: Option<CodeWords>,
    hash: u64,
    day: u16,
    /// Where its entry stands, once its bucket is read.
    place: Option<usize>,
}

impl<'a, 'c, C: AsRef<[(&'c [u8], Day)]>> Search<'a, C> {
    /// Asks memory for the buckets of the codes, each with the day on which its entry is to be in force. What stood in `found`
    /// goes, and what is found comes in there.
    #[inline]
    pub fn new(view: Option<View<'a>>, codes: C, found: &'a mut Vec<Found>) -> Search<'a, C> {
        let count = codes.as_ref().len();
        found.clear();
        found.reserve(count);
        let mut search = Search {
            view,
            codes,
            on_their_way: [OnItsWay::default(); BATCH],
            approached: 0,
            found,
        };
        search.begin(0);
        search
    }

    /// Goes to the end with nothing in between.
    #[inline]
    pub fn finish(mut self) {
        self.approach();
        while self.next().is_some() {}
    }

    /// The first step for the codes from a place on: asks for their buckets.
    #[inline(always)]
    fn begin(&mut self, from: usize) {
        let (Some(view), Some(codes)) = (self.view, self.codes.as_ref().get(from..)) else {
            return;
        };
        for (one, (code, day)) in self.on_their_way.iter_mut().zip(codes) {
            one.words = CodeWords::read(code);
            one.hash = one.words.map_or(0, |words| words.hash(view.seed()));
            one.day = asked_day(*day);
            view.ask_for_bucket(one.hash);
        }
    }

    /// The second step: reads the buckets and asks for the entries.
    #[inline(always)]
    fn approach_from(&mut self, from: usize) {
        self.approached = from + BATCH;
        let (Some(view), Some(codes)) = (self.view, self.codes.as_ref().get(from..)) else {
            return;
        };
        for (one, _) in self.on_their_way.iter_mut().zip(codes) {
            one.place = one.words.and_then(|_| view.place_of(one.hash, one.day));
            view.ask_for_entry(one.place);
        }
    }

    /// The third step: reads an entry.
    #[inline(always)]
    fn read(&self, place: usize) -> Found {
        let one = self.on_their_way[place % BATCH];
        match (self.view, one.place, one.words) {
            (Some(view), Some(place), Some(words)) => {
                view.read_entry(place, words, one.day, &mut ())
            }
            (None, _, _) | (_, None, _) | (_, _, None) => Found::Unknown,
        }
    }
}

impl<'c, C: AsRef<[(&'c [u8], Day)]>> LookUps for Search<'_, C> {
    #[inline(always)]
    fn approach(&mut self) {
        if self.approached == 0 {
            self.approach_from(0);
        }
    }

    #[inline(always)]
    fn next(&mut self) -> Option<Found> {
        let place = self.found.len();
        if place >= self.codes.as_ref().len() {
            return None;
        }
        if place >= self.approached {
            if place > 0 {
                self.begin(place);
            }
            self.approach_from(place);
        }
        let found = self.read(place);
        self.found.push(found);
        Some(found)
    }

    #[inline(always)]
    fn all(&self) -> &[Found] {
        self.found
    }
}

impl<C> fmt::Debug for Search<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").field("found", &self.found).finish_non_exhaustive()
    }
}
