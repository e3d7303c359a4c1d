//! What the gateway itself declines, once it is known who asks for which transaction: reasons with numbers of their own, as the
//! ledger's have theirs.

use std::fmt;

macro_rules! declined {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $chinese:literal;)*) => {
        /// Why a call is declined before or beside the ledger. Numbers are never reused.
        #[derive(Copy, Clone, Eq, PartialEq, Debug)]
        pub enum Declined { $($(#[$doc])* $name = $number,)* }

        impl Declined {
            /// All of them.
            pub const ALL: &'static [Declined] = &[$(Declined::$name,)*];

            /// Its number.
            pub const fn number(self) -> u16 {
                match self { $(Declined::$name => $number,)* }
            }

            /// What a person at a hospital reads.
            pub const fn chinese(self) -> &'static str {
                match self { $(Declined::$name => $chinese,)* }
            }
        }
    };
}

declined! {
    /// No person has this certificate.
    PersonNotFound = 461, "未找到该证件号码对应的参保人员";
    /// The name or the certificate is not that of the person.
    PersonDiffers = 462, "姓名或证件号码与该人员登记信息不符";
    /// Neither identified here lately, nor a visit, settlement or filing of this institution.
    PersonNotOurs = 463, "本机构近24小时内未识别该人员，也没有该人员的就诊、结算或备案记录，请先调用1101";
    /// Only a certificate's number identifies; tokens and cards need a service that is not connected.
    CredentialUnknown = 464, "未接入电子凭证和社会保障卡的解码服务，请传入证件号码";
    /// Too many identifications failed.
    TooManyFailures = 465, "人员识别失败次数过多，请稍后再试";
    /// A field has a value that cannot be taken.
    FieldMeaningless = 466, "字段取值无法识别";
    /// Lines of one call belong to several visits or persons.
    SeveralVisits = 467, "同一次上传的费用明细须属于同一人员的同一次就诊";
    /// Nothing is in it.
    NothingInIt = 468, "没有可处理的内容";
    /// The engine stopped while it was asked: it may or may not have happened.
    OutcomeUnknown = 469, "系统正在停止，本次交易结果未知，请稍后以相同报文重试，或用2601冲正";
    /// The record that says what was answered cannot be read.
    RecordUnreadable = 470, "原交易记录暂时无法读取，请稍后重试或联系运维";
    /// The transaction is known, and not offered by this system.
    NotOffered = 471, "本系统暂不提供该交易";
    /// The settlement is not one of this institution and person.
    SettlementNotOurs = 473, "未找到本机构为该人员办理的该笔结算";
    /// The body is longer than is read.
    BodyTooLong = 474, "报文超过8MB，请分批上传";
    /// The body is not what its coding says.
    BodyNotGzip = 475, "报文压缩格式无法识别，仅支持gzip";
    /// The body did not come whole, or too slowly.
    BodyNotWhole = 476, "报文接收不完整，请重新发送";
    /// It was not answered in time, or what should have answered it broke down: it may or may not have happened.
    NotAnswered = 477, "系统未能及时答复，本次交易结果未知，请稍后以相同报文重试，或用2601冲正";
    /// The pack that a settlement was made by is not loaded. Nothing was done.
    PackNotLoaded = 478, "该结算所依据的待遇政策包未加载，请联系运维加载后重试";
    /// The books of facilities do not have all yet that was settled.
    BooksBehind = 479, "对账数据尚在准备，请稍后重试";
    /// The books of facilities begin after the day that was asked for.
    BooksArchived = 480, "该期间的账务已归档，不能在线对账";
    /// A file that was sent cannot be read as what it should be.
    FileMeaningless = 481, "上传的文件不符合要求";
    /// A file cannot be kept or read just now.
    FileUnreadable = 482, "文件暂时无法读写，请稍后重试";
    /// A form whose parts are not those of 9101.
    NotAForm = 483, "表单应有jsonStr和file两部分，国密签名的机构请以in字段上传文件";
    /// A filing names an institution that has to be registered, and is not.
    InstitutionUnknown = 484, "该定点医药机构未在本系统登记";
    /// The person's pool has no such disease.
    DiseaseUnknown = 485, "参保地政策中没有该门慢门特病种";
    /// The list of a settlement is handed in for good.
    ListSubmitted = 486, "该结算清单已提交，请先用4102改为未提交";
    /// No list of this settlement was handed in.
    ListUnknown = 487, "该结算尚未上传清单";
    /// A code that the catalogue does not have.
    CodeUnknown = 488, "医疗目录编码不在目录中";
    /// The institution's own code does not match this one.
    MatchUnknown = 489, "没有该条目录对照";
}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.chinese(), self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::Declined;

    #[test]
    fn numbers_rise() {
        let rises = |pair: &[Declined]| pair[0].number() < pair[1].number();
        assert!(Declined::ALL.windows(2).all(rises));
    }
}
