//! A record of the journal as those read it who keep the books: who asked, what it says, what it moved. Put down once, and
//! written as lines of text or as one JSON object under the national field names.

mod books;
mod form;
mod known;
mod past;
mod settled;
#[cfg(test)]
mod tests;
mod undone;

use serde::{Serialize, Serializer};
use yidan_gateway::wire::Transaction;
use yidan_settlement::event::{
    Event, FamilyEnded, FamilyHeld, KeyedBy, PolicyNames, Record, Refused, Reversed, Undone,
};
use yidan_settlement::facts::Text;
use yidan_settlement::money::Fen;

use crate::text::money;
use crate::told;

use form::{Facts, Form, Said};
pub(crate) use known::{agreement, level};
pub use past::Past;

/// A record, ready to be written.
#[derive(Debug)]
pub struct Shown(Form);

/// Where a record stands in its journal.
#[derive(Copy, Clone, Debug)]
pub struct Stands {
    /// Its number.
    pub number: u64,
    /// The batch that holds it.
    pub batch: u64,
    /// The segment of that.
    pub segment: u64,
    /// Its length.
    pub bytes: usize,
}

impl Shown {
    /// What a record says. `time` is when it was admitted, as text.
    pub fn of(stands: Stands, time: &str, record: &Record, past: &Past<'_>) -> Shown {
        let mut form = Form::default();
        stands.put(&mut form, time);
        form.object("time_ms", &record.time_ms);
        form.asked(asked(record));
        put(&mut form, record, past);
        Shown(form)
    }

    /// Bytes that are no record that this program knows. `time` is that of their batch.
    pub fn of_bytes(stands: Stands, time: &str, bytes: &[u8]) -> Shown {
        let mut form = Form::default();
        stands.put(&mut form, time);
        form.object("what", &"unknown");
        form.object("hex", &hex(bytes));
        Shown(form)
    }

    /// Its lines for people, without that which says where it stands.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.0.lines()
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl Stands {
    fn put(self, form: &mut Form, time: &str) {
        form.object("record", &self.number);
        form.object("batch", &self.batch);
        form.object("segment", &self.segment);
        form.object("time", &time);
        form.object("bytes", &self.bytes);
    }
}

/// A digest, as people compare them; or any bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An amount with its sign.
fn signed(amount: Fen) -> String {
    if amount.is_negative() { money(amount) } else { format!("+{}", money(amount)) }
}

/// A transaction with its name; of those with an A and a B the common beginning.
fn transaction(infno: u16) -> String {
    let number = format!("{infno:04}");
    let known = ["", "A"].iter().find_map(|kind| Transaction::of(&format!("{number}{kind}")));
    match known {
        Some(known) => format!("{number} {}", known.entry().zh),
        None => number,
    }
}

/// Who asked, and by which key.
fn asked(record: &Record) -> Facts {
    let request = &record.request;
    let by = match &record.event {
        _ if !request.asker.is_empty() => request.asker.as_str(),
        Event::PolicyLoaded(_)
        | Event::CatalogueLoaded(_)
        | Event::FamilyHeld(_)
        | Event::FamilyEnded(_) => "the engine itself 系统",
        Event::MemberRegistered(_, _)
        | Event::FacilityRegistered(_, _)
        | Event::Deposited(_)
        | Event::Filed(_, _)
        | Event::Unfiled(_, _)
        | Event::VisitOpened(_)
        | Event::VisitChanged(_, _)
        | Event::VisitClosed(_)
        | Event::LinesUploaded(_, _)
        | Event::LinesWithdrawn(_, _)
        | Event::Settled(_)
        | Event::Cancelled(_)
        | Event::Reversed(_)
        | Event::Corrected(_)
        | Event::Refused(_)
        | Event::DayClosed(_) => "the bureau 经办机构",
    };
    // A command of the bureau has no transaction.
    let infno = (request.infno > 0)
        .then(|| Said::Shown(format!("{:04}", request.infno), transaction(request.infno)));
    let msgid = Some(&request.msgid).filter(|msgid| !msgid.is_empty());
    Facts::new()
        .with("fixmedins_code", "by", Said::Shown(request.asker.to_string(), by.to_owned()))
        .some(infno, |facts, infno| facts.with("infno", "", infno))
        .some(msgid, |facts, msgid| facts.text("msgid", "msgid", msgid))
        .number("seq", "command", record.seq)
        .text("digest", "digest 摘要", hex(&request.digest))
}

fn put(form: &mut Form, record: &Record, past: &Past<'_>) {
    let psn_no = &record.request.psn_no;
    let of_member = || Facts::new().text("psn_no", "psn_no", psn_no);
    let of_visit = |visit| of_member().with("mdtrt_id", "mdtrt_id", known::id(visit));
    match &record.event {
        Event::Settled(one) => settled::settled(form, record, one, past),
        Event::Corrected(one) => undone::corrected(form, record, one, past),
        Event::MemberRegistered(facts, opening) => {
            let title = of_member().money("balc", "opening balance, if new 期初余额", *opening);
            form.title("member", "member registered 参保人登记", title);
            known::member(form, facts);
        }
        Event::FacilityRegistered(code, facts) => known::facility(form, code, facts),
        Event::Deposited(amount) => {
            let title = of_member().money("amount", "amount 金额", *amount);
            form.title("deposited", "paid into the own account 个人账户存入", title);
        }
        Event::Filed(what, facts) => known::filed(form, record.seq, psn_no, what, facts),
        Event::Unfiled(what, facts) => known::unfiled(form, psn_no, what, facts),
        Event::VisitOpened(facts) => {
            let title = of_member().with("mdtrt_id", "mdtrt_id", Said::Id(record.seq));
            form.title("visit", "visit registered 就诊登记", title);
            form.line("visit 就诊", known::visit(facts));
        }
        Event::VisitChanged(visit, change) => {
            form.title("visit_changed", "visit changed 就诊信息变更", of_visit(*visit));
            form.line_in("said anew 变更", "change", &known::change(change));
        }
        Event::VisitClosed(visit) => {
            form.title(
                "visit_closed",
                "visit closed without a settlement 就诊撤销",
                of_visit(*visit),
            );
        }
        Event::LinesUploaded(visit, lines) => {
            form.title("uploaded", "lines uploaded 费用明细上传", of_visit(*visit));
            known::lines(form, lines);
        }
        Event::LinesWithdrawn(visit, which) => {
            let title = known::which(of_visit(*visit), which);
            form.title("withdrawn", "lines withdrawn 费用明细撤销", title);
        }
        Event::Cancelled(one) => {
            let title = of_member().with("setl_id", "own setl_id", Said::Id(record.seq));
            form.title("cancelled", "settlement cancelled 结算撤销", title);
            undone::undone(form, one, psn_no, &record.request.asker, false, past);
        }
        Event::Reversed(one) => reversed(form, record, one, past),
        Event::Refused(one) => refused(form, psn_no, *one),
        Event::PolicyLoaded(names) => policy(form, names),
        Event::CatalogueLoaded(digest) => {
            let title = Facts::new().text("catalogue_digest", "digest", hex(digest));
            form.title("catalogue", "catalogue image loaded 目录加载", title);
        }
        Event::DayClosed(day) => {
            let title = Facts::new().text("day", "to", day);
            form.title("day_closed", "day closed 日结", title);
        }
        Event::FamilyHeld(one) => held(form, record.seq, psn_no, one),
        Event::FamilyEnded(one) => ended(form, psn_no, *one),
    }
}

/// A reversal (冲正), by what it found to undo.
fn reversed(form: &mut Form, record: &Record, reversed: &Reversed, past: &Past<'_>) {
    let Reversed { infno, msgid, undone } = reversed;
    let (psn_no, asker) = (&record.request.psn_no, &record.request.asker);
    let found = match undone {
        Undone::NotYetCome => {
            Said::Named("not yet come", "it has not come; if it comes it is refused 原交易未到")
        }
        Undone::Settlement(_) => Said::Named("settlement", "its settlement is cancelled 结算撤销"),
        Undone::Cancellation(_) => Said::Named(
            "cancellation",
            "its cancellation is undone, the settlement stands again 撤销作废",
        ),
        Undone::Visit(_) => Said::Named("visit", "its visit is closed 就诊撤销"),
        Undone::NoEffect => Said::Named("nothing", "nothing, as it was refused 原交易未成功"),
    };
    let title = Facts::new()
        .with("oinfno", "of 原交易", Said::Shown(format!("{infno:04}"), transaction(*infno)))
        .text("omsgid", "msgid", msgid)
        .text("psn_no", "psn_no", psn_no)
        .with("undone", "", found);
    form.title("reversed", "reversal 冲正", title);
    match undone {
        Undone::Settlement(one) => undone::undone(form, one, psn_no, asker, false, past),
        Undone::Cancellation(one) => undone::undone(form, one, psn_no, asker, true, past),
        Undone::Visit(visit) => {
            form.line("visit 就诊", Facts::new().with("mdtrt_id", "mdtrt_id", known::id(*visit)));
        }
        Undone::NotYetCome | Undone::NoEffect => {}
    }
}

fn refused(form: &mut Form, psn_no: &Text, refused: Refused) {
    let Refused { reason, line, figures, detail } = refused;
    let psn_no = Some(psn_no).filter(|psn_no| !psn_no.is_empty());
    let title = Facts::new()
        .number("refused", "", reason.into())
        .some(psn_no, |facts, psn_no| facts.text("psn_no", "psn_no", psn_no));
    form.title("refused", "refused 拒绝", title);
    let why = Facts::new()
        .text("err_msg", "", told::message(reason))
        .some(line, |facts, line| facts.text("field", "at", format!("lines[{line}]")))
        .some(figures, |facts, (given, computed)| {
            facts.money("given", "given 上传", given).money("computed", "computed 计算", computed)
        })
        .some((detail > 0).then_some(detail), |facts, detail| {
            facts.number("detail", "detail", detail)
        });
    form.line("reason 原因", why);
}

fn policy(form: &mut Form, names: &PolicyNames) {
    let PolicyNames { pool, digest, slots, diseases, groups } = names;
    let title = Facts::new().text("pool", "pool 统筹区", pool);
    form.title("policy", "policy pack loaded 政策包加载", title);
    form.line("pack 政策包", Facts::new().text("policy_digest", "digest", hex(digest)));
    let slot = |(name, by): &(Text, KeyedBy)| {
        let by = match by {
            KeyedBy::Nothing => return name.to_string(),
            KeyedBy::Disease => "disease",
            KeyedBy::Group => "group",
            KeyedBy::Scheme => "insutype",
        };
        format!("{name}[{by}]")
    };
    form.texts("slots 累计", "slots", &slots.iter().map(slot).collect::<Vec<_>>());
    form.texts(
        "groups 病种组",
        "groups",
        &groups.iter().map(ToString::to_string).collect::<Vec<_>>(),
    );
    let codes: Vec<String> = diseases.iter().map(ToString::to_string).collect();
    form.object("diseases", &codes);
    let count = match codes.as_slice() {
        [] => "none".to_owned(),
        [first, ..] => format!("{}, from {first} on; --json has all", codes.len()),
    };
    form.words("diseases 病种", &[count], "");
}

fn held(form: &mut Form, item: u64, psn_no: &Text, held: &FamilyHeld) {
    let FamilyHeld { member, amount, settlement } = held;
    let title = Facts::new()
        .number("item", "item", item)
        .text("psn_no", "of psn_no", psn_no)
        .text("member", "for psn_no", member)
        .money("amount", "amount 金额", *amount)
        .some(*settlement, |facts, number| {
            facts.with("setl_id", "for what is undone or put back of setl_id", Said::Id(number))
        });
    form.title("family_held", "held of a family account 共济冻结", title);
}

fn ended(form: &mut Form, psn_no: &Text, ended: FamilyEnded) {
    let FamilyEnded { item, held, paid } = ended;
    let title = Facts::new()
        .number("item", "item", item)
        .text("psn_no", "of psn_no", psn_no)
        .money("held", "held 冻结", held)
        .money("paid", "paid 支付", paid);
    form.title("family_ended", "hold of a family account ended 共济解冻", title);
}
