//! TLS from PEM files: what is wrong with them is told with the file's name before anything listens.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// A certificate with its chain, and the key that belongs to it.
#[derive(Clone)]
pub struct Tls {
    pub(super) acceptor: TlsAcceptor,
}

/// The key is not printed.
impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// What is wrong with the files of a certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing, or we may not read it.
    #[error("{path}: {source}", path = path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not PEM.
    #[error("{path}: not PEM: {source}", path = path.display())]
    NotPem {
        /// Which file.
        path: PathBuf,
        /// Where it breaks.
        source: pem::Error,
    },
    /// A file has no certificate.
    #[error("{path}: no certificate in it (no BEGIN CERTIFICATE)", path = .0.display())]
    NoCertificate(PathBuf),
    /// A file has no key.
    #[error("{path}: no private key in it (no BEGIN PRIVATE KEY)", path = .0.display())]
    NoKey(PathBuf),
    /// The key may be read by everyone on this machine. The group may: that is how systems share keys.
    #[error("{path}: a private key that everyone may read or write (mode {mode:03o}); chmod o-rwx", path = path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The key belongs to another certificate.
    #[error("{key}: not the key of {certificate}", key = key.display(), certificate = certificate.display())]
    OtherKey {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The certificate or the key is of a kind that is not served, or damaged.
    #[error("{certificate}, {key}: {source}", key = key.display(), certificate = certificate.display())]
    Unusable {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What rustls says.
        source: rustls::Error,
    },
}

impl Tls {
    /// Reads a certificate, its chain behind it, and its key. TLS 1.2 and 1.3 are spoken, HTTP/1.1 inside.
    pub fn from_pem(certificate: &Path, key: &Path) -> Result<Tls, TlsError> {
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(&read(open(certificate)?, certificate)?)
                .collect::<Result<_, _>>()
                .map_err(|source| TlsError::NotPem { path: certificate.to_owned(), source })?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate(certificate.to_owned()));
        }
        let private = open(key)?;
        guarded(&private, key)?;
        let private = PrivateKeyDer::from_pem_slice(&read(private, key)?).map_err(|source| {
            if matches!(source, pem::Error::NoItemsFound) {
                TlsError::NoKey(key.to_owned())
            } else {
                TlsError::NotPem { path: key.to_owned(), source }
            }
        })?;
        let unusable = |source| {
            let (certificate, key) = (certificate.to_owned(), key.to_owned());
            if matches!(source, rustls::Error::InconsistentKeys(_)) {
                TlsError::OtherKey { certificate, key }
            } else {
                TlsError::Unusable { certificate, key, source }
            }
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let mut config =
            config.with_no_client_auth().with_single_cert(chain, private).map_err(unusable)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

fn open(path: &Path) -> Result<File, TlsError> {
    File::open(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })
}

fn read(mut file: File, path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    let read = file.read_to_end(&mut bytes);
    read.map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })?;
    Ok(bytes)
}

/// Refuses a key that others may read. Asked of the open file: the one that is read is the one that is judged.
#[cfg(unix)]
fn guarded(file: &File, path: &Path) -> Result<(), TlsError> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = file.metadata();
    let metadata =
        metadata.map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(TlsError::Exposed { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Elsewhere permissions are not bits.
#[cfg(not(unix))]
fn guarded(_: &File, _: &Path) -> Result<(), TlsError> {
    Ok(())
}
