//! Chance from a seed, so that what was found can be found again.

/// SplitMix64.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// One of the first so many numbers.
    pub(super) fn below(&mut self, many: usize) -> usize {
        let many = u64::try_from(many.max(1)).expect("a machine of 64 bits");
        usize::try_from(self.next() % many).expect("a machine of 64 bits")
    }

    /// Whether a chance of one in so many came true.
    pub(super) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(super) fn of<'t, T: ?Sized>(&mut self, all: &[&'t T]) -> &'t T {
        all[self.below(all.len())]
    }

    pub(super) fn bytes(&mut self, many: usize) -> Vec<u8> {
        (0..many).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}
