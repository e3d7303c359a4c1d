//! The place that is abused: two hospitals that sign what they send, a third that need not and is in bad hands, and people of each.
//! Nobody in it is real.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::{ClientConfig, RootCertStore};
use sm3::Sm3;

use crate::program::{Folder, run};
use crate::serve::{Person, Served};

/// The two that work, and sign (`x-ca-*`, HMAC-SM3 over the body).
pub(super) const GOOD: [&str; 2] = ["H630103Q0001", "H630103Q0002"];

/// One that is quiet, as what it sends is signed in the body (SM2 over the envelope), which allows no other signature beside it.
pub(super) const QUIET: &str = "H630103Q0003";

/// The other families of signatures, each with the name of a credential and for whom. That of SM4 has 16 bytes.
pub(super) const FAMILIES: [(&str, &str, &str); 4] = [
    ("api", "api-key-1", GOOD[1]),
    ("tif", "tif-key-1", GOOD[1]),
    ("sm", "sm-client-000001", GOOD[1]),
    ("cainfo", "cainfo-1", QUIET),
];

/// The one that does anything; it may call unsigned, as the listener is on loopback.
pub(super) const BAD: &str = "H630103Q0009";

/// Of each institution.
const PEOPLE: usize = 24;

/// The folder of the journal beside the server's configuration.
pub(super) struct Town {
    folder: Folder,
    secrets: Vec<String>,
    people: Vec<Person>,
    certificate: CertifiedKey<KeyPair>,
}

impl Town {
    pub(super) fn new() -> Town {
        let folder = Folder::new();
        let people: Vec<Person> = (0..3 * PEOPLE).map(person).collect();
        let hospital = |code: &str| format!("{code},630103,hospital,三级\n");
        let hospitals: String = GOOD.into_iter().chain([QUIET, BAD]).map(hospital).collect();
        let rows = |row: fn(&Person) -> String| people.iter().map(row).collect::<String>();
        let members = rows(|one| format!("{},630100,310,11,1980-05-01\n", one.psn_no));
        let names = rows(|one| format!("{},01,{},{}\n", one.psn_no, one.certno, one.name));
        for (what, columns, rows) in [
            ("facilities", "fixmedins_code,admdvs,kind,hosp_lv", hospitals),
            ("members", "psn_no,admdvs,insutype,psn_type,brdy", members),
            ("persons", "psn_no,psn_cert_type,certno,psn_name", names),
        ] {
            let file = folder.write(what, format!("{columns}\n{rows}"));
            done(&["import", what, &folder.path("journal"), &file]);
        }
        let secret = |code: &&str| {
            let file = folder.path(code);
            done(&["keys", "secret", &file]);
            fs::read_to_string(&file).expect("it was made").trim().to_owned()
        };
        let secrets = GOOD.iter().map(secret).collect();
        let certificate = generate_simple_self_signed(["localhost".to_owned()]).expect("made");
        Town { folder, secrets, people, certificate }
    }

    /// A client that trusts this town's server, and speaks TLS.
    pub(super) fn client(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.cert.der().clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }

    /// Its server; `tls`: all calls are made through TLS.
    pub(super) fn serve(&self, tls: bool) -> Served {
        let credential = |code: &str| {
            let file = self.folder.path(code);
            format!(
                "[credential.{code}]\nfamily = \"ca\"\ninstitutions = [\"{code}\"]\nsecret_file = {file:?}\n"
            )
        };
        let mut config: String = GOOD.into_iter().map(credential).collect();
        config.extend(FAMILIES.map(|family| self.other(family)));
        // The bad one is not to be turned away before anything of it is looked at.
        config += &format!("[institution.{BAD}]\nper_second = 5000\nburst = 5000\n");
        if tls {
            let certificate = self.folder.write("server.crt", self.certificate.cert.pem());
            let key = self.folder.write("server.key", self.certificate.signing_key.serialize_pem());
            fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("a mode");
            config += &format!("[listen]\ntls_certificate = {certificate:?}\ntls_key = {key:?}\n");
        }
        let config = self.folder.write("yidan.toml", config);
        Served::start(&[&self.journal(), "--config", &config])
    }

    /// A credential that nobody uses: so that what is forged in its family is looked at to the end.
    fn other(&self, (family, name, code): (&str, &str, &str)) -> String {
        let file = |kind: &str, end: &str| {
            let file = self.folder.path(&format!("{family}.{kind}"));
            done(&["keys", kind, &file]);
            format!("{file}{end}")
        };
        let keys = match family {
            "sm" => format!(
                "secret_file = {:?}\nclient_key_file = {:?}\nown_key_file = {:?}\n",
                file("secret", ""),
                file("sm2", ".pub"),
                format!("{}.sm2", self.folder.path(family)),
            ),
            "cainfo" => format!("client_key_file = {:?}\n", file("sm2", ".pub")),
            _ => format!("secret_file = {:?}\n", file("secret", "")),
        };
        format!("[credential.{name}]\nfamily = {family:?}\ninstitutions = [{code:?}]\n{keys}")
    }

    pub(super) fn journal(&self) -> String {
        self.folder.path("journal")
    }

    /// The people of the first, the second or the bad one.
    pub(super) fn people_of(&self, which: usize) -> &[Person] {
        &self.people[which * PEOPLE..(which + 1) * PEOPLE]
    }

    pub(super) fn secret_of(&self, which: usize) -> &str {
        &self.secrets[which]
    }
}

fn done(args: &[&str]) {
    let ran = run(args);
    assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.err);
}

fn person(number: usize) -> Person {
    // A division that was never given out, and a right check digit.
    let body = format!("63999919800501{number:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits = body.chars().map(|digit| digit.to_digit(10).expect("digits"));
    let sum: u32 = digits.zip(weights).map(|(digit, weight)| digit * weight).sum();
    let check = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    Person {
        psn_no: format!("PSN{number:05}"),
        certno: format!("{body}{}", check[usize::try_from(sum % 11).expect("small")]),
        name: format!("示例患者{number:03}"),
        insutype: "310".to_owned(),
    }
}

/// The headers of a body that is signed.
pub(super) fn signed(code: &str, secret: &str, at_s: u64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sm3>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(format!("{at_s}\n").as_bytes());
    mac.update(body);
    let digits: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x-ca-key: {code}\r\nx-ca-signature: {at_s}:{digits}\r\n")
}
