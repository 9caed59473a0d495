//! Events come to targets, by the network and the e-mail server that the configuration names.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use tenon_events::{Deliverer, DeliverySettings, Guard};

use super::secrets::TargetSecrets;
use crate::config::Smtp;
use crate::server::Shared;
use crate::{Error, ServerConfig};

/// What delivers as this configuration says.
///
/// # Errors
/// If the settings of the network or of e-mail make no sense.
pub(crate) fn deliverer(shared: &Arc<Shared>, config: &ServerConfig) -> Result<Deliverer, Error> {
    let guard = Guard::new(&config.network.guarded())?;
    let mail = config.smtp.as_ref().map(Smtp::settings).transpose()?;
    let secrets = Arc::new(TargetSecrets(Arc::clone(shared)));
    let deliverer = Deliverer::new(&shared.metadata, &guard, secrets, mail, DeliverySettings::default());
    Ok(deliverer?)
}

/// Delivers until `asked`; whenever the configuration says it otherwise, by another deliverer, once the one before has
/// finished what it is at.
pub(super) async fn go(shared: Arc<Shared>, first: Deliverer, asked: impl Future<Output = ()> + Send) {
    let mut asked = pin!(asked);
    let mut configs = shared.configs();
    let (mut deliverer, mut current) = (first, shared.config());
    loop {
        let mut is_asked = false;
        let until = async {
            let other = configs.wait_for(|config| config.network != current.network || config.smtp != current.smtp);
            tokio::select! {
                () = &mut asked => is_asked = true,
                _ = other => {}
            }
        };
        deliverer.run(until).await;
        if is_asked {
            return;
        }
        current = shared.config();
        match self::deliverer(&shared, &current) {
            Ok(next) => deliverer = next,
            Err(error) => tracing::warn!(%error, "events are delivered as before"),
        }
    }
}
