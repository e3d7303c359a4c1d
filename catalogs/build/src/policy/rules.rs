//! What must hold of a pack as written, whatever the circumstance: slots that are written before they are read, units that
//! agree, and combinations that POLICY.md §4 forbids.

use yidan_settlement::id::SlotId;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{
    AddOf, BandsFrom, BandsPay, Continued, Deductible, DeductibleAmount, SlotScope,
};

use super::finding::Sink;
use super::heading::Heading;
use super::tier::{Ruled, TierDraft};

/// Reports all that is forbidden; of tiers that were not read `whole` nothing is called missing.
pub(super) fn check(sink: &Sink<'_>, heading: &Heading, tiers: &[TierDraft], whole: &[bool]) {
    for (tier, whole) in tiers.iter().zip(whole) {
        if *whole && tier.bands.is_empty() {
            let message = format!("tier \"{}\" has no band: it would never pay", tier.name);
            sink.unexpected(tier.head.at, message, "at least one [[tier.band]]");
        }
        let none_to_multiply = *whole && tier.deductibles.is_empty();
        if let (Some(factor), true) = (tier.factors.first(), none_to_multiply) {
            let message = format!("tier \"{}\" has no deductible to multiply", tier.name);
            sink.error(factor.head.at, message);
        }
        bands_on_a_slot(sink, heading, tier);
        counts(sink, heading, tier);
    }
    slots(sink, heading, tiers);
}

/// The rules of §4 step 6 for a tier whose bands lie on the axis of a slot.
fn bands_on_a_slot(sink: &Sink<'_>, heading: &Heading, tier: &TierDraft) {
    let Some(axis) = tier.bands_at else { return };
    let name = heading.slot_name(axis);
    if tier.bands_pay == BandsPay::Difference {
        for change in tier.changes.iter().filter(|change| change.value.kinds.is_some()) {
            let message = format!(
                "`kinds` here cannot go with `bands_pay = \"difference\"` on the slot \"{name}\""
            );
            let help = "write `bands_pay = \"increment\"` in the tier, or leave `kinds` out";
            sink.mendable(change.head.at, message, "", help.to_owned());
        }
    }
    if tier.bands_from == BandsFrom::Deductible {
        return;
    }
    for Ruled { head, value } in &tier.deductibles {
        if above_nought(value) && value.less != Some(axis) {
            let message =
                "with `bands_from = \"zero\"` the deductible is a place on the axis of its slot";
            sink.unexpected(head.at, message.to_owned(), &format!("`less = \"{name}\"`"));
        }
        if value.ceiling.is_some() {
            let message = "`ceiling` cannot go with `bands_from = \"zero\"` on a slot".to_owned();
            sink.error(head.at, message);
        }
        if value.continued != Continued::Difference {
            let message =
                "`continued` can only be \"difference\" with `bands_from = \"zero\"` on a slot";
            sink.error(head.at, message.to_owned());
        }
    }
}

fn above_nought(deductible: &Deductible) -> bool {
    match &deductible.amount {
        DeductibleAmount::Fixed(amount) => !amount.is_zero(),
        DeductibleAmount::ByAdmission { amounts, .. } => amounts.iter().any(|a| !a.is_zero()),
        DeductibleAmount::Share { max, .. } => *max > Fen::ZERO,
    }
}

/// The two slots of a count have the scopes and the unit that §4 step 4 gives them.
fn counts(sink: &Sink<'_>, heading: &Heading, tier: &TierDraft) {
    for Ruled { head, value } in &tier.deductibles {
        let DeductibleAmount::ByAdmission { count, counted, .. } = &value.amount else { continue };
        for (key, id, scope, word) in [
            ("count", count, SlotScope::Year, "year"),
            ("counted", counted, SlotScope::Stay, "stay"),
        ] {
            let Some(slot) = heading.data.slots.get(id.index()) else { continue };
            if slot.scope != scope || !slot.count {
                let message = format!("the slot \"{}\" cannot be the `{key}`", slot.id);
                let expected = format!("a slot with `unit = \"count\"` and `scope = \"{word}\"`");
                sink.unexpected(head.at, message, &expected);
            }
        }
    }
}

/// How rows use a slot.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Use {
    Read,
    Counted,
    Added(AddOf),
}

/// Every read slot is written, and units agree.
fn slots(sink: &Sink<'_>, heading: &Heading, tiers: &[TierDraft]) {
    let uses: Vec<(SlotId, usize, Use)> = tiers.iter().flat_map(uses).collect();
    let places = heading.known.slots.places();
    let used = |declared: u16| {
        let of_slot = |id: SlotId| places.get(id.index()).map(|place| place.declared);
        uses.iter().any(|(id, ..)| of_slot(*id) == Some(declared))
    };
    let mut told = None;
    for ((index, slot), place) in (0_u8..).zip(&heading.data.slots).zip(places) {
        let name = heading.known.slots.declared(place);
        let of_slot: Vec<&(SlotId, usize, Use)> =
            uses.iter().filter(|(id, ..)| id.get() == index).collect();
        if !used(place.declared) && told != Some(place.declared) {
            told = Some(place.declared);
            let message = format!("the slot \"{name}\" is neither read nor written");
            sink.warning(place.at, message, "leave it out");
        }
        let written = of_slot.iter().any(|(.., usage)| matches!(usage, Use::Added(_)));
        for (_, at, usage) in of_slot {
            match usage {
                Use::Read if !written => {
                    let message =
                        format!("the slot \"{}\" is read here, but no tier writes it", slot.id);
                    let help = match place.by_line_kind {
                        true => format!(
                            "add a [[tier.add]] with `slot = \"{name}\"` to a tier of that kind"
                        ),
                        false => format!("add a [[tier.add]] with `slot = \"{name}\"`"),
                    };
                    sink.mendable(*at, message, "", help);
                }
                Use::Read if slot.count => {
                    let message = format!("the slot \"{}\" counts; fen are read here", slot.id);
                    sink.unexpected(*at, message, "a slot with `unit = \"fen\"`");
                }
                Use::Added(of) if slot.count != (*of == AddOf::One) => {
                    let message =
                        format!("what is added does not agree with the unit of \"{}\"", slot.id);
                    sink.unexpected(
                        *at,
                        message,
                        "`one` into a slot that counts, anything else into fen",
                    );
                }
                Use::Read | Use::Counted | Use::Added(_) => {}
            }
        }
    }
}

fn uses(tier: &TierDraft) -> Vec<(SlotId, usize, Use)> {
    let mut uses = Vec::new();
    uses.extend(tier.bands_at.map(|slot| (slot, tier.head.at, Use::Read)));
    for Ruled { head, value } in &tier.deductibles {
        let ceiling = value.ceiling.map(|(_, slot)| slot);
        uses.extend(value.less.into_iter().chain(ceiling).map(|slot| (slot, head.at, Use::Read)));
        if let DeductibleAmount::ByAdmission { count, counted, .. } = &value.amount {
            uses.extend([(*count, head.at, Use::Counted), (*counted, head.at, Use::Counted)]);
        }
    }
    for Ruled { head, value } in &tier.caps {
        uses.extend(value.slot.map(|slot| (slot, head.at, Use::Read)));
    }
    for Ruled { head, value } in &tier.adds {
        uses.push((value.slot, head.at, Use::Added(value.of)));
    }
    uses
}
