//! The editions of a pack: the spans of days between which nothing changes, each with all its tables.

use std::collections::BTreeSet;

use yidan_settlement::date::{Day, Span};
use yidan_settlement::id::TierId;
use yidan_settlement::limits;
use yidan_settlement::pack::{AccountRow, Axis, Base, Edition, PackData, Tier};

use super::condition::RowHead;
use super::finding::Sink;
use super::resolve;
use super::space::Cuts;
use super::table::Maker;
use super::tier::{Ruled, TierDraft};
use super::trouble::Troubles;

/// What the tables are made from. Tiers that could not be read wholly are `None`: their troubles would be false.
pub(super) struct Drafts<'d> {
    pub(super) tiers: Vec<Option<&'d TierDraft>>,
    pub(super) accounts: &'d [Ruled<AccountRow>],
}

/// Makes every edition, in order of date, and reports what is wrong with rows taken together.
pub(super) fn make(sink: &Sink<'_>, data: &PackData, drafts: &Drafts<'_>) -> Vec<Edition> {
    let mut troubles = Troubles::default();
    let mut editions = Vec::new();
    for span in spans(data.span, drafts) {
        let cuts = cuts(drafts, span);
        let mut maker = Maker { data, cuts: &cuts, edition: span, troubles: &mut troubles };
        let tiers: Vec<Tier> =
            drafts.tiers.iter().flatten().map(|draft| maker.tier(draft)).collect();
        let accounts = maker.accounts(drafts.accounts);
        let plans = (0..data.benefits.len()).map(|benefit| plan(&tiers, benefit)).collect();
        editions.push(Edition {
            span,
            tiers,
            plans,
            accounts,
            age_cuts: cuts.ages,
            paid_year_cuts: cuts.paid_years,
            approval_cuts: cuts.approvals,
            fetus_cuts: cuts.fetuses,
        });
    }
    troubles.report(sink);
    unheld(sink, drafts, &troubles);
    pre_pay_twice(sink, drafts, &editions);
    editions
}

/// A tier cannot take in pre-pay of its kinds when an earlier one has paid of pre-pay, which has no kinds any more.
fn pre_pay_twice(sink: &Sink<'_>, drafts: &Drafts<'_>, editions: &[Edition]) {
    let mut told = BTreeSet::new();
    for plan in editions.iter().flat_map(|edition| edition.plans.iter()) {
        let tiers = || plan.iter().filter_map(|id| drafts.tiers.iter().flatten().nth(id.index()));
        let pays = |tier: &TierDraft| matches!(tier.base, Base::Left { parts: [true, ..], .. });
        let Some(first) = tiers().find(|tier| pays(tier)) else { continue };
        let after = tiers().skip_while(|tier| tier.head.at != first.head.at);
        for tier in after.filter(|tier| tier.base == Base::InScopeAndPrePay) {
            if told.insert(tier.head.at) {
                let message = format!(
                    "tier \"{}\" takes in pre-pay, of which tier \"{}\" (line {}) has paid before it",
                    tier.name, first.name, first.head.line
                );
                let help = "write the tier that takes in pre-pay first";
                sink.mendable(tier.head.at, message, "", help.to_owned());
            }
        }
    }
}

/// The spans between the dates on which some row begins or ends.
fn spans(pack: Span, drafts: &Drafts<'_>) -> Vec<Span> {
    let mut days: Vec<Day> = vec![pack.from, pack.to];
    for head in all_heads(drafts) {
        let inside = [head.span.from, head.span.to].into_iter();
        days.extend(inside.filter(|day| pack.from < *day && *day < pack.to));
    }
    days.sort_unstable();
    days.dedup();
    days.windows(2).map(|pair| Span { from: pair[0], to: pair[1] }).collect()
}

fn all_heads<'d>(drafts: &Drafts<'d>) -> impl Iterator<Item = &'d RowHead> {
    let tiers = drafts
        .tiers
        .iter()
        .copied()
        .flatten()
        .flat_map(|draft| std::iter::once(&draft.head).chain(resolve::heads(draft)));
    tiers.chain(drafts.accounts.iter().map(|account| &account.head))
}

/// Where numbers are cut in an edition, by all its tiers together.
fn cuts(drafts: &Drafts<'_>, span: Span) -> Cuts {
    let mut cuts = Cuts::default();
    for head in all_heads(drafts).filter(|head| head.span.overlaps(span)) {
        cuts.take(&head.condition);
    }
    for draft in drafts.tiers.iter().flatten().filter(|draft| draft.head.span.overlaps(span)) {
        for change in draft.changes.iter().filter(|change| change.head.span.overlaps(span)) {
            resolve::change_cuts(change.value.of).for_each(|age| cuts.cut(Axis::Age, age));
        }
        for cap in draft.caps.iter().filter(|cap| cap.head.span.overlaps(span)) {
            let plus = cap.value.plus.iter();
            plus.flat_map(resolve::bonus_cuts).for_each(|n| cuts.cut(Axis::PaidYears, n));
        }
    }
    cuts
}

/// The tiers that can apply to a benefit.
fn plan(tiers: &[Tier], benefit: usize) -> Vec<TierId> {
    let mut plan = Vec::new();
    for (id, tier) in (0_u8..).zip(tiers) {
        let by_benefit = tier.axes.iter().position(|(axis, _)| *axis == Axis::Benefit);
        let applies = match by_benefit {
            // The axis of benefits is the first of all, so its stride is one.
            Some(place) => {
                let next = tier.axes.get(place + 1).map(|(_, stride)| *stride);
                let radix = next.and_then(|next| usize::try_from(next).ok());
                let radix = radix.unwrap_or(tier.cells.len());
                tier.cells.iter().skip(benefit).step_by(radix.max(1)).any(|cell| *cell > 0)
            }
            None => tier.cells.iter().any(|cell| *cell > 0),
        };
        if applies {
            plan.push(TierId::new(id));
        }
    }
    plan
}

/// Warns of rows that hold in no circumstance of any edition.
fn unheld(sink: &Sink<'_>, drafts: &Drafts<'_>, troubles: &Troubles) {
    let accounts = drafts.accounts.iter().map(|account| &account.head);
    for draft in drafts.tiers.iter().flatten() {
        if !troubles.held.contains(&draft.head.at) {
            let message = format!("tier \"{}\" never applies", draft.name);
            sink.warning(draft.head.at, message, "look at its conditions and its span");
            continue;
        }
        for head in resolve::heads(draft).filter(|head| !troubles.held.contains(&head.at)) {
            let message = format!("tier \"{}\": this row never holds", draft.name);
            sink.warning(head.at, message, "look at its conditions and its span");
        }
    }
    for head in accounts.filter(|head| !troubles.held.contains(&head.at)) {
        let message = "this row never holds".to_owned();
        sink.warning(head.at, message, "look at its conditions and its span");
    }
}

/// Whether there are more tiers than a pack may have.
pub(super) fn too_many(tiers: &[TierDraft]) -> Option<&TierDraft> {
    tiers.get(limits::TIERS_MAX)
}
