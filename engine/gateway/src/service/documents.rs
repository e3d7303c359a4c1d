//! What institutions hand in that no settlement goes by: 2306 remarks on lines, 3301 3302 how their catalogue matches ours, 4101 4102 lists of
//! settled cases. Each is checked against what it is about, and kept with its answer.

use std::collections::BTreeSet;

use yidan_settlement::catalogue::Found;
use yidan_settlement::event::Refused;
use yidan_settlement::facts::Text as Fact;
use yidan_settlement::id::Admdvs;
use yidan_settlement::ledger::OpenVisit;
use yidan_settlement::reason::Conduct;

use super::Service;
use super::asking::{Asking, Done, Failure, number, visit};
use super::declined::Declined;
use crate::documents::{Became, Change, Mark, Match, Matched};
use crate::json;
use crate::wire::{Answer, Request, t2306, t3301, t3302, t4101, t4102};

impl Service {
    /// 2306 费用明细修改备注: of lines of the visit while it is open, or of its newest settlement.
    pub(super) async fn remark(
        &self,
        asking: &Asking,
        input: &t2306::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let first = input.data.first().ok_or(Declined::NothingInIt)?;
        let same = |row: &t2306::input::Data<'_>| {
            (&row.mdtrt_id, &row.psn_no) == (&first.mdtrt_id, &first.psn_no)
        };
        if !input.data.iter().all(same) {
            return Err(Declined::SeveralVisits.into());
        }
        let psn_no = &*first.psn_no;
        if let Some(done) = self.handed_in_before(asking, psn_no).await? {
            return self.nothing_more(&done, &Answer::T2306(Box::new(t2306::output::Output {})));
        }
        let of = visit(&first.mdtrt_id)?;
        let (member, code) = (Fact::from(psn_no), asking.institution.code.clone());
        let open = self.look(psn_no, move |ledger| {
            let ours = |visit: &&OpenVisit| visit.psn_no == member && visit.facility == code;
            let lines = ledger.visit(of).filter(ours)?.lines.all();
            Some(lines.iter().map(|line| line.facts.clone()).collect::<Vec<_>>())
        });
        let lines = match open.await? {
            Some(lines) => lines,
            None => {
                let made = self.settled_visit(asking, psn_no, of).await?;
                let made = made.ok_or_else(|| Failure::field("mdtrt_id", &first.mdtrt_id))?;
                self.settled_lines(&made.settled)?
            }
        };
        let known: BTreeSet<(&str, &str)> =
            lines.iter().map(|line| (line.serial.as_str(), line.code.as_str())).collect();
        let is_known = |row: &&t2306::input::Data<'_>| {
            known.contains(&(row.bkkp_sn.as_ref(), row.med_list_codg.as_ref()))
        };
        if let Some(row) = input.data.iter().find(|row| !is_known(row)) {
            return Err(Failure::field("bkkp_sn", &row.bkkp_sn));
        }
        let remark = |row: &t2306::input::Data<'_>| {
            (row.bkkp_sn.to_string(), row.memo.as_deref().unwrap_or_default().to_owned())
        };
        let change = Change::Remarks(of.get(), input.data.iter().map(remark).collect());
        let done = self.hand_in(asking, psn_no, change).await?;
        self.nothing_more(&done, &Answer::T2306(Box::new(t2306::output::Output {})))
    }

    /// 3301 目录对照上传: each national code must be in the catalogue of the institution's place, on some day.
    pub(super) async fn match_codes(
        &self,
        asking: &Asking,
        input: &t3301::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let answer = Answer::T3301(Box::new(t3301::output::Output {}));
        if let Some(done) = self.handed_in_before(asking, "").await? {
            // What was taken back since is not told as done.
            for data in &input.data {
                let stands = self.documents.has_match(&asking.institution.code, &match_of(data))?;
                if !stands {
                    return Err(Declined::MatchUnknown.into());
                }
            }
            return self.nothing_more(&done, &answer);
        }
        if input.data.is_empty() {
            return Err(Declined::NothingInIt.into());
        }
        let place = self.place(asking).await?;
        let image = self.world.image();
        let view =
            image.as_ref().and_then(|image| image.region(place).or_else(|| image.national()));
        for (row, data) in (1..).zip(&input.data) {
            if data.enddate.get() < data.begndate.get() {
                let more =
                    format!("第{row}行，begndate={}晚于enddate={}", data.begndate, data.enddate);
                return Err(Failure::Declined(Declined::FieldMeaningless, Some(more)));
            }
            let code = data.med_list_codg.as_bytes();
            let found = view.as_ref().map(|view| view.look_up(code, data.begndate));
            if matches!(found, Some(Found::Unknown) | None) {
                let more = format!("第{row}行，med_list_codg={}", data.med_list_codg);
                return Err(Failure::Declined(Declined::CodeUnknown, Some(more)));
            }
        }
        let rows = input.data.iter().map(|data| Matched { of: match_of(data), row: written(data) });
        let done = self.hand_in(asking, "", Change::Match(rows.collect())).await?;
        self.nothing_more(&done, &answer)
    }

    /// 3302 目录对照撤销
    pub(super) async fn unmatch_code(
        &self,
        asking: &Asking,
        input: &t3302::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let answer = Answer::T3302(Box::new(t3302::output::Output {}));
        if let Some(done) = self.handed_in_before(asking, "").await? {
            return self.nothing_more(&done, &answer);
        }
        if data.fixmedins_code.trim() != asking.institution.code {
            return Err(Failure::field("fixmedins_code", &data.fixmedins_code));
        }
        let of = Match {
            own: data.fixmedins_hilist_id.to_string(),
            list: data.list_type.to_string(),
            code: data.med_list_codg.to_string(),
        };
        let done = self.hand_in(asking, "", Change::Unmatch(of)).await?;
        self.nothing_more(&done, &answer)
    }

    /// 4101 医疗保障基金结算清单信息上传: of a settlement of this institution that stands.
    pub(super) async fn take_list(
        &self,
        asking: &Asking,
        request: &Request<'_>,
        input: &t4101::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.setlinfo;
        let psn_no = &*data.psn_no;
        let done = match self.handed_in_before(asking, psn_no).await? {
            Some(done) => done,
            None => {
                let settlement = number("setl_id", &data.setl_id)?;
                let (_, made) = self.made_here(asking, psn_no, settlement).await?;
                if made.settled.visit != visit(&data.mdtrt_id)? {
                    return Err(Failure::field("mdtrt_id", &data.mdtrt_id));
                }
                if data.setl_end_date.get() < data.setl_begn_date.get() {
                    let text = data.setl_end_date.to_string();
                    return Err(Failure::field("setl_end_date", &text));
                }
                let submitted = data.stas_type.as_deref().is_some_and(|stas| stas.trim() == "1");
                let change = Change::List(settlement, submitted, crate::answer::input(request));
                self.hand_in(asking, psn_no, change).await?
            }
        };
        let data = t4101::output::Data { setl_list_id: format!("{:09}", done.serial).into() };
        let answer = Answer::T4101(Box::new(t4101::output::Output { data }));
        self.nothing_more(&done, &answer)
    }

    /// 4102 医疗保障基金结算清单信息状态修改: all of them, or none.
    pub(super) async fn mark_lists(
        &self,
        asking: &Asking,
        input: &t4102::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let rows = &input.data.stastinfo;
        let answer = Answer::T4102(Box::new(t4102::output::Output {}));
        // Of several persons the first stands in the key.
        let psn_no = rows.first().and_then(|row| row.psn_no.as_deref()).unwrap_or_default();
        if let Some(done) = self.handed_in_before(asking, psn_no).await? {
            return self.nothing_more(&done, &answer);
        }
        if rows.is_empty() {
            return Err(Declined::NothingInIt.into());
        }
        let mark = |row: &t4102::input::Stastinfo<'_>| {
            let settlement = number("setl_id", row.setl_id.as_deref().unwrap_or_default())?;
            let submitted = match row.stas_type.as_deref().unwrap_or_default().trim() {
                "0" => false,
                "1" => true,
                other => return Err(Failure::field("stas_type", other)),
            };
            let psn_no = row.psn_no.as_deref().filter(|psn_no| !psn_no.is_empty());
            Ok(Mark { settlement, submitted, psn_no: psn_no.map(str::to_owned) })
        };
        let marked = rows.iter().map(mark).collect::<Result<Vec<_>, Failure>>()?;
        let done = self.hand_in(asking, psn_no, Change::Submitted(marked)).await?;
        self.nothing_more(&done, &answer)
    }

    /// The division of the institution.
    pub(super) async fn place(&self, asking: &Asking) -> Result<Admdvs, Failure> {
        let code = asking.institution.code.clone();
        let place = self.look("", move |ledger| {
            ledger.facility(&code).and_then(|one| one.facts()).map(|facts| facts.admdvs)
        });
        place.await?.ok_or_else(|| refused(Conduct::FacilityUnknown))
    }

    /// What became of the same request before.
    async fn handed_in_before(
        &self,
        asking: &Asking,
        psn_no: &str,
    ) -> Result<Option<HandedIn>, Failure> {
        let (documents, request) = (self.documents.clone(), asking.request(psn_no));
        let before = tokio::task::spawn_blocking(move || documents.before(&request));
        before.await.map_err(|_| Declined::OutcomeUnknown)??.map(HandedIn::of).transpose()
    }

    async fn hand_in(
        &self,
        asking: &Asking,
        psn_no: &str,
        change: Change,
    ) -> Result<HandedIn, Failure> {
        let (documents, request) = (self.documents.clone(), asking.request(psn_no));
        let (refmsgid, now_ms) = (self.next_refmsgid(asking), self.now_ms());
        let changed = move || documents.change(&request, &refmsgid, now_ms, &change);
        let changed = tokio::task::spawn_blocking(changed);
        HandedIn::of(changed.await.map_err(|_| Declined::OutcomeUnknown)??)
    }

    fn nothing_more(&self, done: &HandedIn, answer: &Answer<'_>) -> Result<Done, Failure> {
        let output = crate::answer::output(answer);
        Ok(Done { output, inf_refmsgid: Some(done.refmsgid.clone()), warn_msg: None, file: None })
    }
}

/// A document that was handed in.
#[derive(Clone, Debug)]
struct HandedIn {
    refmsgid: String,
    /// Of a list.
    serial: u64,
}

impl HandedIn {
    fn of(became: Became) -> Result<HandedIn, Failure> {
        let about = |settlement: u64| Some(format!("setl_id={settlement}"));
        match became {
            Became::Done { refmsgid, serial } => Ok(HandedIn { refmsgid, serial }),
            Became::Other => Err(refused(Conduct::KeyWithOtherContent)),
            Became::IsSubmitted(of) => Err(Failure::Declined(Declined::ListSubmitted, about(of))),
            Became::NoList(of) => Err(Failure::Declined(Declined::ListUnknown, about(of))),
            Became::NoMatch => Err(Declined::MatchUnknown.into()),
        }
    }
}

fn refused(conduct: Conduct) -> Failure {
    let refused = Refused { reason: conduct.number(), line: None, figures: None, detail: 0 };
    Failure::Refused { refused, more: None, inf_refmsgid: None }
}

fn match_of(data: &t3301::input::Data<'_>) -> Match {
    Match {
        own: data.fixmedins_hilist_id.to_string(),
        list: data.list_type.to_string(),
        code: data.med_list_codg.to_string(),
    }
}

/// A row as JSON.
fn written<'a, R: crate::record::Record<'a>>(row: &R) -> String {
    let mut to = Vec::with_capacity(256);
    json::write(row, &mut to);
    String::from_utf8(to).expect("names and values are written as UTF-8")
}
