//! Gives the numbers of an explanation their names: tiers, kinds, slots, serials of lines, documents.

use yidan_settlement::admit::SlotKey;
use yidan_settlement::explain::{
    self, BaseOf, CapNode, DeductibleForm, DeductibleNode, Explanation, NoDeductible, SlotUse,
    TierNode,
};
use yidan_settlement::id::{LineKind, SourceId, TierId};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{Edition, Pack, Part, Per, ShareOf, Source};
use yidan_settlement::reason::LineReason;

use crate::answer::Yuan;
use crate::case::LineCase;
use crate::slots::Labels;

use super::{
    BaseExplained, CapExplained, CataloguesAnswer, CeilingExplained, DeductibleExplained,
    ExplainAnswer, FactorExplained, FirstShareExplained, FloorExplained, LineExplained,
    OwnCostExplained, PARTS_SHOWN, PersonExplained, PieceExplained, ReasonExplained,
    ShareExplained, SlotExplained, SlotFigure, SlotRead, SourceExplained, TakenExplained,
    TierExplained, part_label,
};

/// The names behind the numbers of an explanation.
pub(super) struct Names<'n> {
    pub(super) pack: &'n Pack,
    pub(super) labels: &'n Labels,
    pub(super) lines: &'n [LineCase],
}

impl Names<'_> {
    pub(super) fn answer(&self, told: &Explanation) -> ExplainAnswer {
        let tiers: Vec<TierExplained> = told.tiers.iter().map(|tier| self.tier(tier)).collect();
        ExplainAnswer {
            reversed: told.reversed,
            catalogues: self.catalogues(told),
            tiers,
            person: self.person(told),
            sources: self.cited(told),
        }
    }

    fn catalogues(&self, told: &Explanation) -> CataloguesAnswer {
        let outside = &told.outside;
        let own = outside.own.iter().map(|own| own.amount).sum::<Fen>();
        let all = [own, outside.over.amount, outside.pre_pay.amount, outside.in_scope];
        let taken = |taken: &explain::Taken| TakenExplained {
            amount: Yuan(taken.amount),
            lines: self.line_amounts(&taken.lines),
        };
        let own_cost = |own: &explain::OwnCost| OwnCostExplained {
            reasons: own.reasons.iter().map(reason).collect(),
            amount: Yuan(own.amount),
            hosp_part_amt: Yuan(own.facility),
            lines: self.line_amounts(&own.lines),
        };
        CataloguesAnswer {
            medfee_sumamt: Yuan(all.into_iter().sum()),
            inscp_scp_amt: Yuan(outside.in_scope),
            fulamt_ownpay: outside.own.iter().map(own_cost).collect(),
            overlmt: taken(&outside.over),
            preselfpay: taken(&outside.pre_pay),
        }
    }

    fn line_amounts(&self, lines: &[explain::LineAmount]) -> Vec<LineExplained> {
        let one = |line: &explain::LineAmount| LineExplained {
            feedetl_sn: self.serial(line.line),
            amount: Yuan(line.amount),
        };
        lines.iter().map(one).collect()
    }

    fn serial(&self, line: u32) -> String {
        let line = usize::try_from(line).ok().and_then(|line| self.lines.get(line));
        line.map(|line| line.feedetl_sn.0.clone()).unwrap_or_default()
    }

    fn tier(&self, node: &TierNode) -> TierExplained {
        let edition = self.pack.edition(node.governing);
        let caps = |caps: &[CapNode]| caps.iter().map(|cap| self.cap(cap)).collect::<Vec<_>>();
        TierExplained {
            tier: tier_name(edition, node.tier),
            fund: node.fund.to_string(),
            field: node.fund.field().name(),
            year: node.year,
            governing: node.governing.to_string(),
            basis: self.basis(&[node.source]),
            base: Yuan(node.base),
            base_of: node.base_of.iter().map(|of| self.base(*of, edition)).collect(),
            caps_before: caps(&node.caps_before),
            cut_before: Yuan(node.cut),
            first_share: node.first_share.as_ref().map(|share| FirstShareExplained {
                of: Yuan(share.of),
                rate: share.rate.to_string(),
                amount: Yuan(share.amount),
                penalty: share.penalty,
                basis: self.basis(&share.sources),
            }),
            deductible: node.deductible.as_ref().map(|deductible| self.deductible(deductible)),
            caps_after: caps(&node.caps_after),
            cut_after: Yuan(node.cut_after),
            covered: Yuan(node.covered),
            bands_at: node.bands_at.map(|slot| self.slot_read(slot)),
            bands: node.pieces.iter().map(|piece| self.piece(piece)).collect(),
            bands_basis: self.basis(&node.bands_sources),
            banded: Yuan(node.banded),
            floor: node.floor.as_ref().map(|floor| self.floor(floor)),
            caps_payment: caps(&node.caps_payment),
            paid_for: Yuan(node.paid_for),
            paid: Yuan(node.paid),
            above_cap: Yuan(node.above_cap),
            hosp_part: Yuan(node.facility),
            filing_loss: Yuan(node.filing_loss),
            slots: node.slots.iter().map(|slot| self.slot(slot)).collect(),
            lines: node.shares.iter().map(|share| self.share(share)).collect(),
        }
    }

    fn base(&self, of: BaseOf, edition: Option<&Edition>) -> BaseExplained {
        let (name, label, amount, left_out) = match of {
            BaseOf::InScope { kind, amount } => {
                ("in_scope", format!("范围内{}", self.of_kind(kind)), amount, Fen::ZERO)
            }
            BaseOf::PrePay { kind, amount } => {
                ("prepay", format!("先行自付{}", self.of_kind(kind)), amount, Fen::ZERO)
            }
            BaseOf::AboveCapOf { tier, amount } => {
                let label = format!("“{}”封顶线以上", tier_name(edition, tier));
                ("above_cap_of", label, amount, Fen::ZERO)
            }
            BaseOf::Left { part, amount, left_out } => {
                (part_name(part), format!("尚余{}", part_label(part)), amount, left_out)
            }
        };
        let (amount, filing_loss_out) = (Yuan(amount), Yuan(left_out));
        BaseExplained { of: name, label, amount, filing_loss_out }
    }

    /// The line kind in brackets; nothing for the ordinary one.
    fn of_kind(&self, kind: LineKind) -> String {
        if kind == LineKind::default() {
            String::new()
        } else {
            format!("（{}）", self.kind(kind))
        }
    }

    fn kind(&self, kind: LineKind) -> String {
        self.pack.data().line_kinds.get(kind.index()).cloned().unwrap_or_default()
    }

    fn cap(&self, cap: &CapNode) -> CapExplained {
        CapExplained {
            amount: Yuan(cap.amount),
            of_approval: cap.of_approval,
            times: cap.times,
            unit: unit(cap.per),
            slot: cap.slot.map(|slot| self.slot_read(slot)),
            left: Yuan(cap.left),
            bites: cap.bites,
            basis: self.basis(&[cap.source]),
        }
    }

    fn deductible(&self, one: &DeductibleNode) -> DeductibleExplained {
        let (form, label) = match one.form {
            DeductibleForm::Fixed => ("fixed", "定额".to_owned()),
            DeductibleForm::ByAdmission { number } => {
                ("by_admission", format!("年度内第 {number} 次住院"))
            }
            DeductibleForm::Share { rate, of, whole, min, max } => {
                let of = match of {
                    ShareOf::Total => "医疗费总额",
                    ShareOf::InScope => "范围内",
                    ShareOf::Base => "进入金额",
                };
                let most = if max == Fen::UNLIMITED {
                    String::new()
                } else {
                    format!("，最高 {}", crate::text::money(max))
                };
                let (whole, min) = (crate::text::money(whole), crate::text::money(min));
                ("share", format!("{of} {whole} 的 {rate}，最低 {min}{most}"))
            }
        };
        DeductibleExplained {
            form,
            label,
            none: one.none.map(|none| match none {
                NoDeductible::NewYear => "跨年度连续住院，不再计起付线",
                NoDeductible::Continued => "接续前次就诊，不再计起付线",
            }),
            amount: Yuan(one.amount),
            times: one.times,
            unit: unit(one.per),
            factors: one
                .factors
                .iter()
                .map(|(rate, after)| FactorExplained {
                    rate: rate.to_string(),
                    after: Yuan(*after),
                })
                .collect(),
            whole: Yuan(one.whole),
            less: one.less.map(|slot| self.slot_read(slot)),
            ceiling: one.ceiling.map(|(most, slot)| CeilingExplained {
                amount: Yuan(most),
                slot: self.slot_read(slot),
            }),
            due: Yuan(one.due),
            taken: Yuan(one.taken),
            basis: self.basis(&one.sources),
        }
    }

    fn piece(&self, piece: &explain::PieceNode) -> PieceExplained {
        PieceExplained {
            kind: piece.kind.map(|kind| self.kind(kind)),
            from: Yuan(piece.from),
            to: Yuan(piece.to),
            ratio: piece.rate.to_string(),
            amount: Yuan(piece.amount),
            paid: Yuan(piece.payment),
        }
    }

    fn floor(&self, floor: &explain::FloorNode) -> FloorExplained {
        FloorExplained {
            rate: floor.rate.to_string(),
            of: Yuan(floor.of),
            label: match (floor.of_total, floor.without_deductible) {
                (true, true) => "医疗费总额减起付线",
                (true, false) => "医疗费总额",
                (false, true) => "进入金额减起付线",
                (false, false) => "进入金额",
            },
            amount: Yuan(floor.amount),
            lifts: floor.lifts,
            basis: self.basis(&[floor.source]),
        }
    }

    fn figure(&self, key: SlotKey, value: Fen) -> SlotFigure {
        SlotFigure { count: self.pack.slot(key.slot).is_some_and(|slot| slot.count), value }
    }

    fn slot_read(&self, slot: SlotUse) -> SlotRead {
        SlotRead {
            slot: self.labels.slot(slot.key, self.pack),
            period: self.labels.period(slot.key.period),
            value: self.figure(slot.key, slot.value),
        }
    }

    fn slot(&self, slot: &explain::SlotNode) -> SlotExplained {
        SlotExplained {
            slot: self.labels.slot(slot.key, self.pack),
            period: self.labels.period(slot.key.period),
            before: self.figure(slot.key, slot.before),
            after: self.figure(slot.key, slot.after),
            read: slot.read,
            written: slot.written,
        }
    }

    fn share(&self, share: &explain::LineShare) -> ShareExplained {
        ShareExplained {
            feedetl_sn: self.serial(share.line),
            base: Yuan(share.weight),
            paid: Yuan(share.paid),
        }
    }

    fn person(&self, told: &Explanation) -> PersonExplained {
        let person = &told.person;
        let borne = |part: Part| BaseExplained {
            of: part_name(part),
            label: part_label(part).to_owned(),
            amount: Yuan(person.borne.get(part.index()).copied().unwrap_or_default()),
            filing_loss_out: Yuan::default(),
        };
        let family = person.account_family.iter().copied().sum::<Fen>();
        let all = person.account_own.plus(family).plus(person.cash);
        PersonExplained {
            psn_part_amt: Yuan(all),
            fulamt_ownpay_amt: Yuan(person.own),
            overlmt_selfpay: Yuan(person.over),
            borne: PARTS_SHOWN.into_iter().map(borne).collect(),
            acct_pay: Yuan(person.account_own.plus(family)),
            acct_mulaid_pay: Yuan(family),
            account_basis: self.basis(person.account_source.as_slice()),
            psn_cash_pay: Yuan(person.cash),
            balc: Yuan(person.balance),
        }
    }

    fn basis(&self, sources: &[SourceId]) -> Vec<String> {
        sources.iter().filter_map(|id| self.pack.source(*id)).map(|one| one.id.clone()).collect()
    }

    /// Every document of the explanation, in the order of the pack.
    fn cited(&self, told: &Explanation) -> Vec<SourceExplained> {
        let mut ids: Vec<SourceId> = told.person.account_source.into_iter().collect();
        for tier in &told.tiers {
            ids.push(tier.source);
            ids.extend(&tier.bands_sources);
            ids.extend(tier.first_share.iter().flat_map(|share| &share.sources));
            ids.extend(tier.deductible.iter().flat_map(|one| &one.sources));
            ids.extend(tier.floor.map(|floor| floor.source));
            let caps = tier.caps_before.iter().chain(&tier.caps_after).chain(&tier.caps_payment);
            ids.extend(caps.map(|cap| cap.source));
        }
        ids.sort_unstable();
        ids.dedup();
        let source = |id: SourceId| self.pack.source(id).map(SourceExplained::of);
        ids.into_iter().filter_map(source).collect()
    }
}

impl SourceExplained {
    /// Of a document of a pack.
    pub(crate) fn of(source: &Source) -> SourceExplained {
        SourceExplained {
            id: source.id.clone(),
            document: source.document.clone(),
            clause: source.clause.clone(),
            date: source.date.clone(),
            grade: source.grade.letter(),
            note: source.note.clone(),
        }
    }
}

fn part_name(part: Part) -> &'static str {
    match part {
        Part::PrePay => "prepay",
        Part::FirstShare => "first_share",
        Part::Deductible => "deductible",
        Part::CoPay => "copay",
        Part::AboveCap => "above_cap",
    }
}

fn unit(per: Per) -> &'static str {
    match per {
        Per::Visit => "",
        Per::Session => "次",
        Per::Day => "日",
    }
}

fn reason(of: LineReason) -> ReasonExplained {
    ReasonExplained { number: of.number(), text: of.chinese() }
}

fn tier_name(edition: Option<&Edition>, id: TierId) -> String {
    let tier = edition.and_then(|edition| edition.tiers.get(id.index()));
    tier.map(|tier| tier.name.clone()).unwrap_or_default()
}
