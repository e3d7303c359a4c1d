//! The year as tables for a person at a terminal.

use std::io::{self, Write};

use yidan_settlement::money::Fen;

use super::durable::Durable;
use super::report::{Latency, PlaceSums, Report, Spread};
use crate::text::{Side, Table, money};

/// Columns of the tables.
const COLUMNS: usize = 84;

/// Prints counts, sums and times.
pub fn print(report: &Report, latency: &Latency, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "种子 {}：{} 次就诊，{} 条费用明细\n", report.seed, report.visits, report.lines)?;
    for place in &report.places {
        kinds(place, out)?;
    }
    funds(&report.places, out)?;
    writeln!(out, "整单拒付")?;
    for refused in &report.refused {
        writeln!(out, "{:>7}  {}[{}]", refused.count, refused.reason, refused.number)?;
    }
    writeln!(out, "\n明细不予支付、部分支付或提示")?;
    for lines in &report.line_reasons {
        writeln!(out, "{:>7}  {}[{}]", lines.count, lines.reason, lines.number)?;
    }
    writeln!(out)?;
    times(latency, out)
}

fn kinds(place: &PlaceSums, out: &mut impl Write) -> io::Result<()> {
    let right = |columns| (Side::Right, columns);
    let mut table =
        Table::new(&[(Side::Left, 16), right(8), right(8), right(10), right(16), right(16)]);
    let title = format!("{} {}", place.pool, place.title);
    table.row([&title, "结算", "拒付", "明细", "医疗费总额", "基金支付"]);
    for of_kind in &place.kinds {
        table.row([
            of_kind.kind,
            &of_kind.settled.to_string(),
            &of_kind.refused.to_string(),
            &of_kind.lines.to_string(),
            &money(of_kind.medfee_sumamt),
            &money(of_kind.fund_pay_sumamt),
        ]);
    }
    write(&table, out)
}

/// Sums by field: a column for each place and one for all.
fn funds(places: &[PlaceSums], out: &mut impl Write) -> io::Result<()> {
    let right = (Side::Right, 16);
    let mut table = Table::new(&[(Side::Left, 16), right, right, right, right]);
    let title = |number: usize| places.get(number).map_or("", |place| place.title.as_str());
    table.row(["合计（元）", title(0), title(1), title(2), "三地合计"]);
    let first = places.first().map_or(&[][..], |place| &place.sums);
    for (row, sum) in first.iter().enumerate() {
        let of_place = |number: usize| {
            let sum = places.get(number).and_then(|place| place.sums.get(row));
            sum.map_or(Fen::ZERO, |sum| sum.amount)
        };
        let (a, b, c) = (of_place(0), of_place(1), of_place(2));
        let all = a.plus(b).plus(c);
        table.row([sum.name, &money(a), &money(b), &money(c), &money(all)]);
    }
    write(&table, out)
}

fn write(table: &Table, out: &mut impl Write) -> io::Result<()> {
    for line in table.lines(COLUMNS) {
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out)
}

fn times(latency: &Latency, out: &mut impl Write) -> io::Result<()> {
    let right = (Side::Right, 10);
    let mut table = Table::new(&[(Side::Left, 24), right, right, right, right, right]);
    table.row(["耗时（微秒）", "p50", "p90", "p99", "p99.9", "最大"]);
    for (name, spread) in [("核心结算一次", &latency.core), ("从报文到应答", &latency.whole)]
    {
        let Spread { p50_ns, p90_ns, p99_ns, p99_9_ns, max_ns } = spread;
        let shown = [p50_ns, p90_ns, p99_ns, p99_9_ns, max_ns].map(|ns| micros(*ns));
        table.row([name, &shown[0], &shown[1], &shown[2], &shown[3], &shown[4]]);
    }
    for line in table.lines(COLUMNS) {
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(
        out,
        "核心每秒 {} 条明细；从报文到应答每秒 {} 次就诊（单核）",
        latency.core_lines_per_second, latency.whole_cases_per_second
    )
}

/// Prints what the durable engine made of the year.
pub fn print_durable(durable: &Durable, out: &mut impl Write) -> io::Result<()> {
    let Durable { members, settled, refused, fund_pay_sumamt, took, journal, hash } = durable;
    let (records, bytes, batches) = journal;
    let hash = hash.to_string();
    writeln!(
        out,
        "\n落盘重算：{members} 名参保人，结算 {settled}、拒付 {refused}，基金支付 {}，与上表一致",
        money(*fund_pay_sumamt)
    )?;
    writeln!(
        out,
        "日志 {records} 条、{bytes} 字节，{batches} 次同步，用时 {} 毫秒；读回日志，状态一致（{}…）",
        took.as_millis(),
        hash.get(..16).unwrap_or(&hash)
    )
}

/// Nanoseconds as microseconds with one decimal.
fn micros(ns: u64) -> String {
    format!("{}.{}", ns / 1_000, ns % 1_000 / 100)
}
