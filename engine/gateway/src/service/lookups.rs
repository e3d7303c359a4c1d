//! What was done, asked again (5201 5203 5303): of this institution's visits and settlements alone.

use yidan_settlement::facts::{MemberFacts, Text as Fact};
use yidan_settlement::ledger::OpenVisit;

use super::Service;
use super::asking::{Asking, Done, Failure, number};
use super::declined::Declined;
use super::people::gend;
use crate::persons::Person;
use crate::value::Scaled;
use crate::wire::{Answer, t5201, t5203, t5303};

/// A visit with the number it is called by.
type Numbered = (u64, OpenVisit);

impl Service {
    /// 5203 结算信息查询
    pub(super) async fn settlement(
        &self,
        asking: &Asking,
        input: &t5203::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let wanted = number("setl_id", &data.setl_id)?;
        let member = Fact::from(&*data.psn_no);
        let seen = self.look(&data.psn_no, move |ledger| {
            let member = ledger.members().get(&member)?;
            let held = member.settled().iter().find(|one| one.seq() == wanted)?;
            Some((held.place(), held.is_cancelled()))
        });
        let (place, is_cancelled) = seen.await?.ok_or(Declined::SettlementNotOurs)?;
        let made = self.settlement_at(place, wanted)?;
        if made.asked.asker != asking.institution.code {
            return Err(Declined::SettlementNotOurs.into());
        }
        let bill = self.bill_again(wanted, &made)?;
        let name = self.facility_name(&asking.institution.code);
        let setlinfo = bill.t5203(&asking.institution.code, &name, is_cancelled, &made.settled);
        let output = t5203::output::Output { setlinfo, setldetail: bill.rows() };
        Ok(asking.done(&Answer::T5203(Box::new(output))))
    }

    /// 5201 就诊信息查询: the visits of a person that are held: those that are open, and those settled and not yet put away.
    pub(super) async fn visits(
        &self,
        asking: &Asking,
        input: &t5201::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        self.may_ask(asking, &data.psn_no).await?;
        let (from, to) = (data.begntime, data.endtime);
        let (med_type, one) = (data.med_type.to_string(), data.mdtrt_id.as_deref());
        let one = one.filter(|text| !text.is_empty()).map(|text| number("mdtrt_id", text));
        let one = one.transpose()?;
        let within = move |number: u64, visit: &OpenVisit| {
            let begin = visit.facts.begin;
            one.is_none_or(|one| one == number)
                && begin >= from
                && begin <= to
                && (med_type.is_empty() || visit.facts.med_type == med_type.as_str())
        };
        let (member, visits) = self.visits_of(asking, &data.psn_no, within).await?;
        let person = self.persons.get(&data.psn_no)?.unwrap_or_default();
        let rows = visits.iter().map(|(number, visit)| row_5201(*number, visit, &member, &person));
        let output = t5201::output::Output { mdtrtinfo: rows.collect() };
        Ok(asking.done(&Answer::T5201(Box::new(output))))
    }

    /// 5303 在院信息查询: stays that have not ended.
    pub(super) async fn in_hospital(
        &self,
        asking: &Asking,
        input: &t5303::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let psn_no = data.psn_no.as_deref().unwrap_or_default().to_owned();
        self.may_ask(asking, &psn_no).await?;
        let (from, to) = (data.begntime, data.endtime);
        let lasts = move |_, visit: &OpenVisit| {
            let begin = visit.facts.begin;
            visit.facts.end.is_none()
                && begin >= from
                && begin <= to
                && (visit.facts.med_type.starts_with('2') || visit.facts.med_type == "52")
        };
        let (member, visits) = self.visits_of(asking, &psn_no, lasts).await?;
        let person = self.persons.get(&psn_no)?.unwrap_or_default();
        let rows = visits.iter().map(|(number, visit)| t5303::output::Line {
            mdtrt_id: number.to_string().into(),
            psn_no: visit.psn_no.as_str().into(),
            psn_cert_type: person.cert_type.as_str().into(),
            certno: person.certno.as_str().into(),
            psn_name: person.name.as_str().into(),
            gend: gend(member.sex).into(),
            brdy: member.birth,
            age: age(&member, visit),
            insutype: visit.facts.insutype.to_string().into(),
            begndate: visit.facts.begin.day(),
            med_type: visit.facts.med_type.as_str().into(),
            ipt_otp_no: None,
            out_flag: Some("0".into()),
        });
        let output = t5303::output::Output { lines: rows.collect() };
        Ok(asking.done(&Answer::T5303(Box::new(output))))
    }

    /// A person's visits at this institution.
    async fn visits_of(
        &self,
        asking: &Asking,
        psn_no: &str,
        which: impl Fn(u64, &OpenVisit) -> bool + Send + 'static,
    ) -> Result<(MemberFacts, Vec<Numbered>), Failure> {
        let (number, code) = (Fact::from(psn_no), asking.institution.code.clone());
        let seen = self.look(psn_no, move |ledger| {
            let facts = ledger.members().get(&number)?.facts()?;
            let ours = ledger
                .visits_of(&number)
                .filter(|(held, visit)| visit.facility == code && which(*held, visit));
            Some((facts, ours.map(|(held, visit)| (held, visit.clone())).collect()))
        });
        Ok(seen.await?.ok_or(Declined::PersonNotFound)?)
    }
}

fn age(member: &MemberFacts, visit: &OpenVisit) -> Scaled<1> {
    let years = member.birth.map_or(0, |birth| visit.facts.begin.day().years_since(birth));
    Scaled::new(i64::from(years) * 10)
}

macro_rules! row_5201 {
    ({ $($field:ident: $value:expr,)* }, [$($none:ident)*]) => {
        t5201::output::Mdtrtinfo { $($field: $value,)* $($none: None,)* }
    };
}

fn row_5201<'a>(
    number: u64,
    visit: &'a OpenVisit,
    member: &'a MemberFacts,
    person: &'a Person,
) -> t5201::output::Mdtrtinfo<'a> {
    let facts = &visit.facts;
    // A stay that lasts has no end: what is asked for is the time it was last known.
    let end = facts.end.unwrap_or(facts.begin);
    let main = facts.diagnoses.first();
    row_5201!({
        mdtrt_id: number.to_string().into(),
        psn_no: visit.psn_no.as_str().into(),
        psn_cert_type: person.cert_type.as_str().into(),
        certno: person.certno.as_str().into(),
        psn_name: person.name.as_str().into(),
        gend: gend(member.sex).into(),
        naty: person.ethnicity.as_deref().map(Into::into),
        brdy: member.birth,
        age: Some(age(member, visit)),
        insutype: facts.insutype.to_string().into(),
        psn_type: member.psn_type.as_str().into(),
        cvlserv_flag: if member.civil_servant { "1" } else { "0" }.into(),
        begntime: facts.begin,
        endtime: end,
        med_type: facts.med_type.as_str().into(),
        dscg_maindiag_code: main.map(|code| code.as_str().into()),
        dise_codg: facts.disease.as_ref().map(|code| code.as_str().into()),
        inhosp_stas: Some(if facts.end.is_none() { "1" } else { "0" }.into()),
        fetus_cnt: Some(i64::from(facts.fetuses)),
    }, [
        coner_name tel maf_psn_flag flxempe_flag nwb_flag insu_optins emp_name mdtrt_cert_type
        ars_year_ipt_flag pre_pay_flag ipt_otp_no medrcdno atddr_no chfpdr_name adm_dept_codg
        adm_dept_name adm_bed dscg_maindiag_name dscg_dept_codg dscg_dept_name dscg_bed dscg_way
        main_cond_dscr dise_name oprn_oprt_code oprn_oprt_name otp_diag_info die_date ipt_days
        fpsc_no matn_type birctrl_type latechb_flag geso_val fetts pret_flag birctrl_matn_date
        cop_flag opter_id opter_name opt_time memo
    ])
}
