//! The catalogue as institutions fetch it: whole lists as files (1301 to 1303, 1305 to 1311), and entries page by page (1304 1312 1316
//! 1318 1319).

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use yidan_settlement::catalogue::{Family, Level};
use yidan_settlement::date::Day;
use yidan_settlement::id::Admdvs;
use yidan_settlement::money::{Price, Rate};

use super::Service;
use super::asking::{Asking, Done, Failure, stamp};
use super::declined::Declined;
use crate::catalogue::file::Listing;
use crate::catalogue::query::{
    Asked, FIRST_SELF_PAY, Page, Paging, Pool, Told, lmtpric_type, person_type,
};
use crate::catalogue::rid;
use crate::documents::Matched;
use crate::reading::decode;
use crate::store::StoreError;
use crate::tolerance::Profile;
use crate::value::{Scaled, Text};
use crate::wire::{
    Answer, Request, Transaction, t1301, t1304, t1312, t1316, t1317, t1318, t1319, t3301,
};

/// A page as the interface has it.
macro_rules! page_of {
    ($transaction:ident, $page:expr, $rows:expr) => {
        $transaction::output::Output {
            first_page: Some($page.is_first()),
            last_page: Some($page.is_last()),
            size: $page.size(),
            start_row: Some($page.start_row()),
            page_size: $page.page_size(),
            page_num: $page.page_num(),
            record_counts: $page.record_counts(),
            pages: $page.pages(),
            data: $rows,
        }
    };
}

impl Service {
    /// 1301 1302 1303 1305–1311 目录下载: the whole list as a file for all institutions, or an empty one for who has it. Which
    /// institution asks makes no difference: a list is one for an image.
    pub(super) async fn list(
        &self,
        asking: &Asking,
        listing: Listing,
        input: &t1301::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let ver = input.data.ver.trim().to_owned();
        let (shelf, wanted) = (Arc::clone(&self.shelf), ver.clone());
        let found = self.on_disk(move || Ok::<_, String>(shelf.find(listing, &wanted))).await?;
        let shelved = match found {
            Some(shelved) => shelved,
            None => {
                // One list is made at a time, and who waits for it finds it made.
                let turn = Arc::clone(&self.making).lock_owned().await;
                let shelf = Arc::clone(&self.shelf);
                self.on_disk(move || {
                    let _turn = turn;
                    shelf.find_or_make(listing, &ver)
                })
                .await?
            }
        };
        let since = shelved.until.duration_since(UNIX_EPOCH).unwrap_or_default();
        let until = stamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        let output = Box::new(t1301::output::Output {
            file_qury_no: shelved.number.into(),
            filename: shelved.name.into(),
            dld_end_time: Some(until.moment),
            data_cnt: i64::try_from(shelved.rows).unwrap_or(i64::MAX),
        });
        Ok(asking.done(&match listing {
            Listing::Drugs => Answer::T1301(output),
            Listing::HerbalPieces => Answer::T1302(output),
            Listing::Preparations => Answer::T1303(output),
            Listing::Services => Answer::T1305(output),
            Listing::Consumables => Answer::T1306(output),
            Listing::Diagnoses => Answer::T1307(output),
            Listing::Operations => Answer::T1308(output),
            Listing::ChronicDiseases => Answer::T1309(output),
            Listing::CaseDiseases => Answer::T1310(output),
            Listing::DaySurgery => Answer::T1311(output),
        }))
    }

    /// 1304 民族药品目录查询: no image says of a drug that it is an ethnic one, so whatever is asked for, there is none.
    pub(super) fn ethnic_drugs(
        &self,
        asking: &Asking,
        input: &t1304::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let paging = paging(input.data.page_num, input.data.page_size)?;
        let none: Page<t1304::output::Data<'_>> = paging.page(std::iter::empty());
        Ok(asking.done(&Answer::T1304(Box::new(page_of!(t1304, none, none.rows)))))
    }

    /// 1312 医保目录信息查询: a row for each period of an entry.
    pub(super) async fn insurance_catalogue(
        &self,
        asking: &Asking,
        input: &t1312::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        not_kept(&[
            ("wubi", &data.wubi),
            ("pinyin", &data.pinyin),
            ("hilist_use_type", &data.hilist_use_type),
        ])?;
        let asked = Asked {
            on: data.query_date,
            code: given(&data.hilist_code),
            name: given(&data.hilist_name),
            from: data.begndate,
            charge_type: given(&data.med_chrgitm_type),
            class: given(&data.chrgitm_lv),
            restricted: given(&data.lmt_used_flag),
            list: given(&data.list_type),
            medical: given(&data.med_use_flag),
            maternity: given(&data.matn_used_flag),
            compound: given(&data.lmt_cpnd_type),
            valid: given(&data.vali_flag),
            ..Asked::default()
        };
        let paging = paging(data.page_num, data.page_size)?;
        let place = division("insu_admdvs", &data.insu_admdvs)?;
        self.paged(asking, place, None, move |asking, pool| {
            let page = asked.page(pool, paging);
            let rows = page.rows.iter().map(|told| row_1312(pool, told)).collect();
            asking.done(&Answer::T1312(Box::new(page_of!(t1312, page, rows))))
        })
        .await
    }

    /// 1316 医疗目录与医保目录匹配信息查询: here the medical code **is** the code in the insurance's catalogue, so that each matches itself,
    /// and asking for a pair of two different codes finds none.
    pub(super) async fn matches(
        &self,
        asking: &Asking,
        input: &t1316::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let asked = Asked {
            on: data.query_date,
            code: given(&data.hilist_code),
            medical_code: given(&data.med_list_codg),
            from: data.begndate,
            list: given(&data.list_type),
            valid: given(&data.vali_flag),
            ..Asked::default()
        };
        let paging = paging(data.page_num, data.page_size)?;
        let place = division("insu_admdvs", &data.insu_admdvs)?;
        self.paged(asking, place, None, move |asking, pool| {
            let page = asked.page(pool, paging);
            let rows = page.rows.iter().map(|told| row_1316(pool, told)).collect();
            asking.done(&Answer::T1316(Box::new(page_of!(t1316, page, rows))))
        })
        .await
    }

    /// 1317 医药机构目录匹配信息查询: what the institution itself handed in by 3301, which is nobody else's to read.
    pub(super) async fn own_matches(
        &self,
        asking: &Asking,
        input: &t1317::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        let code = asking.institution.code.to_string();
        if given(&data.fixmedins_code).is_some_and(|asked| asked != code) {
            let text = data.fixmedins_code.as_deref().unwrap_or_default();
            return Err(Failure::field("fixmedins_code", text));
        }
        let paging = paging(data.page_num, data.page_size)?;
        let place = match division("insu_admdvs", &data.insu_admdvs)? {
            Some(asked) => asked,
            None => self.place(asking).await?,
        };
        let (own, name) = (given(&data.medins_list_codg), given(&data.medins_list_name));
        let (list, national) = (given(&data.list_type), given(&data.med_list_codg));
        let (on, from, valid) = (data.query_date, data.begndate, given(&data.vali_flag));
        let (documents, asking) = (self.documents.clone(), asking.clone());
        self.on_disk(move || {
            let is =
                |asked: &Option<String>, told: &str| asked.as_deref().is_none_or(|one| one == told);
            let mut meant = Vec::new();
            documents.matches(&code, |matched, came_ms| {
                let Some(said) = Said::read(&matched.row) else { return };
                let Said { name: told, begin, end } = &said;
                let named = name.as_deref().is_none_or(|part| told.contains(part));
                let days = on.is_none_or(|day| *begin <= day && day <= *end)
                    && from.is_none_or(|day| *begin >= day);
                let of = &matched.of;
                let codes = is(&own, &of.own) && is(&list, &of.list) && is(&national, &of.code);
                if named && days && codes && is(&valid, "1") {
                    meant.push((matched, came_ms));
                }
            })?;
            let page = paging.page(meant.into_iter());
            let rows = page
                .rows
                .iter()
                .filter_map(|(matched, came_ms)| row_1317(&code, place, matched, *came_ms));
            let rows = rows.collect();
            Ok::<_, StoreError>(asking.done(&Answer::T1317(Box::new(page_of!(t1317, page, rows)))))
        })
        .await
    }

    /// 1318 医保目录限价信息查询: a row for each level that an entry has a ceiling at.
    pub(super) async fn ceilings(
        &self,
        asking: &Asking,
        input: &t1318::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        not_kept(&[("overlmt_dspo_way", &data.overlmt_dspo_way), ("tabname", &data.tabname)])?;
        let asked = Asked {
            on: data.query_date,
            code: given(&data.hilist_code),
            from: data.begndate,
            to: data.enddate,
            valid: given(&data.vali_flag),
            rid: given(&data.rid),
            level: given(&data.hilist_lmtpric_type),
            ..Asked::default()
        };
        let paging = paging(data.page_num, data.page_size)?;
        let place = division("insu_admdvs", &data.insu_admdvs)?;
        let own = division("poolarea_no", &data.poolarea_no)?;
        self.paged(asking, place, own, move |asking, pool| {
            let page = asked.ceilings(pool, paging);
            let rows = page.rows.iter().map(|row| row_1318(pool, row)).collect();
            asking.done(&Answer::T1318(Box::new(page_of!(t1318, page, rows))))
        })
        .await
    }

    /// 1319 医保目录先自付比例信息查询: a row for each entry and family of schemes.
    pub(super) async fn first_shares(
        &self,
        asking: &Asking,
        input: &t1319::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let data = &input.data;
        not_kept(&[("tabname", &data.tabname)])?;
        let asked = Asked {
            on: data.query_date,
            code: given(&data.hilist_code),
            from: data.begndate,
            to: data.enddate,
            valid: given(&data.vali_flag),
            rid: given(&data.rid),
            person: given(&data.selfpay_prop_psn_type),
            share_kind: given(&data.selfpay_prop_type),
            ..Asked::default()
        };
        let paging = paging(data.page_num, data.page_size)?;
        let place = division("insu_admdvs", &data.insu_admdvs)?;
        let own = division("poolarea_no", &data.poolarea_no)?;
        self.paged(asking, place, own, move |asking, pool| {
            let page = asked.shares(pool, paging);
            let rows = page.rows.iter().map(|row| row_1319(pool, row)).collect();
            asking.done(&Answer::T1319(Box::new(page_of!(t1319, page, rows))))
        })
        .await
    }

    /// Looks through the catalogue of a division on a thread of its own, as few at once as leave the cores to settlements. `own` asks
    /// for the catalogue of a pool by its own number.
    async fn paged(
        &self,
        asking: &Asking,
        place: Option<Admdvs>,
        own: Option<Admdvs>,
        tell: impl FnOnce(&Asking, &Pool<'_>) -> Done + Send + 'static,
    ) -> Result<Done, Failure> {
        let (world, asking) = (Arc::clone(&self.world), asking.clone());
        let turn = Arc::clone(&self.paging).acquire_owned().await;
        let looking = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let image = world.image().ok_or(Declined::NotOffered)?;
            let pool = Pool::of(image, place.or(own)).ok_or(Declined::NotOffered)?;
            if own.is_some_and(|own| pool.own != Some(own)) {
                let more = own.map(|own| format!("poolarea_no={own}没有自己的目录"));
                return Err(Failure::Declined(Declined::FieldMeaningless, more));
            }
            Ok(tell(&asking, &pool))
        });
        looking.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a catalogue cannot be looked through");
            Err(Declined::OutcomeUnknown.into())
        })
    }
}

fn given(text: &Option<Text<'_>>) -> Option<String> {
    let text = text.as_deref().map(str::trim).unwrap_or_default();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A division that is asked for.
fn division(name: &str, text: &Option<Text<'_>>) -> Result<Option<Admdvs>, Failure> {
    let parse = |text: String| Admdvs::parse(&text).ok_or_else(|| Failure::field(name, &text));
    given(text).map(parse).transpose()
}

/// Whoever asks by what no catalogue here has would take all rows for those that are meant.
fn not_kept(asked: &[(&str, &Option<Text<'_>>)]) -> Result<(), Failure> {
    match asked.iter().find_map(|(name, text)| Some((name, given(text)?))) {
        Some((name, _)) => {
            let more = Some(format!("目录没有{name}，请留空"));
            Err(Failure::Declined(Declined::FieldMeaningless, more))
        }
        None => Ok(()),
    }
}

fn paging(page_num: i64, page_size: i64) -> Result<Paging, Failure> {
    let sound = Paging::new(page_num, page_size);
    sound.ok_or_else(|| Failure::field("page_size", &page_size.to_string()))
}

/// A row with what every catalogue's row has. Who made it and when is not known; where the table wants a day, it is the day from which the
/// entry holds.
macro_rules! row_of {
    ($transaction:ident, $pool:expr, $told:expr, $rid:expr, { $($field:ident: $value:expr,)* },
     [$($none:ident)*]) => {
        $transaction::output::Data {
            $($field: $value,)*
            insu_admdvs: $pool.asked.to_string().into(),
            begndate: $told.from(),
            enddate: $told.to(),
            vali_flag: "1".into(),
            rid: $rid.into(),
            updt_time: $told.from(),
            crte_time: $told.from(),
            poolarea_no: $pool.own.map(|own| own.to_string().into()),
            crter_id: None,
            crter_name: None,
            crte_optins_no: None,
            opter_id: None,
            opter_name: None,
            opt_time: None,
            optins_no: None,
            $($none: None,)*
        }
    };
}

/// What was said of a match.
struct Said {
    name: String,
    begin: Day,
    end: Day,
}

impl Said {
    fn read(row: &str) -> Option<Said> {
        with_match(row, |said| Said {
            name: said.fixmedins_hilist_name.to_string(),
            begin: said.begndate,
            end: said.enddate,
        })
    }
}

/// Reads a row of 3301 as it was kept.
fn with_match<T>(row: &str, tell: impl FnOnce(&t3301::input::Data<'_>) -> T) -> Option<T> {
    let input = format!("{{\"data\":[{row}]}}");
    let decoded = decode(Transaction::T3301, &input, &Profile::LENIENT).ok()?;
    let Request::T3301(input) = decoded.request else { return None };
    input.data.first().map(tell)
}

fn row_1317(
    code: &str,
    place: Admdvs,
    matched: &Matched,
    came_ms: u64,
) -> Option<t1317::output::Data<'static>> {
    let came = stamp(came_ms).moment.day();
    let text = |text: &Option<Text<'_>>| text.as_deref().map(|text| text.to_owned().into());
    with_match(&matched.row, |said| t1317::output::Data {
        fixmedins_code: code.to_owned().into(),
        medins_list_codg: matched.of.own.clone().into(),
        medins_list_name: Some(said.fixmedins_hilist_name.to_string().into()),
        insu_admdvs: place.to_string().into(),
        list_type: matched.of.list.clone().into(),
        med_list_codg: matched.of.code.clone().into(),
        begndate: said.begndate,
        enddate: Some(said.enddate),
        aprvno: text(&said.aprvno),
        dosform: text(&said.dosform),
        exct_cont: text(&said.exct_cont),
        item_cont: text(&said.item_cont),
        prcunt: text(&said.prcunt),
        spec: text(&said.spec),
        pacspec: text(&said.pacspec),
        memo: text(&said.memo),
        vali_flag: "1".into(),
        rid: rid("1317", &[code, &matched.of.own, &matched.of.list, &matched.of.code]).into(),
        updt_time: came,
        crte_time: came,
        crter_id: None,
        crter_name: None,
        crte_optins_no: None,
        opter_id: None,
        opter_name: None,
        opt_time: None,
        optins_no: None,
        poolarea_no: None,
    })
}

fn row_1312<'i>(pool: &Pool<'_>, told: &Told<'i>) -> t1312::output::Data<'i> {
    row_of!(t1312, pool, told, pool.rid("1312", told, ""), {
        hilist_code: told.code().into(),
        hilist_name: told.name().into(),
        med_chrgitm_type: told.charge_type().into(),
        chrgitm_lv: told.class().into(),
        lmt_used_flag: pool.restricted(told).into(),
        list_type: told.list().into(),
        med_use_flag: told.medical().into(),
        matn_used_flag: told.maternity().into(),
        // No edition prints the table of it.
        hilist_use_type: "".into(),
        lmt_cpnd_type: told.compound().into(),
    }, [wubi pinyin memo])
}

fn row_1316<'i>(pool: &Pool<'_>, told: &Told<'i>) -> t1316::output::Data<'i> {
    row_of!(t1316, pool, told, pool.rid("1316", told, ""), {
        med_list_codg: told.code().into(),
        hilist_code: told.code().into(),
        list_type: told.list().into(),
    }, [memo])
}

fn row_1318<'i>(
    pool: &Pool<'_>,
    (told, level, price): &(Told<'i>, Level, Price),
) -> t1318::output::Data<'i> {
    let level = lmtpric_type(*level);
    row_of!(t1318, pool, told, pool.rid("1318", told, level), {
        hilist_code: told.code().into(),
        hilist_lmtpric_type: level.into(),
        // No edition prints the table of it.
        overlmt_dspo_way: "".into(),
        hilist_pric_uplmt_amt: Scaled::new(price.get()),
    }, [tabname])
}

fn row_1319<'i>(
    pool: &Pool<'_>,
    (told, family, share): &(Told<'i>, Family, Rate),
) -> t1319::output::Data<'i> {
    let person = person_type(*family);
    row_of!(t1319, pool, told, pool.rid("1319", told, person), {
        hilist_code: told.code().into(),
        selfpay_prop_psn_type: person.into(),
        selfpay_prop_type: FIRST_SELF_PAY.into(),
        selfpay_prop: Scaled::new(share.parts()),
    }, [tabname])
}
