//! Fee lines: uploaded, each answered with its split, and taken back (2204 2205 2301 2302).

use yidan_pipeline::shard::Sight;
use yidan_settlement::claim::{AccountUse, HospitalApproval};
use yidan_settlement::command::What;
use yidan_settlement::event::{Refused, Which};
use yidan_settlement::facts::{LineFacts, SettleFacts, Text as Fact};
use yidan_settlement::id::{Insutype, VisitId};
use yidan_settlement::ledger::Ledger;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::Channel;
use yidan_settlement::price::LineOutcome;
use yidan_settlement::reason::Reason;

use super::Service;
use super::asking::{Asking, Done, Failure, Known, Receipt, Said, stamp, visit};
use super::declined::Declined;
use super::split::Split;
use crate::value::{Scaled, Text};
use crate::wire::{Answer, t2204, t2205, t2301, t2302};

/// The number that stands for all lines that are not settled.
const ALL: &str = "0000";

/// Whose lines they are.
struct Whose<'w> {
    visit: VisitId,
    psn_no: &'w str,
}

/// What is seen of a visit before an upload.
struct Seen {
    known: Known,
    scheme: Insutype,
    /// The record that uploaded the first line of the call.
    first: Option<u64>,
}

/// Lines that are in, and what is told of them.
struct Uploaded {
    lines: Vec<LineFacts>,
    /// The time at which a settlement of them was tried, and what it made of each; nothing where it would be refused.
    at_ms: u64,
    outcomes: Vec<LineOutcome>,
    seen: Option<Seen>,
    /// Of the record that brought them.
    receipt: Option<Receipt>,
}

/// Looks at a visit that lines are to be uploaded to, and whether it has the one with this serial.
fn seen(
    ledger: &Ledger,
    member: &Fact,
    facility: &Fact,
    visit: VisitId,
    first: Option<&Fact>,
) -> Option<Seen> {
    let known = Known::of(ledger, member, facility)?;
    let visit = ledger.visit(visit).filter(|visit| visit.psn_no == *member)?;
    let lines = visit.lines.all();
    let mut held = lines.iter();
    let first = first.and_then(|first| held.find(|line| line.facts.serial == *first));
    Some(Seen { known, scheme: visit.facts.insutype, first: first.map(|line| line.place) })
}

/// Whether each line is price times quantity, and nothing is below nought but a return: else a settlement of it would be refused,
/// when it is harder to mend.
fn are_sound(lines: &[LineFacts]) -> Result<(), Failure> {
    for (at, line) in (0_u32..).zip(lines) {
        let computed = line.price.times(line.quantity);
        let negative = line.quantity.get() < 0 || line.amount.is_negative();
        let reason = match computed {
            Some(computed) if computed != line.amount => Reason::AmountMismatch,
            None => Reason::AmountOutOfBounds,
            Some(_) if negative && line.returns.is_none() => Reason::NegativeAmount,
            Some(_) => continue,
        };
        let computed = computed.filter(|computed| *computed != line.amount);
        let figures = computed.map(|computed| (line.amount, computed));
        let refused = Refused { reason: reason.number(), line: Some(at), figures, detail: 0 };
        return Err(Failure::Refused { refused, more: None, inf_refmsgid: None });
    }
    Ok(())
}

/// `hosp_appr_flag`
fn approval(text: Option<&str>) -> Result<HospitalApproval, Failure> {
    match text.unwrap_or_default() {
        "" | "0" => Ok(HospitalApproval::NotGiven),
        "1" => Ok(HospitalApproval::Given),
        "2" => Ok(HospitalApproval::Declined),
        other => Err(Failure::field("hosp_appr_flag", other)),
    }
}

/// `prd_days`: days that have begun.
pub(super) fn days(days: Option<Scaled<2>>) -> Option<u16> {
    let hundredths = days?.get();
    u16::try_from(hundredths.saturating_add(99) / 100).ok()
}

fn is_said(flag: Option<&Text<'_>>) -> bool {
    flag.is_some_and(|flag| flag == "1")
}

/// The one visit that all lines belong to.
fn one_visit<'l>(mut of: impl Iterator<Item = (&'l str, &'l str)>) -> Result<Whose<'l>, Failure> {
    let (mdtrt_id, psn_no) = of.next().ok_or(Declined::NothingInIt)?;
    if of.any(|other| other != (mdtrt_id, psn_no)) {
        return Err(Declined::SeveralVisits.into());
    }
    Ok(Whose { visit: visit(mdtrt_id)?, psn_no })
}

impl Service {
    /// 2204 门诊费用明细信息上传
    pub(super) async fn upload_outpatient(
        &self,
        asking: &Asking,
        input: &t2204::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let lines = &input.feedetail;
        let whose = one_visit(lines.iter().map(|line| (&*line.mdtrt_id, &*line.psn_no)))?;
        let facts = lines.iter().map(|line| {
            Ok(LineFacts {
                serial: line.feedetl_sn.as_ref().into(),
                batch: line.chrg_bchno.as_ref().into(),
                code: line.med_list_codg.as_ref().into(),
                day: line.fee_ocur_time.day(),
                quantity: line.cnt,
                price: line.pric,
                amount: line.det_item_fee_sumamt,
                returns: None,
                approval: approval(Some(&line.hosp_appr_flag))?,
                prescriber: None,
                days: days(line.prd_days),
                maternity: is_said(line.matn_fee_flag.as_ref()),
            })
        });
        let facts = facts.collect::<Result<Vec<_>, Failure>>()?;
        let (splits, inf_refmsgid) = self.upload(asking, &whose, facts).await?;
        let result = splits.into_iter().map(Split::t2204).collect();
        let answer = Answer::T2204(Box::new(t2204::output::Output { result }));
        Ok(Done { inf_refmsgid, ..asking.done(&answer) })
    }

    /// 2301 住院费用明细上传
    pub(super) async fn upload_inpatient(
        &self,
        asking: &Asking,
        input: &t2301::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let lines = &input.feedetail;
        let whose = one_visit(lines.iter().map(|line| (&*line.mdtrt_id, &*line.psn_no)))?;
        let facts = lines.iter().map(|line| {
            let returns = line.init_feedetl_sn.as_ref().filter(|serial| !serial.is_empty());
            Ok(LineFacts {
                serial: line.feedetl_sn.as_ref().into(),
                batch: Fact::default(),
                code: line.med_list_codg.as_ref().into(),
                day: line.fee_ocur_time.day(),
                quantity: line.cnt,
                price: line.pric,
                amount: line.det_item_fee_sumamt,
                returns: returns.map(|serial| serial.as_ref().into()),
                approval: approval(line.hosp_appr_flag.as_deref())?,
                prescriber: None,
                days: None,
                maternity: is_said(line.matn_fee_flag.as_ref()),
            })
        });
        let facts = facts.collect::<Result<Vec<_>, Failure>>()?;
        let (splits, inf_refmsgid) = self.upload(asking, &whose, facts).await?;
        let result = splits.into_iter().map(Split::t2301).collect();
        let answer = Answer::T2301(Box::new(t2301::output::Output { result }));
        Ok(Done { inf_refmsgid, ..asking.done(&answer) })
    }

    /// Uploads lines, and tells how they are split.
    async fn upload(
        &self,
        asking: &Asking,
        whose: &Whose<'_>,
        lines: Vec<LineFacts>,
    ) -> Result<(Vec<Split>, Option<String>), Failure> {
        are_sound(&lines)?;
        let mut uploaded = self.upload_and_look(asking, whose, lines, None).await?;
        // What came before is told as it was then.
        if let Some(before) = uploaded.receipt.filter(|before| before.time_ms != uploaded.at_ms) {
            let lines = uploaded.lines;
            uploaded = self.upload_and_look(asking, whose, lines, Some(before.time_ms)).await?;
        }
        let Uploaded { lines, outcomes, seen, receipt, .. } = uploaded;
        let by = seen.as_ref().and_then(|seen| self.by(Some(&seen.known), seen.scheme));
        let splits = match by {
            Some(by) => by.split(&lines, &outcomes),
            None => Split::plain(&lines, &outcomes),
        };
        Ok((splits, receipt.map(|receipt| self.refmsgid(receipt))))
    }

    /// Uploads lines, and asks in the same breath what a settlement of them alone would make of them, at the time of their record or at
    /// another. Of them alone, so that the same upload is told the same again, whatever was uploaded or settled since.
    async fn upload_and_look(
        &self,
        asking: &Asking,
        whose: &Whose<'_>,
        lines: Vec<LineFacts>,
        at_ms: Option<u64>,
    ) -> Result<Uploaded, Failure> {
        let Whose { visit, psn_no } = *whose;
        let (member, facility) = (Fact::from(psn_no), asking.institution.code.clone());
        let first = lines.first().map(|line| line.serial.clone());
        let what = What::Upload(visit, lines.clone());
        let how = how(asking, AccountUse::None, None, false);
        // What is told of the lines is seen before they are in: then nothing is left that could fail.
        let look = move |sight: &mut dyn Sight| {
            let at_ms = at_ms.unwrap_or(sight.time_ms());
            let moment = stamp(at_ms).moment;
            let how = SettleFacts { end: moment, settled: moment, ..how };
            let outcomes = sight.split(visit, how, &lines).unwrap_or_default();
            let seen = seen(sight.ledger(), &member, &facility, visit, first.as_ref());
            Uploaded { lines, at_ms, outcomes, seen, receipt: None }
        };
        let (uploading, looked) = self.submit_seeing(asking, psn_no, what, look)?;
        let said = self.said(uploading.await)?;
        let uploaded = looked.take().ok_or(Declined::RecordUnreadable)?;
        // Lines that were there already are told under the number of the call that brought them.
        let receipt = match (said, uploaded.seen.as_ref().and_then(|seen| seen.first)) {
            (Said::Record(receipt, _), _) => Some(receipt),
            (Said::PreSettled(_) | Said::Nothing, Some(place)) => {
                self.record_at(place).ok().map(|record| Receipt::of(&record))
            }
            (Said::PreSettled(_) | Said::Nothing, None) => None,
        };
        Ok(Uploaded { receipt, ..uploaded })
    }

    /// 2205 门诊费用明细信息撤销
    pub(super) async fn withdraw_outpatient(
        &self,
        asking: &Asking,
        input: &t2205::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let which = match &*data.chrg_bchno {
            ALL => Which::All,
            batch => Which::Batch(batch.into()),
        };
        let what = What::Withdraw(visit(&data.mdtrt_id)?, which);
        let answer = Answer::T2205(Box::new(t2205::output::Output {}));
        self.done_by(asking, &data.psn_no, what, &answer).await
    }

    /// 2302 住院费用明细撤销
    pub(super) async fn withdraw_inpatient(
        &self,
        asking: &Asking,
        input: &t2302::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let rows = &input.data;
        let whose = one_visit(rows.iter().map(|row| (&*row.mdtrt_id, &*row.psn_no)))?;
        let which = if rows.iter().any(|row| row.feedetl_sn == ALL) {
            Which::All
        } else {
            Which::Serials(rows.iter().map(|row| row.feedetl_sn.as_ref().into()).collect())
        };
        let answer = Answer::T2302(Box::new(t2302::output::Output {}));
        self.done_by(asking, whose.psn_no, What::Withdraw(whose.visit, which), &answer).await
    }
}

/// How a settlement over this interface is made.
pub(super) fn how(
    asking: &Asking,
    account: AccountUse,
    total: Option<Fen>,
    mid_stay: bool,
) -> SettleFacts {
    SettleFacts {
        channel: Channel::Direct,
        end: asking.came.moment,
        settled: asking.came.moment,
        account,
        tolerance: Fen::ZERO,
        mid_stay,
        total,
    }
}
