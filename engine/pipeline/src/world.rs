//! The packs and the catalogue image that cases are settled by.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use yidan_image::{Image, Search, View};
use yidan_settlement::date::Day;
use yidan_settlement::facts::Text;
use yidan_settlement::id::{Admdvs, DiagnosisId, LineKind, Tag};
use yidan_settlement::ledger::{Catalogue, LookUp};
use yidan_settlement::pack::{Channel, Pack};

/// Packs of pools, and an image.
#[derive(Debug, Clone, Default)]
pub struct World {
    packs: Vec<Loaded>,
    /// By which nothing is settled any more.
    earlier: Vec<Arc<Pack>>,
    by_pool: HashMap<String, usize>,
    image: Option<Arc<Image>>,
    digest: [u8; 32],
}

/// A pack with what an image adds to it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The pack.
    pub pack: Arc<Pack>,
    /// Where it was read from.
    pub path: PathBuf,
    /// The line kind of each tag of the image.
    pub kinds_of_tags: Vec<LineKind>,
}

/// The look-ups of a claim's lines, on their way.
pub type Looking<'a> = Search<'a, Vec<(&'a [u8], Day)>>;

impl World {
    /// No pack, no image.
    pub fn new() -> World {
        World::default()
    }

    /// Sets the image, once, before or after packs.
    pub fn set_image(&mut self, image: Arc<Image>) {
        self.digest = image.digest();
        self.image = Some(image);
        for loaded in &mut self.packs {
            loaded.kinds_of_tags = kinds_of_tags(self.image.as_deref(), &loaded.pack);
        }
    }

    /// Adds a pack. A second pack of the same pool takes the place of the first.
    pub fn add_pack(&mut self, pack: impl Into<Arc<Pack>>, path: &Path) {
        let pack = pack.into();
        let kinds_of_tags = kinds_of_tags(self.image.as_deref(), &pack);
        let pool = pack.data().pool.clone();
        let loaded = Loaded { pack, path: path.to_owned(), kinds_of_tags };
        match self.by_pool.get(&pool) {
            Some(place) => self.packs[*place] = loaded,
            None => {
                self.by_pool.insert(pool, self.packs.len());
                self.packs.push(loaded);
            }
        }
    }

    /// Adds a pack of an earlier time: nothing is settled by it, and what was settled by it can be told.
    pub fn add_earlier(&mut self, pack: impl Into<Arc<Pack>>) {
        self.earlier.push(pack.into());
    }

    /// The pack with a digest, in use or of an earlier time.
    pub fn pack_with(&self, digest: &[u8; 32]) -> Option<&Arc<Pack>> {
        let in_use = self.packs.iter().map(|loaded| &loaded.pack);
        in_use.chain(&self.earlier).find(|pack| pack.data().digest == *digest)
    }

    /// The image.
    pub fn image(&self) -> Option<&Arc<Image>> {
        self.image.as_ref()
    }

    /// All packs.
    pub fn packs(&self) -> &[Loaded] {
        &self.packs
    }

    /// The pack of a pool by its name, or of the pool that a division belongs to: most digits win.
    pub fn pack_of(&self, admdvs: &str) -> Option<&Loaded> {
        if let Some(place) = self.by_pool.get(admdvs) {
            return self.packs.get(*place);
        }
        let division = Admdvs::parse(admdvs)?;
        let belongs =
            |loaded: &&Loaded| loaded.pack.home_digits(division).is_some_and(|digits| digits > 0);
        self.packs.iter().filter(belongs).max_by_key(|loaded| loaded.pack.home_digits(division))
    }

    /// The view of the image that a claim's lines are looked up in, as channel and pack have it; `None` without an image.
    /// `insured` is the place of insurance, where it is a division.
    pub fn catalogue(
        &self,
        pack: &Pack,
        channel: Channel,
        insured: Option<&str>,
        treatment: Admdvs,
    ) -> Option<View<'_>> {
        let stated = insured.and_then(Admdvs::parse);
        let insured = stated.or_else(|| own_division(pack)).unwrap_or(treatment);
        let place = match channel {
            Channel::Direct => treatment,
            Channel::Manual if pack.data().manual_takes_treatment_catalogue => treatment,
            Channel::Manual => insured,
        };
        self.image()?.region(place)
    }

    /// The diagnosis of a code, or of the longest listed code that it is a finer form of.
    pub fn diagnosis(&self, code: &str) -> Option<DiagnosisId> {
        let image = self.image()?;
        let shorter = (3..=code.len()).rev().filter_map(|length| code.get(..length));
        shorter.into_iter().find_map(|code| image.diagnosis(code))
    }

    /// Adds the diagnoses of these codes that the image knows.
    pub fn diagnoses(&self, codes: &[Text], known: &mut Vec<DiagnosisId>) {
        known.extend(codes.iter().filter_map(|code| self.diagnosis(code)));
    }

    /// Begins to look lines up for the ledger. Without an image no code is known: every line is own cost, and its reason says
    /// why.
    pub fn look_up<'a>(&'a self, asked: LookUp<'a>) -> (Option<Catalogue<'a>>, Looking<'a>) {
        let LookUp { pack, insured, treatment, channel, lines, found } = asked;
        let view = match self.image {
            Some(_) => self.catalogue(pack, channel, Some(insured), treatment),
            None => None,
        };
        let codes: Vec<(&[u8], Day)> =
            lines.iter().map(|line| (line.code.as_bytes(), line.day)).collect();
        let looking = Search::new(view, codes, found);
        let loaded =
            self.packs.iter().find(|loaded| loaded.pack.data().digest == pack.data().digest);
        let catalogue = self.image().map(|image| Catalogue {
            digest: &self.digest,
            rules: image.rules(),
            kinds_of_tags: loaded.map_or(&[], |loaded| &loaded.kinds_of_tags),
        });
        (catalogue, looking)
    }
}

/// The division of a pack's pool: its name, or the first of the divisions it names.
fn own_division(pack: &Pack) -> Option<Admdvs> {
    let data = pack.data();
    let named = std::iter::once(&data.pool).chain(&data.divisions);
    named.filter_map(|digits| Admdvs::parse(&format!("{digits:0<6}"))).next()
}

fn kinds_of_tags(image: Option<&Image>, pack: &Pack) -> Vec<LineKind> {
    let Some(image) = image else { return Vec::new() };
    let names = (0..=yidan_image::TAGS_MAX).map(|number| image.tag_name(Tag::new(number)));
    pack.kinds_of_tags(names.map(|name| name.unwrap_or_default()))
}
