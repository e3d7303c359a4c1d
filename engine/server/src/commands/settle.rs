//! `yidan settle`: cases in, statements or lines of JSON out, one after another and nothing kept between them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use yidan_image::Image;

use super::curated;
use super::output::{Ended, Failure, Output, error, note, said};
use super::packs::Packs;
use super::progress::Progress;
use super::tally::Tally;
use crate::answer::RefusedAnswer;
use crate::bind::Unbound;
use crate::case::{Case, WITHOUT_EFFECT};
use crate::clerk::{Clerk, ClerkError, Outcome, Settled};
use crate::explain_json::explained;
use crate::explain_text;
use crate::input::{self, CaseText, Cases, InputError, Place};
use crate::statement::{self, refusal, statement};
use crate::world::World;

/// Unreadable cases told one by one; of the rest only the number.
const TOLD_MAX: u64 = 100;

/// Cases between two steps of the progress bar.
const STEP_CASES: u64 = 256;

/// A case with no more than it must have.
const A_CASE: &str = r#"A case:
  {"admdvs": "630100",
   "member": {"psn_no": "P1", "insutype": "390", "psn_type": "15"},
   "facility": {"fixmedins_code": "H1", "admdvs": "630103", "kind": "hospital", "hosp_lv": "三级甲等"},
   "visit": {"med_type": "21", "begntime": "2025-03-01", "endtime": "2025-03-10"},
   "totals": {"medfee_sumamt": "10000.00", "fulamt_ownpay_amt": "500.00", "preselfpay_amt": "500.00",
              "inscp_scp_amt": "9000.00"}}
In place of totals, lines:
   "lines": [{"feedetl_sn": "1", "med_list_codg": "001102000010000", "fee_ocur_time": "2025-03-01",
              "cnt": 1, "pric": "12", "det_item_fee_sumamt": "12.00"}]"#;

/// Settle cases: print the statement of each, or a line of JSON
///
/// FILE holds one case, a JSON array of cases, or one case a line, of any length; `-` reads what is piped in.
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
#[command(after_long_help = format!("{A_CASE}\n\n{}\n\n{}", without_effect(), super::EXIT_CODES))]
pub(super) struct Settle {
    /// The cases, or `-`
    file: PathBuf,
    /// One line of JSON for each case, in place of statements; with how each fen came about, unless --explain=none
    #[arg(long)]
    json: bool,
    /// Show how each fen came about; `full` with every fee line, as JSON has it in any case
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "brief")]
    explain: Option<Depth>,
    /// Show every fee line in the statement
    #[arg(long)]
    lines: bool,
    /// Carry slots and account balances of a member from case to case; what each has used is kept in memory
    #[arg(long)]
    sequence: bool,
    /// Every line of FILE is a case, whatever it looks like [default for .jsonl and .ndjson]
    #[arg(long)]
    jsonl: bool,
    #[command(flatten)]
    packs: Packs,
    /// The catalogue image for cases with fee lines [default: one of the curated sources, made in memory]
    #[arg(long, value_name = "IMAGE")]
    catalog: Option<PathBuf>,
}

/// The fields that change no bill, for the help.
fn without_effect() -> String {
    let fields = WITHOUT_EFFECT.map(|(field, why)| format!("  {field}: {why}"));
    format!("Fields that are read and change no bill:\n{}", fields.join("\n"))
}

#[derive(Debug, Clone, Copy, Eq, PartialEq, ValueEnum)]
enum Depth {
    /// Nothing
    None,
    /// The first fee lines under each heading
    Brief,
    /// Every fee line
    Full,
}

/// One run: what it settles by, what it prints, and what it has come to.
struct Run<'w> {
    args: &'w Settle,
    world: &'w World,
    clerk: Clerk<'w>,
    out: Output,
    tally: Tally,
    progress: Progress,
    name: String,
    /// Whether the image is the curated one and nobody was told yet.
    tell_catalogue: bool,
}

impl Settle {
    pub(super) fn run(&self) -> Ended {
        let name =
            if self.file == Path::new("-") { "stdin".into() } else { self.file.to_string_lossy() };
        let (reader, length) = input::open(&self.file)
            .map_err(|error| said(format!("{name}: cannot be read: {error}")))?;
        let mut world = World::new();
        self.packs.load(&mut world)?;
        self.load_image(&mut world)?;
        let policy = self.packs.policy.as_ref().and_then(|_| world.packs().first());
        let run = Run {
            args: self,
            world: &world,
            clerk: Clerk::new(&world, policy, self.sequence),
            out: Output::open(),
            tally: Tally::default(),
            progress: Progress::of(length, "cases"),
            name: name.into_owned(),
            tell_catalogue: self.catalog.is_none(),
        };
        let by_name = self.file.extension().is_some_and(|it| it == "jsonl" || it == "ndjson");
        run.all(Cases::new(reader, self.jsonl || by_name))
    }

    fn load_image(&self, world: &mut World) -> Result<(), Failure> {
        let image = match &self.catalog {
            Some(file) => Image::open(file).map_err(said)?,
            None if curated::CATALOGUE.is_empty() => return Ok(()),
            None => curated::image().map_err(said)?,
        };
        world.set_image(Arc::new(image));
        Ok(())
    }
}

impl Run<'_> {
    fn all(mut self, mut cases: Cases<Box<dyn io::Read>>) -> Ended {
        while let Some(next) = cases.next_case() {
            match next {
                Ok(text) => self.case(text)?,
                Err(wrong) => self.not_read(&wrong)?,
            }
            self.out.pause()?;
            if self.tally.cases().is_multiple_of(STEP_CASES) {
                self.progress.at(cases.bytes_read(), self.tally.cases());
            }
        }
        self.out.flush()?;
        self.progress.done();
        let untold = self.tally.unreadable_count().saturating_sub(TOLD_MAX);
        if untold > 0 {
            note(&format!("{untold} more could not be read"));
        }
        if self.tally.cases() > 1 {
            note(&self.tally.to_string());
        }
        Ok(self.tally.exit())
    }

    fn case(&mut self, text: CaseText<'_>) -> Result<(), Failure> {
        let case = match Case::parse(text.text, text.first.line) {
            Ok(case) => case,
            Err(wrong) => {
                self.clerk.pass_over();
                let at = input::place_of(text.text, text.first, &wrong);
                let what = format!("field `{}`: {}", wrong.field, wrong.what);
                return self.unreadable(Some(text.number), at, &what, Some(&wrong.field));
            }
        };
        if case.lines.is_some()
            && std::mem::take(&mut self.tell_catalogue)
            && self.world.image().is_some()
        {
            let what = "note: fee lines are looked up in the curated catalogue; give another with --catalog";
            self.progress.aside(|| note(what));
        }
        let (args, tally) = (self.args, &mut self.tally);
        let (out, number) = (&mut self.out, text.number);
        let pack = self.clerk.pack_of(&case).map(|loaded| &*loaded.pack);
        let settled = self.clerk.settle(&case, |outcome| match outcome {
            Outcome::Settled(settled) => {
                tally.settled(settled.decision);
                args.print_settled(&settled, &case, out)
            }
            Outcome::Refused(number, refused) => {
                tally.refused(refused.reason);
                match args.json {
                    true => out.json(&RefusedAnswer::of(number, &refused, &case, pack)),
                    false => write!(out, "{}", refusal(number, &refused, &case, pack)),
                }
            }
        });
        match settled {
            Ok(printed) => Ok(printed?),
            Err(wrong) => {
                let field = field_of(&wrong);
                let at = input::locate(text.text, &field)
                    .and_then(|at| text.text.as_bytes().get(..at))
                    .map_or(text.first, |before| text.first.after(before));
                self.unreadable(Some(number), at, &wrong.to_string(), Some(&field))
            }
        }
    }

    fn not_read(&mut self, wrong: &InputError) -> Result<(), Failure> {
        match wrong {
            InputError::Read(_) => Err(said(format!("{}: {wrong}", self.name))),
            InputError::Text { number, at, what } => {
                if number.is_some() {
                    self.clerk.pass_over();
                }
                self.unreadable(*number, *at, what, None)
            }
        }
    }

    fn unreadable(
        &mut self,
        number: Option<u64>,
        at: Place,
        what: &str,
        field: Option<&str>,
    ) -> Result<(), Failure> {
        self.tally.unreadable();
        if self.tally.unreadable_count() <= TOLD_MAX {
            let case = number.map_or_else(String::new, |number| format!("case {number}: "));
            let text = format!("{}:{at}: {case}{what}", self.name);
            self.progress.aside(|| error(&text));
        }
        if let (true, Some(case)) = (self.args.json, number) {
            let (line, column) = (at.line, at.column);
            let answer = UnreadableAnswer { case, unreadable: what, field, line, column };
            self.out.json(&answer)?;
        }
        Ok(())
    }
}

impl Settle {
    fn print_settled(
        &self,
        settled: &Settled<'_>,
        case: &Case,
        out: &mut Output,
    ) -> io::Result<()> {
        if self.json {
            let mut answer = settled.answer(case);
            let wanted = self.explain != Some(Depth::None);
            answer.explain = wanted.then(|| explained(settled, case));
            return out.json(&answer);
        }
        let options = statement::Options { lines: self.lines };
        writeln!(out, "{}", statement(settled, case, settled.view(case), options).trim_end())?;
        if let Some(depth @ (Depth::Brief | Depth::Full)) = self.explain {
            let told = explained(settled, case);
            write!(out, "{}", explain_text::text(&told, depth == Depth::Full))?;
        }
        writeln!(out)
    }
}

/// A case that could not be read, in a line of its own, so that answers and cases stay side by side.
#[derive(serde::Serialize)]
struct UnreadableAnswer<'a> {
    case: u64,
    unreadable: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    line: usize,
    column: usize,
}

/// The field that a clerk could make nothing of.
fn field_of(wrong: &ClerkError) -> String {
    match wrong {
        ClerkError::Unbound(Unbound::Field(wrong)) => wrong.field.clone(),
        ClerkError::Unbound(Unbound::NoCatalogue) => "lines".to_owned(),
        ClerkError::NoPool => "admdvs".to_owned(),
        ClerkError::Carried(field, _) => format!("member.{field}"),
        ClerkError::UnknownSlot(..) => "member.slots".to_owned(),
    }
}
