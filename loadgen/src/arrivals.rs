//! When visits arrive: moments after the begin, drawn ahead of any answer. The schedule never waits.

use std::time::Duration;

use rand::Rng;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde::{Deserialize, Serialize};

/// How visits arrive at a rate.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    /// Independently of each other: gaps are exponential.
    #[default]
    Poisson,
    /// Evenly.
    Constant,
}

/// How the rate goes over time, in visits a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "lowercase", deny_unknown_fields)]
pub enum Shape {
    /// The same all the time.
    Flat {
        /// Visits a second.
        rate: f64,
        /// How long.
        seconds: f64,
    },
    /// From one rate to another.
    Ramp {
        /// Visits a second at first.
        from: f64,
        /// Visits a second in the end.
        to: f64,
        /// How long.
        seconds: f64,
    },
    /// One rate after the other, each as long.
    Steps {
        /// Visits a second.
        rates: Vec<f64>,
        /// How long each.
        seconds: f64,
    },
    /// A day's curve, run so many times faster than it is.
    Day {
        /// Visits of the whole day.
        visits: f64,
        /// How many times faster.
        speed: f64,
        /// The first hour that is run, 0 to 23.
        #[serde(default)]
        from_hour: u32,
        /// The hour before which it ends, 1 to 24.
        #[serde(default = "midnight")]
        to_hour: u32,
    },
}

fn midnight() -> u32 {
    24
}

/// Parts of a day's visits by hour, out of 1,000: hospitals fill in the morning, pharmacies in the evening. Three quarters fall
/// into ten hours; the busiest hour has three times the mean of the day.
pub const HOURS: [u32; 24] =
    [4, 3, 2, 2, 2, 4, 12, 40, 100, 125, 115, 75, 45, 60, 85, 90, 75, 45, 35, 32, 24, 14, 7, 4];

/// A part of a schedule: from one rate to another, in a straight line.
#[derive(Copy, Clone, Debug, PartialEq)]
struct Piece {
    from: f64,
    to: f64,
    seconds: f64,
}

/// A part of a schedule that is reported by itself.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Band {
    /// Visits a second at its begin.
    pub from: f64,
    /// Visits a second at its end.
    pub to: f64,
    /// When it begins, in seconds.
    pub begin: f64,
    /// How long it lasts, in seconds.
    pub seconds: f64,
}

/// Parts into which a ramp is reported.
const RAMP_BANDS: u32 = 10;

impl Shape {
    /// The parts that are reported by themselves: each step, each hour, a tenth of a ramp; none where the rate is always the same.
    pub fn bands(&self) -> Vec<Band> {
        let mut pieces = self.pieces();
        if let Shape::Ramp { from, to, seconds } = *self {
            let parts = f64::from(RAMP_BANDS);
            let at = |part: u32| from + (to - from) * f64::from(part) / parts;
            let piece = |part| Piece { from: at(part), to: at(part + 1), seconds: seconds / parts };
            pieces = (0..RAMP_BANDS).map(piece).collect();
        }
        if pieces.len() < 2 {
            return Vec::new();
        }
        let mut begin = 0.0;
        let band = |Piece { from, to, seconds }| {
            let band = Band { from, to, begin, seconds };
            begin += seconds;
            band
        };
        pieces.into_iter().map(band).collect()
    }

    fn pieces(&self) -> Vec<Piece> {
        let flat = |rate: f64, seconds: f64| Piece { from: rate, to: rate, seconds };
        match *self {
            Shape::Flat { rate, seconds } => vec![flat(rate, seconds)],
            Shape::Ramp { from, to, seconds } => vec![Piece { from, to, seconds }],
            Shape::Steps { ref rates, seconds } => {
                rates.iter().map(|rate| flat(*rate, seconds)).collect()
            }
            Shape::Day { visits, speed, from_hour, to_hour } => {
                let hours =
                    HOURS.iter().zip(0..24).filter(|(_, hour)| (from_hour..to_hour).contains(hour));
                hours
                    .map(|(part, _)| {
                        let per_hour =
                            visits * f64::from(*part) / f64::from(HOURS.iter().sum::<u32>());
                        flat(per_hour / 3_600.0 * speed, 3_600.0 / speed)
                    })
                    .collect()
            }
        }
    }

    /// How long arrivals last, in seconds.
    pub fn seconds(&self) -> f64 {
        self.pieces().iter().map(|piece| piece.seconds).sum()
    }

    /// Visits that arrive in the mean.
    pub fn visits(&self) -> f64 {
        self.pieces().iter().map(|piece| (piece.from + piece.to) / 2.0 * piece.seconds).sum()
    }

    /// What is wrong with it.
    pub fn wrong(&self) -> Option<&'static str> {
        let pieces = self.pieces();
        let right = |number: f64| (0.0..=1e9).contains(&number);
        if pieces.is_empty() {
            return Some(
                "it has no time in it: give at least one rate, and from_hour before to_hour",
            );
        }
        let bad = |piece: &Piece| {
            !right(piece.from) || !right(piece.to) || !right(piece.seconds) || piece.seconds == 0.0
        };
        pieces.iter().any(bad).then_some("rates, seconds and speed are numbers above nought, and no larger than a thousand million")
    }

    /// The moments at which visits arrive, rising.
    pub fn moments(
        &self,
        arrivals: Arrivals,
        seed: u64,
    ) -> impl Iterator<Item = Duration> + Send + use<> {
        let mut dice = SmallRng::seed_from_u64(seed);
        let mut pieces = self.pieces().into_iter();
        let mut piece = pieces.next();
        // Where the piece begins, and how far into it the last arrival is.
        let (mut begin, mut at) = (0.0, 0.0);
        std::iter::from_fn(move || {
            let mut gap = match arrivals {
                Arrivals::Poisson => -(1.0 - dice.random::<f64>()).ln(),
                Arrivals::Constant => 1.0,
            };
            loop {
                let now = piece?;
                // What one arrival takes of the piece's expected arrivals: a + b t, integrated from `at`.
                let slope = (now.to - now.from) / now.seconds;
                let rate = now.from + slope * at;
                let left = (rate + now.to) / 2.0 * (now.seconds - at);
                if gap <= left && left > 0.0 {
                    at += if slope.abs() < 1e-12 {
                        gap / rate
                    } else {
                        ((rate * rate + 2.0 * slope * gap).max(0.0).sqrt() - rate) / slope
                    };
                    return Some(Duration::from_secs_f64(begin + at));
                }
                gap -= left;
                begin += now.seconds;
                at = 0.0;
                piece = pieces.next();
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_has_as_many_arrivals_as_its_rates_say() {
        let shapes = [
            Shape::Flat { rate: 50.0, seconds: 200.0 },
            Shape::Ramp { from: 0.0, to: 100.0, seconds: 200.0 },
            Shape::Ramp { from: 90.0, to: 10.0, seconds: 200.0 },
            Shape::Steps { rates: vec![10.0, 0.0, 90.0], seconds: 100.0 },
            Shape::Day { visits: 10_000.0, speed: 600.0, from_hour: 0, to_hour: 24 },
        ];
        for shape in shapes {
            assert_eq!(shape.wrong(), None);
            let even: Vec<Duration> = shape.moments(Arrivals::Constant, 1).collect();
            assert!((even.len() as f64 - 10_000.0).abs() <= 1.0, "{shape:?}: {}", even.len());
            let drawn: Vec<Duration> = shape.moments(Arrivals::Poisson, 7).collect();
            // Five standard deviations.
            assert!((drawn.len() as f64 - 10_000.0).abs() < 500.0, "{shape:?}: {}", drawn.len());
            for all in [even, drawn] {
                assert!(all.is_sorted(), "{shape:?}");
                assert!(all.last().expect("some").as_secs_f64() <= shape.seconds() + 1e-6);
            }
        }
    }

    #[test]
    fn half_of_a_ramp_has_a_quarter_of_its_arrivals() {
        let ramp = Shape::Ramp { from: 0.0, to: 100.0, seconds: 100.0 };
        let first =
            ramp.moments(Arrivals::Constant, 1).filter(|at| at.as_secs_f64() < 50.0).count();
        assert!((1_249..=1_251).contains(&first), "{first}");
    }

    #[test]
    fn what_changes_is_reported_in_parts() {
        assert!(Shape::Flat { rate: 1.0, seconds: 9.0 }.bands().is_empty());
        let ramp = Shape::Ramp { from: 0.0, to: 50.0, seconds: 100.0 }.bands();
        assert_eq!(ramp.len(), 10);
        assert_eq!(ramp[9], Band { from: 45.0, to: 50.0, begin: 90.0, seconds: 10.0 });
        let steps = Shape::Steps { rates: vec![5.0, 7.0], seconds: 3.0 }.bands();
        assert_eq!(steps[1], Band { from: 7.0, to: 7.0, begin: 3.0, seconds: 3.0 });
        let day = Shape::Day { visits: 1.0, speed: 600.0, from_hour: 8, to_hour: 11 };
        assert_eq!(day.bands().len(), 3);
    }

    #[test]
    fn the_same_seed_gives_the_same_schedule() {
        let shape = Shape::Flat { rate: 1_000.0, seconds: 1.0 };
        let of = |seed| shape.moments(Arrivals::Poisson, seed).collect::<Vec<_>>();
        assert_eq!(of(3), of(3));
        assert_ne!(of(3), of(4));
    }

    #[test]
    fn the_busiest_hour_has_three_times_the_mean() {
        assert_eq!(HOURS.iter().sum::<u32>(), 1_000);
        assert_eq!(HOURS.iter().max(), Some(&125));
    }

    #[test]
    fn nonsense_is_told() {
        for shape in [
            Shape::Flat { rate: -1.0, seconds: 1.0 },
            Shape::Flat { rate: 1.0, seconds: 0.0 },
            Shape::Steps { rates: Vec::new(), seconds: 1.0 },
            Shape::Day { visits: 1.0, speed: 1.0, from_hour: 9, to_hour: 9 },
            Shape::Day { visits: 1.0, speed: 0.0, from_hour: 0, to_hour: 24 },
        ] {
            assert!(shape.wrong().is_some(), "{shape:?}");
        }
    }
}
