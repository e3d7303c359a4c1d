//! `keys` as who sets a server up meets it: files of the right modes, nothing secret on the screen, and never one key over another.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::program::{Folder, Ran, run};

fn mode(path: &str) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// The one line of a file.
fn line(path: &str) -> String {
    let text = fs::read_to_string(path).expect("it is there");
    let line = text.strip_suffix('\n').expect("a whole line");
    assert!(!line.contains('\n'), "one line");
    line.to_owned()
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[test]
fn a_secret_is_random_its_owners_alone_and_not_shown() {
    let folder = Folder::new();
    let (one, other) = (folder.path("one"), folder.path("other"));
    let ran = run(&["keys", "secret", &one]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    assert!(ran.out.contains(&format!("secret_file = \"{one}\"")), "{}", ran.out);
    let secret = line(&one);
    assert!(is_hex(&secret, 64), "64 digits");
    assert!(!ran.out.contains(&secret), "shown");
    assert_eq!(mode(&one), 0o600);
    assert_eq!(run(&["keys", "secret", &other]).code, Some(0));
    assert_ne!(line(&other), secret);
}

#[test]
fn an_sm2_pair_is_two_files_and_the_private_one_is_not_shown() {
    let folder = Folder::new();
    let (key, public) = (folder.path("a key"), folder.path("a key.pub"));
    let ran = run(&["keys", "sm2", &key]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    assert!(ran.out.contains(&format!("own_key_file = \"{key}\"")), "{}", ran.out);
    assert!(ran.out.contains(&format!("client_key_file = \"{public}\"")), "{}", ran.out);
    let (private, handed) = (line(&key), line(&public));
    assert!(is_hex(&private, 64) && !ran.out.contains(&private), "64 digits, not shown");
    assert!(is_hex(&handed, 130) && handed.starts_with("04"), "{handed}");
    assert_eq!((mode(&key), mode(&public)), (0o600, 0o644));
    let toml: toml::Table = toml::from_str(&ran.out).expect("lines of a configuration");
    assert_eq!(toml.len(), 2);
}

#[test]
fn nothing_that_is_there_is_overwritten_and_nothing_half_made_stays() {
    let folder = Folder::new();
    let is_refused = |ran: &Ran, path: &str| {
        assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{}", ran.err);
        assert!(ran.err.starts_with(&format!("error: {path}: it is there already")), "{}", ran.err);
    };
    let mine = folder.write("mine", "mine");
    is_refused(&run(&["keys", "secret", &mine]), &mine);
    is_refused(&run(&["keys", "sm2", &mine]), &mine);
    assert!(!fs::exists(folder.path("mine.pub")).expect("readable"));
    let public = folder.write("pair.pub", "mine");
    is_refused(&run(&["keys", "sm2", &folder.path("pair")]), &public);
    assert!(!fs::exists(folder.path("pair")).expect("readable"), "half a pair");
    for path in [mine, public] {
        assert_eq!(fs::read_to_string(path).expect("there"), "mine");
    }
    let ran = run(&["keys", "secret", &folder.path("no/such/folder")]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("cannot be written"), "{}", ran.err);
}
