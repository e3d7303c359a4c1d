//! What a settled or refused case is answered as JSON: one line, national field names, amounts as text with two decimals.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use yidan_gateway::setl::{Basic, clr_type, proceedings};
pub use yidan_gateway::setl::{rates, tier};
use yidan_settlement::bill::Decision;
use yidan_settlement::claim::LineParts;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{FundField, Pack, Tier};
use yidan_settlement::price::LineOutcome;
use yidan_settlement::reason::{LineReason, Refusal};
use yidan_settlement::tiers::TierRow;

use crate::case::{Case, LineCase};
use crate::clerk::Settled;
use crate::explain_json::ExplainAnswer;
use crate::grounds::{Ground, grounds};
use crate::notes::notes;
use crate::slots::SlotValues;

/// The answer to one case.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "one answer at a time, printed at once")]
pub enum Answer {
    /// Settled.
    Settled(SettledAnswer),
    /// Refused.
    Refused(RefusedAnswer),
}

/// A settled case.
#[derive(Debug, Serialize)]
pub struct SettledAnswer {
    /// Number of the case in its input, from 1.
    pub case: u64,
    /// `setlinfo`, in the platform's order.
    pub setlinfo: SetlInfo,
    /// One row a payment.
    pub setldetail: Vec<SetlDetail>,
    /// One row a fee line.
    pub lines: Vec<LineAnswer>,
    /// One row a tier.
    pub tiers: Vec<TierAnswer>,
    /// Slots of the member after.
    pub slots: BTreeMap<String, BTreeMap<String, String>>,
    /// Numbers of all reasons, each once.
    pub reasons: Vec<u16>,
    /// What the reader should know: assumptions used, examples, tolerated amounts, reviews.
    pub warnings: Vec<String>,
    /// The explanation, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<ExplainAnswer>,
}

/// A refused case.
#[derive(Debug, Serialize)]
pub struct RefusedAnswer {
    /// Number of the case in its input, from 1.
    pub case: u64,
    /// Number of the reason.
    pub refused: u16,
    /// The reason in Chinese, ending with its number in brackets.
    pub err_msg: String,
    /// Numbers of all reasons.
    pub reasons: Vec<u16>,
    /// `feedetl_sn` of the line, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedetl_sn: Option<String>,
    /// Path of the line, else of the field to look at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The fields that the refusal rests on, with what was found there.
    pub grounds: Vec<Ground>,
    /// What was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<Yuan>,
    /// What was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub computed: Option<Yuan>,
}

/// An amount, written in yuan with two decimals.
#[derive(Debug, Clone, Copy, Eq, PartialEq, Default)]
pub struct Yuan(pub Fen);

impl Serialize for Yuan {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// `setlinfo` of the platform: every field of 2304's, in its order. What no case of the command line says is empty.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct SetlInfo {
    pub mdtrt_id: String,
    pub setl_id: &'static str,
    pub psn_no: String,
    pub psn_name: &'static str,
    pub psn_cert_type: &'static str,
    pub certno: &'static str,
    pub gend: String,
    pub naty: &'static str,
    pub brdy: String,
    pub age: String,
    pub insutype: String,
    pub psn_type: String,
    pub cvlserv_flag: &'static str,
    pub setl_time: String,
    pub mdtrt_cert_type: &'static str,
    pub med_type: String,
    #[serde(flatten)]
    pub sums: SetlSums,
    pub medins_setl_id: String,
    pub clr_optins: &'static str,
    pub clr_way: &'static str,
    pub clr_type: &'static str,
    pub exp_content: &'static str,
    /// Not the platform's, as the two after it: where.
    pub fixmedins_code: String,
    /// From when.
    pub begntime: String,
    /// Until when.
    pub endtime: String,
}

/// The amounts of `setlinfo`, in the platform's order.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct SetlSums {
    pub medfee_sumamt: Yuan,
    pub fulamt_ownpay_amt: Yuan,
    pub overlmt_selfpay: Yuan,
    pub preselfpay_amt: Yuan,
    pub inscp_scp_amt: Yuan,
    /// Absent where the pack is not at hand: it says which tiers are basic ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act_pay_dedc: Option<Yuan>,
    pub hifp_pay: Yuan,
    /// Absent as `act_pay_dedc` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_prop_selfpay: Option<String>,
    pub cvlserv_pay: Yuan,
    pub hifes_pay: Yuan,
    pub hifmi_pay: Yuan,
    pub hifob_pay: Yuan,
    pub hifdm_pay: Yuan,
    pub maf_pay: Yuan,
    pub oth_pay: Yuan,
    pub fund_pay_sumamt: Yuan,
    pub hosp_part_amt: Yuan,
    pub psn_part_amt: Yuan,
    pub acct_pay: Yuan,
    pub acct_mulaid_pay: Yuan,
    pub psn_cash_pay: Yuan,
    /// Absent where it is not known: of a settlement that is undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balc: Option<Yuan>,
}

/// One row of `setldetail`.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct SetlDetail {
    pub fund_pay_type: String,
    pub inscp_scp_amt: Yuan,
    /// What the caps left; without a cap all that entered.
    pub crt_payb_lmt_amt: Yuan,
    pub fund_payamt: Yuan,
    pub fund_pay_type_name: String,
    /// How the payment came about, in a line.
    pub setl_proc_info: String,
}

/// One fee line with its outcome.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct LineAnswer {
    pub feedetl_sn: String,
    pub med_list_codg: String,
    pub det_item_fee_sumamt: Yuan,
    pub fulamt_ownpay_amt: Yuan,
    pub overlmt_amt: Yuan,
    pub preselfpay_amt: Yuan,
    pub inscp_scp_amt: Yuan,
    /// What of own cost the facility bears, by an edit.
    pub hosp_part_amt: Yuan,
    /// Line kind of the pack; absent where that is not at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Marked for review.
    pub review: bool,
    pub reasons: Vec<u16>,
}

/// One tier.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the words of POLICY.md, and of GLOSSARY.md")]
pub struct TierAnswer {
    pub id: String,
    pub fund: String,
    pub year: i32,
    pub base: Yuan,
    pub first_share: Yuan,
    pub deductible: Yuan,
    pub covered: Yuan,
    pub above_cap: Yuan,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap_left: Option<Yuan>,
    pub paid: Yuan,
    pub hosp_part: Yuan,
    pub filing_loss: Yuan,
    /// What of the base lies in each band, with its ratio.
    pub bands: Vec<BandAnswer>,
    /// Ids of the documents it rests on.
    pub basis: Vec<String>,
}

/// What lies in one band.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct BandAnswer {
    pub from: Yuan,
    pub to: Yuan,
    pub ratio: String,
}

impl Answer {
    /// The answer as one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are always JSON")
    }
}

impl RefusedAnswer {
    /// The answer to a refused case. `pack` is the one it was to be settled by, where there is one.
    pub fn of(number: u64, refusal: &Refusal, case: &Case, pack: Option<&Pack>) -> RefusedAnswer {
        let index = refusal.line.and_then(|line| usize::try_from(line).ok());
        let line = index.and_then(|index| case.lines.as_ref()?.get(index));
        let grounds = grounds(refusal, case, pack);
        let first = || grounds.first().map(|ground| ground.field.clone());
        RefusedAnswer {
            case: number,
            refused: refusal.reason.number(),
            err_msg: refusal.reason.to_string(),
            reasons: vec![refusal.reason.number()],
            feedetl_sn: line.map(|line| line.feedetl_sn.0.clone()),
            field: index.map(|index| format!("lines[{index}]")).or_else(first),
            grounds,
            given: refusal.figures.map(|(given, _)| Yuan(given)),
            computed: refusal.figures.map(|(_, computed)| Yuan(computed)),
        }
    }
}

impl SettledAnswer {
    /// The answer to a settled case.
    pub fn of(settled: &Settled<'_>, case: &Case) -> SettledAnswer {
        let Settled { decision, pack, .. } = settled;
        let lines = case.lines.as_deref().unwrap_or(&[]);
        SettledAnswer {
            case: settled.number,
            setlinfo: SetlInfo::of(settled, case),
            setldetail: decision
                .tiers
                .iter()
                .filter_map(|row| SetlDetail::of(row, decision, pack))
                .collect(),
            lines: lines
                .iter()
                .zip(&decision.lines)
                .map(|(line, outcome)| LineAnswer::of(named(line), outcome, Some(pack)))
                .collect(),
            tiers: decision
                .tiers
                .iter()
                .filter_map(|row| TierAnswer::of(row, decision, pack))
                .collect(),
            slots: shown(&settled.after, pack),
            reasons: reasons(decision),
            warnings: notes(settled, case, settled.view(case)),
            explain: None,
        }
    }
}

impl SetlInfo {
    fn of(settled: &Settled<'_>, case: &Case) -> SetlInfo {
        let (decision, pack) = (settled.decision, settled.pack);
        let (member, visit) = (&case.member, &case.visit);
        let end = visit.endtime.unwrap_or(visit.begntime);
        let age = member.brdy.map(|birth| end.0.day().years_since(birth.0));
        SetlInfo {
            mdtrt_id: settled.mdtrt_id.clone(),
            setl_id: "",
            psn_no: member.psn_no.clone(),
            psn_name: "",
            psn_cert_type: "",
            certno: "",
            gend: member.gend.as_ref().map_or_else(String::new, |code| code.0.clone()),
            naty: "",
            brdy: member.brdy.map_or_else(String::new, |day| day.0.to_string()),
            age: age.map_or_else(String::new, |years| years.to_string()),
            insutype: member.insutype.clone(),
            psn_type: member.psn_type.clone(),
            cvlserv_flag: if member.cvlserv_flag.0 { "1" } else { "0" },
            setl_time: visit.setl_time.unwrap_or(end).0.to_string(),
            mdtrt_cert_type: "",
            med_type: visit.med_type.0.clone(),
            sums: SetlSums::of(decision, Some(pack)),
            medins_setl_id: visit.msgid.clone().unwrap_or_default(),
            clr_optins: "",
            clr_way: "",
            clr_type: clr_type(decision, pack),
            exp_content: "",
            fixmedins_code: case.facility.fixmedins_code.clone(),
            begntime: visit.begntime.0.to_string(),
            endtime: end.0.to_string(),
        }
    }
}

impl SetlSums {
    /// Of a decision, by its pack where that is at hand.
    pub fn of(decision: &Decision, pack: Option<&Pack>) -> SetlSums {
        let fund = |field| Yuan(decision.fund(field));
        let LineParts { own, over, pre_pay, in_scope } = decision.split;
        let basic = pack.map(|pack| Basic::of(decision, pack));
        SetlSums {
            medfee_sumamt: Yuan(decision.total),
            fulamt_ownpay_amt: Yuan(own),
            overlmt_selfpay: Yuan(over),
            preselfpay_amt: Yuan(pre_pay),
            inscp_scp_amt: Yuan(in_scope),
            act_pay_dedc: basic.map(|basic| Yuan(basic.deductible)),
            hifp_pay: fund(FundField::HifpPay),
            pool_prop_selfpay: basic
                .map(|basic| rust_decimal::Decimal::new(basic.ratio, 4).to_string()),
            cvlserv_pay: fund(FundField::CvlservPay),
            hifes_pay: fund(FundField::HifesPay),
            hifmi_pay: fund(FundField::HifmiPay),
            hifob_pay: fund(FundField::HifobPay),
            hifdm_pay: fund(FundField::HifdmPay),
            maf_pay: fund(FundField::MafPay),
            oth_pay: fund(FundField::OthPay),
            fund_pay_sumamt: Yuan(decision.fund_sum()),
            hosp_part_amt: Yuan(decision.hosp_part),
            psn_part_amt: Yuan(decision.psn_part),
            acct_pay: Yuan(decision.account_sum()),
            acct_mulaid_pay: Yuan(decision.account_family_sum()),
            psn_cash_pay: Yuan(decision.cash),
            balc: Some(Yuan(decision.balance)),
        }
    }
}

impl SetlDetail {
    /// Of a row, where the pack has its tier.
    pub fn of(row: &TierRow, decision: &Decision, pack: &Pack) -> Option<SetlDetail> {
        let tier = tier(row, decision, pack)?;
        Some(SetlDetail {
            fund_pay_type: tier.fund.to_string(),
            inscp_scp_amt: Yuan(row.base),
            crt_payb_lmt_amt: Yuan(row.cap_left.unwrap_or(row.base)),
            fund_payamt: Yuan(row.paid),
            fund_pay_type_name: tier.name.clone(),
            setl_proc_info: proceedings(row, tier),
        })
    }
}

impl LineAnswer {
    /// Of a line by its serial, code and amount.
    pub fn of(
        (serial, code, amount): (&str, &str, Fen),
        outcome: &LineOutcome,
        pack: Option<&Pack>,
    ) -> LineAnswer {
        let kind = |pack: &Pack| pack.data().line_kinds.get(outcome.kind.index()).cloned();
        LineAnswer {
            feedetl_sn: serial.to_owned(),
            med_list_codg: code.to_owned(),
            det_item_fee_sumamt: Yuan(amount),
            fulamt_ownpay_amt: Yuan(outcome.parts.own),
            overlmt_amt: Yuan(outcome.parts.over),
            preselfpay_amt: Yuan(outcome.parts.pre_pay),
            inscp_scp_amt: Yuan(outcome.parts.in_scope),
            hosp_part_amt: Yuan(outcome.facility),
            kind: pack.map(|pack| kind(pack).unwrap_or_default()),
            review: outcome.review,
            reasons: outcome.reasons.iter().map(LineReason::number).collect(),
        }
    }
}

impl TierAnswer {
    /// Of a row, where the pack has its tier.
    pub fn of(row: &TierRow, decision: &Decision, pack: &Pack) -> Option<TierAnswer> {
        let tier = tier(row, decision, pack)?;
        let table = tier.rows.get(usize::try_from(row.row).ok()?)?;
        let pieces =
            yidan_settlement::tiers::pieces(&table.bands, row.begin, row.begin.plus(row.covered));
        let mut basis: Vec<String> = Vec::new();
        for source in sources(row, tier) {
            let Some(source) = pack.source(source) else { continue };
            if !basis.contains(&source.id) {
                basis.push(source.id.clone());
            }
        }
        let part = decision.parts.get(usize::from(row.stay_part))?;
        Some(TierAnswer {
            id: tier.name.clone(),
            fund: tier.fund.to_string(),
            year: part.year,
            base: Yuan(row.base),
            first_share: Yuan(row.first_share),
            deductible: Yuan(row.deductible),
            covered: Yuan(row.covered),
            above_cap: Yuan(row.above_cap),
            cap_left: row.cap_left.map(Yuan),
            paid: Yuan(row.paid),
            hosp_part: Yuan(row.facility),
            filing_loss: Yuan(row.filing_loss),
            bands: pieces
                .map(|piece| BandAnswer {
                    from: Yuan(piece.from),
                    to: Yuan(piece.to),
                    ratio: piece.rate.to_string(),
                })
                .collect(),
            basis,
        })
    }
}

/// The documents a row rests on: the tier's own, those of its parts, of its caps and floor.
pub fn sources(row: &TierRow, tier: &Tier) -> impl Iterator<Item = yidan_settlement::id::SourceId> {
    let table = usize::try_from(row.row).ok().and_then(|index| tier.rows.get(index));
    let parts = table.into_iter().flat_map(|table| {
        let caps = table
            .cost_before
            .iter()
            .chain(&table.cost_after)
            .chain(&table.payment)
            .map(|cap| cap.source);
        table
            .basis
            .iter()
            .map(|basis| basis.source)
            .chain(caps)
            .chain(table.floor.map(|floor| floor.source))
    });
    std::iter::once(tier.source).chain(parts)
}

/// Serial, code and amount of a line.
fn named(line: &LineCase) -> (&str, &str, Fen) {
    (&line.feedetl_sn.0, &line.med_list_codg, line.det_item_fee_sumamt.0)
}

/// Slots as text: amounts in yuan, counts as whole numbers.
fn shown(slots: &SlotValues, pack: &Pack) -> BTreeMap<String, BTreeMap<String, String>> {
    let text = |(slot, value): (&String, &Fen)| {
        let id = slot.split_once('[').map_or(slot.as_str(), |(id, _)| id);
        let counts =
            pack.slot_named(id).and_then(|id| pack.slot(id)).is_some_and(|slot| slot.count);
        (slot.clone(), if counts { value.get().to_string() } else { value.to_string() })
    };
    slots
        .iter()
        .map(|(period, values)| (period.clone(), values.iter().map(text).collect()))
        .collect()
}

/// Numbers of the reasons of all lines, each once.
fn reasons(decision: &Decision) -> Vec<u16> {
    let mut numbers: Vec<u16> = decision
        .lines
        .iter()
        .flat_map(|line| line.reasons.iter().map(LineReason::number))
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}
