//! Every settlement, decided anew at its place in history, gives the same bytes; so it holds every identity of the core too.

use std::sync::Arc;

use yidan::audit::{Archive, Audit};
use yidan_journal::scan;
use yidan_settlement::stored::Stored;

use super::Evidence;

/// How it is violated.
pub fn check(evidence: &Evidence<'_>) -> Option<String> {
    let mut archive = Archive::default();
    evidence.scene.packs().iter().for_each(|pack| archive.add_pack(Arc::clone(pack)));
    archive.add_image(Arc::clone(evidence.scene.image()));
    let past = |place: u64| {
        evidence.record(place).map(|kept| {
            let mut bytes = Vec::new();
            kept.record.put(&mut bytes);
            bytes
        })
    };
    let mut audit = Audit::new(archive, None, past);
    let mut differ = None;
    let read = scan(evidence.disk, |batch| {
        audit.batch(batch, |difference| differ = Some(format!("{difference:?}")));
    });
    if let Err(error) = read {
        return Some(error.to_string());
    }
    match audit.end() {
        Ok(_) => differ,
        Err(error) => Some(error.to_string()),
    }
}
