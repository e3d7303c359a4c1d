//! Two runs beside each other: whether their capacities agree, how latencies stand at like rates, and what else differs.

#![expect(clippy::float_arithmetic, reason = "times and their plots; no money is computed here")]

use std::collections::BTreeMap;

use super::findings::{Headline, main_step, measured, near, settlements_per_second};
use super::histogram::quantile;
use super::html::{box_of, escaped, shell};
use super::plots::by_percentile;
use super::table::Table;
use super::words::{bytes, count, objective, rate, time};
use crate::result::{Capacity, Outcome, Step};

/// Two capacities agree where the greater is no more than this above the lesser, in percent.
const AGREE_PERCENT: u32 = 15;

/// Steps are like each other where their intended rates differ by no more than this part.
const LIKE_STEPS: f64 = 0.05;

/// The quantiles that are put beside each other.
const QUANTILES: [f64; 5] = [0.5, 0.99, 0.999, 0.9999, 1.0];

/// The comparison for the terminal: the verdict first, A before B.
pub fn compare(a: &Outcome, b: &Outcome) -> String {
    let verdict = verdict(a, b);
    let mut out = format!("{}\n", verdict.verdict);
    for sentence in verdict.more {
        out += &format!("{sentence}\n");
    }
    let sections = [
        ("Capacity", capacities(a, b)),
        ("Latency of settling (结算) at like steps", latencies(a, b)),
        ("What differs", differences(a, b)),
        ("Configuration that differs", configurations(a, b)),
    ];
    for (title, table) in sections {
        if table.is_empty() {
            out += &format!("\n{title}\n  nothing\n");
        } else {
            out += &format!("\n{title}\n{}", table.text());
        }
    }
    out
}

/// The comparison as one page that needs nothing else.
pub fn page(a: &Outcome, b: &Outcome) -> String {
    let mut body = format!(
        "<header><h1>Two runs beside each other 对比</h1><p>A: {} of {} UTC, commit {}.<br/>\
         B: {} of {} UTC, commit {}.</p>{}</header>\n<main>",
        escaped(&a.plan.scenario),
        escaped(&a.plan.begun),
        escaped(&a.machine.commit),
        escaped(&b.plan.scenario),
        escaped(&b.plan.begun),
        escaped(&b.machine.commit),
        box_of(&verdict(a, b)),
    );
    body += "<h2>Capacity and latency</h2>";
    for (caption, table) in [
        ("Capacity", capacities(a, b)),
        ("Latency of settling 结算 at like steps", latencies(a, b)),
    ] {
        body += &table_or_nothing(caption, &table);
    }
    if let Some((of_a, of_b)) = main_step(a).zip(main_step(b)) {
        body += "<div class=\"plots\">";
        let name = |which: &str, step: &Step| format!("{which}: {}", step.name);
        for (id, what, of) in [
            ("compare-settling", "settling", (&of_a.settling, &of_b.settling)),
            ("compare-all", "all calls", (&of_a.all, &of_b.all)),
        ] {
            let curves = [(name("A", of_a), of.0), (name("B", of_b), of.1)];
            body += &by_percentile(id, what, &curves).draw();
        }
        body += "</div>";
    }
    body += "<h2>What differs</h2>";
    body += &table_or_nothing("Machine, commit and plan", &differences(a, b));
    body += &table_or_nothing("Configuration", &configurations(a, b));
    body += "</main>\n";
    shell("Two runs beside each other", &body, "B / A above one: B took longer.")
}

fn table_or_nothing(caption: &str, table: &Table) -> String {
    if table.is_empty() {
        return format!("<div class=\"box\"><p>{}: nothing.</p></div>", escaped(caption));
    }
    table.html(caption)
}

/// Whether the capacities agree, in plain words.
fn verdict(a: &Outcome, b: &Outcome) -> Headline {
    let mut more = Vec::new();
    if !a.wrong.is_empty() || !b.wrong.is_empty() {
        more.push("Something was wrong in one of them: its numbers may not count.".into());
    }
    let (of_a, of_b) = match (usable("A", a), usable("B", b)) {
        (Ok(of_a), Ok(of_b)) => (of_a, of_b),
        (Err(why), _) | (_, Err(why)) => {
            return Headline {
                verdict: format!("No verdict: {why}."),
                good: false,
                number: None,
                more,
            };
        }
    };
    if of_a.objective != of_b.objective {
        let verdict = format!(
            "No verdict: the objectives differ, {} and {}.",
            objective(&of_a.objective),
            objective(&of_b.objective)
        );
        return Headline { verdict, good: false, number: None, more };
    }
    let (x, y) = (of_a.settlements_per_second, of_b.settlements_per_second);
    let apart = percent(x.min(y), x.max(y));
    let good = x.max(y) * 100.0 <= x.min(y) * f64::from(100 + AGREE_PERCENT);
    let words = if good { "agree" } else { "do not agree" };
    let verdict = format!(
        "The capacities {words} within {AGREE_PERCENT} %: A carries {} settlements/s, B {} ({apart}).",
        rate(x),
        rate(y),
    );
    Headline { verdict, good, number: None, more }
}

/// The capacity of a run, where there is one to compare.
fn usable<'a>(which: &str, outcome: &'a Outcome) -> Result<&'a Capacity, String> {
    let found = outcome.capacity.as_ref();
    let found = found.ok_or_else(|| format!("in {which} no capacity was searched"))?;
    if !found.converged {
        return Err(format!("the search of {which} has not converged"));
    }
    if found.settlements_per_second <= 0.0 {
        return Err(format!("in {which} the objective held at no rate"));
    }
    Ok(found)
}

/// How far a number lies from another, in percent of the first.
fn percent(from: f64, to: f64) -> String {
    if from > 0.0 { format!("{:+.1} %", (to / from - 1.0) * 100.0) } else { "–".into() }
}

/// Both capacities.
fn capacities(a: &Outcome, b: &Outcome) -> Table {
    let mut table = Table::new(1, &["a second", "A", "B", "B against A"]);
    let (Some(a), Some(b)) = (&a.capacity, &b.capacity) else { return table };
    for (what, a, b) in [
        ("visits", a.visits_per_second, b.visits_per_second),
        ("settlements", a.settlements_per_second, b.settlements_per_second),
        ("calls", a.calls_per_second, b.calls_per_second),
        ("did not hold at, visits", a.not_at, b.not_at),
    ] {
        table.row([what.into(), rate(a), rate(b), percent(a, b)]);
    }
    table
}

/// Steps of both runs whose intended rates are like each other: the nearest of B for each of A, each once.
fn like<'a>(a: &'a Outcome, b: &'a Outcome) -> Vec<(&'a Step, &'a Step)> {
    let mut left: Vec<&Step> = measured(b).collect();
    let mut pairs = Vec::new();
    for step in measured(a) {
        let apart = |other: &Step| (other.intended_per_second - step.intended_per_second).abs();
        let nearest = left.iter().enumerate().min_by(|x, y| apart(x.1).total_cmp(&apart(y.1)));
        let Some((at, other)) = nearest else { break };
        if near(step.intended_per_second, other.intended_per_second, LIKE_STEPS) {
            pairs.push((step, left.remove(at)));
        }
    }
    pairs
}

/// Quantiles of settling at like steps: three rows for each, and no rate twice.
fn latencies(a: &Outcome, b: &Outcome) -> Table {
    let head = ["", "step", "settlements/s", "p50", "p99", "p99.9", "p99.99", "max"];
    let mut table = Table::new(2, &head);
    let mut seen: Vec<f64> = Vec::new();
    // The last at a rate is the last confirmation.
    let mut pairs: Vec<(&Step, &Step)> = like(a, b);
    pairs.reverse();
    pairs.retain(|(step, _)| {
        let rate = step.intended_per_second;
        let first = !seen.iter().any(|other| near(rate, *other, 1e-9));
        seen.push(rate);
        first
    });
    pairs.sort_by(|x, y| x.0.intended_per_second.total_cmp(&y.0.intended_per_second));
    for (of_a, of_b) in pairs {
        for (which, step) in [("A", of_a), ("B", of_b)] {
            let first = [which.into(), step.name.clone(), rate(settlements_per_second(step))];
            let took = QUANTILES.map(|q| time(quantile(&step.settling, q)));
            table.row(first.into_iter().chain(took));
        }
        let (x, y) = (settlements_per_second(of_a), settlements_per_second(of_b));
        let ratios = QUANTILES
            .map(|q| ratio(quantile(&of_a.settling, q) as f64, quantile(&of_b.settling, q) as f64));
        let first = ["B / A".into(), String::new(), ratio(x, y)];
        table.row(first.into_iter().chain(ratios));
    }
    table
}

/// How often the first goes into the second.
fn ratio(a: f64, b: f64) -> String {
    if a > 0.0 { format!("× {:.2}", b / a) } else { "–".into() }
}

/// What differs in machine, commit and plan.
fn differences(a: &Outcome, b: &Outcome) -> Table {
    let mut table = Table::new(3, &["what", "A", "B"]);
    for ((what, of_a), (_, of_b)) in named(a).into_iter().zip(named(b)) {
        if of_a != of_b {
            table.row([what.into(), of_a, of_b]);
        }
    }
    table
}

/// What may differ, by name.
fn named(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let (machine, plan) = (&outcome.machine, &outcome.plan);
    let wrong: u64 = outcome.wrong.iter().map(|wrong| wrong.count).sum();
    vec![
        ("processor", machine.processor.clone()),
        ("cores", machine.cores.to_string()),
        ("memory", bytes(machine.memory_bytes)),
        ("kernel", machine.kernel.clone()),
        ("synced writes a second", count(machine.syncs_per_second)),
        ("server shares the cores", machine.shares_cores.to_string()),
        ("commit", machine.commit.clone()),
        ("server", machine.server.clone()),
        ("scenario", plan.scenario.clone()),
        ("address", plan.to.clone()),
        ("seed", plan.seed.to_string()),
        ("connections", plan.connections.to_string()),
        ("members", count(plan.members.into())),
        ("facilities", count(plan.facilities.into())),
        ("signature", plan.signature.clone()),
        ("arrivals", plan.arrivals.clone()),
        ("what was wrong", count(wrong)),
        ("statements that differ", count(outcome.books.differ.into())),
    ]
}

/// Keys of the configuration that differ.
fn configurations(a: &Outcome, b: &Outcome) -> Table {
    let mut table = Table::new(3, &["key", "A", "B"]);
    let (a, b) = (keys(&a.plan.configuration), keys(&b.plan.configuration));
    let mut all: Vec<&String> = a.keys().chain(b.keys()).collect();
    all.sort();
    all.dedup();
    for key in all {
        let of = |keys: &BTreeMap<String, String>| {
            keys.get(key).cloned().unwrap_or_else(|| "not given".into())
        };
        let (of_a, of_b) = (of(&a), of(&b));
        if of_a != of_b {
            table.row([key.clone(), of_a, of_b]);
        }
    }
    table
}

/// A configuration as keys with their tables before them. One that is not TOML is one value as a whole.
fn keys(text: &str) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    match text.parse::<toml::Table>() {
        Ok(table) => flatten("", toml::Value::Table(table), &mut keys),
        Err(_) => {
            keys.insert("text".into(), text.trim().into());
        }
    }
    keys
}

fn flatten(name: &str, value: toml::Value, keys: &mut BTreeMap<String, String>) {
    let toml::Value::Table(table) = value else {
        keys.insert(name.into(), value.to_string());
        return;
    };
    for (key, value) in table {
        let name = if name.is_empty() { key } else { format!("{name}.{key}") };
        flatten(&name, value, keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::tests::check_page;
    use crate::report::sample;

    fn carrying(settlements_per_second: f64) -> Outcome {
        let mut outcome = sample::search();
        let found = outcome.capacity.take().expect("the sample was searched");
        outcome.capacity = Some(Capacity { settlements_per_second, ..found });
        outcome
    }

    #[test]
    fn fifteen_percent_agree_and_more_do_not() {
        let first = |a, b| compare(&carrying(a), &carrying(b)).lines().next().map(String::from);
        let agree = |a, b| first(a, b).is_some_and(|line| line.starts_with("The capacities agree"));
        assert!(agree(1_000.0, 1_000.0));
        assert!(agree(1_000.0, 1_150.0) && agree(1_150.0, 1_000.0));
        assert!(!agree(1_000.0, 1_151.0) && !agree(1_151.0, 1_000.0));
        assert_eq!(
            first(1_000.0, 1_300.0).expect("a first line"),
            "The capacities do not agree within 15 %: A carries 1,000 settlements/s, B 1,300 (+30.0 %)."
        );
    }

    #[test]
    fn without_a_capacity_there_is_no_verdict() {
        let (a, mut b) = (carrying(1_000.0), carrying(1_000.0));
        let found = b.capacity.take().expect("it was searched");
        assert!(compare(&a, &b).starts_with("No verdict: in B no capacity was searched."));
        b.capacity = Some(Capacity { converged: false, ..found.clone() });
        assert!(compare(&b, &a).starts_with("No verdict: the search of A has not converged."));
        b.capacity = Some(Capacity { objective: "p99<=10ms".into(), ..found.clone() });
        assert!(compare(&a, &b).starts_with("No verdict: the objectives differ"));
        b.capacity = Some(Capacity { settlements_per_second: 0.0, ..found });
        assert!(compare(&a, &b).starts_with("No verdict: in B the objective held at no rate."));
        assert!(compare(&Outcome::default(), &Outcome::default()).starts_with("No verdict"));
    }

    #[test]
    fn like_steps_meet_once_and_far_ones_never() {
        let (a, mut b) = (carrying(1_000.0), carrying(1_000.0));
        assert_eq!(like(&a, &b).len(), 8);
        b.steps.remove(1);
        b.steps[1].intended_per_second = 830.0;
        let pairs = like(&a, &b);
        assert_eq!(pairs.len(), 7);
        assert!(pairs.iter().all(|(a, b)| near(
            a.intended_per_second,
            b.intended_per_second,
            0.05
        )));
    }

    #[test]
    fn a_rate_is_shown_once_with_its_ratio() {
        let text = compare(&carrying(1_000.0), &carrying(1_000.0));
        assert_eq!(text.matches("× 1.00").count(), 5 * 6, "{text}");
        assert!(text.contains("confirm 3") && !text.contains("confirm 1"));
    }

    #[test]
    fn what_differs_is_told_by_key() {
        let (a, mut b) = (carrying(1_000.0), carrying(1_000.0));
        assert!(compare(&a, &b).contains("What differs\n  nothing"));
        b.machine.commit = "<b>".into();
        b.plan.configuration = b.plan.configuration.replace("0.82", "0.81");
        let text = compare(&a, &b);
        assert!(text.contains("mix.outpatient"), "{text}");
        assert!(!text.contains("mix.pharmacy"));
        let page = page(&a, &b);
        check_page(&page);
        assert!(page.contains("&lt;b&gt;") && !page.contains("<b>"));
    }
}
