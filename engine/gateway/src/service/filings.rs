//! What is filed for a person (2501 转院, 2503 慢特病, 2505 定点, 2507 意外伤害) and withdrawn (2502 2504 2506). The ledger keeps what
//! settlements go by; the words that came with it are a paper beside the journal.

use yidan_settlement::claim::FilingRecord;
use yidan_settlement::command::What;
use yidan_settlement::date::{Day, Span};
use yidan_settlement::facts::{
    AccidentFact, ApprovalFact, FacilityFacts, Filed, FiledKind, FixedFact, MemberFacts,
    Text as Fact,
};
use yidan_settlement::id::Admdvs;
use yidan_settlement::pack::Filing;

use super::Service;
use super::asking::{Asking, Done, Failure, Receipt, insutype, number};
use super::declined::Declined;
use crate::wire::{Answer, Request, t2501, t2502, t2503, t2504, t2505, t2506, t2507};

/// When a filing is in force: its last day is inside, and one that has none is in force until it is withdrawn.
fn span(begin: Day, end: Option<Day>) -> Span {
    Span { from: begin, to: end.map_or(Day::MAX, Day::next) }
}

/// A flag that says no; what is absent or empty says nothing.
fn is_no(flag: &str) -> bool {
    !flag.is_empty() && flag.trim_start_matches('0').is_empty()
}

impl Service {
    /// 2501 转院备案
    ///
    /// The hospital that takes the patient in is mostly another pool's and need not be known here; one that is known must lie where
    /// the referral is filed for, or it would not count there.
    pub(super) async fn file_referral(
        &self,
        asking: &Asking,
        request: &Request<'_>,
        input: &t2501::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = match &*input.refmedin {
            [data] => data,
            [] => return Err(Declined::NothingInIt.into()),
            // One is answered by one number.
            [_, _, ..] => return Err(Failure::field("refmedin", "多行（每次备案一条）")),
        };
        if let Some(text) = data.insutype.as_deref().filter(|text| !text.is_empty()) {
            insutype(text)?;
        }
        let agreed = data.hosp_agre_refl_flag.as_deref().unwrap_or_default();
        if is_no(agreed) {
            return Err(Failure::field("hosp_agre_refl_flag", agreed));
        }
        let area = &*data.mdtrtarea_admdvs;
        let unclear = || Failure::field("mdtrtarea_admdvs", area);
        let place = Admdvs::parse(area).ok_or_else(unclear)?;
        let span = span(data.begndate.unwrap_or(data.refl_date), data.enddate);
        let filing = FilingRecord { kind: Filing::Referral, span, place: Some(place) };
        self.may_ask(asking, &data.psn_no).await?;
        let (_, receiver) = self.about(&data.psn_no, &data.reflin_medins_no).await?;
        if receiver.is_some_and(|receiver| !filing.is_for(receiver.admdvs)) {
            return Err(unclear());
        }
        let what = Filed::OffRegion(filing);
        let filed = self.keep_and_file(asking, &data.psn_no, request, what).await?;
        let trt_dcla_detl_sn = filed.seq.to_string().into();
        let result = t2501::output::ResultNode { trt_dcla_detl_sn };
        Ok(self.told_from(filed, &Answer::T2501(Box::new(t2501::output::Output { result }))))
    }

    /// 2502 转院备案撤销
    pub(super) async fn withdraw_referral(
        &self,
        asking: &Asking,
        input: &t2502::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let what = withdrawn(&data.trt_dcla_detl_sn, FiledKind::OffRegion)?;
        let answer = Answer::T2502(Box::new(t2502::output::Output {}));
        self.done_by(asking, &data.psn_no, what, &answer).await
    }

    /// 2503 人员慢特病备案
    ///
    /// It is filed for any institution: the one that is named appraised the disease, and who treats it is not said.
    pub(super) async fn file_disease(
        &self,
        asking: &Asking,
        request: &Request<'_>,
        input: &t2503::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        insutype(&data.insutype)?;
        self.may_ask(asking, &data.psn_no).await?;
        let (member, appraiser) = self.about(&data.psn_no, &data.ide_fixmedins_no).await?;
        if appraiser.is_none() {
            return Err(unregistered("ide_fixmedins_no", &data.ide_fixmedins_no));
        }
        // A code that the pool does not have would be paid by the rule of whatever is on no list.
        let code = &*data.opsp_dise_code;
        let loaded = self.world.pack_of(&member.admdvs);
        let known = loaded.and_then(|loaded| loaded.pack.disease(code));
        if known.is_none() {
            let more = Some(format!("opsp_dise_code={}", shown(code)));
            return Err(Failure::Declined(Declined::DiseaseUnknown, more));
        }
        let span = span(data.begndate, data.enddate);
        let approval = ApprovalFact { disease: code.into(), span, facility: None, limit: None };
        let what = Filed::Disease(approval);
        let filed = self.keep_and_file(asking, &data.psn_no, request, what).await?;
        let trt_dcla_detl_sn = filed.seq.to_string().into();
        let result = t2503::output::ResultNode { trt_dcla_detl_sn, exp_content: None };
        Ok(self.told_from(filed, &Answer::T2503(Box::new(t2503::output::Output { result }))))
    }

    /// 2504 人员慢特病备案撤销
    pub(super) async fn withdraw_disease(
        &self,
        asking: &Asking,
        input: &t2504::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let what = withdrawn(&data.trt_dcla_detl_sn, FiledKind::Disease)?;
        let answer = Answer::T2504(Box::new(t2504::output::Output {}));
        self.done_by(asking, &data.psn_no, what, &answer).await
    }

    /// 2505 人员定点备案: the chosen institution has an agreement with this pool, so it is registered.
    pub(super) async fn file_choice(
        &self,
        asking: &Asking,
        request: &Request<'_>,
        input: &t2505::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        self.may_ask(asking, &data.psn_no).await?;
        let (_, chosen) = self.about(&data.psn_no, &data.fixmedins_code).await?;
        if chosen.is_none() {
            return Err(unregistered("fixmedins_code", &data.fixmedins_code));
        }
        let what = Filed::Facility(FixedFact {
            business: data.biz_appy_type.as_ref().into(),
            order: data.fix_srt_no.as_ref().into(),
            facility: data.fixmedins_code.as_ref().into(),
            span: span(data.begndate, data.enddate),
        });
        let filed = self.keep_and_file(asking, &data.psn_no, request, what).await?;
        let trt_dcla_detl_sn = filed.seq.to_string().into();
        let result = t2505::output::ResultNode { trt_dcla_detl_sn, exp_content: None };
        Ok(self.told_from(filed, &Answer::T2505(Box::new(t2505::output::Output { result }))))
    }

    /// 2506 人员定点备案撤销
    pub(super) async fn withdraw_choice(
        &self,
        asking: &Asking,
        input: &t2506::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let what = withdrawn(&data.trt_dcla_detl_sn, FiledKind::Facility)?;
        let answer = Answer::T2506(Box::new(t2506::output::Output {}));
        self.done_by(asking, &data.psn_no, what, &answer).await
    }

    /// 2507 人员意外伤害备案: it brings the certificate, which is asked for here in place of an identification before.
    pub(super) async fn file_accident(
        &self,
        asking: &Asking,
        request: &Request<'_>,
        input: &t2507::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        if let Some(text) = data.insutype.as_deref().filter(|text| !text.is_empty()) {
            insutype(text)?;
        }
        self.is_the_person(&data.psn_no, &data.certno, &data.psn_name)?;
        // The fund pays from the filing on: one that says it is not to pay cannot be taken.
        if is_no(&data.chk_pay_flag) {
            return Err(Failure::field("chk_pay_flag", &data.chk_pay_flag));
        }
        let span = span(data.begndate, data.enddate);
        let what = Filed::Accident(AccidentFact { span, injured: data.trum_time });
        let filed = self.keep_and_file(asking, &data.psn_no, request, what).await?;
        let trt_dcla_detl_sn = filed.seq.to_string().into();
        let result = vec![t2507::output::ResultNode { trt_dcla_detl_sn }];
        Ok(self.told_from(filed, &Answer::T2507(Box::new(t2507::output::Output { result }))))
    }

    /// Puts the paper in, then asks the ledger.
    async fn keep_and_file(
        &self,
        asking: &Asking,
        psn_no: &str,
        request: &Request<'_>,
        what: Filed,
    ) -> Result<Receipt, Failure> {
        let (papers, key) = (self.papers.clone(), asking.request(psn_no));
        let (came_ms, input) = (self.now_ms(), crate::answer::input(request));
        // It waits for the disk, and others are served on this thread.
        let put = tokio::task::spawn_blocking(move || papers.put(&key, came_ms, &input));
        put.await.map_err(|_| Declined::OutcomeUnknown)??;
        let said = self.ask(asking, psn_no, What::File(what)).await;
        if let Err(Failure::Refused { .. }) = &said {
            let (papers, key) = (self.papers.clone(), asking.request(psn_no));
            let removed = tokio::task::spawn_blocking(move || papers.remove(&key)).await;
            if let Ok(Err(error)) = removed {
                tracing::warn!(%error, "the paper of a refused filing stays");
            }
        }
        said?.receipt()
    }

    /// What is known of a person, and of an institution that a filing names.
    async fn about(
        &self,
        psn_no: &str,
        code: &str,
    ) -> Result<(MemberFacts, Option<FacilityFacts>), Failure> {
        let (member, code) = (Fact::from(psn_no), Fact::from(code));
        let seen = self.look(psn_no, move |ledger| {
            let facts = ledger.members().get(&member)?.facts()?;
            Some((facts, ledger.facility(&code).and_then(|one| one.facts().cloned())))
        });
        Ok(seen.await?.ok_or(Declined::PersonNotFound)?)
    }
}

/// The command that withdraws a filing of this kind.
fn withdrawn(trt_dcla_detl_sn: &str, kind: FiledKind) -> Result<What, Failure> {
    Ok(What::Unfile(number("trt_dcla_detl_sn", trt_dcla_detl_sn)?, kind))
}

fn unregistered(name: &str, code: &str) -> Failure {
    let more = format!("{name}={}", shown(code));
    Failure::Declined(Declined::InstitutionUnknown, Some(more))
}

fn shown(text: &str) -> String {
    text.chars().take(crate::limits::SHOWN_CHARS_MAX).collect()
}
