//! What a record only points at: other records, and the names behind the numbers of packs and images. What is not at hand is not
//! guessed: it is shown by its number, and why is kept to be told.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use yidan_settlement::admit::{Period, SlotKey};
use yidan_settlement::catalogue::Class;
use yidan_settlement::event::{Event, KeyedBy, PolicyNames, Record, Settled, SlotLabels};
use yidan_settlement::facts::{ChargesFacts, FacilityFacts, LineFacts, Text};
use yidan_settlement::id::Insutype;
use yidan_settlement::ledger::Ledger;
use yidan_settlement::pack::Pack;
use yidan_settlement::stored;

use crate::audit::Archive;
use crate::slots::Labels;
use crate::world::World;

/// How far from its place by order a record is looked for. Commands of several shards are journaled out of order by about what waits in their
/// queues: a guess, and one that is further off counts as not here, which is told.
const NEAR: u64 = yidan_pipeline::limits::QUEUE as u64;

/// What a record points at.
pub struct Past<'p> {
    fetch: Box<dyn Fn(u64) -> Option<Vec<u8>> + 'p>,
    records: Range<u64>,
    /// What every shard knows, of records that are archived.
    archived: Box<dyn Fn() -> Option<Ledger> + 'p>,
    shared: OnceCell<Option<Ledger>>,
    at_hand: &'p Archive,
    by_command: RefCell<BTreeMap<u64, Option<Rc<Record>>>>,
    missing: RefCell<BTreeSet<String>>,
}

/// The pack of a settlement.
pub(super) struct Policy {
    /// The names behind its numbers.
    pub(super) names: PolicyNames,
    /// The pack itself, where it is at hand.
    pub(super) pack: Option<Arc<Pack>>,
}

impl<'p> Past<'p> {
    /// `fetch` gives the bytes of a record that is in `records`; `archived` what was known to all before these.
    pub fn new(
        records: Range<u64>,
        at_hand: &'p Archive,
        fetch: impl Fn(u64) -> Option<Vec<u8>> + 'p,
        archived: impl Fn() -> Option<Ledger> + 'p,
    ) -> Past<'p> {
        Past {
            fetch: Box::new(fetch),
            records,
            archived: Box::new(archived),
            shared: OnceCell::new(),
            at_hand,
            by_command: RefCell::default(),
            missing: RefCell::default(),
        }
    }

    /// What was not at hand so far, each once.
    pub fn missing(&self) -> Vec<String> {
        self.missing.borrow().iter().cloned().collect()
    }

    /// The record of a number.
    pub(super) fn record(&self, number: u64) -> Option<Record> {
        (self.fetch)(number).and_then(|bytes| stored::whole(&bytes))
    }

    /// The record of a command that concerned all members. Records stand in the order of their commands but for what waited for
    /// another shard, so it is found by halves, and else near by. A command has at most one record, so its number is not below that.
    fn of_command(&self, seq: u64) -> Option<Rc<Record>> {
        if let Some(known) = self.by_command.borrow().get(&seq) {
            return known.clone();
        }
        let found = self.find(seq).map(Rc::new);
        self.by_command.borrow_mut().insert(seq, found.clone());
        found
    }

    fn find(&self, seq: u64) -> Option<Record> {
        let Range { start, end } = self.records;
        let (mut from, mut to) = (start, end.min(seq.saturating_add(1)));
        while from < to {
            let middle = from + (to - from) / 2;
            if self.record(middle)?.seq < seq { from = middle + 1 } else { to = middle }
        }
        let near = (0..NEAR).flat_map(|far| [from.checked_add(far), from.checked_sub(far)]);
        let near = near.flatten().filter(|number| (start..end).contains(number));
        near.filter_map(|number| self.record(number)).find(|record| record.seq == seq)
    }

    /// What every shard knew where the first record that is here begins.
    fn shared(&self) -> Option<&Ledger> {
        self.shared.get_or_init(|| (self.archived)()).as_ref()
    }

    /// The pack that a command loaded.
    pub(super) fn policy(&self, seq: u64) -> Option<Policy> {
        let here = self.of_command(seq).and_then(|record| {
            let Event::PolicyLoaded(names) = &record.event else { return None };
            Some(names.clone())
        });
        let archived = || {
            let mut known = self.shared()?.policies();
            known.find(|(known, _)| *known == seq).map(|(_, names)| names.clone())
        };
        let Some(names) = here.or_else(archived) else {
            self.lacks(format!(
                "the record of command {seq}, which loaded a pack, is not here: slots and tiers are shown by number"
            ));
            return None;
        };
        let pack = self.at_hand.pack(&names.digest).cloned();
        if pack.is_none() {
            self.lacks(format!(
                "the pack of pool {} with digest {} is not at hand: its tiers are shown by number, without documents. \
                 Give it with --policies or --policy-was",
                names.pool,
                super::hex(&names.digest)
            ));
        }
        Some(Policy { names, pack })
    }

    /// The digest of the image that a command loaded.
    pub(super) fn image(&self, seq: u64) -> Option<[u8; 32]> {
        let here = self.of_command(seq).and_then(|record| {
            let Event::CatalogueLoaded(digest) = record.event else { return None };
            Some(digest)
        });
        here.or_else(|| {
            let known = self.shared()?.catalogues();
            known.iter().find(|(known, _)| *known == seq).map(|(_, digest)| *digest)
        })
    }

    /// What was known of a facility from a command on.
    fn facility(&self, code: &str, seq: u64) -> Option<FacilityFacts> {
        let here = self.of_command(seq).and_then(|record| {
            let Event::FacilityRegistered(known, facts) = &record.event else { return None };
            (known == code).then(|| facts.clone())
        });
        here.or_else(|| self.shared()?.facility(code)?.facts_of(seq).cloned())
    }

    /// The lines that a settlement took in; `None` where it has none, or where a record of them is not here.
    pub(super) fn lines(&self, settled: &Settled) -> Option<Vec<LineFacts>> {
        match &settled.charges {
            ChargesFacts::Lines(lines) => Some(lines.clone()),
            ChargesFacts::Totals(_) => None,
            ChargesFacts::Uploaded => {
                let mut all = Vec::new();
                for run in settled.sources.iter().flatten() {
                    let Some(record) = self.record(run.place) else {
                        self.lacks(format!(
                            "record {}, which has lines of a settlement, is not here: they are shown without serials and codes",
                            run.place
                        ));
                        return None;
                    };
                    let Event::LinesUploaded(_, lines) = record.event else { return None };
                    let (from, count) = (usize::try_from(run.from), usize::try_from(run.count));
                    all.extend(lines.into_iter().skip(from.ok()?).take(count.ok()?));
                }
                Some(all)
            }
        }
    }

    /// The class that the catalogue gives each line of a settlement, where its image is at hand.
    pub(super) fn classes(
        &self,
        settled: &Settled,
        lines: &[LineFacts],
        pack: &Pack,
        facility: &str,
    ) -> Option<Vec<Option<Class>>> {
        let digest = self.image(settled.catalogue)?;
        let Some(image) = self.at_hand.image(&digest) else {
            self.lacks(format!(
                "the image with digest {} is not at hand: lines are shown without their class. Give it with --catalog",
                super::hex(&digest)
            ));
            return None;
        };
        let mut world = World::new();
        world.set_image(Arc::clone(image));
        let Some(known) = self.facility(facility, settled.facility) else {
            self.lacks(format!("what was known of facility {facility} is not here: lines are shown without their class"));
            return None;
        };
        let treatment = known.admdvs;
        let insured = self.record(settled.known).and_then(|record| {
            let (Event::MemberRegistered(facts, _)
            | Event::Filed(_, facts)
            | Event::Unfiled(_, facts)) = record.event
            else {
                return None;
            };
            Some(facts.admdvs)
        });
        if insured.is_none() {
            // Another region's catalogue may have put it into another class.
            self.lacks(format!(
                "record {}, which has the member, is not here: lines are shown without their class",
                settled.known
            ));
            return None;
        }
        let view = world.catalogue(pack, settled.how.channel, insured.as_deref(), treatment)?;
        let outcomes = settled.decision.lines.iter().zip(lines);
        let class = outcomes.map(|(outcome, line)| {
            let id = outcome.entry?;
            let same = view.entry_text(id).is_some_and(|text| text.code == line.code);
            view.entry(id).filter(|_| same).map(|entry| entry.class)
        });
        Some(class.collect())
    }

    fn lacks(&self, what: String) {
        self.missing.borrow_mut().insert(what);
    }
}

/// The period of a slot's key and the slot with its sub-key, as `state member` names them.
pub(super) fn slot_name(
    key: SlotKey,
    labels: &SlotLabels,
    policy: Option<&Policy>,
) -> (String, String) {
    let stay = if let Period::Stay(visit, _) = key.period {
        visit.get().to_string()
    } else {
        String::new()
    };
    let filing = labels.filing.to_string();
    let period = Labels { stay, filing, ..Labels::default() }.period(key.period);
    let known = policy.and_then(|policy| {
        let (name, by) = policy.names.slots.get(key.slot.index())?;
        Some((policy, name, *by))
    });
    let number = usize::try_from(key.sub).ok().and_then(|sub| sub.checked_sub(1));
    let (Some((policy, name, by)), Some(number)) = (known, number) else {
        let slot = known.map(|(_, name, _)| name.to_string());
        return (period, slot.unwrap_or_else(|| format!("slot {}", key.slot.get())));
    };
    let text = |texts: &[Text]| texts.get(number).map(ToString::to_string);
    let sub = match by {
        KeyedBy::Nothing => None,
        KeyedBy::Disease if key.unlisted_disease().is_some() => {
            labels.disease.as_ref().map(ToString::to_string)
        }
        KeyedBy::Disease => text(&policy.names.diseases),
        KeyedBy::Group => text(&policy.names.groups),
        KeyedBy::Scheme => Insutype::new(labels.insutype).map(|insutype| insutype.to_string()),
    };
    (period, sub.map_or_else(|| name.to_string(), |sub| format!("{name}[{sub}]")))
}
