//! Numbers as people read them: times with their unit, money with two decimals, transactions by name.

#![expect(clippy::float_arithmetic, reason = "times and their plots; no money is computed here")]

/// A time with three digits: `850 ns`, `12.3 µs`, `4.56 ms`, `1.23 s`.
pub(super) fn time(ns: u64) -> String {
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{} µs", three_digits(ns as f64 / 1e3)),
        1_000_000..1_000_000_000 => format!("{} ms", three_digits(ns as f64 / 1e6)),
        _ => format!("{} s", three_digits(ns as f64 / 1e9)),
    }
}

/// A time where something was counted, else a dash.
pub(super) fn time_of(count: u64, ns: u64) -> String {
    if count == 0 { "–".into() } else { time(ns) }
}

/// Three digits, and no fewer than stand before the point.
fn three_digits(value: f64) -> String {
    if value < 9.995 {
        format!("{value:.2}")
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// A rate a second: whole from a hundred on, one decimal below.
pub(super) fn rate(per_second: f64) -> String {
    if !per_second.is_finite() {
        return "–".into();
    }
    if per_second < 99.95 {
        return format!("{per_second:.1}");
    }
    grouped(&format!("{per_second:.0}"))
}

/// A count with its thousands apart.
pub(super) fn count(count: u64) -> String {
    grouped(&count.to_string())
}

/// How often: `once`, `2 times`.
pub(super) fn times(count: u64) -> String {
    if count == 1 { "once".into() } else { format!("{} times", self::count(count)) }
}

/// Fen as yuan with two decimals, thousands apart.
pub(super) fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "−" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", count(fen / 100), fen % 100)
}

/// Bytes with three digits and a binary unit.
pub(super) fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB"] {
        if value < 1_000.0 {
            return format!("{} {unit}", three_digits(value).trim_end_matches(".00"));
        }
        value /= 1_024.0;
    }
    format!("{} GiB", three_digits(value))
}

/// Digits with a comma before every three.
fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// An objective as it is read: `p99.9<=50ms` as `p99.9 ≤ 50 ms`.
pub(super) fn objective(given: &str) -> String {
    let Some((what, limit)) = given.split_once("<=") else { return given.into() };
    let limit = limit.trim();
    let unit = limit.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(limit.len());
    let (number, unit) = limit.split_at(unit);
    format!("{} ≤ {number} {}", what.trim(), unit.trim()).trim_end().into()
}

/// The limit of an objective, in nanoseconds.
pub(super) fn objective_ns(given: &str) -> Option<f64> {
    let (_, limit) = given.split_once("<=")?;
    let limit = limit.trim();
    let unit = limit.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = limit.split_at(unit);
    let scale = match unit.trim() {
        "s" => 1e9,
        "ms" => 1e6,
        "us" | "µs" => 1e3,
        "ns" => 1.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * scale)
}

/// What a transaction is called in the national interface; empty: not known here.
pub(super) fn transaction(infno: &str) -> &'static str {
    match infno.trim_end_matches('A') {
        "1101" => "人员信息获取",
        "2101" => "药店预结算",
        "2102" => "药店结算",
        "2103" => "药店结算撤销",
        "2201" => "门诊挂号",
        "2202" => "门诊挂号撤销",
        "2203" => "门诊就诊信息上传",
        "2204" => "门诊费用明细上传",
        "2205" => "门诊费用明细撤销",
        "2206" => "门诊预结算",
        "2207" => "门诊结算",
        "2208" => "门诊结算撤销",
        "2301" => "住院费用明细上传",
        "2302" => "住院费用明细撤销",
        "2303" => "住院预结算",
        "2304" => "住院结算",
        "2305" => "住院结算撤销",
        "2401" => "入院办理",
        "2402" => "出院办理",
        "2403" => "入院信息变更",
        "2404" => "入院撤销",
        "2405" => "出院撤销",
        "2601" => "冲正",
        "3201" => "结算对总账",
        "3202" => "结算对明细账",
        "9001" => "签到",
        "9002" => "签退",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        for (ns, text) in [
            (0, "0 ns"),
            (850, "850 ns"),
            (12_345, "12.3 µs"),
            (4_560_000, "4.56 ms"),
            (99_960_000, "100 ms"),
            (1_230_000_000, "1.23 s"),
            (123_000_000_000, "123 s"),
        ] {
            assert_eq!(time(ns), text);
        }
    }

    #[test]
    fn money_is_exact() {
        assert_eq!(yuan(0), "0.00");
        assert_eq!(yuan(123_456_789), "1,234,567.89");
        assert_eq!(yuan(-5), "−0.05");
        assert_eq!(yuan(i64::MIN), "−92,233,720,368,547,758.08");
    }

    #[test]
    fn objectives_are_read() {
        assert_eq!(objective("p99.9<=50ms"), "p99.9 ≤ 50 ms");
        assert_eq!(objective_ns("p99.9<=50ms"), Some(50e6));
        assert_eq!(objective_ns("p99<=1.5s"), Some(1.5e9));
        assert_eq!(objective_ns("as fast as can be"), None);
        assert_eq!(objective("as fast as can be"), "as fast as can be");
    }

    #[test]
    fn rates_and_bytes() {
        assert_eq!(rate(1_234.4), "1,234");
        assert_eq!(rate(99.94), "99.9");
        assert_eq!(rate(f64::NAN), "–");
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(4 << 20), "4 MiB");
        assert_eq!(bytes(16_000_000_000), "14.9 GiB");
    }
}
