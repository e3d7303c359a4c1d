//! Bands and changes of ratios that stay whole and between nought and one whatever rows hold.

use super::dice::Dice;
use super::world::{World, amount, ratio};

/// A change of a ratio, in ten-thousandths where it is a ratio.
#[derive(Clone, Debug)]
enum Change {
    Factor(i64),
    Points(i64),
    PerYear { age_from: i64, points: i64, max: i64 },
    Floor(i64),
    Ceiling(i64),
}

/// The rows of bands and of changes of one tier, each without its conditions.
pub(crate) struct Ratios {
    pub(crate) bands: Vec<String>,
    pub(crate) changes: Vec<String>,
    pub(crate) listed: bool,
}

/// As many rows of bands as wanted, and changes that suit them all.
pub(crate) fn ratios(dice: &mut Dice, world: &World, rows: usize) -> Ratios {
    let round_rates = dice.percent(80);
    let mut rates = Vec::new();
    let mut bands = Vec::new();
    for _ in 0..rows {
        bands.push(band(dice, round_rates, &mut rates));
    }
    let listed = dice.percent(20);
    for _ in 0..20 {
        let changes =
            if round_rates && dice.percent(60) { changes(dice, world) } else { Vec::new() };
        if rates.iter().all(|rate| always_sound(*rate, &changes, listed)) {
            let changes = changes.iter().map(written).collect();
            return Ratios { bands, changes, listed };
        }
    }
    Ratios { bands, changes: Vec::new(), listed: false }
}

fn band(dice: &mut Dice, round_rates: bool, rates: &mut Vec<i64>) -> String {
    let mut rate = || {
        let rate = if round_rates {
            i64::try_from(dice.between(4, 18)).expect("small") * 500
        } else {
            i64::try_from(dice.between(0, 10_000)).expect("small")
        };
        rates.push(rate);
        ratio(rate)
    };
    let flat = format!("rate = {}", rate());
    let more: Vec<String> = (0..4).map(|_| rate()).collect();
    if dice.percent(40) {
        return flat;
    }
    let mut bands = Vec::new();
    let mut to = 0;
    for rate in more.iter().take(1 + dice.index(4)) {
        to += dice.between(1, 30_000) * *dice.one(&[1, 10, 100]);
        bands.push(format!("{{ to = {}, rate = {rate} }}", amount(to)));
    }
    bands.push(format!("{{ {flat} }}"));
    format!("bands = [{}]", bands.join(", "))
}

fn changes(dice: &mut Dice, world: &World) -> Vec<Change> {
    let mut all = Vec::new();
    for _ in 0..dice.between(1, 4) {
        all.push(match dice.below(8) {
            0 | 1 => Change::Factor(*dice.one(&[5_000, 6_000, 8_000, 11_000, 12_000, 2_000])),
            2 => Change::Points(*dice.one(&[500, 1_000, 200, 250])),
            3 | 4 => Change::Points(*dice.one(&[-500, -1_000, -2_000, -250])),
            5 if world.features.points_per_year => {
                Change::PerYear { age_from: 60, points: 50, max: *dice.one(&[300, 1_000]) }
            }
            6 => Change::Floor(*dice.one(&[3_000, 4_500, 5_000])),
            _ => Change::Ceiling(*dice.one(&[9_000, 9_500, 10_000])),
        });
    }
    all
}

/// Whether every choice of the changes keeps the ratio whole and between nought and one at every
/// step.
fn always_sound(rate: i64, changes: &[Change], listed: bool) -> bool {
    let turn = |c: &Change| match c {
        Change::Factor(_) => 0,
        Change::Points(_) | Change::PerYear { .. } => 1,
        Change::Floor(_) => 2,
        Change::Ceiling(_) => 3,
    };
    let mut ordered: Vec<&Change> = changes.iter().collect();
    if !listed {
        ordered.sort_by_key(|c| turn(c));
    }
    (0..1_u32 << ordered.len()).all(|choice| {
        let chosen = |n: &usize| choice >> n & 1 == 1;
        // Everything that points by age can give: none, and up to twenty steps.
        (59..80).all(|age| {
            let mut picked = (0..ordered.len()).filter(chosen).map(|n| ordered[n]);
            picked.try_fold(rate, |r, change| step(r, change, age)).is_some()
        })
    })
}

fn step(rate: i64, change: &Change, age: i64) -> Option<i64> {
    let next = match change {
        Change::Factor(factor) => {
            let product = (10_000 - rate) * factor;
            if product % 10_000 != 0 {
                return None;
            }
            10_000 - product / 10_000
        }
        Change::Points(points) => rate + points,
        Change::PerYear { age_from, points, max } => {
            rate + ((age - age_from + 1).max(0) * points).min(*max)
        }
        Change::Floor(floor) => rate.max(*floor),
        Change::Ceiling(ceiling) => rate.min(*ceiling),
    };
    (0..=10_000).contains(&next).then_some(next)
}

fn written(change: &Change) -> String {
    match change {
        Change::Factor(factor) => format!("factor = {}", ratio(*factor)),
        Change::Points(points) if *points > 0 => {
            format!("points = {}", ratio(*points).replacen('"', "\"+", 1))
        }
        Change::Points(points) => format!("points = {}", ratio(*points)),
        Change::PerYear { age_from, points, max } => format!(
            "points_per_year = {{ age_from = {age_from}, points = {}, max = {} }}",
            ratio(*points),
            ratio(*max)
        ),
        Change::Floor(floor) => format!("floor = {}", ratio(*floor)),
        Change::Ceiling(ceiling) => format!("ceiling = {}", ratio(*ceiling)),
    }
}
