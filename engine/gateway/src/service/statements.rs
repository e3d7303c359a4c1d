//! A facility's statement beside the fund's books (3201 对总账, 3202 对明细账): carried to `yidan-reconcile` and back.

use std::time::Duration;

use yidan_reconcile::details::{Compared, compare};
use yidan_reconcile::totals::{Sides, Totals, Which};
use yidan_reconcile::{Books, Entry};
use yidan_settlement::date::Day;
use yidan_settlement::money::Fen;

use super::Service;
use super::asking::{Asking, Done, Failure};
use super::declined::Declined;
use crate::bookkeeping::Desk;
use crate::limits::{DETAILS_DAYS_MAX, STATEMENT_LINES_MAX, TOTALS_DAYS_MAX};
use crate::statement::{Statement, unzip, zip};
use crate::wire::{Answer, t3201, t3202};

/// How long the books may take to catch up: less than any client waits.
const WITHIN: Duration = Duration::from_secs(15);

/// What of a facility's entries is meant, owned.
#[derive(Clone, Debug)]
struct Asked {
    facility: String,
    from: Day,
    to: Day,
    insutype: Option<String>,
    clr_type: String,
    pool: Option<String>,
    refunds: Option<bool>,
}

impl Asked {
    fn which(&self) -> Which<'_> {
        Which {
            insutype: self.insutype.as_deref(),
            clr_type: Some(&self.clr_type),
            pool: self.pool.as_deref(),
            refunds: self.refunds,
        }
    }

    /// Days in their order, not more of them than are compared at once.
    fn is_sound(&self, days_max: i32) -> Result<(), Failure> {
        let days = self.to.days_since(self.from);
        if days < 0 {
            let more = format!("stmt_begndate={}晚于stmt_enddate={}", self.from, self.to);
            return Err(Failure::Declined(Declined::FieldMeaningless, Some(more)));
        }
        if days >= days_max {
            let more = format!("对账期间{}天，一次至多{days_max}天", i64::from(days) + 1);
            return Err(Failure::Declined(Declined::FieldMeaningless, Some(more)));
        }
        Ok(())
    }

    /// Visits the entries that are meant, all of them or none; gives the books.
    fn each<'d>(&self, desk: &'d Desk, mut visit: impl FnMut(Entry)) -> Result<&'d Books, Failure> {
        let books = desk.caught_up(WITHIN).map_err(not_kept)?.ok_or(Declined::BooksBehind)?;
        let since = books.progress().map_err(not_kept)?.since;
        if self.from.get() < since.get() {
            let more = Some(format!("账册自{since}起"));
            return Err(Failure::Declined(Declined::BooksArchived, more));
        }
        let (which, mut unknown) = (self.which(), false);
        books
            .between(&self.facility, self.from, self.to, |mut entry| {
                unknown |= !desk.clear(&mut entry.clearing) && !entry.void;
                if which.takes(&entry) {
                    visit(entry);
                }
            })
            .map_err(not_kept)?;
        if unknown { Err(Declined::PackNotLoaded.into()) } else { Ok(books) }
    }
}

/// What operators read of books that are not kept; the facility is told to come again.
fn not_kept(error: impl std::fmt::Display) -> Failure {
    tracing::error!(%error, "a statement cannot be compared");
    Declined::BooksBehind.into()
}

/// Refunds alone, settlements alone, or both. `refd_setl_flag` says which of them are meant; where it is left out, `fixmedins_refd_setl_flag`,
/// which must always be there, says by a 1 that the statement is one of refunds.
fn refunds(flag: Option<&str>, of_facility: &str) -> Option<bool> {
    match (flag.map(str::trim), of_facility.trim()) {
        (Some("0"), _) => Some(false),
        (Some("1"), _) | (None | Some(""), "1") => Some(true),
        (Some(_) | None, _) => None,
    }
}

fn given(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

impl Service {
    /// 3201 医药机构费用结算对总账
    pub(super) async fn compare_totals(
        &self,
        asking: &Asking,
        input: &t3201::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let asked = Asked {
            facility: asking.institution.code.to_string(),
            from: data.stmt_begndate,
            to: data.stmt_enddate,
            insutype: given(&data.insutype),
            clr_type: data.clr_type.to_string(),
            pool: given(&data.setl_optins),
            refunds: refunds(data.refd_setl_flag.as_deref(), &data.fixmedins_refd_setl_flag),
        };
        asked.is_sound(TOTALS_DAYS_MAX)?;
        let of_refunds = asked.refunds == Some(true);
        let fund = self
            .with_books(move |desk| {
                let mut sum = Totals::default();
                asked.each(desk, |entry| sum.add(&entry))?;
                Ok(sum)
            })
            .await?;
        let mut facility = Totals { count: data.fixmedins_setl_cnt, ..Totals::default() };
        facility.amounts.total = data.medfee_sumamt;
        facility.amounts.fund = data.fund_pay_sumamt;
        facility.amounts.account = data.acct_pay;
        // Of refunds alone some write what they paid back above nought.
        if of_refunds && facility.amounts.total.get() > 0 {
            facility.amounts = facility.amounts.negated();
        }
        let more = fund.more_than(facility);
        let sides = Sides::of(more);
        let stmtinfo = t3201::output::Stmtinfo {
            setl_optins: Some(data.setl_optins.clone()),
            stmt_rslt: if sides == Sides::Equal { "0" } else { "1" }.into(),
            stmt_rslt_dscr: Some(told(sides, fund, more).into()),
        };
        let output = t3201::output::Output { stmtinfo };
        Ok(asking.done(&Answer::T3201(Box::new(output))))
    }

    /// 3202 医药机构费用结算对明细账
    pub(super) async fn compare_details(
        &self,
        asking: &Asking,
        input: &t3202::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let asked = Asked {
            facility: asking.institution.code.to_string(),
            from: data.stmt_begndate,
            to: data.stmt_enddate,
            insutype: None,
            clr_type: data.clr_type.to_string(),
            pool: given(&data.setl_optins),
            refunds: refunds(data.refd_setl_flag.as_deref(), &data.fixmedins_refd_setl_flag),
        };
        asked.is_sound(DETAILS_DAYS_MAX)?;
        let zipped = self.file(asking, &data.file_qury_no).await?;
        let zipped = zipped.ok_or_else(|| Failure::field("file_qury_no", &data.file_qury_no))?;
        let stated = (data.fixmedins_setl_cnt, data.medfee_sumamt, data.fund_pay_sumamt);
        let answer = self
            .with_books(move |desk| {
                let statement = read(&zipped, stated)?;
                let compared = compared(&asked, &statement, desk)?;
                Ok(statement.answer(&compared))
            })
            .await?;
        let zipped = zip("3202.txt", answer.as_bytes()).map_err(not_kept)?;
        let (number, until) = self.keep(asking, zipped).await?;
        let filename = format!("{number}.zip").into();
        let fileinfo = t3202::output::Fileinfo {
            file_qury_no: number.into(),
            filename,
            dld_endtime: until.moment,
        };
        let output = t3202::output::Output { fileinfo };
        Ok(asking.done(&Answer::T3202(Box::new(output))))
    }

    /// Reads books on a thread that may wait for the disk.
    async fn with_books<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let desk = self.bookkeeper.desk();
        // A few at once, whose statements are held whole.
        let _turn = self.comparing.acquire().await;
        match tokio::task::spawn_blocking(move || work(&desk)).await {
            Ok(done) => done,
            Err(error) => Err(not_kept(error)),
        }
    }
}

/// A statement whose lines come to what the message says.
fn read(zipped: &[u8], stated: (i64, Fen, Fen)) -> Result<Statement, Failure> {
    let faulty = |more: String| Failure::Declined(Declined::FileMeaningless, Some(more));
    let text = unzip(zipped).map_err(|error| faulty(error.to_string()))?;
    let statement = Statement::read(&text).map_err(|error| faulty(error.to_string()))?;
    let sums = statement.sums();
    if sums != stated {
        let told = |(count, total, fund): (i64, Fen, Fen)| format!("{count}笔{total}/{fund}");
        return Err(faulty(format!("文件合计{}，报文{}", told(sums), told(stated))));
    }
    Ok(statement)
}

fn compared(asked: &Asked, statement: &Statement, desk: &Desk) -> Result<Vec<Compared>, Failure> {
    let (mut entries, mut beyond) = (Vec::new(), false);
    let books = asked.each(desk, |entry| {
        beyond |= entries.len() >= STATEMENT_LINES_MAX;
        if !beyond {
            entries.push(entry);
        }
    })?;
    if beyond {
        let more = Some(format!("中心超过{STATEMENT_LINES_MAX}笔，请缩短对账期间"));
        return Err(Failure::Declined(Declined::FieldMeaningless, more));
    }
    let elsewhere = |settlement, refund| books.find(&asked.facility, settlement, refund);
    compare(&statement.claimed, &entries, elsewhere).map_err(not_kept)
}

/// `stmt_rslt_dscr`: who has more, what the fund has, and by how much.
fn told(sides: Sides, fund: Totals, more: Totals) -> String {
    let figures = |sum: Totals| {
        let amounts = sum.amounts;
        let (total, paid, account) = (amounts.total, amounts.fund, amounts.account);
        format!("{}笔，总额{total}，基金{paid}，账户{account}", sum.count)
    };
    let who = match sides {
        Sides::Equal => return format!("平：{}", figures(fund)),
        Sides::Fund => "中心多",
        Sides::Facility => "医药机构多",
        Sides::Both => "数据不一致",
    };
    format!("{who}：中心{}；中心减医药机构{}", figures(fund), figures(more))
}
