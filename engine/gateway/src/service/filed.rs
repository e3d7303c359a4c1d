//! What stands of what was filed for a person (5301 慢特病, 5302 定点, 5304 转院), by whomever: from the ledger, with the words of its
//! paper where it has one. What the bureau knows of a member came without a paper.

use yidan_settlement::claim::FilingRecord;
use yidan_settlement::date::{Day, Span};
use yidan_settlement::event::Request as Asked;
use yidan_settlement::facts::{
    ApprovalFact, Filed, FiledFact, FixedFact, MemberFacts, Text as Fact,
};
use yidan_settlement::pack::Filing;

use super::Service;
use super::asking::{Asking, Done, Failure};
use super::declined::Declined;
use super::people::gend;
use crate::papers::Paper;
use crate::persons::Person;
use crate::reading::decode;
use crate::tolerance::Profile;
use crate::value::Text;
use crate::wire::{Answer, Request, Transaction, t2501, t2503, t2505, t5301, t5302, t5304};

/// A filing, and the paper it came with.
type WithPaper<T> = (T, Option<Paper>);

/// The last day of a span; `None` where it has no end.
fn last_day(span: Span) -> Option<Day> {
    (span.to != Day::MAX).then(|| span.to.previous())
}

/// The words of a paper. It was read before it was put in, by a profile that may have been as lenient as any.
fn words(paper: Option<&Paper>, of: Transaction) -> Option<Request<'_>> {
    decode(of, &paper?.input, &Profile::LENIENT).ok().map(|decoded| decoded.request)
}

fn words_2501(paper: Option<&Paper>) -> Option<t2501::input::Refmedin<'_>> {
    let Request::T2501(input) = words(paper, Transaction::T2501)? else { return None };
    input.refmedin.into_iter().next()
}

fn words_2503(paper: Option<&Paper>) -> Option<t2503::input::Data<'_>> {
    let Request::T2503(input) = words(paper, Transaction::T2503)? else { return None };
    Some(input.data)
}

fn words_2505(paper: Option<&Paper>) -> Option<t2505::input::Data<'_>> {
    let Request::T2505(input) = words(paper, Transaction::T2505)? else { return None };
    Some(input.data)
}

impl Service {
    /// 5301 人员慢特病备案查询: those that have not ended.
    pub(super) async fn diseases(
        &self,
        asking: &Asking,
        input: &t5301::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let psn_no = &*input.data.psn_no;
        let member = self.may_know(asking, psn_no).await?;
        let today = asking.today();
        let of = |one: &FiledFact| match &one.what {
            Filed::Disease(approval) => Some(approval.clone()),
            Filed::OffRegion(_) | Filed::Facility(_) | Filed::Accident(_) => None,
        };
        let mut all = self.with_papers(psn_no, &member, of)?;
        all.extend(member.approvals.iter().map(|approval| (approval.clone(), None)));
        all.retain(|(approval, _)| approval.span.to > today);
        let rows = all.iter().map(|(approval, paper)| {
            let ApprovalFact { disease, span, .. } = approval;
            let said = words_2503(paper.as_ref()).map(|said| said.opsp_dise_name);
            t5301::output::Feedetail {
                opsp_dise_code: disease.as_str().into(),
                opsp_dise_name: said.unwrap_or_else(|| self.disease_name(&member, disease).into()),
                begndate: span.from,
                enddate: last_day(*span),
            }
        });
        let output = t5301::output::Output { feedetail: rows.collect() };
        Ok(asking.done(&Answer::T5301(Box::new(output))))
    }

    /// 5302 人员定点信息查询: those chosen for this business that have not ended.
    pub(super) async fn choices(
        &self,
        asking: &Asking,
        input: &t5302::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let (psn_no, business) = (&*input.data.psn_no, &*input.data.biz_appy_type);
        let member = self.may_know(asking, psn_no).await?;
        let today = asking.today();
        let of = |one: &FiledFact| match &one.what {
            Filed::Facility(fixed) => Some(fixed.clone()),
            Filed::OffRegion(_) | Filed::Disease(_) | Filed::Accident(_) => None,
        };
        let mut all = self.with_papers(psn_no, &member, of)?;
        all.retain(|(fixed, _)| fixed.business == business && fixed.span.to > today);
        all.sort_by(|(one, _), (other, _)| one.order.cmp(&other.order));
        let rows = all.iter().map(|(fixed, paper)| {
            let FixedFact { order, facility, span, .. } = fixed;
            let said = words_2505(paper.as_ref());
            let (name, memo) = said.map(|said| (said.fixmedins_name, said.memo)).unzip();
            t5302::output::Psnfixmedin {
                psn_no: psn_no.into(),
                insutype: None,
                fix_srt_no: order.as_str().into(),
                fixmedins_code: facility.as_str().into(),
                fixmedins_name: name.unwrap_or_else(|| self.facility_name(facility).into()),
                begndate: span.from,
                enddate: last_day(*span),
                memo: memo.flatten(),
            }
        });
        let output = t5302::output::Output { psnfixmedin: rows.collect() };
        Ok(asking.done(&Answer::T5302(Box::new(output))))
    }

    /// 5304 转院信息查询: those in force on a day of the time that is asked for.
    pub(super) async fn referrals(
        &self,
        asking: &Asking,
        input: &t5304::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let psn_no = &*data.psn_no;
        let member = self.may_know(asking, psn_no).await?;
        let to = data.endtime.map_or(Day::MAX, |end| end.day().next());
        let asked = Span { from: data.begntime.day(), to };
        let of = |one: &FiledFact| match &one.what {
            Filed::OffRegion(filing) => Some(*filing),
            Filed::Disease(_) | Filed::Facility(_) | Filed::Accident(_) => None,
        };
        let mut all = self.with_papers(psn_no, &member, of)?;
        all.extend(member.filings.iter().map(|filing| (*filing, None)));
        all.retain(|(one, _)| one.kind == Filing::Referral && one.span.overlaps(asked));
        let person = self.persons.get(psn_no)?.unwrap_or_default();
        let rows = all
            .iter()
            .map(|(filing, paper)| row_5304(psn_no, filing, paper.as_ref(), &member, &person));
        let output = t5304::output::Output { refmedin: rows.collect() };
        Ok(asking.done(&Answer::T5304(Box::new(output))))
    }

    /// What is known of a person whom this institution may ask about.
    async fn may_know(&self, asking: &Asking, psn_no: &str) -> Result<MemberFacts, Failure> {
        self.may_ask(asking, psn_no).await?;
        let number = Fact::from(psn_no);
        let seen = self.look(psn_no, move |ledger| ledger.members().get(&number)?.facts());
        Ok(seen.await?.ok_or(Declined::PersonNotFound)?)
    }

    /// What was filed of a kind, in the order it was filed, each with its paper.
    fn with_papers<T>(
        &self,
        psn_no: &str,
        member: &MemberFacts,
        of: impl Fn(&FiledFact) -> Option<T>,
    ) -> Result<Vec<WithPaper<T>>, Failure> {
        let mut all = Vec::new();
        for one in &member.filed {
            let Some(what) = of(one) else { continue };
            let FiledFact { facility, infno, msgid, digest, .. } = one;
            let asked = Asked {
                asker: facility.clone(),
                infno: *infno,
                msgid: msgid.clone(),
                psn_no: psn_no.into(),
                digest: *digest,
            };
            all.push((what, self.papers.get(&asked)?));
        }
        Ok(all)
    }

    /// What the person's pool calls a disease; its code where it has no such.
    fn disease_name(&self, member: &MemberFacts, code: &str) -> String {
        let name = self.world.pack_of(&member.admdvs).and_then(|loaded| {
            let number = loaded.pack.disease(code)?;
            loaded.pack.data().diseases.get(usize::from(number)).cloned()
        });
        name.map_or_else(|| code.to_owned(), |name| name.to_string())
    }
}

fn row_5304<'r>(
    psn_no: &'r str,
    filing: &FilingRecord,
    paper: Option<&'r Paper>,
    member: &'r MemberFacts,
    person: &'r Person,
) -> t5304::output::Refmedin<'r> {
    let said = words_2501(paper);
    let insured = member.spells.iter().flatten().next();
    let insured = insured.map(|spell| spell.insutype.to_string()).unwrap_or_default();
    let mut row = t5304::output::Refmedin {
        insutype: insured.into(),
        dcla_souc: None,
        psn_no: psn_no.into(),
        psn_cert_type: person.cert_type.as_str().into(),
        certno: person.certno.as_str().into(),
        psn_name: person.name.as_str().into(),
        gend: gend(member.sex).into(),
        brdy: member.birth,
        tel: None,
        addr: None,
        insu_optins: Some(member.admdvs.as_str().into()),
        emp_name: None,
        diag_code: None,
        diag_name: None,
        dise_cond_dscr: None,
        reflin_medins_no: None,
        reflin_medins_name: "".into(),
        out_flag: None,
        refl_date: filing.span.from,
        refl_rea: "".into(),
        begndate: filing.span.from,
        enddate: last_day(filing.span),
        hosp_agre_refl_flag: "1".into(),
        opter_id: None,
        opter_name: None,
        opt_time: paper.map(|paper| super::asking::stamp(paper.came_ms).moment),
    };
    let Some(said) = said else { return row };
    let filled = |text: Option<Text<'r>>| text.filter(|text| !text.is_empty());
    row.insutype = filled(said.insutype).unwrap_or(row.insutype);
    row.insu_optins = filled(said.insu_optins).or(row.insu_optins);
    (row.tel, row.addr) = (said.tel, said.addr);
    (row.diag_code, row.diag_name) = (Some(said.diag_code), Some(said.diag_name));
    row.dise_cond_dscr = said.dise_cond_dscr;
    row.reflin_medins_no = Some(said.reflin_medins_no);
    row.reflin_medins_name = said.reflin_medins_name;
    // 1 is inside the city.
    let inside = said.refl_type.trim_start_matches('0') == "1";
    row.out_flag = Some(if inside { "0" } else { "1" }.into());
    (row.refl_date, row.refl_rea) = (said.refl_date, said.refl_rea);
    row.hosp_agre_refl_flag = filled(said.hosp_agre_refl_flag).unwrap_or("1".into());
    row
}
