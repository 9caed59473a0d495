//! Who shares a server, and what is theirs: tenants with their tokens, quotas, connections and secrets, what they have
//! used, and the log of what was changed.
//!
//! All that changes something is a function over a [`Transaction`](tenon_metadata::Transaction), so that it is one change
//! with whatever else is done. A tenant's thing is looked up by tenant and name: that of another does not exist.
//!
//! ```
//! use tenon_metadata::{Metadata, Name, Settings};
//! use tenon_tenants::audit::{self, Entry};
//! use tenon_tenants::tokens::{self, TokenInput};
//! use tenon_tenants::{Error, Principal, Scope, TenantInput, tenants};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Error> {
//! # let place = tempfile::tempdir().expect("a folder");
//! # let url = place.path().join("server.db").display().to_string();
//! let components = [tenon_events::MIGRATIONS, tenon_tenants::MIGRATIONS];
//! let metadata = Metadata::open(&Settings::new(url), &components).await?;
//! let shop = Name::new("shop").expect("a name");
//!
//! // The operator makes a tenant and its first token, and the log tells of it.
//! let tenant = shop.clone();
//! let issued = metadata
//!     .write(move |tx| {
//!         let operator = Principal::server();
//!         tenants::put(tx, &tenant, &TenantInput::default(), None)?;
//!         let input = TokenInput {
//!             name: tenant.clone(),
//!             scopes: vec![Scope::Run],
//!             expires: None,
//!         };
//!         let issued = tokens::create(tx, Some(&tenant), &input, &operator)?;
//!         audit::record(tx, &Entry::new(&operator, "token.create", &issued.token.id).tenant(&tenant))?;
//!         Ok::<_, Error>(issued)
//!     })
//!     .await?;
//!
//! // Whoever sends it is the tenant's, and may run jobs, and nothing more.
//! let principal = metadata
//!     .read(move |tx| tokens::authenticate(tx, issued.text.reveal()))
//!     .await?;
//! principal.for_tenant(&shop)?;
//! principal.require(Scope::Run)?;
//! assert!(principal.require(Scope::Write).is_err());
//! # Ok(())
//! # }
//! ```

mod access;
pub mod audit;
pub mod connections;
mod error;
mod prices;
mod principal;
pub mod quotas;
mod redact;
mod schema;
mod scope;
pub mod secrets;
pub mod tenants;
pub mod tokens;
pub mod usage;

pub use access::{Access, Denied, database_option_stays};
pub use connections::{Connection, ConnectionInfo, ResolvedConnection};
pub use error::Error;
pub use prices::{Cost, Price, PriceList, PricedLine};
pub use principal::Principal;
pub use quotas::{QuotaOverrides, Quotas};
pub use schema::MIGRATIONS;
pub use scope::Scope;
pub use secrets::{KeyRing, SecretValue};
pub use tenants::{Holding, Tenant, TenantInput, TenantState};
pub use tokens::{Authenticator, TokenText};
pub use usage::Usage;
