//! A town that nobody lives in: facilities and members drawn from a seed, each known by its number alone, and the tables that
//! `yidan import` reads. The client and the server's tables come from here and from nowhere else.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::fen::Fen;

/// The pool of insurance.
pub const POOL: &str = "630100";

/// A town; everything in it follows from these numbers.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Town {
    /// Members, at most 20 million: so many certificate numbers can be made up.
    pub members: u32,
    /// Facilities: one in three sells drugs, the others treat.
    pub facilities: u32,
    /// What is drawn is drawn from it.
    pub seed: u64,
}

/// A facility.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Facility {
    /// `fixmedins_code`
    pub code: String,
    /// Where it stands.
    pub admdvs: &'static str,
    /// `hosp_lv`, in words.
    pub level: &'static str,
    /// A pharmacy, or a hospital.
    pub pharmacy: bool,
}

/// A member, as a HIS knows one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// `psn_no`
    pub psn_no: String,
    /// `certno`, with a right check digit.
    pub certno: String,
    /// `psn_name`
    pub name: String,
    /// `310` or `390`.
    pub insutype: &'static str,
    /// `psn_type`
    pub psn_type: &'static str,
    /// `brdy`
    pub birth: String,
    /// What the own account has at first.
    pub balance: Fen,
    /// A class of hardship.
    pub identity: Option<&'static str>,
    /// The chronic disease that is approved.
    pub disease: Option<&'static str>,
}

/// Members there may be.
pub const MEMBERS_MAX: u32 = 20_000_000;

/// Days on which somebody is born, from 1950-01-01 on.
const BIRTHS: u32 = 20_000;
const FAMILY: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
    "何", "郭", "马", "罗",
];
const GIVEN: [&str; 10] = ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"];

impl Town {
    /// What is wrong with it.
    pub fn wrong(&self) -> Option<String> {
        if !(3..=50_000).contains(&self.facilities) {
            Some("facilities are from 3 to 50000".to_owned())
        } else if !(100..=MEMBERS_MAX).contains(&self.members) {
            Some(format!("members are from 100 to {MEMBERS_MAX}"))
        } else {
            None
        }
    }

    /// A facility by its number.
    pub fn facility(&self, number: u32) -> Facility {
        let pharmacy = number % 3 == 2;
        // One hospital in ten is of the third level, three of the second, and one in twenty stands in another province.
        let (level, admdvs) = match (pharmacy, number % 20) {
            (true, _) => ("未定级", "630103"),
            (false, 0 | 10) => ("三级甲等", "630103"),
            (false, 19) => ("三级甲等", "510107"),
            (false, 1 | 4 | 7 | 11 | 14 | 17) => ("二级甲等", "630103"),
            (false, _) => ("一级甲等", "630103"),
        };
        let kind = if pharmacy { 'P' } else { 'H' };
        Facility { code: format!("{kind}{admdvs}{number:05}"), admdvs, level, pharmacy }
    }

    /// A member by its number.
    pub fn member(&self, number: u32) -> Member {
        let drawn = mixed(self.seed ^ u64::from(number));
        let employee = drawn % 10 < 3;
        let (year, month, day) = born(number % BIRTHS);
        let birth = format!("{year:04}-{month:02}-{day:02}");
        let retired = employee && year < 1966;
        let part = |shift: u32, of: u64| (drawn >> shift) % of;
        let identity = match part(8, 100) {
            _ if employee => None,
            0..12 => Some("低保"),
            12..15 => Some("特困"),
            _ => None,
        };
        let yuan = i64::try_from(1_000 + part(16, 8_000)).expect("small");
        let given = GIVEN[usize::try_from(part(32, 10)).expect("below ten")];
        Member {
            psn_no: psn_no(number),
            certno: certificate(&format!(
                "639999{year:04}{month:02}{day:02}{:03}",
                number / BIRTHS
            )),
            name: FAMILY[usize::try_from(part(24, 20)).expect("below twenty")].to_owned() + given,
            insutype: if employee { "310" } else { "390" },
            psn_type: match (employee, retired) {
                (true, true) => "12",
                (true, false) => "11",
                (false, _) => "15",
            },
            birth,
            balance: if employee { Fen(yuan * 100) } else { Fen::ZERO },
            identity,
            disease: (part(40, 100) < 15).then_some("M03900"),
        }
    }

    /// Writes `facilities.csv`, `members.csv` and `persons.csv`, the last for its owner alone.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let mut rows = BufWriter::new(fs::File::create(folder.join("facilities.csv"))?);
        writeln!(rows, "fixmedins_code,admdvs,kind,hosp_lv")?;
        for facility in (0..self.facilities).map(|number| self.facility(number)) {
            let kind = if facility.pharmacy { "pharmacy" } else { "hospital" };
            writeln!(rows, "{},{},{kind},{}", facility.code, facility.admdvs, facility.level)?;
        }
        rows.into_inner()?.sync_all()?;
        let mut rows = BufWriter::new(fs::File::create(folder.join("members.csv"))?);
        let own = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(folder.join("persons.csv"))?;
        let mut persons = BufWriter::new(own);
        writeln!(
            rows,
            "psn_no,admdvs,insutype,psn_type,brdy,contribution_class,paid_years,identities,approvals,balc"
        )?;
        writeln!(persons, "psn_no,psn_cert_type,certno,psn_name")?;
        for member in (0..self.members).map(|number| self.member(number)) {
            let (class, years) = match member.insutype {
                "310" => ("6%", "20"),
                _ => ("", ""),
            };
            writeln!(
                rows,
                "{},{POOL},{},{},{},{class},{years},{},{},{}",
                member.psn_no,
                member.insutype,
                member.psn_type,
                member.birth,
                member.identity.unwrap_or_default(),
                member.disease.unwrap_or_default(),
                member.balance,
            )?;
            writeln!(persons, "{},01,{},{}", member.psn_no, member.certno, member.name)?;
        }
        rows.into_inner()?.sync_all()?;
        persons.into_inner()?.sync_all()
    }

    /// `serve.toml`: a server that holds nobody back, as it is the server that is measured; `credentials` are its sections.
    pub fn configuration(&self, credentials: &str) -> String {
        let mut text = format!(
            "# A server for load: what an institution may do is not bounded.\n\
             [operators]\naddress = \"127.0.0.1:0\"\n\n[platform]\nadmdvs = \"{POOL}\"\n{credentials}"
        );
        for facility in (0..self.facilities).map(|number| self.facility(number)) {
            let code = facility.code;
            let _ = write!(
                text,
                "\n[institution.{code}]\nname = \"{code}\"\nper_second = 1000000\nburst = 1000000\nat_once = 100000\n"
            );
        }
        text
    }
}

/// `psn_no` of a member.
pub fn psn_no(number: u32) -> String {
    format!("{POOL}L{number:09}")
}

/// The civil day so many days after 1950-01-01.
fn born(after: u32) -> (u32, u32, u32) {
    let (mut year, mut left) = (1950, after);
    let leap = |year: u32| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    loop {
        let days = if leap(year) { 366 } else { 365 };
        if left < days {
            break;
        }
        (left, year) = (left - days, year + 1);
    }
    let february = if leap(year) { 29 } else { 28 };
    for (month, days) in (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
        if left < days {
            return (year, month, left + 1);
        }
        left -= days;
    }
    unreachable!("what is left is less than a year")
}

/// Seventeen digits and their check digit (ISO 7064, MOD 11-2).
fn certificate(digits: &str) -> String {
    let sum: u32 = digits
        .bytes()
        .zip([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let check = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    format!("{digits}{}", check[usize::try_from(sum % 11).expect("below eleven")])
}

/// Spreads a number over all bits (SplitMix64).
pub fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn days_of_birth_are_civil_days() {
        assert_eq!(born(0), (1950, 1, 1));
        assert_eq!(born(31 + 27), (1950, 2, 28));
        assert_eq!(born(31 + 28), (1950, 3, 1));
        assert_eq!(born(2 * 365 + 31 + 28), (1952, 2, 29));
        assert_eq!(born(BIRTHS - 1), (2004, 10, 3));
    }

    #[test]
    fn check_digits_are_those_of_the_standard() {
        assert_eq!(certificate("11010519491231002"), "11010519491231002X");
    }

    #[test]
    fn nobody_has_the_number_of_another() {
        let town = Town { members: 60_000, facilities: 60, seed: 1 };
        let members: Vec<Member> = (0..town.members).map(|number| town.member(number)).collect();
        let numbers: HashSet<&str> = members.iter().map(|member| &*member.certno).collect();
        assert_eq!(numbers.len(), members.len());
        let codes: HashSet<String> =
            (0..town.facilities).map(|number| town.facility(number).code).collect();
        assert_eq!(codes.len(), 60);
    }
}
