//! What is answered where no transaction is: reasons of the ledger as `err_msg`, refusals of the gateway in the form that each
//! family of signatures gives them, and the answer to a transaction that is not served. All of them go out with HTTP 200:
//! a known client takes anything else as an empty answer.

use yidan_settlement::reason::Reason;

use crate::answer::{Outcome, Reply, Stamp, infcode};
use crate::json::write_text;
use crate::tolerance::Profile;

/// How an institution signs its calls.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Family {
    /// Not at all.
    None,
    /// `_api_*` headers, HMAC-SHA1 (Hunan, Jiangxi, Jiangsu).
    Api,
    /// `x-tif-*` headers, SHA-256 (Guangdong, Hebei).
    Tif,
    /// `x-ca-*` headers, HMAC-SM3 over the body (Zhejiang).
    Ca,
    /// A token, and SM2 and SM4 in the body (Jilin).
    Sm,
    /// SM2 in `cainfo` over the fields of the envelope, and no header at all.
    Cainfo,
}

impl Family {
    /// Whether its signature covers every byte of the body. Where it does not, who can change a call on its way can change what it
    /// asks for: `_api_*` and `x-tif-*` sign headers alone, `Sm` the input without its `infno`, `Cainfo` all but the input.
    pub const fn signs_body(self) -> bool {
        match self {
            Family::Ca => true,
            Family::None | Family::Api | Family::Tif | Family::Sm | Family::Cainfo => false,
        }
    }
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $chinese:literal;)*) => {
        /// Why a call is refused before its transaction is looked at. Numbers go on where those of [`crate::fault::Wrong`] end.
        #[derive(Copy, Clone, Eq, PartialEq, Debug)]
        pub enum Refusal { $($(#[$doc])* $name = $number,)* }

        impl Refusal {
            /// All of them.
            pub const ALL: &'static [Refusal] = &[$(Refusal::$name,)*];

            /// Its number.
            pub const fn number(self) -> u16 {
                match self { $(Refusal::$name => $number,)* }
            }

            /// What a person at a hospital reads; of the first four, what Hunan's gateway says.
            pub const fn chinese(self) -> &'static str {
                match self { $(Refusal::$name => $chinese,)* }
            }
        }
    };
}

refusals! {
    /// Headers of the signature are missing.
    HeadersMissing = 431, "缺少服务网关的请求头!";
    /// The time of the signature is too far away.
    Expired = 432, "签名时间戳超时!";
    /// No one has this key.
    KeyUnknown = 433, "非法用户!";
    /// The signature is another one.
    SignatureDiffers = 434, "签名不一致!";
    /// The credential does not speak for this institution.
    OtherInstitution = 435, "签名凭证与定点医药机构编号不符";
    /// The queue is full, or the institution asks too much at once; to be sent again.
    Busy = 436, "系统繁忙，请稍后重试";
    /// The URL is that of another transaction than the body's.
    OtherPath = 437, "请求地址与交易编号不符";
    /// The body's number is not served.
    TransactionUnknown = 438, "交易报文不正确：未知交易编号！";
    /// A nonce or time stamp that came with another body already.
    Replayed = 439, "签名随机数或时间戳已用于其他报文";
    /// A call that was passed on, where only calls from the same machine are served.
    Forwarded = 440, "本机端口不受理经代理转发的请求";
}

impl Refusal {
    /// Whether it is the gateway that speaks, before any platform.
    const fn is_of_gateway(self) -> bool {
        match self {
            Refusal::HeadersMissing
            | Refusal::Expired
            | Refusal::KeyUnknown
            | Refusal::SignatureDiffers
            | Refusal::Replayed
            | Refusal::Forwarded => true,
            Refusal::OtherInstitution
            | Refusal::Busy
            | Refusal::OtherPath
            | Refusal::TransactionUnknown => false,
        }
    }

    /// `err_msg`.
    pub fn err_msg(self) -> String {
        let layer = match self {
            Refusal::TransactionUnknown | Refusal::OtherPath => "FSI-FSI-",
            Refusal::HeadersMissing
            | Refusal::Expired
            | Refusal::KeyUnknown
            | Refusal::SignatureDiffers
            | Refusal::OtherInstitution
            | Refusal::Busy
            | Refusal::Replayed
            | Refusal::Forwarded => "FSI-",
        };
        format!("{layer}{}[{}]", self.chinese(), self.number())
    }

    /// The body of the answer. `_api_*` knows a body of its own without `infcode`; unknown numbers get a bare object, and so does
    /// what the `x-ca-*` gateway refuses; of the others no body is known, so they answer by the envelope.
    pub fn body(self, family: Family, profile: &Profile, came: Stamp, now: Stamp) -> Vec<u8> {
        let mut to = Vec::new();
        let err_msg = self.err_msg();
        let unserved = matches!(self, Refusal::TransactionUnknown | Refusal::OtherPath);
        match (family, self.is_of_gateway()) {
            (Family::Api, true) => {
                to.extend_from_slice(b"{\"code\":401,\"message\":");
                write_text(self.chinese(), &mut to);
                to.push(b'}');
            }
            (Family::Ca, true) => bare(&err_msg, profile, &mut to),
            _ if unserved => bare(&err_msg, profile, &mut to),
            _ => failed(&err_msg, came, now).write(profile, &mut to),
        }
        to
    }
}

/// `{"type":"error","infcode":-1,"err_msg":…}`, as Zhejiang answers.
fn bare(err_msg: &str, profile: &Profile, to: &mut Vec<u8>) {
    to.extend_from_slice(b"{\"type\":\"error\",\"infcode\":");
    to.extend_from_slice(infcode(false, profile.infcode).as_bytes());
    to.extend_from_slice(b",\"err_msg\":");
    write_text(err_msg, to);
    to.push(b'}');
}

/// An answer that something failed, without an `inf_refmsgid`.
pub fn failed(err_msg: &str, came: Stamp, now: Stamp) -> Reply<'_> {
    Reply {
        outcome: Outcome::Failed(err_msg),
        inf_refmsgid: None,
        refmsg_time: came,
        respond_time: now,
        warn_msg: None,
        cainfo: None,
        signtype: None,
        enctype: None,
    }
}

/// `err_msg` of what the ledger refuses: reason, what it says more of it, and its number.
pub fn err_msg(reason: Reason, more: Option<&str>) -> String {
    let more = more.map(|more| format!("：{more}")).unwrap_or_default();
    format!("MBS-{}{more}[{}]", reason.chinese(), reason.number())
}
