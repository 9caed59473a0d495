//! The runtime: loads plugins and keeps what they share.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tenon_component::{Interfaces, Names, componentize, inspect, names_in};
use tracing::Instrument;
use wasmtime::component::Component;

use crate::cache::Cache;
use crate::config::RuntimeConfig;
use crate::engine::Host;
use crate::error::Error;
use crate::files::Files;
use crate::limits::human_bytes;
use crate::lines::Lines;
use crate::plugin::{Loaded, Plugin, described};
use crate::pool::{Blueprint, Pool, Queue, Refill};
use crate::stats::RuntimeStatistics;
use crate::trap;

/// Loads plugins and keeps their warm pools. Cheap to clone; all clones are one runtime.
#[derive(Clone)]
pub struct Runtime(Arc<Shared>);

/// Loaded plugins by name and digest.
type Registry = HashMap<(Arc<str>, String), Weak<Loaded>>;

struct Shared {
    config: RuntimeConfig,
    host: Host,
    cache: Option<Cache>,
    refill: Refill,
    queue: Arc<Queue>,
    scripts: Arc<Queue>,
    all_idle: Arc<AtomicUsize>,
    loaded: Mutex<Registry>,
    files: Files,
}

/// A plugin's code, ready to be linked.
struct Compiled {
    component: Component,
    interfaces: Interfaces,
    wasi: bool,
    lines: Lines,
}

impl Runtime {
    /// Sets up an engine, its pools and its cache.
    ///
    /// # Errors
    /// [`Error::Engine`] when the machine cannot give the pool its address space, [`Error::Io`] when the cache folder
    /// cannot be used.
    pub fn new(config: RuntimeConfig) -> Result<Self, Error> {
        let host = Host::new(&config)?;
        let cache = Cache::open(&config.cache, &host.engine)?;
        let refill = Refill::start()?;
        let queue = Queue::new(config.pool.in_use);
        let scripts = Queue::new(config.pool.scripts);
        Ok(Runtime(Arc::new(Shared {
            config,
            host,
            cache,
            refill,
            queue,
            scripts,
            all_idle: Arc::new(AtomicUsize::new(0)),
            loaded: Mutex::new(HashMap::new()),
            files: Files::default(),
        })))
    }

    /// Loads a plugin from a file: a component, or a core module with wit-bindgen's section. Its name is the file's.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Refused`], [`Error::Version`], [`Error::Load`], [`Error::Contract`] or [`Error::Limit`];
    /// each says what is wrong with the file.
    pub async fn load(&self, path: impl AsRef<Path>) -> Result<Plugin, Error> {
        let path = path.as_ref();
        let name = path
            .file_stem()
            .map_or_else(|| "plugin".into(), |stem| stem.to_string_lossy().into_owned());
        let io = |source| Error::Io {
            action: "reading the plugin",
            path: path.to_owned(),
            source,
        };
        let file = fs::File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        self.check_size(&name, metadata.len())?;
        if let Some(loaded) = self.0.files.loaded(path, &metadata) {
            return Ok(Plugin(loaded));
        }
        // What is no regular file may have more than it says.
        let most = self.0.config.plugins.max_bytes.saturating_add(1);
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).map_err(io)?;
        let plugin = self.load_bytes(&name, bytes).await?;
        self.0.files.keep(path, &metadata, &plugin.0);
        Ok(plugin)
    }

    /// Loads a plugin from memory. The same bytes under the same name are loaded once, and share one pool.
    ///
    /// # Errors
    /// As for [`Runtime::load`].
    pub async fn load_bytes(&self, name: &str, bytes: impl Into<Vec<u8>>) -> Result<Plugin, Error> {
        let bytes = bytes.into();
        self.check_size(name, bytes.len() as u64)?;
        let digest = hex::encode(Sha256::digest(&bytes));
        let name: Arc<str> = name.into();
        let key = (Arc::clone(&name), digest.clone());
        if let Some(loaded) = self.0.loaded.lock().get(&key).and_then(Weak::upgrade) {
            return Ok(Plugin(loaded));
        }
        let size = bytes.len() as u64;
        let span = tracing::debug_span!("load", plugin = %name, digest);
        let compiled = self.compile(&name, &digest, bytes).instrument(span.clone()).await?;
        let loaded = Arc::new(self.link(name, digest, size, compiled).instrument(span).await?);
        let mut registry = self.0.loaded.lock();
        registry.retain(|_, plugin| plugin.strong_count() > 0);
        // Somebody else may have loaded it in the meantime: one pool is enough.
        if let Some(first) = registry.get(&key).and_then(Weak::upgrade) {
            return Ok(Plugin(first));
        }
        registry.insert(key, Arc::downgrade(&loaded));
        Ok(Plugin(loaded))
    }

    /// What its pools are doing.
    pub fn statistics(&self) -> RuntimeStatistics {
        let loaded: Vec<Arc<Loaded>> = self.0.loaded.lock().values().filter_map(Weak::upgrade).collect();
        RuntimeStatistics {
            in_use: self.0.queue.in_use() + self.0.scripts.in_use(),
            waiting: self.0.queue.waiting() + self.0.scripts.waiting(),
            warm: self.0.all_idle.load(Ordering::Relaxed),
            plugins: loaded
                .iter()
                .filter_map(|plugin| plugin.pool.as_ref())
                .map(|pool| pool.statistics())
                .collect(),
        }
    }

    fn check_size(&self, name: &str, bytes: u64) -> Result<(), Error> {
        let most = self.0.config.plugins.max_bytes;
        if bytes <= most {
            return Ok(());
        }
        Err(Error::Refused {
            plugin: name.to_owned(),
            reason: format!(
                "its file has {}, more than the limit `plugins.max_bytes` of {}",
                human_bytes(bytes),
                human_bytes(most)
            ),
        })
    }

    /// Code from the cache, or compiled away from the async threads.
    async fn compile(&self, name: &Arc<str>, digest: &str, bytes: Vec<u8>) -> Result<Compiled, Error> {
        let (shared, name, digest) = (Arc::clone(&self.0), Arc::clone(name), digest.to_owned());
        let plugin = name.to_string();
        let compiling = tokio::task::spawn_blocking(move || {
            let component = match shared.cached(&name, &digest) {
                Some(component) => component,
                None => shared.compile(&name, &digest, &bytes)?,
            };
            shared.look_into(&name, component, &bytes)
        });
        compiling.await.unwrap_or_else(|_| {
            Err(Error::Load {
                plugin,
                stage: "compiled",
                reason: "the compiler gave up on it".to_owned(),
            })
        })
    }

    async fn link(&self, name: Arc<str>, digest: String, bytes: u64, compiled: Compiled) -> Result<Loaded, Error> {
        let shared = &self.0;
        let load_error = |stage, error: &wasmtime::Error| Error::Load {
            plugin: name.to_string(),
            stage,
            reason: trap::explain(error),
        };
        let pre = shared
            .host
            .linker
            .instantiate_pre(&compiled.component)
            .map_err(|error| load_error("linked", &error))?;
        let (mut functions, mut pool) = (Vec::new(), None);
        let interfaces = compiled.interfaces;
        if interfaces.transform || interfaces.job {
            let (config, ticker) = (&shared.config, &shared.host.ticker);
            let blueprint = Blueprint::new(&name, pre, interfaces, compiled.wasi, config, ticker)?;
            functions = described(&name, blueprint.describe().await?)?;
            pool = Some(Pool::new(
                blueprint,
                &shared.config.pool,
                &shared.all_idle,
                &shared.refill,
            ));
        }
        Ok(Loaded {
            name,
            digest,
            bytes,
            interfaces,
            wasi: compiled.wasi,
            functions,
            lines: Arc::new(compiled.lines),
            pool,
            queue: Arc::clone(&shared.queue),
            scripts: Arc::clone(&shared.scripts),
            wait: shared.config.pool.wait(),
        })
    }
}

impl Shared {
    fn cached(&self, name: &str, digest: &str) -> Option<Component> {
        let cache = self.cache.as_ref()?;
        let code = cache.get(digest)?;
        // SAFETY: the cache only gives out files that carry this installation's signature, so these bytes are what
        // `Component::serialize` of a compatible engine wrote; nobody else can change them, as they are in our memory.
        let component = unsafe { Component::deserialize(&self.host.engine, &code) };
        match component {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(plugin = name, %error, "a cached plugin does not fit this host; it is compiled again");
                cache.forget(digest);
                None
            }
        }
    }

    fn compile(&self, name: &str, digest: &str, bytes: &[u8]) -> Result<Component, Error> {
        let load_error = |stage, error: &wasmtime::Error| Error::Load {
            plugin: name.to_owned(),
            stage,
            reason: trap::explain(error),
        };
        let refused = |error| Error::refused(name, error);
        let component = componentize(bytes).map_err(refused)?;
        // Refused before the compiler is let loose on it.
        inspect(&names_in(&component).map_err(refused)?).map_err(refused)?;
        let component =
            Component::from_binary(&self.host.engine, &component).map_err(|error| load_error("compiled", &error))?;
        if let Some(cache) = &self.cache {
            match component.serialize() {
                Ok(code) => cache.put(digest, &code),
                Err(error) => tracing::warn!(plugin = name, %error, "a compiled plugin could not be serialized"),
            }
        }
        Ok(component)
    }

    fn look_into(&self, name: &str, component: Component, bytes: &[u8]) -> Result<Compiled, Error> {
        let kind = component.component_type();
        let engine = &self.host.engine;
        let names = Names {
            imports: kind.imports(engine).map(|(name, _)| name.to_owned()).collect(),
            exports: kind.exports(engine).map(|(name, _)| name.to_owned()).collect(),
        };
        let inspected = inspect(&names).map_err(|error| Error::refused(name, error))?;
        Ok(Compiled {
            component,
            interfaces: inspected.interfaces,
            wasi: inspected.wasi,
            lines: Lines::of(bytes),
        })
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}
