//! Settling: asked beforehand, done, cancelled, reversed (2101 2102 2103, 2206 2207 2208, 2303 2304 2305, their A forms, and 2601).

use yidan_settlement::claim::{AccountUse, HospitalApproval};
use yidan_settlement::command::{End, Settle, What, WhichVisit};
use yidan_settlement::event::{Event, Refused, Settled, Undone};
use yidan_settlement::facts::{ChargesFacts, LineFacts, Text as Fact, VisitFacts};
use yidan_settlement::id::Insutype;
use yidan_settlement::limits::CLOCK_SKEW_SECONDS;
use yidan_settlement::money::Fen;
use yidan_settlement::reason::Conduct;

use super::Service;
use super::asking::{Asking, Done, Failure, Known, Receipt, Said, insutype, number, visit};
use super::bill::{Bill, OwnSplit};
use super::declined::Declined;
use super::extension::Extension;
use super::fees::{days, how};
use super::split::{By, Split};
use crate::value::Text;
use crate::wire::{Answer, t2101, t2102, t2103, t2206, t2207, t2208, t2303, t2304, t2305, t2601};

/// `acct_used_flag`
fn account(flag: Option<&str>) -> Result<AccountUse, Failure> {
    match flag.unwrap_or_default() {
        "" | "0" => Ok(AccountUse::None),
        "1" => Ok(AccountUse::Own),
        "2" => Ok(AccountUse::Family),
        other => Err(Failure::field("acct_used_flag", other)),
    }
}

/// What is sold, and its lines: 2101 and 2102 have the same under types of their own.
macro_rules! sold {
    ($input:expr) => {{
        let data = &$input.druginfo;
        let sale = Sale {
            psn_no: &data.psn_no,
            certno: &data.certno,
            name: &data.psn_name,
            insutype: &data.insutype,
            med_type: &data.med_type,
            begin: data.begntime,
            disease: data.dise_codg.as_ref(),
            account: &data.acct_used_flag,
            total: data.medfee_sumamt,
            exp_content: data.exp_content.as_ref(),
        };
        let line = $input.drugdetail.iter().map(|line| LineFacts {
            serial: line.feedetl_sn.as_ref().into(),
            batch: Fact::default(),
            code: line.med_list_codg.as_ref().into(),
            day: line.fee_ocur_time.day(),
            quantity: line.cnt,
            price: line.pric,
            amount: line.det_item_fee_sumamt,
            returns: None,
            approval: HospitalApproval::NotGiven,
            prescriber: None,
            days: days(line.prd_days),
            maternity: false,
        });
        (sale, line.collect::<Vec<LineFacts>>())
    }};
}

/// The bill of a record, and what its answer says besides.
struct Billed {
    bill: Bill,
    inf_refmsgid: String,
    warn_msg: Option<String>,
}

impl Billed {
    /// The answer, whose output shows the bill.
    fn done(&self, answer: &Answer<'_>) -> Done {
        Done {
            output: crate::answer::output(answer),
            inf_refmsgid: Some(self.inf_refmsgid.clone()),
            warn_msg: self.warn_msg.clone(),
            file: None,
        }
    }
}

impl Service {
    /// 2206 门诊预结算, 2206A
    pub(super) async fn try_outpatient(
        &self,
        asking: &Asking,
        input: &t2206::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let settle = Settle {
            visit: WhichVisit::Batch(visit(&data.mdtrt_id)?, data.chrg_bchno.as_ref().into()),
            end: End::Registered,
            how: how(asking, account(Some(&data.acct_used_flag))?, Some(data.medfee_sumamt), false),
            charges: ChargesFacts::Uploaded,
        };
        let bill = self.tried(asking, &data.psn_no, settle).await?;
        let output = t2206::output::Output { setlinfo: bill.t2206(), setldetail: bill.rows() };
        Ok(asking.done(&Answer::T2206(Box::new(output))))
    }

    /// 2207 门诊结算, 2207A
    pub(super) async fn settle_outpatient(
        &self,
        asking: &Asking,
        input: &t2207::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let settle = Settle {
            visit: WhichVisit::Batch(visit(&data.mdtrt_id)?, data.chrg_bchno.as_ref().into()),
            end: End::Registered,
            how: how(asking, account(Some(&data.acct_used_flag))?, Some(data.medfee_sumamt), false),
            charges: ChargesFacts::Uploaded,
        };
        let said = OwnSplit {
            own: Some(data.fulamt_ownpay_amt),
            over: Some(data.overlmt_selfpay),
            pre_pay: Some(data.preselfpay_amt),
            in_scope: Some(data.inscp_scp_amt),
        };
        let billed = self.settled(asking, &data.psn_no, settle, said).await?;
        let bill = &billed.bill;
        let output = t2207::output::Output { setlinfo: bill.t2207(), setldetail: bill.rows() };
        Ok(billed.done(&Answer::T2207(Box::new(output))))
    }

    /// 2303 住院预结算, 2303A
    pub(super) async fn try_inpatient(
        &self,
        asking: &Asking,
        input: &t2303::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let mid_stay = data.mid_setl_flag == "1";
        let account = account(data.acct_used_flag.as_deref())?;
        let settle = Settle {
            visit: WhichVisit::Registered(visit(&data.mdtrt_id)?),
            end: End::SoFar,
            how: how(asking, account, Some(data.medfee_sumamt), mid_stay),
            charges: ChargesFacts::Uploaded,
        };
        let bill = self.tried(asking, &data.psn_no, settle).await?;
        let output = t2303::output::Output { setlinfo: bill.t2303(), setldetail: bill.rows() };
        Ok(asking.done(&Answer::T2303(Box::new(output))))
    }

    /// 2304 住院结算, 2304A
    pub(super) async fn settle_inpatient(
        &self,
        asking: &Asking,
        input: &t2304::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let mid_stay = data.mid_setl_flag == "1";
        let account = account(Some(&data.acct_used_flag))?;
        let settle = Settle {
            visit: WhichVisit::Registered(visit(&data.mdtrt_id)?),
            end: if mid_stay { End::SoFar } else { End::Registered },
            how: how(asking, account, Some(data.medfee_sumamt), mid_stay),
            charges: ChargesFacts::Uploaded,
        };
        let said = OwnSplit {
            own: data.fulamt_ownpay_amt,
            over: data.overlmt_selfpay,
            pre_pay: data.preselfpay_amt,
            in_scope: data.inscp_scp_amt,
        };
        let billed = self.settled(asking, &data.psn_no, settle, said).await?;
        let bill = &billed.bill;
        let output = t2304::output::Output { setlinfo: bill.t2304(), setldetail: bill.rows() };
        Ok(billed.done(&Answer::T2304(Box::new(output))))
    }

    /// What a settlement would give.
    async fn tried(&self, asking: &Asking, psn_no: &str, settle: Settle) -> Result<Bill, Failure> {
        let (said, known) = self.ask_and_see(asking, psn_no, What::PreSettle(settle)).await?;
        match said {
            Said::PreSettled(settled) => self.bill_before(&asking.request(psn_no), &settled, known),
            Said::Record(_, _) | Said::Nothing => Err(Declined::RecordUnreadable.into()),
        }
    }

    async fn settled(
        &self,
        asking: &Asking,
        psn_no: &str,
        settle: Settle,
        own: OwnSplit,
    ) -> Result<Billed, Failure> {
        let (said, known) = self.ask_and_see(asking, psn_no, What::Settle(settle)).await?;
        let record = said.record()?;
        let Event::Settled(settled) = &record.event else {
            return Err(Declined::RecordUnreadable.into());
        };
        let bill = self.bill(&record, settled, known)?;
        let differs = bill.differs(own).map(|differs| format!("与医院上传的分解不一致：{differs}"));
        Ok(Billed { bill, inf_refmsgid: self.refmsgid(Receipt::of(&record)), warn_msg: differs })
    }

    /// 2208 门诊结算撤销
    pub(super) async fn cancel_outpatient(
        &self,
        asking: &Asking,
        input: &t2208::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let billed = self.cancelled(asking, &data.psn_no, &data.setl_id, &data.mdtrt_id).await?;
        let bill = &billed.bill;
        let output = t2208::output::Output { setlinfo: bill.t2208(), setldetail: bill.rows() };
        Ok(billed.done(&Answer::T2208(Box::new(output))))
    }

    /// 2305 住院结算撤销
    pub(super) async fn cancel_inpatient(
        &self,
        asking: &Asking,
        input: &t2305::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let billed = self.cancelled(asking, &data.psn_no, &data.setl_id, &data.mdtrt_id).await?;
        let bill = &billed.bill;
        let output = t2305::output::Output { setlinfo: bill.t2305(), setldetail: bill.rows() };
        Ok(billed.done(&Answer::T2305(Box::new(output))))
    }

    /// 2103 药店结算撤销
    pub(super) async fn cancel_pharmacy(
        &self,
        asking: &Asking,
        input: &t2103::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let billed = self.cancelled(asking, &data.psn_no, &data.setl_id, &data.mdtrt_id).await?;
        let bill = &billed.bill;
        let output = t2103::output::Output { setlinfo: bill.t2103(), setldetail: bill.rows() };
        Ok(billed.done(&Answer::T2103(Box::new(output))))
    }

    async fn cancelled(
        &self,
        asking: &Asking,
        psn_no: &str,
        setl_id: &str,
        mdtrt_id: &str,
    ) -> Result<Billed, Failure> {
        let settlement = number("setl_id", setl_id)?;
        self.can_be_cancelled(psn_no, settlement, mdtrt_id).await?;
        let what = What::Cancel(settlement);
        let (said, known) = self.ask_and_see(asking, psn_no, what).await?;
        let record = said.record()?;
        let Event::Cancelled(cancelled) = &record.event else {
            return Err(Declined::RecordUnreadable.into());
        };
        let bill = self.bill_cancelled(&record, cancelled, known)?;
        Ok(Billed { bill, inf_refmsgid: self.refmsgid(Receipt::of(&record)), warn_msg: None })
    }

    /// Whether a settlement is that of the visit named beside it, and can be told: what is done must not look refused because its pack
    /// is loaded no more. One that cannot be found or read is the ledger's to refuse.
    async fn can_be_cancelled(
        &self,
        psn_no: &str,
        settlement: u64,
        mdtrt_id: &str,
    ) -> Result<(), Failure> {
        let member = Fact::from(psn_no);
        let place = self.look(psn_no, move |ledger| {
            let settled = ledger.members().get(&member)?.settled();
            settled.iter().find(|one| one.seq() == settlement).map(|one| one.place())
        });
        let Some(place) = place.await? else { return Ok(()) };
        let Ok(made) = self.settlement_at(place, settlement) else { return Ok(()) };
        self.pack(made.settled.policy)?;
        let visit = made.settled.visit;
        let same = visit.get().to_string() == mdtrt_id.trim();
        if same { Ok(()) } else { Err(Failure::field("mdtrt_id", mdtrt_id)) }
    }

    /// 2601 冲正
    pub(super) async fn reverse(
        &self,
        asking: &Asking,
        input: &t2601::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let digits = data.oinfno.trim_end_matches(['A', 'B', 'a', 'b']);
        let infno = digits.parse().map_err(|_| Failure::field("oinfno", &data.oinfno))?;
        let what = What::Reverse(infno, data.omsgid.as_ref().into());
        let record = self.ask(asking, &data.psn_no, what).await?.record()?;
        let Event::Reversed(reversed) = &record.event else {
            return Err(Declined::RecordUnreadable.into());
        };
        match reversed.undone {
            // Not found, to the platform's clients; the mark is there all the same.
            Undone::NotYetCome => Err(Failure::Refused {
                refused: Refused {
                    reason: Conduct::NothingToReverse.number(),
                    line: None,
                    figures: None,
                    detail: 0,
                },
                more: None,
                inf_refmsgid: Some(self.refmsgid(Receipt::of(&record))),
            }),
            Undone::Settlement(_)
            | Undone::Cancellation(_)
            | Undone::Visit(_)
            | Undone::NoEffect => Ok(self.told_from(
                Receipt::of(&record),
                &Answer::T2601(Box::new(t2601::output::Output {})),
            )),
        }
    }

    /// 2101 药店预结算
    pub(super) async fn try_pharmacy(
        &self,
        asking: &Asking,
        input: &t2101::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let (sale, lines) = sold!(input);
        let settle = self.sale(asking, &sale, lines.clone())?;
        let (said, known) = self.ask_and_see(asking, sale.psn_no, What::PreSettle(settle)).await?;
        let Said::PreSettled(settled) = said else { return Err(Declined::RecordUnreadable.into()) };
        let splits = self.drugs(&lines, &settled, known.as_ref());
        let bill = self.bill_before(&asking.request(sale.psn_no), &settled, known)?;
        let output = t2101::output::Output {
            setlinfo: bill.t2101(),
            setldetail: bill.rows(),
            detlcutinfo: splits.into_iter().map(Split::t2101).collect(),
        };
        Ok(asking.done(&Answer::T2101(Box::new(output))))
    }

    /// 2102 药店结算
    pub(super) async fn settle_pharmacy(
        &self,
        asking: &Asking,
        input: &t2102::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let (sale, lines) = sold!(input);
        let settle = self.sale(asking, &sale, lines.clone())?;
        let (said, known) = self.ask_and_see(asking, sale.psn_no, What::Settle(settle)).await?;
        let record = said.record()?;
        let Event::Settled(settled) = &record.event else {
            return Err(Declined::RecordUnreadable.into());
        };
        let splits = self.drugs(&lines, settled, known.as_ref());
        let bill = self.bill(&record, settled, known)?;
        let output = t2102::output::Output {
            setlinfo: bill.t2102(),
            setldetail: bill.rows(),
            detlcutinfo: splits.into_iter().map(Split::t2102).collect(),
        };
        Ok(self.told_from(Receipt::of(&record), &Answer::T2102(Box::new(output))))
    }

    /// A sale as one settlement.
    fn sale(
        &self,
        asking: &Asking,
        sale: &Sale<'_>,
        lines: Vec<LineFacts>,
    ) -> Result<Settle, Failure> {
        self.is_the_person(sale.psn_no, sale.certno, sale.name)?;
        let said = Extension::of(sale.exp_content);
        let facts = VisitFacts {
            insutype: insutype(sale.insutype)?,
            med_type: sale.med_type.into(),
            begin: sale.begin,
            end: None,
            disease: sale.disease.filter(|code| !code.is_empty()).map(|code| code.as_ref().into()),
            diagnoses: Vec::new(),
            continues: None,
            accident: said.accident.unwrap_or(false),
            third_party: said.third_party.unwrap_or(false),
            birth: 0,
            family_planning: 0,
            fetuses: 1,
        };
        let mut how = how(asking, account(Some(sale.account))?, Some(sale.total), false);
        // A sale ends as it begins.
        how.end = sale.begin;
        // The till's clock may be ahead of ours a little; a sale of next year is refused.
        if !sale.begin.is_after(how.settled.later(CLOCK_SKEW_SECONDS)) {
            how.settled = how.settled.max(sale.begin);
        }
        let (visit, charges) = (WhichVisit::AtOnce(facts), ChargesFacts::Lines(lines));
        Ok(Settle { visit, end: End::Stated, how, charges })
    }

    /// How the lines of a sale were split.
    fn drugs(&self, lines: &[LineFacts], settled: &Settled, known: Option<&Known>) -> Vec<Split> {
        let outcomes = &settled.decision.lines;
        let by = self.by(known, settled.facts.insutype);
        by.map_or_else(|| Split::plain(lines, outcomes), |by| by.split(lines, outcomes))
    }

    /// By what lines of a member are looked up at a facility, where both are known and the member's pool has a pack.
    pub(super) fn by<'b>(&'b self, known: Option<&'b Known>, scheme: Insutype) -> Option<By<'b>> {
        let known = known?;
        let loaded = self.world.pack_of(&known.facts.admdvs)?;
        Some(By {
            world: &self.world,
            pack: &loaded.pack,
            insured: &known.facts.admdvs,
            facility: known.facility.as_ref()?,
            scheme,
        })
    }
}

/// What 2101 and 2102 say of a sale.
struct Sale<'s> {
    psn_no: &'s str,
    certno: &'s str,
    name: &'s str,
    insutype: &'s str,
    med_type: &'s str,
    begin: yidan_settlement::date::Moment,
    disease: Option<&'s Text<'s>>,
    account: &'s str,
    total: Fen,
    exp_content: Option<&'s Text<'s>>,
}
