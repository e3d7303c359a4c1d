//! A morning of hospitals that call a server as their HIS does: over HTTP, on connections that stay open, in the order of calls of
//! the national interface. An outpatient, a stay, a pharmacy, a stay far from home, and the day's statements.

mod books;
mod inputs;
mod round;
mod sheet;
#[cfg(test)]
mod tests;
mod told;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use serde_json::Value;

use super::place::{Hospital, PLACES};
use super::report::Spread;
use super::town::Town;
use super::watch::TIME_NS_MAX;
use books::Books;
use inputs::{Fee, Patient};
use round::Round;

pub use sheet::print_his;

/// What was called, and what was answered.
#[derive(Debug)]
pub struct Morning {
    /// Where all calls went.
    pub address: SocketAddr,
    /// The visits, in their order.
    pub scenes: Vec<Scene>,
    /// Connections that carried them.
    pub connections: usize,
    /// How long calls took.
    pub latency: Spread,
}

/// One visit.
#[derive(Debug, Serialize)]
pub struct Scene {
    /// Who, where, and what for.
    pub title: String,
    /// The calls, in their order.
    pub calls: Vec<Called>,
}

/// One call that was answered.
#[derive(Debug, Serialize)]
pub struct Called {
    /// Who called.
    pub fixmedins_code: &'static str,
    /// The transaction.
    pub infno: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The answer in a few words.
    pub answered: String,
    /// From the first byte out to the last byte in.
    #[serde(skip)]
    pub took: Duration,
}

/// Why the morning did not go as it has to: a mistake of ours.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// The client has no thread to run on.
    #[error("no thread for the client: {0}")]
    NoThread(io::Error),
    /// No whole answer came.
    #[error("{infno} from {code} got no answer: {error}")]
    Unanswered {
        /// The transaction.
        infno: &'static str,
        /// Who called.
        code: &'static str,
        /// Why.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It was answered that it was not done.
    #[error("{0} was refused: {1}")]
    Refused(&'static str, String),
    /// It was answered otherwise than it has to be.
    #[error("{0}: {1}")]
    Otherwise(&'static str, String),
    /// The town has nobody of a kind.
    #[error("the example town has no {0}")]
    Nobody(&'static str),
}

/// Codes of the curated catalogue: a drug and a consultation, a drug with a first share and a bed.
const VISIT_FEES: [Fee; 2] = [("QXJ01CA0001", 2, 30), ("001102000010000", 1, 15)];
const STAY_FEES: [Fee; 2] = [("QXJ01CR0002", 400, 100), ("QS110200005", 7, 20)];
const SALE_FEES: [Fee; 1] = [("QXJ01CA0001", 1, 30)];

const PNEUMONIA: (&str, &str) = ("J18.900", "肺炎");
const CANCER: (&str, &str) = ("C34.900", "支气管或肺恶性肿瘤");

/// Calls a server on which the example town lives.
///
/// # Errors
/// A call that is not answered, or not as it has to be.
pub fn his(address: SocketAddr, town: &Town) -> Result<Morning, Wrong> {
    let [home, ..] = PLACES;
    let [_, far, _] = home.away;
    let people = Cast::of(town)?;
    let mut round = Round::new(address)?;
    let mut books = Books::default();
    outpatient(&mut round, &mut books, home.third, &people.employee)?;
    inpatient(&mut round, &mut books, home.third, &people.poor)?;
    pharmacy(&mut round, &mut books, home.pharmacy, &people.customer)?;
    away(&mut round, &mut books, (home.third, far), &people.resident)?;
    statements(&mut round, &books)?;
    let connections = round.connections();
    let scenes = round.scenes;
    let mut times = Histogram::<u64>::new_with_bounds(1, TIME_NS_MAX, 3)
        .expect("the bounds rise, and a histogram keeps up to five digits");
    for call in scenes.iter().flat_map(|scene| &scene.calls) {
        times.saturating_record(u64::try_from(call.took.as_nanos()).unwrap_or(u64::MAX));
    }
    Ok(Morning { address, scenes, connections, latency: Spread::of(&times) })
}

/// Who is treated.
struct Cast {
    employee: Patient,
    resident: Patient,
    customer: Patient,
    poor: Patient,
}

impl Cast {
    /// The first of Xining who fit, each another one.
    fn of(town: &Town) -> Result<Cast, Wrong> {
        let [home, ..] = PLACES;
        let here = || town.members.iter().filter(|one| one.facts.admdvs == home.pool);
        let is_poor = |one: &&super::TownMember| !one.facts.identities.is_empty();
        let poor = here().find(is_poor).map(Patient::of);
        let of = |insutype: &'static str| {
            here()
                .filter(move |one| !is_poor(one))
                .map(Patient::of)
                .filter(move |patient| patient.insutype == insutype)
        };
        let (mut employees, mut residents) = (of("310"), of("390"));
        Ok(Cast {
            employee: employees.next().ok_or(Wrong::Nobody("employee"))?,
            customer: employees.next().ok_or(Wrong::Nobody("second employee"))?,
            resident: residents.next().ok_or(Wrong::Nobody("resident"))?,
            poor: poor.ok_or(Wrong::Nobody("poor resident"))?,
        })
    }
}

/// A text of an answer that later calls name.
fn named(infno: &'static str, output: &Value, path: &str) -> Result<String, Wrong> {
    let text = output.pointer(path).and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| Wrong::Otherwise(infno, format!("no {path} in its answer")))
}

/// From the door to the bill; the bill sent twice, asked for, cancelled, and made anew.
fn outpatient(
    round: &mut Round,
    books: &mut Books,
    at: Hospital,
    patient: &Patient,
) -> Result<(), Wrong> {
    round.scene(format!("门诊：{}，{}", at.name, patient.name));
    round.ask(at, "9001", inputs::sign_in())?;
    round.ask(at, "1101", inputs::identify(patient))?;
    let visit = round.ask(at, "2201", inputs::register(patient))?;
    let mdtrt_id = named("2201", &visit.output, "/data/mdtrt_id")?;
    round.ask(at, "2203", inputs::consultation(patient, &mdtrt_id))?;
    round.ask(at, "2204", inputs::outpatient_fees(patient, &mdtrt_id, &VISIT_FEES))?;
    let bill = inputs::outpatient_bill(patient, &mdtrt_id, &VISIT_FEES);
    let before = round.ask(at, "2206", bill.clone())?;
    let bill = inputs::with_split(bill, &before.output["setlinfo"]);
    let first = round.ask(at, "2207", bill.clone())?;
    books.settled(at, &first.msgid, &first.output["setlinfo"]);
    round.repeat(at, "2207", &first, &bill)?;
    let setl_id = named("2207", &first.output, "/setlinfo/setl_id")?;
    let settlement = inputs::settlement(patient, &mdtrt_id, &setl_id);
    round.ask(at, "5203", settlement.clone())?;
    let cancelled = round.ask(at, "2208", settlement)?;
    books.refunded(&first.msgid, &cancelled.msgid, &cancelled.output["setlinfo"]);
    round.refused(at, "2207", &first, (&bill, 313))?;
    let anew = round.ask(at, "2207", bill)?;
    books.settled(at, &anew.msgid, &anew.output["setlinfo"]);
    Ok(())
}

/// Admission, a change of it, fees, discharge and the bill.
fn inpatient(
    round: &mut Round,
    books: &mut Books,
    at: Hospital,
    patient: &Patient,
) -> Result<(), Wrong> {
    round.scene(format!("住院：{}，{}（医疗救助对象，一单结算）", at.name, patient.name));
    round.ask(at, "1101", inputs::identify(patient))?;
    let settled = stay(round, at, patient, PNEUMONIA)?;
    books.settled(at, &settled.msgid, &settled.output["setlinfo"]);
    let mdtrt_id = named("2304", &settled.output, "/setlinfo/mdtrt_id")?;
    let setl_id = named("2304", &settled.output, "/setlinfo/setl_id")?;
    let settlement = inputs::settlement(patient, &mdtrt_id, &setl_id);
    let cancelled = round.ask(at, "2305", settlement)?;
    books.refunded(&settled.msgid, &cancelled.msgid, &cancelled.output["setlinfo"]);
    let bill = inputs::stay_bill(patient, &mdtrt_id, at, &STAY_FEES);
    let bill = inputs::with_split(bill, &settled.output["setlinfo"]);
    let anew = round.ask(at, "2304", bill)?;
    books.settled(at, &anew.msgid, &anew.output["setlinfo"]);
    Ok(())
}

/// A stay from admission to its bill: what the bill was answered.
fn stay(
    round: &mut Round,
    at: Hospital,
    patient: &Patient,
    diagnosis: (&str, &str),
) -> Result<round::Answered, Wrong> {
    let visit = round.ask(at, "2401", inputs::admission(patient, at, diagnosis))?;
    let mdtrt_id = named("2401", &visit.output, "/result/mdtrt_id")?;
    round.ask(at, "2403", inputs::change(patient, &mdtrt_id, diagnosis))?;
    round.ask(at, "2301", inputs::stay_fees(patient, &mdtrt_id, &STAY_FEES))?;
    let bill = inputs::stay_bill(patient, &mdtrt_id, at, &STAY_FEES);
    round.ask(at, "2303", bill.clone())?;
    round.ask(at, "2402", inputs::discharge(patient, &mdtrt_id, diagnosis))?;
    let before = round.ask(at, "2303", bill.clone())?;
    round.ask(at, "2304", inputs::with_split(bill, &before.output["setlinfo"]))
}

/// A sale whose answer is lost: it is reversed, its repeat is refused, and the sale is made anew.
fn pharmacy(
    round: &mut Round,
    books: &mut Books,
    at: Hospital,
    patient: &Patient,
) -> Result<(), Wrong> {
    round.scene(format!("药店：{}，{}", at.name, patient.name));
    round.ask(at, "9001", inputs::sign_in())?;
    round.ask(at, "1101", inputs::identify(patient))?;
    let sale = inputs::sale(patient, &SALE_FEES);
    round.ask(at, "2101", sale.clone())?;
    let sold = round.ask(at, "2102", sale.clone())?;
    books.settled(at, &sold.msgid, &sold.output["setlinfo"]);
    round.ask(at, "2601", inputs::reversal(patient, "2102", &sold.msgid))?;
    books.reversed(&sold.msgid);
    round.refused(at, "2102", &sold, (&sale, 302))?;
    let anew = round.ask(at, "2102", sale)?;
    books.settled(at, &anew.msgid, &anew.output["setlinfo"]);
    Ok(())
}

/// The hospital at home refers a patient, and the one far away settles the stay at once.
fn away(
    round: &mut Round,
    books: &mut Books,
    (home, far): (Hospital, Hospital),
    patient: &Patient,
) -> Result<(), Wrong> {
    round.scene(format!("异地住院：{}转{}，{}", home.name, far.name, patient.name));
    round.ask(home, "1101", inputs::identify(patient))?;
    round.ask(home, "2501", inputs::referral(patient, far, CANCER))?;
    round.ask(far, "9001", inputs::sign_in())?;
    round.ask(far, "1101", inputs::identify(patient))?;
    let settled = stay(round, far, patient, CANCER)?;
    books.settled(far, &settled.msgid, &settled.output["setlinfo"]);
    Ok(())
}

/// What each facility has booked agrees with what the server has.
fn statements(round: &mut Round, books: &Books) -> Result<(), Wrong> {
    round.scene("日终对总账".to_owned());
    for (at, statement) in books.statements() {
        let compared = round.ask(at, "3201", statement)?;
        if compared.output["stmtinfo"]["stmt_rslt"] != "0" {
            let said = compared.output["stmtinfo"]["stmt_rslt_dscr"].to_string();
            return Err(Wrong::Otherwise("3201", format!("a statement does not agree: {said}")));
        }
    }
    Ok(())
}
