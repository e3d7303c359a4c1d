//! The `explain` node of `--json`: the explanation of a decision with names for numbers and Chinese labels for people.
//! `explain_text` prints the same node as a tree.

mod names;

use serde::{Serialize, Serializer};
use yidan_settlement::admit::SlotKey;
use yidan_settlement::explain::{self, Explanation};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{PARTS, Part};

use crate::answer::Yuan;
use crate::case::Case;
use crate::clerk::Settled;

use names::Names;

/// Why a case was settled as it was.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainAnswer {
    /// Whether a reversal is explained; amounts are those of the settlement it turns round.
    #[serde(skip_serializing_if = "is_false")]
    pub reversed: bool,
    /// What the three catalogues made of the bill.
    pub catalogues: CataloguesAnswer,
    /// The tiers, in order.
    pub tiers: Vec<TierExplained>,
    /// What the person owes and how it is paid.
    pub person: PersonExplained,
    /// Every document cited, once.
    pub sources: Vec<SourceExplained>,
}

/// The bill by the three catalogues.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "national field names")]
pub struct CataloguesAnswer {
    pub medfee_sumamt: Yuan,
    pub inscp_scp_amt: Yuan,
    /// Own cost by the reasons of its lines.
    pub fulamt_ownpay: Vec<OwnCostExplained>,
    pub overlmt: TakenExplained,
    pub preselfpay: TakenExplained,
}

/// Own cost of lines with the same reasons.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct OwnCostExplained {
    pub reasons: Vec<ReasonExplained>,
    pub amount: Yuan,
    /// What of it the facility bears.
    pub hosp_part_amt: Yuan,
    pub lines: Vec<LineExplained>,
}

/// A reason in words.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct ReasonExplained {
    pub number: u16,
    pub text: &'static str,
}

/// A part of the bill with its lines.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct TakenExplained {
    pub amount: Yuan,
    pub lines: Vec<LineExplained>,
}

/// An amount of a line.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct LineExplained {
    pub feedetl_sn: String,
    pub amount: Yuan,
}

/// What one tier did.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words of POLICY.md, and of GLOSSARY.md")]
pub struct TierExplained {
    pub tier: String,
    pub fund: String,
    pub field: &'static str,
    pub year: i32,
    pub governing: String,
    pub basis: Vec<String>,
    pub base: Yuan,
    pub base_of: Vec<BaseExplained>,
    pub caps_before: Vec<CapExplained>,
    pub cut_before: Yuan,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_share: Option<FirstShareExplained>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deductible: Option<DeductibleExplained>,
    pub caps_after: Vec<CapExplained>,
    pub cut_after: Yuan,
    pub covered: Yuan,
    /// The slot on whose axis the bands lie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bands_at: Option<SlotRead>,
    pub bands: Vec<PieceExplained>,
    pub bands_basis: Vec<String>,
    pub banded: Yuan,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<FloorExplained>,
    pub caps_payment: Vec<CapExplained>,
    pub paid_for: Yuan,
    pub paid: Yuan,
    pub above_cap: Yuan,
    pub hosp_part: Yuan,
    pub filing_loss: Yuan,
    pub slots: Vec<SlotExplained>,
    pub lines: Vec<ShareExplained>,
}

/// One thing that a base is made of.
#[derive(Debug, Clone, Serialize)]
pub struct BaseExplained {
    /// `in_scope`, `prepay`, `above_cap_of` or a part that is left.
    pub of: &'static str,
    /// In words.
    pub label: String,
    /// How much there was.
    pub amount: Yuan,
    /// What of it is left out as filing loss.
    pub filing_loss_out: Yuan,
}

/// A cap with what it had left.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct CapExplained {
    pub amount: Yuan,
    /// Whether it is the limit of the approval.
    pub of_approval: bool,
    pub times: i64,
    /// `次`, `日`, or empty where it is not multiplied.
    pub unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<SlotRead>,
    pub left: Yuan,
    pub bites: bool,
    pub basis: Vec<String>,
}

/// A slot's value as a step read it.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct SlotRead {
    pub slot: String,
    pub period: String,
    pub value: SlotFigure,
}

/// A slot before and after.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct SlotExplained {
    pub slot: String,
    pub period: String,
    pub before: SlotFigure,
    pub after: SlotFigure,
    pub read: bool,
    pub written: bool,
}

/// The value of a slot: an amount, or a count.
#[derive(Debug, Clone, Copy)]
pub struct SlotFigure {
    /// Whether it counts.
    pub count: bool,
    /// The value.
    pub value: Fen,
}

/// The first share.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct FirstShareExplained {
    pub of: Yuan,
    pub rate: String,
    pub amount: Yuan,
    pub penalty: bool,
    pub basis: Vec<String>,
}

/// The deductible.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct DeductibleExplained {
    /// `fixed`, `by_admission` or `share`.
    pub form: &'static str,
    /// How the amount is found, in words.
    pub label: String,
    /// Why none is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub none: Option<&'static str>,
    pub amount: Yuan,
    pub times: i64,
    pub unit: &'static str,
    pub factors: Vec<FactorExplained>,
    pub whole: Yuan,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub less: Option<SlotRead>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<CeilingExplained>,
    pub due: Yuan,
    pub taken: Yuan,
    pub basis: Vec<String>,
}

/// A factor with the amount after it.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct FactorExplained {
    pub rate: String,
    pub after: Yuan,
}

/// What all deductibles together do not pass.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct CeilingExplained {
    pub amount: Yuan,
    pub slot: SlotRead,
}

/// What lies in one band.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct PieceExplained {
    /// The line kind, where kinds have ratios of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub from: Yuan,
    pub to: Yuan,
    pub ratio: String,
    pub amount: Yuan,
    pub paid: Yuan,
}

/// The floor under the payment.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct FloorExplained {
    pub rate: String,
    pub of: Yuan,
    /// What `of` is, in words.
    pub label: &'static str,
    pub amount: Yuan,
    pub lifts: bool,
    pub basis: Vec<String>,
}

/// A line's share of a payment.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct ShareExplained {
    pub feedetl_sn: String,
    pub base: Yuan,
    pub paid: Yuan,
}

/// What the person owes and how it is paid.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "national field names")]
pub struct PersonExplained {
    pub psn_part_amt: Yuan,
    pub fulamt_ownpay_amt: Yuan,
    pub overlmt_selfpay: Yuan,
    /// What no tier paid of covered cost, by part.
    pub borne: Vec<BaseExplained>,
    pub acct_pay: Yuan,
    pub acct_mulaid_pay: Yuan,
    pub account_basis: Vec<String>,
    pub psn_cash_pay: Yuan,
    pub balc: Yuan,
}

/// A cited document.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words of POLICY.md")]
pub struct SourceExplained {
    pub id: String,
    pub document: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    pub date: String,
    pub grade: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Serialize for SlotFigure {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.count { to.collect_str(&self.value.get()) } else { to.collect_str(&self.value) }
    }
}

/// The explanation of a settled case, as data of the core.
pub fn explanation(settled: &Settled<'_>) -> Explanation {
    let labels = &settled.bound.labels;
    let read = |key: SlotKey| labels.read(&settled.before, key, settled.pack);
    explain::explain(settled.decision, &settled.bound.submitted(), settled.pack, read)
}

/// The explanation of a settled case, with names.
pub fn explained(settled: &Settled<'_>, case: &Case) -> ExplainAnswer {
    let names = Names {
        pack: settled.pack,
        labels: &settled.bound.labels,
        lines: case.lines.as_deref().unwrap_or(&[]),
    };
    names.answer(&explanation(settled))
}

/// What a part of covered cost is called.
pub fn part_label(part: Part) -> &'static str {
    match part {
        Part::PrePay => "先行自付",
        Part::FirstShare => "首先自付",
        Part::Deductible => "起付线",
        Part::CoPay => "段内自付",
        Part::AboveCap => "超封顶线",
    }
}

/// All parts, in the order they are shown.
pub const PARTS_SHOWN: [Part; PARTS] =
    [Part::PrePay, Part::FirstShare, Part::Deductible, Part::CoPay, Part::AboveCap];

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}
