//! What each tenant may use, without asking the database for every run.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use tenon_metadata::{Metadata, Name};
use tenon_tenants::{Access, Quotas, quotas, tenants};

use super::confine::House;
use crate::houses;

/// What a tenant's jobs may use, and where their files are.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub quotas: Arc<Quotas>,
    pub access: Arc<Access>,
    pub files: Arc<Path>,
}

impl Terms {
    pub fn house(&self) -> House<'_> {
        House::new(&self.files, &self.access)
    }
}

/// The terms of the tenants that have been asked for. Forgotten whenever a tenant changes.
#[derive(Debug, Default)]
pub(crate) struct TermsBook {
    known: Mutex<Known>,
    /// Held while it is seen whose a folder is.
    doors: Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    terms: HashMap<Name, Terms>,
    /// How often everything was forgotten: what was read before is not kept.
    changes: u64,
}

impl TermsBook {
    /// A tenant's terms. Its folder, and that of its files in it, are made if they are not there.
    pub async fn of(
        &self,
        metadata: &Metadata,
        tenant: &Name,
        house: &Path,
        files: &Path,
    ) -> Result<Terms, crate::Error> {
        let changes = {
            let known = self.known.lock();
            if let Some(terms) = known.terms.get(tenant) {
                return Ok(terms.clone());
            }
            known.changes
        };
        let name = tenant.clone();
        let (quotas, made) = metadata
            .read(move |tx| Ok::<_, tenon_tenants::Error>((quotas::of(tx, &name)?, tenants::get(tx, &name)?.created)))
            .await?;
        {
            let _alone = self.doors.lock();
            houses::open(house, files, made).map_err(|source| crate::Error::Io {
                doing: "making",
                place: files.display().to_string(),
                source,
            })?;
        }
        let terms = Terms {
            access: Arc::new(Access::new(&quotas)?),
            quotas: Arc::new(quotas),
            files: files.into(),
        };
        let mut known = self.known.lock();
        if known.changes == changes {
            known.terms.insert(tenant.clone(), terms.clone());
        }
        Ok(terms)
    }

    /// Forgets everything whenever somebody changes tenants or quotas.
    pub async fn keep_fresh(&self, metadata: &Metadata) {
        let mut changes = metadata.subscribe("tenants");
        while changes.next().await.is_some() {
            self.forget();
        }
    }

    /// Forgets everything.
    pub fn forget(&self) {
        let mut known = self.known.lock();
        known.terms.clear();
        known.changes += 1;
    }
}
