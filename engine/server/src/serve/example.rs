//! The example town moves in: its facilities and members are registered, and its names put beside them. What is there already is
//! not registered again.

use std::time::Duration;

use yidan_gateway::persons::Persons;
use yidan_gateway::service::Waiting;
use yidan_pipeline::Stopped;
use yidan_pipeline::engine::{Engine, EngineError};
use yidan_settlement::command::What;
use yidan_settlement::event::Request;

use crate::demo::Town;

/// Registers the town with an engine, and its names beside it.
///
/// # Errors
/// The engine has stopped, or names cannot be written.
pub fn settle_in(
    town: &Town,
    engine: &Engine<Waiting>,
    persons: &Persons,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let admission = engine.admission();
    for facility in &town.facilities {
        let what = What::RegisterFacility(facility.code.into(), facility.facts.clone());
        admission.tell_all(what).map_err(EngineError::from)?;
    }
    let mut answers = Vec::with_capacity(town.members.len());
    for member in &town.members {
        let request = Request { psn_no: member.psn_no.as_str().into(), ..Request::default() };
        let what = What::RegisterMember(member.facts.clone(), member.balance);
        let (waiting, answer) = Waiting::new();
        let again = |after: Duration| -> Result<(), Stopped> {
            std::thread::sleep(after);
            Ok(())
        };
        admission.submit_until_taken(request, what, waiting, again).map_err(EngineError::from)?;
        answers.push(answer);
    }
    for answer in answers {
        answer.blocking_recv()?.map_err(EngineError::from)?;
    }
    let named = town.members.iter().map(|member| (member.psn_no.as_str(), &member.person));
    persons.put(named)?;
    Ok(())
}
