//! `yidan serve` with credentials: each family of signatures over HTTP as a client of it signs, with secrets made by `yidan keys`; and what
//! of it is refused, in the form of the family and with status 200. Signatures are made here with the public crates alone.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use sm2::dsa::signature::{Signer as _, Verifier as _};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm3::Sm3;
use sm4::Sm4;
use sm4::cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _};
use yidan_settlement::date::Day;

use crate::program::{Folder, run};
use crate::serve::{
    Person, Served, diagnosis, exchange, fen, is_sound, line, registration, settling,
};

/// The families, each with its name on the wire and its institution.
const CLIENTS: [(Family, &str, &str); 5] = [
    (Family::Api, "api-key-1", "H630103Q0011"),
    (Family::Tif, "tif-key-1", "H630103Q0012"),
    (Family::Ca, "H630103Q0013", "H630103Q0013"),
    // The key of SM4 too, so it has 16 bytes.
    (Family::Sm, "sm-client-000001", "H630103Q0014"),
    (Family::Cainfo, "cainfo-1", "H630103Q0015"),
];

const PATH: &str = "/fsi/api/rsfComIfsService/callService";

/// User id of SM2 where nothing else was agreed (GM/T 0009).
const USER: &str = "1234567812345678";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Family {
    Api,
    Tif,
    Ca,
    Sm,
    Cainfo,
}

impl Family {
    fn text(self) -> &'static str {
        match self {
            Family::Api => "api",
            Family::Tif => "tif",
            Family::Ca => "ca",
            Family::Sm => "sm",
            Family::Cainfo => "cainfo",
        }
    }
}

/// A folder with all institutions and a person for each, the keys of all credentials, and their configuration.
struct Set {
    folder: Folder,
}

impl Set {
    fn new() -> Set {
        let folder = Folder::new();
        let hospital =
            |(_, _, code): &(Family, &str, &str)| format!("{code},630103,hospital,三级\n");
        let hospitals: String = CLIENTS.iter().map(hospital).collect();
        let people: String =
            (1..=5).map(|one| format!("P{one},630100,310,11,1980-05-01\n")).collect();
        let names: String = (1..=5).map(|one| format!("P{one},08,E1234567{one},某人\n")).collect();
        for (what, columns, rows) in [
            ("facilities", "fixmedins_code,admdvs,kind,hosp_lv", hospitals),
            ("members", "psn_no,admdvs,insutype,psn_type,brdy", people),
            ("persons", "psn_no,psn_cert_type,certno,psn_name", names),
        ] {
            let file = folder.write(what, format!("{columns}\n{rows}"));
            let ran = run(&["import", what, &folder.path("journal"), &file]);
            assert_eq!(ran.code, Some(0), "{}", ran.err);
        }
        let set = Set { folder };
        for (family, _, _) in CLIENTS {
            for (kind, name) in [("secret", "secret"), ("sm2", "own"), ("sm2", "client")] {
                let ran = run(&["keys", kind, &set.file(family, name)]);
                assert_eq!(ran.code, Some(0), "{}", ran.err);
            }
        }
        set
    }

    /// A file of a family's credential.
    fn file(&self, family: Family, name: &str) -> String {
        self.folder.path(&format!("{}.{name}", family.text()))
    }

    fn line_of(&self, family: Family, name: &str) -> String {
        let text = fs::read_to_string(self.file(family, name)).expect("it was made");
        text.trim().to_owned()
    }

    /// An entry of the configuration; `more` stands at its end.
    fn entry(&self, family: Family, profile: &str, more: &str) -> String {
        let (_, name, code) = CLIENTS.into_iter().find(|(it, ..)| *it == family).expect("it is");
        let secret = format!("secret_file = {:?}\n", self.file(family, "secret"));
        let client = format!("client_key_file = {:?}\n", self.file(family, "client.pub"));
        let own = format!("own_key_file = {:?}\n", self.file(family, "own"));
        let keys = match family {
            Family::Api | Family::Tif | Family::Ca => secret,
            Family::Sm => secret + &client + &own,
            Family::Cainfo => client,
        };
        let family = family.text();
        format!(
            "[credential.{name}]\nfamily = \"{family}\"\ninstitutions = [\"{code}\"]\nprofile = \"{profile}\"\n\
             {keys}{more}\n"
        )
    }

    fn serve(&self, profile: &str) -> Served {
        let entries = CLIENTS.map(|(family, ..)| self.entry(family, profile, "")).concat();
        let config = self.folder.write("yidan.toml", entries);
        Served::start(&[&self.folder.path("journal"), "--config", &config])
    }

    fn client<'s>(&'s self, served: &'s Served, family: Family) -> Client<'s> {
        let (_, name, hospital) =
            CLIENTS.into_iter().find(|(it, ..)| *it == family).expect("it is");
        let mut client = Client {
            served,
            family,
            name: name.to_owned(),
            hospital: hospital.to_owned(),
            secret: self.line_of(family, "secret"),
            key: self.line_of(family, "client"),
            ours: self.line_of(family, "own.pub"),
            token: String::new(),
        };
        if family == Family::Sm {
            client.token = client.new_token();
        }
        client
    }
}

/// A client that signs.
struct Client<'s> {
    served: &'s Served,
    family: Family,
    name: String,
    hospital: String,
    secret: String,
    /// Its own SM2 key, and the server's.
    key: String,
    ours: String,
    token: String,
}

/// A call as it goes over the wire.
#[derive(Clone)]
struct Signed {
    headers: Vec<(&'static str, String)>,
    body: Value,
}

static SERIAL: AtomicU64 = AtomicU64::new(1);

fn serial() -> u64 {
    SERIAL.fetch_add(1, Ordering::Relaxed)
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("digits");
    (0..text.len()).step_by(2).map(pair).collect()
}

/// SM3withSM2 as `r` and `s`.
fn sm2_signed(user: &str, key: &str, message: &[u8]) -> Vec<u8> {
    let key = sm2::SecretKey::from_slice(&unhex(key)).expect("a key of `yidan keys`");
    let signature: Signature = SigningKey::new(user, &key).expect("a short user id").sign(message);
    signature.to_bytes().to_vec()
}

/// SM4/ECB/PKCS7 in Base64.
fn sm4_sealed(name: &str, plain: &[u8]) -> String {
    let cipher = Sm4::new_from_slice(name.as_bytes()).expect("16 bytes");
    let padding = 16 - plain.len() % 16;
    let mut bytes = plain.to_vec();
    bytes.resize(plain.len() + padding, u8::try_from(padding).expect("at most 16"));
    let (blocks, _) = bytes.as_chunks_mut::<16>();
    blocks.iter_mut().for_each(|block| cipher.encrypt_block(block.into()));
    STANDARD.encode(bytes)
}

fn sm4_opened(name: &str, sealed: &str) -> Vec<u8> {
    let cipher = Sm4::new_from_slice(name.as_bytes()).expect("16 bytes");
    let mut bytes = STANDARD.decode(sealed).expect("Base64");
    let (blocks, _) = bytes.as_chunks_mut::<16>();
    blocks.iter_mut().for_each(|block| cipher.decrypt_block(block.into()));
    let padding = usize::from(*bytes.last().expect("a block"));
    bytes.truncate(bytes.len() - padding);
    bytes
}

/// A call with these headers, and its answer, which has status 200.
fn post(served: &Served, headers: &[(&'static str, String)], path: &str, body: &str) -> Value {
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let (status, body) = exchange(&served.calls, request.as_bytes());
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).expect("JSON")
}

impl Client<'_> {
    fn new_token(&self) -> String {
        let pair = STANDARD.encode(format!("{}:{}", self.name, self.secret));
        let basic = [("Authorization", format!("Basic {pair}"))];
        let granted = post(self.served, &basic, "/oauth/token", "");
        granted["access_token"].as_str().unwrap_or_else(|| panic!("{granted}")).to_owned()
    }

    /// The envelope, nothing signed yet.
    fn envelope(&self, infno: &str, input: &Value, at_s: u64) -> Value {
        // China has one time, that of 120° east.
        let local = at_s + 8 * 3_600;
        let day = Day::new(i32::try_from(local / 86_400).expect("a day"));
        let second = local % 86_400;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        json!({
            "infno": infno, "msgid": format!("{}20260102{:010}", self.hospital, serial()),
            "mdtrtarea_admvs": "630103", "insuplc_admdvs": "630100", "recer_sys_code": "FSI",
            "dev_no": "", "dev_safe_info": "", "cainfo": "", "signtype": "", "infver": "V1.0",
            "opter_type": "1", "opter": "001", "opter_name": "收费员",
            "inf_time": format!("{day} {hour:02}:{minute:02}:{second:02}"),
            "fixmedins_code": self.hospital, "fixmedins_name": "示例", "sign_no": "",
            "input": input,
        })
    }

    fn sign(&self, infno: &str, input: &Value) -> Signed {
        self.sign_at(infno, input, now_s())
    }

    fn sign_at(&self, infno: &str, input: &Value, at_s: u64) -> Signed {
        let body = self.envelope(infno, input, at_s);
        self.sign_body(body, at_s)
    }

    fn sign_body(&self, mut body: Value, at_s: u64) -> Signed {
        let secret = self.secret.as_bytes();
        let name = self.name.clone();
        let headers = match self.family {
            Family::Api => {
                let (api, stamp) = (format!("api_{}", body["infno"]), format!("{at_s}000"));
                let api = api.replace('"', "");
                let signed = format!(
                    "_api_access_key={name}&_api_name={api}&_api_timestamp={stamp}&_api_version=1.0.0"
                );
                let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("any length");
                mac.update(signed.as_bytes());
                vec![
                    ("_api_name", api),
                    ("_api_version", "1.0.0".to_owned()),
                    ("_api_timestamp", stamp),
                    ("_api_access_key", name),
                    ("_api_signature", STANDARD.encode(mac.finalize().into_bytes())),
                ]
            }
            Family::Tif => {
                let nonce = format!("n{}", serial());
                let signed = format!("{at_s}{}{nonce}{at_s}", self.secret);
                vec![
                    ("x-tif-paasid", name),
                    ("x-tif-timestamp", at_s.to_string()),
                    ("x-tif-nonce", nonce),
                    ("x-tif-signature", hex(&Sha256::digest(signed.as_bytes())).to_uppercase()),
                ]
            }
            Family::Ca => {
                let mut mac = Hmac::<Sm3>::new_from_slice(secret).expect("any length");
                mac.update(format!("{at_s}\n{body}").as_bytes());
                let signature = hex(&mac.finalize().into_bytes()).to_uppercase();
                vec![("x-ca-key", name), ("x-ca-signature", format!("{at_s}:{signature}"))]
            }
            Family::Sm => {
                let plain = body["input"].to_string();
                let signature = sm2_signed(&name, &self.key, plain.as_bytes());
                body["cainfo"] = json!(STANDARD.encode(signature));
                (body["signtype"], body["enc_type"]) = (json!("SM2"), json!("SM4"));
                body["input"] = json!(sm4_sealed(&name, plain.as_bytes()));
                vec![("Authorization", format!("Bearer {}", self.token))]
            }
            Family::Cainfo => {
                let signature = sm2_signed(USER, &self.key, of_envelope(&body).as_bytes());
                body["cainfo"] = json!(hex(&signature).to_uppercase());
                Vec::new()
            }
        };
        Signed { headers, body }
    }

    fn send(&self, signed: &Signed) -> Value {
        post(self.served, &signed.headers, PATH, &signed.body.to_string())
    }

    /// Sends a transaction, which must be done; of [`Family::Sm`] the answer is opened and its signature verified.
    fn done(&self, infno: &str, input: &Value) -> Value {
        let answer = self.send(&self.sign(infno, input));
        assert_eq!(answer["infcode"], 0, "{:?} {infno}: {answer}", self.family);
        if self.family != Family::Sm {
            return answer["output"].clone();
        }
        assert_eq!((&answer["signtype"], &answer["enctype"]), (&json!("SM2"), &json!("SM4")));
        let plain = sm4_opened(&self.name, answer["output"].as_str().expect("sealed"));
        let cainfo = STANDARD.decode(answer["cainfo"].as_str().expect("signed")).expect("Base64");
        let signature = Signature::from_slice(&cainfo).expect("r and s");
        let ours = sm2::PublicKey::from_sec1_bytes(&unhex(&self.ours)).expect("a public key");
        let ours = VerifyingKey::new(&self.name, ours).expect("a short user id");
        ours.verify(&plain, &signature).expect("it is our signature");
        serde_json::from_slice(&plain).expect("JSON")
    }

    /// Whether an answer refuses with this number, in the form of the family.
    fn is_refused(&self, answer: &Value, number: u16) {
        let told = format!("{:?}, {number}: {answer}", self.family);
        // What the gateway of Hunan says is without numbers.
        let of_hunan = [
            (431, "缺少服务网关的请求头!"),
            (432, "签名时间戳超时!"),
            (433, "非法用户!"),
            (434, "签名不一致!"),
        ];
        let of_hunan = of_hunan.iter().find(|(it, _)| *it == number).map(|(_, message)| message);
        if let (Family::Api, Some(message)) = (self.family, of_hunan) {
            assert_eq!(*answer, json!({ "code": 401, "message": message }), "{told}");
            return;
        }
        assert_eq!(answer["infcode"], -1, "{told}");
        let err_msg = answer["err_msg"].as_str().expect("said");
        assert!(err_msg.ends_with(&format!("[{number}]")), "{told}");
        if self.family == Family::Ca && number != 435 {
            assert_eq!(answer["type"], "error", "{told}");
            assert_eq!(answer.as_object().map(serde_json::Map::len), Some(3), "{told}");
        } else {
            assert!(answer["inf_refmsgid"].is_null() && answer["output"].is_null(), "{told}");
            assert!(answer["respond_time"].is_string(), "{told}");
        }
    }
}

/// What is signed of an envelope: all fields but `cainfo` and `input`, in the order of their names.
fn of_envelope(body: &Value) -> String {
    let fields = body.as_object().expect("an envelope").iter();
    let signed = fields.filter(|(name, _)| *name != "cainfo" && *name != "input");
    let mut pairs: Vec<String> = signed
        .map(|(name, value)| format!("{name}={}", value.as_str().expect("all are texts")))
        .collect();
    pairs.sort();
    pairs.join("&")
}

/// The person of a family's client.
fn person(family: Family) -> Person {
    let number = 1 + CLIENTS.iter().position(|(it, ..)| *it == family).expect("it is");
    Person {
        psn_no: format!("P{number}"),
        certno: format!("E1234567{number}"),
        name: "某人".to_owned(),
        insutype: "310".to_owned(),
    }
}

fn sign_in() -> Value {
    json!({ "signIn": { "opter_no": "001", "mac": "00-00-00-00-00-00", "ip": "10.0.0.1" } })
}

/// Registration as an outpatient; the certificate is a passport.
fn registering(person: &Person) -> Value {
    let mut data = registration(person);
    data["psn_cert_type"] = json!("08");
    json!({ "data": data })
}

/// From the sign-in to the cancelled settlement.
fn whole_chain(client: &Client<'_>) {
    let person = person(client.family);
    let signed_in = client.done("9001", &sign_in());
    assert!(signed_in["signinoutb"]["sign_no"].is_string(), "{signed_in}");
    let visit = client.done("2201", &registering(&person));
    let mdtrt_id = visit["data"]["mdtrt_id"].as_str().expect("a number").to_owned();
    client.done(
        "2203",
        &json!({ "mdtrtinfo": {
            "mdtrt_id": mdtrt_id, "psn_no": person.psn_no, "med_type": "11",
            "begntime": "2026-01-02 08:00:00", "dise_codg": "J06.900",
            "dise_name": "急性上呼吸道感染",
        }, "diseinfo": [diagnosis()] }),
    );
    let fee = |serial: &str, amount: &str| line(&mdtrt_id, &person, serial, "B1", amount);
    let lines = json!({ "feedetail": [fee("1", "60.00"), fee("2", "40.00")] });
    let split = client.done("2204", &lines);
    assert_eq!(split["result"].as_array().map(Vec::len), Some(2), "{split}");
    let settle = settling(&person, &mdtrt_id, "B1", "100.00");
    let before = client.done("2206", &settle);
    is_sound(&before["setlinfo"]);
    let settled = client.done("2207", &settle);
    let setlinfo = &settled["setlinfo"];
    is_sound(setlinfo);
    assert_eq!(setlinfo["fund_pay_sumamt"], before["setlinfo"]["fund_pay_sumamt"]);
    let cancelled = client.done(
        "2208",
        &json!({ "data": {
            "setl_id": setlinfo["setl_id"], "mdtrt_id": mdtrt_id, "psn_no": person.psn_no,
        } }),
    );
    let total = |setlinfo: &Value| fen(&setlinfo["medfee_sumamt"]);
    assert_eq!(total(&cancelled["setlinfo"]), -total(setlinfo), "{cancelled}");
}

#[test]
fn every_family_goes_from_the_sign_in_to_the_cancelled_settlement_in_both_profiles() {
    let set = Set::new();
    for profile in ["lenient", "strict"] {
        let served = set.serve(profile);
        for (family, ..) in CLIENTS {
            whole_chain(&set.client(&served, family));
        }
    }
}

#[test]
fn what_is_not_signed_by_its_institution_is_refused_in_the_form_of_the_family() {
    let set = Set::new();
    let served = set.serve("lenient");
    for (family, ..) in CLIENTS {
        let client = set.client(&served, family);
        let input = registering(&person(family));
        // Another signature.
        let mut other = client.sign("2201", &input);
        let elsewhere = client.sign("2201", &json!({ "data": {} }));
        match family {
            Family::Api | Family::Tif | Family::Ca => {
                let signature = |signed: &Signed| signed.headers.last().cloned().expect("one");
                let mut wrong = Client { secret: "0".repeat(64), ..set.client(&served, family) };
                wrong.token = String::new();
                let last = other.headers.len() - 1;
                other.headers = wrong.sign_body(other.body.clone(), now_s()).headers;
                assert_ne!(signature(&elsewhere), other.headers[last]);
            }
            Family::Sm | Family::Cainfo => other.body["cainfo"] = elsewhere.body["cainfo"].clone(),
        }
        client.is_refused(&client.send(&other), 434);
        // A key, a token or an institution that nobody knows.
        let mut unknown = set.client(&served, family);
        match family {
            Family::Sm => unknown.token = "0".repeat(64),
            Family::Cainfo => unknown.hospital = "H999999Q9999".to_owned(),
            Family::Api | Family::Tif | Family::Ca => unknown.name = "nobody".to_owned(),
        }
        let answer = unknown.send(&unknown.sign("2201", &input));
        if family == Family::Cainfo {
            // Nothing in it says how it is signed.
            assert!(answer["err_msg"].as_str().is_some_and(|told| told.ends_with("[433]")));
        } else {
            client.is_refused(&answer, 433);
        }
        // Another institution, though one that has a credential.
        let mut other = set.client(&served, family);
        other.hospital = if family == Family::Api { CLIENTS[1].2 } else { CLIENTS[0].2 }.to_owned();
        let answer = other.send(&other.sign("2201", &input));
        match family {
            // Its institution is all that says whose key it is.
            Family::Cainfo => {
                assert!(answer["err_msg"].as_str().is_some_and(|told| told.ends_with("[433]")));
            }
            Family::Api | Family::Tif | Family::Ca | Family::Sm => client.is_refused(&answer, 435),
        }
        // An old time stamp; a token has its own life instead.
        if family != Family::Sm {
            let old = client.sign_at("2201", &input, now_s() - 31 * 60);
            client.is_refused(&client.send(&old), 432);
        }
        // Nothing of all this has come through: the person can be registered.
        client.done("2201", &input);
    }
}

#[test]
fn what_was_signed_once_is_not_taken_with_another_body() {
    let set = Set::new();
    let served = set.serve("lenient");
    for (family, number) in
        [(Family::Tif, 439), (Family::Ca, 434), (Family::Sm, 434), (Family::Cainfo, 439)]
    {
        let client = set.client(&served, family);
        let first = client.sign("9001", &sign_in());
        assert_eq!(client.send(&first)["infcode"], 0, "{family:?}");
        // The same once more goes on.
        assert_eq!(client.send(&first)["infcode"], 0, "{family:?}");
        let another = client.sign("9001", &json!({ "signIn": { "opter_no": "2" } }));
        let mut taken = first.clone();
        taken.body["input"] = another.body["input"].clone();
        client.is_refused(&client.send(&taken), number);
    }
}

#[test]
fn an_institution_with_a_credential_is_not_served_unsigned_even_on_loopback() {
    let set = Set::new();
    let free = set.folder.write(
        "free.csv",
        "fixmedins_code,admdvs,kind,hosp_lv\nH630103Q0019,630103,hospital,三级\n",
    );
    let ran = run(&["import", "facilities", &set.folder.path("journal"), &free]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let served = set.serve("lenient");
    for (family, ..) in CLIENTS {
        let client = set.client(&served, family);
        for (infno, input) in [("9001", sign_in()), ("2201", registering(&person(family)))] {
            let body = client.envelope(infno, &input, now_s());
            let answer = post(&served, &[], PATH, &body.to_string());
            assert_eq!(answer["infcode"], -1, "{family:?}: {answer}");
            let number = if family == Family::Cainfo { "[431]" } else { "[433]" };
            let err_msg = answer["err_msg"].as_str().expect("said");
            assert!(err_msg.ends_with(number), "{family:?}: {answer}");
        }
    }
    // One without a credential is: so it was the credential that kept the others out.
    served.at("H630103Q0019").done("9001", sign_in());
}

#[test]
fn where_others_can_change_what_is_sent_only_what_signs_the_body_is_served() {
    let set = Set::new();
    let journal = set.folder.path("journal");
    let everywhere = |entries: &str| {
        let config = set.folder.write("open.toml", entries);
        Served::start_at("0.0.0.0:0", &[&journal, "--config", &config])
    };
    for family in [Family::Api, Family::Tif, Family::Sm, Family::Cainfo] {
        let said = everywhere(&set.entry(family, "strict", "")).err().expect("it does not start");
        for told in ["error: credential “", "leaves the body open", "insecure = true"] {
            assert!(said.contains(told), "{family:?}: {said}");
        }
    }
    let none = "[credential.nobody]\nfamily = \"none\"\ninstitutions = [\"H630103Q0011\"]\n";
    for more in ["", "insecure = true\n"] {
        let said = everywhere(&format!("{none}{more}")).err().expect("it does not start");
        assert!(said.contains("error: ") && said.contains("loopback"), "{said}");
    }
    let entries =
        set.entry(Family::Api, "strict", "insecure = true") + &set.entry(Family::Ca, "strict", "");
    let served = everywhere(&entries).unwrap_or_else(|said| panic!("{said}"));
    let warned = "warning: credential api-key-1 (Api) is served insecurely";
    assert!(served.said.contains(warned), "{}", served.said);
    for family in [Family::Api, Family::Ca] {
        set.client(&served, family).done("9001", &sign_in());
    }
    // No institution is served unsigned there.
    let client = set.client(&served, Family::Api);
    let mut stranger = client.envelope("9001", &sign_in(), now_s());
    stranger["fixmedins_code"] = json!("H630103Q0012");
    let answer = post(&served, &[], PATH, &stranger.to_string());
    assert_ne!(answer["infcode"], 0, "{answer}");
}
