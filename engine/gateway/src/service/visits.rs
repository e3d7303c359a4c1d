//! Visits: registered, described, ended, and taken back (2201 2202 2203 2203A, 2401 to 2405).

use yidan_settlement::command::What;
use yidan_settlement::date::Moment;
use yidan_settlement::facts::{Text as Fact, VisitChange, VisitFacts};

use super::Service;
use super::asking::{Asking, Done, Failure, Receipt, Said, insutype, visit};
use super::extension::Extension;
use crate::value::Text;
use crate::wire::{Answer, t2201, t2202, t2203, t2203a, t2401, t2402, t2403, t2404, t2405};

/// `med_type` of an outpatient before 2203 says another.
const ORDINARY: &str = "11";

/// A diagnosis, whatever the transaction it came by: its place among them, its code, and whether it was taken back.
struct Diagnosis<'d> {
    order: i64,
    main: bool,
    code: &'d str,
    void: bool,
}

/// The rows of `diseinfo`, which each transaction has under a type of its own.
macro_rules! diagnoses {
    // An outpatient's can be taken back.
    (outpatient $rows:expr) => {
        diagnoses!($rows, one, false, is_void(&one.vali_flag))
    };
    // Of an inpatient's one is the main one.
    (inpatient $rows:expr) => {
        diagnoses!($rows, one, one.maindiag_flag == "1", false)
    };
    ($rows:expr, $one:ident, $main:expr, $void:expr) => {{
        let rows = $rows.iter().map(|$one| {
            let (order, code) = ($one.diag_srt_no, &*$one.diag_code);
            Diagnosis { order, main: $main, code, void: $void }
        });
        rows.collect::<Vec<Diagnosis<'_>>>()
    }};
}

/// The codes that stand, the main one first; `None` where no diagnosis is said at all.
fn codes(mut said: Vec<Diagnosis<'_>>) -> Option<Vec<Fact>> {
    if said.is_empty() {
        return None;
    }
    said.retain(|one| !one.void);
    said.sort_by_key(|one| (!one.main, one.order));
    let mut codes: Vec<Fact> = said.into_iter().map(|one| one.code.into()).collect();
    codes.dedup();
    Some(codes)
}

/// `vali_flag`: a diagnosis is taken back by sending it again with 0.
fn is_void(vali_flag: &str) -> bool {
    vali_flag.trim_start_matches('0').is_empty()
}

/// What 2203, 2203A and 2403 say alike, under types of their own.
macro_rules! described {
    ($data:expr, $matn_type:expr, $fetuses:expr, $diagnoses:expr) => {
        Described {
            med_type: &$data.med_type,
            begin: $data.begntime,
            disease: $data.dise_codg.as_ref(),
            matn_type: $matn_type,
            birctrl_type: $data.birctrl_type.as_ref(),
            fetuses: $fetuses,
            diagnoses: $diagnoses,
            exp_content: $data.exp_content.as_ref(),
        }
    };
}

/// What 2203, 2203A and 2403 say of a visit.
struct Described<'d> {
    med_type: &'d str,
    begin: Moment,
    disease: Option<&'d Text<'d>>,
    matn_type: Option<&'d Text<'d>>,
    birctrl_type: Option<&'d Text<'d>>,
    fetuses: Option<i64>,
    diagnoses: Vec<Diagnosis<'d>>,
    exp_content: Option<&'d Text<'d>>,
}

impl Described<'_> {
    fn change(self) -> Result<VisitChange, Failure> {
        let said = Extension::of(self.exp_content);
        Ok(VisitChange {
            med_type: Some(self.med_type.into()),
            begin: Some(self.begin),
            end: None,
            disease: Some(filled(self.disease)),
            diagnoses: codes(self.diagnoses),
            accident: said.accident,
            third_party: said.third_party,
            birth: digit("matn_type", self.matn_type)?,
            family_planning: digit("birctrl_type", self.birctrl_type)?,
            fetuses: self.fetuses.map(|count| fetuses(Some(count))),
        })
    }
}

/// Nothing where a text is empty.
fn filled(text: Option<&Text<'_>>) -> Option<Fact> {
    text.filter(|text| !text.is_empty()).map(|text| text.as_ref().into())
}

/// A code of one digit.
fn digit(name: &str, text: Option<&Text<'_>>) -> Result<Option<u8>, Failure> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.parse() {
        Ok(digit @ 0..=9) => Ok(Some(digit)),
        Ok(_) | Err(_) => Err(Failure::field(name, text)),
    }
}

impl Service {
    /// 2201 门诊挂号
    pub(super) async fn register_outpatient(
        &self,
        asking: &Asking,
        input: &t2201::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        self.is_the_person(&data.psn_no, &data.certno, &data.psn_name)?;
        let said = Extension::of(data.exp_content.as_ref());
        let facts = VisitFacts {
            insutype: insutype(&data.insutype)?,
            med_type: ORDINARY.into(),
            begin: data.begntime,
            end: None,
            disease: None,
            diagnoses: Vec::new(),
            continues: None,
            accident: said.accident.unwrap_or(false),
            third_party: said.third_party.unwrap_or(false),
            birth: 0,
            family_planning: 0,
            fetuses: 1,
        };
        let opened = self.open(asking, &data.psn_no, facts).await?;
        let answer = t2201::output::Data {
            mdtrt_id: opened.seq.to_string().into(),
            psn_no: data.psn_no.clone(),
            ipt_otp_no: data.ipt_otp_no.clone(),
            exp_content: None,
        };
        let answer = t2201::output::Output { data: answer };
        Ok(self.told_from(opened, &Answer::T2201(Box::new(answer))))
    }

    /// 2401 入院办理
    pub(super) async fn admit_inpatient(
        &self,
        asking: &Asking,
        input: &t2401::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.mdtrtinfo;
        self.is_the_person(&data.psn_no, &data.certno, "")?;
        let said = Extension::of(data.exp_content.as_ref());
        let said_of = diagnoses!(inpatient input.diseinfo);
        let mut diagnoses = codes(said_of).unwrap_or_default();
        if diagnoses.is_empty() {
            diagnoses.extend(filled(Some(&data.dscg_maindiag_code)));
        }
        let facts = VisitFacts {
            insutype: insutype(&data.insutype)?,
            med_type: data.med_type.as_ref().into(),
            begin: data.begntime,
            end: None,
            disease: filled(data.dise_codg.as_ref()),
            diagnoses,
            continues: None,
            accident: said.accident.unwrap_or(false),
            third_party: said.third_party.unwrap_or(false),
            birth: digit("matn_type", data.matn_type.as_ref())?.unwrap_or(0),
            family_planning: digit("birctrl_type", data.birctrl_type.as_ref())?.unwrap_or(0),
            fetuses: fetuses(data.fetus_cnt.or(data.fetts)),
        };
        let opened = self.open(asking, &data.psn_no, facts).await?;
        let mdtrt_id = opened.seq.to_string().into();
        let result = t2401::output::ResultNode { mdtrt_id, exp_content: None };
        Ok(self.told_from(opened, &Answer::T2401(Box::new(t2401::output::Output { result }))))
    }

    async fn open(
        &self,
        asking: &Asking,
        psn_no: &str,
        facts: VisitFacts,
    ) -> Result<Receipt, Failure> {
        self.ask(asking, psn_no, What::OpenVisit(facts)).await?.receipt()
    }

    /// 2202 门诊挂号撤销
    pub(super) async fn cancel_registration(
        &self,
        asking: &Asking,
        input: &t2202::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let what = What::CloseVisit(visit(&data.mdtrt_id)?);
        let answer = Answer::T2202(Box::new(t2202::output::Output {}));
        self.done_by(asking, &data.psn_no, what, &answer).await
    }

    /// 2404 入院撤销
    pub(super) async fn cancel_admission(
        &self,
        asking: &Asking,
        input: &t2404::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let what = What::CloseVisit(visit(&data.mdtrt_id)?);
        let answer = Answer::T2404(Box::new(t2404::output::Output {}));
        self.done_by(asking, &data.psn_no, what, &answer).await
    }

    /// 2203 门诊就诊信息上传
    pub(super) async fn describe_outpatient(
        &self,
        asking: &Asking,
        input: &t2203::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.mdtrtinfo;
        let change =
            described!(data, None, None, diagnoses!(outpatient input.diseinfo)).change()?;
        let what = What::ChangeVisit(visit(&data.mdtrt_id)?, change);
        let answer = Answer::T2203(Box::new(t2203::output::Output {}));
        self.done_by(asking, &data.psn_no, what, &answer).await
    }

    /// 2203A 门诊就诊信息上传A
    pub(super) async fn describe_outpatient_a(
        &self,
        asking: &Asking,
        input: &t2203a::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.mdtrtinfo;
        let change =
            described!(data, data.matn_type.as_ref(), None, diagnoses!(outpatient input.diseinfo))
                .change()?;
        let what = What::ChangeVisit(visit(&data.mdtrt_id)?, change);
        let answer = Answer::T2203A(Box::new(t2203a::output::Output {}));
        self.done_by(asking, &data.psn_no, what, &answer).await
    }

    /// 2402 出院办理
    pub(super) async fn discharge(
        &self,
        asking: &Asking,
        input: &t2402::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.dscginfo;
        let change = VisitChange {
            disease: filled(data.dise_codg.as_ref()).map(Some),
            diagnoses: codes(diagnoses!(inpatient input.diseinfo)),
            birth: digit("matn_type", data.matn_type.as_ref())?,
            family_planning: digit("birctrl_type", data.birctrl_type.as_ref())?,
            fetuses: data.fetus_cnt.or(data.fetts).map(|count| fetuses(Some(count))),
            ..ended(Some(data.endtime))
        };
        let what = What::ChangeVisit(visit(&data.mdtrt_id)?, change);
        let answer = Answer::T2402(Box::new(t2402::output::Output {}));
        self.done_by(asking, &data.psn_no, what, &answer).await
    }

    /// 2403 住院信息变更
    pub(super) async fn change_inpatient(
        &self,
        asking: &Asking,
        input: &t2403::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.adminfo;
        let change = described!(
            data,
            data.matn_type.as_ref(),
            data.fetus_cnt.or(data.fetts),
            diagnoses!(inpatient input.diseinfo)
        )
        .change()?;
        let what = What::ChangeVisit(visit(&data.mdtrt_id)?, change);
        let answer = Answer::T2403(Box::new(t2403::output::Output {}));
        self.done_by(asking, &data.psn_no, what, &answer).await
    }

    /// 2405 出院撤销
    pub(super) async fn undo_discharge(
        &self,
        asking: &Asking,
        input: &t2405::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let what = What::ChangeVisit(visit(&data.mdtrt_id)?, ended(None));
        let answer = Answer::T2405(Box::new(t2405::output::Output {}));
        self.done_by(asking, &data.psn_no, what, &answer).await
    }

    /// Asks for what has nothing to be told but that it was done.
    pub(super) async fn done_by(
        &self,
        asking: &Asking,
        psn_no: &str,
        what: What,
        answer: &Answer<'_>,
    ) -> Result<Done, Failure> {
        match self.ask(asking, psn_no, what).await? {
            Said::Record(receipt, _) => Ok(self.told_from(receipt, answer)),
            Said::PreSettled(_) | Said::Nothing => Ok(asking.done(answer)),
        }
    }
}

/// The end of a visit, or that it lasts.
fn ended(at: Option<Moment>) -> VisitChange {
    VisitChange { end: Some(at), ..VisitChange::default() }
}

fn fetuses(count: Option<i64>) -> u16 {
    count.and_then(|count| u16::try_from(count).ok()).unwrap_or(1).max(1)
}
