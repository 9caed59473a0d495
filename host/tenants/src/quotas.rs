//! How much a tenant may have and do.

use serde::{Deserialize, Serialize};
use serde_json::json;
use tenon_events::Event;
use tenon_metadata::{Name, Transaction, row};

use crate::{Access, Error, usage};

/// How often it is told that a tenant has reached a quota, in microseconds.
const TOLD_EVERY: i64 = 60 * 60 * 1_000_000;

/// How much a tenant may have and do, and what its jobs may touch: the server's defaults with the tenant's own values in
/// their place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    /// Runs at the same time. Default 10.
    pub concurrent_runs: u32,
    /// Runs that wait. Default 1000.
    pub queued_runs: u32,
    /// Sandboxes at the same time, of all runs together. Default 16.
    pub sandboxes: u32,
    /// Memory of all runs together, in bytes. Default 4 GiB.
    pub memory_bytes: u64,
    /// CPU time a day (UTC), in sandboxes and kernels, in seconds. Default 86400.
    pub cpu_seconds_per_day: u64,
    /// URLs below which jobs may read and write, as `s3://lake/shop/` and `file:///data/shop/`; `*` is all. Default none.
    pub storage_prefixes: Vec<String>,
    /// Hosts that jobs may reach, as `db.example.com`, `db.example.com:5432`, `*.example.com`, `[::1]:5432`; `*` is all.
    /// Default none.
    pub hosts: Vec<String>,
    /// Jobs. Default 1000.
    pub jobs: u32,
    /// Triggers. Default 1000.
    pub triggers: u32,
    /// Plugins of all versions together, in bytes. Default 1 GiB.
    pub plugin_bytes: u64,
    /// Logs of all runs together, in bytes. Default 1 GiB.
    pub log_bytes: u64,
    /// Events that come in, a minute. Default 600.
    pub events_per_minute: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        const GIB: u64 = 1 << 30;
        Self {
            concurrent_runs: 10,
            queued_runs: 1000,
            sandboxes: 16,
            memory_bytes: 4 * GIB,
            cpu_seconds_per_day: 24 * 60 * 60,
            storage_prefixes: Vec::new(),
            hosts: Vec::new(),
            jobs: 1000,
            triggers: 1000,
            plugin_bytes: GIB,
            log_bytes: GIB,
            events_per_minute: 600,
        }
    }
}

macro_rules! overrides {
    ($($(#[$doc:meta])* $field:ident: $type:ty),* $(,)?) => {
        /// What a tenant has in place of the server's defaults; what is not given stays at the default.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct QuotaOverrides {
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)*
        }

        impl QuotaOverrides {
            /// The defaults with these in their place.
            pub fn over(&self, defaults: &Quotas) -> Quotas {
                Quotas { $($field: self.$field.clone().unwrap_or_else(|| defaults.$field.clone()),)* }
            }
        }
    };
}

overrides! {
    /// Runs at the same time.
    concurrent_runs: u32,
    /// Runs that wait.
    queued_runs: u32,
    /// Sandboxes at the same time, of all runs together.
    sandboxes: u32,
    /// Memory of all runs together, in bytes.
    memory_bytes: u64,
    /// CPU time a day (UTC), in sandboxes and kernels, in seconds.
    cpu_seconds_per_day: u64,
    /// URLs below which jobs may read and write, in place of all of the default's.
    storage_prefixes: Vec<String>,
    /// Hosts that jobs may reach, in place of all of the default's.
    hosts: Vec<String>,
    /// Jobs.
    jobs: u32,
    /// Triggers.
    triggers: u32,
    /// Plugins of all versions together, in bytes.
    plugin_bytes: u64,
    /// Logs of all runs together, in bytes.
    log_bytes: u64,
    /// Events that come in, a minute.
    events_per_minute: u32,
}

/// The server's defaults.
///
/// # Errors
/// What the database says.
pub fn defaults(tx: &mut Transaction<'_>) -> Result<Quotas, Error> {
    let row = tx.first("select quotas from tenant_defaults where number = 1", row![])?;
    let Some(row) = row else {
        return Ok(Quotas::default());
    };
    read(&row.get::<String>(0)?)
}

/// Sets the server's defaults: at its start, and when its configuration changes.
///
/// # Errors
/// [`Error::Invalid`] if a prefix or a host is not understood.
pub fn set_defaults(tx: &mut Transaction<'_>, quotas: &Quotas) -> Result<(), Error> {
    Access::new(quotas)?;
    tx.execute(
        "insert into tenant_defaults (number, quotas) values (1, ?1)
         on conflict (number) do update set quotas = excluded.quotas",
        row![write(quotas)?],
    )?;
    tx.notify("tenants", "");
    Ok(())
}

/// A tenant's quotas: its own, over the server's defaults.
///
/// # Errors
/// [`Error::NoTenant`].
pub fn of(tx: &mut Transaction<'_>, tenant: &Name) -> Result<Quotas, Error> {
    let row = tx.first("select quotas from tenants where name = ?1", row![tenant])?;
    let row = row.ok_or_else(|| Error::NoTenant {
        tenant: tenant.to_string(),
    })?;
    let own: QuotaOverrides = read(&row.get::<String>(0)?)?;
    Ok(own.over(&defaults(tx)?))
}

/// What a tenant's jobs may touch.
///
/// # Errors
/// [`Error::NoTenant`].
pub fn access(tx: &mut Transaction<'_>, tenant: &Name) -> Result<Access, Error> {
    Access::new(&of(tx, tenant)?)
}

/// Checks that a tenant stays within a quota. `used` is what there would be with what is asked for; `what` names it with
/// its unit: "queued runs", "bytes of plugins".
///
/// # Errors
/// [`Error::Quota`].
pub fn check(tenant: &Name, what: &'static str, limit: u64, used: u64) -> Result<(), Error> {
    if used <= limit {
        return Ok(());
    }
    Err(Error::Quota {
        tenant: tenant.to_string(),
        what,
        limit,
        used,
    })
}

/// Checks that a tenant has CPU time left today: before a run is taken up, and now and then while it runs.
///
/// # Errors
/// [`Error::CpuQuota`], [`Error::NoTenant`].
pub fn check_cpu(tx: &mut Transaction<'_>, tenant: &Name) -> Result<(), Error> {
    let quotas = of(tx, tenant)?;
    check_cpu_of(tx, tenant, &quotas)
}

/// As [`check_cpu`], of a tenant whose quotas are known.
///
/// # Errors
/// [`Error::CpuQuota`].
pub fn check_cpu_of(tx: &mut Transaction<'_>, tenant: &Name, quotas: &Quotas) -> Result<(), Error> {
    let limit_seconds = quotas.cpu_seconds_per_day;
    let used = usage::cpu_today(tx, tenant)?;
    if used < limit_seconds.saturating_mul(1_000_000) {
        return Ok(());
    }
    let resets_at = usage::end_of_day(tx.now());
    Err(Error::CpuQuota {
        tenant: tenant.to_string(),
        limit_seconds,
        used_seconds: used / 1_000_000,
        resets: usage::day_text(usage::day_of(resets_at)) + "T00:00:00Z",
        resets_at,
    })
}

/// Emits the event `quota.reached`: a tenant was refused something, or something of its was stopped or removed, by a
/// quota. `quota` names it, and `reason` says more. At most one an hour for each quota, as whoever has reached one goes on
/// trying.
///
/// # Errors
/// What the database says.
pub fn tell_reached(tx: &mut Transaction<'_>, tenant: &Name, quota: &str, reason: &str) -> Result<(), Error> {
    let now = tx.now();
    // A clock that was set back does not keep it quiet for longer.
    let told = tx.execute(
        "insert into quota_events (tenant, quota, told) values (?1, ?2, ?3)
         on conflict (tenant, quota) do update set told = excluded.told
             where quota_events.told <= ?4 or quota_events.told > ?3",
        row![tenant, quota, now, now.saturating_sub(TOLD_EVERY)],
    )?;
    if told == 0 {
        return Ok(());
    }
    let event = Event::new("quota.reached")
        .tenant(tenant.as_str())
        .subject(quota)
        .data(json!({ "quota": quota, "reason": reason }));
    tenon_events::emit(tx, &event)?;
    Ok(())
}

/// Whether it has been told already that a tenant has reached a quota, so that [`tell_reached`] would do nothing. It is only
/// looked at: whoever is refused again and again keeps nobody who writes waiting.
///
/// # Errors
/// What the database says.
pub fn is_told(tx: &mut Transaction<'_>, tenant: &Name, quota: &str) -> Result<bool, Error> {
    let now = tx.now();
    let told = tx.first(
        "select told from quota_events where tenant = ?1 and quota = ?2 and told > ?3 and told <= ?4",
        row![tenant, quota, now.saturating_sub(TOLD_EVERY), now],
    )?;
    Ok(told.is_some())
}

pub(crate) fn write<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::invalid("quotas", error.to_string()))
}

pub(crate) fn read<T: for<'d> Deserialize<'d>>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::invalid("what the database holds", error.to_string()))
}
