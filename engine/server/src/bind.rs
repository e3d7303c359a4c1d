//! Where strings end: a case is bound to a pack and an image, and becomes the values that the core settles.

use yidan_image::View;
use yidan_settlement::bind::{self, Charged, ClaimFacts};
use yidan_settlement::catalogue::Found;
use yidan_settlement::claim::Submitted;
use yidan_settlement::date::Day;
use yidan_settlement::facts::ChargesFacts;
use yidan_settlement::id::{DiagnosisId, VisitId};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::Pack;

use crate::case::{Case, LineCase};
use crate::facts::{CaseFacts, FieldError, channel, family_balances, field, place_of};
use crate::slots::Labels;
use crate::world::{Loaded, World};

/// A case bound to a pack; it lends itself to the core as a [`Submitted`].
#[derive(Debug)]
pub struct Bound {
    /// Texts by which slots are shown.
    pub labels: Labels,
    /// For each line, what the catalogue gave.
    pub found: Vec<Found>,
    facts: CaseFacts,
    diagnoses: Vec<DiagnosisId>,
    balance: Fen,
    family: Vec<Fen>,
    numbers: bind::Bound,
}

/// What binding may still refuse beyond a field: there is nothing to bind to.
#[derive(Debug, Clone, Eq, PartialEq, thiserror::Error)]
pub enum Unbound {
    /// A field means nothing.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The case has fee lines, and no catalogue image was given.
    #[error("the case has fee lines, and no catalogue image is loaded: give one with --catalog")]
    NoCatalogue,
}

/// A stable number for the case's own stay; its text is in [`Labels`].
const THIS_STAY: VisitId = VisitId::new(0);

/// Binds a case to a pack. `number` names a stay that has no `mdtrt_id`.
///
/// # Errors
/// A field that means nothing, or lines without a catalogue.
pub fn bind(case: &Case, loaded: &Loaded, world: &World, number: u64) -> Result<Bound, Unbound> {
    let pack = &*loaded.pack;
    let facts = CaseFacts::of(case)?;
    if case.lines.is_some() && case.totals.is_some() {
        return Err(field("totals", "both", "either `lines` or `totals`").into());
    }
    check_names(case, pack)?;
    let found = match &case.lines {
        Some(lines) => look_up(lines, catalogue_of(case, pack, world).ok_or(Unbound::NoCatalogue)?),
        None => Vec::new(),
    };
    let family = family_balances(&case.member)?;
    let diagnoses = case.visit.diagnoses.iter().filter_map(|code| world.diagnosis(code)).collect();
    let mut bound = Bound {
        labels: Labels::default(),
        found,
        facts,
        diagnoses,
        balance: case.member.balc.map_or(Fen::ZERO, |balance| balance.0),
        family,
        numbers: bind::Bound::default(),
    };
    let mut numbers = bind::Bound::default();
    let filled = numbers.fill(&bound.claim(), pack);
    filled.map_err(|_| field("totals.kinds", "another", "line kinds of the pack"))?;
    bound.numbers = numbers;
    bound.labels = Labels {
        stay: case.visit.continues.clone().unwrap_or_else(|| mdtrt_id(case, number)),
        filing: bind::filing_label(&bound.claim(), pack).into(),
        disease: case.visit.dise_codg.clone(),
        insutype: case.member.insutype.clone(),
    };
    Ok(bound)
}

impl Bound {
    /// The case as the core reads it.
    pub fn submitted(&self) -> Submitted<'_> {
        self.numbers.lend(&self.claim())
    }

    /// Puts the balance that an earlier case of the member left.
    pub fn set_balance(&mut self, balance: Fen) {
        self.balance = balance;
    }

    fn claim(&self) -> ClaimFacts<'_> {
        let facts = &self.facts;
        ClaimFacts {
            member: &facts.member,
            balance: self.balance,
            family: &self.family,
            facility_code: &facts.facility_code,
            facility: &facts.facility,
            visit: &facts.visit,
            stay: THIS_STAY,
            how: &facts.how,
            charged: match &facts.charges {
                ChargesFacts::Uploaded => Charged::Lines(&[]),
                ChargesFacts::Lines(lines) => Charged::Lines(lines),
                ChargesFacts::Totals(totals) => Charged::Totals(totals),
            },
            diagnoses: &self.diagnoses,
        }
    }
}

/// Names that only the pack can tell: a contribution class, line kinds of totals.
fn check_names(case: &Case, pack: &Pack) -> Result<(), FieldError> {
    if let Some(class) = &case.member.contribution_class {
        let known = &pack.data().contributions;
        if !known.is_empty() && pack.contribution(class).is_none() {
            let expected = format!("a class of the pack: {}", known.join(", "));
            return Err(field("member.contribution_class", class, &expected));
        }
    }
    for name in case.totals.iter().flat_map(|totals| totals.kinds.keys()) {
        let known = &pack.data().line_kinds;
        if !known.contains(name) {
            let expected = format!("a line kind of the pack: {}", known.join(", "));
            return Err(field("totals.kinds", name, &expected));
        }
    }
    Ok(())
}

/// The number of a visit, or what stands for it. `number` is that of the case in its input.
pub fn mdtrt_id(case: &Case, number: u64) -> String {
    case.visit.mdtrt_id.clone().unwrap_or_else(|| format!("case-{number}"))
}

/// The view of the catalogue that the lines of a case are looked up in; `None` without an image or for an unreadable division.
pub fn catalogue_of<'w>(case: &Case, pack: &Pack, world: &'w World) -> Option<View<'w>> {
    let treatment = place_of(&case.facility, case.admdvs.as_deref()).ok()?;
    world.catalogue(pack, channel(case.channel), case.admdvs.as_deref(), treatment)
}

fn look_up(lines: &[LineCase], view: View<'_>) -> Vec<Found> {
    let codes: Vec<(&[u8], Day)> = lines
        .iter()
        .map(|line| (line.med_list_codg.as_bytes(), line.fee_ocur_time.0.day()))
        .collect();
    let mut found = Vec::with_capacity(lines.len());
    view.look_up_all(&codes, &mut found);
    found
}
