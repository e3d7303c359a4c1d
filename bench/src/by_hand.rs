//! Workload R1 (`catalogs/sources/R1/policy.toml`) written out by hand, as fast as it can plainly be: what the general machine is held against.

/// Yearly slots: deductible, above the deductible, basic paid, self-pay, critical illness paid, assistance paid.
pub type Slots = [i64; 6];

/// What the three tiers paid, in fen.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct Paid {
    /// Basic insurance.
    pub basic: i64,
    /// Critical illness.
    pub critical: i64,
    /// Assistance.
    pub assistance: i64,
}

const BASIC_EDGE: i64 = 1_000_000;
const BASIC_CAP: i64 = 15_000_000;
const CRITICAL_FROM: i64 = 1_400_000;
const CRITICAL_CAP: i64 = 40_000_000;
const ASSISTANCE_CAP: i64 = 5_000_000;

/// Settles one bill. `level` 1 to 3; `class` 0 for none, 1 or 2.
#[inline(never)]
pub fn settle(slots: &mut Slots, in_scope: i64, level: u8, class: u8) -> Paid {
    let (deductible, low, high) = match level {
        1 => (40_000, 85, 90),
        2 => (80_000, 75, 80),
        _ => (120_000, 60, 70),
    };
    let due = (deductible - slots[0]).max(0).min(in_scope);
    let base = in_scope - due;
    let below = (BASIC_EDGE - slots[1]).clamp(0, base);
    let basic = ((below * low + (base - below) * high) / 100).min(BASIC_CAP - slots[2]);
    slots[0] += due;
    slots[1] += base;
    slots[2] += basic;

    let self_pay = in_scope - basic;
    let (before, after) = (slots[3], slots[3] + self_pay);
    let band = |from: i64, to: i64| (after.min(to) - before.max(from)).max(0);
    let scaled = band(CRITICAL_FROM, CRITICAL_FROM + 5_000_000) * 60
        + band(CRITICAL_FROM + 5_000_000, CRITICAL_FROM + 10_000_000) * 65
        + band(CRITICAL_FROM + 10_000_000, i64::MAX) * 70;
    let critical = (scaled / 100).min(CRITICAL_CAP - slots[4]);
    slots[3] = after;
    slots[4] += critical;

    let left = self_pay - critical;
    let assistance = match class {
        1 => left * 70 / 100,
        2 => (left - 300_000).max(0) * 60 / 100,
        _ => 0,
    };
    let assistance = assistance.min(ASSISTANCE_CAP - slots[5]);
    slots[5] += assistance;
    Paid { basic, critical, assistance }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_anchors_of_the_workload_come_out() {
        let mut slots = [0; 6];
        let bills = [(4_600_000, 3), (4_600_000, 1), (20_000_000, 3), (20_000_000, 3)];
        let paid: Vec<(i64, i64, i64)> = bills
            .iter()
            .map(|(in_scope, level)| {
                let paid = settle(&mut slots, *in_scope, *level, 2);
                (paid.basic, paid.critical, paid.assistance)
            })
            .collect();
        let anchors = [
            (3_036_000, 98_400, 699_360),
            (4_140_000, 276_000, 0),
            (7_824_000, 7_835_600, 2_424_240),
            (0, 14_000_000, 1_876_400),
        ];
        assert_eq!(paid, anchors);
        assert_eq!(slots, [120_000, 49_080_000, 15_000_000, 34_200_000, 22_210_000, 5_000_000]);
    }
}
