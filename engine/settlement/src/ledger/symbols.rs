//! Texts that many slots share, each with a number: names of slots, diseases, groups and filings. Nought stands for none.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The number of a text.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Default)]
pub struct Symbol(u32);

/// Texts and their numbers.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    texts: Vec<Box<str>>,
    numbers: BTreeMap<Box<str>, u32>,
}

impl Symbol {
    /// No text.
    pub const NONE: Symbol = Symbol(0);

    /// The symbol of a number.
    pub(super) fn of(number: u32) -> Symbol {
        Symbol(number)
    }

    /// Its number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl Symbols {
    /// The number of a text that has one.
    pub fn find(&self, text: &str) -> Option<Symbol> {
        self.numbers.get(text).copied().map(Symbol)
    }

    /// The number of a text, which it is given where it has none.
    pub fn intern(&mut self, text: &str) -> Symbol {
        if let Some(symbol) = self.find(text) {
            return symbol;
        }
        self.texts.push(text.into());
        // More texts than numbers would need 4 billion names; the last number would then be shared, and nothing lost.
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.numbers.insert(text.into(), number);
        Symbol(number)
    }

    /// All texts, from number 1 on.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }

    /// The text of a number; empty for none.
    pub fn text(&self, symbol: Symbol) -> &str {
        let place = usize::try_from(symbol.0).ok().and_then(|number| number.checked_sub(1));
        place.and_then(|place| self.texts.get(place)).map_or("", |text| text)
    }
}
