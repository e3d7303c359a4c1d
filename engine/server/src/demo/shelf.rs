//! What can be billed: the codes of a region of an image, by kind of charge, so that no visit depends on a particular code.

use std::collections::BTreeMap;

use yidan_image::{Image, View};
use yidan_settlement::catalogue::{Ceilings, Class, Entry, Level, List};
use yidan_settlement::date::{Day, Span};
use yidan_settlement::id::DiagnosisId;
use yidan_settlement::money::Price;

use super::dice::{Dice, mixed};

/// What a line is charged for.
#[derive(Clone, Copy, Eq, PartialEq, Ord, PartialOrd)]
pub(super) enum Charge {
    Bed,
    Visit,
    Examination,
    Laboratory,
    Treatment,
    Operation,
    Nursing,
    Material,
    Implant,
    WesternDrug,
    HerbalPiece,
    PatentMedicine,
    SpecialDrug,
    Dialysis,
    Other,
}

/// One thing on the shelf.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) code: String,
    pub(super) charge: Charge,
    /// The days on which it can be billed.
    pub(super) valid: Span,
    pub(super) restricted: bool,
    ceiling: Ceilings,
}

/// Everything that can be billed in a region.
pub(super) struct Shelf {
    items: BTreeMap<Charge, Vec<Item>>,
    diagnoses: Vec<String>,
}

impl Shelf {
    pub(super) fn of(image: &Image, view: View<'_>) -> Shelf {
        let mut items: BTreeMap<Charge, Vec<Item>> = BTreeMap::new();
        for id in view.ids() {
            let (Some(entry), Some(text)) = (view.entry(id), view.entry_text(id)) else { continue };
            let tag = image.tag_name(entry.tag).unwrap_or_default();
            if tag == "assisted-reproduction" {
                continue; // Nobody comes for it here.
            }
            let charge = charge_of(&entry, text.charge_type, tag);
            items.entry(charge).or_default().push(Item {
                code: text.code.to_owned(),
                charge,
                valid: entry.valid,
                restricted: image
                    .rules()
                    .rule(entry.rule)
                    .is_some_and(|it| !it.conditions.is_empty()),
                ceiling: entry.ceiling,
            });
        }
        for of_charge in items.values_mut() {
            of_charge.sort_by(|a, b| (&a.code, a.valid.from).cmp(&(&b.code, b.valid.from)));
        }
        let known = (0..u32::try_from(image.diagnoses_len()).unwrap_or(0)).map(DiagnosisId::new);
        let codes =
            known.filter_map(|id| image.diagnosis_text(id)).map(|text| text.code.to_owned());
        // 门慢门特 codes are approvals, not what a doctor writes on a discharge sheet.
        let diagnoses = codes.filter(|code| code.contains('.') || code.len() <= 3).collect();
        Shelf { items, diagnoses }
    }

    /// Something of this kind that can be billed on a day.
    pub(super) fn draw(&self, charge: Charge, day: Day, dice: &mut Dice) -> Option<&Item> {
        let items = self.items.get(&charge)?;
        // A few entries have ended by then: another draw finds one that has not.
        (0..8).filter_map(|_| dice.of(items)).find(|item| item.valid.contains(day))
    }

    /// Some diagnosis.
    pub(super) fn diagnosis(&self, dice: &mut Dice) -> Option<&str> {
        dice.of(&self.diagnoses).map(String::as_str)
    }
}

impl Item {
    /// A price: about the ceiling where there is one, else of a size that goes with the charge, always the same for a code.
    pub(super) fn price(&self, level: Level, dice: &mut Dice) -> Price {
        let (usual, low, high) = match self.ceiling.at(level) {
            Some(ceiling) => (ceiling.get() / 10_000, 70, 108),
            None => (self.usual_fen(), 90, 110),
        };
        let hundredths = i64::try_from(dice.between(low, high)).unwrap_or(100);
        let fen = ((usual * hundredths + 50) / 100).max(1);
        Price::new(fen * 10_000)
    }

    /// Fen, from the code alone.
    fn usual_fen(&self) -> i64 {
        let (least, steps) = match self.charge {
            Charge::Bed | Charge::Nursing | Charge::Visit => (1_000, 4),
            Charge::Examination => (6_000, 9),
            Charge::Laboratory | Charge::Treatment | Charge::Other => (800, 7),
            Charge::Operation => (80_000, 6),
            Charge::Material => (150, 9),
            Charge::Implant => (120_000, 6),
            Charge::WesternDrug => (120, 12),
            Charge::HerbalPiece => (5, 6),
            Charge::PatentMedicine => (900, 6),
            Charge::SpecialDrug => (60_000, 5),
            Charge::Dialysis => (35_000, 2),
        };
        let seen = self.code.bytes().fold(0_u64, |sum, byte| mixed(sum ^ u64::from(byte)));
        // Half as much again with each step: prices lie evenly on a scale of ratios.
        (0..seen % (steps + 1)).fold(least, |fen: i64, _| fen + fen / 2)
    }
}

fn charge_of(entry: &Entry, charge_type: u8, tag: &str) -> Charge {
    if tag.contains("dialysis") || tag.contains("peritoneal") {
        return Charge::Dialysis;
    }
    match entry.list {
        List::WesternDrug | List::InHousePreparation if tag == "special" => Charge::SpecialDrug,
        List::WesternDrug | List::InHousePreparation => Charge::WesternDrug,
        List::PatentMedicine => Charge::PatentMedicine,
        List::HerbalPiece => Charge::HerbalPiece,
        List::Consumable if tag.contains("implant") || dear(entry) => Charge::Implant,
        List::Consumable => Charge::Material,
        List::Service => match charge_type {
            1 => Charge::Bed,
            2 | 12 | 13 if entry.class != Class::C => Charge::Visit,
            3 => Charge::Examination,
            4 => Charge::Laboratory,
            5 => Charge::Treatment,
            6 => Charge::Operation,
            7 => Charge::Nursing,
            _ => Charge::Other,
        },
    }
}

/// Whether a consumable costs too much to be used every day.
fn dear(entry: &Entry) -> bool {
    entry.ceiling_at(Level::Third).is_some_and(|ceiling| ceiling.get() > 200_000_000)
}
