//! What the fixed words of a pack are called in Chinese.

use yidan_settlement::catalogue::{Family, Setting};
use yidan_settlement::pack::{Agreement, Distance, Filing, SlotKeyKind, SlotScope};

pub(super) fn family(family: Family) -> &'static str {
    match family {
        Family::Employee => "职工",
        Family::Resident => "居民",
    }
}

pub(super) fn setting(setting: Setting) -> &'static str {
    match setting {
        Setting::Inpatient => "住院",
        Setting::Outpatient => "门诊",
        Setting::EmergencyRescue => "急诊抢救",
        Setting::Pharmacy => "定点药店",
    }
}

pub(super) fn agreement(agreement: Agreement) -> &'static str {
    match agreement {
        Agreement::Inpatient => "协议：住院",
        Agreement::Outpatient => "协议：普通门诊",
        Agreement::Chronic => "协议：门诊慢特病",
        Agreement::Pharmacy => "协议：药店",
    }
}

pub(super) fn distance(distance: Distance) -> &'static str {
    match distance {
        Distance::Home => "统筹区内",
        Distance::City => "同市",
        Distance::Province => "同省",
        Distance::Away => "省外",
    }
}

pub(super) fn filing(filing: Filing) -> &'static str {
    match filing {
        Filing::None => "无",
        Filing::Emergency => "急诊",
        Filing::Referral => "转诊",
        Filing::Residence => "长期居住",
    }
}

pub(super) fn scope(scope: SlotScope) -> &'static str {
    match scope {
        SlotScope::Stay => "每次住院",
        SlotScope::Day => "每日",
        SlotScope::Month => "每月",
        SlotScope::Quarter => "每季",
        SlotScope::Year => "每年",
        SlotScope::Filing => "每次备案或认定",
        SlotScope::Life => "终身",
    }
}

pub(super) fn key(key: SlotKeyKind) -> &'static str {
    match key {
        SlotKeyKind::None => "",
        SlotKeyKind::Disease => "；分病种",
        SlotKeyKind::DiseaseGroup => "；分病种组",
        SlotKeyKind::Scheme => "；分险种",
    }
}
