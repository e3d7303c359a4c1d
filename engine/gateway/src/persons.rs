//! Who is behind a `psn_no`: name, certificate and ethnicity, in a file of their own beside the journal, which no record and no
//! export has them from. Only its owner can read it (0600).

use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;
use redb::{ReadOnlyTable, ReadableTable, StorageError, Table, TableDefinition};

use crate::limits::PERSON_BYTES_MAX;
use crate::store::{Help, Store, StoreError};

/// What is known of a person besides what the ledger knows.
#[derive(Clone, Eq, PartialEq, Default)]
pub struct Person {
    /// `psn_cert_type`
    pub cert_type: String,
    /// `certno`
    pub certno: String,
    /// `psn_name`
    pub name: String,
    /// `naty`
    pub ethnicity: Option<String>,
}

/// Neither name nor number is ever printed.
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").finish_non_exhaustive()
    }
}

/// The table of persons.
#[derive(Clone, Debug)]
pub struct Persons {
    store: Store,
    /// By number, as it is since persons were put in last: to open it for each call takes longer than to look a person up.
    numbers: Arc<RwLock<ReadOnlyTable<&'static str, &'static str>>>,
}

/// What became of a person that was put in.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Put {
    /// Nobody had this number.
    New,
    /// What was known is replaced.
    Changed,
    /// It was known so.
    Same,
    /// Not put in: the certificate is that of the person of this other number.
    CertificateOf(String),
}

/// A table while it is written.
type Rows<'t> = Table<'t, &'static str, &'static str>;

/// By `psn_no`: certificate type, number, name and ethnicity, a tab between them.
const BY_NUMBER: TableDefinition<'_, &str, &str> = TableDefinition::new("persons by psn_no");

/// By the certificate's number, in capitals: the `psn_no`.
const BY_CERTIFICATE: TableDefinition<'_, &str, &str> = TableDefinition::new("psn_no by certno");

/// The name of the file in the folder of a journal.
pub const FILE: &str = "persons.redb";

impl Persons {
    /// Opens the table of a folder, or makes an empty one.
    ///
    /// # Errors
    /// Another process has it, it is damaged, or the folder cannot be written.
    pub fn open(folder: &Path) -> Result<Persons, StoreError> {
        let help = Help {
            open: "If another yidan has it, stop that one; else move it away and import persons anew",
            use_it: "Names and certificates cannot be told before it can be read again",
        };
        let store = Store::open(folder, FILE, help)?;
        // So that reading finds the tables.
        put_all(&store, std::iter::empty())?;
        let numbers = Arc::new(RwLock::new(numbers(&store)?));
        Ok(Persons { store, numbers })
    }

    /// The person of a number.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn get(&self, psn_no: &str) -> Result<Option<Person>, StoreError> {
        let found = self.numbers.read().get(psn_no);
        let found = found.map_err(|error| self.store.failed(&error))?;
        Ok(found.and_then(|row| Person::of_row(row.value())))
    }

    /// The number of the person who has a certificate.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn find(&self, certno: &str) -> Result<Option<String>, StoreError> {
        let read = self.store.read()?;
        let table = read.open_table(BY_CERTIFICATE).map_err(|error| self.store.failed(&error))?;
        let found = table.get(&*certno.to_ascii_uppercase());
        let found = found.map_err(|error| self.store.failed(&error))?;
        Ok(found.map(|row| row.value().to_owned()))
    }

    /// Puts persons in, durably and in one transaction, one after the other; what was known of one is replaced. A certificate has one
    /// person: who comes with that of another stays out, and is told so. Gives what became of each, in their order.
    ///
    /// # Errors
    /// The file cannot be written; then none was put in.
    pub fn put<'p>(
        &self,
        persons: impl Iterator<Item = (&'p str, &'p Person)>,
    ) -> Result<Vec<Put>, StoreError> {
        let puts = put_all(&self.store, persons)?;
        // Held before the table is opened: of two who put, none may leave the older one behind.
        let mut held = self.numbers.write();
        *held = numbers(&self.store)?;
        Ok(puts)
    }
}

/// The table by number, as it is now.
fn numbers(store: &Store) -> Result<ReadOnlyTable<&'static str, &'static str>, StoreError> {
    store.read()?.open_table(BY_NUMBER).map_err(|error| store.failed(&error))
}

/// Puts persons in, in one transaction.
fn put_all<'p>(
    store: &Store,
    persons: impl Iterator<Item = (&'p str, &'p Person)>,
) -> Result<Vec<Put>, StoreError> {
    let write = store.write()?;
    let puts = {
        let mut numbers = write.open_table(BY_NUMBER).map_err(|error| store.failed(&error))?;
        let mut certificates =
            write.open_table(BY_CERTIFICATE).map_err(|error| store.failed(&error))?;
        let put_one = |(psn_no, person)| put(&mut numbers, &mut certificates, psn_no, person);
        let puts: Result<Vec<Put>, StorageError> = persons.map(put_one).collect();
        puts.map_err(|error| store.failed(&error))?
    };
    write.commit().map_err(|error| store.failed(&error))?;
    Ok(puts)
}

/// One person of [`Persons::put`].
fn put(
    numbers: &mut Rows<'_>,
    certificates: &mut Rows<'_>,
    psn_no: &str,
    person: &Person,
) -> Result<Put, StorageError> {
    let certno = person.certno.to_ascii_uppercase();
    let holder = certificates.get(&*certno)?.map(|row| row.value().to_owned());
    if let Some(holder) = holder.filter(|holder| holder != psn_no) {
        return Ok(Put::CertificateOf(holder));
    }
    let before = numbers.insert(psn_no, &*person.to_row())?.map(|row| Person::of_row(row.value()));
    let Some(before) = before else {
        certificates.insert(&*certno, psn_no)?;
        return Ok(Put::New);
    };
    if before.as_ref() == Some(person) {
        return Ok(Put::Same);
    }
    if let Some(before) = before {
        certificates.remove(&*before.certno.to_ascii_uppercase())?;
    }
    certificates.insert(&*certno, psn_no)?;
    Ok(Put::Changed)
}

impl Person {
    /// Whether a field can stand in the table: no tab, no line end, not too long.
    pub fn is_storable(&self) -> bool {
        let Person { cert_type, certno, name, ethnicity } = self;
        let fields = [cert_type, certno, name, ethnicity.as_ref().unwrap_or(name)];
        fields
            .iter()
            .all(|text| text.len() <= PERSON_BYTES_MAX && !text.contains(['\t', '\n', '\r']))
            && !certno.is_empty()
    }

    fn to_row(&self) -> String {
        let Person { cert_type, certno, name, ethnicity } = self;
        let ethnicity = ethnicity.as_deref().unwrap_or_default();
        format!("{cert_type}\t{certno}\t{name}\t{ethnicity}")
    }

    fn of_row(row: &str) -> Option<Person> {
        let mut fields = row.split('\t').map(str::to_owned);
        let (cert_type, certno, name) = (fields.next()?, fields.next()?, fields.next()?);
        let ethnicity = fields.next().filter(|text| !text.is_empty());
        Some(Person { cert_type, certno, name, ethnicity })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn someone(certno: &str) -> Person {
        let (cert_type, name) = ("01".to_owned(), "张三".to_owned());
        Person { cert_type, certno: certno.to_owned(), name, ethnicity: None }
    }

    #[test]
    fn a_person_is_found_by_number_and_by_certificate_and_a_new_certificate_replaces_the_old() {
        let folder = tempfile::tempdir().expect("a folder");
        let persons = Persons::open(folder.path()).expect("opens");
        let first = someone("63010319900307001x");
        persons.put([("P1", &first)].into_iter()).expect("put");
        assert_eq!(persons.get("P1").expect("read"), Some(first));
        let found = persons.find("63010319900307001X").expect("read");
        assert_eq!(found.as_deref(), Some("P1"));
        let second = someone("630103199003070028");
        persons.put([("P1", &second)].into_iter()).expect("put");
        assert_eq!(persons.find("63010319900307001X").expect("read"), None);
        drop(persons);
        let again = Persons::open(folder.path()).expect("opens again");
        assert_eq!(again.find("630103199003070028").expect("read").as_deref(), Some("P1"));
        let mode = fs::metadata(folder.path().join(FILE)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_certificate_has_one_person_and_what_is_known_is_the_same_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let persons = Persons::open(folder.path()).expect("opens");
        let (one, other) = (someone("63010319900307001x"), someone("630103199003070028"));
        let mut taken = someone("63010319900307001X");
        taken.name = "李四".to_owned();
        let put = |rows: &[(&'static str, &Person)]| {
            let put = persons.put(rows.iter().copied());
            put.expect("put")
        };
        let of_p1 = Put::CertificateOf("P1".to_owned());
        assert_eq!(put(&[("P1", &one), ("P2", &taken)]), [Put::New, of_p1.clone()]);
        assert_eq!(persons.get("P2").expect("read"), None);
        assert_eq!(put(&[("P1", &one)]), [Put::Same]);
        // One who has another certificate now leaves the old one to others, in the same transaction too.
        assert_eq!(put(&[("P1", &other), ("P2", &taken)]), [Put::Changed, Put::New]);
        let found = |certno: &str| persons.find(certno).expect("read");
        assert_eq!(found(&one.certno).as_deref(), Some("P2"));
        assert_eq!(found(&other.certno).as_deref(), Some("P1"));
    }

    #[test]
    fn neither_name_nor_number_is_printed() {
        let shown = format!("{:?}", someone("630103199003070028"));
        assert!(!shown.contains("630103") && !shown.contains("张三"), "{shown}");
    }
}
