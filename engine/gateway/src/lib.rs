//! What HIS systems speak, and how they are served: the envelope of the national interface, every transaction that is served, the
//! codes they are written in, the URLs they come by, and how they are signed. The modules of the wire and of signatures open no
//! socket, know no ledger and ask no clock. [`http`] has the sockets and knows nothing of transactions; [`service`] has the
//! transactions and knows the ledger; [`front`] stands between them.
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

#![forbid(unsafe_code)]

pub mod answer;
mod bookkeeping;
mod catalogue;
mod content;
pub mod documents;
pub mod envelope;
pub mod fault;
pub mod files;
mod form;
pub mod front;
pub mod http;
pub mod institution;
mod json;
pub mod limit;
pub mod limits;
mod made;
pub mod mask;
mod number;
pub mod papers;
pub mod persons;
mod reading;
pub mod record;
pub mod refusal;
pub mod replay;
pub mod route;
mod row;
mod scan;
pub mod service;
pub mod setl;
pub mod sign;
pub mod statement;
mod store;
pub mod table;
mod time;
mod tolerance;
pub mod value;
mod walk;
pub mod wire;

pub use content::{Digest, content};
pub use fault::{Fault, Faults};
pub use reading::{Decoded, decode, decode_answer};
pub use store::StoreError;
pub use tolerance::{Borne, InfcodeForm, Place, Profile, Tolerance};
