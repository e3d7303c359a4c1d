//! The report as one page that needs nothing else: it opens from a folder, without a network.

use super::findings::{
    Headline, calls_per_second, four, headline, main_step, nation_busy, settlements_per_second,
};
use super::plots::{OverTime, by_band, by_percentile, by_rate, chosen};
use super::table::Table;
use super::text;
use super::words::{count, rate, time, time_of};
use crate::result::{Latency, Outcome, Step};

/// Colours, and how things stand.
const STYLE: &str = include_str!("html/style.css");

/// What lies beside the page.
const FOOT: &str =
    "Histograms of every step lie beside this page as .hlog files, all numbers in result.json.";

/// The page of a run.
pub fn page(outcome: &Outcome) -> String {
    let mut body = String::new();
    let plan = &outcome.plan;
    body += &format!(
        "<header><h1>Load report 压测报告: {}</h1><p>{}</p><p class=\"soft\">{} UTC · {} · {} cores \
         · generator {} · server {} · seed {}</p>",
        escaped(&plan.scenario),
        escaped(&plan.about),
        escaped(&plan.begun),
        escaped(&outcome.machine.processor),
        outcome.machine.cores,
        escaped(&outcome.machine.commit),
        escaped(&outcome.machine.server),
        plan.seed,
    );
    body += &box_of(&headline(outcome));
    body += &facts(outcome);
    body += "</header>\n<main>";
    body += &rates(outcome);
    body += &plots(outcome);
    body += &transactions(outcome);
    body += &where_time_goes(outcome);
    body += &books(outcome);
    body += &wrong(outcome);
    body += &setup(outcome);
    body += "</main>\n";
    shell(&format!("Load report: {}", plan.scenario), &body, FOOT)
}

/// A whole page around a body, with a last sentence.
pub(super) fn shell(title: &str, body: &str, foot: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\
         <title>{}</title><style>\n{STYLE}</style></head>\n<body>{body}\
         <footer><p>Times are from the intended moment of a call to its answer, so waiting is \
         in them. {}</p></footer></body></html>\n",
        escaped(title),
        escaped(foot),
    )
}

/// Text as it may stand in a page, between tags and in attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// The headline as a box with its number.
pub(super) fn box_of(headline: &Headline) -> String {
    let bad = if headline.good { "" } else { " bad" };
    let mut out = format!("<div class=\"headline{bad}\">");
    if let Some((number, unit)) = &headline.number {
        out += &format!("<div class=\"number\">{number}<small>{unit}</small></div>");
    }
    out += &format!("<div class=\"words\"><p>{}</p>", escaped(&headline.verdict));
    for sentence in &headline.more {
        out += &format!("<p>{}</p>", escaped(sentence));
    }
    out + "</div></div>"
}

/// What a planner asks first, as a row of cards.
fn facts(outcome: &Outcome) -> String {
    let Some(step) = main_step(outcome) else { return String::new() };
    let settled = match &outcome.capacity {
        Some(found) if found.visits_per_second > 0.0 => found.settlements_per_second,
        _ => settlements_per_second(step),
    };
    let wrong: u64 = outcome.wrong.iter().map(|wrong| wrong.count).sum();
    let [p50, _, p999, _] = four(&step.settling);
    let books = match (outcome.books.facilities, outcome.books.differ) {
        (0, _) => "not compared".into(),
        (_, 0) => "agree".into(),
        (_, differ) => format!("{} differ", count(differ.into())),
    };
    let cards = [
        ("of the nation's peak", share_of_nation(settled)),
        ("p50 of settling 结算", p50),
        ("p99.9 of settling", p999),
        ("calls a second", rate(calls_per_second(step))),
        ("books 对账", books),
        ("wrong 问题", count(wrong)),
    ];
    let card = |(what, value): (&str, String)| {
        format!("<div><dt>{what}</dt><dd>{}</dd></div>", escaped(&value))
    };
    format!("<dl class=\"facts\">{}</dl>", cards.map(card).concat())
}

#[expect(clippy::float_arithmetic, reason = "a share of a rate; no money is computed here")]
fn share_of_nation(settled: f64) -> String {
    format!("{:.2} ×", settled / nation_busy())
}

/// Tables of the steps, and the confirmations of the search.
fn rates(outcome: &Outcome) -> String {
    let mut out = String::from("<h2>Rates that were tried</h2>");
    let settling = text::steps(outcome, |step| four(&step.settling));
    let all = text::steps(outcome, |step| four(&step.all));
    out += &settling.html("Settling 结算 (2207, 2304, 2102)");
    out += &all.html("All calls 全部交易");
    for step in &outcome.steps {
        let bands = text::by_rate(step);
        if !bands.is_empty() {
            out += &bands.html(&format!("{}: settling 结算 by the rate of arrivals", step.name));
        }
    }
    if let Some(found) = &outcome.capacity {
        let one = |(visits, held): &(f64, bool)| {
            let held = if *held { "held" } else { "not held" };
            format!("{} visits/s {held}", rate(*visits))
        };
        let all: Vec<String> = found.confirmations.iter().map(one).collect();
        if !all.is_empty() {
            out += &format!("<p class=\"soft\">Confirmations (复测): {}.</p>", all.join(", "));
        }
        for line in text::searches(found) {
            out += &format!("<p class=\"soft\">{}</p>", escaped(&line));
        }
    }
    out
}

/// The charts.
fn plots(outcome: &Outcome) -> String {
    let steps = chosen(outcome);
    if steps.is_empty() {
        return String::new();
    }
    let curves = |of: fn(&Step) -> &Latency| -> Vec<(String, &Latency)> {
        steps.iter().map(|step| (step.name.clone(), of(step))).collect()
    };
    let settling = curves(|step| &step.settling);
    let all = curves(|step| &step.all);
    let mut out = String::from("<h2>How long it takes</h2><div class=\"plots\">");
    if let Some(step) = outcome.steps.iter().find(|step| !step.by_rate.is_empty()) {
        out += &by_band(outcome, step).draw();
    }
    if steps.len() > 1 {
        out += &by_rate("rate-settling", "settling", outcome, |step| &step.settling).draw();
        out += &by_rate("rate-all", "all calls", outcome, |step| &step.all).draw();
    }
    out += &by_percentile("percentile-settling", "settling", &settling).draw();
    out += &by_percentile("percentile-all", "all calls", &all).draw();
    out += "</div>";
    let over = OverTime::new(outcome);
    if !over.is_empty() {
        out += "<h2>Over the time of the run</h2><div class=\"plots\">";
        out += &over.latency().draw();
        out += &over.throughput().draw();
        out += &over.processor().draw();
        out += &over.memory().draw();
        out += &over.under_way().draw();
        out += "</div>";
    }
    out
}

/// Transactions: of the step that speaks for the run, and the others folded away.
fn transactions(outcome: &Outcome) -> String {
    let Some(main) = main_step(outcome) else { return String::new() };
    let caption = |step: &Step| {
        let lines = count(step.lines);
        format!("{}: {} visits, {lines} lines of fees", step.name, count(step.visits))
    };
    let mut out = String::from("<h2>Transactions 交易</h2>");
    out += &text::transactions(main).html(&caption(main));
    let others = outcome.steps.iter().filter(|step| !std::ptr::eq(*step, main));
    let others: String = others.map(|step| text::transactions(step).html(&caption(step))).collect();
    if !others.is_empty() {
        out += &format!("<details><summary>The other steps</summary>{others}</details>");
    }
    out
}

/// The stages of the server.
fn where_time_goes(outcome: &Outcome) -> String {
    let Some(step) = main_step(outcome) else { return String::new() };
    let mut out = String::from("<h2>Where the time goes 耗时分布</h2>");
    if step.server.is_empty() {
        return out + "<div class=\"box\"><p>The server does not tell.</p></div>";
    }
    out +=
        &text::stages(step).html(&format!("In the server, by its own histograms: {}", step.name));
    let visit = &step.visit;
    out += &format!(
        "<p class=\"soft\">A whole visit (就诊) took {} in the mean, {} at most.</p>",
        time_of(visit.count, visit.mean_ns),
        time_of(visit.count, visit.max_ns),
    );
    out
}

/// Whether the books agree.
fn books(outcome: &Outcome) -> String {
    let books = &outcome.books;
    let lines = text::books(books).into_iter().chain(books.differences.iter().cloned());
    let lines = lines.chain(text::named(books));
    let bad = books.differ > 0 || !books.differences.is_empty();
    format!("<h2>Books 对账</h2>{}", lines_in_box(lines, bad))
}

/// What was wrong.
fn wrong(outcome: &Outcome) -> String {
    let lines = lines_in_box(text::wrong(outcome), !outcome.wrong.is_empty());
    format!("<h2>What was wrong 问题</h2>{lines}")
}

fn lines_in_box(lines: impl IntoIterator<Item = String>, bad: bool) -> String {
    let bad = if bad { " bad" } else { "" };
    let lines: String =
        lines.into_iter().map(|line| format!("<p>{}</p>", escaped(&line))).collect();
    format!("<div class=\"box{bad}\">{lines}</div>")
}

/// Machine, plan and configuration.
fn setup(outcome: &Outcome) -> String {
    let mut table = Table::new(2, &["what", "value"]);
    for (what, value) in text::setup_of(outcome) {
        table.row([what.into(), value]);
    }
    let mut steps = Table::new(1, &["step", "lasted", "until the last answer", "visits", "done"]);
    for step in &outcome.steps {
        steps.row([
            step.name.clone(),
            time(nanoseconds(step.seconds)),
            time(nanoseconds(step.drain_seconds)),
            count(step.visits),
            count(step.visits_done),
        ]);
    }
    format!(
        "<h2>Where and how it ran 环境与配置</h2>{}{}<details><summary>Configuration of the run \
         (TOML)</summary><div class=\"box\"><pre>{}</pre></div></details>",
        table.html("Machine and plan"),
        steps.html("Length of the steps"),
        escaped(&outcome.plan.configuration),
    )
}

#[expect(clippy::float_arithmetic, reason = "a time; no money is computed here")]
fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::sample;

    /// Elements that have no end.
    const VOID: [&str; 4] = ["meta", "br", "hr", "link"];

    /// Checks that every tag is closed by its like, that nothing is fetched, and that no id stands twice.
    pub(in crate::report) fn check_page(page: &str) {
        let mut open: Vec<&str> = Vec::new();
        let mut ids: Vec<&str> = Vec::new();
        let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a page of HTML");
        while let Some((_, tag)) = rest.split_once('<') {
            let (tag, after) = tag.split_once('>').expect("a tag has an end");
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "in {tag}");
                continue;
            }
            let name = tag.split([' ', '/']).next().expect("split gives one at least");
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{tag}");
            for (_, id) in tag.split(' ').filter_map(|part| part.split_once("id=\"")) {
                assert!(!ids.contains(&id), "{id} stands twice");
                ids.push(id);
            }
            if !tag.ends_with('/') && !VOID.contains(&name) {
                open.push(name);
            }
            let fetching = ["src=", "href=", "action=", "srcset=", "data="];
            assert!(!fetching.iter().any(|what| tag.contains(what)), "{tag}");
            assert!(
                !["link", "img", "iframe", "object", "embed", "script"].contains(&name),
                "{tag}"
            );
        }
        assert!(open.is_empty(), "left open: {open:?}");
        assert!(!page.contains("url(") && !page.contains("@import"));
        assert!(!page.contains("NaN") && !page.contains("inf\""));
    }

    #[test]
    fn is_well_formed_and_fetches_nothing() {
        check_page(&page(&sample::search()));
        check_page(&page(&Outcome::default()));
    }

    #[test]
    fn escapes_what_others_wrote() {
        let mut outcome = sample::search();
        outcome.wrong = sample::wrong();
        let evil = "<script>alert(\"1\")</script>";
        outcome.plan.scenario = evil.into();
        outcome.plan.configuration = evil.into();
        outcome.machine.processor = evil.into();
        outcome.steps[3].name = evil.into();
        outcome.steps[3].server[0].name = evil.into();
        outcome.books.differences.push(evil.into());
        let page = page(&outcome);
        assert!(!page.contains("<script"));
        assert!(page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"));
        check_page(&page);
    }

    #[test]
    fn shows_every_chart() {
        let page = page(&sample::search());
        let charts = ["rate-settling", "percentile-all", "over-time", "throughput", "processor"];
        for id in charts {
            assert!(page.contains(&format!("id=\"{id}-t\"")), "{id}");
        }
        assert!(page.contains("objective p99.9 ≤ 50 ms"));
    }
}
