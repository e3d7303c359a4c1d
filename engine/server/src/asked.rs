//! A command of `yidan run` as one line of JSON: national field names, unknown ones refused. What an operation needs and does
//! not find is told by its field.

use yidan_settlement::claim::Spell;
use yidan_settlement::command::{End, Settle, What, WhichVisit};
use yidan_settlement::date::Span;
use yidan_settlement::event::{Correction, Request, Which};
use yidan_settlement::facts::{ChargesFacts, FiledKind, SettleFacts, Text};
use yidan_settlement::id::VisitId;
use yidan_settlement::money::Fen;

use crate::case::{
    Amount, ApprovalCase, ChangeCase, ChannelName, Code, DayText, FacilityCase, FiledName,
    FilingCase, FilingName, FixedCase, Flag, LineCase, MemberCase, MomentText, TotalsCase,
    VisitCase,
};
use crate::facts::{
    FieldError, account_use, channel, facility_facts, family_owners, field, filed, insutype,
    line_facts, member_facts, totals_facts, visit_change, visit_facts,
};

/// One line.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct Asked {
    /// What is to be done.
    pub op: Op,
    /// A name for what this command makes, by which later lines may speak of it: `"@name"`.
    pub r#as: Option<String>,
    pub fixmedins_code: Option<String>,
    pub infno: Option<Code>,
    pub msgid: Option<String>,
    pub psn_no: Option<String>,
    /// Place of insurance of a member.
    pub admdvs: Option<String>,
    pub member: Option<MemberCase>,
    pub facility: Option<FacilityCase>,
    pub insutype: Option<String>,
    pub visit: Option<VisitCase>,
    /// What is said anew of a registered visit.
    pub change: Option<ChangeCase>,
    #[serde(default)]
    pub channel: ChannelName,
    pub lines: Option<Vec<LineCase>>,
    pub totals: Option<TotalsCase>,
    /// A visit: its number, or `"@name"`.
    pub mdtrt_id: Option<Code>,
    /// What is filed: one of these three.
    pub filing: Option<FilingCase>,
    pub approval: Option<ApprovalCase>,
    pub fixed: Option<FixedCase>,
    /// What was filed: its number, or `"@name"`.
    pub trt_dcla_detl_sn: Option<Code>,
    /// What it must be.
    pub of: Option<FiledName>,
    /// A settlement: its number, or `"@name"`.
    pub setl_id: Option<Code>,
    pub endtime: Option<MomentText>,
    pub setl_time: Option<MomentText>,
    pub acct_used_flag: Option<Code>,
    #[serde(default)]
    pub mid_setl_flag: Flag,
    pub medfee_sumamt: Option<Amount>,
    /// Paid into the own account.
    pub amount: Option<Amount>,
    /// Serials of lines to be withdrawn; all, where neither they nor a batch are named.
    #[serde(default)]
    pub feedetl_sn: Vec<Code>,
    /// The batch that is settled or withdrawn.
    pub chrg_bchno: Option<Code>,
    pub oinfno: Option<Code>,
    pub omsgid: Option<String>,
    /// The day to be closed, or that differences are posted to.
    pub day: Option<DayText>,
    /// Who corrects, in the name of the bureau.
    pub operator: Option<String>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Op {
    Member,
    Facility,
    Deposit,
    File,
    Unfile,
    Open,
    ChangeVisit,
    Close,
    Upload,
    Withdraw,
    PreSettle,
    Settle,
    Cancel,
    Reverse,
    CloseDay,
    CancelForOperator,
    SettleAnew,
}

/// The number behind `"@name"`.
pub trait Names {
    /// The number of what a line of this name made; `None` where there is no such line, or it made nothing.
    fn number(&mut self, name: &str) -> Option<u64>;
}

impl Asked {
    /// Who asks, and for what.
    ///
    /// # Errors
    /// A field that is missing or means nothing.
    pub fn command(self, names: &mut impl Names) -> Result<(Request, What), FieldError> {
        let mut request = Request {
            asker: Text::from(self.asker()?.unwrap_or_default()),
            infno: self.infno()?,
            msgid: Text::from(self.msgid.as_deref().unwrap_or_default()),
            psn_no: Text::from(self.psn_no.as_deref().unwrap_or_default()),
            digest: [0; 16],
        };
        let what = self.what(&mut request, names)?;
        let of_member = !matches!(self.op, Op::Facility | Op::CloseDay);
        if of_member && request.psn_no.is_empty() {
            return Err(field("psn_no", "nothing", "the member's number"));
        }
        let of_bureau = matches!(
            self.op,
            Op::Facility
                | Op::CloseDay
                | Op::Member
                | Op::Deposit
                | Op::File
                | Op::Unfile
                | Op::CancelForOperator
                | Op::SettleAnew
        );
        if !of_bureau && request.asker.is_empty() {
            return Err(field("fixmedins_code", "nothing", "the code of the facility"));
        }
        let moves_money = matches!(
            self.op,
            Op::Deposit
                | Op::Settle
                | Op::Cancel
                | Op::Reverse
                | Op::CancelForOperator
                | Op::SettleAnew
        );
        if moves_money && request.msgid.is_empty() {
            let expected =
                "a text of its own: without one the same line sent again would be another request";
            return Err(field("msgid", "nothing", expected));
        }
        for (name, text) in [
            ("psn_no", &request.psn_no),
            ("msgid", &request.msgid),
            ("fixmedins_code", &request.asker),
        ] {
            if text.len() > 64 {
                return Err(field(name, text, "at most 64 bytes"));
            }
        }
        Ok((request, what))
    }

    fn what(&self, request: &mut Request, names: &mut impl Names) -> Result<What, FieldError> {
        let visit = |names: &mut _| number(names, "mdtrt_id", self.mdtrt_id.as_ref());
        Ok(match self.op {
            Op::Member => {
                let member = needed("member", self.member.as_ref())?;
                let place = needed("admdvs", self.admdvs.as_deref())?;
                request.psn_no = member.psn_no.as_str().into();
                let mut facts = member_facts(member, Some(place))?;
                if facts.spells.is_none() {
                    // One who is registered is settled for years: covered by this insurance, not by any that a bill may name.
                    let insutype = insutype("member.insutype", &member.insutype)?;
                    let (span, waiting_to) = (Span::ALWAYS, Span::ALWAYS.from);
                    facts.spells = Some(vec![Spell { insutype, span, waiting_to }]);
                }
                facts.family = family_owners(member)?;
                let opening = member.balc.map_or(Fen::ZERO, |balance| balance.0);
                What::RegisterMember(facts, opening)
            }
            Op::Facility => {
                let facility = needed("facility", self.facility.as_ref())?;
                let facts = facility_facts(facility, self.admdvs.as_deref())?;
                What::RegisterFacility(facility.fixmedins_code.as_str().into(), facts)
            }
            Op::Deposit => What::Deposit(needed("amount", self.amount)?.0),
            Op::File => {
                let (filing, approval) = (self.filing.as_ref(), self.approval.as_ref());
                What::File(filed(filing, approval, self.fixed.as_ref())?)
            }
            Op::Unfile => {
                let named = self.trt_dcla_detl_sn.as_ref();
                let kind = match needed("of", self.of)? {
                    FiledName::Filing => FiledKind::OffRegion,
                    FiledName::Approval => FiledKind::Disease,
                    FiledName::Fixed => FiledKind::Facility,
                    FiledName::Accident => FiledKind::Accident,
                };
                What::Unfile(number(names, "trt_dcla_detl_sn", named)?, kind)
            }
            Op::Open => {
                if let Some(end) = self.visit.as_ref().and_then(|visit| visit.endtime) {
                    let expected = "nothing: the end of a registered visit is said by change-visit";
                    return Err(field("visit.endtime", &end.0.to_string(), expected));
                }
                What::OpenVisit(self.visit_facts(names)?)
            }
            Op::ChangeVisit => {
                let change = visit_change(needed("change", self.change.as_ref())?)?;
                What::ChangeVisit(VisitId::new(visit(names)?), change)
            }
            Op::Close => What::CloseVisit(VisitId::new(visit(names)?)),
            Op::Upload => {
                let lines = line_facts(needed("lines", self.lines.as_deref())?)?;
                What::Upload(VisitId::new(visit(names)?), lines)
            }
            Op::Withdraw => {
                let serials = self.feedetl_sn.iter().map(|code| code.0.as_str().into());
                let which = match self.batch()? {
                    Some(_) if !self.feedetl_sn.is_empty() => {
                        return Err(field("chrg_bchno", "both", "either a batch or `feedetl_sn`"));
                    }
                    Some(batch) => Which::Batch(batch),
                    None if self.feedetl_sn.is_empty() => Which::All,
                    None => Which::Serials(serials.collect()),
                };
                What::Withdraw(VisitId::new(visit(names)?), which)
            }
            Op::PreSettle => What::PreSettle(self.settle(names)?),
            Op::Settle => What::Settle(self.settle(names)?),
            Op::Cancel => What::Cancel(number(names, "setl_id", self.setl_id.as_ref())?),
            Op::Reverse => {
                let infno = four_digits("oinfno", needed("oinfno", self.oinfno.as_ref())?)?;
                What::Reverse(infno, needed("omsgid", self.omsgid.as_deref())?.into())
            }
            Op::CloseDay => What::CloseDay(needed("day", self.day)?.0),
            Op::CancelForOperator | Op::SettleAnew => What::Correct(Correction {
                first: number(names, "setl_id", self.setl_id.as_ref())?,
                cancel: self.op == Op::CancelForOperator,
                day: needed("day", self.day)?.0,
            }),
        })
    }

    /// Who asks: an operator, or a facility.
    fn asker(&self) -> Result<Option<&str>, FieldError> {
        if matches!(self.op, Op::CancelForOperator | Op::SettleAnew) {
            return needed("operator", self.operator.as_deref()).map(Some);
        }
        Ok(self.fixmedins_code.as_deref())
    }

    /// The batch that is spoken of, where one is.
    fn batch(&self) -> Result<Option<Text>, FieldError> {
        match &self.chrg_bchno {
            Some(code) if code.0.is_empty() => {
                Err(field("chrg_bchno", "an empty text", "a batch that lines were uploaded with"))
            }
            named => Ok(named.as_ref().map(|code| code.0.as_str().into())),
        }
    }

    fn visit_facts(
        &self,
        names: &mut impl Names,
    ) -> Result<yidan_settlement::facts::VisitFacts, FieldError> {
        let scheme = needed("insutype", self.insutype.as_deref())?;
        let visit = needed("visit", self.visit.as_ref())?;
        let mut facts = visit_facts(visit, insutype("insutype", scheme)?)?;
        if let Some(continues) = &visit.continues {
            let code = Code(continues.clone());
            let number = number(names, "visit.continues", Some(&code))?;
            facts.continues = Some(VisitId::new(number));
        }
        Ok(facts)
    }

    fn settle(&self, names: &mut impl Names) -> Result<Settle, FieldError> {
        let charges = match (&self.lines, &self.totals) {
            (Some(_), Some(_)) => {
                return Err(field("totals", "both", "either `lines` or `totals`"));
            }
            (Some(lines), None) => ChargesFacts::Lines(line_facts(lines)?),
            (None, Some(totals)) => ChargesFacts::Totals(totals_facts(totals)),
            (None, None) => ChargesFacts::Uploaded,
        };
        let (visit, end) = match (&self.mdtrt_id, &self.visit) {
            (Some(_), Some(_)) => {
                let expected = "either `mdtrt_id` of a registered visit, or `visit` to register and settle at once";
                return Err(field("visit", "both", expected));
            }
            (Some(_), None) => {
                if let ChargesFacts::Lines(_) = charges {
                    return Err(field(
                        "lines",
                        "lines",
                        "nothing: a registered visit has those uploaded",
                    ));
                }
                let number = number(names, "mdtrt_id", self.mdtrt_id.as_ref())?;
                let end = needed("endtime", self.endtime)?;
                let number = VisitId::new(number);
                let visit = match self.batch()? {
                    Some(batch) => WhichVisit::Batch(number, batch),
                    None => WhichVisit::Registered(number),
                };
                (visit, end.0)
            }
            (None, _) if self.chrg_bchno.is_some() => {
                let expected = "nothing: only a registered visit is settled by batch";
                return Err(field("chrg_bchno", "a batch", expected));
            }
            (None, _) => {
                let facts = self.visit_facts(names)?;
                let end = self.visit.as_ref().and_then(|visit| visit.endtime).or(self.endtime);
                let end = end.map_or(facts.begin, |time| time.0);
                (WhichVisit::AtOnce(facts), end)
            }
        };
        let said = |of_visit: Option<&Code>| of_visit.cloned();
        let flag = self
            .acct_used_flag
            .clone()
            .or_else(|| said(self.visit.as_ref().and_then(|visit| visit.acct_used_flag.as_ref())));
        let settled = self.visit.as_ref().and_then(|visit| visit.setl_time).or(self.setl_time);
        let how = SettleFacts {
            channel: channel(self.channel),
            end,
            settled: settled.map_or(end, |time| time.0),
            account: account_use("acct_used_flag", flag.as_ref())?,
            tolerance: Fen::ZERO,
            mid_stay: self.mid_setl_flag.0,
            total: self.medfee_sumamt.map(|amount| amount.0),
        };
        Ok(Settle { end: End::Stated, visit, how, charges })
    }

    /// The transaction of the platform that does this, where none is named.
    fn infno(&self) -> Result<u16, FieldError> {
        if let Some(code) = &self.infno {
            return four_digits("infno", code);
        }
        Ok(match self.op {
            Op::Member
            | Op::Facility
            | Op::Deposit
            | Op::CloseDay
            | Op::CancelForOperator
            | Op::SettleAnew => 0,
            Op::File => match (&self.filing, &self.approval) {
                (Some(one), _) if one.r#type == FilingName::Accident => 2507,
                (Some(_), _) => 2501,
                (None, Some(_)) => 2503,
                (None, None) => 2505,
            },
            Op::Unfile => match self.of {
                Some(FiledName::Filing) => 2502,
                Some(FiledName::Approval) => 2504,
                Some(FiledName::Fixed) => 2506,
                // No transaction withdraws an accident.
                Some(FiledName::Accident) | None => 0,
            },
            Op::Open => 2201,
            Op::ChangeVisit => match self.change.as_ref().and_then(|change| change.endtime) {
                None => 2203,
                Some(Some(_)) => 2402,
                Some(None) => 2405,
            },
            Op::Close => 2202,
            Op::Upload => 2204,
            Op::Withdraw => 2205,
            Op::PreSettle => 2206,
            Op::Settle => 2207,
            Op::Cancel => 2208,
            Op::Reverse => 2601,
        })
    }
}

fn needed<T>(name: &str, value: Option<T>) -> Result<T, FieldError> {
    value.ok_or_else(|| field(name, "nothing", "a value, which this op needs"))
}

/// Four digits, without the letter of a form.
fn four_digits(name: &str, code: &Code) -> Result<u16, FieldError> {
    let digits = code.0.trim_end_matches(['A', 'B']);
    let parsed = if digits.len() == 4 { digits.parse().ok() } else { None };
    parsed.ok_or_else(|| field(name, &code.0, "a transaction of four digits, as 2207"))
}

fn number(names: &mut impl Names, path: &str, code: Option<&Code>) -> Result<u64, FieldError> {
    let text = &needed(path, code)?.0;
    let number = match text.strip_prefix('@') {
        Some(name) => names.number(name),
        None => text.parse().ok(),
    };
    number.ok_or_else(|| {
        field(path, text, "a number that was answered before, or \"@name\" of a line that made one")
    })
}
