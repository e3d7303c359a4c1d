//! Which rows hold in each cell of a space: every cell is visited once, and cells alike are one case.

use std::collections::HashMap;

use yidan_settlement::pack::Axis;

use super::condition::Condition;
use super::space::Space;

/// The cells of a space, sorted by what holds in them.
pub(super) struct Census {
    /// For each cell 1 + the number of its case; nought where nothing can hold.
    pub(super) case_of: Vec<u32>,
    /// What holds in each case.
    pub(super) cases: Vec<Case>,
}

/// What a set of cells has in common.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) struct Case {
    /// The rows that hold, rising.
    pub(super) rows: Vec<usize>,
    /// The coordinates on the axes that values grow with, in the order given.
    pub(super) grown: Vec<u16>,
}

/// One visit of all cells, axis by axis from the widest stride to the narrowest.
struct Walk<'w> {
    /// By axis and coordinate: whether any cell there counts.
    open: Vec<Vec<bool>>,
    /// By axis and coordinate: a bit for each row that lets it through.
    lets: Vec<Vec<Vec<u64>>>,
    strides: Vec<usize>,
    growing: Vec<Option<usize>>,
    words: usize,
    known: HashMap<Vec<u64>, u32>,
    census: &'w mut Census,
}

impl Census {
    /// Takes the census of a space of so many cells: rows by their conditions, where `applies` holds, on the axes `growing`
    /// also by coordinate.
    pub(super) fn take(
        space: &Space<'_>,
        size: usize,
        applies: &Condition,
        rows: &[&Condition],
        growing: &[Axis],
    ) -> Census {
        let mut census = Census { case_of: vec![0; size], cases: Vec::new() };
        let words = rows.len().div_ceil(64);
        let mut strides = Vec::new();
        let mut stride = 1_usize;
        let (mut open, mut lets) = (Vec::new(), Vec::new());
        for (axis, radix) in &space.axes {
            strides.push(stride);
            stride *= usize::from(*radix);
            let reached = |at: u16| space.reachable(*axis, at) && space.lets(applies, *axis, at);
            open.push((0..*radix).map(reached).collect());
            let bits = |at: u16| {
                let mut bits = vec![0_u64; words];
                for (row, condition) in rows.iter().enumerate() {
                    bits[row / 64] |= u64::from(space.lets(condition, *axis, at)) << (row % 64);
                }
                bits
            };
            lets.push((0..*radix).map(bits).collect());
        }
        let place = |axis: &Axis| growing.iter().position(|other| other == axis);
        let growing = space.axes.iter().map(|(axis, _)| place(axis)).collect();
        let known = HashMap::new();
        let mut all = vec![u64::MAX; words];
        if let (Some(last), false) = (all.last_mut(), rows.len().is_multiple_of(64)) {
            *last = (1 << (rows.len() % 64)) - 1;
        }
        // Behind the bits of rows, a word for each axis that values grow with.
        all.extend(std::iter::repeat_n(0, space.axes.len()));
        let mut walk = Walk { open, lets, strides, growing, words, known, census: &mut census };
        walk.from(space.axes.len(), 0, &all);
        census
    }
}

impl Walk<'_> {
    fn from(&mut self, axes: usize, cell: usize, held: &[u64]) {
        let Some(axis) = axes.checked_sub(1) else {
            let case = match self.known.get(held) {
                Some(case) => *case,
                None => self.case(held),
            };
            self.census.case_of[cell] = case;
            return;
        };
        let mut narrowed = held.to_vec();
        for at in 0..self.open[axis].len() {
            if !self.open[axis][at] {
                continue;
            }
            let lets = &self.lets[axis][at];
            for word in 0..self.words {
                narrowed[word] = held[word] & lets[word];
            }
            if let Some(place) = self.growing[axis] {
                narrowed[self.words + place] = u64::try_from(at).unwrap_or(0);
            }
            self.from(axis, cell + at * self.strides[axis], &narrowed);
        }
    }

    /// A case not met before.
    fn case(&mut self, held: &[u64]) -> u32 {
        let (bits, grown) = held.split_at(self.words);
        let set = |row: &usize| bits[row / 64] >> (row % 64) & 1 == 1;
        let rows = (0..self.words * 64).filter(set).collect();
        let count = self.growing.iter().flatten().count();
        let grown = grown.iter().take(count).map(|at| u16::try_from(*at).unwrap_or(0)).collect();
        self.census.cases.push(Case { rows, grown });
        let number = u32::try_from(self.census.cases.len()).expect("fewer cases than cells");
        self.known.insert(held.to_vec(), number);
        number
    }
}
