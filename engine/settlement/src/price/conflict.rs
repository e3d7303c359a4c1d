//! Step 5 of the line check: conflicts and frequencies that the bill itself shows (重复收费、分解收费).

use alloc::vec::Vec;

use super::restriction::Used;
use super::{Kept, LineOutcome, Rest};
use crate::catalogue::{EditKind, EditOutcome, Found, Rule, RuleBook, Window};
use crate::claim::FeeLine;
use crate::date::Day;
use crate::id::GroupId;
use crate::money::Quantity;
use crate::reason::LineReason;

/// An edit that hits a line.
#[derive(Copy, Clone, Debug)]
pub(super) struct Hit {
    then: EditOutcome,
    reason: LineReason,
    /// With a frequency: how much is allowed, and in which window.
    allowed: Option<(Quantity, Window)>,
}

/// Which codes of which groups the claim bills, by day: sorted, so that a window is a range.
#[derive(Debug, Default)]
pub(super) struct Presence {
    members: Vec<Member>,
}

/// A billed line that is a member of a group. Ordered by group, day, line.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
struct Member {
    group: GroupId,
    day: Day,
    line: usize,
    code: u32,
}

impl Presence {
    /// Collects the members of all groups among the lines with rules that are billed, net of returns.
    pub(super) fn gather(
        &mut self,
        ruled: &[u32],
        lines: &[FeeLine],
        found: &[Found],
        rules: &RuleBook,
        parents: &[Option<Kept>],
    ) {
        self.members.clear();
        for index in ruled.iter().filter_map(|index| usize::try_from(*index).ok()) {
            let (Some(line), Some(Found::Entry(entry))) = (lines.get(index), found.get(index))
            else {
                continue;
            };
            if line.returns.is_some() {
                continue;
            }
            let Some(rule) = rules.rule(entry.rule()) else { continue };
            let net =
                parents.get(index).copied().flatten().map_or(line.quantity, |kept| kept.net.0);
            if net.get() > 0 {
                let member = |group: &GroupId| Member {
                    group: *group,
                    day: line.day,
                    line: index,
                    code: line.code,
                };
                self.members.extend(rule.groups.iter().map(member));
            }
        }
        self.members.sort_unstable();
    }

    /// The members of a group in the window of a line.
    fn window(&self, group: GroupId, window: Window, day: Day) -> &[Member] {
        let key = |member: &Member| match window {
            Window::Visit => (member.group, Day::MIN),
            Window::Day => (member.group, member.day),
        };
        let wanted = match window {
            Window::Visit => (group, Day::MIN),
            Window::Day => (group, day),
        };
        let from = self.members.partition_point(|member| key(member) < wanted);
        let to = self.members.partition_point(|member| key(member) <= wanted);
        self.members.get(from..to).unwrap_or(&[])
    }
}

/// The first edit of the rule that hits the line.
pub(super) fn hit(
    rule: &Rule,
    index: usize,
    line: &FeeLine,
    net: Quantity,
    used: &Used,
    presence: &Presence,
) -> Option<Hit> {
    // What was wholly returned is not billed, and conflicts with nothing.
    if net.get() <= 0 {
        return None;
    }
    rule.edits.iter().find_map(|edit| {
        let (hits, reason, allowed) = match edit.kind {
            EditKind::Exclusive(group) => {
                let members = presence.window(group, edit.window, line.day);
                let mut others = members.iter().filter(|member| member.code != line.code);
                let earlier = others.any(|member| member.line < index);
                (earlier, LineReason::Exclusive, None)
            }
            EditKind::IncludedIn(group) => {
                let members = presence.window(group, edit.window, line.day);
                (members.iter().any(|member| member.code != line.code), LineReason::Included, None)
            }
            EditKind::MoreThan(most) => {
                let before = match edit.window {
                    Window::Day => used.day,
                    Window::Visit => used.visit,
                };
                (before.plus(net) > most, LineReason::TooOften, Some((most, edit.window)))
            }
        };
        hits.then_some(Hit { then: edit.then, reason, allowed })
    })
}

/// Takes off what the edit says.
pub(super) fn take(hit: &Hit, used: &Used, rest: &mut Rest, outcome: &mut LineOutcome) {
    outcome.reasons.add(hit.reason);
    match hit.then {
        EditOutcome::Own => rest.own = rest.own.plus(rest.take_all()),
        EditOutcome::Facility => rest.facility = rest.facility.plus(rest.take_all()),
        EditOutcome::Cut => {
            if let Some((most, window)) = hit.allowed {
                let before = match window {
                    Window::Day => used.day,
                    Window::Visit => used.visit,
                };
                let excess = rest.quantity.less(most.less(before));
                rest.facility = rest.facility.plus(rest.take(excess));
            }
        }
        EditOutcome::Flag => outcome.review = true,
    }
}
