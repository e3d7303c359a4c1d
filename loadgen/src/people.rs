//! Who is at which window: each member is in one visit at a time, each cashier serves one visitor at a time, and what is known of
//! a member's own account is kept from one visit to the next.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::fen::Fen;
use crate::mix::{Drawn, Kind, Mix};
use crate::sign::Signer;
use crate::town::{Facility, Member, Town, mixed};
use crate::wire::{Caller, Cashier, Line};

/// Members and facilities of a town, with their cashiers.
pub struct People {
    town: Town,
    /// Members who are in a visit just now.
    busy: Mutex<HashSet<u32>>,
    balances: Mutex<HashMap<u32, Fen>>,
    facilities: Vec<Windows>,
    hospitals: Kindred,
    away: Kindred,
    pharmacies: Kindred,
}

/// Facilities of one kind, the most visited first, by Zipf's law.
#[derive(Clone)]
struct Kindred {
    places: Vec<usize>,
    /// The part of all visits that goes to each and those before it: it rises to 1.
    up_to: Vec<f64>,
}

/// What came of opening all connections.
#[derive(Debug, Default)]
pub struct Opened {
    /// Open now.
    pub open: u32,
    /// Not open.
    pub failed: u32,
    /// Why the first of these is not.
    pub why: Option<String>,
}

/// The windows of a facility.
struct Windows {
    caller: Caller,
    free: Semaphore,
    /// Whoever was free first serves next: every connection is used, none is left idle until the server closes it.
    cashiers: Mutex<VecDeque<Cashier>>,
}

/// A member in a visit.
pub struct Taken {
    /// The number.
    pub number: u32,
    /// Who.
    pub member: Member,
}

/// A window that is held.
pub struct Window<'w> {
    windows: &'w Windows,
    _place: SemaphorePermit<'w>,
}

impl Kindred {
    fn new(places: Vec<usize>, zipf: f64) -> Kindred {
        let weights = (1..).take(places.len()).map(|rank: u32| f64::from(rank).powf(-zipf));
        let sums: Vec<f64> = weights
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        let all = sums.last().copied().unwrap_or(1.0);
        Kindred { places, up_to: sums.into_iter().map(|sum| sum / all).collect() }
    }

    /// The facility of a number that was drawn from all there are.
    fn of(&self, drawn: u32) -> usize {
        let part = f64::from(drawn) / (f64::from(u32::MAX) + 1.0);
        let rank = self.up_to.partition_point(|up_to| *up_to <= part);
        self.places[rank.min(self.places.len() - 1)]
    }

    /// Each with its part of the visits.
    fn parts(&self) -> impl Iterator<Item = (usize, f64)> {
        let before = std::iter::once(0.0).chain(self.up_to.iter().copied());
        self.places.iter().zip(before).zip(&self.up_to).map(|((at, from), to)| (*at, to - from))
    }
}

/// How many windows each facility has.
fn counts(connections: u32, facilities: u32, mix: &Mix, kinds: [&Kindred; 3]) -> Vec<u32> {
    let even = (connections / 2 / facilities).max(1);
    let left = f64::from(connections.saturating_sub(even * facilities));
    let stays_away = f64::from(mix.inpatient) * f64::from(mix.away) / 1_000.0;
    let pharmacy = f64::from(mix.pharmacy);
    let parts = [pharmacy, 1_000.0 - pharmacy - stays_away, stays_away];
    let mut more = vec![0.0; facilities as usize];
    for (kindred, part) in kinds.into_iter().zip(parts) {
        for (at, of) in kindred.parts() {
            more[at] += of * part / 1_000.0 * left;
        }
    }
    // Rounded so that the sum is that of all: each takes what the sum so far has come over.
    let mut sum = 0.0_f64;
    let rounded = more.into_iter().map(|more| {
        let before = sum.round();
        sum += more;
        even + (sum.round() - before) as u32
    });
    rounded.collect()
}

impl People {
    /// Of a town, with so many connections in all: half of them evenly, at least one a facility, the others where more visitors come.
    pub fn new(town: &Town, signer: &Arc<Signer>, connections: u32, mix: &Mix) -> People {
        let all: Vec<Facility> = (0..town.facilities).map(|number| town.facility(number)).collect();
        let which = |is: &dyn Fn(&Facility) -> bool| -> Vec<usize> {
            all.iter().enumerate().filter(|(_, one)| is(one)).map(|(place, _)| place).collect()
        };
        let hospitals = which(&|one| !one.pharmacy && one.admdvs != "510107");
        let (away, pharmacies) = (which(&|one| one.admdvs == "510107"), which(&|one| one.pharmacy));
        let hospitals = Kindred::new(hospitals, mix.zipf_facilities);
        let pharmacies = Kindred::new(pharmacies, mix.zipf_facilities);
        let away = match away.is_empty() {
            true => hospitals.clone(),
            false => Kindred::new(away, mix.zipf_facilities),
        };
        let counts = counts(connections, town.facilities, mix, [&pharmacies, &hospitals, &away]);
        let mut number = 0..;
        let windows = |(count, facility): (u32, Facility)| {
            let cashiers = number.by_ref().take(count as usize).map(Cashier::new).collect();
            Windows {
                caller: Caller {
                    code: facility.code,
                    admdvs: facility.admdvs,
                    signer: Arc::clone(signer),
                },
                free: Semaphore::new(count as usize),
                cashiers: Mutex::new(cashiers),
            }
        };
        People {
            town: town.clone(),
            busy: Mutex::default(),
            balances: Mutex::default(),
            facilities: counts.into_iter().zip(all).map(windows).collect(),
            hospitals,
            away,
            pharmacies,
        }
    }

    /// Opens every cashier's connection, so that no visit waits for that; what cannot be opened now is told, and tried again by its
    /// first visit.
    pub async fn open(&self, line: &Line) -> Opened {
        let mut opened = Opened::default();
        for windows in &self.facilities {
            let cashiers = std::mem::take(&mut *windows.cashiers.lock());
            for mut cashier in cashiers {
                match cashier.open(line).await {
                    Ok(()) => opened.open += 1,
                    Err(why) => {
                        opened.failed += 1;
                        let _ = opened.why.get_or_insert(why);
                    }
                }
                windows.cashiers.lock().push_back(cashier);
            }
        }
        opened
    }

    /// The member of a rank, or the next who is free, if anybody is: visits of one member do not overlap, so that each finds what
    /// the one before it left.
    pub fn take(&self, rank: u32) -> Option<Taken> {
        let members = self.town.members;
        let first = u32::try_from(mixed(u64::from(rank)) % u64::from(members)).expect("below it");
        let mut busy = self.busy.lock();
        let number = (first..members).chain(0..first).find(|number| busy.insert(*number))?;
        drop(busy);
        Some(Taken { number, member: self.town.member(number) })
    }

    /// The member goes home.
    pub fn leave(&self, taken: Taken) {
        let _ = self.busy.lock().remove(&taken.number);
    }

    /// What the member's account had, if an answer has told.
    pub fn had(&self, member: &Member) -> Option<Fen> {
        self.balances.lock().get(&number(member)).copied()
    }

    /// What it has now.
    pub fn has(&self, member: &Member, balance: Option<Fen>) {
        if let Some(balance) = balance {
            let _ = self.balances.lock().insert(number(member), balance);
        }
    }

    /// What it has is not known any more.
    pub fn forget(&self, taken: &Taken) {
        let _ = self.balances.lock().remove(&taken.number);
    }

    /// A window of the facility of a visit, as soon as one is free.
    pub async fn window(&self, drawn: &Drawn) -> Window<'_> {
        let of = match drawn.kind {
            Kind::Pharmacy => &self.pharmacies,
            Kind::Inpatient if drawn.away => &self.away,
            Kind::Outpatient | Kind::Chronic | Kind::Inpatient => &self.hospitals,
        };
        let windows = &self.facilities[of.of(drawn.facility)];
        let place = windows.free.acquire().await.expect("it is never closed");
        Window { windows, _place: place }
    }

    /// The facility of a code, and a cashier beside those at the windows.
    pub fn office(&self, code: &str) -> Option<(&Caller, Cashier)> {
        let place = self.facilities.iter().position(|one| one.caller.code == code)?;
        Some((&self.facilities[place].caller, Cashier::new(u32::try_from(place).expect("few"))))
    }

    /// How many there are.
    pub fn members(&self) -> u32 {
        self.town.members
    }

    /// The codes of all facilities.
    pub fn facilities(&self) -> impl Iterator<Item = &str> {
        self.facilities.iter().map(|one| one.caller.code.as_str())
    }

    /// The first hospital.
    pub fn anywhere(&self) -> &str {
        &self.facilities[self.hospitals.places[0]].caller.code
    }
}

impl Window<'_> {
    /// The cashier, to be given back.
    pub fn cashier(&self) -> Cashier {
        self.windows.cashiers.lock().pop_front().expect("there are as many as places")
    }

    /// Gives the cashier back.
    pub fn back(&self, cashier: Cashier) {
        self.windows.cashiers.lock().push_back(cashier);
    }

    /// Who calls.
    pub fn caller(&self) -> &Caller {
        &self.windows.caller
    }
}

/// The number of a member, which stands in `psn_no`.
fn number(member: &Member) -> u32 {
    member.psn_no[7..].parse().expect("nine digits behind the pool and a letter")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(connections: u32, facilities: u32, zipf: f64) -> Vec<u32> {
        let town = Town { members: 1_000, facilities, seed: 1 };
        let mix = Mix { zipf_facilities: zipf, ..Mix::default() };
        let people = People::new(&town, &Arc::new(Signer::none()), connections, &mix);
        people.facilities.iter().map(|one| one.cashiers.lock().len() as u32).collect()
    }

    #[test]
    fn windows_are_as_many_as_connections_and_more_where_more_come() {
        for (connections, facilities, zipf) in [(2_400, 600, 0.6), (256, 60, 0.0), (24, 12, 1.0)] {
            let windows = windows(connections, facilities, zipf);
            assert_eq!(windows.iter().sum::<u32>(), connections, "{windows:?}");
            assert!(windows.iter().all(|count| *count >= 1), "{windows:?}");
        }
        let large = windows(2_400, 600, 0.6);
        assert!(large[0] > 10 && large[597] <= 4, "the first hospital {}", large[0]);
        assert_eq!(windows(3, 12, 0.0), [1; 12], "at least one each");
    }

    #[test]
    fn visits_go_by_zipfs_law() {
        let even = Kindred::new(vec![7, 8, 9, 10], 0.0);
        let quarter = 1 << 30;
        let drawn = [0, quarter - 1, quarter, 3 * quarter, u32::MAX].map(|drawn| even.of(drawn));
        assert_eq!(drawn, [7, 7, 8, 10, 10]);
        let first: f64 = Kindred::new((0..100).collect(), 1.0).parts().next().expect("one").1;
        assert!((first - 1.0 / 5.187).abs() < 1e-3, "{first}");
    }
}
