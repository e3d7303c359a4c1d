//! What HIS systems speak, and nothing behind it: the envelope of the national interface, every transaction that is served, the
//! codes they are written in and the URLs they come by. It opens no socket, knows no ledger and asks no clock.
//!
//! One table of fields (`fields/*.csv`) makes the structs ([`wire`]), their decoding, the messages about them and
//! `openapi.json`.
//!
//! ```
//! use yidan_gateway::{Profile, wire::Request, envelope::Call};
//!
//! let body = r#"{"infno":"2202","msgid":"H63010000001202601020304050001","mdtrtarea_admvs":"630100",
//!     "infver":"V1.0","opter_type":"1","opter":"01","opter_name":"张三","recer_sys_code":"99",
//!     "inf_time":"2026-01-02 03:04:05","fixmedins_code":"H63010000001","fixmedins_name":"医院",
//!     "input":{"data":{"psn_no":"1","mdtrt_id":"7","ipt_otp_no":"3"}}}"#;
//! let call = Call::read(body.as_bytes(), &Profile::STRICT).expect("an envelope");
//! let decoded = call.decode(call.transaction().expect("served"), &Profile::STRICT).expect("an input");
//! assert_eq!(decoded.request.psn_no(), Some("1"));
//! assert!(matches!(decoded.request, Request::T2202(_)));
//! ```

pub mod answer;
mod content;
pub mod envelope;
pub mod fault;
mod json;
pub mod limits;
mod made;
mod number;
mod reading;
pub mod record;
pub mod refusal;
pub mod route;
mod row;
pub mod table;
mod time;
mod tolerance;
pub mod value;
mod walk;
pub mod wire;

pub use content::{Digest, content};
pub use fault::{Fault, Faults};
pub use reading::{Decoded, decode, decode_answer};
pub use tolerance::{Borne, InfcodeForm, Place, Profile, Tolerance};
