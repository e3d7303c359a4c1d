//! What is wrong with rows taken together, gathered over all editions of a pack, so that each trouble is told once with its dates.

use std::collections::BTreeSet;

use yidan_settlement::date::Span;

use super::finding::Sink;

/// Troubles found while tables are made, and which rows ever held.
#[derive(Default)]
pub(super) struct Troubles {
    list: Vec<Trouble>,
    /// Where the rows stand that held somewhere.
    pub(super) held: BTreeSet<usize>,
}

struct Trouble {
    at: usize,
    message: String,
    expected: String,
    help: String,
    /// The days it is found on, in order, neighbours joined.
    spans: Vec<Span>,
    /// The days it could be found on.
    life: Span,
}

/// A trouble with no dates yet.
pub(super) struct Told {
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) expected: &'static str,
    pub(super) help: &'static str,
}

impl Troubles {
    /// Takes in a trouble of one edition; editions come in order.
    pub(super) fn tell(&mut self, told: Told, edition: Span, life: Span) {
        let Told { at, message, expected, help } = told;
        let known = self.list.iter_mut().find(|one| one.at == at && one.message == message);
        match known.map(|one| &mut one.spans) {
            Some(spans) => match spans.last_mut() {
                Some(last) if last.to == edition.from => last.to = edition.to,
                _ => spans.push(edition),
            },
            None => self.list.push(Trouble {
                at,
                message,
                expected: expected.to_owned(),
                help: help.to_owned(),
                spans: vec![edition],
                life,
            }),
        }
    }

    /// Reports all.
    pub(super) fn report(&self, sink: &Sink<'_>) {
        for Trouble { at, message, expected, help, spans, life } in &self.list {
            let always =
                matches!(spans.as_slice(), [one] if one.from <= life.from && life.to <= one.to);
            let dates: Vec<String> =
                spans.iter().map(|span| format!("from {} to {}", span.from, span.to)).collect();
            let dated = match always {
                true => message.clone(),
                false => format!("{message}; {}", dates.join(", ")),
            };
            match help.is_empty() {
                true => sink.unexpected(*at, dated, expected),
                false => sink.mendable(*at, dated, expected, help.clone()),
            }
        }
    }
}

/// The days that two spans share.
pub(super) fn shared(a: Span, b: Span) -> Span {
    Span { from: a.from.max(b.from), to: a.to.min(b.to) }
}
