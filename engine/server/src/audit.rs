//! Decides every settlement and correction of a journal anew, at its place in history, and compares: under the pack and image it
//! was decided by, byte for byte; under another pack of its pool, amount by amount.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use yidan_image::Image;
use yidan_journal::Batch;
use yidan_journal::format::Kind;
use yidan_pipeline::engine::EngineError;
use yidan_pipeline::fold::Fold;
use yidan_pipeline::world::{Looking, World};
use yidan_settlement::event::{Event, PolicyNames, Record, Refused, Settled};
use yidan_settlement::facts::Text;
use yidan_settlement::id::DiagnosisId;
use yidan_settlement::ledger::{Catalogue, Ledger, LookUp, Room, Shelf};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{FundField, Pack};
use yidan_settlement::stored::{self, Stored};

use crate::told;

/// The packs and images that an audit has at hand.
#[derive(Debug, Default)]
pub struct Archive {
    packs: HashMap<[u8; 32], Arc<Pack>>,
    images: HashMap<[u8; 32], Arc<Image>>,
    /// One for each pair of a pack and an image that was asked for.
    worlds: HashMap<([u8; 32], [u8; 32]), World>,
    /// One for each set of packs, and an image, that a correction asked for.
    sets: HashMap<(Vec<[u8; 32]>, [u8; 32]), World>,
}

/// An audit on its way.
pub struct Audit<P> {
    archive: Archive,
    /// The pack that takes the place of its pool's.
    other: Option<Arc<Pack>>,
    fold: Fold,
    /// Gives a record by its number.
    past: P,
    room: Room,
    audited: Audited,
    /// The pools that settlements are of.
    pools: BTreeSet<String>,
    ended: Option<AuditError>,
}

/// What an audit has seen.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Audited {
    /// Settlements decided anew.
    pub settlements: u64,
    /// Corrections that could not be: what they stand on is archived.
    pub out_of_reach: u64,
}

/// Why an audit cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A pack is not at hand.
    #[error(
        "settlement {settlement} was decided by the pack of pool {pool} with digest {}, which is not at hand: give it with --policies or --policy-was",
        Hex(digest)
    )]
    NoPack {
        /// The settlement.
        settlement: u64,
        /// The pool.
        pool: String,
        /// Digest of the pack.
        digest: [u8; 32],
    },
    /// An image is not at hand.
    #[error(
        "settlement {settlement} was decided by the image with digest {}, which is not at hand: give it with --catalog",
        Hex(digest)
    )]
    NoImage {
        /// The settlement.
        settlement: u64,
        /// Digest of the image.
        digest: [u8; 32],
    },
    /// The journal cannot be folded.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A settlement that comes out otherwise.
#[derive(Debug)]
pub struct Difference {
    /// The settlement.
    pub settlement: u64,
    /// What differs: the field, as it was and as it would be.
    pub fields: Vec<(String, String, String)>,
}

struct Hex<'d>(&'d [u8; 32]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…")
    }
}

impl Archive {
    /// Takes a pack up.
    pub fn add_pack(&mut self, pack: Arc<Pack>) {
        self.packs.insert(pack.data().digest, pack);
    }

    /// Takes an image up.
    pub fn add_image(&mut self, image: Arc<Image>) {
        self.images.insert(image.digest(), image);
    }

    /// The pack of a digest.
    pub fn pack(&self, digest: &[u8; 32]) -> Option<&Arc<Pack>> {
        self.packs.get(digest)
    }

    /// The image of a digest.
    pub fn image(&self, digest: &[u8; 32]) -> Option<&Arc<Image>> {
        self.images.get(digest)
    }
}

/// One pack, whatever place is asked for, or one for each pool; and one image.
struct Fixed<'w, P> {
    world: &'w World,
    /// Whether its one pack is that of every place.
    one: bool,
    past: &'w P,
}

impl<P: Fn(u64) -> Option<Vec<u8>>> Shelf for Fixed<'_, P> {
    type LookUps<'a>
        = Looking<'a>
    where
        Self: 'a;

    fn pack_of(&self, admdvs: &str) -> Option<&Pack> {
        let packs = self.world.packs();
        let loaded = if self.one { packs.first() } else { self.world.pack_of(admdvs) };
        loaded.map(|loaded| &*loaded.pack)
    }

    fn look_up<'a>(&'a self, asked: LookUp<'a>) -> (Option<Catalogue<'a>>, Looking<'a>) {
        self.world.look_up(asked)
    }

    fn diagnoses(&self, codes: &[Text], known: &mut Vec<DiagnosisId>) {
        self.world.diagnoses(codes, known);
    }

    fn record(&self, place: u64) -> Option<Vec<u8>> {
        (self.past)(place)
    }
}

impl<P: Fn(u64) -> Option<Vec<u8>>> Audit<P> {
    /// An audit by what is at hand; `other` takes the place of its pool's packs, and `past` gives records by their numbers.
    pub fn new(archive: Archive, other: Option<Arc<Pack>>, past: P) -> Audit<P> {
        Audit::on(Fold::new(1), archive, other, past)
    }

    /// The same on from a state of one shard.
    pub fn on(mut fold: Fold, mut archive: Archive, other: Option<Arc<Pack>>, past: P) -> Audit<P> {
        if let Some(pack) = &other {
            archive.add_pack(Arc::clone(pack));
            fold.know(&PolicyNames::of(pack));
        }
        let (room, audited, pools) = (Room::default(), Audited::default(), BTreeSet::new());
        Audit { archive, other, fold, past, room, audited, pools, ended: None }
    }

    /// Audits a batch and folds it in; `differs` is told of every settlement that comes out otherwise.
    pub fn batch(&mut self, batch: &Batch<'_>, mut differs: impl FnMut(Difference)) {
        if batch.header.kind != Kind::Records || self.ended.is_some() {
            return;
        }
        for (number, bytes) in (batch.header.first_record..).zip(batch.records()) {
            if let Err(ended) = self.record(number, bytes, &mut differs) {
                self.ended = Some(ended);
                return;
            }
        }
    }

    fn record(
        &mut self,
        number: u64,
        bytes: &[u8],
        differs: &mut impl FnMut(Difference),
    ) -> Result<(), AuditError> {
        let record = stored::whole::<Record>(bytes).ok_or(EngineError::Unreadable { number })?;
        let mut bills: Vec<&Settled> = Vec::new();
        if let Event::Settled(settled) = &record.event {
            bills.push(settled);
        }
        // Under another pack a settlement is compared where it was made.
        if let (Event::Corrected(corrected), None) = (&record.event, &self.other) {
            bills.extend(corrected.adjusted.iter().map(|one| &one.settled));
        }
        if let Some(difference) = self.bills(&record, &bills, bytes)? {
            differs(difference);
        }
        Ok(self.fold.apply(number, &record)?)
    }

    /// The bills of one record, which were decided by one pack and image.
    fn bills(
        &mut self,
        record: &Record,
        bills: &[&Settled],
        bytes: &[u8],
    ) -> Result<Option<Difference>, AuditError> {
        let ([ledger], Some(first)) = (self.fold.ledgers(), bills.first()) else { return Ok(None) };
        let (pool, was) = policy_of(ledger, first.policy);
        if !self.pools.contains(&pool) {
            self.pools.insert(pool.clone());
        }
        let other = self.other.as_ref().filter(|pack| pack.data().pool == pool);
        if self.other.is_some() && other.is_none() {
            return Ok(None);
        }
        let digest = other.map_or(was, |pack| pack.data().digest);
        let image = ledger.catalogues().iter().find(|(seq, _)| *seq == first.catalogue);
        let image = image.map_or([0; 32], |(_, digest)| *digest);
        let settlement = record.seq;
        let (world, one) = if let Event::Corrected(_) = record.event {
            // The member may have moved between pools, and bills that came out the same are not in the record.
            let used = bills.iter().map(|bill| policy_of(ledger, bill.policy));
            (self.archive.world_of(ledger.policies(), used, image, settlement)?, false)
        } else {
            (self.archive.world(digest, image, settlement, &pool)?, true)
        };
        let shelf = Fixed { world, one, past: &self.past };
        let decided = ledger.decide_again(record, &shelf, &mut self.room);
        if decided.as_ref().is_err_and(Refused::is_unreachable) {
            self.audited.out_of_reach += 1;
            return Ok(None);
        }
        self.audited.settlements += bills.len() as u64;
        let fields = match decided {
            Err(refused) => {
                vec![("refused".to_owned(), "no".to_owned(), told::message(refused.reason))]
            }
            Ok(anew) => {
                let mut fields = Vec::new();
                if let Event::Settled(anew) = &anew {
                    fields = differences(first, anew);
                }
                let mut written = Vec::with_capacity(bytes.len());
                Record { event: anew, ..record.clone() }.put(&mut written);
                if self.other.is_none() && written != bytes && fields.is_empty() {
                    fields.push(("bytes".to_owned(), "these".to_owned(), "others".to_owned()));
                }
                fields
            }
        };
        Ok((!fields.is_empty()).then_some(Difference { settlement, fields }))
    }

    /// Given up before anything was audited: what was at hand.
    pub fn give_up(self) -> Archive {
        self.archive
    }

    /// The pools that settlements are of, so far.
    pub fn pools(&self) -> &BTreeSet<String> {
        &self.pools
    }

    /// What was decided anew.
    ///
    /// # Errors
    /// Why it ended before its end.
    pub fn end(self) -> Result<Audited, AuditError> {
        match self.ended {
            Some(ended) => Err(ended),
            None => Ok(self.audited),
        }
    }
}

impl Archive {
    /// The packs that were used, and of every other pool the last that was loaded and is at hand.
    fn world_of<'l>(
        &mut self,
        loaded: impl Iterator<Item = (u64, &'l PolicyNames)>,
        used: impl Iterator<Item = (String, [u8; 32])>,
        image: [u8; 32],
        settlement: u64,
    ) -> Result<&World, AuditError> {
        let mut digests: BTreeMap<String, [u8; 32]> =
            loaded.map(|(_, names)| (names.pool.to_string(), names.digest)).collect();
        let mut needed = BTreeMap::new();
        for (pool, digest) in used {
            digests.insert(pool.clone(), digest);
            needed.insert(pool, digest);
        }
        let set: Vec<[u8; 32]> = digests.values().copied().collect();
        let place = match self.sets.entry((set, image)) {
            Entry::Occupied(known) => return Ok(known.into_mut()),
            Entry::Vacant(place) => place,
        };
        let mut world = World::new();
        for (pool, digest) in digests {
            match self.packs.get(&digest) {
                Some(pack) => world.add_pack(Arc::clone(pack), std::path::Path::new("")),
                None if needed.contains_key(&pool) => {
                    return Err(AuditError::NoPack { settlement, pool, digest });
                }
                None => {}
            }
        }
        if image != [0; 32] {
            let found = self.images.get(&image);
            let found = found.ok_or(AuditError::NoImage { settlement, digest: image })?;
            world.set_image(Arc::clone(found));
        }
        Ok(place.insert(world))
    }

    fn world(
        &mut self,
        pack: [u8; 32],
        image: [u8; 32],
        settlement: u64,
        pool: &str,
    ) -> Result<&World, AuditError> {
        let Archive { packs, images, worlds, .. } = self;
        let world = worlds.entry((pack, image));
        match world {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let found = packs.get(&pack).ok_or_else(|| AuditError::NoPack {
                    settlement,
                    pool: pool.to_owned(),
                    digest: pack,
                })?;
                let mut world = World::new();
                world.add_pack(Arc::clone(found), std::path::Path::new(""));
                if image != [0; 32] {
                    let found = images.get(&image);
                    let found = found.ok_or(AuditError::NoImage { settlement, digest: image })?;
                    world.set_image(Arc::clone(found));
                }
                Ok(place.insert(world))
            }
        }
    }
}

fn policy_of(ledger: &Ledger, seq: u64) -> (String, [u8; 32]) {
    let found = ledger.policies().find(|(known, _)| *known == seq);
    found.map_or_else(Default::default, |(_, names)| (names.pool.to_string(), names.digest))
}

/// What differs between two bills: amounts of the platform's fields.
fn differences(was: &Settled, anew: &Settled) -> Vec<(String, String, String)> {
    let mut fields = Vec::new();
    let mut compare = |name: &str, was: Fen, anew: Fen| {
        if was != anew {
            fields.push((name.to_owned(), was.to_string(), anew.to_string()));
        }
    };
    let (old, new) = (&was.decision, &anew.decision);
    compare("medfee_sumamt", old.total, new.total);
    compare("fulamt_ownpay_amt", old.split.own, new.split.own);
    compare("overlmt_selfpay", old.split.over, new.split.over);
    compare("preselfpay_amt", old.split.pre_pay, new.split.pre_pay);
    compare("inscp_scp_amt", old.split.in_scope, new.split.in_scope);
    for field in FundField::ALL {
        compare(field.name(), old.fund(field), new.fund(field));
    }
    compare("hosp_part_amt", old.hosp_part, new.hosp_part);
    compare("psn_part_amt", old.psn_part, new.psn_part);
    compare("acct_pay", old.account_sum(), new.account_sum());
    compare("acct_mulaid_pay", old.account_family_sum(), new.account_family_sum());
    compare("psn_cash_pay", old.cash, new.cash);
    fields
}
