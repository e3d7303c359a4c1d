//! What must hold of pack data, so that settling never fails on an index.

use crate::id::{SlotId, SourceId, TierId};
use crate::limits;
use crate::money::Fen;

use super::{Axis, Band, Base, DeductibleAmount, PackData, Row, Tier};

/// The first thing wrong with pack data.
pub(super) fn check(data: &PackData) -> Result<(), &'static str> {
    let ensure = |good: bool, what: &'static str| if good { Ok(()) } else { Err(what) };
    ensure(data.slots.len() <= limits::SLOTS_MAX, "too many slots")?;
    ensure((1..=limits::LINE_KINDS_MAX).contains(&data.line_kinds.len()), "line kinds")?;
    ensure(data.covers.len() <= 6, "too many covers")?;
    ensure(data.disease_groups.len() == data.diseases.len(), "a group for each disease")?;
    let slot = |id: SlotId| id.index() < data.slots.len();
    let source = |id: SourceId| id.index() < data.sources.len();
    for edition in &data.editions {
        ensure(edition.tiers.len() <= limits::TIERS_MAX, "too many tiers")?;
        ensure(edition.plans.len() == data.benefits.len(), "a plan for each benefit")?;
        let tier_exists = |id: &TierId| id.index() < edition.tiers.len();
        ensure(edition.plans.iter().flatten().all(tier_exists), "a plan names a tier")?;
        table(&edition.accounts.axes, &edition.accounts.cells, edition.accounts.rows.len())?;
        for (index, tier) in edition.tiers.iter().enumerate() {
            table(&tier.axes, &tier.cells, tier.rows.len())?;
            ensure(source(tier.source), "the tier's source")?;
            ensure(!tier.kinds.is_empty(), "a tier takes some kind")?;
            ensure(
                tier.kinds.iter().all(|kind| kind.index() < data.line_kinds.len()),
                "a kind of a tier",
            )?;
            ensure(tier.adds.iter().all(|add| slot(add.slot)), "a slot of an add")?;
            ensure(tier.bands_at.is_none_or(slot), "the slot of the bands")?;
            if let Base::AboveCapOf(earlier) = tier.base {
                ensure(earlier.index() < index, "above the cap of an earlier tier")?;
            }
            for row in &tier.rows {
                row_is_whole(row, tier, &slot, &source)?;
            }
        }
    }
    Ok(())
}

fn row_is_whole(
    row: &Row,
    tier: &Tier,
    slot: &impl Fn(SlotId) -> bool,
    source: &impl Fn(SourceId) -> bool,
) -> Result<(), &'static str> {
    let ensure = |good: bool, what: &'static str| if good { Ok(()) } else { Err(what) };
    let rising = |bands: &[Band]| {
        bands.len() <= limits::BANDS_MAX
            && bands.last().is_some_and(|last| last.to == Fen::UNLIMITED)
            && bands.windows(2).all(|pair| matches!(pair, [low, high] if low.to < high.to))
    };
    ensure(rising(&row.bands), "bands rise and end unlimited")?;
    ensure(
        row.kind_bands.iter().all(|own| rising(&own.bands)),
        "bands of a kind rise and end unlimited",
    )?;
    let kinds = row.kind_bands.is_empty()
        || row.kind_bands.iter().map(|own| own.kind).eq(tier.kinds.iter().copied());
    ensure(kinds, "bands for each kind of the tier, in its order")?;
    let first = matches!(tier.base, Base::InScope | Base::InScopeAndPrePay);
    ensure(first || row.kind_bands.is_empty(), "only what enters by kind is priced by kind")?;
    for cap in row.cost_before.iter().chain(&row.cost_after).chain(&row.payment) {
        ensure(cap.slot.is_none_or(slot) && source(cap.source), "the slot or source of a cap")?;
    }
    ensure(row.floor.is_none_or(|floor| source(floor.source)), "the source of a floor")?;
    ensure(row.adds.iter().all(|add| slot(add.slot)), "a slot of an add of a row")?;
    ensure(row.basis.iter().all(|basis| source(basis.source)), "a source of a row")?;
    let other = row
        .unpenalised
        .is_none_or(|other| usize::try_from(other).is_ok_and(|at| at < tier.rows.len()));
    ensure(other, "the row without penalties")?;
    if let Some(deductible) = &row.deductible {
        ensure(deductible.less.is_none_or(slot), "the slot of a deductible")?;
        ensure(deductible.ceiling.is_none_or(|(_, of)| slot(of)), "the slot of a ceiling")?;
        if let DeductibleAmount::ByAdmission { amounts, count, counted } = &deductible.amount {
            ensure(!amounts.is_empty() && slot(*count) && slot(*counted), "amounts by admission")?;
        }
    }
    Ok(())
}

fn table(axes: &[(Axis, u32)], cells: &[u32], rows: usize) -> Result<(), &'static str> {
    let strides = axes.windows(2).all(|pair| matches!(pair, [(_, low), (_, high)] if low <= high));
    let in_range = cells.iter().all(|cell| usize::try_from(*cell).is_ok_and(|cell| cell <= rows));
    if strides && in_range { Ok(()) } else { Err("a table of rows") }
}
