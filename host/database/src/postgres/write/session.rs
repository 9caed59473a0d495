//! How the sessions of a write are set.

use super::super::Connection;
use crate::Error;

/// What is committed outlives a crash of the server, also where its settings would have it otherwise.
pub(super) const DURABLE: &str = "select set_config('synchronous_commit', 'on', false) \
     where current_setting('synchronous_commit') in ('off', 'local', 'remote_write')";

/// Conversions do not depend on where the server is, and the session that owns a write may wait for its writers, and between
/// its preparation and its commit, for as long as it takes. Settings that a server does not know are left out.
const OWNER: &str = "set time zone 'UTC'; set datestyle to 'ISO, YMD'; set intervalstyle to 'postgres'; \
     select set_config(name, '0', false) from pg_settings \
     where name in ('idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')";

/// Sets a session that owns a write.
pub(super) async fn set_owner(connection: &Connection) -> Result<(), Error> {
    let statements = format!("{OWNER}; {DURABLE}");
    connection.run("setting the session", &statements).await
}
