//! Random tiers: every base, every part of a tier, every form of a row, valid by construction.

use super::dice::Dice;
use super::ratio::ratios;
use super::world::{World, amount, quoted, ratio};

/// What earlier tiers of the pack did that later ones must heed.
#[derive(Default)]
pub(crate) struct Seen {
    /// Tiers whose part above their cap may be paid by a later tier.
    above: Vec<String>,
    /// A tier on what is left took in pre-pay, or what lies above caps.
    prepay_left: bool,
    above_left: bool,
    /// A tier took all kinds of in scope.
    all_kinds: bool,
}

/// One tier while it is written.
struct Draft {
    text: String,
    adds: Vec<(String, &'static str)>,
    /// Which sub-keys and scopes of slots the tier's own conditions make sure of.
    disease: bool,
    group: bool,
    filing: bool,
    in_scope: bool,
    /// The line kinds it takes.
    kinds: Vec<&'static str>,
}

const FUNDS: [&str; 12] = [
    "310100", "390100", "390102", "390200", "330100", "310300", "370100", "320100", "350100",
    "610100", "640100", "999901",
];
const LEFT: [&str; 5] = ["prepay", "first_share", "deductible", "copay", "above_cap"];
const OF: [&str; 6] = ["base", "first_share", "deductible", "above_deductible", "paid", "left"];

/// The keys of a cell.
fn keys(cell: &str) -> Vec<&str> {
    cell.lines().filter_map(|line| line.split(" = ").next()).map(stem).collect()
}

/// A key without the end that says from which side it bounds.
fn stem(key: &str) -> &str {
    match key {
        "to" | "from" => "day",
        "lacks" => "holds",
        key => key.trim_end_matches("_from").trim_end_matches("_below"),
    }
}

/// Cells of conditions of which one holds for every visit.
fn cells(dice: &mut Dice, world: &World) -> Vec<String> {
    if dice.percent(40) {
        return vec![String::new()];
    }
    let divisions = world.divisions();
    let first = dice.one(&divisions).clone();
    let second = dice.one(&divisions).clone();
    let same = keys(&first[0]).iter().any(|key| keys(&second[0]).contains(key));
    let mut all = first;
    if !same && dice.percent(40) {
        let divided = all.remove(dice.index(all.len()));
        all.extend(second.iter().map(|cell| format!("{divided}\n{cell}")));
    }
    all
}

/// Some of such cells.
fn some_cells(dice: &mut Dice, world: &World) -> Vec<String> {
    let all = cells(dice, world);
    dice.some(&all)
}

/// One condition, perhaps none.
fn perhaps(dice: &mut Dice, world: &World, chance: u64) -> String {
    if !dice.percent(chance) {
        return String::new();
    }
    let divisions = world.divisions();
    let division = dice.one(&divisions).clone();
    dice.one(&division).clone()
}

impl Draft {
    fn row(&mut self, part: &str, conditions: &str, value: &str) {
        self.text += &format!("[[tier.{part}]]\n{conditions}\n{value}\nsource = \"S\"\n\n");
    }

    /// A slot of fen that this tier may read, which it then writes.
    fn slot(&mut self, dice: &mut Dice, world: &mut World, of: &'static str) -> String {
        let shared: Vec<String> = world
            .slots
            .iter()
            .filter(|s| !s.count && s.key.is_none() && s.scope != "filing")
            .map(|s| s.id.clone())
            .collect();
        let of = if dice.percent(75) { of } else { *dice.one(&OF) };
        let id = if !shared.is_empty() && dice.percent(35) {
            dice.one(&shared).clone()
        } else {
            let mut scopes =
                vec!["stay", "day", "month", "quarter", "year", "year", "year", "life"];
            if self.filing && world.features.filing_slots {
                scopes.extend(["filing", "filing"]);
            }
            let mut sub_keys = vec![None, None, None, Some("scheme")];
            if self.disease {
                sub_keys.extend([Some("disease"), Some("disease")]);
            }
            if self.group {
                sub_keys.push(Some("disease_group"));
            }
            // One for each kind: of the slots that a pack may have, early ones leave enough to the others.
            if self.kinds.len() == 1 && world.slots.len() < 8 {
                sub_keys.extend([Some("line_kind"), Some("line_kind")]);
            }
            let (scope, key) = (*dice.one(&scopes), *dice.one(&sub_keys));
            world.slot(false, scope, key)
        };
        self.adds.push((id.clone(), of));
        id
    }
}

/// A tier of a pack.
pub(crate) fn tier(dice: &mut Dice, world: &mut World, n: usize, seen: &mut Seen) -> String {
    let mut draft = Draft {
        text: String::new(),
        adds: Vec::new(),
        disease: false,
        group: false,
        filing: false,
        in_scope: false,
        kinds: world.all_kinds(),
    };
    let id = format!("tier-{n}");
    draft.text = format!("[[tier]]\nid = \"{id}\"\nfund = \"{}\"\n", dice.one(&FUNDS));
    let base = base(dice, world, seen, &mut draft);
    draft.text += &base;
    let applies = applies(dice, world, &mut draft);
    draft.text += &applies;
    if dice.percent(30) {
        draft.text += "rounding = \"down\"\n";
    }
    if dice.percent(20) {
        draft.text += "above_cap = \"facility\"\n";
    } else {
        seen.above.push(id);
    }
    axis_and_rows(dice, world, &mut draft);
    adds(dice, world, &mut draft);
    draft.text
}

fn base(dice: &mut Dice, world: &World, seen: &mut Seen, draft: &mut Draft) -> String {
    let mut taken = draft.kinds.clone();
    let mut kinds = |dice: &mut Dice| {
        if dice.percent(60) {
            return String::new();
        }
        taken = dice.some(&world.all_kinds());
        let some: Vec<String> = taken.iter().map(quoted).collect();
        format!("kinds = [{}]\n", some.join(", "))
    };
    // Once a tier took every kind there is little in scope for later ones.
    let chance =
        if seen.all_kinds && dice.percent(80) { dice.between(6, 9) } else { dice.below(9) };
    let left = match chance {
        0..5 => {
            draft.in_scope = true;
            let kinds = kinds(dice);
            seen.all_kinds |= kinds.is_empty();
            draft.kinds = taken;
            return format!("base = \"in_scope\"\n{kinds}");
        }
        5 if !seen.prepay_left => {
            draft.in_scope = true;
            let kinds = kinds(dice);
            draft.kinds = taken;
            return format!("base = \"in_scope+prepay\"\n{kinds}");
        }
        6 if !seen.above_left && !seen.above.is_empty() => {
            return format!("base = {{ above_cap_of = \"{}\" }}\n", dice.one(&seen.above));
        }
        _ => dice.some(&LEFT),
    };
    seen.prepay_left |= left.contains(&"prepay");
    seen.above_left |= left.contains(&"above_cap");
    let left: Vec<String> = left.iter().map(quoted).collect();
    let out = world.features.loss_out && dice.percent(30);
    let loss = if out { ", filing_loss = \"out\"" } else { "" };
    format!("base = {{ left = [{}]{loss} }}\n", left.join(", "))
}

/// The tier's own conditions.
fn applies(dice: &mut Dice, world: &World, draft: &mut Draft) -> String {
    let listed: Vec<String> = world.diseases.iter().map(|(id, _, _)| quoted(id)).collect();
    let approving = world.benefits.iter().find(|b| b.approval);
    let conditions = match dice.below(20) {
        0 | 1 if !listed.is_empty() => {
            draft.disease = true;
            format!("disease = [{}]", listed.join(", "))
        }
        2 if world.diseases.iter().any(|(_, _, group)| group.is_some()) => {
            (draft.disease, draft.group) = (true, true);
            "disease_group = \"dialysis\"".to_owned()
        }
        3 => {
            draft.filing = true;
            "pregnancy = true".to_owned()
        }
        4 if approving.is_some() => {
            (draft.disease, draft.filing) = (true, true);
            format!("benefit = \"{}\"", approving.map_or("", |b| b.id))
        }
        _ => perhaps(dice, world, 35),
    };
    format!("{conditions}\nsource = \"S\"\n")
}

/// How the axis lies, and all rows but the adds.
fn axis_and_rows(dice: &mut Dice, world: &mut World, draft: &mut Draft) {
    let at_slot = dice.percent(35);
    let zero = dice.percent(30);
    let increment = dice.percent(40);
    let slot = at_slot.then(|| {
        let of = if zero { "base" } else { "above_deductible" };
        draft.slot(dice, world, of)
    });
    if let Some(slot) = &slot {
        draft.text += &format!("bands_at = \"{slot}\"\n");
    }
    if zero {
        draft.text += "bands_from = \"zero\"\n";
    }
    if increment {
        draft.text += "bands_pay = \"increment\"\n";
    }
    let band_cells = cells(dice, world);
    let ratios = ratios(dice, world, band_cells.len() + 1);
    if ratios.listed {
        draft.text += "changes_order = \"listed\"\n";
    }
    draft.text.push('\n');
    first_shares(dice, world, draft);
    if dice.percent(80) {
        deductibles(dice, world, draft, slot.as_deref().filter(|_| zero));
    }
    for (cell, band) in band_cells.iter().zip(&ratios.bands) {
        draft.row("band", cell, band);
    }
    if dice.percent(15) {
        let exception = format!("{}\nexception = true", perhaps(dice, world, 100));
        draft.row("band", &exception, ratios.bands.last().map_or("", String::as_str));
    }
    let by_kind = draft.in_scope && (slot.is_none() || increment);
    for change in &ratios.changes {
        let mut value = change.clone();
        if dice.percent(35) {
            value += "\npenalty = true";
        }
        if by_kind && dice.percent(30) {
            let kinds: Vec<String> = dice.some(&draft.kinds).iter().map(quoted).collect();
            value += &format!("\nkinds = [{}]", kinds.join(", "));
        }
        let conditions = perhaps(dice, world, 60);
        draft.row("change", &conditions, &value);
    }
    if dice.percent(25) {
        for cell in some_cells(dice, world) {
            let mut value = format!("rate = {}", ratio(*dice.one(&[3_000, 4_500, 6_667, 9_000])));
            value += *dice.one(&["", "\nof = \"total\"", "\nof = \"base\""]);
            value += *dice.one(&["", "\ndeductible = \"out\"", "\ndeductible = \"in\""]);
            draft.row("floor", &cell, &value);
        }
    }
    caps(dice, world, draft);
}

fn first_shares(dice: &mut Dice, world: &World, draft: &mut Draft) {
    if !dice.percent(35) {
        return;
    }
    for cell in some_cells(dice, world) {
        let penalty = if dice.percent(40) { "\npenalty = true" } else { "" };
        let rate = ratio(*dice.one(&[500, 1_000, 2_000, 3_000, 1_234]));
        draft.row("first_share", &cell, &format!("rate = {rate}{penalty}"));
    }
}

/// An amount of a deductible or of a cap.
fn some_amount(dice: &mut Dice) -> String {
    let fen = match dice.below(6) {
        0 => dice.between(0, 100),
        1 => dice.between(1, 99_999),
        2 => dice.between(1, 20) * 1_000_000,
        _ => dice.between(1, 40) * 10_000,
    };
    amount(fen)
}

fn per(dice: &mut Dice, world: &World) -> &'static str {
    if world.features.per_day_or_session && dice.percent(20) {
        if dice.percent(50) { "\nper = \"day\"" } else { "\nper = \"session\"" }
    } else {
        ""
    }
}

/// The rows of the deductible; with `place` it is a place on the axis of that slot.
fn deductibles(dice: &mut Dice, world: &mut World, draft: &mut Draft, place: Option<&str>) {
    let less = match place {
        Some(slot) => Some(slot.to_owned()),
        None if dice.percent(45) => Some(draft.slot(dice, world, "deductible")),
        None => None,
    };
    let ceiling = (place.is_none() && dice.percent(20)).then(|| {
        let slot = draft.slot(dice, world, "deductible");
        format!("\nceiling = {{ amount = {}, slot = \"{slot}\" }}", some_amount(dice))
    });
    let counts =
        dice.percent(20).then(|| (world.slot(true, "year", None), world.slot(true, "stay", None)));
    let mut all = cells(dice, world);
    if dice.percent(20) {
        all.push(format!("{}\nexception = true", perhaps(dice, world, 100)));
    }
    for cell in all {
        let mut value = deductible_amount(dice, world, counts.as_ref());
        if let Some(less) = &less
            && (place.is_some() || dice.percent(80))
        {
            value += &format!("\nless = \"{less}\"");
        }
        if place.is_none() {
            value += ceiling.as_deref().filter(|_| dice.percent(80)).unwrap_or("");
            value += match dice.below(8) {
                0 if !cell.contains("continued") => "\ncontinued = \"nought\"",
                1 if !cell.contains("continued") => "\ncontinued = \"full\"",
                _ => "",
            };
        }
        value += per(dice, world);
        draft.row("deductible", &cell, &value);
    }
    for _ in 0..dice.below(3) {
        let rate = ratio(*dice.one(&[5_000, 0, 3_333, 8_000, 10_000]));
        let conditions = perhaps(dice, world, 90);
        draft.row("deductible_factor", &conditions, &format!("rate = {rate}"));
    }
}

fn deductible_amount(dice: &mut Dice, world: &World, counts: Option<&(String, String)>) -> String {
    if let Some((count, counted)) = counts {
        let amounts: Vec<String> = (0..dice.between(1, 4)).map(|_| some_amount(dice)).collect();
        return format!(
            "amounts = [{}]\ncount = \"{count}\"\ncounted = \"{counted}\"",
            amounts.join(", ")
        );
    }
    if dice.percent(20) {
        let of = match dice.below(3) {
            0 => "total",
            1 if world.features.share_of_base => "base",
            _ => "in_scope",
        };
        let bounds = match dice.below(3) {
            0 => String::new(),
            1 => format!(", min = {}", amount(dice.between(0, 100_000))),
            _ => {
                let low = dice.between(0, 100_000);
                let high = low + dice.between(0, 1_000_000);
                format!(", min = {}, max = {}", amount(low), amount(high))
            }
        };
        let rate = ratio(*dice.one(&[500, 2_000, 10_000, 333]));
        return format!("share = {{ rate = {rate}, of = \"{of}\"{bounds} }}");
    }
    format!("amount = {}", some_amount(dice))
}

fn caps(dice: &mut Dice, world: &mut World, draft: &mut Draft) {
    let mut used: Vec<(&str, Option<String>)> = Vec::new();
    for _ in 0..dice.below(4) {
        let on = match dice.below(5) {
            0 => "cost_before",
            1 => "cost_after",
            _ => "payment",
        };
        let slot = dice.percent(60).then(|| {
            let of = if on == "payment" { "paid" } else { "base" };
            draft.slot(dice, world, of)
        });
        if used.contains(&(on, slot.clone())) {
            continue;
        }
        used.push((on, slot.clone()));
        let tail = match &slot {
            None => format!("on = \"{on}\""),
            Some(slot) => format!("on = \"{on}\"\nslot = \"{slot}\""),
        };
        let all = cells(dice, world);
        let some = dice.some(&all);
        for cell in &some {
            let value = cap_amount(dice, world);
            draft.row("cap", cell, &format!("{value}\n{tail}"));
        }
        // A level or some days may not be left out where others have a cap: that there is none is said.
        let said = |cell: &&String| keys(cell).iter().any(|key| ["level", "day"].contains(key));
        let mut whole = true;
        for cell in all.iter().filter(|cell| !some.contains(cell)).filter(said) {
            draft.row("cap", cell, &format!("unlimited = true\n{tail}"));
            whole = false;
        }
        if dice.percent(20) {
            let exception = format!("{}\nexception = true", perhaps(dice, world, 100));
            if !whole {
                continue; // It might hold where another row lifts the cap.
            }
            draft.row("cap", &exception, &format!("unlimited = true\n{tail}"));
        }
    }
}

fn cap_amount(dice: &mut Dice, world: &World) -> String {
    match dice.below(8) {
        0 => "amount = \"approval\"".to_owned(),
        1 => format!(
            "amount = {}\nplus = {{ paid_years_from = 4, each = {}, max = {} }}",
            some_amount(dice),
            amount(dice.between(1, 400_000)),
            amount(dice.between(400_000, 2_000_000))
        ),
        _ => format!("amount = {}{}", some_amount(dice), per(dice, world)),
    }
}

/// The rows that write slots: those that were promised, and some more.
fn adds(dice: &mut Dice, world: &mut World, draft: &mut Draft) {
    let mut all = std::mem::take(&mut draft.adds);
    if dice.percent(30) {
        let scope = dice.one(&["year", "life", "stay", "day"]);
        let id = world.slot(true, scope, None);
        all.push((id, "one"));
    }
    if dice.percent(30) {
        let id = world.slot(false, "year", Some("scheme"));
        all.push((id, *dice.one(&OF)));
    }
    let mut written: Vec<String> = Vec::new();
    for (id, of) in all {
        if written.contains(&id) && dice.percent(70) {
            continue;
        }
        written.push(id.clone());
        let conditions = perhaps(dice, world, 15);
        draft.row("add", &conditions, &format!("slot = \"{id}\"\nof = \"{of}\""));
    }
}
