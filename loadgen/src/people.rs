//! Who is at which window: each member is in one visit at a time, each cashier serves one visitor at a time, and what is known of
//! a member's own account is kept from one visit to the next.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::fen::Fen;
use crate::mix::{Drawn, Kind};
use crate::sign::Signer;
use crate::town::{Facility, Member, Town, mixed};
use crate::wire::{Caller, Cashier};

/// Members and facilities of a town, with their cashiers.
pub struct People {
    town: Town,
    /// Members who are in a visit just now.
    busy: Mutex<HashSet<u32>>,
    balances: Mutex<HashMap<u32, Fen>>,
    facilities: Vec<Windows>,
    hospitals: Vec<usize>,
    away: Vec<usize>,
    pharmacies: Vec<usize>,
}

/// The windows of a facility.
struct Windows {
    caller: Caller,
    free: Semaphore,
    cashiers: Mutex<Vec<Cashier>>,
}

/// A member in a visit.
pub struct Taken {
    number: u32,
    /// Who.
    pub member: Member,
}

/// A window that is held.
pub struct Window<'w> {
    windows: &'w Windows,
    _place: SemaphorePermit<'w>,
}

impl People {
    /// Of a town, with so many connections in all, at least one a facility.
    pub fn new(town: &Town, signer: &Arc<Signer>, connections: u32) -> People {
        let all: Vec<Facility> = (0..town.facilities).map(|number| town.facility(number)).collect();
        let which = |is: &dyn Fn(&Facility) -> bool| -> Vec<usize> {
            all.iter().enumerate().filter(|(_, one)| is(one)).map(|(place, _)| place).collect()
        };
        let hospitals = which(&|one| !one.pharmacy && one.admdvs != "510107");
        let (away, pharmacies) = (which(&|one| one.admdvs == "510107"), which(&|one| one.pharmacy));
        let (each, more) = (connections / town.facilities, connections % town.facilities);
        let mut number = 0..;
        let windows = |(place, facility): (u32, Facility)| {
            let count = (each + u32::from(place < more)).max(1);
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
            facilities: (0..).zip(all).map(windows).collect(),
            away: if away.is_empty() { hospitals.clone() } else { away },
            hospitals,
            pharmacies,
        }
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
        let windows = &self.facilities[of[drawn.facility as usize % of.len()]];
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
        &self.facilities[self.hospitals[0]].caller.code
    }
}

impl Window<'_> {
    /// The cashier, to be given back.
    pub fn cashier(&self) -> Cashier {
        self.windows.cashiers.lock().pop().expect("there are as many as places")
    }

    /// Gives the cashier back.
    pub fn back(&self, cashier: Cashier) {
        self.windows.cashiers.lock().push(cashier);
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
