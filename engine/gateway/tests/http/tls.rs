//! TLS: a call through it, and what is said of files that will not do.

use std::fs;
use std::io::BufReader;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use yidan_gateway::http::{Limits, Listener, Loss, Tls, TlsError};

use crate::rig::{Client, Health, LONG, Rig, SHORT, loopback, patient};

struct Files {
    folder: tempfile::TempDir,
    made: CertifiedKey<KeyPair>,
}

impl Files {
    fn new() -> Files {
        let made = generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let files = Files { folder: tempfile::tempdir().expect("a folder"), made };
        files.write("certificate.pem", &files.made.cert.pem(), 0o644);
        files.write("key.pem", &files.made.signing_key.serialize_pem(), 0o600);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        fs::write(self.path(name), text).expect("a file");
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).expect("a mode");
    }

    fn tls(&self, certificate: &str, key: &str) -> Result<Tls, TlsError> {
        Tls::from_pem(&self.path(certificate), &self.path(key))
    }

    fn client(&self, rig: &Rig) -> Client<StreamOwned<ClientConnection, TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.made.cert.der().clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        let stream = TcpStream::connect(rig.address).expect("it listens");
        stream.set_read_timeout(Some(LONG)).expect("a time");
        Client { stream: BufReader::new(StreamOwned::new(connection, stream)) }
    }
}

fn rig(files: &Files, limits: Limits) -> Rig {
    let tls = files.tls("certificate.pem", "key.pem").expect("files that will do");
    Rig::with(Listener::signed(loopback()).with_tls(tls), limits, Health(Ok(())))
}

#[test]
fn calls_go_through_tls_and_a_stop_says_farewell() {
    let files = Files::new();
    let mut rig = rig(&files, patient());
    let mut client = files.client(&rig);
    client.echoes();
    client.echoes();
    assert_eq!(rig.measures().connections, 1);
    assert_eq!(rig.stop(LONG).cut, 0);
    // Without a farewell this were an error.
    assert!(client.is_closed());
}

#[test]
fn who_speaks_no_tls_or_does_not_end_the_handshake_is_closed() {
    let files = Files::new();
    let rig = rig(&files, Limits { head: SHORT, ..patient() });
    let mut silent = rig.client();
    let mut plain = rig.client();
    plain.send(b"POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n");
    assert!(plain.try_answer().is_err());
    assert!(silent.is_closed());
    rig.until(|measures| measures.lost(Loss::Handshake) == 2);
    rig.until(|measures| measures.connections_open == 0);
    files.client(&rig).echoes();
}

#[test]
fn files_that_will_not_do_are_named() {
    let files = Files::new();
    let other = KeyPair::generate().expect("a key");
    files.write("other.pem", &other.serialize_pem(), 0o600);
    files.write("empty.pem", "", 0o600);
    files.write("words.pem", "no PEM at all\n", 0o600);
    files.write(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
        0o600,
    );
    files.write("cut.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n", 0o600);
    let key = files.made.signing_key.serialize_pem();
    files.write("open.pem", &key, 0o644);
    files.write("group.pem", &key, 0o640);
    files.tls("certificate.pem", "group.pem").expect("a group may read");
    let said = |certificate: &str, key: &str, named: &str, words: &str| {
        let error = files.tls(certificate, key).expect_err("it will not do").to_string();
        let path = files.path(named);
        assert!(error.contains(&path.display().to_string()), "{error} names {named}");
        assert!(error.contains(words), "{error} says {words}");
    };
    said("missing.pem", "key.pem", "missing.pem", "No such file");
    said("certificate.pem", "missing.pem", "missing.pem", "No such file");
    said("empty.pem", "key.pem", "empty.pem", "no certificate");
    said("words.pem", "key.pem", "words.pem", "no certificate");
    said("key.pem", "key.pem", "key.pem", "no certificate");
    said("broken.pem", "key.pem", "broken.pem", "not PEM");
    said("certificate.pem", "empty.pem", "empty.pem", "no private key");
    said("certificate.pem", "certificate.pem", "certificate.pem", "everyone may read");
    said("certificate.pem", "cut.pem", "cut.pem", "not PEM");
    said("certificate.pem", "open.pem", "open.pem", "mode 644");
    said("certificate.pem", "other.pem", "other.pem", "not the key of");
    assert!(matches!(
        files.tls("certificate.pem", "other.pem"),
        Err(TlsError::OtherKey { certificate, key })
            if certificate == files.path("certificate.pem") && key == files.path("other.pem")
    ));
    let tls = files.tls("certificate.pem", "key.pem").expect("files that will do");
    assert_eq!(format!("{tls:?}"), "Tls", "a key is not printed");
}

#[test]
fn a_folder_is_no_file() {
    let files = Files::new();
    let error = Tls::from_pem(files.folder.path(), Path::new("key.pem")).expect_err("a folder");
    assert!(matches!(error, TlsError::Unreadable { .. }));
}
