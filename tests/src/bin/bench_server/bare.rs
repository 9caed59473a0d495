//! What the database does by itself: small changes, each durable, made by many at once.

use std::path::Path;
use std::time::Instant;

use tenon_metadata::{Metadata, Migrations, Settings, row};

const TABLE: Migrations = Migrations {
    component: "bench",
    steps: &["create table notes (number {id}, text text not null)"],
};

/// Changes a second, of one row each, that so many writers make.
pub async fn changes_per_second(folder: &Path, changes: usize, writers: usize) -> anyhow::Result<f64> {
    let url = folder.join("bare.db").display().to_string();
    let metadata = Metadata::open(&Settings::new(url), &[TABLE]).await?;
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..writers {
        let metadata = metadata.clone();
        tasks.spawn(async move {
            let text = "x".repeat(300);
            for _ in 0..changes / writers {
                let text = text.clone();
                let insert = metadata.write(move |tx| tx.execute("insert into notes (text) values (?1)", row![&text]));
                insert.await?;
            }
            Ok::<_, tenon_metadata::Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok((changes / writers * writers) as f64 / began.elapsed().as_secs_f64())
}
