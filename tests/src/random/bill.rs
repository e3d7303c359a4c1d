//! Random members, places and sequences of bills as cases of the command line.

use serde_json::{Map, Value, json};

use super::catalogue::lines;
use super::dice::Dice;
use super::pack::RandomPack;
use super::world::World;
use crate::model::Catalogue;

/// A sequence of one to eight bills of one member, by totals.
pub fn sequence(pack: &RandomPack, seed: u64) -> Vec<Value> {
    Sequence::new(pack, seed, None).cases()
}

/// A sequence of bills of one member by lines, whose codes are those of the catalogue.
pub fn sequence_of_lines(pack: &RandomPack, catalogue: &Catalogue, seed: u64) -> Vec<Value> {
    Sequence::new(pack, seed, Some(catalogue)).cases()
}

/// The greatest amount of a bill in fen.
const BILL_MAX: u64 = 10_000_000_000_000;

struct Sequence<'a> {
    dice: Dice,
    world: &'a World,
    catalogue: Option<&'a Catalogue>,
    member: Value,
    /// The day of the next bill, counted from 2025-01-01.
    day: u64,
    /// Stays so far, by which later visits can be continued.
    stays: Vec<String>,
    /// A stay of which only a part was settled: its id, its first day, and its visit.
    open: Option<(u64, Value)>,
}

fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// A day counted from 2025-01-01, over more than three years of 365 days.
fn date(day: u64) -> String {
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let year = 2025 + day / 365;
    let mut left = day % 365;
    let mut month = 1;
    for length in lengths {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", left + 1)
}

/// A span of days around the two years.
fn span(dice: &mut Dice) -> (String, Option<String>) {
    match dice.below(4) {
        0 => ("2024-01-01".into(), None),
        1 => (date(dice.below(600)), None),
        2 => ("2024-01-01".into(), Some(date(dice.between(30, 700)))),
        _ => {
            let from = dice.below(600);
            (date(from), Some(date(from + dice.between(1, 300))))
        }
    }
}

/// A record that holds for a span.
fn dated(dice: &mut Dice, name: &str, value: &str) -> Value {
    let (from, to) = span(dice);
    let mut record = json!({ name: value, "from": from });
    if let Some(to) = to {
        record["to"] = json!(to);
    }
    record
}

fn member(dice: &mut Dice, world: &World, index: u64) -> Value {
    let (year, month, day) = (dice.between(1935, 2020), dice.between(1, 12), dice.between(1, 28));
    let birth = format!("{year}-{month:02}-{day:02}");
    let mut m = json!({
        "psn_no": format!("P{index}"),
        "insutype": dice.one(&world.schemes),
        "psn_type": dice.one(&["11", "1105", "12", "1204", "15", "16", "1404"]),
        "gend": dice.one(&["1", "2"]),
        "brdy": birth,
        "cvlserv_flag": dice.one(&["0", "0", "1"]),
    });
    // A pack without classes does not read the class.
    if dice.percent(70) {
        m["contribution_class"] = json!(world.contributions.first().unwrap_or(&"7%"));
    }
    if world.features.refusals && dice.percent(4) {
        m.as_object_mut().map(|m| m.remove("brdy"));
    }
    if dice.percent(60) {
        m["paid_years"] = json!(dice.below(12));
    }
    if dice.percent(60) {
        let mut own = json!({ "insutype": m["insutype"], "from": "2020-01-01" });
        if dice.percent(15) {
            own["to"] = json!(date(dice.between(30, 900)));
        }
        if dice.percent(10) {
            own["waiting_to"] = json!(date(dice.between(1, 200)));
        }
        let mut spells = vec![own.clone()];
        // Cover may go on in another spell, with or without a waiting time.
        if let Some(to) = own.get("to")
            && dice.percent(50)
        {
            let mut next = json!({ "insutype": m["insutype"], "from": to });
            if dice.percent(40) {
                next["waiting_to"] = json!("2027-12-31");
            }
            spells.push(next);
        }
        for cover in &world.covers {
            if dice.percent(60) {
                spells.push(dated(dice, "insutype", cover));
            }
        }
        m["spells"] = json!(spells);
    }
    let mut identities = Vec::new();
    for _ in 0..dice.below(4) {
        let kind = *dice.one(&["2303", "2304", "2305", "9999"]);
        identities.push(dated(dice, "type", kind));
    }
    m["identities"] = json!(identities);
    let mut filings = Vec::new();
    for _ in 0..dice.below(4) {
        let kind = *dice.one(&["residence", "referral", "emergency", "accident"]);
        let mut filing = dated(dice, "type", kind);
        if dice.percent(40) {
            filing["admdvs"] = json!(dice.one(&PLACES));
        }
        filings.push(filing);
    }
    m["filings"] = json!(filings);
    let mut approvals = Vec::new();
    // A disease may be approved twice.
    for code in ["M07800", "M07801", "M01600", "M01600"] {
        if dice.percent(60) {
            let mut approval = dated(dice, "dise_codg", code);
            if dice.percent(50) {
                approval = json!({ "dise_codg": code, "from": "2024-01-01" });
            }
            if dice.percent(50) {
                approval["limit"] = json!(yuan(dice.between(1, 5_000_000)));
            }
            approvals.push(approval);
        }
    }
    m["approvals"] = json!(approvals);
    if dice.percent(40) {
        m["pregnancy"] = dated(dice, "id", "PREG-1");
    }
    m
}

const PLACES: [&str; 5] = ["630100", "630105", "630200", "632500", "110100"];

fn facility(dice: &mut Dice) -> Value {
    let mut f = json!({
        "fixmedins_code": dice.one(&["H1", "H2", "H3"]),
        "admdvs": dice.one(&PLACES),
        "kind": "hospital",
        "hosp_lv": dice.one(&["三级甲等", "三级", "二级甲等", "二级", "一级", "未定级", "2", "5", "9", "11"]),
    });
    if dice.percent(15) {
        f["dedc_hosp_lv"] = json!(dice.one(&["1", "2", "3"]));
    }
    if dice.percent(15) {
        f["lmtpric_hosp_lv"] = json!(dice.one(&["1", "2", "3"]));
    }
    if dice.percent(20) {
        f["agreements"] = json!([{
            "from": "2020-01-01", "to": "2030-01-01",
            "for": ["inpatient", "outpatient", "chronic", "pharmacy"]
        }]);
    }
    f
}

impl<'a> Sequence<'a> {
    fn new(pack: &'a RandomPack, seed: u64, catalogue: Option<&'a Catalogue>) -> Sequence<'a> {
        let mut dice = Dice::new(seed ^ 0x5EED_0F00_B111);
        let world = &pack.world;
        let member = member(&mut dice, world, 1);
        let day = dice.below(200);
        Sequence { dice, world, catalogue, member, day, stays: Vec::new(), open: None }
    }

    fn cases(mut self) -> Vec<Value> {
        let bills = 1 + self.dice.index(8);
        let mut cases = Vec::new();
        for n in 0..bills {
            let mut case = self.case(n);
            if n > 0 && self.world.features.refusals && self.dice.percent(4) {
                self.spoil(&mut case);
            }
            cases.push(case);
        }
        cases
    }

    fn case(&mut self, n: usize) -> Value {
        let mut member = self.member.clone();
        if n == 0 {
            self.bring(&mut member);
        }
        // Each case brings what family accounts hold.
        if self.world.features.family_accounts {
            let balances = [self.dice.below(100_000), self.dice.below(100_000)].map(yuan);
            member["mulaid"] = json!([
                { "psn_no": "F1", "balc": balances[0] },
                { "psn_no": "F2", "balc": balances[1] }
            ]);
        }
        let (begin, end, visit) = self.visit(n);
        let channel = if self.dice.percent(10) { "manual" } else { "direct" };
        let mut case = json!({
            "admdvs": "630100",
            "channel": channel,
            "member": member,
            "facility": facility(&mut self.dice),
            "visit": visit,
        });
        match self.catalogue {
            None => case["totals"] = self.totals(),
            Some(catalogue) => {
                let days: Vec<String> = (begin..=end).map(date).collect();
                case["lines"] = json!(lines(&mut self.dice, catalogue, &days));
            }
        }
        case
    }

    /// What the first case of a member brings: balances and what was accumulated before.
    fn bring(&mut self, member: &mut Value) {
        member["balc"] = json!(yuan(self.dice.below(500_000)));
        let mut year = Map::new();
        let yearly = |s: &&super::world::Slot| s.scope == "year" && s.key.is_none();
        for slot in self.world.slots.iter().filter(yearly) {
            if self.dice.percent(25) {
                let value = if slot.count {
                    json!(self.dice.below(4).to_string())
                } else {
                    json!(yuan(self.dice.below(10_000_000)))
                };
                year.insert(slot.id.clone(), value);
            }
        }
        if !year.is_empty() {
            member["slots"] = json!({ "2025": year });
        }
    }

    /// The first and the last day of a visit, and the visit.
    fn visit(&mut self, n: usize) -> (u64, u64, Value) {
        let dice = &mut self.dice;
        let (begin, mut visit) = match self.open.take() {
            Some(open) => open,
            None => {
                self.day += dice.below(80);
                let benefit = *dice.one(&self.world.benefits);
                let mut visit = json!({
                    "mdtrt_id": format!("V{n}"),
                    "med_type": benefit.med_type,
                    "begntime": format!("{} 08:30:00", date(self.day)),
                    "acct_used_flag": dice.one(&["0", "1", "2"]),
                });
                if benefit.id == "inpatient" {
                    visit["med_type"] = json!(dice.one(&["21", "22", "2101"]));
                }
                if benefit.approval || dice.percent(50) {
                    let codes = ["M07800", "M07801", "M01600", "M99999"];
                    visit["dise_codg"] = json!(dice.one(&codes));
                }
                if dice.percent(30) {
                    visit["matn_type"] = json!(dice.one(&["1", "3", "5", "7", "9"]));
                    visit["fetts"] = json!(dice.one(&["1", "2"]));
                }
                if dice.percent(20) {
                    visit["birctrl_type"] = json!(dice.one(&["1", "4", "5", "9"]));
                }
                if dice.percent(15) {
                    visit["trum_flag"] = json!("1");
                }
                if dice.percent(40) {
                    visit["diagnoses"] = json!([dice.one(&["I10.x00", "E11.900", "N18.500"])]);
                }
                if let Some(stay) = self.stays.first()
                    && dice.percent(20)
                {
                    visit["continues"] = json!(stay);
                }
                (self.day, visit)
            }
        };
        let crosses = self.world.year_rule == "discharge"
            || self.catalogue.is_some()
            || (self.world.features.refusals && dice.percent(15));
        let mut end = self.day + *dice.one(&[0, 0, 1, 3, 7, 12, 30]);
        if !crosses && end / 365 != begin / 365 {
            end = self.day.max(begin / 365 * 365 + 364).min(begin / 365 * 365 + 364);
        }
        visit["endtime"] = json!(format!("{} 11:00:00", date(end)));
        let later = dice.below(20);
        if dice.percent(20) {
            visit["setl_time"] = json!(format!("{} 16:00:00", date(end + later)));
        }
        if visit.get("continues").is_none() {
            let id = visit["mdtrt_id"].as_str().unwrap_or_default().to_owned();
            if self.stays.last() != Some(&id) {
                self.stays.push(id);
            }
        }
        self.day = end;
        // A stay of one year only goes on in the next bill.
        if dice.percent(12) && end % 365 < 330 {
            let mut next = visit.clone();
            visit["mid_setl_flag"] = json!("1");
            for key in ["endtime", "setl_time"] {
                next.as_object_mut().map(|v| v.remove(key));
            }
            self.open = Some((begin, next));
        }
        (begin, end, visit)
    }

    fn amount(&mut self, most: u64) -> u64 {
        let dice = &mut self.dice;
        let amount = match dice.below(12) {
            0 => 0,
            1 => dice.between(1, 30),
            2 => dice.between(1, 5_000),
            3 if self.world.features.huge && dice.percent(20) => dice.below(most + 1),
            4 | 5 => dice.between(1, 50_000_000),
            6 => dice.between(1, 100) * 100_000,
            _ => dice.between(1, 3_000_000),
        };
        amount.min(most)
    }

    /// A bill already split; the kinds are those of the pack.
    fn totals(&mut self) -> Value {
        let kinds = self.world.all_kinds();
        let mut split = Map::new();
        let mut sums = [0_u64; 4];
        let mut left = BILL_MAX;
        let names = ["inscp_scp_amt", "preselfpay_amt", "fulamt_ownpay_amt", "overlmt_selfpay"];
        let single = kinds.len() == 1 || self.dice.percent(30);
        for (k, kind) in kinds.iter().enumerate() {
            if k > 0 && (single || self.dice.percent(30)) {
                continue;
            }
            let mut parts = Map::new();
            for (n, name) in names.iter().enumerate() {
                let amount = if n == 0 || self.dice.percent(50) { self.amount(left) } else { 0 };
                left -= amount;
                sums[n] += amount;
                parts.insert((*name).to_owned(), json!(yuan(amount)));
            }
            split.insert((*kind).to_owned(), Value::Object(parts));
        }
        let mut totals = json!({ "medfee_sumamt": yuan(sums.iter().sum()) });
        for (name, sum) in names.iter().zip(sums) {
            totals[name] = json!(yuan(sum));
        }
        if !single {
            totals["kinds"] = Value::Object(split);
        }
        totals
    }

    /// Makes a case one that is refused, or wholly own cost.
    fn spoil(&mut self, case: &mut Value) {
        match self.dice.below(11) {
            0 => case["admdvs"] = json!("990100"),
            1 => {
                let insutype = case["member"]["insutype"].clone();
                case["member"]["spells"] = json!([{ "insutype": insutype, "from": "2029-01-01" }]);
            }
            2 => {
                let insutype = case["member"]["insutype"].clone();
                case["member"]["spells"] = json!([
                    { "insutype": insutype, "from": "2020-01-01", "waiting_to": "2029-01-01" }
                ]);
            }
            3 => {
                case["member"]["insutype"] = json!("340");
                if let Some(member) = case["member"].as_object_mut() {
                    member.remove("spells");
                }
            }
            4 => case["member"]["psn_type"] = json!("99"),
            5 => case["visit"]["med_type"] = json!("99"),
            6 => case["facility"]["agreements"] = json!([]),
            7 => case["visit"]["rel_ttp_flag"] = json!("1"),
            8 => {
                for key in ["begntime", "endtime", "setl_time"] {
                    case["visit"][key] = json!("2110-05-01 08:00:00");
                }
            }
            9 if case.get("totals").is_some() => {
                case["totals"]["medfee_sumamt"] = json!("0.01");
            }
            _ => case["visit"]["endtime"] = json!("2024-01-01 00:00:00"),
        }
    }
}
