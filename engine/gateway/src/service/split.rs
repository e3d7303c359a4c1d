//! How a fee line is split, as 2204, 2301, 2101 and 2102 tell it line by line: what the catalogue says of its code on its day, and the four
//! parts that a settlement now would give it.

use std::fmt::Write;

use yidan_image::Search;
use yidan_pipeline::world::World;
use yidan_settlement::catalogue::{Class, Family, Found};
use yidan_settlement::claim::{HospitalApproval, LineParts};
use yidan_settlement::date::Moment;
use yidan_settlement::facts::{FacilityFacts, LineFacts, VisitFacts};
use yidan_settlement::id::Insutype;
use yidan_settlement::money::{Fen, Rate};
use yidan_settlement::pack::{Channel, Pack};
use yidan_settlement::price::LineOutcome;
use yidan_settlement::reason::LineReason;

use crate::answer::two_digits;
use crate::value::{Scaled, Text};
use crate::wire::{t2101, t2102, t2204, t2301, t5204, t5205};

/// `pric_uplmt_amt` where there is no ceiling, as recorded in Zhejiang.
const NO_CEILING: i64 = 99_999_999_000_000;

/// `med_chrgitm_type` 其他, of a code that the catalogue does not have.
const OTHER_CHARGE: u8 = 14;

/// One line.
#[derive(Clone, Debug)]
pub(super) struct Split {
    feedetl_sn: Text<'static>,
    det_item_fee_sumamt: Fen,
    cnt: yidan_settlement::money::Quantity,
    pric: Scaled<6>,
    pric_uplmt_amt: Scaled<6>,
    selfpay_prop: Option<Scaled<4>>,
    fulamt_ownpay_amt: Option<Fen>,
    overlmt_amt: Option<Fen>,
    preselfpay_amt: Option<Fen>,
    inscp_scp_amt: Option<Fen>,
    chrgitm_lv: Text<'static>,
    med_chrgitm_type: Text<'static>,
    lmt_used_flag: Text<'static>,
    memo: Option<Text<'static>>,
    hosp_part_amt: Option<Fen>,
}

/// What the catalogue says of a line's code besides how it is split.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: String,
    /// `list_type`
    pub(super) list: &'static str,
}

/// A code that the catalogue does not have.
impl Default for Named {
    fn default() -> Named {
        Named { name: String::new(), list: "105" }
    }
}

/// Where a line was charged, and to whom.
#[derive(Copy, Clone, Debug)]
pub(super) struct Where<'w> {
    pub(super) code: &'w str,
    pub(super) name: &'w str,
    pub(super) psn_no: &'w str,
}

/// By what lines are looked up.
pub(super) struct By<'b> {
    pub(super) world: &'b World,
    pub(super) pack: &'b Pack,
    /// Place of insurance.
    pub(super) insured: &'b str,
    pub(super) facility: &'b FacilityFacts,
    pub(super) scheme: Insutype,
}

impl By<'_> {
    /// What is told of each line, with what became of each; none of which is known where they are not as many.
    pub(super) fn split(&self, lines: &[LineFacts], outcomes: &[LineOutcome]) -> Vec<Split> {
        let outcome = |at: usize| outcomes.get(at).filter(|_| outcomes.len() == lines.len());
        let view = self.world.catalogue(
            self.pack,
            Channel::Direct,
            Some(self.insured),
            self.facility.admdvs,
        );
        let mut found = Vec::with_capacity(lines.len());
        let codes: Vec<_> = lines.iter().map(|line| (line.code.as_bytes(), line.day)).collect();
        Search::new(view, codes, &mut found).finish();
        let one = |(at, (line, found)): (usize, (&LineFacts, &Found))| {
            let charge_type = match found {
                Found::Entry(terms) => view.and_then(|view| view.entry_text(terms.id())),
                Found::Unknown | Found::NotInForce => None,
            };
            self.one(line, found, charge_type.map(|text| text.charge_type), outcome(at))
        };
        lines.iter().zip(&found).enumerate().map(one).collect()
    }

    /// Whether an employee's shares count, or a resident's.
    fn family(&self) -> Family {
        let schemes = &self.pack.data().schemes;
        let own = schemes.iter().find(|scheme| scheme.insutype == Some(self.scheme));
        own.or(schemes.first()).map_or(Family::Resident, |scheme| scheme.family)
    }

    fn one(
        &self,
        line: &LineFacts,
        found: &Found,
        charge_type: Option<u8>,
        outcome: Option<&LineOutcome>,
    ) -> Split {
        let terms = match found {
            Found::Entry(terms) => Some(terms),
            Found::Unknown | Found::NotInForce => None,
        };
        let class = terms.map_or(Class::C, |terms| terms.class());
        let share = match class {
            Class::A => Rate::ZERO,
            Class::B => terms.map_or(Rate::ONE, |terms| terms.share_in(self.family())),
            Class::C => Rate::ONE,
        };
        let ceiling = terms.and_then(|terms| terms.ceiling_at(self.facility.price_level));
        let parts = outcome.map(|outcome| outcome.parts);
        let part = |of: fn(&LineParts) -> Fen| parts.as_ref().map(of);
        let wholly_own = parts.is_some_and(|parts| parts.own == line.amount);
        let proportion = if wholly_own { Rate::ONE } else { share };
        let restricted = outcome
            .is_some_and(|outcome| outcome.reasons.contains(LineReason::RestrictionNotApproved));
        Split {
            feedetl_sn: line.serial.to_string().into(),
            det_item_fee_sumamt: line.amount,
            cnt: line.quantity,
            pric: Scaled::new(line.price.get()),
            pric_uplmt_amt: Scaled::new(ceiling.map_or(NO_CEILING, |price| price.get())),
            selfpay_prop: Some(Scaled::new(proportion.parts())),
            fulamt_ownpay_amt: part(|parts| parts.own),
            overlmt_amt: part(|parts| parts.over),
            preselfpay_amt: part(|parts| parts.pre_pay),
            inscp_scp_amt: part(|parts| parts.in_scope),
            chrgitm_lv: match class {
                Class::A => "01",
                Class::B => "02",
                Class::C => "03",
            }
            .into(),
            med_chrgitm_type: charge(charge_type.unwrap_or(OTHER_CHARGE)),
            lmt_used_flag: if restricted { "1" } else { "0" }.into(),
            memo: outcome.and_then(memo),
            hosp_part_amt: outcome.map(|outcome| outcome.facility),
        }
    }
}

impl Split {
    /// What is told of lines where no catalogue can be asked: the parts alone.
    pub(super) fn plain(lines: &[LineFacts], outcomes: &[LineOutcome]) -> Vec<Split> {
        let known = outcomes.len() == lines.len();
        let one = |(at, line): (usize, &LineFacts)| {
            let outcome = outcomes.get(at).filter(|_| known);
            let part = |of: fn(&LineParts) -> Fen| outcome.map(|outcome| of(&outcome.parts));
            Split {
                feedetl_sn: line.serial.to_string().into(),
                det_item_fee_sumamt: line.amount,
                cnt: line.quantity,
                pric: Scaled::new(line.price.get()),
                pric_uplmt_amt: Scaled::new(NO_CEILING),
                selfpay_prop: None,
                fulamt_ownpay_amt: part(|parts| parts.own),
                overlmt_amt: part(|parts| parts.over),
                preselfpay_amt: part(|parts| parts.pre_pay),
                inscp_scp_amt: part(|parts| parts.in_scope),
                chrgitm_lv: "03".into(),
                med_chrgitm_type: charge(OTHER_CHARGE),
                lmt_used_flag: "0".into(),
                memo: outcome.and_then(memo),
                hosp_part_amt: outcome.map(|outcome| outcome.facility),
            }
        };
        lines.iter().enumerate().map(one).collect()
    }
}

/// `med_chrgitm_type`: two digits, as the codes of the table are.
fn charge(code: u8) -> Text<'static> {
    two_digits(code.into()).into()
}

/// Why a line is not wholly in scope.
fn memo(outcome: &LineOutcome) -> Option<Text<'static>> {
    if outcome.reasons.is_empty() {
        return None;
    }
    // Most that have one have one alone, of some ten characters.
    let mut all = String::with_capacity(64);
    for reason in outcome.reasons.iter() {
        all.push_str(if all.is_empty() { "" } else { "；" });
        write!(all, "{reason}").expect("memory");
    }
    Some(all.into())
}

macro_rules! told {
    ($name:ident, $module:ident, $node:ident, [$($field:ident)*], [$($none:ident)*]) => {
        impl Split {
            /// As this transaction tells it.
            pub(super) fn $name(self) -> $module::output::$node<'static> {
                let one = self;
                $module::output::$node {
                    det_item_fee_sumamt: one.det_item_fee_sumamt,
                    cnt: one.cnt,
                    pric: one.pric,
                    pric_uplmt_amt: one.pric_uplmt_amt,
                    selfpay_prop: one.selfpay_prop,
                    fulamt_ownpay_amt: one.fulamt_ownpay_amt,
                    overlmt_amt: one.overlmt_amt,
                    preselfpay_amt: one.preselfpay_amt,
                    inscp_scp_amt: one.inscp_scp_amt,
                    chrgitm_lv: one.chrgitm_lv,
                    med_chrgitm_type: one.med_chrgitm_type,
                    memo: one.memo,
                    $($field: one.$field.into(),)*
                    // The catalogue's sources do not say these.
                    bas_medn_flag: None,
                    hi_nego_drug_flag: None,
                    chld_medc_flag: None,
                    list_sp_item_flag: None,
                    drt_reim_flag: None,
                    $($none: None,)*
                }
            }
        }
    };
}

told!(t2204, t2204, ResultNode, [feedetl_sn lmt_used_flag], [exp_content]);
told!(t2301, t2301, ResultNode, [feedetl_sn lmt_used_flag], [exp_content]);
told!(t2101, t2101, Detlcutinfo, [feedetl_sn hosp_part_amt], []);
told!(t2102, t2102, Detlcutinfo, [feedetl_sn], []);

/// `hosp_appr_flag`
fn hosp_appr_flag(approval: HospitalApproval) -> &'static str {
    match approval {
        HospitalApproval::NotGiven => "0",
        HospitalApproval::Given => "1",
        HospitalApproval::Declined => "2",
    }
}

/// What both queries of lines tell alike; the fields that nobody says are named by each.
macro_rules! asked_again {
    ($module:ident, $node:ident, $one:expr, $line:expr, $named:expr, $facts:expr, { $($field:ident: $value:expr,)* }, [$($none:ident)*]) => {
        $module::output::$node {
            feedetl_sn: $one.feedetl_sn,
            med_type: $facts.med_type.to_string().into(),
            // Of the time of a line its day is kept.
            fee_ocur_time: Moment::new($line.day, 0),
            cnt: $one.cnt,
            pric: $one.pric,
            hilist_code: $line.code.to_string().into(),
            hilist_name: $named.name.clone().into(),
            list_type: $named.list.into(),
            med_list_codg: $line.code.to_string().into(),
            medins_list_codg: "".into(),
            medins_list_name: "".into(),
            med_chrgitm_type: $one.med_chrgitm_type,
            lmt_used_flag: Some($one.lmt_used_flag),
            hosp_appr_flag: Some(hosp_appr_flag($line.approval).into()),
            matn_fee_flag: Some(if $line.maternity { "1" } else { "0" }.into()),
            $($field: $value,)*
            rx_drord_no: None,
            prodname: None,
            hosp_prep_flag: None,
            tcmdrug_used_way: None,
            prodplac_type: None,
            bas_medn_flag: None,
            hi_nego_drug_flag: None,
            chld_medc_flag: None,
            etip_flag: None,
            etip_hosp_code: None,
            dscg_tkdrug_flag: None,
            list_sp_item_flag: None,
            $($none: None,)*
        }
    };
}

impl Split {
    /// As 5204 tells it.
    pub(super) fn t5204(
        self,
        line: &LineFacts,
        named: &Named,
        facts: &VisitFacts,
        asked: &t5204::input::Data<'_>,
    ) -> t5204::output::Line<'static> {
        asked_again!(t5204, Line, self, line, named, facts, {
            mdtrt_id: asked.mdtrt_id.to_string().into(),
            setl_id: asked.setl_id.to_string().into(),
            prd_days: line.days.map(|days| Scaled::new(i64::from(days) * 100)),
            det_item_fee_sumamt: self.det_item_fee_sumamt,
            pric_uplmt_amt: self.pric_uplmt_amt,
            selfpay_prop: self.selfpay_prop,
            fulamt_ownpay_amt: self.fulamt_ownpay_amt,
            overlmt_amt: self.overlmt_amt,
            preselfpay_amt: self.preselfpay_amt,
            inscp_scp_amt: self.inscp_scp_amt,
            chrgitm_lv: self.chrgitm_lv,
            memo: self.memo,
            dosform_name: "".into(),
        }, [
            sin_dos_dscr used_frqu_dscr medc_way_dscr spec bilg_dept_codg bilg_dept_name bilg_dr_codg
            bilg_dr_name acord_dept_codg acord_dept_name orders_dr_code orders_dr_name drt_reim_flag
            opter_id opter_name opt_time
        ])
    }

    /// As 5205 tells it.
    pub(super) fn t5205(
        self,
        line: &LineFacts,
        named: &Named,
        facts: &VisitFacts,
        at: Where<'_>,
    ) -> t5205::output::Feedetail<'static> {
        asked_again!(t5205, Feedetail, self, line, named, facts, {
            fixmedins_code: Some(at.code.to_owned().into()),
            fixmedins_name: at.name.to_owned().into(),
            psn_no: at.psn_no.to_owned().into(),
            chrgitm_lv: Some(self.chrgitm_lv),
            spec: "".into(),
        }, [dosform_name])
    }
}
