//! What was diagnosed, charged and dispensed, asked again (5202 5204 5205). Names of doctors, departments and doses, which HIS systems send with
//! lines and diagnoses, decide nothing and are not kept: their fields are empty.

use std::collections::HashMap;

use yidan_settlement::catalogue::Found;
use yidan_settlement::date::{Day, Moment};
use yidan_settlement::event::{Event, Settled};
use yidan_settlement::facts::{ChargesFacts, LineFacts, Text as Fact, VisitFacts};
use yidan_settlement::id::VisitId;
use yidan_settlement::pack::{Agreement, Channel};

use super::Service;
use super::asking::{Asking, Done, Failure, Known, number, visit};
use super::bill::Earlier;
use super::declined::Declined;
use super::split::{By, Named, Split, Where};
use crate::catalogue::list_type;
use crate::limits::{DRUGS_TOLD_MAX, SETTLEMENTS_LOOKED_MAX};
use crate::wire::{Answer, t5202, t5204, t5205};

impl Service {
    /// 5202 诊断信息查询
    pub(super) async fn diagnoses(
        &self,
        asking: &Asking,
        input: &t5202::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let facts = self.visit_facts(asking, &data.psn_no, &data.mdtrt_id).await?;
        let image = self.world.image();
        let name = |code: &str| {
            let id = image.as_ref()?.diagnosis(code)?;
            image.as_ref()?.diagnosis_text(id).map(|text| text.name.to_owned())
        };
        let row = |(at, code): (i64, &Fact)| t5202::output::Diseinfo {
            diag_info_id: format!("{}{at:02}", data.mdtrt_id.trim()).into(),
            mdtrt_id: data.mdtrt_id.clone(),
            psn_no: data.psn_no.clone(),
            inout_diag_type: if facts.end.is_some() { "2" } else { "1" }.into(),
            diag_type: "1".into(),
            maindiag_flag: if at == 1 { "1" } else { "0" }.into(),
            diag_srt_no: at,
            diag_code: code.to_string().into(),
            diag_name: name(code).unwrap_or_default().into(),
            adm_cond: None,
            diag_dept: "".into(),
            dise_dor_no: "".into(),
            dise_dor_name: "".into(),
            diag_time: facts.begin,
            opter_id: None,
            opter_name: None,
            opt_time: None,
        };
        let diseinfo = (1..).zip(&facts.diagnoses).map(row).collect();
        Ok(asking.done(&Answer::T5202(Box::new(t5202::output::Output { diseinfo }))))
    }

    /// 5204 费用明细查询: the lines of a settlement as they were split.
    pub(super) async fn lines_of_settlement(
        &self,
        asking: &Asking,
        input: &t5204::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let wanted = number("setl_id", &data.setl_id)?;
        let (known, made) = self.made_here(asking, &data.psn_no, wanted).await?;
        if made.settled.visit != visit(&data.mdtrt_id)? {
            return Err(Failure::field("mdtrt_id", &data.mdtrt_id));
        }
        let lines = self.settled_lines(&made.settled)?;
        let (splits, names) = self.told(&made.settled, &lines, &known);
        let facts = &made.settled.facts;
        let code = asking.institution.code.as_str();
        let remarks = self.documents.remarks(code, made.settled.visit.get())?;
        let remark = |line: &LineFacts| remarks.get(line.serial.as_str());
        let row = |((line, split), name): ((&LineFacts, Split), &Option<Named>)| {
            let told = split.t5204(line, &name.clone().unwrap_or_default(), facts, data);
            // What the institution says of a line comes before why it is split so.
            let memo = match (remark(line), told.memo) {
                (Some(said), Some(why)) => Some(format!("{said}；{why}").into()),
                (Some(said), None) => Some(said.clone().into()),
                (None, why) => why,
            };
            t5204::output::Line { memo, ..told }
        };
        let rows = lines.iter().zip(splits).zip(&names).map(row);
        let output = t5204::output::Output { lines: rows.collect() };
        Ok(asking.done(&Answer::T5204(Box::new(output))))
    }

    /// 5205 人员慢特病用药记录查询: drugs of settlements for chronic and special diseases, wherever they were made.
    pub(super) async fn chronic_drugs(
        &self,
        asking: &Asking,
        input: &t5205::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        self.may_ask(asking, &data.psn_no).await?;
        let (known, held) = self.held(asking, &data.psn_no).await?;
        let (from, to) = (data.begntime.day(), data.endtime.map(Moment::day));
        let within = |day: Day| day >= from && to.is_none_or(|to| day <= to);
        // The newest first, as there may be more than are told.
        let (mut feedetail, mut more) = (Vec::new(), held.len() > SETTLEMENTS_LOOKED_MAX);
        for (settlement, place) in held.iter().rev().take(SETTLEMENTS_LOOKED_MAX) {
            if feedetail.len() >= DRUGS_TOLD_MAX {
                more = true;
                break;
            }
            // Years of records are read: others are let in between.
            tokio::task::yield_now().await;
            let Earlier { asked, settled } = self.settlement_at(*place, *settlement)?;
            if !self.is_chronic(&settled) {
                continue;
            }
            let lines = self.settled_lines(&settled)?;
            let (splits, names) = self.told(&settled, &lines, &known);
            for ((line, split), name) in lines.iter().zip(splits).zip(&names).rev() {
                let Some(name) = name.as_ref().filter(|name| is_drug(name.list)) else { continue };
                if within(line.day) {
                    let facility = self.facility_name(&asked.asker);
                    let of = Where { code: &asked.asker, name: &facility, psn_no: &data.psn_no };
                    feedetail.push(split.t5205(line, name, &settled.facts, of));
                }
            }
        }
        feedetail.reverse();
        let done = asking.done(&Answer::T5205(Box::new(t5205::output::Output { feedetail })));
        let warn_msg = more.then(|| "记录较多，仅返回最近的用药记录".to_owned());
        Ok(Done { warn_msg, ..done })
    }

    /// A settlement that stands, and was made by the institution that asks; and what is known of its person.
    pub(super) async fn made_here(
        &self,
        asking: &Asking,
        psn_no: &str,
        settlement: u64,
    ) -> Result<(Known, Earlier), Failure> {
        let (known, held) = self.held(asking, psn_no).await?;
        let place = held.iter().find(|(one, _)| *one == settlement);
        let (_, place) = place.ok_or(Declined::SettlementNotOurs)?;
        let made = self.settlement_at(*place, settlement)?;
        let ours = made.asked.asker == asking.institution.code;
        if ours { Ok((known, made)) } else { Err(Declined::SettlementNotOurs.into()) }
    }

    /// What is known of a visit of this institution: open, or settled and put away since.
    pub(super) async fn visit_facts(
        &self,
        asking: &Asking,
        psn_no: &str,
        mdtrt_id: &str,
    ) -> Result<VisitFacts, Failure> {
        let wanted = visit(mdtrt_id)?;
        let (member, code) = (Fact::from(psn_no), asking.institution.code.clone());
        let open = self.look(psn_no, move |ledger| {
            let open = ledger.visit(wanted)?;
            (open.psn_no == member && open.facility == code).then(|| open.facts.clone())
        });
        if let Some(facts) = open.await? {
            return Ok(facts);
        }
        let made = self.settled_visit(asking, psn_no, wanted).await?;
        let made = made.ok_or_else(|| Failure::field("mdtrt_id", mdtrt_id))?;
        Ok(made.settled.facts)
    }

    /// The newest settlement that stands of a visit of this institution.
    pub(super) async fn settled_visit(
        &self,
        asking: &Asking,
        psn_no: &str,
        wanted: VisitId,
    ) -> Result<Option<Earlier>, Failure> {
        let (_, held) = self.held(asking, psn_no).await?;
        for (settlement, place) in held.iter().rev().take(SETTLEMENTS_LOOKED_MAX) {
            tokio::task::yield_now().await;
            let made = self.settlement_at(*place, *settlement)?;
            if made.settled.visit == wanted && made.asked.asker == asking.institution.code {
                return Ok(Some(made));
            }
        }
        Ok(None)
    }

    /// What is known of a person, and the settlements that stand with the records that say what they are.
    async fn held(
        &self,
        asking: &Asking,
        psn_no: &str,
    ) -> Result<(Known, Vec<(u64, u64)>), Failure> {
        let (member, code) = (Fact::from(psn_no), asking.institution.code.clone());
        let seen = self.look(psn_no, move |ledger| {
            let held = ledger.members().get(&member)?;
            let known = Known::of(ledger, &member, &code)?;
            let standing = held.settled().iter().filter(|one| !one.is_cancelled());
            Some((known, standing.map(|one| (one.seq(), one.place())).collect()))
        });
        Ok(seen.await?.ok_or(Declined::SettlementNotOurs)?)
    }

    /// The lines that a settlement took in, in the order of its outcomes.
    pub(super) fn settled_lines(&self, settled: &Settled) -> Result<Vec<LineFacts>, Failure> {
        if let ChargesFacts::Lines(lines) = &settled.charges {
            return Ok(lines.clone());
        }
        let mut uploads: HashMap<u64, Vec<LineFacts>> = HashMap::new();
        let mut lines = Vec::with_capacity(settled.decision.lines.len());
        for run in settled.sources.iter().flatten() {
            if let std::collections::hash_map::Entry::Vacant(unread) = uploads.entry(run.place) {
                let Event::LinesUploaded(_, all) = self.record_at(run.place)?.event else {
                    return Err(Declined::RecordUnreadable.into());
                };
                unread.insert(all);
            }
            let all = uploads.get(&run.place).map(Vec::as_slice).unwrap_or_default();
            let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
            let from = place(run.from);
            let taken = all.get(from..from.saturating_add(place(run.count)));
            lines.extend_from_slice(taken.ok_or(Declined::RecordUnreadable)?);
        }
        Ok(lines)
    }

    fn is_chronic(&self, settled: &Settled) -> bool {
        let Ok(pack) = self.pack(settled.policy) else { return false };
        let benefit = pack.data().benefits.get(settled.decision.benefit.index());
        benefit.is_some_and(|benefit| benefit.agreement == Agreement::Chronic)
    }

    /// How lines were split, and what their codes are called.
    fn told(
        &self,
        settled: &Settled,
        lines: &[LineFacts],
        known: &Known,
    ) -> (Vec<Split>, Vec<Option<Named>>) {
        let outcomes = &settled.decision.lines;
        match self.by(Some(known), settled.facts.insutype) {
            Some(by) => (by.split(lines, outcomes), named(&by, lines)),
            None => (Split::plain(lines, outcomes), vec![None; lines.len()]),
        }
    }
}

/// What codes are called on their days; `None` of one that was not in force.
fn named(by: &By<'_>, lines: &[LineFacts]) -> Vec<Option<Named>> {
    let insured = Some(by.insured);
    let view = by.world.catalogue(by.pack, Channel::Direct, insured, by.facility.admdvs);
    let one = |line: &LineFacts| {
        let view = view.as_ref()?;
        match view.look_up(line.code.as_bytes(), line.day) {
            Found::Entry(terms) => {
                let (entry, text) = (view.entry(terms.id())?, view.entry_text(terms.id())?);
                Some(Named { name: text.name.to_owned(), list: list_type(entry.list) })
            }
            Found::Unknown | Found::NotInForce => None,
        }
    };
    lines.iter().map(one).collect()
}

/// Whether a `list_type` is one of drugs: the lists that begin with 1.
fn is_drug(list_type: &str) -> bool {
    list_type.starts_with('1')
}
