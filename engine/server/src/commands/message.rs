//! `yidan message`: what HIS systems send, held against the national interface (《医疗保障信息平台定点医药机构接口规范》) before a hospital
//! is connected: which fields of a message are wrong, what of it is only borne, and which fields a transaction has.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use yidan_gateway::envelope::Call;
use yidan_gateway::limits::BODY_BYTES_MAX;
use yidan_gateway::table::{Entry, Field, Kind, Node};
use yidan_gateway::wire::Transaction;
use yidan_gateway::{Borne, Faults, Profile};

use super::output::{Ended, Exit, Failure, Output, said};

#[derive(Debug, Subcommand)]
pub(super) enum Message {
    Check(Check),
    Fields(Fields),
}

/// Check requests as a HIS sends them: every field that is wrong, and what is borne though the text says otherwise
///
/// FILE holds one request with its envelope, `-` reads what is piped in. Nothing is asked of a ledger: whether the person or the
/// visit exists is not looked at. Certificates, names and the like are never shown, only how long they are.
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct Check {
    /// Requests, or `-`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Refuse what the text of the interface does not allow [default: bear what working clients are known to send]
    #[arg(long)]
    strict: bool,
}

/// List the transactions, or the fields of one
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct Fields {
    /// The number of the transaction (交易编号), as 2207 or 2203A
    infno: Option<String>,
}

impl Message {
    pub(super) fn run(&self) -> Ended {
        match self {
            Message::Check(command) => command.run(),
            Message::Fields(command) => command.run(),
        }
    }
}

impl Check {
    fn run(&self) -> Ended {
        let profile = if self.strict { Profile::STRICT } else { Profile::LENIENT };
        let mut out = Output::open();
        let mut worst = Exit::Done;
        for file in &self.files {
            let body = body_of(file)?;
            let sound = check(&body, &profile, &file.display().to_string(), &mut out)?;
            worst = worst.max(if sound { Exit::Done } else { Exit::Refused });
        }
        out.flush()?;
        Ok(worst)
    }
}

/// Reads a message whole, and no more of a longer one than shows that it is too long.
fn body_of(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let most = BODY_BYTES_MAX as u64 + 1;
    let read = if file == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut body)
    } else {
        fs::File::open(file).and_then(|open| open.take(most).read_to_end(&mut body))
    };
    read.map_err(|error| said(format!("{}: {error}", file.display())))?;
    Ok(body)
}

/// Says what is to be said of one message, and whether it can be read.
fn check(body: &[u8], profile: &Profile, name: &str, out: &mut Output) -> Result<bool, Failure> {
    let call = match Call::read(body, profile) {
        Ok(call) => call,
        Err(faults) => {
            writeln!(out, "{name}: the envelope (接口输入报文) is wrong")?;
            return tell_faults(&faults, out);
        }
    };
    let infno = call.envelope.infno.as_deref().unwrap_or_default();
    let Some(one) = call.transaction() else {
        writeln!(
            out,
            "{name}: transaction (交易编号) {infno:?} is not known; `yidan message fields` lists all"
        )?;
        return Ok(false);
    };
    let Entry { infno, zh, .. } = one.entry();
    match call.decode(one, profile) {
        Ok(decoded) => {
            writeln!(out, "{name}: {infno} {zh}: sound")?;
            tell_borne(&call.borne.clone().with(&decoded.borne), out)?;
            Ok(true)
        }
        Err(faults) => {
            writeln!(out, "{name}: {infno} {zh}: the input is wrong in {} places", faults.count())?;
            tell_faults(&faults, out)
        }
    }
}

fn tell_faults(faults: &Faults, out: &mut Output) -> Result<bool, Failure> {
    for fault in faults.told() {
        writeln!(out, "  {fault} [{}]", fault.wrong.number())?;
    }
    let more = faults.count().saturating_sub(faults.told().len());
    if more > 0 {
        writeln!(out, "  and {more} more")?;
    }
    Ok(false)
}

fn tell_borne(borne: &Borne, out: &mut Output) -> Result<(), Failure> {
    for (oddity, count) in borne.kinds() {
        writeln!(out, "  borne: {} ({count} times)", oddity.chinese())?;
        for (_, place, _) in borne.places().iter().filter(|(of, _, _)| *of == oddity) {
            let place = place.to_string();
            if !place.is_empty() {
                writeln!(out, "    {place}")?;
            }
        }
    }
    Ok(())
}

impl Fields {
    fn run(&self) -> Ended {
        let mut out = Output::open();
        let Some(infno) = &self.infno else {
            for one in Transaction::ALL {
                let Entry { infno, zh, en, .. } = one.entry();
                writeln!(out, "{infno:<7}{zh}: {en}")?;
            }
            out.flush()?;
            return Ok(Exit::Done);
        };
        let unknown =
            || said(format!("there is no transaction {infno}; `yidan message fields` lists all"));
        let entry = Transaction::of(infno).ok_or_else(unknown)?.entry();
        writeln!(out, "{} {}: {}", entry.infno, entry.zh, entry.en)?;
        for (what, node) in [("input", entry.input), ("output", entry.output)] {
            writeln!(out, "\n{what}")?;
            tell_node(node, &mut out)?;
        }
        writeln!(out, "\n* required (必填); source {}", entry.source)?;
        out.flush()?;
        Ok(Exit::Done)
    }
}

/// A node's own fields, then those of the nodes in it.
fn tell_node(node: &Node, out: &mut Output) -> Result<(), Failure> {
    for field in node.fields {
        let star = if field.required { "*" } else { " " };
        writeln!(
            out,
            "  {star} {:<24} {:<12} {} {}",
            field.name,
            kind_of(field),
            field.zh,
            field.note
        )?;
    }
    for field in node.fields {
        if let Kind::One(inner) | Kind::Many(inner) = field.kind {
            writeln!(out, "\n  {}", inner.path)?;
            tell_node(inner, out)?;
        }
    }
    Ok(())
}

/// A field's type as the text of the interface writes it.
fn kind_of(field: &Field) -> String {
    match field.kind {
        Kind::Text(most) | Kind::Serial(most) if most < u32::MAX => format!("str {most}"),
        Kind::Text(_) | Kind::Serial(_) => "str".to_owned(),
        Kind::Amount => "num 16,2".to_owned(),
        Kind::Quantity => "num 16,4".to_owned(),
        Kind::Price => "num 16,6".to_owned(),
        Kind::Decimal(digits, decimals) => format!("num {digits},{decimals}"),
        Kind::Integer(digits) => format!("num {digits}"),
        Kind::Flag => "true/false".to_owned(),
        Kind::Date => "date".to_owned(),
        Kind::Datetime => "datetime".to_owned(),
        Kind::Bytes => "bytes".to_owned(),
        Kind::Raw => "json".to_owned(),
        Kind::One(_) => "object".to_owned(),
        Kind::Many(_) => "array".to_owned(),
    }
}
