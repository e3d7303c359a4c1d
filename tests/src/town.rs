//! A town of members, facilities and clients who ask, ask again, cancel, reverse and overtake, all from one seed. The clients
//! keep books of their own, from the answers alone; whoever drives the town compares them with the engine's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use yidan_image::{
    CodeStatus, Contents, EntryContents, Image, NATIONAL, PriceMark, RegionContents,
};
use yidan_settlement::bill::Account;
use yidan_settlement::catalogue::{
    Ceilings, Class, Entry, Found, Known, Level, List, RuleBook, Scope, Terms,
};
use yidan_settlement::claim::{
    AccountUse, AgreementRecord, FilingRecord, HospitalApproval, LineParts, Spell,
};
use yidan_settlement::command::{Command, End, Settle, What, WhichVisit};
use yidan_settlement::date::{Day, Moment, Span};
use yidan_settlement::event::{Correction, Event, PolicyNames, Request, Settled, Undone, Which};
use yidan_settlement::facts::{
    AccidentFact, ApprovalFact, ChargesFacts, FacilityFacts, Filed, FiledKind, FixedFact,
    IdentityFact, LineFacts, MemberFacts, SettleFacts, Text, TotalsFacts, VisitChange, VisitFacts,
};
use yidan_settlement::id::{
    Admdvs, DiagnosisId, EntryId, Insutype, LineKind, RuleId, Tag, VisitId,
};
use yidan_settlement::ledger::{Catalogue, Ledger, LookUp, Member, Shelf};
use yidan_settlement::money::{Fen, Price, Quantity, Rate};
use yidan_settlement::pack::{Channel, Filing, HospitalLevel, Pack};

use crate::random::Dice;

/// Packs, and a catalogue that knows every code by its text.
#[derive(Debug)]
pub struct Packs {
    packs: Vec<Arc<Pack>>,
    rules: RuleBook,
    kinds: Vec<LineKind>,
    digest: [u8; 32],
}

/// A shelf over packs and whatever keeps the records.
#[derive(Clone, Copy, Debug)]
pub struct TownShelf<'p, R> {
    /// The packs.
    pub packs: &'p Packs,
    /// Gives a record by its number.
    pub records: R,
}

impl Packs {
    /// R1, Xining and Jining.
    ///
    /// # Panics
    /// When a curated pack does not compile.
    pub fn curated() -> Packs {
        let texts = [
            ("R1", include_str!("../../catalogs/sources/R1/policy.toml")),
            ("630100", include_str!("../../catalogs/sources/630100/policy.toml")),
            ("370800", include_str!("../../catalogs/sources/370800/policy.toml")),
        ];
        let compile = |(name, text): (&str, &str)| {
            Arc::new(yidan_build::policy::compile(text, name).expect("a curated pack is sound"))
        };
        Packs::new(texts.into_iter().map(compile).collect())
    }

    /// These packs.
    pub fn new(packs: Vec<Arc<Pack>>) -> Packs {
        Packs {
            packs,
            rules: RuleBook::default(),
            kinds: vec![LineKind::default(); 64],
            digest: [9; 32],
        }
    }

    /// All packs.
    pub fn all(&self) -> &[Arc<Pack>] {
        &self.packs
    }

    /// Digest of the catalogue.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

/// What the town's lines are looked up in.
fn found(line: &LineFacts) -> Found {
    match entry(&line.code) {
        Some(entry) => Terms::of(&entry).map_or(Found::NotInForce, Found::Entry),
        None => Found::Unknown,
    }
}

/// What a code means: its first letter is its class, its digits its share and ceiling.
fn entry(code: &str) -> Option<Entry> {
    let class = match code.as_bytes().first() {
        Some(b'A') => Class::A,
        Some(b'B') => Class::B,
        Some(b'C') => Class::C,
        Some(_) | None => return None,
    };
    let number: u32 = code.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let share = Rate::new(u16::try_from(number % 5 * 500).expect("small")).expect("a ratio");
    let ceiling =
        number.is_multiple_of(3).then(|| Price::new(i64::from(number % 90 + 10) * 1_000_000));
    Some(Entry {
        id: EntryId::new(number),
        valid: Span { from: day(2000, 1, 1), to: Day::MAX },
        list: List::WesternDrug,
        class,
        scope: Scope { employee: true, resident: true, maternity: true },
        share: [if class == Class::B { share } else { Rate::ZERO }; 2],
        ceiling: Ceilings::new([ceiling; 3]).expect("a ceiling fits"),
        tag: Tag::new(0),
        rule: RuleId::new(0),
    })
}

/// The codes of lines.
const CODES: u64 = 50;

/// An image of all codes that mean something, as the town's own catalogue has them.
///
/// # Panics
/// When it cannot be written.
pub fn image() -> Image {
    let codes = ["A", "B", "C"]
        .into_iter()
        .flat_map(|class| (0..CODES).map(move |number| format!("{class}{number:03}")));
    let entries = codes.map(|code| EntryContents {
        facts: entry(&code).expect("a class of its own"),
        code: code.as_str().into(),
        name: Arc::from(""),
        source: Arc::from("town"),
        charge_type: 9,
        status: CodeStatus::Shape,
        price_mark: PriceMark::Plausible,
    });
    let admdvs = Admdvs::parse(NATIONAL).expect("the base has a division");
    let national = RegionContents { admdvs, entries: entries.collect() };
    let contents = Contents { regions: vec![national], ..Contents::default() };
    let bytes = contents.encode().unwrap_or_else(|error| panic!("{error}"));
    Image::from_bytes(&bytes).unwrap_or_else(|error| panic!("{error}"))
}

impl<R: Fn(u64) -> Option<Vec<u8>>> Shelf for TownShelf<'_, R> {
    type LookUps<'a>
        = Known<'a>
    where
        Self: 'a;

    fn pack_of(&self, admdvs: &str) -> Option<&Pack> {
        self.packs.packs.iter().find(|pack| pack.data().pool == admdvs).map(|pack| &**pack)
    }

    fn look_up<'a>(&'a self, asked: LookUp<'a>) -> (Option<Catalogue<'a>>, Known<'a>) {
        asked.found.clear();
        asked.found.extend(asked.lines.iter().map(found));
        let Packs { rules, kinds, digest, .. } = self.packs;
        (Some(Catalogue { digest, rules, kinds_of_tags: kinds }), Known::new(asked.found))
    }

    fn diagnoses(&self, _: &[Text], _: &mut Vec<DiagnosisId>) {}

    fn record(&self, place: u64) -> Option<Vec<u8>> {
        (self.records)(place)
    }
}

/// A request that a client sent and may send again.
#[derive(Clone, Debug)]
struct Sent {
    request: Request,
    what: What,
}

/// The town.
#[derive(Debug)]
pub struct Town {
    dice: Dice,
    members: usize,
    begun: usize,
    seq: u64,
    time_ms: u64,
    sent: Vec<Sent>,
    visits: Vec<(String, Text, VisitId)>,
    settlements: Vec<(String, Text, u64)>,
    filings: Vec<(String, Text, u64, FiledKind)>,
    messages: u64,
    opening: Vec<What>,
}

/// Codes of the facilities.
const FACILITIES: [&str; 4] = ["H63010400001", "H37080200002", "H63010200003", "P63010400004"];

impl Town {
    /// A town of so many members.
    pub fn new(seed: u64, members: usize, packs: &Packs) -> Town {
        let mut opening: Vec<What> =
            packs.packs.iter().map(|pack| What::LoadPolicy(PolicyNames::of(pack))).collect();
        opening.push(What::LoadCatalogue(packs.digest));
        opening.extend((0_u32..).zip(FACILITIES).map(|(n, code)| facility(n, code)));
        opening.reverse();
        Town {
            dice: Dice::new(seed),
            members,
            begun: 0,
            seq: 0,
            time_ms: 1_767_225_600_000,
            sent: Vec::new(),
            visits: Vec::new(),
            settlements: Vec::new(),
            filings: Vec::new(),
            messages: 0,
            opening,
        }
    }

    /// The command with a new number and time; what an engine stamps at admission.
    pub fn stamped(&mut self, request: Request, what: What) -> Command {
        self.seq += 1;
        self.time_ms += self.dice.below(60_000);
        let seq = self.seq;
        self.seq += what.numbers() - 1;
        Command { seq, time_ms: self.time_ms, request, what, shares: None }
    }

    /// What time it is in town, milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.time_ms
    }

    /// The bureau replaces all that is known of a member.
    pub fn change_member(&mut self) -> Command {
        let psn = self.some_psn();
        let facts = self.member_facts(&psn);
        self.send("", 2, &psn, What::RegisterMember(facts, Fen::ZERO))
    }

    /// Time passes to the next day, and the bureau closes the one before; or at times the new one, before it is over.
    pub fn end_day(&mut self) -> Command {
        self.time_ms += 86_400_000;
        let today = self.today();
        let closed = if self.dice.percent(10) { today } else { Day::new(today.get() - 1) };
        self.stamped(Request::default(), What::CloseDay(closed))
    }

    /// Goes on after a restart: the numbers from here on are new.
    pub fn set_seq(&mut self, last: u64) {
        self.seq = self.seq.max(last);
    }

    /// The next command: first those that open the town, then what clients ask.
    pub fn next_command(&mut self) -> Command {
        if let Some(what) = self.opening.pop() {
            return self.stamped(Request::default(), what);
        }
        if self.begun < self.members {
            return self.register();
        }
        match self.dice.below(100) {
            // The same request once more, or the same key with other content.
            0..10 if !self.sent.is_empty() => {
                let mut again = self.dice.one(&self.sent).clone();
                if self.dice.percent(10) {
                    again.request.digest[0] ^= 1;
                }
                self.stamped(again.request, again.what)
            }
            10..14 => self.deposit(),
            14..16 => self.about_filing(),
            16..26 => self.open(),
            26..42 if !self.visits.is_empty() => self.about_visit(),
            42..48 if !self.settlements.is_empty() => self.cancel(),
            48..50 if !self.settlements.is_empty() => self.correct(),
            50..58 if !self.sent.is_empty() => self.reverse(),
            58..60 => self.reverse_ahead(),
            _ => self.settle_at_once(),
        }
    }

    /// Notes what an answer gave to go on with.
    pub fn heard(&mut self, command: &Command, event: &Event) {
        let (psn, asker) = (command.request.psn_no.to_string(), command.request.asker.clone());
        if let Event::VisitOpened(_) = event {
            self.visits.push((psn, asker, VisitId::new(command.seq)));
        } else if let Event::Settled(_) = event {
            self.settlements.push((psn, asker, command.seq));
        } else if let Event::Filed(filed, _) = event {
            self.filings.push((psn, asker, command.seq, filed.kind()));
        }
    }

    fn psn_no(n: usize) -> String {
        format!("6301{n:012}")
    }

    fn some_psn(&mut self) -> String {
        Town::psn_no(self.dice.index(self.members))
    }

    fn request(&mut self, asker: &str, infno: u16, psn_no: &str, what: &What) -> Request {
        self.messages += 1;
        let digest = format!("{what:?}").bytes().fold([0_u8; 16], |mut digest, byte| {
            digest.rotate_left(1);
            digest[0] = digest[0].wrapping_mul(31).wrapping_add(byte);
            digest
        });
        let msgid = format!("{asker}{:012}", self.messages);
        Request { asker: asker.into(), infno, msgid: msgid.into(), psn_no: psn_no.into(), digest }
    }

    fn send(&mut self, asker: &str, infno: u16, psn_no: &str, what: What) -> Command {
        let request = self.request(asker, infno, psn_no, &what);
        self.sent.push(Sent { request: request.clone(), what: what.clone() });
        self.stamped(request, what)
    }

    fn register(&mut self) -> Command {
        let n = self.begun;
        self.begun += 1;
        let psn = Town::psn_no(n);
        let facts = self.member_facts(&psn);
        let opening = Fen::new(*self.dice.one(&[0, 30_000, 500_000]));
        self.send("", 0, &psn, What::RegisterMember(facts, opening))
    }

    /// Others whose accounts pay for a member, one of whom nobody may know.
    fn family(&mut self, psn_no: &str) -> Vec<Text> {
        let mut family = Vec::new();
        for _ in 0..self.dice.below(4) {
            let owner = Text::from(Town::psn_no(self.dice.index(self.members + 1)));
            if owner != psn_no && !family.contains(&owner) {
                family.push(owner);
            }
        }
        family
    }

    fn member_facts(&mut self, psn_no: &str) -> MemberFacts {
        let pool = *self.dice.one(&["R1", "630100", "370800"]);
        let employee = self.dice.percent(40);
        let insutype = insutype(if employee { 310 } else { 390 });
        let from = day(2020, 1, 1);
        let identity = match (pool, self.dice.below(8)) {
            ("R1", 0) => Some("R1-1"),
            ("R1", 1) => Some("R1-2"),
            (_, 0) => Some("特困"),
            (_, 1) => Some("低保"),
            _ => None,
        };
        MemberFacts {
            admdvs: pool.into(),
            psn_type: if employee { "11" } else { "1503" }.into(),
            birth: Some(day(1940 + i32::try_from(self.dice.below(60)).expect("small"), 5, 1)),
            spells: Some(vec![Spell {
                insutype,
                span: Span { from, to: Day::MAX },
                waiting_to: from,
            }]),
            identities: identity
                .map(|kind| IdentityFact { kind: kind.into(), span: Span::ALWAYS })
                .into_iter()
                .collect(),
            filings: if self.dice.percent(10) {
                vec![FilingRecord { kind: Filing::Residence, span: Span::ALWAYS, place: None }]
            } else {
                Vec::new()
            },
            approvals: if self.dice.percent(20) {
                let disease = (*self.dice.one(&["M01600", "M03900", "M07800"])).into();
                vec![ApprovalFact { disease, span: Span::ALWAYS, facility: None, limit: None }]
            } else {
                Vec::new()
            },
            family: self.family(psn_no),
            ..MemberFacts::default()
        }
    }

    fn deposit(&mut self) -> Command {
        let psn = self.some_psn();
        let amount = Fen::new(i64::try_from(self.dice.below(100_000)).expect("small"));
        self.send("", 1, &psn, What::Deposit(amount))
    }

    /// Something is filed, or what was filed is withdrawn: by who filed it, or at times by another.
    fn about_filing(&mut self) -> Command {
        if self.dice.percent(40) && !self.filings.is_empty() {
            let (psn, asker, number, kind) = self.dice.one(&self.filings).clone();
            let asker = match self.dice.below(10) {
                0 => Text::from(*self.dice.one(&FACILITIES)),
                1 => Text::default(),
                _ => asker,
            };
            let infno = match kind {
                FiledKind::OffRegion => 2502,
                FiledKind::Disease => 2504,
                FiledKind::Facility | FiledKind::Accident => 2506,
            };
            return self.send(&asker, infno, &psn, What::Unfile(number, kind));
        }
        let psn = self.some_psn();
        let asker = *self.dice.one(&FACILITIES);
        let today = self.today();
        let days = i32::try_from(self.dice.below(60)).expect("small");
        let span = Span { from: today, to: Day::new(today.get() + days) };
        let (infno, filed) = match self.dice.below(4) {
            0 => {
                let code = *self.dice.one(&["370800", "630102"]);
                let place = Admdvs::parse(code);
                (2501, Filed::OffRegion(FilingRecord { kind: Filing::Referral, span, place }))
            }
            1 => {
                let disease = (*self.dice.one(&["M01600", "M03900", "M07800"])).into();
                let approval = ApprovalFact { disease, span, facility: None, limit: None };
                (2503, Filed::Disease(approval))
            }
            2 => {
                let facility = Text::from(*self.dice.one(&FACILITIES));
                let (business, order) = ("01".into(), "1".into());
                (2505, Filed::Facility(FixedFact { business, order, facility, span }))
            }
            _ => (2507, Filed::Accident(AccidentFact { span, injured: Some(today) })),
        };
        self.send(asker, infno, &psn, What::File(filed))
    }

    fn visit_facts(&mut self) -> VisitFacts {
        let disease =
            self.dice.percent(20).then(|| *self.dice.one(&["M01600", "M03900", "M99999"]));
        VisitFacts {
            insutype: insutype(*self.dice.one(&[310, 390])),
            med_type: (*self.dice.one(&["11", "14", "21", "41"])).into(),
            begin: Moment::new(self.today(), 0),
            end: None,
            disease: disease.map(Text::from),
            diagnoses: Vec::new(),
            continues: None,
            accident: false,
            third_party: self.dice.percent(1),
            birth: 0,
            family_planning: 0,
            fetuses: 1,
        }
    }

    fn today(&self) -> Day {
        Day::new(i32::try_from(self.time_ms / 86_400_000).expect("a day"))
    }

    fn how(&mut self) -> SettleFacts {
        let today = Moment::new(self.today(), 0);
        SettleFacts {
            channel: Channel::Direct,
            end: today,
            settled: today,
            account: {
                let uses =
                    [AccountUse::None, AccountUse::Own, AccountUse::Family, AccountUse::Family];
                *self.dice.one(&uses)
            },
            tolerance: Fen::ZERO,
            mid_stay: self.dice.percent(5),
            total: None,
        }
    }

    fn open(&mut self) -> Command {
        let psn = self.some_psn();
        let asker = *self.dice.one(&FACILITIES);
        let facts = self.visit_facts();
        let infno = *self.dice.one(&[2201, 2401]);
        self.send(asker, infno, &psn, What::OpenVisit(facts))
    }

    fn about_visit(&mut self) -> Command {
        let (psn, asker, visit) = self.dice.one(&self.visits).clone();
        match self.dice.below(12) {
            0..5 => {
                let lines = self.lines();
                self.send(&asker, 2204, &psn, What::Upload(visit, lines))
            }
            5 => {
                let which =
                    if self.dice.percent(40) { Which::Batch(self.batch()) } else { Which::All };
                self.send(&asker, 2205, &psn, What::Withdraw(visit, which))
            }
            6 => self.send(&asker, 2202, &psn, What::CloseVisit(visit)),
            7 => {
                let (infno, change) = self.change();
                self.send(&asker, infno, &psn, What::ChangeVisit(visit, change))
            }
            n => {
                let how = SettleFacts { mid_stay: self.dice.percent(30), ..self.how() };
                let visit = match self.dice.percent(50) {
                    true => WhichVisit::Batch(visit, self.batch()),
                    false => WhichVisit::Registered(visit),
                };
                let settle =
                    Settle { end: End::Stated, visit, how, charges: ChargesFacts::Uploaded };
                let (infno, what) = if n == 8 {
                    (2206, What::PreSettle(settle))
                } else {
                    (2207, What::Settle(settle))
                };
                self.send(&asker, infno, &psn, what)
            }
        }
    }

    /// A batch that lines may have been charged in.
    fn batch(&mut self) -> Text {
        (*self.dice.one(&["b1", "b1", "b1", "b2"])).into()
    }

    /// What is said anew of a visit, and by which transaction.
    fn change(&mut self) -> (u16, VisitChange) {
        let end = Moment::new(self.today(), 0);
        match self.dice.below(10) {
            0..3 => (2402, VisitChange { end: Some(Some(end)), ..VisitChange::default() }),
            3..6 => (2405, VisitChange { end: Some(None), ..VisitChange::default() }),
            n => {
                let VisitFacts { med_type, disease, .. } = self.visit_facts();
                let begin = (n == 6).then_some(end);
                let (med_type, disease) = (Some(med_type), Some(disease));
                (2403, VisitChange { med_type, disease, begin, ..VisitChange::default() })
            }
        }
    }

    fn lines(&mut self) -> Vec<LineFacts> {
        let (day, batch) = (self.today(), *self.dice.one(&["", "b1", "b1", "b2"]));
        let line = |dice: &mut Dice, n: u64| {
            let price = i64::try_from(dice.between(1, 300)).expect("small") * 1_000_000;
            let count = i64::try_from(dice.between(1, 5)).expect("small");
            let quantity = Quantity::new(count * 10_000);
            let code = format!("{}{:03}", dice.one(&["A", "A", "B", "C", "X"]), dice.below(CODES));
            LineFacts {
                serial: format!("{n}").into(),
                batch: batch.into(),
                code: code.into(),
                day,
                quantity,
                price: Price::new(price),
                amount: Price::new(price).times(quantity).expect("small"),
                returns: None,
                approval: HospitalApproval::NotGiven,
                prescriber: None,
                days: None,
                maternity: false,
            }
        };
        let first = self.dice.below(1_000_000);
        (0..self.dice.between(1, 6)).map(|n| line(&mut self.dice, first + n)).collect()
    }

    fn settle_at_once(&mut self) -> Command {
        let psn = self.some_psn();
        let asker = *self.dice.one(&FACILITIES);
        let total = Fen::new(1_i64 << self.dice.between(8, 24));
        let own = Fen::new(total.get() / i64::try_from(self.dice.between(3, 20)).expect("small"));
        let in_scope = total.minus(own);
        let parts = LineParts { own, over: Fen::ZERO, pre_pay: Fen::ZERO, in_scope };
        let charges = if self.dice.percent(70) {
            ChargesFacts::Totals(TotalsFacts { total, parts, kinds: Vec::new() })
        } else {
            ChargesFacts::Lines(self.lines())
        };
        let (facts, how) = (self.visit_facts(), self.how());
        let settle = Settle { end: End::Stated, visit: WhichVisit::AtOnce(facts), how, charges };
        self.send(asker, 2102, &psn, What::Settle(settle))
    }

    fn cancel(&mut self) -> Command {
        // Late ones are cancelled more often than early ones, as people do.
        let from = self.settlements.len().saturating_sub(self.dice.index(20) + 1);
        let (psn, asker, settlement) = self.settlements[from].clone();
        self.send(&asker, 2208, &psn, What::Cancel(settlement))
    }

    /// An operator cancels a settlement whatever stands upon it, or has the later ones made anew.
    fn correct(&mut self) -> Command {
        let from = self.settlements.len().saturating_sub(self.dice.index(60) + 1);
        let (psn, _, first) = self.settlements[from].clone();
        let correction = Correction { first, cancel: self.dice.percent(50), day: self.today() };
        self.send("bureau", 0, &psn, What::Correct(correction))
    }

    fn reverse(&mut self) -> Command {
        let from = self.sent.len().saturating_sub(self.dice.index(40) + 1);
        let Request { asker, infno, msgid, psn_no, .. } = self.sent[from].request.clone();
        self.send(&asker, 2601, &psn_no, What::Reverse(infno, msgid))
    }

    /// A reversal that overtakes its original, which is then sent after it.
    fn reverse_ahead(&mut self) -> Command {
        let original = self.settle_at_once();
        let Request { asker, infno, msgid, psn_no, .. } = original.request;
        self.send(&asker, 2601, &psn_no, What::Reverse(infno, msgid))
    }
}

fn day(year: i32, month: i32, day: i32) -> Day {
    Day::from_civil(year, month, day).expect("a day")
}

fn insutype(digits: u16) -> Insutype {
    Insutype::new(digits).expect("three digits")
}

fn facility(n: u32, code: &str) -> What {
    let levels = [
        (HospitalLevel::Third, Level::Third),
        (HospitalLevel::Second, Level::Second),
        (HospitalLevel::First, Level::First),
        (HospitalLevel::Unrated, Level::First),
    ];
    let (level, price_level) = levels[usize::try_from(n).expect("small") % levels.len()];
    let admdvs = Admdvs::parse(&code[1..7]).expect("six digits");
    let agreements: Option<Vec<AgreementRecord>> = None;
    let facts = FacilityFacts { admdvs, level, deductible_level: level, price_level, agreements };
    What::RegisterFacility(code.into(), facts)
}

/// Who pays a bill.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Paid {
    /// Funds, by `fund_pay_type`.
    pub funds: Vec<(u32, Fen)>,
    /// What the facility is owed.
    pub owed: Fen,
    /// What accounts paid.
    pub accounts: Fen,
    /// What the person is owed by adjustments.
    pub person: Fen,
}

impl Paid {
    fn of(settled: &Settled) -> Paid {
        let mut paid = Paid::default();
        for posting in &settled.decision.postings {
            match posting.account {
                Account::FundExpense(fund) => paid.funds.push((fund.get(), posting.amount)),
                Account::OwnAccount | Account::FamilyAccount(_) => {
                    paid.accounts = paid.accounts.plus(posting.amount);
                }
                Account::FacilityPayable => paid.owed = paid.owed.plus(posting.amount),
                Account::PersonPayable => paid.person = paid.person.plus(posting.amount),
            }
        }
        let funds: Fen = paid.funds.iter().map(|(_, fen)| *fen).sum();
        assert_eq!(settled.decision.fund_sum(), funds, "the bill's funds are those posted");
        paid
    }
}

/// What clients know from answers alone: the bills that stand, by settlement.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClientBooks {
    /// The bill of each settlement.
    pub bills: BTreeMap<u64, Paid>,
    /// Settlements that were cancelled.
    pub undone: BTreeSet<u64>,
    /// Paid into accounts.
    pub deposits: Fen,
}

impl ClientBooks {
    /// Notes what happened, as the answer to a command tells it.
    ///
    /// # Panics
    /// When something is undone twice, or a posting is none of the town's.
    pub fn note(&mut self, seq: u64, event: &Event) {
        match event {
            Event::MemberRegistered(_, amount) | Event::Deposited(amount) => {
                self.deposits = self.deposits.plus(*amount);
            }
            Event::Settled(settled) => {
                // A correction of it may be known already, where its own answer was lost.
                self.bills.entry(seq).or_insert_with(|| Paid::of(settled));
            }
            Event::Corrected(corrected) => {
                if let Some((_, cancelled)) = &corrected.cancelled {
                    assert!(self.undone.insert(cancelled.settlement));
                }
                for one in &corrected.adjusted {
                    self.bills.insert(one.settlement, Paid::of(&one.settled));
                }
            }
            Event::Cancelled(cancelled) => assert!(self.undone.insert(cancelled.settlement)),
            Event::Reversed(reversed) => match &reversed.undone {
                Undone::Settlement(cancelled) => assert!(self.undone.insert(cancelled.settlement)),
                Undone::Cancellation(back) => {
                    // The cancellation may have been undone before its own answer came, which then never did.
                    self.undone.remove(&back.settlement);
                }
                Undone::NotYetCome | Undone::Visit(_) | Undone::NoEffect => {}
            },
            Event::FacilityRegistered(_, _)
            | Event::Filed(_, _)
            | Event::Unfiled(_, _)
            | Event::VisitOpened(_)
            | Event::VisitChanged(_, _)
            | Event::VisitClosed(_)
            | Event::LinesUploaded(_, _)
            | Event::LinesWithdrawn(_, _)
            | Event::Refused(_)
            | Event::PolicyLoaded(_)
            | Event::CatalogueLoaded(_)
            | Event::DayClosed(_)
            | Event::FamilyHeld(_)
            | Event::FamilyEnded(_) => {}
        }
    }

    /// Compares with the books of all shards.
    ///
    /// # Panics
    /// When they differ.
    pub fn compare(&self, shards: &[Ledger]) {
        assert_eq!(self.differences(shards), Vec::<String>::new());
    }

    /// Where the books of all shards say something else.
    pub fn differences(&self, shards: &[Ledger]) -> Vec<String> {
        let mut funds: BTreeMap<u32, Fen> = BTreeMap::new();
        for (fund, amount) in shards.iter().flat_map(|shard| &shard.books().funds) {
            let sum = funds.entry(*fund).or_default();
            *sum = sum.plus(*amount);
        }
        funds.retain(|_, amount| !amount.is_zero());
        let facilities = shards.iter().flat_map(Ledger::facilities);
        let payable: Fen = facilities.map(|(_, facility)| facility.payable()).sum();
        let members = shards.iter().flat_map(|shard| shard.members().iter());
        let balances: Fen = members.map(Member::balance).sum();
        // What is held is an account's until it is paid, and what is due from accounts is paid as good as already.
        let held = shards.iter().flat_map(Ledger::holds);
        let held: Fen = held.map(|(_, one)| one.amount.max(Fen::ZERO)).sum();
        let due: Fen = shards.iter().map(|shard| shard.books().family).sum();
        let balances = balances.plus(held).minus(due);
        let settled: u64 = shards.iter().map(|shard| shard.books().settled).sum();
        // What was undone before its own answer came is known from the answer to the undoing alone.
        let known: BTreeSet<u64> = self.bills.keys().chain(&self.undone).copied().collect();
        let held = self.deposits.minus(self.accounts());
        let mut differ = Vec::new();
        let mut compare = |what: &str, same: bool, engine: String, clients: String| {
            if !same {
                differ.push(format!("{what}: the engine has {engine}, clients know {clients}"));
            }
        };
        let own = self.funds();
        compare("what funds paid", funds == own, format!("{funds:?}"), format!("{own:?}"));
        let persons: Fen = shards.iter().map(|shard| shard.books().persons).sum();
        let own: Fen = self.standing().map(|bill| bill.person).sum();
        compare("what persons are owed", persons == own, persons.to_string(), own.to_string());
        let own = self.payable();
        compare("what facilities are owed", payable == own, payable.to_string(), own.to_string());
        compare("what accounts hold", balances == held, balances.to_string(), held.to_string());
        let count = u64::try_from(known.len()).expect("small");
        let open = shards.iter().flat_map(Ledger::holds).count();
        compare("due from family accounts", open > 0 || due.is_zero(), due.to_string(), "0".into());
        compare("settlements", settled == count, settled.to_string(), count.to_string());
        differ
    }

    /// Expense of each fund over the bills that stand.
    pub fn funds(&self) -> BTreeMap<u32, Fen> {
        let mut funds: BTreeMap<u32, Fen> = BTreeMap::new();
        for (fund, amount) in self.standing().flat_map(|paid| &paid.funds) {
            let sum = funds.entry(*fund).or_default();
            *sum = sum.plus(*amount);
        }
        funds.retain(|_, amount| !amount.is_zero());
        funds
    }

    /// What all facilities are owed.
    pub fn payable(&self) -> Fen {
        self.standing().map(|paid| paid.owed).sum()
    }

    /// What accounts paid.
    pub fn accounts(&self) -> Fen {
        self.standing().map(|paid| paid.accounts).sum()
    }

    fn standing(&self) -> impl Iterator<Item = &Paid> {
        self.bills.iter().filter(|(seq, _)| !self.undone.contains(seq)).map(|(_, bill)| bill)
    }
}
