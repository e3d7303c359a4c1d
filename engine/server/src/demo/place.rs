//! The three places of the year: their pools, facilities (invented) and where their people travel for care.

/// A place.
pub(super) struct Place {
    /// Its pool of insurance.
    pub(super) pool: &'static str,
    pub(super) third: Hospital,
    pub(super) second: Hospital,
    pub(super) first: Hospital,
    pub(super) pharmacy: Hospital,
    /// Hospitals outside the pool: in the province, and beyond it.
    pub(super) away: [Hospital; 3],
    /// Diseases with approvals, and how many of a hundred ill people have them.
    pub(super) diseases: &'static [(&'static str, u64)],
}

/// A facility.
#[derive(Clone, Copy)]
pub(super) struct Hospital {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) admdvs: &'static str,
    pub(super) level: &'static str,
}

const fn at(
    code: &'static str,
    name: &'static str,
    admdvs: &'static str,
    level: &'static str,
) -> Hospital {
    Hospital { code, name, admdvs, level }
}

/// High blood pressure, diabetes, cancer, and uraemia with its dialysis.
const DISEASES: &[(&str, u64)] = &[("M03900", 45), ("M01600", 30), ("M00500", 15), ("M07800", 10)];

/// Xining's list, as its pack has it, does not name uraemia.
const DISEASES_XINING: &[(&str, u64)] = &[("M03900", 50), ("M01600", 32), ("M00500", 18)];

/// The places.
pub(super) const PLACES: [Place; 3] = [
    Place {
        pool: "630100",
        third: at("H630103Q0001", "西宁示例第一医院", "630103", "三级甲等"),
        second: at("H630103Q0002", "西宁示例区医院", "630103", "二级甲等"),
        first: at("H630103Q0003", "西宁示例社区卫生服务中心", "630103", "一级甲等"),
        pharmacy: at("P630103Q0001", "西宁示例大药房", "630103", "未定级"),
        away: [
            at("H632802Q0001", "德令哈示例医院", "632802", "二级甲等"),
            at("H510107Q0001", "成都示例医院", "510107", "三级甲等"),
            at("H110105Q0001", "北京示例医院", "110105", "三级甲等"),
        ],
        diseases: DISEASES_XINING,
    },
    Place {
        pool: "530100",
        third: at("H530102Q0001", "昆明示例第一医院", "530102", "三级甲等"),
        second: at("H530102Q0002", "昆明示例区医院", "530102", "二级乙等"),
        first: at("H530102Q0003", "昆明示例社区卫生服务中心", "530102", "一级甲等"),
        pharmacy: at("P530102Q0001", "昆明示例大药房", "530102", "未定级"),
        away: [
            at("H530302Q0001", "曲靖示例医院", "530302", "三级乙等"),
            at("H440106Q0001", "广州示例医院", "440106", "三级甲等"),
            at("H500103Q0001", "重庆示例医院", "500103", "三级甲等"),
        ],
        diseases: DISEASES,
    },
    Place {
        pool: "370800",
        third: at("H370811Q0001", "济宁示例第一医院", "370811", "三级甲等"),
        second: at("H370811Q0002", "济宁示例区医院", "370811", "二级甲等"),
        first: at("H370811Q0003", "济宁示例镇卫生院", "370811", "一级甲等"),
        pharmacy: at("P370811Q0001", "济宁示例大药房", "370811", "未定级"),
        away: [
            at("H370102Q0001", "济南示例医院", "370102", "三级甲等"),
            at("H110105Q0002", "北京示例肿瘤医院", "110105", "三级甲等"),
            at("H310104Q0001", "上海示例医院", "310104", "三级甲等"),
        ],
        diseases: DISEASES,
    },
];
