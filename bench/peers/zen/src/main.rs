//! R1 by the ZEN engine's Rust crate: a decision graph compiled once and evaluated bill after bill on one thread, the member's slots
//! given in and taken out as the engine's own values. It takes turns with the bench line by line, as `bench/peers/turns.py` does.

use std::error::Error;
use std::fs;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use zen_engine::loader::MemoryLoader;
use zen_engine::model::DecisionContent;
use zen_engine::{DecisionEngine, Variable};
use zen_types::symbol::Symbol;
use zen_types::variable::VariableMap;

const GRAPH: &str = include_str!("../../r1.json");
const VERSION: &str = zen_engine::ENGINE_VERSION;
const SLOTS: [&str; 6] = [
    "deductible",
    "above_deductible",
    "basic_paid",
    "self_pay",
    "critical_paid",
    "assistance_paid",
];
const PAID: [&str; 3] = ["basic", "critical", "assistance"];

/// The allocator that yidan has too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One bill, its numbers as the engine has them.
struct Bill {
    member: usize,
    in_scope: Decimal,
    level: Decimal,
    class: Decimal,
}

/// The engine, the bills, and what the last turn left.
struct Bench {
    engine: DecisionEngine,
    bills: Vec<Bill>,
    slots: Vec<Variable>,
    answers: Vec<Variable>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("which folder has the bills?")?;
    let folder = Path::new(&folder);
    let loader = MemoryLoader::default();
    loader.add("r1", serde_json::from_str::<DecisionContent>(GRAPH)?);
    let engine = DecisionEngine::default().with_loader(Arc::new(loader));
    let failures = engine.compile();
    if let Some(failure) = failures.first() {
        return Err(format!("the graph does not compile: {failure:?}").into());
    }
    let mut bench = Bench { engine, bills: bills(folder)?, slots: Vec::new(), answers: Vec::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut out = std::io::stdout();
    writeln!(out, "ready {VERSION}")?;
    for line in std::io::stdin().lock().lines() {
        match line?.as_str() {
            "turn" => {
                bench.start_anew();
                let begun = Instant::now();
                runtime.block_on(bench.settle_all())?;
                writeln!(out, "{}", begun.elapsed().as_nanos())?;
            }
            "write" => {
                bench.write(folder)?;
                writeln!(out, "written")?;
            }
            other => return Err(format!("{other} is no command").into()),
        }
    }
    Ok(())
}

/// The columns that the bench wrote.
fn bills(folder: &Path) -> Result<Vec<Bill>, Box<dyn Error>> {
    let column = |name: &str| fs::read(folder.join(name));
    let (member, in_scope) = (column("member")?, column("in_scope")?);
    let (level, class) = (column("level")?, column("class")?);
    let rows = member.as_chunks::<4>().0.iter().zip(in_scope.as_chunks::<8>().0);
    let rows = rows.zip(level.iter().zip(&class));
    let bill = |((member, in_scope), (level, class)): ((&[u8; 4], &[u8; 8]), (&u8, &u8))| Bill {
        member: u32::from_le_bytes(*member) as usize,
        in_scope: i64::from_le_bytes(*in_scope).into(),
        level: (*level).into(),
        class: (*class).into(),
    };
    Ok(rows.map(bill).collect())
}

impl Bench {
    /// All members without slots, no answers.
    fn start_anew(&mut self) {
        let nought =
            || object(SLOTS.map(|name| (Symbol::from(name), Variable::Number(Decimal::ZERO))));
        let members = self.bills.iter().map(|bill| bill.member + 1).max().unwrap_or(0);
        self.slots = (0..members).map(|_| nought()).collect();
        self.answers = Vec::with_capacity(self.bills.len());
    }

    async fn settle_all(&mut self) -> Result<(), Box<dyn Error>> {
        let keys = ["in_scope", "level", "class", "slots"].map(Symbol::from);
        for bill in &self.bills {
            let [in_scope, level, class, slots] = keys.clone();
            let asked = object([
                (in_scope, Variable::Number(bill.in_scope)),
                (level, Variable::Number(bill.level)),
                (class, Variable::Number(bill.class)),
                (slots, self.slots[bill.member].clone()),
            ]);
            let answer = self.engine.evaluate("r1", asked).await?.result;
            self.slots[bill.member] = field(&answer, "slots")?;
            self.answers.push(answer);
        }
        Ok(())
    }

    /// Each payment, and the slots of all members, as 64-bit whole numbers.
    fn write(&self, folder: &Path) -> Result<(), Box<dyn Error>> {
        for name in PAID {
            write(folder, name, self.answers.iter().map(|answer| fen(answer, name)))?;
        }
        let of_member = |slots| SLOTS.into_iter().map(move |name| fen(slots, name));
        write(folder, "slots", self.slots.iter().flat_map(of_member))
    }
}

fn write(
    folder: &Path,
    name: &str,
    numbers: impl Iterator<Item = Result<i64, Box<dyn Error>>>,
) -> Result<(), Box<dyn Error>> {
    let mut bytes = Vec::new();
    for number in numbers {
        bytes.extend(number?.to_le_bytes());
    }
    Ok(fs::write(folder.join(name), bytes)?)
}

/// A field that is a whole number; no other is rounded to one.
fn fen(object: &Variable, name: &str) -> Result<i64, Box<dyn Error>> {
    match field(object, name)? {
        Variable::Number(number) if number.is_integer() => {
            number.to_i64().ok_or_else(|| format!("{name} is too large").into())
        }
        _ => Err(format!("{name} is no whole number").into()),
    }
}

fn field(object: &Variable, name: &str) -> Result<Variable, Box<dyn Error>> {
    let Variable::Object(fields) = object else { return Err("the answer is no object".into()) };
    let field = fields.borrow().get_str(name).cloned();
    field.ok_or_else(|| format!("the answer has no {name}").into())
}

fn object<const N: usize>(fields: [(Symbol, Variable); N]) -> Variable {
    Variable::from_object(VariableMap::from_iter(fields))
}
