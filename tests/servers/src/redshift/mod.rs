//! A stand-in for Amazon Redshift, of which there is no server to install: PostgreSQL behind a proxy that carries out
//! `UNLOAD` and `COPY` with the S3 server, reads backslashes in texts as Redshift does, and refuses what it lacks.

mod copy;
mod files;
mod frames;
mod refusals;
mod session;
mod unload;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::{Postgres, S3};

/// What PostgreSQL lacks of Redshift's types and functions.
const SETUP: &str = "
create type super;
create function super_in(cstring) returns super language internal immutable strict as 'textin';
create function super_out(super) returns cstring language internal immutable strict as 'textout';
create type super (input = super_in, output = super_out, like = text);
create function json_parse(text) returns super language sql immutable as $$ select ($1::json)::text::super $$;
create function json_serialize(super) returns varchar language sql immutable as $$ select $1::text::varchar $$;
create type varbyte;
create function varbyte_in(cstring) returns varbyte language internal immutable strict as 'byteain';
create function varbyte_out(varbyte) returns cstring language internal immutable strict as 'byteaout';
create function varbyte_typmod_in(cstring[]) returns integer language internal immutable strict as 'varchartypmodin';
create function varbyte_typmod_out(integer) returns cstring language internal immutable strict as 'varchartypmodout';
create type varbyte (input = varbyte_in, output = varbyte_out, typmod_in = varbyte_typmod_in,
  typmod_out = varbyte_typmod_out, like = bytea);
create cast (bytea as varbyte) without function;
create cast (varbyte as bytea) without function;
create function to_varbyte(text, text) returns varbyte language sql immutable as $$ select decode($1, $2)::varbyte $$;
create function from_varbyte(varbyte, text) returns varchar language sql immutable as
  $$ select encode($1::bytea, $2)::varchar $$;
create function getdate() returns timestamp language sql stable as $$ select (now() at time zone 'utc')::timestamp $$;
";

/// A stand-in for Redshift with its bucket. It ends, and its data go, when this is dropped.
#[derive(Debug)]
pub struct Redshift {
    /// What is behind it, for a look past the proxy.
    pub postgres: Postgres,
    /// Where it unloads to and copies from.
    pub s3: S3,
    address: SocketAddr,
    /// Of all connections; there until this is dropped.
    runtime: Option<Runtime>,
}

/// What all connections have in common.
struct Shared {
    backend: u16,
    store: Arc<dyn ObjectStore>,
    bucket: String,
    access_key: String,
    secret_key: String,
}

impl Redshift {
    /// Starts one.
    ///
    /// # Errors
    /// Says how to install what it is made of, where that is not there.
    pub fn start() -> Result<Self> {
        let (postgres, s3) = (Postgres::start()?, S3::run()?);
        for database in ["template1", "test"] {
            postgres.psql_in(database, SETUP)?;
        }
        let store = AmazonS3Builder::new()
            .with_endpoint(&s3.endpoint)
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_bucket_name(&s3.bucket)
            .with_access_key_id(&s3.access_key)
            .with_secret_access_key(&s3.secret_key)
            .build()?;
        let shared = Arc::new(Shared {
            backend: postgres.port(),
            store: Arc::new(store),
            bucket: s3.bucket.clone(),
            access_key: s3.access_key.clone(),
            secret_key: s3.secret_key.clone(),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("no runtime")?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").context("no port is free")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        runtime.spawn(async move {
            let Ok(listener) = TcpListener::from_std(listener) else {
                return;
            };
            while let Ok((client, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                // A connection that breaks is its client's matter.
                tokio::spawn(async move { session::serve(client, &shared).await.ok() });
            }
        });
        Ok(Self {
            postgres,
            s3,
            address,
            runtime: Some(runtime),
        })
    }

    /// URL of a database, with user and password.
    pub fn url_of(&self, database: &str) -> String {
        format!(
            "redshift://{}:{}@{}/{database}?sslmode=disable",
            crate::USER,
            crate::PASSWORD,
            self.address
        )
    }
}

impl Drop for Redshift {
    fn drop(&mut self) {
        // Tests drop it where nothing may be waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
