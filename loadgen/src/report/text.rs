//! The closing table on the terminal.

use super::findings::{
    calls_per_second, four, headline, main_step, measured, settlements_per_second,
};
use super::table::Table;
use super::words::{bytes, count, rate, time, time_of, times, transaction, yuan};
use crate::result::{BooksCompared, Capacity, Outcome, Pair, Step};

/// The run as a text of some forty lines: the headline first, then the steps, where the time goes, the books, what was
/// wrong, and where it ran.
pub fn table(outcome: &Outcome) -> String {
    let headline = headline(outcome);
    let mut out = format!("{}\n", headline.verdict);
    for sentence in &headline.more {
        out += &format!("{sentence}\n");
    }
    section(&mut out, "Steps, settling (结算)", &steps(outcome, |step| four(&step.settling)));
    section(&mut out, "Steps, all calls (全部交易)", &steps(outcome, |step| four(&step.all)));
    for step in &outcome.steps {
        section(&mut out, &format!("{}, settling by rate (结算)", step.name), &by_rate(step));
    }
    if let Some(found) = &outcome.capacity
        && !found.searches.is_empty()
    {
        out += &format!("\nSearches (复测)\n{}", indented(&searches(found)));
    }
    if let Some(step) = main_step(outcome) {
        let title = format!("Transactions of {} (交易)", step.name);
        section(&mut out, &title, &transactions(step));
        let title = format!("Where the time goes in the server, {} (耗时分布)", step.name);
        section(&mut out, &title, &stages(step));
    }
    out += &format!("\nBooks (对账)\n{}", indented(&books(&outcome.books)));
    let differences = &outcome.books.differences;
    out += &indented(differences);
    out += &indented(&named(&outcome.books).collect::<Vec<_>>());
    out += &format!("\nWhat was wrong (问题)\n{}", indented(&wrong(outcome)));
    out += "\nWhere it ran (环境)\n";
    let mut setup = Table::new(2, &["what", "value"]);
    for (what, value) in setup_of(outcome) {
        setup.row([what.into(), value]);
    }
    // The heading of this one says nothing.
    out += setup.text().split_once('\n').map_or("", |(_, rows)| rows);
    out
}

/// A titled table, where it has rows.
fn section(out: &mut String, title: &str, table: &Table) {
    if !table.is_empty() {
        *out += &format!("\n{title}\n{}", table.text());
    }
}

/// Lines with two blanks before each.
fn indented(lines: &[String]) -> String {
    lines.iter().map(|line| format!("  {line}\n")).collect()
}

/// A row for each step that was measured.
pub(super) fn steps(outcome: &Outcome, four: impl Fn(&Step) -> [String; 4]) -> Table {
    let head = ["step", "", "visits/s", "settlements/s", "calls/s", "p50", "p99", "p99.9", "max"];
    let mut table = Table::new(2, &head);
    for step in measured(outcome) {
        let held = match step.held {
            Some(true) => "held",
            Some(false) => "not held",
            None => "",
        };
        let rates = [
            rate(step.intended_per_second),
            rate(settlements_per_second(step)),
            rate(calls_per_second(step)),
        ];
        table.row([step.name.clone(), held.into()].into_iter().chain(rates).chain(four(step)));
    }
    table
}

/// A row for each rate at which visits arrived in a step, where it changed.
pub(super) fn by_rate(step: &Step) -> Table {
    let head = ["visits/s", "to", "from second", "settlements", "p50", "p99", "p99.9", "max"];
    let mut table = Table::new(0, &head);
    for band in &step.by_rate {
        let first = [rate(band.from), rate(band.to), rate(band.begin), count(band.settling.count)];
        table.row(first.into_iter().chain(four(&band.settling)));
    }
    table
}

/// What several searches found, a line each kind.
pub(super) fn searches(found: &Capacity) -> Vec<String> {
    if found.searches.is_empty() {
        return Vec::new();
    }
    let all: Vec<String> = found.searches.iter().map(|one| rate(*one)).collect();
    let pair = |pair: &Pair| {
        let [one, other] = pair.visits_per_second.map(rate);
        format!("{one} and {other} {}", if pair.agrees { "agree" } else { "do not agree" })
    };
    let pairs: Vec<String> = found.pairs.iter().map(pair).collect();
    vec![
        format!("Searches found {} visits/s.", all.join(", ")),
        format!("Pairs (within 15 %): {}.", pairs.join("; ")),
    ]
}

/// What 3202 names, a line each.
pub(super) fn named(books: &BooksCompared) -> impl Iterator<Item = String> {
    books.named.iter().map(|one| format!("By 3202 (明细): {one}"))
}

/// A row for each transaction of a step, and the whole visits.
pub(super) fn transactions(step: &Step) -> Table {
    let mut table =
        Table::new(2, &["infno", "交易", "count", "mean", "p50", "p99", "p99.9", "max"]);
    let named = step.by_infno.iter().map(|(infno, of)| (infno.as_str(), transaction(infno), of));
    for (infno, name, of) in named.chain([("visit", "whole visit (就诊全程)", &step.visit)]) {
        if of.count > 0 {
            let first = [infno.into(), name.into(), count(of.count), time(of.mean_ns)];
            table.row(first.into_iter().chain(four(of)));
        }
    }
    table
}

/// A row for each stage of the server.
pub(super) fn stages(step: &Step) -> Table {
    let mut table = Table::new(1, &["stage", "count", "mean", "p50", "p99", "p99.9"]);
    for stage in &step.server {
        let of = |ns| time_of(stage.count, ns);
        table.row([
            stage.name.clone(),
            count(stage.count),
            of(stage.mean_ns),
            of(stage.p50_ns),
            of(stage.p99_ns),
            of(stage.p999_ns),
        ]);
    }
    table
}

/// The books in sentences.
pub(super) fn books(books: &BooksCompared) -> Vec<String> {
    if books.facilities == 0 {
        return vec!["Books were not compared.".into()];
    }
    let facilities = u64::from(books.facilities);
    let verdict = if books.differ == 0 && books.differences.is_empty() {
        format!("All {} statements (3201) agree with the generator's own books.", count(facilities))
    } else {
        format!(
            "{} of {} statements (3201) differ from the generator's own books.",
            count(books.differ.into()),
            count(facilities),
        )
    };
    let sums = format!(
        "{} settlements and refunds; total (医疗费总额) {} yuan, funds (基金) {}, accounts (个人账户) {}.",
        count(books.settlements),
        yuan(books.medfee_fen),
        yuan(books.fund_fen),
        yuan(books.account_fen),
    );
    vec![verdict, sums]
}

/// What was wrong, a line each.
pub(super) fn wrong(outcome: &Outcome) -> Vec<String> {
    if outcome.wrong.is_empty() {
        return vec!["Nothing: every answer was verified and as it has to be.".into()];
    }
    let line = |wrong: &crate::result::Wrong| {
        format!("{}, {}; first: {}", wrong.kind, times(wrong.count), wrong.first)
    };
    outcome.wrong.iter().map(line).collect()
}

/// Machine, plan and counts, by name.
pub(super) fn setup_of(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let (machine, plan) = (&outcome.machine, &outcome.plan);
    let shares = if machine.shares_cores {
        "on the same cores as the generator"
    } else {
        "not on the generator's cores"
    };
    let syncs = match machine.syncs_per_second {
        0 => "not measured".into(),
        syncs => format!(
            "{} synced writes/s of 4 KiB, p50 {}, p99 {}",
            count(syncs),
            time(machine.sync_ns.0),
            time(machine.sync_ns.1),
        ),
    };
    let sum = |of: fn(&Step) -> u64| count(outcome.steps.iter().map(of).sum());
    let calls = format!(
        "{} calls, {} repeated, {} unanswered in time, {} refused as busy (436)",
        sum(|step| step.calls),
        sum(|step| step.repeats),
        sum(|step| step.unknown),
        sum(|step| step.busy),
    );
    let cores = format!("{}, {} cores", machine.processor, machine.cores);
    let town = format!(
        "{} members (参保人), {} facilities (定点机构)",
        count(plan.members.into()),
        count(plan.facilities.into())
    );
    vec![
        ("processor", cores),
        ("memory", bytes(machine.memory_bytes)),
        ("kernel", machine.kernel.clone()),
        ("disk", syncs),
        ("server", format!("{}, {shares}", machine.server)),
        ("address", plan.to.clone()),
        ("generator", format!("commit {}", machine.commit)),
        ("scenario", plan.scenario.clone()),
        ("town", town),
        ("load", format!("{} connections, {} arrivals", plan.connections, plan.arrivals)),
        ("signature", plan.signature.clone()),
        ("seed (随机种子)", plan.seed.to_string()),
        ("begun", format!("{} UTC", plan.begun)),
        ("sent", calls),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn says_the_capacity_first_and_all_the_rest_after() {
        let mut outcome = sample::search();
        let text = table(&outcome);
        assert!(text.starts_with("This machine carries 1,386 settlements/s with p99.9 ≤ 50 ms.\n"));
        for part in ["405/s", "2,917/s", "rate 1600/s", "2207", "门诊结算", "queueing", "42"] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(text.contains("48,123,456.78 yuan"));
        assert!(text.contains("Nothing: every answer"));
        outcome.wrong = sample::wrong();
        assert!(table(&outcome).contains("stall, 2 times; first: no answer for 1.4 s"));
    }

    #[test]
    fn shows_pairs_bands_and_named_settlements() {
        let mut outcome = sample::several();
        outcome.steps.push(sample::ramp());
        outcome.books.named.push("H1 clr_type 11: settlement setl_id 7".to_owned());
        let text = table(&outcome);
        for part in ["1,400 and 1,100 do not agree", "Searches found 1,400", "By 3202 (明细): H1"]
        {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(text.contains("ramp, settling by rate"), "{text}");
    }

    #[test]
    fn an_empty_outcome_has_a_table_too() {
        assert!(table(&Outcome::default()).starts_with("Nothing was run.\n"));
    }
}
