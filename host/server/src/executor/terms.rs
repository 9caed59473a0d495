//! What each tenant may use, without asking the database for every run.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use tenon_metadata::{Metadata, Name};
use tenon_tenants::{Access, Quotas, quotas};

use super::confine::House;

/// What a tenant's jobs may use, and where their files are.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub quotas: Arc<Quotas>,
    pub access: Arc<Access>,
    pub files: Arc<Path>,
}

impl Terms {
    pub fn house(&self) -> House<'_> {
        House {
            files: &self.files,
            access: &self.access,
        }
    }
}

/// The terms of the tenants that have been asked for. Forgotten whenever a tenant changes.
#[derive(Debug, Default)]
pub(crate) struct TermsBook(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    terms: HashMap<Name, Terms>,
    /// How often everything was forgotten: what was read before is not kept.
    changes: u64,
}

impl TermsBook {
    /// A tenant's terms. Its folder is made if it is not there.
    pub async fn of(&self, metadata: &Metadata, tenant: &Name, files: &Path) -> Result<Terms, crate::Error> {
        let changes = {
            let known = self.0.lock();
            if let Some(terms) = known.terms.get(tenant) {
                return Ok(terms.clone());
            }
            known.changes
        };
        std::fs::create_dir_all(files).map_err(|source| crate::Error::Io {
            doing: "making",
            place: files.display().to_string(),
            source,
        })?;
        let name = tenant.clone();
        let quotas = metadata.read(move |tx| quotas::of(tx, &name)).await?;
        let terms = Terms {
            access: Arc::new(Access::new(&quotas)?),
            quotas: Arc::new(quotas),
            files: files.into(),
        };
        let mut known = self.0.lock();
        if known.changes == changes {
            known.terms.insert(tenant.clone(), terms.clone());
        }
        Ok(terms)
    }

    /// Forgets everything whenever somebody changes tenants or quotas.
    pub async fn keep_fresh(&self, metadata: &Metadata) {
        let mut tenants = metadata.subscribe("tenants");
        while tenants.next().await.is_some() {
            let mut known = self.0.lock();
            known.terms.clear();
            known.changes += 1;
        }
    }
}
