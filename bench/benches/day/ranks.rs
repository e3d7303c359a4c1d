//! Ranks with falling weights, drawn in one step: bills are made by one thread beside the engine and may cost it little.

use yidan_bench::dice::Dice;

/// Walker's alias method in whole numbers: each cell stands for its own rank below a threshold, and for another from there on.
pub(crate) struct Ranks {
    cells: Vec<(u32, u32)>,
}

impl Ranks {
    /// So many, the n-th counted from nought with a weight of 1 / (n + first): Zipf with s = 1, whose head is cut off where
    /// `first` is more than one.
    pub(crate) fn zipf(count: usize, first: u64) -> Ranks {
        let number = u32::try_from(count).expect("below 2³²");
        let weight = |rank: u32| 1_000_000_000_000 / (u64::from(rank) + first);
        let sum: u64 = (0..number).map(weight).sum();
        // In such a unit that their mean is the sum.
        let mut left: Vec<u64> = (0..number).map(|rank| weight(rank) * u64::from(number)).collect();
        let (mut light, mut heavy): (Vec<u32>, Vec<u32>) =
            (0..number).partition(|rank| left[place(*rank)] < sum);
        let part = |weight: u64| {
            u32::try_from((u128::from(weight) << 32) / u128::from(sum)).unwrap_or(u32::MAX)
        };
        let mut cells: Vec<(u32, u32)> = (0..number).map(|rank| (u32::MAX, rank)).collect();
        while let (Some(small), Some(large)) = (light.pop(), heavy.last().copied()) {
            let own = left[place(small)];
            cells[place(small)] = (part(own), large);
            left[place(large)] -= sum - own;
            if left[place(large)] < sum {
                heavy.pop();
                light.push(large);
            }
        }
        Ranks { cells }
    }

    /// Adds up what each rank has in all cells, in units of 2⁻³² cells.
    ///
    /// # Panics
    /// Where that is not its weight, within one unit a cell.
    pub(crate) fn check(&self, first: u64) {
        let count = self.cells.len() as u64;
        let mut has = vec![0_u64; self.cells.len()];
        for (cell, (threshold, other)) in self.cells.iter().enumerate() {
            has[cell] += u64::from(*threshold);
            has[place(*other)] += (1 << 32) - u64::from(*threshold);
        }
        let weight = |rank: u64| 1_000_000_000_000 / (rank + first);
        let sum: u64 = (0..count).map(weight).sum();
        for (rank, has) in (0..count).zip(has) {
            let due = (u128::from(weight(rank) * count) << 32) / u128::from(sum);
            assert!(
                u128::from(has).abs_diff(due) <= u128::from(count),
                "rank {rank} has {has}, not {due}"
            );
        }
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// A rank, counted from nought.
    pub(crate) fn draw(&self, dice: &mut Dice) -> usize {
        let (bits, count) = (dice.bits(), self.cells.len() as u64);
        let cell = usize::try_from(((bits >> 32) * count) >> 32).expect("a place in memory");
        let (threshold, other) = self.cells[cell];
        if bits & 0xFFFF_FFFF < u64::from(threshold) { cell } else { place(other) }
    }
}

fn place(rank: u32) -> usize {
    usize::try_from(rank).expect("a place in memory")
}
