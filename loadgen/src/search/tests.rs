//! The search against the likeness of servers on noisy machines: it has to agree with itself, to take its time and no more, and to
//! tell where there is nothing to be found.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;

/// A server on a machine that others use.
struct Noisy {
    dice: SmallRng,
    /// Where half of the tries hold.
    capacity: f64,
    /// From a tenth that holds to nine tenths, as a part of the capacity.
    width: f64,
    /// How often a neighbour begins to spoil what is tried: one, two or three tries in a row.
    spoilt: f64,
    spoilt_left: u32,
    /// Seconds that tries have taken; what fails is cut short.
    seconds: f64,
    asked: Vec<Ask>,
}

impl Noisy {
    fn new(seed: u64, capacity: f64, width: f64, spoilt: f64) -> Noisy {
        let (dice, asked) = (SmallRng::seed_from_u64(seed), Vec::new());
        Noisy { dice, capacity, width, spoilt, spoilt_left: 0, seconds: 0.0, asked }
    }

    fn found(&mut self, from: f64) -> Found {
        let search = Search { from, ..Search::default() };
        self.seconds = 0.0;
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(find(search, 0.999, self))
    }
}

impl Trial for Noisy {
    async fn held(&mut self, ask: Ask) -> Option<bool> {
        // What a rough try passes ends a tenth above.
        let capacity = if ask.kind == Kind::Rough { self.capacity * 1.1 } else { self.capacity };
        let steep = 2.0 * 9.0_f64.ln() / (self.width * capacity);
        let holds = 1.0 / (1.0 + ((ask.rate - capacity) * steep).exp());
        if self.spoilt_left == 0 && self.dice.random::<f64>() < self.spoilt {
            self.spoilt_left = self.dice.random_range(1..=3);
        }
        let spoilt = self.spoilt_left > 0;
        self.spoilt_left = self.spoilt_left.saturating_sub(1);
        let held = self.dice.random::<f64>() < holds && !spoilt;
        // Between two tries a second goes by; what fails is cut short, the sooner the further it is off.
        let part = if held { 1.0 } else { 0.6 * (capacity / ask.rate).min(1.0).powi(4) };
        self.seconds += 1.0 + ask.seconds * part;
        self.asked.push(ask);
        Some(held)
    }
}

fn agree(one: f64, other: f64) -> bool {
    one.min(other) > 0.0 && (one - other).abs() <= 0.15 * one.max(other)
}

/// What was seen of p99.9 on two cores of a shared machine: it held at 1,440 always, at 1,600 and 1,700 half of the time, at 1,800 never.
#[test]
fn pairs_of_searches_agree_on_a_machine_as_noisy_as_ours() {
    let (mut agreeing, mut converged, mut seconds) = (0, 0, Vec::new());
    let pairs = 300;
    for pair in 0..pairs {
        let mut server = Noisy::new(pair, 1_600.0, 0.25, 0.03);
        let one = server.found(100.0);
        seconds.push(server.seconds);
        let other = server.found(if one.rate > 0.0 { one.rate / 2.0 } else { 100.0 });
        seconds.push(server.seconds);
        agreeing += u64::from(agree(one.rate, other.rate));
        converged += u64::from(one.doubts.is_empty()) + u64::from(other.doubts.is_empty());
    }
    seconds.sort_unstable_by(f64::total_cmp);
    let (middle, late) = (seconds[seconds.len() / 2], seconds[seconds.len() * 19 / 20]);
    assert!(agreeing * 10 >= pairs * 9, "{agreeing} of {pairs} pairs agree");
    assert!(converged * 10 >= pairs * 2 * 7, "{converged} of {} have converged", pairs * 2);
    assert!(middle < 240.0 && late < 480.0, "{middle:.0} s in the middle, {late:.0} s late");
}

#[test]
fn a_quiet_machine_is_found_to_a_rung_from_wherever_it_begins() {
    for (seed, capacity) in [(1, 40.0), (2, 777.0), (3, 1_610.0), (4, 30_000.0)] {
        for from in [1.0, 100.0, 5_000.0] {
            let mut server = Noisy::new(seed, capacity, 1e-6, 0.0);
            let found = server.found(from);
            let near = (capacity / RUNG - 1.0..=capacity + 1.0).contains(&found.rate);
            assert!(near && found.doubts.is_empty(), "{capacity} from {from}: {found:?}");
            assert!((found.not_at / found.rate) < 1.06, "{found:?}");
        }
    }
}

#[test]
fn verdicts_hang_on_twenty_settlements_beyond_the_quantile() {
    let mut server = Noisy::new(1, 1_600.0, 0.1, 0.0);
    let _ = server.found(100.0);
    let full = server.asked.iter().filter(|ask| ask.kind != Kind::Rough);
    assert!(full.clone().count() > 8);
    for ask in full {
        assert!(ask.rate * ask.seconds * 0.001 >= 19.99, "{ask:?}");
    }
}

/// Where it holds half of the time at any rate no capacity is to be had: two of three searches see it themselves, and pairs always.
#[test]
fn a_wildly_noisy_machine_is_told_as_not_converged() {
    let machines = 30;
    let mut told = 0;
    for seed in 0..machines {
        let mut coin = Noisy::new(seed, 1_600.0, 1e9, 0.0);
        let (mut found, mut from) = (Vec::new(), 100.0);
        for _ in 0..10 {
            let one = coin.found(from);
            told += u64::from(!one.doubts.is_empty());
            from = if one.rate > 2.0 { one.rate / 2.0 } else { 100.0 };
            found.push(one.rate);
        }
        let agreeing = found.chunks(2).filter(|pair| agree(pair[0], pair[1])).count();
        assert!(agreeing < 4, "{found:?}");
    }
    assert!(told * 3 >= machines * 10 * 2, "{told} of {} searches are told", machines * 10);
}

#[test]
fn what_holds_nowhere_has_an_end() {
    let mut never = Noisy::new(1, 1e-3, 1e-6, 0.0);
    let found = never.found(100.0);
    assert_eq!((found.rate, found.doubts.len()), (0.0, 1), "{found:?}");
}

/// Somebody interrupts at the fifth try.
struct Interrupted(u32);

impl Trial for Interrupted {
    async fn held(&mut self, _: Ask) -> Option<bool> {
        self.0 += 1;
        (self.0 < 5).then_some(true)
    }
}

#[test]
fn an_interrupted_search_found_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let found = runtime.block_on(find(Search::default(), 0.999, &mut Interrupted(0)));
    assert_eq!((found.rate, &*found.doubts), (0.0, &["it was interrupted".to_owned()][..]));
}
