//! A policy file as a flat list of entries, each a place, a circumstance, a value and its ground: what `show` prints and
//! `diff` compares.

use yidan_settlement::date::Span;
use yidan_settlement::id::SourceId;
use yidan_settlement::pack::{CauseRule, Governs, SecondDeductible, Source, YearRule};

use super::Outline;
use super::condition::RowHead;
use super::labels;
use super::phrase;
use super::tier::{Ruled, TierDraft};

/// One thing a file says.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) struct Entry {
    /// `pack`, `slot "…"`, `tier "…"`.
    pub(super) of: String,
    /// Which part of that: `title`, `deductible`.
    pub(super) part: &'static str,
    /// In which circumstances; empty for all.
    pub(super) when: String,
    pub(super) span: Option<Span>,
    pub(super) value: String,
    pub(super) source: Option<SourceId>,
    pub(super) exception: bool,
    pub(super) line: u32,
}

impl Outline {
    /// All entries in order.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut entries = self.head_entries();
        entries.extend(self.declared_entries());
        let mut before = "";
        for tier in &self.tiers {
            entries.extend(self.tier_entries(tier));
            // Tiers are tried in order, so what comes before is said too.
            let of = format!("tier \"{}\"", tier.name);
            entries.push(plain(of, "after", before.to_owned(), tier.head.line));
            before = &tier.name;
        }
        let account = "account".to_owned();
        entries.extend(rows(&account, "account", &self.accounts, phrase::account));
        entries
    }

    fn head_entries(&self) -> Vec<Entry> {
        let data = &self.heading.data;
        let day = |governs: Governs| match governs {
            Governs::Discharge => "出院",
            Governs::Admission => "入院",
            Governs::Settlement => "结算",
        };
        let dates = data.dates;
        let governs = [
            ("pack", dates.pack),
            ("identity", dates.identity),
            ("filing", dates.filing),
            ("approval", dates.approval),
            ("cover", dates.cover),
            ("age", dates.age),
        ];
        let governs: Vec<String> =
            governs.iter().map(|(what, of)| format!("{what} {}", day(*of))).collect();
        let cause = |rule: CauseRule| match rule {
            CauseRule::Refuse => "拒付",
            CauseRule::Own => "自费",
        };
        let causes = data.causes;
        let values = [
            ("title", data.title.clone()),
            ("from", data.span.from.to_string()),
            ("to", data.span.to.to_string()),
            ("divisions", data.divisions.join("、")),
            ("city", data.city.join("、")),
            ("province", data.province.join("、")),
            ("off_region_from", labels::distance(data.off_region_from).to_owned()),
            (
                "filings",
                data.filings
                    .iter()
                    .map(|filing| labels::filing(*filing))
                    .collect::<Vec<&str>>()
                    .join(" > "),
            ),
            (
                "manual_catalogue",
                if data.manual_takes_treatment_catalogue {
                    "就医地目录"
                } else {
                    "参保地目录"
                }
                .to_owned(),
            ),
            ("example", phrase::yes(data.example)),
            ("dates", governs.join("、")),
            ("year", year(data.year)),
            ("work_injury", cause(causes.work_injury).to_owned()),
            ("third_party", cause(causes.third_party).to_owned()),
            ("accident_without_filing", cause(causes.accident_without_filing).to_owned()),
        ];
        let line = self.heading.line;
        let mut entries: Vec<Entry> = values
            .into_iter()
            .map(|(part, value)| plain("pack".to_owned(), part, value, line))
            .collect();
        if !data.approvals_of.is_empty() {
            let known = &self.heading.known;
            let name =
                |at: &u16| at.checked_sub(2).map_or("其他", |index| known.diseases.get(index));
            let names: Vec<&str> = data.approvals_of.iter().map(name).collect();
            entries.push(plain("pack".to_owned(), "approvals", names.join("、"), line));
        }
        for (part, source) in &self.heading.grounds {
            let of_part = entries.iter_mut().filter(|entry| entry.part == *part);
            of_part.for_each(|entry| entry.source = Some(*source));
        }
        entries
    }

    fn declared_entries(&self) -> Vec<Entry> {
        let (data, known) = (&self.heading.data, &self.heading.known);
        let mut entries = Vec::new();
        for (index, source) in data.sources.iter().enumerate() {
            let of = format!("source \"{}\"", source.id);
            entries.push(plain(of, "document", cited(source), known.sources.line(index)));
        }
        for (index, scheme) in data.schemes.iter().enumerate() {
            let of = format!("scheme \"{}\"", known.schemes.get(number(index)));
            let value = format!("{}（{}）", scheme.name, labels::family(scheme.family));
            entries.push(plain(of, "name", value, known.schemes.line(index)));
        }
        for (index, name) in known.cover_names.iter().enumerate() {
            let of = format!("cover \"{}\"", known.covers.get(number(index)));
            entries.push(plain(of, "name", name.clone(), known.covers.line(index)));
        }
        let named = [
            ("person", "psn_type", &known.persons, &data.person_types),
            ("identity", "types", &known.identities, &data.identity_types),
            ("disease", "codes", &known.diseases, &data.disease_codes),
            ("line_kind", "tags", &known.line_kinds, &data.line_tags),
            ("benefit", "med_type", &known.benefits, &data.visit_types),
        ];
        for (kind, part, names, namings) in named {
            for (index, name) in names.list().enumerate() {
                let texts = namings.iter().filter(|naming| usize::from(naming.index) == index);
                let texts: Vec<String> = texts.map(|naming| naming.text.clone()).collect();
                let of = format!("{kind} \"{name}\"");
                let mut value = texts.join("、");
                if let (true, Some(better)) = (kind == "identity", index.checked_sub(1)) {
                    value += &format!("，次于 {}", names.get(number(better)));
                }
                entries.push(plain(of, part, value, names.line(index)));
            }
        }
        for (index, benefit) in data.benefits.iter().enumerate() {
            let value = format!(
                "{}；{}；{}{}{}{}{}",
                benefit.name,
                labels::setting(benefit.setting),
                labels::agreement(benefit.agreement),
                if benefit.level_of_prescriber { "；级别按开方机构" } else { "" },
                if benefit.maternity { "；生育" } else { "" },
                if benefit.approval { "；须经认定" } else { "" },
                if benefit.work_injury { "；工伤" } else { "" },
            );
            let of = format!("benefit \"{}\"", benefit.id);
            entries.push(plain(of, "name", value, known.benefits.line(index)));
        }
        for (index, name) in known.contributions.list().enumerate() {
            let of = format!("contribution \"{name}\"");
            let line = known.contributions.line(index);
            entries.push(plain(of, "id", name.to_owned(), line));
        }
        for (slot, place) in data.slots.iter().zip(known.slots.places()) {
            let unit = if slot.count { "次数" } else { "金额" };
            let key = if place.by_line_kind { "；分费用类别" } else { labels::key(slot.key) };
            let value = format!("{unit}；{}{key}", labels::scope(slot.scope));
            let of = format!("slot \"{}\"", slot.id);
            entries.push(plain(of, "scope", value, place.line));
        }
        entries
    }

    /// What a tier says: first of all of it, then row by row.
    pub(super) fn tier_entries(&self, tier: &TierDraft) -> Vec<Entry> {
        let of = format!("tier \"{}\"", tier.name);
        let applies = vec![Ruled { head: tier.head.clone(), value: () }];
        let mut entries = rows(&of, "applies", &applies, |()| "适用".to_owned());
        let line = tier.head.line;
        let said = self.tier(tier).into_iter();
        entries.extend(said.map(|(part, value)| plain(of.clone(), part, value, line)));
        entries.extend(rows(&of, "first_share", &tier.first_shares, phrase::first_share));
        entries.extend(rows(&of, "deductible", &tier.deductibles, |v| self.deductible(v)));
        entries.extend(rows(&of, "deductible_factor", &tier.factors, |rate| format!("× {rate}")));
        entries.extend(rows(&of, "band", &tier.bands, |bands| phrase::bands(bands)));
        entries.extend(rows(&of, "change", &tier.changes, |change| self.change(change)));
        entries.extend(rows(&of, "cap", &tier.caps, |cap| self.cap(cap)));
        entries.extend(rows(&of, "floor", &tier.floors, phrase::floor));
        entries.extend(rows(&of, "add", &tier.adds, |add| {
            format!("{} ← {}", self.slot(add.slot), phrase::add_of(add.of))
        }));
        entries
    }

    /// The ground of a value.
    pub(super) fn source(&self, id: SourceId) -> Option<&Source> {
        self.heading.data.sources.get(id.index())
    }
}

/// A source in words: document, date, clause, grade; ⚠ before an assumption.
pub(super) fn cited(source: &Source) -> String {
    let Source { id: _, document, date, clause, grade, note, assumes, assumed_before } = source;
    let warning = if source.is_assumed() { "⚠ " } else { "" };
    let clause = clause.as_ref().map(|clause| format!(" {clause}")).unwrap_or_default();
    let note = note.as_ref().map(|note| format!("；{note}")).unwrap_or_default();
    let assumes = assumes.as_ref().map(|what| format!("；假定：{what}")).unwrap_or_default();
    let before = assumed_before.map(|day| format!("；{day} 前视为同样执行")).unwrap_or_default();
    format!("{warning}{document}（{date}）{clause} [{}]{note}{assumes}{before}", grade.letter())
}

fn year(rule: YearRule) -> String {
    let (only_when_ending, second) = match rule {
        YearRule::Discharge => return "按出院年度".to_owned(),
        YearRule::Split => return "按费用日期分年度".to_owned(),
        YearRule::Cut { only_when_ending, second } => (only_when_ending, second),
    };
    let whom = if only_when_ending { "身份或参保终止者" } else { "全部" };
    let deductible = match second {
        SecondDeductible::Nought => "不再扣起付线".to_owned(),
        SecondDeductible::Full => "另扣起付线".to_owned(),
        SecondDeductible::NoughtFrom { month, day } => {
            format!("{month:02}-{day:02} 起入院的不再扣起付线，此前入院的另扣")
        }
    };
    format!("12 月 31 日结算、1 月 1 日重新入院（{whom}），{deductible}")
}

fn plain(of: String, part: &'static str, value: String, line: u32) -> Entry {
    let when = String::new();
    Entry { of, part, when, span: None, value, source: None, exception: false, line }
}

fn rows<T>(
    of: &str,
    part: &'static str,
    rows: &[Ruled<T>],
    value: impl Fn(&T) -> String,
) -> Vec<Entry> {
    let entry = |row: &Ruled<T>| {
        let RowHead { line, span, condition, exception, source, .. } = &row.head;
        Entry {
            of: of.to_owned(),
            part,
            when: phrase::condition(condition),
            span: Some(*span),
            value: value(&row.value),
            source: Some(*source),
            exception: *exception,
            line: *line,
        }
    };
    rows.iter().map(entry).collect()
}

fn number(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
