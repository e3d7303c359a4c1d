//! Chance from a seed: the same seed, the same year.

/// A generator of numbers (splitmix64).
pub(super) struct Dice(u64);

impl Dice {
    /// A stream of its own for each number.
    pub(super) fn new(seed: u64, stream: u64) -> Dice {
        let mut dice = Dice(seed ^ mixed(stream.wrapping_add(1)));
        dice.roll();
        dice
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// From nought to below `bound`, which is above nought.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound.max(1)
    }

    /// From `low` to `high`, both inside.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// The same of days, in which some lie before.
    pub(super) fn days(&mut self, low: i32, high: i32) -> i32 {
        let spread = u64::from(high.abs_diff(low)) + 1;
        low + i32::try_from(self.below(spread)).unwrap_or(0)
    }

    /// True in so many of a hundred.
    pub(super) fn percent(&mut self, hundredths: u64) -> bool {
        self.below(100) < hundredths
    }

    /// One of these; `None` of nothing.
    pub(super) fn of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let place = self.below(u64::try_from(choices.len()).ok()?);
        choices.get(usize::try_from(place).ok()?)
    }
}

/// A number that says nothing of the one it came from.
pub(super) fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ number >> 31
}
