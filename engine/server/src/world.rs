//! The packs and the catalogue image that cases are settled by.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use yidan_image::Image;
use yidan_settlement::id::{Admdvs, LineKind, Tag};
use yidan_settlement::pack::Pack;

/// Packs of pools, and an image.
#[derive(Debug, Default)]
pub struct World {
    packs: Vec<Loaded>,
    by_pool: HashMap<String, usize>,
    image: Option<Arc<Image>>,
}

/// A pack with what an image adds to it.
#[derive(Debug)]
pub struct Loaded {
    /// The pack.
    pub pack: Arc<Pack>,
    /// Where it was read from.
    pub path: PathBuf,
    /// The line kind of each tag of the image.
    pub kinds_of_tags: Vec<LineKind>,
}

impl World {
    /// No pack, no image.
    pub fn new() -> World {
        World::default()
    }

    /// Sets the image, once, before or after packs.
    pub fn set_image(&mut self, image: Arc<Image>) {
        self.image = Some(image);
        for loaded in &mut self.packs {
            loaded.kinds_of_tags = kinds_of_tags(self.image.as_deref(), &loaded.pack);
        }
    }

    /// Adds a pack. A second pack of the same pool takes the place of the first.
    pub fn add_pack(&mut self, pack: Pack, path: &Path) {
        let kinds_of_tags = kinds_of_tags(self.image.as_deref(), &pack);
        let pool = pack.data().pool.clone();
        let loaded = Loaded { pack: Arc::new(pack), path: path.to_owned(), kinds_of_tags };
        match self.by_pool.get(&pool) {
            Some(place) => self.packs[*place] = loaded,
            None => {
                self.by_pool.insert(pool, self.packs.len());
                self.packs.push(loaded);
            }
        }
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
}

fn kinds_of_tags(image: Option<&Image>, pack: &Pack) -> Vec<LineKind> {
    let Some(image) = image else { return Vec::new() };
    let names = (0..=yidan_image::TAGS_MAX).map(|number| image.tag_name(Tag::new(number)));
    pack.kinds_of_tags(names.map(|name| name.unwrap_or_default()))
}
