//! One visit from the door to its bill, as the cashier of a HIS makes it, with every answer checked. An answer that does not come
//! is unknown: the same request is asked again under the same `msgid` until it is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answers::{Setlinfo, Settled, Uploaded};
use crate::books::Books;
use crate::inputs::Visit;
use crate::mix::{Drawn, Kind};
use crate::people::People;
use crate::record::{Recorder, Settles};
use crate::town::Member;
use crate::wire::{Answer, Caller, Cashier, Line, Unknown};

/// Lines that a HIS uploads at once.
const UPLOAD: usize = 100;

/// How often a call is asked again before it is left unanswered.
const TRIES: u32 = 60;

/// What all visits share.
pub struct Street {
    /// The server.
    pub line: Line,
    /// Who lives there.
    pub people: People,
    /// Codes of the server's catalogue.
    pub codes: Vec<String>,
    /// What the facilities have booked.
    pub books: Books,
    /// Numbers of messages that were not used before.
    pub serial: AtomicU64,
    /// When stays began, when fees arise, when stays end.
    pub days: Days,
}

/// The moments that visits name.
#[derive(Clone, Debug)]
pub struct Days {
    /// Admission.
    pub admitted: String,
    /// Fees of stays.
    pub treated: String,
    /// Discharge, and everything of outpatients.
    pub today: String,
}

/// A visit goes no further: it is told and counted already.
#[derive(Debug)]
pub struct Ended;

/// A cashier at work on one visit.
struct Desk<'d> {
    street: &'d Street,
    recorder: &'d Recorder,
    cashier: &'d mut Cashier,
    caller: &'d Caller,
    visit: Visit<'d>,
    /// The number of the member.
    member: u32,
    /// When the next call is due: at first the arrival, then the answer before.
    due: Instant,
    /// When it arrived, and how long it waited for the cashier.
    begin: Settles,
}

impl Street {
    /// Makes a visit; it arrived at a moment.
    pub async fn visit(self: Arc<Street>, recorder: Arc<Recorder>, drawn: Drawn, arrived: Instant) {
        let Some(member) = self.people.take(drawn.member) else {
            recorder.wrong("overrun", || "every member of the town is in a visit".to_owned());
            recorder.over(arrived, false);
            return;
        };
        let window = self.people.window(&drawn).await;
        let mut cashier = window.cashier();
        let desk = Desk {
            street: &self,
            recorder: &recorder,
            cashier: &mut cashier,
            caller: window.caller(),
            visit: self.told(&member.member, &drawn, window.caller().admdvs),
            member: member.number,
            due: arrived,
            begin: Settles { arrived, waited: arrived.elapsed() },
        };
        let ended = desk.work(&drawn).await;
        window.back(cashier);
        if ended.is_err() {
            self.people.forget(&member);
        }
        self.people.leave(member);
        recorder.over(arrived, ended.is_ok());
    }

    fn told<'v>(&'v self, member: &'v Member, drawn: &'v Drawn, admdvs: &'static str) -> Visit<'v> {
        let Days { admitted, treated, today } = &self.days;
        let chronic = drawn.kind == Kind::Chronic && member.disease.is_some();
        let (med_type, times) = match drawn.kind {
            Kind::Pharmacy => ("41", (today, today, today)),
            Kind::Outpatient => ("11", (today, today, today)),
            Kind::Chronic if chronic => ("14", (today, today, today)),
            Kind::Chronic => ("11", (today, today, today)),
            Kind::Inpatient => ("21", (admitted, treated, today)),
        };
        Visit {
            member,
            lines: &drawn.lines,
            codes: &self.codes,
            med_type,
            disease: if chronic { member.disease.unwrap_or_default() } else { "" },
            times: (times.0, times.1, times.2),
            admdvs,
        }
    }
}

impl Desk<'_> {
    async fn work(mut self, drawn: &Drawn) -> Result<(), Ended> {
        if drawn.identify {
            let identify = self.visit.identify();
            self.ask("1101", &identify).await?;
        }
        self.recorder.count(|counts| counts.lines += drawn.lines.len() as u64);
        match drawn.kind {
            Kind::Pharmacy => self.sale(drawn).await,
            Kind::Outpatient | Kind::Chronic => self.outpatient(drawn).await,
            Kind::Inpatient => self.stay(drawn).await,
        }
    }

    async fn sale(&mut self, drawn: &Drawn) -> Result<(), Ended> {
        let sale = self.visit.sale();
        let before: Settled = self.output("2101", &sale).await?;
        self.settle(("2102", "2103"), &sale, None, &before.setlinfo, drawn).await
    }

    async fn outpatient(&mut self, drawn: &Drawn) -> Result<(), Ended> {
        let register = self.visit.register();
        let mdtrt_id = self.named("2201", &register, "/data/mdtrt_id").await?;
        let consultation = self.visit.consultation(&mdtrt_id);
        self.ask("2203", &consultation).await?;
        self.upload("2204", &mdtrt_id).await?;
        let before: Settled = self.output("2206", &self.visit.bill(&mdtrt_id, None)).await?;
        let bill = self.visit.bill(&mdtrt_id, Some(&before.setlinfo));
        self.settle(("2207", "2208"), &bill, Some(&mdtrt_id), &before.setlinfo, drawn).await
    }

    async fn stay(&mut self, drawn: &Drawn) -> Result<(), Ended> {
        let admission = self.visit.admission();
        let mdtrt_id = self.named("2401", &admission, "/result/mdtrt_id").await?;
        self.upload("2301", &mdtrt_id).await?;
        let discharge = self.visit.discharge(&mdtrt_id);
        self.ask("2402", &discharge).await?;
        let before: Settled = self.output("2303", &self.visit.bill(&mdtrt_id, None)).await?;
        let bill = self.visit.bill(&mdtrt_id, Some(&before.setlinfo));
        self.settle(("2304", "2305"), &bill, Some(&mdtrt_id), &before.setlinfo, drawn).await
    }

    async fn upload(&mut self, infno: &'static str, mdtrt_id: &str) -> Result<(), Ended> {
        for from in (0..self.visit.lines.len()).step_by(UPLOAD) {
            let upload = self.visit.upload(mdtrt_id, from, UPLOAD);
            let Uploaded { result } = self.output(infno, &upload).await?;
            let lines = self.visit.lines.iter().skip(from).take(UPLOAD);
            if result.len() != lines.len() {
                let (came, sent) = (result.len(), lines.len());
                return self.wrong("line", infno, &format!("{came} rows for {sent} lines"));
            }
            for ((line, row), number) in lines.zip(&result).zip(from..) {
                let broken = if row.feedetl_sn == number.to_string() {
                    row.broken(line.amount())
                } else {
                    Some(format!("line {number} is answered as {}", row.feedetl_sn))
                };
                if let Some(broken) = broken {
                    return self.wrong("line", infno, &broken);
                }
            }
        }
        Ok(())
    }

    /// Settles, asks again, cancels: as it was drawn, and with everything compared.
    async fn settle(
        &mut self,
        (infno, refund): (&'static str, &'static str),
        bill: &str,
        mdtrt_id: Option<&str>,
        before: &Setlinfo,
        drawn: &Drawn,
    ) -> Result<(), Ended> {
        let msgid = self.msgid();
        let first = self.ask_as(infno, &msgid, bill, true).await?;
        let Settled { setlinfo } = self.read(infno, &first)?;
        // What was answered is booked, whatever is found wrong with it.
        self.street.books.settled(&self.caller.code, self.member, &setlinfo);
        self.names(infno, &first)?;
        self.own(infno, &msgid, mdtrt_id, &setlinfo)?;
        self.hold(infno, before, &setlinfo)?;
        for _ in 0..drawn.repeats {
            self.repeat(infno, &msgid, bill, &first).await?;
        }
        if drawn.refund {
            let setl_id = setlinfo.setl_id.as_deref().unwrap_or_default();
            let mdtrt_id = mdtrt_id.or(setlinfo.mdtrt_id.as_deref()).unwrap_or_default();
            let settlement = self.visit.settlement(mdtrt_id, setl_id);
            let Settled { setlinfo: back } = self.output(refund, &settlement).await?;
            self.recorder.count(|counts| counts.refunds += 1);
            self.street.books.refunded(&self.caller.code, self.member, &setlinfo, &back);
            if let Some(not) = setlinfo.not_opposite(&back) {
                return self.wrong("cancel", refund, &not);
            }
            let own = setlinfo.acct_pay - setlinfo.acct_mulaid_pay;
            let balance = setlinfo.balc.map(|balance| balance + own);
            self.balance(refund, balance, back.balc)?;
            self.street.people.has(self.visit.member, back.balc);
        }
        Ok(())
    }

    /// Every amount of a settlement is there: one that is missing would be read as nought.
    fn names(&self, infno: &'static str, answer: &Answer) -> Result<(), Ended> {
        let text = answer.output.as_ref().map_or("", |raw| raw.get());
        let missing = Setlinfo::default()
            .amounts()
            .into_iter()
            .find(|(name, _)| !text.contains(&format!("\"{name}\":")));
        match missing {
            Some((name, _)) => self.wrong("answer", infno, &format!("no {name} in it")),
            None => Ok(()),
        }
    }

    /// It is the settlement that was asked for, and no other.
    fn own(
        &self,
        infno: &'static str,
        msgid: &str,
        mdtrt_id: Option<&str>,
        now: &Setlinfo,
    ) -> Result<(), Ended> {
        let same = |field: &'static str, came: &Option<String>, expected: &str| match came {
            Some(came) if came == expected => Ok(()),
            came => {
                let came = came.as_deref().unwrap_or("nothing");
                self.wrong("answer", infno, &format!("{field} is {came}, expected {expected}"))
            }
        };
        let member = self.visit.member;
        same("psn_no", &now.psn_no, &member.psn_no)?;
        same("insutype", &now.insutype, member.insutype)?;
        same("medins_setl_id", &now.medins_setl_id, msgid)?;
        if let Some(mdtrt_id) = mdtrt_id {
            same("mdtrt_id", &now.mdtrt_id, mdtrt_id)?;
        }
        match &now.setl_id {
            Some(setl_id) if self.street.books.is_new(setl_id) => Ok(()),
            Some(setl_id) => self.wrong("answer", infno, &format!("setl_id {setl_id} came before")),
            None => self.wrong("answer", infno, "no setl_id in it"),
        }
    }

    /// What must hold of a settlement.
    fn hold(&self, infno: &'static str, before: &Setlinfo, now: &Setlinfo) -> Result<(), Ended> {
        if let Some(broken) = now.broken(self.visit.total()) {
            return self.wrong("identity", infno, &broken);
        }
        if let Some(differs) = before.differs(now) {
            return self.wrong("pre-settle", infno, &differs);
        }
        if let Some(had) = self.street.people.had(self.visit.member) {
            let own = now.acct_pay - now.acct_mulaid_pay;
            self.balance(infno, Some(had - own), now.balc)?;
        }
        self.street.people.has(self.visit.member, now.balc);
        Ok(())
    }

    fn balance(
        &self,
        infno: &'static str,
        expected: Option<crate::fen::Fen>,
        came: Option<crate::fen::Fen>,
    ) -> Result<(), Ended> {
        match (expected, came) {
            (Some(expected), Some(came)) if expected != came => {
                let text = format!("balc is {came}, {expected} by what came before");
                self.wrong("balance", infno, &text)
            }
            (Some(_), None) => self.wrong("balance", infno, "no balc in it"),
            (Some(_) | None, _) => Ok(()),
        }
    }

    async fn repeat(
        &mut self,
        infno: &'static str,
        msgid: &str,
        bill: &str,
        first: &Answer,
    ) -> Result<(), Ended> {
        let again = self.ask_as(infno, msgid, bill, false).await?;
        self.recorder.count(|counts| counts.repeats += 1);
        let text = |answer: &Answer| answer.output.as_ref().map(|raw| raw.get().to_owned());
        if text(&again) != text(first) || again.inf_refmsgid != first.inf_refmsgid {
            return self.wrong("repeat", infno, "the second answer is not the first");
        }
        Ok(())
    }

    async fn output<T: DeserializeOwned>(
        &mut self,
        infno: &'static str,
        input: &str,
    ) -> Result<T, Ended> {
        let answer = self.ask(infno, input).await?;
        self.read(infno, &answer)
    }

    fn read<T: DeserializeOwned>(&self, infno: &'static str, answer: &Answer) -> Result<T, Ended> {
        let text = answer.output.as_ref().map_or("null", |raw| raw.get());
        serde_json::from_str(text).or_else(|error| self.wrong("answer", infno, &error.to_string()))
    }

    async fn named(
        &mut self,
        infno: &'static str,
        input: &str,
        path: &str,
    ) -> Result<String, Ended> {
        let output: Value = self.output(infno, input).await?;
        match output.pointer(path).and_then(Value::as_str) {
            Some(text) => Ok(text.to_owned()),
            None => self.wrong("answer", infno, &format!("no {path} in it")),
        }
    }

    async fn ask(&mut self, infno: &'static str, input: &str) -> Result<Answer, Ended> {
        let msgid = self.msgid();
        self.ask_as(infno, &msgid, input, false).await
    }

    /// Asks until it is known what became of it. A settlement is counted as one the first time it is asked for, and not repeated.
    async fn ask_as(
        &mut self,
        infno: &'static str,
        msgid: &str,
        input: &str,
        settles: bool,
    ) -> Result<Answer, Ended> {
        let mut last = String::new();
        for tried in 0..TRIES {
            if tried > 0 {
                // Longer from time to time, as nobody knows how long a server is away.
                tokio::time::sleep(Duration::from_millis(20 * u64::from(tried.min(50)))).await;
            }
            if self.recorder.is_closed() {
                return Err(Ended);
            }
            let begun = Instant::now();
            self.recorder.sent();
            let answer =
                self.cashier.call(&self.street.line, self.caller, infno, msgid, input).await;
            self.recorder.back(answer.is_ok());
            match answer {
                Ok(answer) if answer.done => {
                    self.recorder.answered(infno, self.due, settles.then_some(self.begin));
                    self.due = Instant::now();
                    return Ok(answer);
                }
                Ok(answer) => {
                    last = answer.err_msg.unwrap_or_default();
                    self.recorder.failed();
                    // 433: the server was started again and has forgotten its tokens.
                    if last.contains("[433]") && self.caller.signer.token_request().is_some() {
                        self.street.line.forget_token(&self.caller.signer, begun);
                        continue;
                    }
                    // 436: busy. 469: it could not be told in time. Both say: the same again.
                    if !["[436]", "[469]"].iter().any(|number| last.contains(number)) {
                        return self.wrong("refused", infno, &last);
                    }
                    self.recorder.count(|counts| counts.busy += 1);
                }
                Err(unknown) => {
                    last = unknown.to_string();
                    self.recorder.failed();
                    self.recorder.count(|counts| counts.unknown += 1);
                    if let Unknown::Garbage(_) = unknown {
                        self.recorder.wrong("answer", || format!("{infno} {msgid}: {unknown}"));
                    }
                }
            }
        }
        self.wrong("unanswered", infno, &last)
    }

    /// A number that this institution has not used: 12 of its own and 18 more.
    fn msgid(&self) -> String {
        let serial = self.street.serial.fetch_add(1, Ordering::Relaxed);
        format!("{}{serial:018}", self.caller.code)
    }

    /// Tells what is wrong; with it the visit ends.
    fn wrong<T>(&self, kind: &'static str, infno: &'static str, text: &str) -> Result<T, Ended> {
        self.recorder.wrong(kind, || format!("{infno} of {}: {text}", self.caller.code));
        Err(Ended)
    }
}
