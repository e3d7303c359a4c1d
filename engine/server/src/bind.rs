//! Where strings end: a case is bound to a pack and an image, and becomes the values that the core settles.

use std::collections::{BTreeMap, HashMap};

use yidan_image::View;
use yidan_settlement::catalogue::{Found, Level, Sex};
use yidan_settlement::claim::{
    AccountUse, AgreementRecord, Approval, Charges, Disease, Facility, FeeLine, FilingRecord,
    GivenTotals, HospitalApproval, Identity, LineParts, Member, Spell, Submitted, Visit,
};
use yidan_settlement::date::{Day, Moment, Span};
use yidan_settlement::id::{Admdvs, DiagnosisId, Insutype, LineKind, LineSerial, VisitId};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{Agreement, Channel, Filing, Governs, HospitalLevel, Pack};

use crate::case::{
    AgreementName, Case, ChannelName, Code, DayText, FacilityCase, FilingName, KindCase, LineCase,
    MemberCase, SpellCase,
};
use crate::slots::Labels;
use crate::world::{Loaded, World};

/// A case whose texts have become numbers; it lends itself to the core as a [`Submitted`].
#[derive(Debug)]
pub struct Bound {
    /// Texts by which slots are shown.
    pub labels: Labels,
    /// For each line, what the catalogue gave.
    pub found: Vec<Found>,
    channel: Channel,
    member: BoundMember,
    facility: BoundFacility,
    visit: BoundVisit,
    lines: Option<Vec<FeeLine>>,
    totals: Option<BoundTotals>,
}

#[derive(Debug)]
struct BoundMember {
    scheme: Option<u16>,
    insutype: Insutype,
    person: Option<u16>,
    sex: Option<Sex>,
    birth: Option<Day>,
    civil_servant: bool,
    contribution: Option<u16>,
    paid_years: u16,
    spells: Option<Vec<Spell>>,
    identities: Vec<Identity>,
    filings: Vec<FilingRecord>,
    accident_filings: Vec<Span>,
    approvals: Vec<Approval>,
    pregnancy: Option<Span>,
    balance: Fen,
    family: Vec<Fen>,
}

#[derive(Debug)]
struct BoundFacility {
    admdvs: Admdvs,
    level: HospitalLevel,
    deductible_level: HospitalLevel,
    price_level: Level,
    agreements: Option<Vec<AgreementRecord>>,
}

#[derive(Debug)]
struct BoundVisit {
    benefit: Option<yidan_settlement::id::BenefitId>,
    begin: Moment,
    end: Moment,
    settled: Moment,
    continued: bool,
    disease: Option<Disease>,
    diagnoses: Vec<DiagnosisId>,
    account: AccountUse,
    accident: bool,
    third_party: bool,
    birth: u8,
    family_planning: u8,
    fetuses: u16,
}

/// A field that is well formed and yet means nothing: which, what was found, what was expected.
#[derive(Debug, Clone, Eq, PartialEq, thiserror::Error)]
#[error("field `{field}`: expected {expected}, found {found:?}")]
pub struct BindError {
    /// Path of the field.
    pub field: String,
    /// What stands there.
    pub found: String,
    /// What could stand there.
    pub expected: String,
}

/// What binding may still refuse beyond a field: there is nothing to bind to.
#[derive(Debug, Clone, Eq, PartialEq, thiserror::Error)]
pub enum Unbound {
    /// A field means nothing.
    #[error(transparent)]
    Field(#[from] BindError),
    /// The case has fee lines, and no catalogue image was given.
    #[error("the case has fee lines, and no catalogue image is loaded: give one with --catalog")]
    NoCatalogue,
}

/// A stable number for the case's own stay; its text is in [`Labels`].
const THIS_STAY: VisitId = VisitId::new(0);

/// Binds a case to a pack. `number` names a stay that has no `mdtrt_id`.
///
/// # Errors
/// A field that means nothing, or lines without a catalogue.
pub fn bind(case: &Case, loaded: &Loaded, world: &World, number: u64) -> Result<Bound, Unbound> {
    let pack = &*loaded.pack;
    let facility = bind_facility(&case.facility, case.admdvs.as_deref())?;
    let member = bind_member(&case.member, case, pack)?;
    let visit = bind_visit(case, pack, world)?;
    let view = match &case.lines {
        Some(_) => Some(catalogue(case, pack, world, facility.admdvs)?),
        None => None,
    };
    let lines = case.lines.as_deref().map(bind_lines).transpose()?;
    let found = match (&case.lines, view) {
        (Some(lines), Some(view)) => look_up(lines, view),
        (Some(_) | None, _) => Vec::new(),
    };
    let totals = case.totals.as_ref().map(|totals| bind_totals(totals, pack)).transpose()?;
    if lines.is_some() && totals.is_some() {
        return Err(field("totals", "both", "either `lines` or `totals`").into());
    }
    let channel = match case.channel {
        ChannelName::Direct => Channel::Direct,
        ChannelName::Manual => Channel::Manual,
    };
    Ok(Bound {
        labels: labels(case, pack, &member, facility.admdvs, number),
        found,
        channel,
        member,
        facility,
        visit,
        lines,
        totals,
    })
}

impl Bound {
    /// The case as the core reads it.
    pub fn submitted(&self) -> Submitted<'_> {
        let (member, facility, visit) = (&self.member, &self.facility, &self.visit);
        Submitted {
            channel: self.channel,
            member: Member {
                scheme: member.scheme,
                insutype: member.insutype,
                person: member.person,
                sex: member.sex,
                birth: member.birth,
                civil_servant: member.civil_servant,
                contribution: member.contribution,
                paid_years: member.paid_years,
                spells: member.spells.as_deref(),
                identities: &member.identities,
                filings: &member.filings,
                accident_filings: &member.accident_filings,
                approvals: &member.approvals,
                pregnancy: member.pregnancy,
                balance: member.balance,
                family: &member.family,
            },
            facility: Facility {
                admdvs: facility.admdvs,
                level: facility.level,
                deductible_level: facility.deductible_level,
                price_level: facility.price_level,
                agreements: facility.agreements.as_deref(),
            },
            visit: Visit {
                benefit: visit.benefit,
                begin: visit.begin,
                end: visit.end,
                settled: visit.settled,
                stay: THIS_STAY,
                continued: visit.continued,
                disease: visit.disease,
                diagnoses: &visit.diagnoses,
                account: visit.account,
                accident: visit.accident,
                third_party: visit.third_party,
                birth: visit.birth,
                family_planning: visit.family_planning,
                fetuses: visit.fetuses,
                filing: 0,
            },
            charges: match (&self.lines, &self.totals) {
                (Some(lines), _) => Charges::Lines(lines),
                (None, Some((total, parts, kinds))) => {
                    Charges::Totals(GivenTotals { total: *total, parts: *parts, kinds })
                }
                (None, None) => Charges::Lines(&[]),
            },
            tolerance: Fen::ZERO,
        }
    }

    /// Puts the balance that an earlier case of the member left.
    pub fn set_balance(&mut self, balance: Fen) {
        self.member.balance = balance;
    }
}

fn field(field: &str, found: &str, expected: &str) -> BindError {
    BindError { field: field.to_owned(), found: found.to_owned(), expected: expected.to_owned() }
}

/// The number of a visit, or what stands for it. `number` is that of the case in its input.
pub fn mdtrt_id(case: &Case, number: u64) -> String {
    case.visit.mdtrt_id.clone().unwrap_or_else(|| format!("case-{number}"))
}

fn labels(
    case: &Case,
    pack: &Pack,
    member: &BoundMember,
    treatment: Admdvs,
    number: u64,
) -> Labels {
    let visit = &case.visit;
    let end = visit.endtime.unwrap_or(visit.begntime).0.day();
    let pregnant =
        case.member.pregnancy.as_ref().filter(|one| span(one.from, one.to).contains(end));
    let filing = match (pregnant, &visit.dise_codg) {
        (Some(pregnancy), _) => pregnancy.id.clone(),
        (None, Some(disease)) => disease.clone(),
        (None, None) => {
            let day = match pack.data().dates.filing {
                Governs::Discharge => end,
                Governs::Admission => visit.begntime.0.day(),
                Governs::Settlement => visit.setl_time.map_or(end, |time| time.0.day()),
            };
            referral(&member.filings, treatment, day)
        }
    };
    Labels {
        stay: visit.continues.clone().unwrap_or_else(|| mdtrt_id(case, number)),
        filing,
        disease: visit.dise_codg.clone(),
        insutype: case.member.insutype.clone(),
    }
}

/// The referral to this place that is in force, told from others by the day it begins on.
fn referral(filings: &[FilingRecord], treatment: Admdvs, day: Day) -> String {
    let in_force = filings
        .iter()
        .find(|filing| filing.kind == Filing::Referral && filing.counts(treatment, day));
    match in_force.map(|filing| filing.span.from) {
        Some(from) if from != Day::MIN => format!("referral:{from}"),
        Some(_) | None => "referral".to_owned(),
    }
}

/// The view of the catalogue that the lines of a case are looked up in; `None` without an image or for an unreadable division.
pub fn catalogue_of<'w>(case: &Case, pack: &Pack, world: &'w World) -> Option<View<'w>> {
    let treatment = place_of(&case.facility, case.admdvs.as_deref()).ok()?;
    catalogue(case, pack, world, treatment).ok()
}

/// The view of the catalogue that the channel and the pack ask for.
fn catalogue<'w>(
    case: &Case,
    pack: &Pack,
    world: &'w World,
    treatment: Admdvs,
) -> Result<View<'w>, Unbound> {
    let Some(image) = world.image() else { return Err(Unbound::NoCatalogue) };
    let stated = case.admdvs.as_deref().and_then(Admdvs::parse);
    let insured = stated.or_else(|| own_division(pack)).unwrap_or(treatment);
    let place = match case.channel {
        ChannelName::Direct => treatment,
        ChannelName::Manual if pack.data().manual_takes_treatment_catalogue => treatment,
        ChannelName::Manual => insured,
    };
    image.region(place).ok_or(Unbound::NoCatalogue)
}

/// The division of a pack's pool: its name, or the first of the divisions it names.
fn own_division(pack: &Pack) -> Option<Admdvs> {
    let data = pack.data();
    let named = std::iter::once(&data.pool).chain(&data.divisions);
    named.filter_map(|digits| Admdvs::parse(&format!("{digits:0<6}"))).next()
}

fn look_up(lines: &[LineCase], view: View<'_>) -> Vec<Found> {
    let codes: Vec<(&[u8], Day)> = lines
        .iter()
        .map(|line| (line.med_list_codg.as_bytes(), line.fee_ocur_time.0.day()))
        .collect();
    let mut found = Vec::with_capacity(lines.len());
    view.look_up_all(&codes, &mut found);
    found
}

fn bind_member(member: &MemberCase, case: &Case, pack: &Pack) -> Result<BoundMember, BindError> {
    let insutype = insutype("member.insutype", &member.insutype)?;
    let sex = match member.gend.as_ref().map(|code| code.0.as_str()) {
        None | Some("0" | "9" | "") => None,
        Some("1") => Some(Sex::Male),
        Some("2") => Some(Sex::Female),
        Some(other) => return Err(field("member.gend", other, "0, 1 (男), 2 (女) or 9")),
    };
    let contribution = match &member.contribution_class {
        None => None,
        Some(_) if pack.data().contributions.is_empty() => None,
        Some(class) => Some(pack.contribution(class).ok_or_else(|| {
            let known = pack.data().contributions.join(", ");
            field("member.contribution_class", class, &format!("a class of the pack: {known}"))
        })?),
    };
    let spell = |(index, spell): (usize, &SpellCase)| {
        let path = format!("member.spells[{index}]");
        let span = checked_span(&path, Some(spell.from), spell.to)?;
        let waiting_to = spell.waiting_to.map_or(span.from, |day| day.0);
        let insutype = self::insutype(&format!("{path}.insutype"), &spell.insutype)?;
        Ok(Spell { insutype, span, waiting_to })
    };
    // Given and empty, the member has no cover at all; not given, cover is for ever.
    let spells = member.spells.as_deref();
    let spells = spells
        .map(|spells| spells.iter().enumerate().map(spell).collect::<Result<Vec<_>, BindError>>())
        .transpose()?;
    let mut identities = Vec::new();
    for (index, identity) in member.identities.iter().enumerate() {
        let span =
            checked_span(&format!("member.identities[{index}]"), identity.from, identity.to)?;
        // Classes that the pack does not know give nothing there.
        identities.extend(pack.identity(&identity.r#type).map(|class| Identity { class, span }));
    }
    let mut filings = Vec::new();
    let mut accident_filings = Vec::new();
    for (index, filing) in member.filings.iter().enumerate() {
        let path = format!("member.filings[{index}]");
        let span = checked_span(&path, filing.from, filing.to)?;
        let place = filing
            .admdvs
            .as_deref()
            .map(|text| division(&format!("{path}.admdvs"), text))
            .transpose()?;
        let kind = match filing.r#type {
            FilingName::Residence => Filing::Residence,
            FilingName::Referral => Filing::Referral,
            FilingName::Emergency => Filing::Emergency,
            FilingName::Accident => {
                accident_filings.push(span);
                continue;
            }
        };
        filings.push(FilingRecord { kind, span, place });
    }
    let mut approvals = Vec::new();
    let mut unlisted = BTreeMap::new();
    for (index, approval) in member.approvals.iter().enumerate() {
        let span = checked_span(&format!("member.approvals[{index}]"), approval.from, approval.to)?;
        let here = approval
            .fixmedins_code
            .as_ref()
            .is_none_or(|code| *code == case.facility.fixmedins_code);
        let code = approval.dise_codg.as_str();
        let disease = disease(code, case, pack, || {
            let next = u32::try_from(unlisted.len()).unwrap_or(u32::MAX).saturating_add(1);
            *unlisted.entry(code).or_insert(next)
        });
        approvals.push(Approval {
            disease,
            span,
            here,
            limit: approval.limit.map(|limit| limit.0),
        });
    }
    let pregnancy = match &member.pregnancy {
        Some(one) => Some(checked_span("member.pregnancy", one.from, one.to)?),
        None => None,
    };
    Ok(BoundMember {
        scheme: pack.scheme(insutype),
        insutype,
        person: pack.person(&member.psn_type),
        sex,
        birth: member.brdy.map(|day| day.0),
        civil_servant: member.cvlserv_flag.0,
        contribution,
        paid_years: member.paid_years.map_or(0, |years| years.0),
        spells,
        identities,
        filings,
        accident_filings,
        approvals,
        pregnancy,
        balance: member.balc.map_or(Fen::ZERO, |balance| balance.0),
        family: member.mulaid.iter().flatten().map(|one| one.balc.0).collect(),
    })
}

/// A disease by the pack's number; of the others the visit's own is nought, and each further code has a number of its own.
fn disease(code: &str, case: &Case, pack: &Pack, further: impl FnOnce() -> u32) -> Disease {
    match pack.disease(code) {
        Some(listed) => Disease::Listed(listed),
        None if case.visit.dise_codg.as_deref() == Some(code) => Disease::Other(0),
        None => Disease::Other(further()),
    }
}

fn bind_facility(facility: &FacilityCase, pool: Option<&str>) -> Result<BoundFacility, BindError> {
    let level = hospital_level("facility.hosp_lv", &facility.hosp_lv)?;
    let (deductible, price) = (facility.dedc_hosp_lv.as_ref(), facility.lmtpric_hosp_lv.as_ref());
    let deductible_level = match deductible {
        None => level,
        Some(code) => match three_levels("facility.dedc_hosp_lv", code)? {
            Level::First => HospitalLevel::First,
            Level::Second => HospitalLevel::Second,
            Level::Third => HospitalLevel::Third,
        },
    };
    let price_level = match price {
        Some(code) => three_levels("facility.lmtpric_hosp_lv", code)?,
        None => match level {
            HospitalLevel::Third => Level::Third,
            HospitalLevel::Second => Level::Second,
            HospitalLevel::First | HospitalLevel::Unrated => Level::First,
        },
    };
    let mut agreements = facility.agreements.as_ref().map(|all| Vec::with_capacity(all.len()));
    for (index, agreement) in facility.agreements.iter().flatten().enumerate() {
        let span =
            checked_span(&format!("facility.agreements[{index}]"), agreement.from, agreement.to)?;
        let kinds = agreement.r#for.iter().map(|name| match name {
            AgreementName::Inpatient => Agreement::Inpatient,
            AgreementName::Outpatient => Agreement::Outpatient,
            AgreementName::Chronic => Agreement::Chronic,
            AgreementName::Pharmacy => Agreement::Pharmacy,
        });
        if let Some(all) = &mut agreements {
            all.extend(kinds.map(|kind| AgreementRecord { kind, span }));
        }
    }
    let admdvs = place_of(facility, pool)?;
    Ok(BoundFacility { admdvs, level, deductible_level, price_level, agreements })
}

/// Where a facility is. A pool that is no division (R1) is its own place.
fn place_of(facility: &FacilityCase, pool: Option<&str>) -> Result<Admdvs, BindError> {
    match Admdvs::parse(yidan_image::NATIONAL) {
        Some(nowhere)
            if Some(facility.admdvs.as_str()) == pool && pool.and_then(Admdvs::parse).is_none() =>
        {
            Ok(nowhere)
        }
        Some(_) | None => division("facility.admdvs", &facility.admdvs),
    }
}

fn bind_visit(case: &Case, pack: &Pack, world: &World) -> Result<BoundVisit, BindError> {
    let visit = &case.visit;
    let begin = visit.begntime.0;
    let end = visit.endtime.map_or(begin, |time| time.0);
    let account = match visit.acct_used_flag.as_ref().map(|code| code.0.as_str()) {
        None | Some("0" | "") => AccountUse::None,
        Some("1") => AccountUse::Own,
        Some("2") => AccountUse::Family,
        Some(other) => {
            return Err(field(
                "visit.acct_used_flag",
                other,
                "0, 1 (own account) or 2 (family accounts)",
            ));
        }
    };
    let digit = |name: &str, code: &Option<Code>| match code.as_ref().map(|code| code.0.as_str()) {
        None | Some("") => Ok(0),
        Some(text) => match text.trim_start_matches('0').parse::<u8>() {
            Ok(digit @ 1..=9) => Ok(digit),
            Ok(_) | Err(_) => Err(field(name, text, "a digit from 1 to 9")),
        },
    };
    let fetuses = visit.fetts.map_or(1, |count| count.0).max(1);
    let diagnoses = match world.image() {
        Some(image) => visit.diagnoses.iter().filter_map(|code| diagnosis(image, code)).collect(),
        None => Vec::new(),
    };
    Ok(BoundVisit {
        benefit: pack.benefit(&visit.med_type.0),
        begin,
        end,
        settled: visit.setl_time.map_or(end, |time| time.0),
        continued: visit.continues.is_some(),
        disease: visit.dise_codg.as_deref().map(|code| disease(code, case, pack, || 0)),
        diagnoses,
        account,
        accident: visit.trum_flag.0,
        third_party: visit.rel_ttp_flag.0,
        birth: digit("visit.matn_type", &visit.matn_type)?,
        family_planning: digit("visit.birctrl_type", &visit.birctrl_type)?,
        fetuses,
    })
}

/// The diagnosis of a code, or of the longest listed code that it is a finer form of.
fn diagnosis(image: &yidan_image::Image, code: &str) -> Option<DiagnosisId> {
    let shorter = (3..=code.len()).rev().filter_map(|length| code.get(..length));
    shorter.into_iter().find_map(|code| image.diagnosis(code))
}

fn bind_lines(lines: &[LineCase]) -> Result<Vec<FeeLine>, BindError> {
    let mut serials: HashMap<&str, u32> = HashMap::with_capacity(lines.len());
    let mut codes: HashMap<&str, u32> = HashMap::with_capacity(lines.len());
    let number = |map: &HashMap<&str, u32>| u32::try_from(map.len()).unwrap_or(u32::MAX);
    let mut bound = Vec::with_capacity(lines.len());
    for line in lines {
        let (next_serial, next_code) = (number(&serials), number(&codes));
        let serial = *serials.entry(&line.feedetl_sn.0).or_insert(next_serial);
        let code = *codes.entry(&line.med_list_codg).or_insert(next_code);
        bound.push((LineSerial::new(serial), code));
    }
    let unknown = LineSerial::new(u32::MAX);
    let line = |(index, (line, (serial, code))): (usize, (&LineCase, (LineSerial, u32)))| {
        let path = |name: &str| format!("lines[{index}].{name}");
        // A return that names a serial no line has keeps a number that no line has: the core refuses it by name.
        let named =
            |code: &Code| serials.get(code.0.as_str()).copied().map_or(unknown, LineSerial::new);
        let approval = match line.hosp_appr_flag.as_ref().map(|code| code.0.as_str()) {
            None | Some("0" | "") => HospitalApproval::NotGiven,
            Some("1") => HospitalApproval::Given,
            Some("2") => HospitalApproval::Declined,
            Some(other) => {
                return Err(field(
                    &path("hosp_appr_flag"),
                    other,
                    "0, 1 (approved) or 2 (declined)",
                ));
            }
        };
        let level = |code: &Code| hospital_level(&path("rx_hosp_lv"), code);
        Ok(FeeLine {
            serial,
            code,
            day: line.fee_ocur_time.0.day(),
            quantity: line.cnt.0,
            price: line.pric.0,
            amount: line.det_item_fee_sumamt.0,
            returns: line.init_feedetl_sn.as_ref().filter(|code| !code.0.is_empty()).map(named),
            approval,
            // Only of an outside prescription is the level that of another hospital.
            prescriber: line
                .rx_hosp_lv
                .as_ref()
                .map(level)
                .transpose()?
                .filter(|_| line.rx_circ_flag.0),
            days: line.prd_days.map(|days| days.0),
            maternity: line.matn_fee_flag.0,
        })
    };
    lines.iter().zip(bound).enumerate().map(line).collect()
}

type BoundTotals = (Fen, LineParts, Vec<(LineKind, LineParts)>);

fn bind_totals(totals: &crate::case::TotalsCase, pack: &Pack) -> Result<BoundTotals, BindError> {
    let parts = LineParts {
        own: totals.fulamt_ownpay_amt.0,
        over: totals.overlmt_selfpay.0,
        pre_pay: totals.preselfpay_amt.0,
        in_scope: totals.inscp_scp_amt.0,
    };
    let kind = |(name, kind): (&String, &KindCase)| {
        let place = pack.data().line_kinds.iter().position(|known| known == name);
        let Some(place) = place.and_then(|place| u8::try_from(place).ok()) else {
            let known = pack.data().line_kinds.join(", ");
            return Err(field("totals.kinds", name, &format!("a line kind of the pack: {known}")));
        };
        let parts = LineParts {
            own: kind.fulamt_ownpay_amt.0,
            over: kind.overlmt_selfpay.0,
            pre_pay: kind.preselfpay_amt.0,
            in_scope: kind.inscp_scp_amt.0,
        };
        Ok((LineKind::new(place), parts))
    };
    // Ordinary is what the others leave: said outright, it is left to be that.
    let others = totals.kinds.iter().filter(|(name, _)| *name != "ordinary");
    Ok((totals.medfee_sumamt.0, parts, others.map(kind).collect::<Result<_, _>>()?))
}

fn insutype(path: &str, text: &str) -> Result<Insutype, BindError> {
    Insutype::parse(text)
        .ok_or_else(|| field(path, text, "an insutype of three digits, as 310 or 390"))
}

fn division(path: &str, text: &str) -> Result<Admdvs, BindError> {
    Admdvs::parse(text).ok_or_else(|| field(path, text, "a division of six digits, as 630103"))
}

/// A level by its name, or by its code of the `hosp_lv` table.
pub(crate) fn hospital_level(path: &str, code: &Code) -> Result<HospitalLevel, BindError> {
    let text = code.0.as_str();
    let named = [
        ("三级", HospitalLevel::Third),
        ("二级", HospitalLevel::Second),
        ("一级", HospitalLevel::First),
        ("未定级", HospitalLevel::Unrated),
        ("无等级", HospitalLevel::Unrated),
    ];
    if let Some((_, level)) = named.iter().find(|(name, _)| text.starts_with(name)) {
        return Ok(*level);
    }
    match text.parse::<u8>() {
        Ok(1..=4 | 12) => Ok(HospitalLevel::Third),
        Ok(5..=7 | 13) => Ok(HospitalLevel::Second),
        Ok(8..=10 | 14) => Ok(HospitalLevel::First),
        Ok(11) => Ok(HospitalLevel::Unrated),
        Ok(_) | Err(_) => Err(field(
            path,
            text,
            "a level's name (三级甲等, 二级, 未定级 …) or its code 01–14 of the hosp_lv table",
        )),
    }
}

fn three_levels(path: &str, code: &Code) -> Result<Level, BindError> {
    match code.0.trim_start_matches('0') {
        "1" => Ok(Level::First),
        "2" => Ok(Level::Second),
        "3" => Ok(Level::Third),
        other => Err(field(path, other, "1 (一级及以下), 2 (二级) or 3 (三级)")),
    }
}

fn span(from: Option<DayText>, to: Option<DayText>) -> Span {
    Span { from: from.map_or(Day::MIN, |day| day.0), to: to.map_or(Day::MAX, |day| day.0) }
}

fn checked_span(path: &str, from: Option<DayText>, to: Option<DayText>) -> Result<Span, BindError> {
    let span = span(from, to);
    if span.from >= span.to {
        let found = format!("{} to {}", span.from, span.to);
        return Err(field(path, &found, "`from` before `to`, which is the first day not inside"));
    }
    Ok(span)
}
