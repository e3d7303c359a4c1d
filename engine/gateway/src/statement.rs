//! The files of 3202: a ZIP of one text, a line a settlement, tabs between the columns, `null` for what is empty. What a facility sends is
//! read, and what came of it is written.

use std::io::{self, BufWriter, Cursor, Read, Write};

use yidan_reconcile::details::{Claimed, Class, Compared, Side};
use yidan_reconcile::{Amounts, Entry};
use yidan_settlement::limits::BILL_FEN_MAX;
use yidan_settlement::money::Fen;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::limits::{FILE_BYTES_MAX, STATEMENT_LINES_MAX};
use crate::number::fixed;

/// A statement that was read: its lines as they came, and what they say.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    lines: Vec<Line>,
    /// What they say.
    pub claimed: Vec<Claimed>,
}

/// The numbers of a line as they came.
#[derive(Clone, Eq, PartialEq, Debug)]
struct Line {
    setl_id: String,
    mdtrt_id: String,
}

/// Why a file cannot be read, for the person who made it.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not a ZIP, or one of several files.
    #[error("文件不是ZIP，或不止一个文件")]
    NotAZip,
    /// Longer than [`FILE_BYTES_MAX`], unzipped.
    #[error("文件解压后超过{}MB", FILE_BYTES_MAX >> 20)]
    TooLong,
    /// More lines than [`STATEMENT_LINES_MAX`].
    #[error("文件超过{STATEMENT_LINES_MAX}行")]
    TooManyLines,
    /// A line that is not as it should be.
    #[error("文件第{line}行：{what}")]
    Line {
        /// Which, from one.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// The text of a ZIP's one file.
///
/// # Errors
/// It is no ZIP, or of no or several files, or too long.
pub fn unzip(zipped: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut archive = ZipArchive::new(Cursor::new(zipped)).map_err(|_| Unreadable::NotAZip)?;
    if archive.len() != 1 {
        return Err(Unreadable::NotAZip);
    }
    let file = archive.by_index(0).map_err(|_| Unreadable::NotAZip)?;
    let mut text = Vec::new();
    // What the archive says of its length is not believed.
    let most = FILE_BYTES_MAX as u64 + 1;
    file.take(most).read_to_end(&mut text).map_err(|_| Unreadable::NotAZip)?;
    if text.len() > FILE_BYTES_MAX { Err(Unreadable::TooLong) } else { Ok(text) }
}

/// A ZIP of one file.
///
/// # Errors
/// Never as we use it: it is written to memory.
pub fn zip(name: &str, text: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    zip_of(name, |to| to.write_all(text))
}

/// The same of a text that is never held whole: it is packed as it is written.
pub(crate) fn zip_of(
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    // The same text gives the same bytes: no time stands in it. It is packed lightly, as what takes the time of a long one is packing it.
    writer.start_file(name, SimpleFileOptions::default().compression_level(Some(1)))?;
    let mut buffered = BufWriter::with_capacity(BUFFER_BYTES, &mut writer);
    write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    Ok(writer.finish()?.into_inner())
}

/// Bytes that are packed at once.
const BUFFER_BYTES: usize = 64 << 10;

impl Statement {
    /// Reads a statement. A first line of names is passed over, and so are empty lines.
    ///
    /// # Errors
    /// The first line that is not as it should be, or too many of them.
    pub fn read(text: &[u8]) -> Result<Statement, Unreadable> {
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let mut statement = Statement::default();
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() || (at == 0 && line.starts_with(b"setl_id")) {
                continue;
            }
            if statement.lines.len() >= STATEMENT_LINES_MAX {
                return Err(Unreadable::TooManyLines);
            }
            let faulty = |what| Unreadable::Line { line: at + 1, what };
            let line = std::str::from_utf8(line).map_err(|_| faulty("不是UTF-8编码"))?;
            let (line, claimed) = read_line(line).map_err(faulty)?;
            statement.lines.push(line);
            statement.claimed.push(claimed);
        }
        Ok(statement)
    }

    /// How many lines, and what they come to.
    pub fn sums(&self) -> (i64, Fen, Fen) {
        let count = i64::try_from(self.lines.len()).unwrap_or(i64::MAX);
        let total = self.claimed.iter().map(|line| line.total).sum();
        (count, total, self.claimed.iter().map(|line| line.fund).sum())
    }

    /// What came of it, a line each.
    pub fn answer(&self, compared: &[Compared]) -> String {
        let mut text = String::with_capacity(compared.len() * 160);
        for one in compared {
            self.answer_line(one, &mut text);
        }
        text
    }

    fn answer_line(&self, one: &Compared, to: &mut String) {
        let said = one.line.and_then(|at| Some((self.lines.get(at)?, self.claimed.get(at)?)));
        let person = said.map(|(_, claimed)| claimed.psn_no.clone());
        let person = person.or(one.entry.as_ref().map(|entry| entry.psn_no.clone()));
        // Of what the facility does not know, `msgid` alone is told: 2601 takes it.
        let (mdtrt_id, setl_id) = match said {
            Some((line, _)) => (line.mdtrt_id.as_str(), line.setl_id.as_str()),
            None => ("", ""),
        };
        let amounts = match (&one.entry, said) {
            (Some(entry), _) => entry.amounts,
            (None, Some((_, line))) => of_line(line),
            (None, None) => Amounts::default(),
        };
        let refund = match (&one.entry, said) {
            (_, Some((_, claimed))) => claimed.refund,
            (Some(entry), None) => entry.is_refund(),
            (None, None) => false,
        };
        let columns = [
            person.unwrap_or_default(),
            mdtrt_id.to_owned(),
            setl_id.to_owned(),
            one.entry.as_ref().map(|entry| entry.msgid.clone()).unwrap_or_default(),
            if one.class == Class::Equal { "0" } else { "1" }.to_owned(),
            if refund { "1" } else { "0" }.to_owned(),
            memo(one, said.map(|(_, claimed)| claimed)),
            amounts.total.to_string(),
            amounts.fund.to_string(),
            amounts.account.to_string(),
        ];
        for (at, column) in columns.iter().enumerate() {
            to.push_str(if at == 0 { "" } else { "\t" });
            to.push_str(if column.is_empty() { "null" } else { column });
        }
        to.push_str("\r\n");
    }
}

fn of_line(line: &Claimed) -> Amounts {
    Amounts { total: line.total, fund: line.fund, account: line.account }
}

/// What it is and what to do.
fn memo(one: &Compared, said: Option<&Claimed>) -> String {
    let entry = one.entry.as_ref();
    match one.class {
        Class::Equal => "一致".to_owned(),
        Class::Differs => match (entry, said) {
            (Some(entry), Some(said)) => differs(entry, said),
            _ => "金额或归属不符".to_owned(),
        },
        Class::OnlyFacility => "中心无此结算：请核实是否结算成功，未成功的请在院内作废".to_owned(),
        Class::Nothing => "已撤销或冲正，双方都不计：无需处理".to_owned(),
        Class::OnlyFund => {
            "医药机构无此结算：请按结算查询(5203)补记，或凭msgid发2601冲正".to_owned()
        }
        Class::ReversedAt(Side::Fund) => "中心已撤销或冲正，医药机构未退：请在院内退费".to_owned(),
        Class::ReversedAt(Side::Facility) => {
            "医药机构已退，中心未撤销：请发2208、2103或2305撤销".to_owned()
        }
        Class::TwiceAt(Side::Facility) => "医药机构重复记账：请删除一笔".to_owned(),
        Class::TwiceAt(Side::Fund) => {
            "同一就诊中心有两笔相同结算：请核实，多出的凭msgid发2601冲正".to_owned()
        }
        Class::Elsewhere => match entry {
            Some(entry) => format!(
                "中心记在{}，清算类别{}：不在本次对账范围",
                entry.day, entry.clearing.clr_type
            ),
            None => "不在本次对账范围".to_owned(),
        },
    }
}

fn differs(entry: &Entry, said: &Claimed) -> String {
    let pairs = [
        ("医疗费总额", entry.amounts.total, said.total),
        ("基金支付", entry.amounts.fund, said.fund),
        ("个人账户", entry.amounts.account, said.account),
    ];
    let mut words: Vec<String> = pairs
        .iter()
        .filter(|(_, ours, theirs)| ours != theirs)
        .map(|(name, ours, theirs)| format!("{name}中心{ours}医药机构{theirs}"))
        .collect();
    if entry.psn_no != said.psn_no {
        words.push("人员不同".to_owned());
    }
    if said.visit.is_some_and(|visit| visit != entry.visit) {
        words.push("就诊ID不同".to_owned());
    }
    format!("不符：{}", words.join("，"))
}

fn read_line(line: &str) -> Result<(Line, Claimed), &'static str> {
    let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
    let [setl_id, mdtrt_id, psn_no, total, fund, account, refund] = columns[..] else {
        return Err(
            "应有7列，以制表符分隔：setl_id mdtrt_id psn_no medfee_sumamt fund_pay_sumamt acct_pay refd_setl_flag",
        );
    };
    let given = |text: &str| !text.is_empty() && text != "null";
    if !given(setl_id) || !given(psn_no) {
        return Err("setl_id和psn_no不能为空");
    }
    let amount = |text: &str| {
        let fen =
            if given(text) { fixed(text, 2).map_or(None, |(fen, _)| Some(fen)) } else { Some(0) };
        let bounded = fen.filter(|fen| (-BILL_FEN_MAX..=BILL_FEN_MAX).contains(fen));
        bounded.map(Fen::new).ok_or("金额应为数字，至多两位小数，不超过一千亿元")
    };
    let refund = match refund {
        "1" => true,
        "0" | "" | "null" => false,
        _ => return Err("refd_setl_flag应为0或1"),
    };
    // Some write what they paid back above nought, with its flag.
    let above = refund && amount(total)?.get() > 0;
    let amount = |text: &str| amount(text).map(|fen| if above { fen.negated() } else { fen });
    let claimed = Claimed {
        setl_id: setl_id.parse().ok(),
        visit: mdtrt_id.parse().ok(),
        psn_no: psn_no.to_owned(),
        total: amount(total)?,
        fund: amount(fund)?,
        account: amount(account)?,
        refund,
    };
    Ok((Line { setl_id: setl_id.to_owned(), mdtrt_id: mdtrt_id.to_owned() }, claimed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "12\t7\tP1\t100.00\t80.5\tnull\t0";

    fn read(text: &str) -> Result<Statement, Unreadable> {
        Statement::read(text.as_bytes())
    }

    #[test]
    fn a_line_is_read_as_it_says() {
        let statement =
            read(&format!("\u{feff}setl_id\tx\r\n{LINE}\r\n\r\nA9\tnull\tP2\t-1\t0\t0\t1"))
                .expect("sound");
        let fen = Fen::new;
        let first = Claimed {
            setl_id: Some(12),
            visit: Some(7),
            psn_no: "P1".to_owned(),
            total: fen(10_000),
            fund: fen(8_050),
            account: fen(0),
            refund: false,
        };
        // A number of another system is none of ours, and stands in the answer as it came.
        let second = Claimed {
            setl_id: None,
            visit: None,
            psn_no: "P2".to_owned(),
            total: fen(-100),
            refund: true,
            ..Claimed::default()
        };
        assert_eq!(statement.claimed, [first, second]);
        assert_eq!(statement.sums(), (2, fen(9_900), fen(8_050)));
        let back = read("12\t7\tP1\t100\t80\t0\t1").expect("sound");
        assert_eq!(back.sums(), (1, fen(-10_000), fen(-8_000)), "paid back, however it is written");
        let alone = Compared { class: Class::OnlyFacility, line: Some(1), entry: None };
        let answer = statement.answer(&[alone]);
        assert!(answer.starts_with("P2\tnull\tA9\tnull\t1\t1\t中心无此结算"), "{answer}");
        assert!(answer.ends_with("\t-1.00\t0.00\t0.00\r\n"), "{answer}");
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line() {
        for (bad, words) in [
            ("1\t2\t3", "应有7列"),
            ("null\t7\tP1\t1\t1\t1\t0", "不能为空"),
            ("1\t7\t\t1\t1\t1\t0", "不能为空"),
            ("1\t7\tP1\t1.005\t1\t1\t0", "金额"),
            ("1\t7\tP1\t1e99\t1\t1\t0", "金额"),
            ("1\t7\tP1\t100000000000.01\t1\t1\t0", "金额"),
            ("1\t7\tP1\t1\t1\t1\t2", "refd_setl_flag"),
        ] {
            let error = read(&format!("{LINE}\n{bad}")).expect_err(bad).to_string();
            assert!(error.contains("第2行") && error.contains(words), "{bad}: {error}");
        }
        let error = Statement::read(b"\xff\xfe").expect_err("no text").to_string();
        assert!(error.contains("UTF-8"), "{error}");
        let many = format!("{LINE}\n").repeat(STATEMENT_LINES_MAX + 1);
        assert_eq!(read(&many).err(), Some(Unreadable::TooManyLines));
        assert!(read("").expect("nothing in it").claimed.is_empty());
    }

    #[test]
    fn a_zip_has_one_file_and_comes_back_as_it_was() {
        let zipped = zip("a.txt", LINE.as_bytes()).expect("in memory");
        assert_eq!(unzip(&zipped).expect("sound"), LINE.as_bytes());
        assert_eq!(zip("a.txt", LINE.as_bytes()).expect("in memory"), zipped, "the same bytes");
        for cut in 0..zipped.len() {
            assert_eq!(unzip(&zipped[..cut]), Err(Unreadable::NotAZip), "cut at {cut}");
        }
        let bomb = zip("a.txt", &vec![0; FILE_BYTES_MAX + 1]).expect("in memory");
        assert!(bomb.len() < 1_000_000);
        assert_eq!(unzip(&bomb), Err(Unreadable::TooLong));
    }
}
