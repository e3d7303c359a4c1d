//! What visits are: how many of each kind, how many lines a bill has, what they cost, and who repeats, cancels or falls ill far
//! from home. Everything is drawn from one seed and the number of the visit.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, LogNormal, Zipf};
use serde::{Deserialize, Serialize};

use crate::fen::Fen;
use crate::town::mixed;

/// Parts of all visits, out of 1,000, and how lines are drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mix {
    /// Sales of pharmacies.
    pub pharmacy: u32,
    /// Ordinary outpatients.
    pub outpatient: u32,
    /// Outpatients with an approved disease.
    pub chronic: u32,
    /// Stays, as their bill is settled.
    pub inpatient: u32,
    /// Settlements that are cancelled at once, out of 1,000.
    pub refunds: u32,
    /// Settlements that are asked for again under the same `msgid`, out of 1,000.
    pub repeats: u32,
    /// How often a settlement is asked for again where it is: 1, or many where a hospital retries madly.
    pub repeat_times: u32,
    /// Stays in another province, out of 1,000 stays.
    pub away: u32,
    /// Visits that begin with 1101 (who is it?), out of 1,000.
    pub identify: u32,
    /// Lines of a stay, the least and the most.
    pub stay_lines: (u32, u32),
    /// How unevenly codes are drawn: the exponent of Zipf's law.
    pub zipf: f64,
    /// The same of members.
    pub zipf_members: f64,
    /// The same of facilities of a kind; where more visitors come, there are more windows.
    pub zipf_facilities: f64,
}

/// What kind of visit it is.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Kind {
    /// 2101, 2102
    Pharmacy,
    /// 2201 to 2207
    Outpatient,
    /// The same with an approved disease.
    Chronic,
    /// 2401 to 2304
    Inpatient,
}

/// A line of a bill.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// The number of its code among those of the catalogue.
    pub code: usize,
    /// How many.
    pub count: i64,
    /// What one costs.
    pub price: Fen,
}

/// A visit as it was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Its kind.
    pub kind: Kind,
    /// The rank of the member, the first comes most often.
    pub member: u32,
    /// Which facility, out of those that fit: any number, evenly drawn: how far along all that fit it is.
    pub facility: u32,
    /// A stay in another province.
    pub away: bool,
    /// Whether it begins with 1101.
    pub identify: bool,
    /// Whether it is cancelled.
    pub refund: bool,
    /// How often the settlement is asked for again.
    pub repeats: u32,
    /// The lines.
    pub lines: Vec<Line>,
}

/// Draws visits.
#[derive(Clone, Debug)]
pub struct Draw {
    mix: Mix,
    seed: u64,
    members: Zipf<f64>,
    codes: Zipf<f64>,
}

/// The mix of a national day: person-times of the bulletins of 2023.
impl Default for Mix {
    fn default() -> Mix {
        Mix {
            pharmacy: 310,
            outpatient: 570,
            chronic: 80,
            inpatient: 40,
            refunds: 15,
            repeats: 10,
            repeat_times: 1,
            away: 60,
            identify: 1_000,
            stay_lines: (100, 500),
            zipf: 1.0,
            // With 1.0 one member of a million would come for each fourteenth visit.
            zipf_members: 0.5,
            zipf_facilities: 0.0,
        }
    }
}

impl Mix {
    /// What is wrong with it.
    pub fn wrong(&self) -> Option<String> {
        let kinds = [self.pharmacy, self.outpatient, self.chronic, self.inpatient];
        let kinds: u64 = kinds.into_iter().map(u64::from).sum();
        let parts = [self.refunds, self.repeats, self.away, self.identify];
        let (least, most) = self.stay_lines;
        if kinds != 1_000 {
            Some(format!(
                "pharmacy, outpatient, chronic and inpatient come to {kinds}, not to 1000 (what is not given has its default)"
            ))
        } else if parts.iter().any(|part| *part > 1_000) {
            Some("refunds, repeats, away and identify are parts of 1000".to_owned())
        } else if least == 0 || least > most || most > 10_000 {
            Some("stay_lines are the least and the most, from 1 to 10000".to_owned())
        } else if [self.zipf, self.zipf_members, self.zipf_facilities]
            .iter()
            .any(|zipf| !(0.0..=3.0).contains(zipf))
        {
            Some("zipf, zipf_members and zipf_facilities are from 0 to 3".to_owned())
        } else {
            None
        }
    }
}

impl Draw {
    /// From a mix, a seed, and how many members and codes there are.
    ///
    /// # Panics
    /// For a mix that is wrong, no members or no codes.
    pub fn new(mix: &Mix, seed: u64, members: u32, codes: usize) -> Draw {
        let zipf = |of: f64, exponent: f64| {
            Zipf::new(of, exponent).expect("the mix is right, and there are some")
        };
        Draw {
            mix: mix.clone(),
            seed,
            members: zipf(f64::from(members), mix.zipf_members),
            codes: zipf(codes as f64, mix.zipf),
        }
    }

    /// The visit of a number: the same each time.
    pub fn visit(&self, number: u64) -> Drawn {
        let mut dice = SmallRng::seed_from_u64(mixed(self.seed ^ mixed(number)));
        let mix = &self.mix;
        let mut kinds = dice.random_range(0..1_000);
        let mut kind = Kind::Inpatient;
        for (one, part) in [
            (Kind::Pharmacy, mix.pharmacy),
            (Kind::Outpatient, mix.outpatient),
            (Kind::Chronic, mix.chronic),
        ] {
            if kinds < part {
                kind = one;
                break;
            }
            kinds -= part;
        }
        let mut part = |of: u32| dice.random_range(0..1_000) < of;
        let (away, identify) = (kind == Kind::Inpatient && part(mix.away), part(mix.identify));
        let (refund, repeats) = (part(mix.refunds), part(mix.repeats));
        Drawn {
            kind,
            away,
            identify,
            refund,
            repeats: if repeats { mix.repeat_times } else { 0 },
            member: rank(&self.members, &mut dice),
            facility: dice.random(),
            lines: self.lines(kind, &mut dice),
        }
    }

    fn lines(&self, kind: Kind, dice: &mut SmallRng) -> Vec<Line> {
        // Median and spread of what one line costs, in fen: bills come near the national means, 12,175 and 7,674 yuan a stay.
        let (count, median, spread) = match kind {
            Kind::Pharmacy => (dice.random_range(1..=3), 2_800.0, 0.6),
            Kind::Outpatient => (dice.random_range(4..=8), 3_000.0, 0.8),
            Kind::Chronic => (dice.random_range(2..=6), 5_000.0, 0.7),
            Kind::Inpatient => {
                let (least, most) = self.mix.stay_lines;
                (dice.random_range(least..=most), 1_900.0, 0.9)
            }
        };
        let costs = LogNormal::new(f64::ln(median), spread).expect("the spread is a number");
        let line = |_| {
            let pieces = [1, 1, 1, 2, 3, 5][dice.random_range(0..6)];
            let whole = costs.sample(dice).clamp(10.0, 5_000_000.0) as i64;
            Line {
                code: usize::try_from(rank(&self.codes, dice)).expect("it fits"),
                count: pieces,
                price: Fen((whole / pieces).max(1)),
            }
        };
        (0..count).map(line).collect()
    }
}

impl Line {
    /// What it comes to.
    pub fn amount(&self) -> Fen {
        Fen(self.price.0 * self.count)
    }
}

/// A rank from nought on.
fn rank(law: &Zipf<f64>, dice: &mut SmallRng) -> u32 {
    (law.sample(dice) as u32).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_visits_are_what_the_mix_says() {
        let draw = Draw::new(&Mix::default(), 1, 100_000, 700);
        let all: Vec<Drawn> = (0..20_000).map(|number| draw.visit(number)).collect();
        let share = |is: &dyn Fn(&Drawn) -> bool| all.iter().filter(|one| is(one)).count() / 20;
        assert!((290..=330).contains(&share(&|one| one.kind == Kind::Pharmacy)));
        assert!((550..=590).contains(&share(&|one| one.kind == Kind::Outpatient)));
        assert!((70..=90).contains(&share(&|one| one.kind == Kind::Chronic)));
        assert!((33..=47).contains(&share(&|one| one.kind == Kind::Inpatient)));
        assert!((11..=19).contains(&share(&|one| one.refund)));
        let lines: usize = all.iter().map(|one| one.lines.len()).sum();
        // 0.31 of 2, 0.57 of 6, 0.08 of 4, 0.04 of 300.
        assert!((15..=18).contains(&(lines / all.len())), "{}", lines / all.len());
        let stays: Vec<Fen> = all
            .iter()
            .filter(|one| one.kind == Kind::Inpatient)
            .map(|one| one.lines.iter().map(Line::amount).sum())
            .collect();
        let mean =
            stays.iter().map(|fen| fen.0).sum::<i64>() / i64::try_from(stays.len()).expect("few");
        assert!((700_000..1_200_000).contains(&mean), "{mean} fen a stay");
    }

    #[test]
    fn a_visit_is_the_same_each_time() {
        let draw = Draw::new(&Mix::default(), 5, 1_000, 700);
        assert_eq!(draw.visit(17), draw.visit(17));
        assert!((0..50).all(|number| draw.visit(number).member < 1_000));
        assert!((0..50).flat_map(|number| draw.visit(number).lines).all(|line| line.code < 700));
    }

    #[test]
    fn a_mix_that_is_none_is_told() {
        assert_eq!(Mix::default().wrong(), None);
        assert!(Mix { pharmacy: 311, ..Mix::default() }.wrong().is_some());
        assert!(Mix { refunds: 1_001, ..Mix::default() }.wrong().is_some());
        assert!(Mix { stay_lines: (9, 8), ..Mix::default() }.wrong().is_some());
        assert!(Mix { zipf: f64::NAN, ..Mix::default() }.wrong().is_some());
    }
}
