//! `yidan keys`: secrets and SM2 key pairs for the credentials of `yidan serve`, each in a file that only its owner reads. What goes
//! into the configuration is printed; what is secret stands in the file alone.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf, absolute};

use clap::{Args, Subcommand};
use yidan_gateway::sign::keys::{KeyError, PrivateKey, Secret, random_name};

use super::output::{Ended, Exit, Failure, Output, said};

const SECRET_EXAMPLES: &str = "Examples:
  yidan keys secret /etc/yidan/hunan-key-1.secret
  yidan serve /var/lib/yidan --config /etc/yidan/yidan.toml    which names that file as secret_file";

const SM2_EXAMPLES: &str = "Examples:
  yidan keys sm2 /etc/yidan/own.sm2    our key, which answers are signed with (family sm)
  yidan keys sm2 client.sm2            a client's key, to try it with; else clients make their own";

/// Only who runs the server may read what is secret.
const SECRET_MODE: u32 = 0o600;

/// A public key is handed out.
const PUBLIC_MODE: u32 = 0o644;

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    Secret(MakeSecret),
    Sm2(MakeSm2),
}

/// Write a new secret of an institution to a file: 64 hexadecimal digits, 256 random bits
///
/// For the families api, tif, ca and sm. The characters as they stand there are the key: hand them to the institution by a way that
/// nobody else reads. What to put into the configuration is printed, the secret is not.
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
#[command(after_long_help = format!("{SECRET_EXAMPLES}\n\n{}", super::EXIT_CODES))]
pub(super) struct MakeSecret {
    /// The file, which must not be there yet; only its owner reads it (0600)
    file: PathBuf,
}

/// Write a new SM2 private key to a file, and its public key beside it, as FILE.pub
///
/// For the families sm and cainfo, as hexadecimal digits. Whose key it is keeps FILE, the other side gets FILE.pub. What to put into
/// the configuration is printed, the private key is not.
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
#[command(after_long_help = format!("{SM2_EXAMPLES}\n\n{}", super::EXIT_CODES))]
pub(super) struct MakeSm2 {
    /// The file, which must not be there yet, nor FILE.pub; only its owner reads it (0600)
    file: PathBuf,
}

impl Keys {
    pub(super) fn run(&self) -> Ended {
        match self {
            Keys::Secret(command) => command.run(),
            Keys::Sm2(command) => command.run(),
        }
    }
}

impl MakeSecret {
    fn run(&self) -> Ended {
        let secret = Secret::random().map_err(no_key)?;
        write_new(&self.file, secret.expose(), SECRET_MODE)?;
        let mut out = Output::open();
        writeln!(out, "# In [credential.<name on the wire>], of family api, tif, ca or sm:")?;
        writeln!(out, "secret_file = {}", quoted(&self.file))?;
        out.flush()?;
        Ok(Exit::Done)
    }
}

impl MakeSm2 {
    fn run(&self) -> Ended {
        let key = PrivateKey::random().map_err(no_key)?;
        let public = public_of(&self.file);
        write_new(&self.file, key.to_hex().as_bytes(), SECRET_MODE)?;
        if let Err(failure) = write_new(&public, key.verifying().to_hex().as_bytes(), PUBLIC_MODE) {
            // A private key alone would be taken for a whole pair; it was made just now, and nobody has it yet.
            let _ = fs::remove_file(&self.file);
            return Err(failure);
        }
        let mut out = Output::open();
        writeln!(out, "# Our own key, of family sm; the client gets {}:", public.display())?;
        // The name is the key of SM4, so it has 16 bytes and should not be guessed.
        writeln!(out, "# [credential.{}]    a new clientId", random_name().map_err(no_key)?)?;
        writeln!(out, "own_key_file = {}", quoted(&self.file))?;
        writeln!(
            out,
            "# Or a client's, of family sm or cainfo; the client keeps the private key:"
        )?;
        writeln!(out, "client_key_file = {}", quoted(&public))?;
        out.flush()?;
        Ok(Exit::Done)
    }
}

fn no_key(error: KeyError) -> Failure {
    said(format!("no key can be made: {error}"))
}

/// The name of the public key's file: all of the other's, with `.pub`.
fn public_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// A path as a text of TOML. Whole, as the configuration may be read from another folder.
fn quoted(file: &Path) -> toml::Value {
    let whole = absolute(file).unwrap_or_else(|_| file.to_owned());
    toml::Value::String(whole.display().to_string())
}

/// Writes one line to a file that is not there yet, durably: a key that is lost after it was handed out locks its client out.
fn write_new(path: &Path, line: &[u8], mode: u32) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let file = opened.map_err(|error| {
        if error.kind() != io::ErrorKind::AlreadyExists {
            return cannot(path, &error);
        }
        let mend = "a key is never overwritten. Give another name, or move it away";
        said(format!("{}: it is there already, and {mend}", path.display()))
    })?;
    let written = write_line(&file, line, mode);
    written.map_err(|error| {
        // Half a key is none.
        let _ = fs::remove_file(path);
        cannot(path, &error)
    })
}

fn write_line(mut file: &File, line: &[u8], mode: u32) -> io::Result<()> {
    // Whatever the mask of the process says.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(line)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    said(format!(
        "{}: cannot be written: {error}. Check the folder and its permissions",
        path.display()
    ))
}
