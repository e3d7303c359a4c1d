//! The slots that a policy file declares, and which of them a tier means. A slot with `key = "line_kind"` is one slot of the
//! pack for each line kind, called `id@kind`; a tier of one kind means that of its kind.

use yidan_settlement::id::{LineKind, SlotId};
use yidan_settlement::pack::{PackData, Slot, SlotKeyKind, SlotScope};

use super::names::Names;
use super::read::{Node, Value};

/// The declared slots.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    names: Names,
    /// By declaration: its first slot of the pack, and whether it has one for each line kind.
    firsts: Vec<(usize, bool)>,
    /// By slot of the pack.
    places: Vec<Place>,
}

/// Where a slot of the pack comes from.
#[derive(Copy, Clone, Debug)]
pub(super) struct Place {
    /// Where its declaration stands.
    pub(super) at: usize,
    pub(super) line: u32,
    /// The number of the declaration.
    pub(super) declared: u16,
    pub(super) by_line_kind: bool,
}

/// The slots as a tier that takes these line kinds names them.
#[derive(Copy, Clone)]
pub(super) struct SlotsOfTier<'h> {
    pub(super) slots: &'h Slots,
    pub(super) kinds: &'h [LineKind],
}

const SCOPES: [(&str, SlotScope); 7] = [
    ("stay", SlotScope::Stay),
    ("day", SlotScope::Day),
    ("month", SlotScope::Month),
    ("quarter", SlotScope::Quarter),
    ("year", SlotScope::Year),
    ("filing", SlotScope::Filing),
    ("life", SlotScope::Life),
];

/// What `key` may say.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Key {
    /// One value for each, told apart at settlement.
    Sub(SlotKeyKind),
    /// One slot for each, told apart here.
    LineKind,
}

const KEYS: [(&str, Key); 4] = [
    ("disease", Key::Sub(SlotKeyKind::Disease)),
    ("disease_group", Key::Sub(SlotKeyKind::DiseaseGroup)),
    ("scheme", Key::Sub(SlotKeyKind::Scheme)),
    ("line_kind", Key::LineKind),
];

/// Stands between the id of a slot and its line kind.
const AT: char = '@';

impl Default for Slots {
    fn default() -> Slots {
        Slots { names: Names::new("slot", &[]), firsts: Vec::new(), places: Vec::new() }
    }
}

impl Slots {
    /// Reads all declarations into the pack's slots.
    pub(super) fn read(root: &Node<'_>, line_kinds: &Names, data: &mut PackData) -> Slots {
        let mut slots = Slots::default();
        for node in root.tables("slot", "[[slot]]") {
            slots.declare(&node, line_kinds, data);
            node.finish();
        }
        slots
    }

    fn declare(&mut self, node: &Node<'_>, line_kinds: &Names, data: &mut PackData) {
        let value = node.need("id");
        let declared = u16::try_from(self.names.len()).unwrap_or(u16::MAX);
        self.names.declare(node.sink, value, node.at);
        let name = self.names.get(declared);
        if name.contains(AT) {
            let message = format!("the slot cannot be called \"{name}\"");
            let expected = "another name: `@` stands before the kind of a slot by line kind";
            node.sink.unexpected(value.map_or(node.at, Value::at), message, expected);
        }
        let units = [("fen", false), ("count", true)];
        let count = node.get("unit").and_then(|value| value.choice(&units)).unwrap_or(false);
        let scope = node.need("scope").and_then(|value| value.choice(&SCOPES));
        let scope = scope.unwrap_or(SlotScope::Year);
        let key = node.get("key").and_then(|value| value.choice(&KEYS));
        let (ids, key, by_line_kind): (Vec<String>, SlotKeyKind, bool) = match key {
            None => (vec![name.to_owned()], SlotKeyKind::None, false),
            Some(Key::Sub(key)) => (vec![name.to_owned()], key, false),
            Some(Key::LineKind) => {
                let ids = line_kinds.list().map(|kind| format!("{name}{AT}{kind}"));
                (ids.collect(), SlotKeyKind::None, true)
            }
        };
        self.firsts.push((data.slots.len(), by_line_kind));
        for id in ids {
            let (at, line) = (node.at, self.names.line(usize::from(declared)));
            self.places.push(Place { at, line, declared, by_line_kind });
            data.slots.push(Slot { id, count, scope, key });
        }
    }

    /// Where each slot of the pack comes from, in their order.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// What the file calls the slot of a place.
    pub(super) fn declared(&self, place: &Place) -> &str {
        self.names.get(place.declared)
    }
}

impl SlotsOfTier<'_> {
    /// The slot that a value names.
    pub(super) fn find(self, value: Value<'_>) -> Option<SlotId> {
        let declared = self.slots.names.find(value.sink, value)?;
        let (first, by_line_kind) = *self.slots.firsts.get(usize::from(declared))?;
        let behind = match (by_line_kind, self.kinds) {
            (false, _) => 0,
            (true, [kind]) => usize::from(kind.get()),
            (true, kinds) => {
                let name = self.slots.names.get(declared);
                let message = format!(
                    "the slot \"{name}\" is kept by line kind, and this tier takes {} kinds",
                    kinds.len()
                );
                let expected = "`kinds` of the tier with the one kind whose slot is meant";
                let help =
                    "write a tier for each kind that has such a slot, or leave `key` out of it";
                value.sink.mendable(value.at(), message, expected, help.to_owned());
                return None;
            }
        };
        u8::try_from(first + behind).ok().map(SlotId::new)
    }
}
