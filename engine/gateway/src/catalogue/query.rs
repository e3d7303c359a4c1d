//! Entries of the catalogue by what is asked of them, page by page (1312 1316 1318 1319). Pages follow the order of the image's table:
//! it is the same for the image's whole life, so pages neither overlap nor leave anything out, and none has to be sorted.

use yidan_image::{EntryText, Image, View};
use yidan_settlement::catalogue::{Class, Entry, Family, Level, List};
use yidan_settlement::date::Day;
use yidan_settlement::id::{Admdvs, EntryId};
use yidan_settlement::money::{Price, Rate};

use super::{chrgitm_lv, flag, is_restricted, last_day, list_type, rid};
use crate::answer::two_digits;
use crate::limits::CATALOGUE_PAGE_ROWS_MAX;

/// What entries are asked for; what is `None` asks nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// `query_date`: they hold on this day.
    pub(crate) on: Option<Day>,
    /// `hilist_code`
    pub(crate) code: Option<String>,
    /// `med_list_codg`: the same code here.
    pub(crate) medical_code: Option<String>,
    /// `hilist_name`: a part of the name.
    pub(crate) name: Option<String>,
    /// `begndate`: they begin on this day or later.
    pub(crate) from: Option<Day>,
    /// `enddate`: their last day is this one or an earlier one.
    pub(crate) to: Option<Day>,
    /// `med_chrgitm_type`
    pub(crate) charge_type: Option<String>,
    /// `chrgitm_lv`
    pub(crate) class: Option<String>,
    /// `lmt_used_flag`
    pub(crate) restricted: Option<String>,
    /// `list_type`
    pub(crate) list: Option<String>,
    /// `med_use_flag`
    pub(crate) medical: Option<String>,
    /// `matn_used_flag`
    pub(crate) maternity: Option<String>,
    /// `lmt_cpnd_type`
    pub(crate) compound: Option<String>,
    /// `vali_flag`
    pub(crate) valid: Option<String>,
    /// `rid`
    pub(crate) rid: Option<String>,
    /// `hilist_lmtpric_type`
    pub(crate) level: Option<String>,
    /// `selfpay_prop_psn_type`
    pub(crate) person: Option<String>,
    /// `selfpay_prop_type`
    pub(crate) share_kind: Option<String>,
}

/// The catalogue of a pool.
#[derive(Copy, Clone)]
pub(crate) struct Pool<'i> {
    image: &'i Image,
    view: View<'i>,
    /// `insu_admdvs`: the division that was asked for; what the catalogue says holds there.
    pub(crate) asked: Admdvs,
    /// `poolarea_no`: the division whose own catalogue it is; `None` where the national one holds.
    pub(crate) own: Option<Admdvs>,
}

/// An entry with its texts.
#[derive(Clone, Debug)]
pub(crate) struct Told<'i> {
    entry: Entry,
    text: EntryText<'i>,
}

/// Which page.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct Paging {
    number: usize,
    size: usize,
}

/// A page.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) struct Page<T> {
    /// `data`
    pub(crate) rows: Vec<T>,
    paging: Paging,
    total: usize,
}

impl<'i> Pool<'i> {
    /// Of a division, or the national one for none; `None` where the image has neither.
    pub(crate) fn of(image: &'i Image, asked: Option<Admdvs>) -> Option<Pool<'i>> {
        let national = image.national()?;
        let asked = asked.unwrap_or(national.admdvs());
        let view = image.region(asked)?;
        let own = (view.admdvs() != national.admdvs()).then_some(view.admdvs());
        Some(Pool { image, view, asked, own })
    }

    fn told(&self, entry: Entry) -> Option<Told<'i>> {
        Some(Told { entry, text: self.view.entry_text(entry.id)? })
    }

    /// `rid` of what a transaction tells of an entry, and of which of its parts.
    pub(crate) fn rid(&self, infno: &str, told: &Told<'_>, part: &str) -> String {
        let (division, from) = (self.view.admdvs().to_string(), told.entry.valid.from.to_string());
        rid(infno, &[&division, told.text.code, &from, part])
    }

    /// `lmt_used_flag`
    pub(crate) fn restricted(&self, told: &Told<'_>) -> &'static str {
        flag(is_restricted(self.image, &told.entry))
    }
}

impl Asked {
    /// The entries that are meant.
    pub(crate) fn entries<'a>(&'a self, pool: &'a Pool<'_>) -> impl Iterator<Item = Entry> + 'a {
        let ids: Box<dyn Iterator<Item = EntryId>> = match (&self.code, &self.medical_code) {
            (Some(insured), Some(medical)) if insured != medical => Box::new(std::iter::empty()),
            (Some(code), _) | (None, Some(code)) => {
                let periods = pool.view.periods(code.as_bytes());
                Box::new(periods.into_iter().map(|entry| entry.id))
            }
            (None, None) => Box::new(pool.view.ids()),
        };
        // What is taken out is not in the image.
        let none = self.valid.as_deref().is_some_and(|flag| flag != "1");
        let ids = ids.take(if none { 0 } else { usize::MAX });
        ids.filter_map(|id| pool.view.entry(id)).filter(|entry| self.takes(pool, entry))
    }

    fn takes(&self, pool: &Pool<'_>, entry: &Entry) -> bool {
        let is = |asked: &Option<String>, told: &str| asked.as_ref().is_none_or(|one| one == told);
        self.on.is_none_or(|day| entry.valid.contains(day))
            && self.from.is_none_or(|day| entry.valid.from >= day)
            && self.to.is_none_or(|day| last_day(entry.valid).is_some_and(|last| last <= day))
            && is(&self.class, chrgitm_lv(entry.class))
            && is(&self.list, list_type(entry.list))
            && is(&self.medical, medical(entry))
            && is(&self.maternity, flag(entry.scope.maternity))
            && is(&self.compound, compound(entry))
            && (self.restricted.is_none()
                || is(&self.restricted, flag(is_restricted(pool.image, entry))))
            && self.takes_text(pool, entry)
    }

    /// Texts lie apart from entries: they are read for those alone that all else takes.
    fn takes_text(&self, pool: &Pool<'_>, entry: &Entry) -> bool {
        if self.name.is_none() && self.charge_type.is_none() {
            return true;
        }
        pool.view.entry_text(entry.id).is_some_and(|text| {
            self.name.as_ref().is_none_or(|part| text.name.contains(part.as_str()))
                && self.charge_type.as_ref().is_none_or(|one| *one == charge_type(&text))
        })
    }

    /// Entries: 1312 1316.
    pub(crate) fn page<'i>(&self, pool: &Pool<'i>, paging: Paging) -> Page<Told<'i>> {
        let page = paging.page(self.entries(pool));
        page.map(|entry| pool.told(entry))
    }

    /// Ceilings by level: 1318.
    pub(crate) fn ceilings<'i>(
        &self,
        pool: &Pool<'i>,
        paging: Paging,
    ) -> Page<(Told<'i>, Level, Price)> {
        let levels = [Level::First, Level::Second, Level::Third];
        let rows = self.entries(pool).flat_map(|entry| {
            levels.into_iter().filter_map(move |level| {
                let price = entry.ceiling_at(level)?;
                Some((entry, level, price))
            })
        });
        let rows = rows.filter(|(entry, level, _)| {
            self.level.as_ref().is_none_or(|one| one == lmtpric_type(*level))
                && self.has_rid(pool, "1318", *entry, lmtpric_type(*level))
        });
        paging
            .page(rows)
            .map(|(entry, level, price)| pool.told(entry).map(|told| (told, level, price)))
    }

    /// First self-pays by family of schemes: 1319.
    pub(crate) fn shares<'i>(
        &self,
        pool: &Pool<'i>,
        paging: Paging,
    ) -> Page<(Told<'i>, Family, Rate)> {
        let other = self.share_kind.as_deref().is_some_and(|kind| kind != FIRST_SELF_PAY);
        let rows = self.entries(pool).take(if other { 0 } else { usize::MAX });
        let rows = rows.flat_map(|entry| {
            let families = [Family::Employee, Family::Resident];
            families.into_iter().map(move |family| (entry, family))
        });
        let rows = rows.filter(|(entry, family)| {
            self.person.as_ref().is_none_or(|one| one == person_type(*family))
                && self.has_rid(pool, "1319", *entry, person_type(*family))
        });
        paging.page(rows).map(|(entry, family)| {
            pool.told(entry).map(|told| (told, family, first_share(&entry, family)))
        })
    }

    fn has_rid(&self, pool: &Pool<'_>, infno: &str, entry: Entry, part: &str) -> bool {
        let Some(asked) = &self.rid else { return true };
        pool.told(entry).is_some_and(|told| pool.rid(infno, &told, part) == *asked)
    }
}

impl<'i> Told<'i> {
    /// Our codes are those of the insurance's catalogue and the medical codes at once.
    pub(crate) fn code(&self) -> &'i str {
        self.text.code
    }

    pub(crate) fn name(&self) -> &'i str {
        self.text.name
    }

    /// `begndate`
    pub(crate) fn from(&self) -> Day {
        self.entry.valid.from
    }

    /// `enddate`: the last day on which it holds.
    pub(crate) fn to(&self) -> Option<Day> {
        last_day(self.entry.valid)
    }

    /// `med_chrgitm_type`
    pub(crate) fn charge_type(&self) -> String {
        charge_type(&self.text)
    }

    /// `chrgitm_lv`
    pub(crate) fn class(&self) -> &'static str {
        chrgitm_lv(self.entry.class)
    }

    /// `list_type`
    pub(crate) fn list(&self) -> &'static str {
        list_type(self.entry.list)
    }

    /// `med_use_flag`
    pub(crate) fn medical(&self) -> &'static str {
        medical(&self.entry)
    }

    /// `matn_used_flag`
    pub(crate) fn maternity(&self) -> &'static str {
        flag(self.entry.scope.maternity)
    }

    /// `lmt_cpnd_type`
    pub(crate) fn compound(&self) -> &'static str {
        compound(&self.entry)
    }
}

impl Paging {
    /// As it was asked for: a page before the first is the first. `None` for pages of no row.
    pub(crate) fn new(page_num: i64, page_size: i64) -> Option<Paging> {
        let size = usize::try_from(page_size).ok().filter(|size| *size > 0)?;
        let number = usize::try_from(page_num.max(1)).unwrap_or(usize::MAX);
        Some(Paging { number, size: size.min(CATALOGUE_PAGE_ROWS_MAX) })
    }

    /// Counts all rows, and keeps those of the page.
    pub(crate) fn page<T>(self, all: impl Iterator<Item = T>) -> Page<T> {
        let first = (self.number - 1).saturating_mul(self.size);
        let (mut rows, mut total) = (Vec::new(), 0);
        for row in all {
            if total >= first && rows.len() < self.size {
                rows.push(row);
            }
            total += 1;
        }
        Page { rows, paging: self, total }
    }
}

impl<T> Page<T> {
    fn map<R>(self, told: impl FnMut(T) -> Option<R>) -> Page<R> {
        let Page { rows, paging, total } = self;
        Page { rows: rows.into_iter().filter_map(told).collect(), paging, total }
    }

    /// `firstPage`
    pub(crate) fn is_first(&self) -> bool {
        self.paging.number == 1
    }

    /// `lastPage`
    pub(crate) fn is_last(&self) -> bool {
        self.paging.number >= self.pages_counted()
    }

    /// `size`: rows of this page.
    pub(crate) fn size(&self) -> i64 {
        number(self.rows.len())
    }

    /// `startRow`: the number of the first row among all, from one; nought where there is none.
    pub(crate) fn start_row(&self) -> i64 {
        if self.rows.is_empty() {
            return 0;
        }
        number((self.paging.number - 1) * self.paging.size + 1)
    }

    /// `pageSize`: as many as are answered at most, where more were asked for.
    pub(crate) fn page_size(&self) -> i64 {
        number(self.paging.size)
    }

    /// `pageNum`
    pub(crate) fn page_num(&self) -> i64 {
        number(self.paging.number)
    }

    /// `recordCounts`
    pub(crate) fn record_counts(&self) -> i64 {
        number(self.total)
    }

    /// `pages`
    pub(crate) fn pages(&self) -> i64 {
        number(self.pages_counted())
    }

    fn pages_counted(&self) -> usize {
        self.total.div_ceil(self.paging.size)
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// `selfpay_prop_type` 10: 目录先自付比例, the only kind that a catalogue here has.
pub(crate) const FIRST_SELF_PAY: &str = "10";

/// `hilist_lmtpric_type`
pub(crate) fn lmtpric_type(level: Level) -> &'static str {
    match level {
        Level::First => "1",
        Level::Second => "2",
        Level::Third => "3",
    }
}

/// `selfpay_prop_psn_type`
pub(crate) fn person_type(family: Family) -> &'static str {
    match family {
        Family::Employee => "310",
        Family::Resident => "390",
    }
}

/// What a member of the family bears first of an illness: all of what its scheme does not take in.
fn first_share(entry: &Entry, family: Family) -> Rate {
    let (pays, [employee, resident]) = (entry.scope, entry.share);
    let (pays, share) = match family {
        Family::Employee => (pays.employee, employee),
        Family::Resident => (pays.resident, resident),
    };
    match entry.class {
        Class::A | Class::B if pays => share,
        Class::A | Class::B | Class::C => Rate::ONE,
    }
}

fn medical(entry: &Entry) -> &'static str {
    flag(entry.scope.employee || entry.scope.resident)
}

/// `lmt_cpnd_type`: pieces that are not paid for at all are not paid for in compounds either; no catalogue here tells the two apart.
fn compound(entry: &Entry) -> &'static str {
    match (entry.list, entry.class) {
        (List::HerbalPiece, Class::A | Class::B) => "1",
        (List::HerbalPiece, Class::C) => "3",
        (
            List::WesternDrug
            | List::PatentMedicine
            | List::InHousePreparation
            | List::Service
            | List::Consumable,
            Class::A | Class::B | Class::C,
        ) => "9",
    }
}

fn charge_type(text: &EntryText<'_>) -> String {
    two_digits(text.charge_type.into()).to_owned()
}

#[cfg(test)]
mod tests;
