//! What-if by columns beside the tier machine a bill at a time: every payment of every tier is the same, for the packs among
//! the sources and for random ones, whichever way a group runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use yidan_settlement::id::{BenefitId, LineKind, TierId};
use yidan_settlement::limits::BILL_FEN_MAX;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{
    ALL_AXES, Axis, Base, CapAmount, Circumstance, DeductibleAmount, Edition, Pack,
};
use yidan_settlement::price::Totals;
use yidan_settlement::tiers::columns::{Beyond, CHUNK, Columns, Group};
use yidan_settlement::tiers::{self, Burden, Situation, TierRow};
use yidan_tests::random::{self, Dice, Features};

/// The packs among the sources, by the name of their folder.
fn packs() -> BTreeMap<String, Pack> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalogs/sources");
    let folders = fs::read_dir(sources).expect("the sources").flatten();
    let packs = folders.filter_map(|folder| {
        let text = fs::read_to_string(folder.path().join("policy.toml")).ok()?;
        let name = folder.file_name().into_string().expect("a name in ASCII");
        let pack = yidan_build::policy::compile(&text, &name);
        Some((name, pack.unwrap_or_else(|errors| panic!("{errors}"))))
    });
    packs.collect()
}

/// The machine of any settlement on one bill of a fresh member.
struct Machine<'e> {
    group: Group<'e>,
    rows: Vec<TierRow>,
}

impl Machine<'_> {
    fn rows(&mut self, in_scope: Fen) -> &[TierRow] {
        let mut totals =
            Totals { days: self.group.days, charged: true, by_totals: true, ..Totals::default() };
        totals.parts.in_scope = in_scope;
        totals.kinds[self.group.kind.index()].in_scope = in_scope;
        let situation = Situation {
            edition: self.group.edition,
            benefit: self.group.benefit,
            at: &self.group.at,
            totals: &totals,
            deductible_nought: false,
            approval_limit: self.group.approval_limit,
        };
        self.rows.clear();
        let mut burden = Burden::of(&totals);
        tiers::run(&situation, 0, &mut [Fen::ZERO; 64], &mut self.rows, &mut burden);
        &self.rows
    }
}

/// How many coordinates the tables of an edition know on an axis.
fn coordinates(edition: &Edition, axis: Axis) -> u64 {
    let of_tier = edition.tiers.iter().filter_map(|tier| {
        let stride = tier.axes.iter().find(|(of, _)| *of == axis)?.1;
        let whole = u32::try_from(tier.cells.len()).expect("a table fits");
        let above = tier.axes.iter().map(|(_, other)| *other).filter(|other| *other > stride);
        Some(u64::from(above.min().unwrap_or(whole) / stride))
    });
    of_tier.max().unwrap_or(1)
}

/// Figures of the rows of a group, sums of two of them, and the least cost at which each tier pays at all, and the most.
fn edges(machine: &mut Machine<'_>, ids: &[TierId]) -> BTreeSet<i64> {
    let mut figures = BTreeSet::from([0, 1, 100, 10_000, BILL_FEN_MAX]);
    let group = machine.group;
    for row in ids.iter().filter_map(|id| group.edition.tiers[id.index()].row(&group.at)) {
        let caps = row.cost_before.iter().chain(&row.cost_after).chain(&row.payment);
        figures.extend(caps.filter_map(|cap| match cap.amount {
            CapAmount::Fixed(amount) => Some(amount.get()),
            CapAmount::Approval => None,
        }));
        let of_kinds = row.kind_bands.iter().flat_map(|own| &own.bands);
        figures.extend(row.bands.iter().chain(of_kinds).map(|band| band.to.get()));
        match row.deductible.as_ref().map(|one| &one.amount) {
            Some(DeductibleAmount::Fixed(amount)) => figures.extend([amount.get()]),
            Some(DeductibleAmount::ByAdmission { amounts, .. }) => {
                figures.extend(amounts.first().map(|amount| amount.get()));
            }
            Some(DeductibleAmount::Share { .. }) | None => {}
        }
    }
    figures.retain(|figure| *figure <= BILL_FEN_MAX);
    let sums: Vec<i64> = figures.iter().flat_map(|a| figures.iter().map(move |b| a + b)).collect();
    figures.extend(sums);
    for id in ids {
        let mut paid = |in_scope| {
            let rows = machine.rows(Fen::new(in_scope));
            rows.iter().find(|row| row.tier == *id).map_or(0, |row| row.paid.get())
        };
        for target in [1, paid(BILL_FEN_MAX)] {
            let (mut low, mut high) = (0, BILL_FEN_MAX);
            while low < high {
                let middle = low + (high - low) / 2;
                if paid(middle) >= target { high = middle } else { low = middle + 1 }
            }
            figures.insert(low);
        }
    }
    figures
}

/// Edges with their neighbours, and random amounts of every magnitude.
fn amounts(dice: &mut Dice, machine: &mut Machine<'_>, ids: &[TierId], random: usize) -> Vec<Fen> {
    let edges = edges(machine, ids);
    let near = edges.into_iter().flat_map(|edge| (edge - 2)..=(edge + 2));
    let random = (0..random).map(|_| {
        let magnitude = 1_u64 << dice.below(44);
        i64::try_from(dice.below(2 * magnitude)).expect("small")
    });
    let all = near.chain(random).filter(|amount| (0..=BILL_FEN_MAX).contains(amount));
    let all: Vec<Fen> = all.map(Fen::new).collect();
    dice.shuffled(&all)
}

/// How groups were run, and what the tiers of those by columns did.
#[derive(Default, Debug)]
struct Seen {
    by_columns: usize,
    a_bill_at_a_time: BTreeMap<&'static str, usize>,
    /// Payments of tiers by columns, by what they take in.
    paid_on: BTreeMap<&'static str, usize>,
    /// Rows by columns that had some of it.
    cut: usize,
    first_share: usize,
    capped: usize,
    facility: usize,
    of_kind: usize,
}

impl Seen {
    fn row(&mut self, edition: &Edition, at: &Circumstance, row: &TierRow) {
        let tier = &edition.tiers[row.tier.index()];
        let base = match tier.base {
            Base::InScope => "in scope",
            Base::InScopeAndPrePay => "in scope and pre-pay",
            Base::AboveCapOf(_) => "above the cap of a tier",
            Base::Left { parts: [_, true, true, true, true], .. } => "all that is left",
            Base::Left { .. } => "some parts of what is left",
        };
        *self.paid_on.entry(base).or_default() += usize::from(row.paid > Fen::ZERO);
        self.cut += usize::from(row.cut > Fen::ZERO);
        self.first_share += usize::from(row.first_share > Fen::ZERO);
        self.capped += usize::from(row.cap_left.is_some_and(|left| row.banded > left));
        self.facility += usize::from(row.facility > Fen::ZERO);
        self.of_kind += usize::from(tier.row(at).is_some_and(|row| !row.kind_bands.is_empty()));
    }
}

/// Runs a group by the batch and by the machine, and compares every payment and the sums.
fn compare(dice: &mut Dice, group: Group<'_>, random: usize, seen: &mut Seen) {
    let mut columns = Columns::new(group);
    let ids = columns.tiers().to_vec();
    let mut machine = Machine { group, rows: Vec::new() };
    let in_scope = amounts(dice, &mut machine, &ids, random);
    match columns.beyond() {
        None => seen.by_columns += 1,
        Some(why) => {
            let why = match why {
                Beyond::ShareAsDeductible(_) => "a share as deductible",
                Beyond::Floor(_) => "a floor",
                Beyond::SlotOfEarlierTier(_) => "a slot of an earlier tier",
                Beyond::FilingLoss(_) => "a filing loss",
                Beyond::Negative(_) => "below nought",
            };
            *seen.a_bill_at_a_time.entry(why).or_default() += 1;
        }
    }
    let by_columns = columns.beyond().is_none();
    let mut by_batch: Vec<Vec<Fen>> = vec![Vec::new(); ids.len()];
    let mut handed_out = 0;
    columns
        .pay(&in_scope, |paid| {
            assert_eq!(paid.first(), handed_out, "chunks come in order");
            by_batch.iter_mut().enumerate().for_each(|(at, all)| all.extend(paid.of(at)));
            handed_out += paid.of(0).len();
        })
        .expect("all are within bounds");
    let mut sums = vec![0_i128; ids.len()];
    for (at, amount) in in_scope.iter().enumerate() {
        let mut by_machine = vec![Fen::ZERO; ids.len()];
        for row in machine.rows(*amount) {
            let column = ids.iter().position(|id| *id == row.tier).expect("a tier with a row");
            by_machine[column] = row.paid;
            sums[column] += i128::from(row.paid.get());
            if by_columns {
                seen.row(group.edition, &group.at, row);
            }
        }
        let by_batch: Vec<Fen> = by_batch.iter().map(|column| column[at]).collect();
        assert_eq!(by_batch, by_machine, "{amount} in scope of {group:?}");
    }
    let mut summed = vec![0; ids.len()];
    columns.sum(&in_scope, &mut summed).expect("all are within bounds");
    assert_eq!(summed, sums, "{group:?}");
}

/// Groups of every edition and benefit of a pack, in random circumstances.
fn random_groups(dice: &mut Dice, pack: &Pack, each: usize, seen: &mut Seen) {
    for edition in &pack.data().editions {
        let axes = ALL_AXES.map(|axis| (axis, coordinates(edition, axis)));
        for benefit in 0..edition.plans.len() {
            for _ in 0..each {
                let mut at = Circumstance::default();
                for (axis, coordinates) in axes {
                    at.set(axis, u16::try_from(dice.below(coordinates)).expect("few"));
                }
                let benefit = u8::try_from(benefit).expect("few");
                at.set(Axis::Benefit, u16::from(benefit));
                let kinds = pack.data().line_kinds.len();
                let kind = if dice.percent(70) { 0 } else { dice.index(kinds) };
                let limit = Fen::new(i64::try_from(dice.below(2_000_000)).expect("small"));
                let group = Group {
                    edition,
                    benefit: BenefitId::new(benefit),
                    at,
                    kind: LineKind::new(u8::try_from(kind).expect("few")),
                    days: 1 + i64::try_from(dice.below(40)).expect("small"),
                    approval_limit: dice.percent(50).then_some(limit),
                };
                compare(dice, group, 60, seen);
            }
        }
    }
}

/// The groups of R1: three levels and one that is not rated, three classes.
fn of_r1(pack: &Pack) -> Vec<Group<'_>> {
    let edition = &pack.data().editions[0];
    let group = |level, class| {
        let mut at = Circumstance::default();
        at.set(Axis::Level, level);
        at.set(Axis::DeductibleLevel, level);
        at.set(Axis::Identity, class);
        Group {
            edition,
            benefit: BenefitId::new(0),
            at,
            kind: LineKind::default(),
            days: 1,
            approval_limit: None,
        }
    };
    (0..4).flat_map(|level| (0..3).map(move |class| group(level, class))).collect()
}

#[test]
fn r1_runs_by_columns_in_every_circumstance_and_pays_the_same() {
    let packs = packs();
    let mut dice = Dice::new(20_261_123);
    let mut seen = Seen::default();
    for group in of_r1(&packs["R1"]) {
        compare(&mut dice, group, 20_000, &mut seen);
    }
    assert_eq!(seen.by_columns, 12, "{seen:?}");
    assert!(seen.paid_on.len() == 2 && seen.capped > 1_000, "{seen:?}");
}

#[test]
fn packs_of_the_sources_pay_the_same_and_nearly_all_run_by_columns() {
    let mut dice = Dice::new(20_261_124);
    let mut seen = Seen::default();
    for pack in packs().values() {
        random_groups(&mut dice, pack, 12, &mut seen);
    }
    let others: usize = seen.a_bill_at_a_time.values().sum();
    assert!(others > 0, "some pack asks for more: {seen:?}");
    assert!(seen.by_columns > 10 * others && seen.by_columns > 1_000, "{seen:?}");
    assert!(seen.paid_on.contains_key("above the cap of a tier"), "{seen:?}");
}

#[test]
fn random_packs_pay_the_same_whichever_way_they_run() {
    let mut dice = Dice::new(20_261_125);
    let mut seen = Seen::default();
    for seed in 1..=400 {
        let random = random::pack(seed, Features::all());
        let Ok(pack) = yidan_build::policy::compile(&random.toml, "random") else { continue };
        random_groups(&mut dice, &pack, 3, &mut seen);
    }
    assert!(seen.by_columns > 500, "{seen:?}");
    let many = |(what, bases): (&'static str, &usize)| assert!(*bases > 200, "{what}: {seen:?}");
    seen.paid_on.iter().map(|(what, payments)| (*what, payments)).for_each(many);
    assert_eq!(seen.paid_on.len(), 5, "every base by columns: {seen:?}");
    assert_eq!(seen.a_bill_at_a_time.len(), 4, "every reason not to but one: {seen:?}");
    for few in [seen.cut, seen.first_share, seen.capped, seen.facility, seen.of_kind] {
        assert!(few > 200, "{seen:?}");
    }
}

#[test]
fn an_amount_beyond_its_bounds_is_refused_before_anything_is_handed_out() {
    let packs = packs();
    let mut columns = Columns::new(of_r1(&packs["R1"])[0]);
    let mut in_scope = vec![Fen::new(100_000); 2 * CHUNK + 3];
    for (at, amount) in [(CHUNK + 1, -1), (2 * CHUNK, BILL_FEN_MAX + 1), (0, i64::MIN)] {
        in_scope[at] = Fen::new(amount);
        let error = columns.pay(&in_scope, |_| panic!("nothing is handed out"));
        assert_eq!(error.expect_err("it is refused").at, at);
        let mut sums = [0; 3];
        assert!(columns.sum(&in_scope, &mut sums).is_err() && sums == [0; 3]);
        in_scope[at] = Fen::new(BILL_FEN_MAX);
        columns.pay(&in_scope, |_| {}).expect("the bound itself is within it");
    }
}
