//! Chance from a seed: the same seed gives the same packs and cases on every machine.

/// A stream of chance (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Dice {
        Dice { state: seed }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `0` to `n − 1`.
    ///
    /// # Panics
    /// When `n` is nought.
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "there is no number below nought");
        self.bits() % n
    }

    /// A number from `low` to `high`, both inside.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of a list.
    pub fn one<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let n = self.index(list.len());
        &list[n]
    }

    /// An index into a list of this length.
    ///
    /// # Panics
    /// When the list is empty.
    pub fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).expect("a length fits 64 bits");
        usize::try_from(self.below(length)).expect("an index fits a length")
    }

    /// Some of a list, at least one, in chance order.
    pub fn some<T: Clone>(&mut self, list: &[T]) -> Vec<T> {
        let mut shuffled = self.shuffled(list);
        let keep = 1 + self.index(list.len());
        shuffled.truncate(keep);
        shuffled
    }

    /// A list in chance order.
    pub fn shuffled<T: Clone>(&mut self, list: &[T]) -> Vec<T> {
        let mut left = list.to_vec();
        let mut shuffled = Vec::new();
        while !left.is_empty() {
            let n = self.index(left.len());
            shuffled.push(left.remove(n));
        }
        shuffled
    }
}
