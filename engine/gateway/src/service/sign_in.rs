//! Sign-in and sign-out (9001 9002), and what the institution and the dictionaries are (1201 1901).

use yidan_settlement::date::Day;
use yidan_settlement::pack::HospitalLevel;

use super::Service;
use super::asking::{Asking, Done, Failure};
use crate::table::Codes;
use crate::wire::{Answer, t1201, t1901, t9001, t9002};

impl Service {
    /// 9001 签到: a number for the day's work. Nothing hangs on it: clients exist that never sign in.
    pub(super) fn sign_in(&self, asking: &Asking) -> Done {
        let sign_no = self.next_refmsgid(asking);
        let sign_time = asking.came.moment;
        let answer = t9001::output::Output {
            signinoutb: t9001::output::Signinoutb { sign_time, sign_no: sign_no.clone().into() },
            result: Some(t9001::output::ResultNode { sign_no: sign_no.into(), sign_time }),
        };
        asking.done(&Answer::T9001(Box::new(answer)))
    }

    /// 9002 签退
    pub(super) fn sign_out(&self, asking: &Asking) -> Done {
        let sign_time = asking.came.moment;
        let signoutoutb = t9002::output::Signoutoutb { sign_time };
        asking.done(&Answer::T9002(Box::new(t9002::output::Output { signoutoutb })))
    }

    /// 1201 医药机构信息获取: of institutions that are registered here, by code or a part of the name.
    pub(super) async fn institution(
        &self,
        asking: &Asking,
        input: &t1201::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let asked = &input.medinsinfo;
        let code = asked.fixmedins_code.as_deref().unwrap_or_default();
        let code = if code.is_empty() && asked.fixmedins_name.as_deref().is_none_or(str::is_empty) {
            asking.institution.code.to_string()
        } else {
            code.to_owned()
        };
        let name = asked.fixmedins_name.as_deref().unwrap_or_default().to_owned();
        let wanted = code.clone();
        // Every shard knows every facility.
        let levels = self.look(&wanted, move |ledger| {
            let of_code = |held: &str| code.is_empty() || held == code;
            let facilities = ledger.facilities().filter(|(held, _)| of_code(held));
            let level = |facility: &yidan_settlement::ledger::Facility| {
                facility.facts().map(|facts| facts.level)
            };
            let rows = facilities.filter_map(|(held, one)| Some((held.to_owned(), level(one)?)));
            rows.collect::<Vec<(String, HospitalLevel)>>()
        });
        let mut rows = Vec::new();
        for (held, level) in levels.await? {
            let named = self.facility_name(&held);
            if !name.is_empty() && !named.contains(&name) {
                continue;
            }
            let kind = if held.starts_with('P') { "2" } else { "1" };
            rows.push(t1201::output::Medinsinfo {
                fixmedins_name: named.into(),
                uscc: "".into(),
                fixmedins_type: kind.into(),
                hosp_lv: Some(hosp_lv(level).into()),
                exp_content: None,
                fixmedins_code: held.into(),
            });
            if rows.len() == ROWS {
                break;
            }
        }
        let output = t1201::output::Output { medinsinfo: rows };
        Ok(asking.done(&Answer::T1201(Box::new(output))))
    }

    /// 1901 字典表查询
    pub(super) fn dictionary(&self, asking: &Asking, input: &t1901::input::Input<'_>) -> Done {
        let asked = &input.data;
        let codes = Codes::named(&asked.r#type);
        let rows = codes.into_iter().flat_map(|codes| codes.codes.iter()).zip(1..);
        let list = rows.map(|((code, label), sort)| t1901::output::List {
            r#type: asked.r#type.clone(),
            label: (*label).into(),
            value: (*code).into(),
            parent_value: "".into(),
            sort,
            vali_flag: "1".into(),
            create_user: "yidan".into(),
            create_date: FIRST,
            version: 1,
        });
        let output = t1901::output::Output { list: list.collect() };
        asking.done(&Answer::T1901(Box::new(output)))
    }
}

/// Institutions told in one answer.
const ROWS: usize = 100;

/// The day from which the dictionaries hold.
const FIRST: Day = Day::MIN;

/// `hosp_lv`: the level alone, as the grade within it is not kept.
fn hosp_lv(level: HospitalLevel) -> &'static str {
    match level {
        HospitalLevel::Third => "12",
        HospitalLevel::Second => "13",
        HospitalLevel::First => "14",
        HospitalLevel::Unrated => "11",
    }
}
