//! A bill as transactions show it: every amount and fact of `setlinfo` once, and each transaction's struct filled from it.

use std::fmt::Write;

use yidan_settlement::bill::Decision;
use yidan_settlement::date::{Day, Moment};
use yidan_settlement::event::{Cancelled, Event, Record, Request, Settled};
use yidan_settlement::facts::{MemberFacts, VisitFacts};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{FundField, Pack};

use super::Service;
use super::asking::{Failure, Known};
use super::declined::Declined;
use crate::persons::Person;
use crate::setl::{Basic, clr_type, proceedings, tier};
use crate::value::{Scaled, Text};
use crate::wire::{t2101, t2102, t2103, t2206, t2207, t2208, t2303, t2304, t2305, t5203};

/// Records that one after the other undid a settlement and put it back, at most.
const RECORDS_OF_ONE: usize = 64;

/// A settlement as it is in the journal, and who asked for it.
pub(super) struct Earlier {
    pub(super) asked: Request,
    pub(super) settled: Settled,
}

/// `setlinfo`, of all transactions together.
#[derive(Clone, Debug)]
pub(super) struct Bill {
    mdtrt_id: Text<'static>,
    setl_id: Text<'static>,
    psn_no: Text<'static>,
    psn_name: Text<'static>,
    psn_cert_type: Text<'static>,
    certno: Text<'static>,
    gend: Text<'static>,
    naty: Option<Text<'static>>,
    brdy: Option<Day>,
    age: Scaled<1>,
    insutype: Text<'static>,
    psn_type: Text<'static>,
    cvlserv_flag: Text<'static>,
    setl_time: Moment,
    mdtrt_cert_type: Option<Text<'static>>,
    med_type: Text<'static>,
    medfee_sumamt: Fen,
    fulamt_ownpay_amt: Fen,
    overlmt_selfpay: Fen,
    preselfpay_amt: Fen,
    inscp_scp_amt: Fen,
    act_pay_dedc: Fen,
    hifp_pay: Fen,
    pool_prop_selfpay: Scaled<4>,
    cvlserv_pay: Fen,
    hifes_pay: Fen,
    hifmi_pay: Fen,
    hifob_pay: Fen,
    hifdm_pay: Fen,
    maf_pay: Fen,
    oth_pay: Fen,
    fund_pay_sumamt: Fen,
    psn_part_amt: Fen,
    acct_pay: Fen,
    psn_cash_pay: Fen,
    hosp_part_amt: Fen,
    balc: Fen,
    acct_mulaid_pay: Fen,
    medins_setl_id: Text<'static>,
    clr_optins: Option<Text<'static>>,
    clr_way: Option<Text<'static>>,
    clr_type: Text<'static>,
    begndate: Day,
    enddate: Day,
    /// `setldetail`
    payments: Vec<Payment>,
}

/// A row of `setldetail`.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    fund_pay_type: Text<'static>,
    inscp_scp_amt: Fen,
    crt_payb_lmt_amt: Option<Fen>,
    fund_payamt: Fen,
    fund_pay_type_name: Option<Text<'static>>,
    setl_proc_info: Option<Text<'static>>,
}

/// What a bill is made of.
pub(super) struct Source<'s> {
    pub(super) settled: &'s Settled,
    pub(super) decision: &'s Decision,
    pub(super) pack: &'s Pack,
    pub(super) member: &'s MemberFacts,
    pub(super) visit: &'s VisitFacts,
    pub(super) person: Option<Person>,
    pub(super) psn_no: &'s str,
    pub(super) msgid: &'s str,
    /// Empty for a pre-settlement.
    pub(super) setl_id: String,
    pub(super) setl_time: Moment,
}

/// 个人账户 as a row of `setldetail`.
const OWN_ACCOUNT: (&str, &str) = ("310200", "城镇职工基本医疗保险个人账户基金");

/// 家庭共济 as a row of `setldetail`.
const FAMILY_ACCOUNT: (&str, &str) = ("390500", "家庭账户基金");

/// What the facility bears, as the Chongqing recordings have it.
const HOSPITAL: (&str, &str) = ("999996", "医院垫付基金");

impl Bill {
    pub(super) fn of(source: Source<'_>) -> Bill {
        let Source { settled, decision, pack, member, visit, person, .. } = source;
        let fund = |field| decision.fund(field);
        let basic = Basic::of(decision, pack);
        let on = source.setl_time.day();
        let years = member.birth.map_or(0, |birth| on.years_since(birth));
        let person = person.unwrap_or_default();
        let text = |text: &str| Text::from(text.to_owned());
        Bill {
            mdtrt_id: settled.visit.get().to_string().into(),
            setl_id: source.setl_id.into(),
            psn_no: text(source.psn_no),
            psn_name: person.name.into(),
            psn_cert_type: person.cert_type.into(),
            certno: person.certno.into(),
            gend: super::people::gend(member.sex).into(),
            naty: person.ethnicity.map(Text::from),
            brdy: member.birth,
            age: Scaled::new(i64::from(years) * 10),
            insutype: visit.insutype.to_string().into(),
            psn_type: text(&member.psn_type),
            cvlserv_flag: if member.civil_servant { "1" } else { "0" }.into(),
            setl_time: source.setl_time,
            mdtrt_cert_type: None,
            med_type: text(&visit.med_type),
            medfee_sumamt: decision.total,
            fulamt_ownpay_amt: decision.split.own,
            overlmt_selfpay: decision.split.over,
            preselfpay_amt: decision.split.pre_pay,
            inscp_scp_amt: decision.split.in_scope,
            act_pay_dedc: basic.deductible,
            hifp_pay: fund(FundField::HifpPay),
            pool_prop_selfpay: Scaled::new(basic.ratio),
            cvlserv_pay: fund(FundField::CvlservPay),
            hifes_pay: fund(FundField::HifesPay),
            hifmi_pay: fund(FundField::HifmiPay),
            hifob_pay: fund(FundField::HifobPay),
            hifdm_pay: fund(FundField::HifdmPay),
            maf_pay: fund(FundField::MafPay),
            oth_pay: fund(FundField::OthPay),
            fund_pay_sumamt: decision.fund_sum(),
            psn_part_amt: decision.psn_part,
            acct_pay: decision.account_sum(),
            psn_cash_pay: decision.cash,
            hosp_part_amt: decision.hosp_part,
            balc: decision.balance,
            acct_mulaid_pay: decision.account_family_sum(),
            medins_setl_id: text(source.msgid),
            clr_optins: Some(text(&member.admdvs)),
            clr_way: None,
            clr_type: clr_type(decision, pack).into(),
            begndate: visit.begin.day(),
            enddate: settled.how.end.day(),
            payments: payments(decision, pack),
        }
    }

    /// The rows of `setldetail`.
    pub(super) fn rows<T: for<'p> From<&'p Payment>>(&self) -> Vec<T> {
        self.payments.iter().map(T::from).collect()
    }

    /// The answer of 5203: the same of a settlement made earlier, and whether it was cancelled since.
    pub(super) fn t5203<'a>(
        &'a self,
        code: &'a str,
        name: &'a str,
        is_cancelled: bool,
        settled: &Settled,
    ) -> t5203::output::Setlinfo<'a> {
        let year = settled.decision.parts.first().map_or(0, |part| part.year);
        t5203::output::Setlinfo {
            setl_id: self.setl_id.clone(),
            mdtrt_id: self.mdtrt_id.clone(),
            psn_no: self.psn_no.clone(),
            psn_name: self.psn_name.clone(),
            psn_cert_type: self.psn_cert_type.clone(),
            certno: self.certno.clone(),
            gend: self.gend.clone(),
            naty: self.naty.clone(),
            brdy: self.brdy,
            age: Some(self.age),
            insutype: self.insutype.clone(),
            psn_type: self.psn_type.clone(),
            cvlserv_flag: self.cvlserv_flag.clone(),
            flxempe_flag: None,
            nwb_flag: None,
            insu_optins: None,
            emp_name: None,
            // Paid at the institution.
            pay_loc: "2".into(),
            fixmedins_code: code.into(),
            fixmedins_name: name.into(),
            hosp_lv: None,
            fixmedins_poolarea: None,
            lmtpric_hosp_lv: None,
            dedc_hosp_lv: None,
            begndate: self.begndate,
            enddate: self.enddate,
            setl_time: self.setl_time,
            mdtrt_cert_type: None,
            med_type: self.med_type.clone(),
            clr_type: self.clr_type.clone(),
            clr_way: None,
            clr_optins: None,
            medfee_sumamt: self.medfee_sumamt,
            fulamt_ownpay_amt: self.fulamt_ownpay_amt,
            overlmt_selfpay: self.overlmt_selfpay,
            preselfpay_amt: self.preselfpay_amt,
            inscp_scp_amt: self.inscp_scp_amt,
            act_pay_dedc: self.act_pay_dedc,
            hifp_pay: self.hifp_pay,
            pool_prop_selfpay: self.pool_prop_selfpay,
            cvlserv_pay: self.cvlserv_pay,
            hifes_pay: self.hifes_pay,
            hifmi_pay: self.hifmi_pay,
            hifob_pay: self.hifob_pay,
            maf_pay: self.maf_pay,
            oth_pay: self.oth_pay,
            fund_pay_sumamt: self.fund_pay_sumamt,
            psn_pay: self.psn_part_amt,
            acct_pay: self.acct_pay,
            cash_payamt: self.psn_cash_pay,
            balc: self.balc,
            acct_mulaid_pay: self.acct_mulaid_pay,
            medins_setl_id: self.medins_setl_id.clone(),
            refd_setl_flag: if is_cancelled { "1" } else { "0" }.into(),
            year: year.to_string().into(),
            dise_codg: settled.facts.disease.as_ref().map(|code| code.to_string().into()),
            dise_name: None,
            invono: None,
            opter_id: None,
            opter_name: None,
            opt_time: None,
            pref_fund_pay: Fen::ZERO,
        }
    }

    /// Where the HIS's own split differs: what it says and what was found.
    pub(super) fn differs(&self, said: OwnSplit) -> Option<String> {
        let pairs = [
            ("全自费金额", said.own, self.fulamt_ownpay_amt),
            ("超限价金额", said.over, self.overlmt_selfpay),
            ("先行自付金额", said.pre_pay, self.preselfpay_amt),
            ("符合政策范围金额", said.in_scope, self.inscp_scp_amt),
        ];
        let mut told = String::new();
        for (name, said, found) in pairs {
            if let Some(said) = said.filter(|said| *said != found) {
                told.push_str(if told.is_empty() { "" } else { "；" });
                write!(told, "{name}：上传{said}，核定{found}").expect("memory");
            }
        }
        (!told.is_empty()).then_some(told)
    }
}

/// The split of a bill as the HIS computed it.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct OwnSplit {
    pub(super) own: Option<Fen>,
    pub(super) over: Option<Fen>,
    pub(super) pre_pay: Option<Fen>,
    pub(super) in_scope: Option<Fen>,
}

/// One row for each tier that applied, and for what accounts and the facility bore.
fn payments(decision: &Decision, pack: &Pack) -> Vec<Payment> {
    let of_tiers = decision.tiers.iter().filter_map(|row| {
        let tier = tier(row, decision, pack)?;
        Some(Payment {
            fund_pay_type: tier.fund.to_string().into(),
            inscp_scp_amt: row.base,
            crt_payb_lmt_amt: row.cap_left,
            fund_payamt: row.paid,
            fund_pay_type_name: Some(tier.name.clone().into()),
            setl_proc_info: Some(proceedings(row, tier).into()),
        })
    });
    let others = [
        (OWN_ACCOUNT, decision.account_own),
        (FAMILY_ACCOUNT, decision.account_family_sum()),
        (HOSPITAL, decision.hosp_part),
    ];
    let of_others = others.into_iter().filter(|(_, paid)| !paid.is_zero());
    let of_others = of_others.map(|((fund, name), paid)| Payment {
        fund_pay_type: fund.into(),
        inscp_scp_amt: Fen::ZERO,
        crt_payb_lmt_amt: None,
        fund_payamt: paid,
        fund_pay_type_name: Some(name.into()),
        setl_proc_info: None,
    });
    of_tiers.chain(of_others).collect()
}

/// A field of a bill as an answer has it: texts are lent.
trait Lend<'b> {
    type Lent;

    fn lend(&'b self) -> Self::Lent;
}

impl<'b> Lend<'b> for Text<'static> {
    type Lent = Text<'b>;

    fn lend(&'b self) -> Text<'b> {
        Text::Borrowed(self)
    }
}

impl<'b, T: Lend<'b>> Lend<'b> for Option<T> {
    type Lent = Option<T::Lent>;

    fn lend(&'b self) -> Option<T::Lent> {
        self.as_ref().map(T::lend)
    }
}

macro_rules! lend_as_it_is {
    ($($type:ty)*) => {$(
        impl Lend<'_> for $type {
            type Lent = $type;

            fn lend(&self) -> $type {
                *self
            }
        }
    )*};
}
lend_as_it_is!(Fen Day Moment Scaled<1> Scaled<4>);

macro_rules! setlinfo {
    // What every transaction has, what this one has besides, what it has under another name, and what no one says.
    ($name:ident, $module:ident, [$($more:ident)*], { $($own:ident: $as:ident)* }, [$($none:ident)*]) => {
        impl Bill {
            /// The answer of this transaction's `setlinfo`.
            pub(super) fn $name(&self) -> $module::output::Setlinfo<'_> {
                setlinfo!(@all self, $module::output::Setlinfo, [
                    $($more)*
                    mdtrt_id setl_time medfee_sumamt fulamt_ownpay_amt overlmt_selfpay preselfpay_amt
                    inscp_scp_amt act_pay_dedc hifp_pay pool_prop_selfpay cvlserv_pay hifes_pay
                    hifmi_pay hifob_pay maf_pay oth_pay fund_pay_sumamt psn_part_amt acct_pay
                    psn_cash_pay balc acct_mulaid_pay medins_setl_id clr_optins hifdm_pay
                ], { $($own: $as)* }, [$($none)*])
            }
        }
        details!($module);
    };
    (@all $bill:ident, $node:path, [$($field:ident)*], { $($own:ident: $as:ident)* }, [$($none:ident)*]) => {{
        use $node as Node;
        Node {
            $($field: $bill.$field.lend().into(),)*
            $($own: $bill.$as.lend().into(),)*
            $($none: None,)*
        }
    }};
}

macro_rules! details {
    ($module:ident) => {
        impl From<&Payment> for $module::output::Setldetail<'static> {
            fn from(payment: &Payment) -> $module::output::Setldetail<'static> {
                let Payment { fund_pay_type, fund_pay_type_name, setl_proc_info, .. } =
                    payment.clone();
                $module::output::Setldetail {
                    fund_pay_type,
                    inscp_scp_amt: payment.inscp_scp_amt,
                    crt_payb_lmt_amt: payment.crt_payb_lmt_amt,
                    fund_payamt: payment.fund_payamt,
                    fund_pay_type_name,
                    setl_proc_info,
                }
            }
        }
    };
}
setlinfo!(t2101, t2101, [
    hosp_part_amt
    psn_no psn_name psn_cert_type certno gend naty brdy age insutype psn_type
    cvlserv_flag mdtrt_cert_type med_type clr_way clr_type
], {}, [exp_content]);
setlinfo!(t2102, t2102, [
    setl_id hosp_part_amt
    psn_no psn_name psn_cert_type certno gend naty brdy age insutype psn_type
    cvlserv_flag mdtrt_cert_type med_type clr_way clr_type
], {}, [exp_content]);
setlinfo!(t2103, t2103, [setl_id], {}, []);
setlinfo!(t2206, t2206, [
    hosp_part_amt
    psn_no psn_name psn_cert_type certno gend naty brdy age insutype psn_type
    cvlserv_flag mdtrt_cert_type med_type clr_way clr_type
], {}, [exp_content]);
setlinfo!(t2207, t2207, [
    setl_id hosp_part_amt
    psn_no psn_name psn_cert_type certno gend naty brdy age insutype psn_type
    cvlserv_flag mdtrt_cert_type med_type clr_way clr_type
], {}, [exp_content]);
setlinfo!(t2208, t2208, [
    setl_id hosp_part_amt
    psn_no psn_name psn_cert_type certno gend naty brdy age insutype psn_type
    cvlserv_flag mdtrt_cert_type med_type clr_way clr_type
], { pdn_cash_pay: psn_cash_pay }, [exp_content]);
setlinfo!(t2303, t2303, [
    hosp_part_amt
    psn_no psn_name psn_cert_type certno gend naty brdy age insutype psn_type
    cvlserv_flag mdtrt_cert_type med_type clr_way clr_type
], {}, [exp_content]);
setlinfo!(t2304, t2304, [
    setl_id hosp_part_amt
    psn_no psn_name psn_cert_type certno gend naty brdy age insutype psn_type
    cvlserv_flag mdtrt_cert_type med_type clr_way clr_type
], {}, [exp_content]);
setlinfo!(t2305, t2305, [
    setl_id hosp_part_amt
], { begndate: begndate enddate: enddate crt_dedc: act_pay_dedc }, [psn_insu_rlts_id insu_admdvs mdtrt_cert_no setl_type invono exp_content]);

impl Service {
    /// The bill of a settlement's record.
    pub(super) fn bill(
        &self,
        record: &Record,
        settled: &Settled,
        known: Option<Known>,
    ) -> Result<Bill, Failure> {
        let (time, setl_id) = (settled.how.settled, record.seq.to_string());
        self.bill_of(&record.request, settled, &settled.decision, known, setl_id, time)
    }

    /// The bill of a settlement that was made earlier.
    pub(super) fn bill_again(&self, settlement: u64, earlier: &Earlier) -> Result<Bill, Failure> {
        let Earlier { asked, settled } = earlier;
        let (time, setl_id) = (settled.how.settled, settlement.to_string());
        self.bill_of(asked, settled, &settled.decision, None, setl_id, time)
    }

    /// The bill of what a settlement would give.
    pub(super) fn bill_before(
        &self,
        asked: &Request,
        settled: &Settled,
        known: Option<Known>,
    ) -> Result<Bill, Failure> {
        let time = settled.how.settled;
        self.bill_of(asked, settled, &settled.decision, known, String::new(), time)
    }

    /// The bill of a cancellation: what it cancels with all signs turned, its own number and its own time.
    pub(super) fn bill_cancelled(
        &self,
        record: &Record,
        cancelled: &Cancelled,
        known: Option<Known>,
    ) -> Result<Bill, Failure> {
        let before = self.settlement_at(cancelled.place, cancelled.settlement)?;
        let decision = before.settled.decision.reversed();
        let time = super::asking::stamp(record.time_ms).moment;
        let setl_id = record.seq.to_string();
        self.bill_of(&record.request, &before.settled, &decision, known, setl_id, time)
    }

    /// A settlement by a record that says what it is, or that undid it, put it back or made it anew.
    pub(super) fn settlement_at(&self, place: u64, settlement: u64) -> Result<Earlier, Failure> {
        let mut place = place;
        // Each record leads to an earlier one.
        for _ in 0..RECORDS_OF_ONE {
            let record = self.record_at(place)?;
            if let Event::Corrected(corrected) = &record.event
                && let Some(anew) =
                    corrected.adjusted.iter().find(|one| one.settlement == settlement)
            {
                let first = self.settlement_at(anew.place, settlement)?;
                return Ok(Earlier { asked: first.asked, settled: anew.settled.clone() });
            }
            let before = record.event.place_before(settlement);
            if let Event::Settled(settled) = record.event {
                return Ok(Earlier { asked: record.request, settled: *settled });
            }
            place = before.ok_or(Declined::RecordUnreadable)?;
        }
        Err(Declined::RecordUnreadable.into())
    }

    /// What was known of the member at a settlement: mostly what is known now. Where the record that said it is archived, what is
    /// known now is told.
    fn member_of(&self, settled: &Settled, known: Option<Known>) -> Result<MemberFacts, Failure> {
        if let Some(known) = known.as_ref().filter(|known| known.place == settled.known) {
            return Ok(known.facts.clone());
        }
        let then = self.record_at(settled.known);
        match (then.map(|record| record.event.known().cloned()), known) {
            (Ok(Some(member)), _) => Ok(member),
            (Ok(None) | Err(_), Some(known)) => Ok(known.facts),
            (Ok(None), None) => Err(Declined::RecordUnreadable.into()),
            (Err(failure), None) => Err(failure),
        }
    }

    /// `known` is what is known of the member now, which is mostly what was known at the settlement.
    fn bill_of(
        &self,
        asked: &Request,
        settled: &Settled,
        decision: &Decision,
        known: Option<Known>,
        setl_id: String,
        setl_time: Moment,
    ) -> Result<Bill, Failure> {
        let psn_no = asked.psn_no.as_str();
        let member = self.member_of(settled, known)?;
        let pack = self.pack(settled.policy)?;
        Ok(Bill::of(Source {
            settled,
            decision,
            pack: &pack,
            member: &member,
            visit: &settled.facts,
            person: self.persons.get(psn_no)?,
            psn_no,
            msgid: &asked.msgid,
            setl_id,
            setl_time,
        }))
    }
}

details!(t5203);
