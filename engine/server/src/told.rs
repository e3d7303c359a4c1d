//! What a command of `yidan run` is answered: a line of JSON made from the record that the journal has, so that the same
//! request is told the same again.

use serde::Serialize;
use yidan_journal::JournalError;
use yidan_pipeline::Reply;
use yidan_pipeline::engine::Engine;
use yidan_pipeline::shard::Answer;
use yidan_settlement::event::{Adjusted, Corrected, Event, Record, Refused, Settled, Undone};
use yidan_settlement::money::Fen;
use yidan_settlement::reason::{Conduct, Reason};
use yidan_settlement::stored;

use crate::answer::Yuan;

/// One line.
#[derive(Debug, Serialize)]
pub struct Told {
    /// The line of the input.
    line: u64,
    /// 0 done, −1 refused; as the platform's.
    infcode: i8,
    /// Whether this is the answer to an earlier request with the same key.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    again: bool,
    #[serde(flatten)]
    says: Says,
}

/// What it says.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Says {
    Nothing {},
    Visit { mdtrt_id: String },
    Filed { trt_dcla_detl_sn: String },
    Settled(Box<SettledLine>),
    Cancelled { setl_id: String, cancels: String },
    Corrected(CorrectedLine),
    Reversed { undone: &'static str },
    Refused(RefusedLine),
    Unreadable { unreadable: String },
}

/// A bill in short; its fields are defined in GLOSSARY.md.
#[derive(Debug, Serialize)]
struct SettledLine {
    /// Empty for a pre-settlement.
    setl_id: String,
    mdtrt_id: String,
    medfee_sumamt: Yuan,
    fulamt_ownpay_amt: Yuan,
    overlmt_selfpay: Yuan,
    preselfpay_amt: Yuan,
    inscp_scp_amt: Yuan,
    fund_pay_sumamt: Yuan,
    /// Payments by field, those that are not nought.
    funds: Vec<(&'static str, Yuan)>,
    hosp_part_amt: Yuan,
    psn_part_amt: Yuan,
    acct_pay: Yuan,
    /// What other members' accounts paid of it.
    acct_mulaid_pay: Yuan,
    psn_cash_pay: Yuan,
    balc: Yuan,
}

/// What came of an operator's correction.
#[derive(Debug, Serialize)]
struct CorrectedLine {
    setl_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancels: Option<String>,
    /// One for each settlement that comes out otherwise.
    adjusted: Vec<AdjustedLine>,
}

/// An adjustment: its own number, whose settlement it adjusts, the differences, and the bill as it is now.
#[derive(Debug, Serialize)]
struct AdjustedLine {
    setl_id: String,
    adjusts: String,
    fixmedins_code: String,
    /// What funds pay more, and the person is owed; less, and the person owes it. Posted on the day of the correction.
    fund_pay_sumamt: Yuan,
    now: SettledLine,
}

#[derive(Debug, Serialize)]
struct RefusedLine {
    refused: u16,
    err_msg: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given: Option<Yuan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    computed: Option<Yuan>,
    /// How many later settlements stand in the way, the time of a reversal or a cancellation in milliseconds since 1970, the settlement that cannot
    /// be made anew, or the record that is archived.
    #[serde(skip_serializing_if = "is_nought")]
    detail: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_nought(n: &u64) -> bool {
    *n == 0
}

/// What a line is answered.
///
/// # Errors
/// The record of an earlier answer cannot be read any more.
pub fn tell<R>(line: u64, answer: Answer, engine: &Engine<R>) -> Result<Told, TellError>
where
    R: Reply<Answer> + Send + 'static,
{
    let told = |again, says: Says| {
        let infcode = if let Says::Refused(_) = says { -1 } else { 0 };
        Told { line, infcode, again, says }
    };
    Ok(match answer {
        Answer::Nothing => told(false, Says::Nothing {}),
        Answer::Refused(refused) => told(false, Says::Refused(RefusedLine::of(refused))),
        Answer::PreSettled(settled) => {
            told(false, Says::Settled(Box::new(SettledLine::of(String::new(), &settled))))
        }
        Answer::Done(number, bytes) => told(false, said(number, &bytes)?),
        Answer::Again(number) => match engine.records().fetch(number) {
            Ok(bytes) => told(true, said(number, &bytes)?),
            // It was answered, and what it was stands in the archive: this line alone cannot be told.
            Err(JournalError::Archived { .. }) => {
                let why = Conduct::RecordUnreachable.number();
                let refused = Refused { reason: why, line: None, figures: None, detail: number };
                told(true, Says::Refused(RefusedLine::of(refused)))
            }
            Err(error) => return Err(error.into()),
        },
    })
}

/// Why a line cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// The record cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The record says nothing this program knows.
    #[error("record {0} of the journal is of another version")]
    Unknown(u64),
}

fn said(number: u64, bytes: &[u8]) -> Result<Says, TellError> {
    let record: Record = stored::whole(bytes).ok_or(TellError::Unknown(number))?;
    let id = |seq: u64| seq.to_string();
    Ok(match record.event {
        Event::VisitOpened(_) => Says::Visit { mdtrt_id: id(record.seq) },
        Event::Filed(_, _) => Says::Filed { trt_dcla_detl_sn: id(record.seq) },
        Event::Settled(settled) => {
            Says::Settled(Box::new(SettledLine::of(id(record.seq), &settled)))
        }
        Event::Cancelled(cancelled) => {
            Says::Cancelled { setl_id: id(record.seq), cancels: id(cancelled.settlement) }
        }
        Event::Corrected(corrected) => {
            Says::Corrected(CorrectedLine::of(id(record.seq), &corrected))
        }
        Event::Refused(refused) => Says::Refused(RefusedLine::of(refused)),
        Event::Reversed(reversed) => match reversed.undone {
            // Not found is an error to the platform's clients; the mark is there all the same.
            Undone::NotYetCome => Says::Refused(RefusedLine {
                refused: Conduct::NothingToReverse.number(),
                err_msg: Conduct::NothingToReverse.to_string(),
                field: None,
                given: None,
                computed: None,
                detail: 0,
            }),
            Undone::Settlement(_) => Says::Reversed { undone: "settlement" },
            Undone::Cancellation(_) => Says::Reversed { undone: "cancellation" },
            Undone::Visit(_) => Says::Reversed { undone: "visit" },
            Undone::NoEffect => Says::Reversed { undone: "nothing, it was refused" },
        },
        Event::MemberRegistered(_, _)
        | Event::FacilityRegistered(_, _)
        | Event::Deposited(_)
        | Event::Unfiled(_, _)
        | Event::VisitChanged(_, _)
        | Event::VisitClosed(_)
        | Event::LinesUploaded(_, _)
        | Event::LinesWithdrawn(_, _)
        | Event::PolicyLoaded(_)
        | Event::CatalogueLoaded(_)
        | Event::DayClosed(_)
        | Event::FamilyHeld(_)
        | Event::FamilyEnded(_) => Says::Nothing {},
    })
}

impl Told {
    /// A line that could not be read.
    pub fn unreadable(line: u64, what: &str) -> Told {
        Told {
            line,
            infcode: -1,
            again: false,
            says: Says::Unreadable { unreadable: what.to_owned() },
        }
    }

    /// Whether it was refused.
    pub fn is_refused(&self) -> bool {
        self.infcode != 0
    }

    /// The number of the visit or settlement that it made.
    pub fn made(&self) -> Option<u64> {
        match &self.says {
            Says::Visit { mdtrt_id } => mdtrt_id.parse().ok(),
            Says::Filed { trt_dcla_detl_sn } => trt_dcla_detl_sn.parse().ok(),
            Says::Settled(settled) => settled.setl_id.parse().ok(),
            Says::Nothing {}
            | Says::Cancelled { .. }
            | Says::Corrected(_)
            | Says::Reversed { .. }
            | Says::Refused(_)
            | Says::Unreadable { .. } => None,
        }
    }
}

impl SettledLine {
    fn of(setl_id: String, settled: &Settled) -> SettledLine {
        let decision = &settled.decision;
        let funds = yidan_settlement::pack::FundField::ALL.into_iter().map(|field| {
            let amount = decision.fund(field);
            (field.name(), amount)
        });
        let funds = funds.filter(|(_, amount)| *amount != Fen::ZERO);
        SettledLine {
            setl_id,
            mdtrt_id: settled.visit.get().to_string(),
            medfee_sumamt: Yuan(decision.total),
            fulamt_ownpay_amt: Yuan(decision.split.own),
            overlmt_selfpay: Yuan(decision.split.over),
            preselfpay_amt: Yuan(decision.split.pre_pay),
            inscp_scp_amt: Yuan(decision.split.in_scope),
            fund_pay_sumamt: Yuan(decision.fund_sum()),
            funds: funds.map(|(name, amount)| (name, Yuan(amount))).collect(),
            hosp_part_amt: Yuan(decision.hosp_part),
            psn_part_amt: Yuan(decision.psn_part),
            acct_pay: Yuan(decision.account_sum()),
            acct_mulaid_pay: Yuan(decision.account_family_sum()),
            psn_cash_pay: Yuan(decision.cash),
            balc: Yuan(decision.balance),
        }
    }
}

impl CorrectedLine {
    fn of(setl_id: String, corrected: &Corrected) -> CorrectedLine {
        let cancels = corrected.cancelled.as_ref();
        let cancels = cancels.map(|(_, cancelled)| cancelled.settlement.to_string());
        let adjusted = corrected.adjusted.iter().map(AdjustedLine::of).collect();
        CorrectedLine { setl_id, cancels, adjusted }
    }
}

impl AdjustedLine {
    fn of(one: &Adjusted) -> AdjustedLine {
        let decision = &one.settled.decision;
        let taken_back: Fen = one.taken_back.funds.iter().map(|(_, amount)| *amount).sum();
        let setl_id = one.settlement.to_string();
        AdjustedLine {
            setl_id: one.number.to_string(),
            adjusts: setl_id.clone(),
            fixmedins_code: one.facility.to_string(),
            fund_pay_sumamt: Yuan(decision.fund_sum().plus(taken_back)),
            now: SettledLine::of(setl_id, &one.settled),
        }
    }
}

impl RefusedLine {
    fn of(refused: Refused) -> RefusedLine {
        RefusedLine {
            refused: refused.reason,
            err_msg: message(refused.reason),
            field: refused.line.map(|line| format!("lines[{line}]")),
            given: refused.figures.map(|(given, _)| Yuan(given)),
            computed: refused.figures.map(|(_, computed)| Yuan(computed)),
            detail: refused.detail,
        }
    }
}

/// The words of a reason's number.
pub fn message(number: u16) -> String {
    let of_claim = Reason::ALL.iter().find(|reason| reason.number() == number);
    let of_ledger = Conduct::ALL.iter().find(|conduct| conduct.number() == number);
    match (of_claim, of_ledger) {
        (Some(reason), _) => reason.to_string(),
        (None, Some(conduct)) => conduct.to_string(),
        (None, None) => format!("[{number}]"),
    }
}
