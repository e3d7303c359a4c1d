//! What the year came to: counts and sums, which depend on the seed alone, and times, which do not.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::{Serialize, Serializer};
use yidan_settlement::bill::Decision;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::FundField;
use yidan_settlement::reason::{LineReason, Reason};

use super::visit::Kind;

/// The year.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// The seed of the year.
    pub seed: u64,
    /// Visits, settled or not.
    pub visits: u64,
    /// Fee lines of settled visits.
    pub lines: u64,
    /// The places.
    pub places: Vec<PlaceSums>,
    /// Refused visits by reason.
    pub refused: Vec<Count>,
    /// Lines by what kept them, or a part of them, out of scope.
    pub line_reasons: Vec<Count>,
}

/// How often a reason was given.
#[derive(Debug, Serialize)]
pub struct Count {
    /// Its number.
    pub number: u16,
    /// What it says.
    pub reason: &'static str,
    /// How often.
    pub count: u64,
}

/// One place.
#[derive(Debug, Default, Serialize)]
pub struct PlaceSums {
    /// Its pool.
    pub pool: &'static str,
    /// Its title.
    pub title: String,
    /// Visits by kind.
    pub kinds: Vec<KindSums>,
    /// Sums by field of `setlinfo`, in yuan.
    pub sums: Vec<Sum>,
}

/// One kind of visit in one place.
#[derive(Debug, Serialize)]
pub struct KindSums {
    /// What it is called.
    pub kind: &'static str,
    /// Settled visits.
    pub settled: u64,
    /// Refused visits.
    pub refused: u64,
    /// Fee lines of the settled.
    pub lines: u64,
    /// `medfee_sumamt` of the settled.
    #[serde(serialize_with = "yuan")]
    pub medfee_sumamt: Fen,
    /// `fund_pay_sumamt` of the settled.
    #[serde(serialize_with = "yuan")]
    pub fund_pay_sumamt: Fen,
}

/// The sum of one field.
#[derive(Debug, Clone, Serialize)]
pub struct Sum {
    /// The field's national name.
    pub field: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// The sum.
    #[serde(serialize_with = "yuan")]
    pub amount: Fen,
}

impl Report {
    /// `fund_pay_sumamt` over all places and kinds.
    pub fn fund_pay_sumamt(&self) -> Fen {
        self.places.iter().flat_map(|place| &place.kinds).map(|kind| kind.fund_pay_sumamt).sum()
    }
}

fn yuan<S: Serializer>(amount: &Fen, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(amount)
}

/// How long something took, over all visits.
#[derive(Debug, Serialize)]
pub struct Latency {
    /// Settling one claim in the core: line check, tiers, bill and invariants.
    pub core: Spread,
    /// From the text of a case to the text of its answer.
    pub whole: Spread,
    /// Fee lines that the core settles in a second.
    pub core_lines_per_second: u64,
    /// Cases from text to text in a second.
    pub whole_cases_per_second: u64,
}

/// Nanoseconds at some percentiles.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the percentiles say it")]
pub struct Spread {
    pub p50_ns: u64,
    pub p90_ns: u64,
    pub p99_ns: u64,
    pub p99_9_ns: u64,
    pub max_ns: u64,
}

impl Spread {
    pub(super) fn of(times: &Histogram<u64>) -> Spread {
        Spread {
            p50_ns: times.value_at_quantile(0.5),
            p90_ns: times.value_at_quantile(0.9),
            p99_ns: times.value_at_quantile(0.99),
            p99_9_ns: times.value_at_quantile(0.999),
            max_ns: times.max(),
        }
    }
}

/// What a field of the sums is called.
const FIELDS: [(&str, &str); 15] = [
    ("medfee_sumamt", "医疗费总额"),
    ("fulamt_ownpay_amt", "全自费"),
    ("overlmt_selfpay", "超限价自费"),
    ("hifp_pay", "基本医保统筹"),
    ("cvlserv_pay", "公务员补助"),
    ("hifes_pay", "企业补充"),
    ("hifmi_pay", "居民大病"),
    ("hifob_pay", "职工大额"),
    ("hifdm_pay", "伤残人员"),
    ("maf_pay", "医疗救助"),
    ("oth_pay", "其他基金"),
    ("fund_pay_sumamt", "基金支付合计"),
    ("hosp_part_amt", "医院负担"),
    ("acct_pay", "个人账户"),
    ("psn_cash_pay", "个人现金"),
];

impl PlaceSums {
    pub(super) fn new(pool: &'static str, title: &str) -> PlaceSums {
        let kind = |kind: Kind| KindSums {
            kind: kind.name(),
            settled: 0,
            refused: 0,
            lines: 0,
            medfee_sumamt: Fen::ZERO,
            fund_pay_sumamt: Fen::ZERO,
        };
        let sum = |(field, name)| Sum { field, name, amount: Fen::ZERO };
        PlaceSums {
            pool,
            title: title.to_owned(),
            kinds: Kind::ALL.map(kind).into(),
            sums: FIELDS.map(sum).into(),
        }
    }

    pub(super) fn settled(&mut self, kind: Kind, decision: &Decision) {
        if let Some(of_kind) = self.kinds.iter_mut().find(|of_kind| of_kind.kind == kind.name()) {
            of_kind.settled += 1;
            of_kind.lines += u64::try_from(decision.lines.len()).unwrap_or(0);
            of_kind.medfee_sumamt = of_kind.medfee_sumamt.plus(decision.total);
            of_kind.fund_pay_sumamt = of_kind.fund_pay_sumamt.plus(decision.fund_sum());
        }
        for sum in &mut self.sums {
            let amount = match sum.field {
                "medfee_sumamt" => decision.total,
                "fulamt_ownpay_amt" => decision.split.own,
                "overlmt_selfpay" => decision.split.over,
                "fund_pay_sumamt" => decision.fund_sum(),
                "hosp_part_amt" => decision.hosp_part,
                "acct_pay" => decision.account_sum(),
                "psn_cash_pay" => decision.cash,
                fund => FundField::ALL
                    .iter()
                    .find(|field| field.name() == fund)
                    .map_or(Fen::ZERO, |field| decision.fund(*field)),
            };
            sum.amount = sum.amount.plus(amount);
        }
    }

    pub(super) fn refused(&mut self, kind: Kind) {
        if let Some(of_kind) = self.kinds.iter_mut().find(|of_kind| of_kind.kind == kind.name()) {
            of_kind.refused += 1;
        }
    }
}

impl Count {
    pub(super) fn of_refusals(counts: &BTreeMap<Reason, u64>) -> Vec<Count> {
        let row = |(reason, count): (&Reason, &u64)| Count {
            number: reason.number(),
            reason: reason.chinese(),
            count: *count,
        };
        counts.iter().map(row).collect()
    }

    pub(super) fn of_lines(counts: &BTreeMap<LineReason, u64>) -> Vec<Count> {
        let row = |(reason, count): (&LineReason, &u64)| Count {
            number: reason.number(),
            reason: reason.chinese(),
            count: *count,
        };
        counts.iter().map(row).collect()
    }
}
