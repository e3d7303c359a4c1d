//! The institutions that may call: what each is called, and how much it may ask at once.

use std::collections::HashMap;
use std::sync::Arc;

use yidan_settlement::facts::Text;

use crate::limit::Limits;

/// An institution.
#[derive(Clone, Debug)]
pub struct Institution {
    /// `fixmedins_code`
    pub code: Text,
    /// `fixmedins_name`
    pub name: String,
    /// How much it may ask.
    pub limits: Limits,
}

/// All of them, by code.
#[derive(Debug, Default)]
pub struct Institutions {
    by_code: HashMap<Text, Arc<Institution>>,
}

impl Institutions {
    /// Of some; of two with one code the later.
    pub fn new(all: impl IntoIterator<Item = Institution>) -> Institutions {
        let by_code = all.into_iter().map(|one| (one.code.clone(), Arc::new(one))).collect();
        Institutions { by_code }
    }

    /// The one with this code.
    pub fn find(&self, code: &str) -> Option<&Arc<Institution>> {
        self.by_code.get(code)
    }
}
