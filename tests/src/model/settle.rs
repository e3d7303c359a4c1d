//! One case from its JSON to the bill: admission, lines, the parts of the year, the tiers, the
//! account.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::case::{BillIn, Case, FourParts};
use super::catalogue::Catalogue;
use super::date::Date;
use super::exact::{Exact, Fen};
use super::facts::Facts;
use super::lines::{self, LineParts, Setting};
use super::machine::{AboveCap, Copay, Deductible, FirstShare, Part, Parts, Prepay};
use super::machine::{State, TierRow, Untouched, part_named};
use super::pack::Pack;
use super::refusal::{Admitted, Refusal, admit};
use super::slots::{Place, Slots};
use super::tier::Ground;
use super::year::{YearPart, age_day, parts_of};

/// What a case comes to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The bill.
    Settled(Box<Bill>),
    /// The whole claim is refused, for the first reason that applies.
    Refused(Refusal),
}

/// One bill; all amounts in fen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bill {
    /// Whose it is.
    pub psn_no: String,
    /// The tiers that were entered, in order; once more for each part of a divided stay.
    pub rows: Vec<TierRow>,
    /// The bill's sum and its four parts.
    pub medfee: Fen,
    /// 全自费, the facility's cost by edits counted in.
    pub own: Fen,
    /// 超限价
    pub over: Fen,
    /// 先行自付
    pub prepay: Fen,
    /// 政策范围内
    pub in_scope: Fen,
    /// Payments by the field of `setlinfo`.
    pub funds: BTreeMap<&'static str, Fen>,
    /// The facility's part.
    pub hosp_part: Fen,
    /// The member's part.
    pub psn_part: Fen,
    /// What the parts of the member's covered cost came to; co-pay with what no tier took.
    pub parts: Parts,
    /// Paid by accounts, own and family.
    pub acct_pay: Fen,
    /// Paid by family accounts.
    pub acct_mulaid_pay: Fen,
    /// Paid in cash.
    pub cash: Fen,
    /// Balance of the own account after.
    pub balance: Fen,
    /// Deductibles of the basic tiers.
    pub act_pay_dedc: Fen,
    /// Parts of each line, for a case with lines.
    pub lines: Vec<LineParts>,
    /// The accumulators that this bill wrote.
    pub written: BTreeSet<Place>,
    /// All accumulators of the member after the bill that are not nought.
    pub slots: BTreeMap<Place, Fen>,
    /// The slots of the pack that count instead of holding fen.
    pub counts: BTreeSet<String>,
}

impl Bill {
    /// The sum of one field of `setlinfo` that a fund pays.
    pub fn fund(&self, field: &str) -> Fen {
        self.funds.get(field).copied().unwrap_or(0)
    }

    /// The row of a tier.
    pub fn row(&self, id: &str) -> Option<&TierRow> {
        self.rows.iter().find(|row| row.id == id)
    }
}

/// A bit of the bill that lies on one day (or on none, for a case by totals) and in one line kind.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) day: Option<Date>,
    pub(crate) kind: String,
    pub(crate) parts: FourParts,
    pub(crate) facility: Fen,
    pub(crate) quantity: Exact,
}

/// Settles a case by totals.
///
/// # Panics
/// When the case cannot be read, or meets an error of the pack that the model does not look for
/// beforehand.
pub fn settle(pack: &Pack, case: &Value, slots: &mut Slots) -> Outcome {
    settle_with(pack, &Catalogue::default(), case, slots)
}

/// Settles a case whose lines are looked up in a catalogue.
///
/// # Panics
/// As [`settle`].
pub fn settle_with(pack: &Pack, catalogue: &Catalogue, case: &Value, slots: &mut Slots) -> Outcome {
    let case = Case::read(case).expect("the cases of the tests can be read");
    // A refused case changes nothing: what it brings is not kept.
    let admitted = match admit(pack, &case) {
        Ok(admitted) => admitted,
        Err(refusal) => return Outcome::Refused(refusal),
    };
    slots.bring(pack, &case);
    let (items, lines) = items(pack, catalogue, &case, &admitted);
    let parts = parts_of(pack, &case, &admitted, items.clone());
    let states: Vec<State> = parts.iter().map(|part| run_tiers(pack, &case, part, slots)).collect();
    let last = &parts.last().expect("a bill has at least one part").facts;
    Outcome::Settled(Box::new(bill(pack, &case, &items, lines, states, last, slots)))
}

/// The bill in items, and the parts of its lines.
fn items(
    pack: &Pack,
    catalogue: &Catalogue,
    case: &Case,
    admitted: &Admitted<'_>,
) -> (Vec<Item>, Vec<LineParts>) {
    match &case.bill {
        BillIn::Totals(totals) => {
            let ordinary = || vec![("ordinary".to_owned(), totals.parts.clone())];
            let kinds = totals.kinds.clone().unwrap_or_else(ordinary);
            let item = |(kind, parts): (String, FourParts)| Item {
                day: None,
                kind,
                parts: if admitted.all_own { all_own(&parts) } else { parts },
                facility: 0,
                quantity: Exact::from_integer(0),
            };
            (kinds.into_iter().map(item).collect(), Vec::new())
        }
        BillIn::Lines(lines) => {
            let age = |day| {
                let on = age_day(pack, case, admitted, day);
                case.member.birth.map(|birth| on.age_of(birth))
            };
            let setting = Setting {
                catalogue,
                setting: &admitted.benefit.setting,
                maternity: admitted.benefit.maternity,
                family: admitted.family,
                level: case.facility.ceiling_level,
                male: case.member.male,
                age: &age,
                diagnoses: &case.visit.diagnoses,
                cover_ends: super::facts::cover_ends(case),
                all_own: admitted.all_own,
            };
            let checked = lines::check(&setting, lines);
            let items = checked.iter().zip(lines).map(|((p, tag), line)| Item {
                day: Some(lines::original_day(lines, line)),
                kind: kind_of(pack, tag),
                parts: FourParts { own: p.own, over: p.over, prepay: p.prepay, scope: p.scope },
                facility: p.facility,
                quantity: p.quantity,
            });
            (items.collect(), checked.iter().map(|(parts, _)| parts.clone()).collect())
        }
    }
}

fn all_own(parts: &FourParts) -> FourParts {
    let own = parts.own + parts.over + parts.prepay + parts.scope;
    FourParts { own, over: 0, prepay: 0, scope: 0 }
}

fn kind_of(pack: &Pack, tag: &str) -> String {
    let kind = pack.line_kinds.iter().find(|(_, tags)| tags.iter().any(|t| t == tag));
    kind.map_or_else(|| "ordinary".to_owned(), |(id, _)| id.clone())
}

/// The tiers over one part of the bill.
fn run_tiers(pack: &Pack, case: &Case, part: &YearPart, slots: &mut Slots) -> State {
    let kinds = pack.kinds();
    let of =
        |kind: &str| -> Vec<&Item> { part.items.iter().filter(|item| item.kind == kind).collect() };
    let untouched = kinds.iter().map(|kind| Untouched {
        kind: kind.clone(),
        scope: of(kind).iter().map(|item| item.parts.scope).sum(),
        prepay: of(kind).iter().map(|item| item.parts.prepay).sum(),
    });
    let quantities: Vec<(String, Exact)> = kinds
        .iter()
        .map(|kind| (kind.clone(), of(kind).iter().map(|item| item.quantity).sum()))
        .collect();
    let sum = |f: fn(&FourParts) -> Fen| part.items.iter().map(|item| f(&item.parts)).sum();
    let ground = Ground {
        pack,
        facts: &part.facts,
        psn_no: &case.member.psn_no,
        total: sum(|p| p.own + p.over + p.prepay + p.scope),
        in_scope: sum(|p| p.scope),
        quantities: match case.bill {
            BillIn::Totals(_) => None,
            BillIn::Lines(_) => Some(&quantities),
        },
        no_deductible: part.no_deductible,
    };
    let mut state = State::new(untouched.collect());
    for tier in &pack.tiers {
        state.run(&ground, tier, slots);
    }
    state
}

/// The field of `setlinfo` that a fund feeds; `None` for the facility's own.
fn field(fund: &str) -> Option<&'static str> {
    match fund {
        "310100" | "310102" | "390100" | "390102" => Some("hifp_pay"),
        "390200" => Some("hifmi_pay"),
        "330100" | "310300" => Some("hifob_pay"),
        "370100" => Some("hifes_pay"),
        "320100" => Some("cvlserv_pay"),
        "350100" => Some("hifdm_pay"),
        "610100" => Some("maf_pay"),
        facility if facility.starts_with("9999") => None,
        _ => Some("oth_pay"),
    }
}

/// Puts the bill together and lets the accounts pay.
fn bill(
    pack: &Pack,
    case: &Case,
    items: &[Item],
    lines: Vec<LineParts>,
    states: Vec<State>,
    facts: &Facts,
    slots: &mut Slots,
) -> Bill {
    let sum = |f: fn(&FourParts) -> Fen| items.iter().map(|item| f(&item.parts)).sum::<Fen>();
    let (own, over) = (sum(|p| p.own), sum(|p| p.over));
    let (prepay, in_scope) = (sum(|p| p.prepay), sum(|p| p.scope));
    let by_edits: Fen = items.iter().map(|item| item.facility).sum();
    let mut parts = Parts::new();
    for part in [Prepay, FirstShare, Deductible, Copay, AboveCap] {
        parts.insert(part, states.iter().map(|s| s.part(part)).sum());
    }
    let untouched: Fen = states.iter().flat_map(|s| &s.untouched).map(|u| u.scope).sum();
    *parts.entry(Copay).or_insert(0) += untouched;

    let rows: Vec<TierRow> = states.iter().flat_map(|s| s.rows.clone()).collect();
    let mut funds = BTreeMap::new();
    let mut hosp_part: Fen = by_edits + states.iter().map(|s| s.facility).sum::<Fen>();
    for row in &rows {
        match field(&row.fund) {
            Some(field) => *funds.entry(field).or_insert(0) += row.paid,
            None => hosp_part += row.paid,
        }
    }
    // The member's part from the parts; that the whole comes to the bill's sum is for the tests to
    // see.
    let psn_part = own - by_edits + over + parts.values().sum::<Fen>();
    let owed = |name: &str| match name {
        "own" => own - by_edits,
        "over_ceiling" => over,
        name => parts.get(&part_named(name)).copied().unwrap_or(0),
    };
    let (own_account, family) = accounts(pack, case, facts, owed, slots);
    Bill {
        psn_no: case.member.psn_no.clone(),
        act_pay_dedc: rows.iter().filter(|r| r.basic).map(|r| r.deductible).sum(),
        rows,
        medfee: own + over + prepay + in_scope,
        own,
        over,
        prepay,
        in_scope,
        funds,
        hosp_part,
        psn_part,
        acct_pay: own_account + family,
        acct_mulaid_pay: family,
        cash: psn_part - own_account - family,
        balance: slots.balance(&case.member.psn_no),
        parts,
        lines,
        written: states.into_iter().flat_map(|s| s.written).collect(),
        slots: slots.of(&case.member.psn_no),
        counts: pack.slots.iter().filter(|s| s.count).map(|s| s.id.clone()).collect(),
    }
}

/// What the own and the family accounts pay.
fn accounts(
    pack: &Pack,
    case: &Case,
    facts: &Facts,
    owed: impl Fn(&str) -> Fen,
    slots: &mut Slots,
) -> (Fen, Fen) {
    let rows: Vec<_> =
        pack.accounts.iter().filter(|a| a.conditions.hold(facts, &facts.level)).collect();
    assert!(rows.len() <= 1, "{} rows of the account hold at once", rows.len());
    let Some(row) = rows.first().filter(|_| !case.manual) else { return (0, 0) };
    let mut left: Fen = row.parts.iter().map(|part| owed(part)).sum();
    let (mut own, mut family) = (0, 0);
    for whose in &row.order {
        let used = match case.visit.account_use.as_str() {
            "1" => whose == "own",
            "2" => true,
            _ => false,
        };
        let mine = vec![case.member.psn_no.clone()];
        let theirs = case.member.family.iter().map(|(psn_no, _)| psn_no.clone()).collect();
        let (payers, paid) = if whose == "own" { (mine, &mut own) } else { (theirs, &mut family) };
        for payer in payers.iter().filter(|_| used) {
            let pays = left.min(slots.balance(payer));
            slots.spend(payer, pays);
            left -= pays;
            *paid += pays;
        }
    }
    (own, family)
}

impl Outcome {
    /// The bill, when there is one.
    pub fn bill(&self) -> Option<&Bill> {
        match self {
            Outcome::Settled(bill) => Some(bill),
            Outcome::Refused(_) => None,
        }
    }
}

/// The identities of a bill that do not hold, in words.
pub fn broken_identities(bill: &Bill) -> Vec<String> {
    let mut broken = Vec::new();
    let mut same = |what: &str, left: Fen, right: Fen| {
        if left != right {
            broken.push(format!("{what}: {left} is not {right}"));
        }
    };
    let funds: Fen = bill.funds.values().sum();
    let parts = bill.own + bill.over + bill.prepay + bill.in_scope;
    same("medfee of parts", bill.medfee, parts);
    same("medfee of payers", bill.medfee, funds + bill.hosp_part + bill.psn_part);
    same("member", bill.psn_part, bill.acct_pay + bill.cash);
    let negative: Vec<&Part> =
        bill.parts.iter().filter(|(_, v)| **v < 0).map(|(part, _)| part).collect();
    same("parts below nought", i128::from(!negative.is_empty()), 0);
    for row in &bill.rows {
        let reached = row.base - row.first_share - row.deductible - row.above_cap;
        same("paid within the base", row.paid.clamp(0, row.base), row.paid);
        same("reached", reached.clamp(0, row.covered), reached);
    }
    same("cash below nought", i128::from(bill.cash < 0 || bill.acct_pay < 0), 0);
    broken
}
