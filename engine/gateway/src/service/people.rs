//! Persons: who someone is, and what he may have (1101 2001 5206), and who may ask that.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use yidan_settlement::catalogue::Sex;
use yidan_settlement::claim::{AccountUse, Spell};
use yidan_settlement::command::{End, Settle, What, WhichVisit};
use yidan_settlement::date::{Day, Moment};
use yidan_settlement::facts::{ChargesFacts, MemberFacts, Text as Fact, VisitFacts};
use yidan_settlement::money::Fen;
use yidan_settlement::reason::Reason;

use super::Service;
use super::asking::{Asking, Done, Failure, Said, insutype};
use super::declined::Declined;
use super::fees::how;
use crate::limits::{FAILURES_MAX, IDENTIFIED_MAX};
use crate::persons::Person;
use crate::value::{Scaled, Text};
use crate::wire::{Answer, CODES_PSN_IDET_TYPE, t1101, t2001, t5206};

/// For how long one who was identified may be asked about.
const IDENTIFIED_MS: u64 = 24 * 3_600_000;

/// Over what time failed identifications are counted.
const FAILURES_MS: u64 = 3_600_000;

/// Who was identified where, and how often that failed.
#[derive(Debug, Default)]
pub(super) struct Identified {
    by_institution: Mutex<HashMap<Fact, OfInstitution>>,
}

#[derive(Debug, Default)]
struct OfInstitution {
    when_ms: HashMap<Fact, u64>,
    order: VecDeque<(u64, Fact)>,
    /// When counting began, and how many failed since.
    failures: (u64, u32),
}

impl Identified {
    fn note(&self, institution: &str, psn_no: &str, now_ms: u64) {
        let mut all = self.by_institution.lock();
        let own = all.entry(institution.into()).or_default();
        own.when_ms.insert(psn_no.into(), now_ms);
        own.order.push_back((now_ms, psn_no.into()));
        while let Some((when, psn_no)) = own.order.front() {
            let old =
                when.saturating_add(IDENTIFIED_MS) < now_ms || own.order.len() > IDENTIFIED_MAX;
            if !old {
                break;
            }
            // One who was identified again since stays.
            if own.when_ms.get(psn_no) == Some(when) {
                own.when_ms.remove(psn_no);
            }
            own.order.pop_front();
        }
    }

    fn is_known(&self, institution: &str, psn_no: &str, now_ms: u64) -> bool {
        let all = self.by_institution.lock();
        let when = all.get(institution).and_then(|own| own.when_ms.get(psn_no));
        when.is_some_and(|when| when.saturating_add(IDENTIFIED_MS) >= now_ms)
    }

    fn may_try(&self, institution: &str, now_ms: u64) -> bool {
        let all = self.by_institution.lock();
        all.get(institution).is_none_or(|own| {
            let (since, failed) = own.failures;
            failed < FAILURES_MAX || since.saturating_add(FAILURES_MS) < now_ms
        })
    }

    fn note_failure(&self, institution: &str, now_ms: u64) {
        let mut all = self.by_institution.lock();
        let own = all.entry(institution.into()).or_default();
        if own.failures.0.saturating_add(FAILURES_MS) < now_ms {
            own.failures = (now_ms, 0);
        }
        own.failures.1 = own.failures.1.saturating_add(1);
    }
}

/// `gend`
pub(super) fn gend(sex: Option<Sex>) -> &'static str {
    match sex {
        Some(Sex::Male) => "1",
        Some(Sex::Female) => "2",
        None => "9",
    }
}

/// The kind of a period that is a benefit year.
const YEAR: u8 = 4;

/// What is seen of a member.
struct Seen {
    facts: MemberFacts,
    balance: Fen,
}

fn age(birth: Option<Day>, on: Day) -> Scaled<1> {
    Scaled::new(birth.map_or(0, |birth| i64::from(on.years_since(birth)) * 10))
}

fn moment(day: Day) -> Moment {
    Moment::new(day, 0)
}

/// The code of an identity: its own, or the one that the dictionary has for its name.
fn identity_code(kind: &str) -> String {
    let named = CODES_PSN_IDET_TYPE.codes.iter().find(|(_, name)| name.contains(kind));
    named.map_or_else(|| kind.to_owned(), |(code, _)| (*code).to_owned())
}

impl Service {
    /// 1101 人员信息获取
    pub(super) async fn identify(
        &self,
        asking: &Asking,
        input: &t1101::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let (code, now_ms) = (&asking.institution.code, self.now_ms());
        if !self.identified.may_try(code, now_ms) {
            return Err(Declined::TooManyFailures.into());
        }
        let data = &input.data;
        let filled = |text: Option<&Text<'_>>| {
            text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let by_card = data.mdtrt_cert_type.as_deref() != Some("02");
        let number = filled(data.certno.as_ref());
        let number = number.or_else(|| filled(data.mdtrt_cert_no.as_ref()).filter(|_| !by_card));
        let number = number.ok_or(Declined::CredentialUnknown)?;
        let found = self.persons.find(&number)?;
        let person = match &found {
            Some(psn_no) => self.persons.get(psn_no)?,
            None => None,
        };
        let (Some(psn_no), Some(person)) = (found, person) else {
            self.identified.note_failure(code, now_ms);
            return Err(Declined::PersonNotFound.into());
        };
        if filled(data.psn_name.as_ref()).is_some_and(|name| name != person.name) {
            self.identified.note_failure(code, now_ms);
            return Err(Declined::PersonDiffers.into());
        }
        let Some(seen) = self.member(&psn_no).await? else {
            self.identified.note_failure(code, now_ms);
            return Err(Declined::PersonNotFound.into());
        };
        self.identified.note(code, &psn_no, now_ms);
        tracing::info!(target: "audit", institution = %code, psn_no, "identified");
        let on = data.begntime.map_or(asking.today(), |at| at.day());
        let output = told(&psn_no, &person, &seen, on);
        Ok(asking.done(&Answer::T1101(Box::new(output))))
    }

    async fn member(&self, psn_no: &str) -> Result<Option<Seen>, Failure> {
        let number = Fact::from(psn_no);
        let seen = self.look(psn_no, move |ledger| {
            let member = ledger.members().get(&number)?;
            Some(Seen { facts: member.facts()?, balance: member.balance() })
        });
        seen.await
    }

    /// Whether the certificate and the name that came with a number are that person's; a name that did not come is not asked for.
    /// Who is not in the table of persons was identified by nobody, so nothing begins with him.
    pub(super) fn is_the_person(
        &self,
        psn_no: &str,
        certno: &str,
        name: &str,
    ) -> Result<(), Failure> {
        let person = self.persons.get(psn_no)?.ok_or(Declined::PersonNotFound)?;
        let same = |said: &str, known: &str| said.trim().eq_ignore_ascii_case(known);
        let named = name.trim().is_empty() || same(name, &person.name);
        if !same(certno, &person.certno) || !named {
            return Err(Declined::PersonDiffers.into());
        }
        Ok(())
    }

    /// Whether this institution may ask about a person: one it identified of late, or has a visit of, a filing
    /// for or a settlement with.
    pub(super) async fn may_ask(&self, asking: &Asking, psn_no: &str) -> Result<(), Failure> {
        let code = asking.institution.code.clone();
        if self.identified.is_known(&code, psn_no, self.now_ms()) {
            return Ok(());
        }
        let number = Fact::from(psn_no);
        let seen = self.look(psn_no, move |ledger| {
            let member = ledger.members().get(&number)?;
            let settled = member.settled().iter().map(|one| (one.seq(), one.place())).collect();
            let filed = member.facts()?.filed.iter().any(|one| one.facility == code);
            let visited = ledger.visits_of(&number).any(|(_, visit)| visit.facility == code);
            Some((filed || visited, settled))
        });
        let seen: Option<(bool, Vec<(u64, u64)>)> = seen.await?;
        let Some((is_ours, settled)) = seen else { return Err(Declined::PersonNotOurs.into()) };
        if is_ours {
            return Ok(());
        }
        let ours = |(settlement, place): (u64, u64)| {
            let made = self.settlement_at(place, settlement);
            made.is_ok_and(|made| made.asked.asker == asking.institution.code)
        };
        if settled.into_iter().rev().any(ours) {
            return Ok(());
        }
        Err(Declined::PersonNotOurs.into())
    }

    /// 2001 人员待遇享受检查: the checks of a settlement, of a bill with nothing in it.
    pub(super) async fn entitlement(
        &self,
        asking: &Asking,
        input: &t2001::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        self.may_ask(asking, &data.psn_no).await?;
        let facts = VisitFacts {
            insutype: insutype(&data.insutype)?,
            med_type: data.med_type.as_ref().into(),
            begin: data.begntime,
            end: None,
            disease: data
                .dise_codg
                .as_ref()
                .filter(|code| !code.is_empty())
                .map(|code| code.as_ref().into()),
            diagnoses: Vec::new(),
            continues: None,
            accident: false,
            third_party: false,
            birth: 0,
            family_planning: 0,
            fetuses: 1,
        };
        let mut how = how(asking, AccountUse::None, None, false);
        how.end = data.begntime;
        how.settled = how.settled.max(data.begntime);
        let charges = ChargesFacts::Lines(Vec::new());
        let settle = Settle { visit: WhichVisit::AtOnce(facts), end: End::Stated, how, charges };
        let refused = match self.ask(asking, &data.psn_no, What::PreSettle(settle)).await {
            Err(Failure::Refused { refused, .. }) => refused.reason,
            Err(other) => return Err(other),
            Ok(Said::Record(_, _) | Said::PreSettled(_) | Said::Nothing) => {
                Reason::NothingToSettle.number()
            }
        };
        // With nothing to settle as the only objection, all before it is well.
        let entitled = refused == Reason::NothingToSettle.number();
        let why = (!entitled).then(|| super::message(refused).into());
        let fund = if data.insutype.starts_with('3') && data.insutype != "310" {
            "390100"
        } else {
            "310100"
        };
        let row = t2001::output::Trtinfo {
            psn_no: data.psn_no.clone(),
            trt_chk_type: "01".into(),
            fund_pay_type: fund.into(),
            trt_enjymnt_flag: if entitled { "1" } else { "0" }.into(),
            begndate: data.begntime.day(),
            enddate: None,
            trt_chk_rslt: why,
            exp_content: None,
        };
        let output = t2001::output::Output { trtinfo: vec![row] };
        Ok(asking.done(&Answer::T2001(Box::new(output))))
    }

    /// 5206 人员累计信息查询: what the member's slots hold, by the year they are of.
    pub(super) async fn accumulators(
        &self,
        asking: &Asking,
        input: &t5206::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        self.may_ask(asking, &data.psn_no).await?;
        let number = Fact::from(&*data.psn_no);
        let seen = self.look(&data.psn_no, move |ledger| {
            let member = ledger.members().get(&number)?;
            let first = member.facts()?.spells.unwrap_or_default().first().map(|one| one.insutype);
            let slots = member.slots().iter().filter_map(|slot| {
                let (YEAR, _, year) = slot.key.period_parts() else { return None };
                let name = ledger.symbols().text(slot.key.slot).to_owned();
                Some((name, u32::try_from(year).ok()?.cast_signed(), slot.value))
            });
            Some((first, slots.collect::<Vec<(String, i32, Fen)>>()))
        });
        let (insured, slots) = seen.await?.unwrap_or_default();
        let insutype = insured.map(|one| one.to_string()).unwrap_or_default();
        let wanted = data.cum_ym.as_deref().and_then(|ym| ym.get(..4)).map(str::to_owned);
        let rows = slots.into_iter().filter_map(|(name, year, value)| {
            let year = year.to_string();
            let other = wanted.as_ref().is_some_and(|wanted| *wanted != year);
            (!other).then(|| t5206::output::Cuminfo {
                insutype: insutype.clone().into(),
                cum_ym: format!("{year}12").into(),
                year: year.into(),
                cum_type_code: name.into(),
                cum: value,
            })
        });
        let output = t5206::output::Output { cuminfo: rows.collect() };
        Ok(asking.done(&Answer::T5206(Box::new(output))))
    }
}

/// The answer of 1101.
fn told<'a>(
    psn_no: &'a str,
    person: &'a Person,
    seen: &'a Seen,
    on: Day,
) -> t1101::output::Output<'a> {
    let facts = &seen.facts;
    let spells = facts.spells.as_deref().unwrap_or_default();
    let mut rows: Vec<&Spell> = spells.iter().collect();
    // Clients take the first row blindly: what is in force comes first, of that what began last.
    rows.sort_by_key(|spell| (!spell.span.contains(on), std::cmp::Reverse(spell.span.from)));
    let stated = |day: Day| (day != Day::MIN && day != Day::MAX).then_some(day);
    let insurance = |spell: &&Spell| t1101::output::Insuinfo {
        balc: seen.balance,
        insutype: spell.insutype.to_string().into(),
        psn_type: facts.psn_type.as_str().into(),
        psn_insu_stas: Some(if spell.span.contains(on) { "1" } else { "2" }.into()),
        psn_insu_date: stated(spell.span.from),
        paus_insu_date: stated(spell.span.to),
        cvlserv_flag: if facts.civil_servant { "1" } else { "0" }.into(),
        insuplc_admdvs: facts.admdvs.as_str().into(),
        emp_name: None,
    };
    let identities = facts.identities.iter().map(|identity| t1101::output::Idetinfo {
        psn_idet_type: identity_code(&identity.kind).into(),
        psn_type_lv: None,
        memo: Some(identity.kind.as_str().into()),
        begntime: moment(identity.span.from),
        endtime: stated(identity.span.to).map(moment),
    });
    t1101::output::Output {
        baseinfo: t1101::output::Baseinfo {
            psn_no: psn_no.into(),
            psn_cert_type: person.cert_type.as_str().into(),
            certno: person.certno.as_str().into(),
            psn_name: person.name.as_str().into(),
            gend: gend(facts.sex).into(),
            naty: person.ethnicity.as_deref().map(Into::into),
            brdy: facts.birth,
            age: age(facts.birth, on),
            exp_content: None,
        },
        insuinfo: rows.iter().map(insurance).collect(),
        idetinfo: identities.collect(),
    }
}
