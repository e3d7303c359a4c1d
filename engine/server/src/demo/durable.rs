//! The same year through the durable engine: members and facilities registered, every visit settled for good, the engine stopped,
//! and its journal read back. What it comes to is what the year came to.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use yidan_pipeline::engine::{Engine, EngineError, Setup};
use yidan_pipeline::fold::look;
use yidan_pipeline::shard::Answer;
use yidan_pipeline::{Stopped, Tagged};
use yidan_settlement::command::{End, Settle, What, WhichVisit};
use yidan_settlement::event::{Event, Record, Request};
use yidan_settlement::facts::{FacilityFacts, MemberFacts};
use yidan_settlement::ledger::StateHash;
use yidan_settlement::money::Fen;
use yidan_settlement::stored;

use super::visit::MadeVisit;
use super::watch::{Unsettled, parse};
use crate::case::Case;
use crate::facts::CaseFacts;
use crate::world::World;

/// What the year came to in the durable engine.
#[derive(Debug)]
pub struct Durable {
    /// Members registered.
    pub members: usize,
    /// Visits settled.
    pub settled: u64,
    /// Visits refused.
    pub refused: u64,
    /// `fund_pay_sumamt` of the settled.
    pub fund_pay_sumamt: Fen,
    /// From the first command to the last answer.
    pub took: Duration,
    /// Records and bytes of the journal, and batches with one sync each.
    pub journal: (u64, u64, u64),
    /// The state, live; that of the journal read back was the same.
    pub hash: StateHash,
}

type Back = Tagged<(), Answer>;

/// Commands on their way at once.
const IN_FLIGHT: usize = 256;

struct Year<'e> {
    engine: &'e Engine<Back>,
    to: crossbeam_channel::Sender<((), Result<Answer, Stopped>)>,
    came: Receiver<((), Result<Answer, Stopped>)>,
    on_their_way: usize,
    members: HashMap<String, MemberFacts>,
    facilities: HashMap<String, FacilityFacts>,
    settled: u64,
    refused: u64,
    funds: Fen,
}

/// Settles the year for good in a folder.
///
/// # Errors
/// A mistake of ours: a visit that does not read, an engine that stops, a journal that makes another state.
pub fn durable(world: &World, visits: &[MadeVisit], folder: &Path) -> Result<Durable, Unsettled> {
    let engine: Engine<Back> = Engine::open(folder, &Setup::default(), world.clone())?;
    let (to, came) = unbounded();
    let mut year = Year {
        engine: &engine,
        to,
        came,
        on_their_way: 0,
        members: HashMap::new(),
        facilities: HashMap::new(),
        settled: 0,
        refused: 0,
        funds: Fen::ZERO,
    };
    let begun = Instant::now();
    for visit in visits {
        let case = parse(visit, &visit.json())?;
        year.visit(&case, visit)?;
    }
    while year.on_their_way > 0 {
        year.wait()?;
    }
    let took = begun.elapsed();
    let Year { members, settled, refused, funds, .. } = year;
    let (hash, measures) = engine.stop()?;
    let looked = look(folder, 1)?;
    if StateHash::of(looked.ledgers.iter()) != hash {
        return Err(Unsettled::OtherState);
    }
    let journal = measures.journal;
    Ok(Durable {
        members: members.len(),
        settled,
        refused,
        fund_pay_sumamt: funds,
        took,
        journal: (journal.records, journal.bytes, journal.commit_ns.len()),
        hash,
    })
}

impl Year<'_> {
    fn visit(&mut self, case: &Case, made: &MadeVisit) -> Result<(), Unsettled> {
        let facts = CaseFacts::of(case)
            .map_err(|wrong| Unsettled::Facts(made.mdtrt_id.clone(), wrong.to_string()))?;
        let CaseFacts { member, facility_code, facility, visit, how, charges } = facts;
        if self.facilities.get(&facility_code) != Some(&facility) {
            let what = What::RegisterFacility(facility_code.as_str().into(), facility.clone());
            self.engine.admission().tell_all(what).map_err(EngineError::from)?;
            self.facilities.insert(facility_code.clone(), facility);
        }
        let psn_no = case.member.psn_no.as_str();
        let of_member = Request { psn_no: psn_no.into(), ..Request::default() };
        if self.members.get(psn_no) != Some(&member) {
            let opening = case.member.balc.map_or(Fen::ZERO, |balance| balance.0);
            self.submit(of_member.clone(), What::RegisterMember(member.clone(), opening))?;
            self.members.insert(psn_no.to_owned(), member);
        }
        let (asker, msgid) = (facility_code.as_str().into(), made.mdtrt_id.as_str().into());
        let request = Request { asker, infno: 2207, msgid, ..of_member };
        let settle = Settle { end: End::Stated, visit: WhichVisit::AtOnce(visit), how, charges };
        self.submit(request, What::Settle(settle))
    }

    fn submit(&mut self, request: Request, what: What) -> Result<(), Unsettled> {
        let reply = Tagged::new((), self.to.clone());
        let admission = self.engine.admission();
        admission.submit_until_taken(request, what, reply, |_| self.wait())?;
        self.on_their_way += 1;
        while self.on_their_way > IN_FLIGHT {
            self.wait()?;
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<(), Unsettled> {
        // This holds a sender itself, so an answer or the end of the engine always comes.
        let (_, answer) = self.came.recv().expect("it is held open here");
        self.on_their_way -= 1;
        let bytes = match answer.map_err(EngineError::from)? {
            Answer::Done(_, bytes) => bytes.to_vec(),
            // The year went through this folder before.
            Answer::Again(number) => {
                self.engine.records().fetch(number).map_err(EngineError::from)?
            }
            Answer::PreSettled(_) | Answer::Nothing | Answer::Refused(_) => return Ok(()),
        };
        let record = stored::whole::<Record>(&bytes);
        let event = record.map(|record| record.event);
        if let Some(Event::Settled(settled)) = &event {
            self.settled += 1;
            self.funds = self.funds.plus(settled.decision.fund_sum());
        }
        self.refused += u64::from(event.is_some_and(|event| matches!(event, Event::Refused(_))));
        Ok(())
    }
}
