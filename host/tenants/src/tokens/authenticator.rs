//! Who asks, without asking the database each time.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tenon_metadata::Metadata;

use super::{Authenticated, TokenText, authenticated, used};
use crate::{Error, Principal};

/// How long a token is remembered, in microseconds: the longest that a revoked one is valid where the notice is lost.
const LIFE: i64 = 10_000_000;
const MOST: usize = 10_000;

/// Tells who has a token, and remembers it for ten seconds, or until a token or a tenant is changed, on any server.
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Authenticator {
    metadata: Metadata,
    known: Arc<Mutex<Known>>,
}

/// Tokens by their hash. What was read before `forgotten` counted up may not be remembered.
#[derive(Debug, Default)]
struct Known {
    tokens: HashMap<[u8; 32], Remembered>,
    forgotten: u64,
}

#[derive(Debug)]
struct Remembered {
    authenticated: Authenticated,
    since: i64,
}

impl Authenticator {
    /// Listens to changes of tokens from now on; needs a runtime.
    pub fn new(metadata: Metadata) -> Self {
        let known = Arc::new(Mutex::new(Known::default()));
        let mut changes = metadata.subscribe("tokens");
        let listener: Weak<Mutex<Known>> = Arc::downgrade(&known);
        tokio::spawn(async move {
            while changes.next().await.is_some() {
                let Some(known) = listener.upgrade() else { return };
                let mut known = known.lock();
                known.tokens.clear();
                known.forgotten += 1;
            }
        });
        Self { metadata, known }
    }

    /// Who has a token.
    ///
    /// # Errors
    /// [`Error::BadToken`], or what the database says.
    pub async fn authenticate(&self, text: &str) -> Result<Principal, Error> {
        let text = TokenText::parse(text)?;
        let hash = text.hash();
        let now = self.metadata.clock().now();
        let forgotten = {
            let known = self.known.lock();
            if let Some(found) = known.tokens.get(&hash)
                // Also not where the clock was put back.
                && (0..LIFE).contains(&now.saturating_sub(found.since))
                && now < found.authenticated.until
            {
                return Ok(found.authenticated.principal.clone());
            }
            known.forgotten
        };
        let authenticated = self.metadata.read(move |tx| authenticated(tx, &text)).await?;
        let principal = authenticated.principal.clone();
        if authenticated.note_use {
            self.note_use(principal.token_id.clone());
        }
        let mut known = self.known.lock();
        if known.forgotten == forgotten {
            if known.tokens.len() >= MOST {
                known.tokens.clear();
            }
            let since = now;
            known.tokens.insert(hash, Remembered { authenticated, since });
        }
        Ok(principal)
    }

    /// Nobody waits for it, and where it fails the token is no less valid.
    fn note_use(&self, token: String) {
        let metadata = self.metadata.clone();
        tokio::spawn(async move {
            if let Err(error) = metadata.write(move |tx| used(tx, &token)).await {
                tracing::debug!(%error, "the use of a token was not written down");
            }
        });
    }
}
