//! Random numbers with a fixed seed, and the Zipf distribution in whole numbers.

/// SplitMix64 (Steele, Lea and Flood 2014): small, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall the same way for the same seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }

    /// An index below `n`.
    pub fn index(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).expect("below a usize")
    }
}

/// Ranks 1 ..= n with weights 1 / rank (s = 1.0), drawn by binary search in their sums.
#[derive(Debug)]
pub struct Zipf {
    sums: Vec<u64>,
}

impl Zipf {
    /// For `n` ranks.
    pub fn new(n: usize) -> Zipf {
        let mut sum = 0;
        let weight = |rank: usize| 1_000_000_000_000 / rank as u64;
        let sums = (1..=n).map(|rank| {
            sum += weight(rank);
            sum
        });
        Zipf { sums: sums.collect() }
    }

    /// A rank, counted from nought.
    pub fn draw(&self, dice: &mut Dice) -> usize {
        let all = *self.sums.last().expect("at least one rank");
        let point = dice.below(all);
        self.sums.partition_point(|sum| *sum <= point)
    }
}
