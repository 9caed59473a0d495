//! Looking for work never reads all that waits: each statement of it goes through an index.

use tenon_metadata::{Metadata, Settings, Value};

use crate::change::STANDING;
use crate::{claim, queue, runs, takeover};

#[tokio::test]
async fn looking_for_work_scans_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("server.db").display().to_string();
    let tables = [tenon_events::MIGRATIONS, crate::MIGRATIONS];
    let metadata = Metadata::open(&Settings::new(url), &tables).await.unwrap();
    let of_owner = format!("select {STANDING} from runs r where r.owner = ?1 limit ?2");
    let statements = [
        (claim::READY_TENANTS, 1),
        (claim::READY_LANE, 1),
        (claim::FIRST_RUN.as_str(), 2),
        (claim::DUE, 2),
        (claim::EXPIRED, 2),
        (queue::HEAD, 2),
        (queue::SETTLE_TENANT, 5),
        (of_owner.as_str(), 2),
        (takeover::DEAD, 2),
        (runs::AT_WORK, 0),
    ];
    for (statement, parameters) in statements {
        let explain = format!("explain query plan {statement}");
        let parameters = vec![Value::Integer(1); parameters];
        let rows = metadata.read(move |tx| tx.query(&explain, &parameters)).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(3).unwrap()).collect();
        for step in &plan {
            // There are as many servers as there are servers; the floors are one row.
            let small = step.contains("run_servers") || step.contains("floors") || step.contains("CONSTANT ROW");
            // A scan of an index in its order ends with the limit.
            let ordered = step.starts_with("SCAN") && step.contains("INDEX run_tenants_");
            assert!(small || ordered || !step.contains("SCAN"), "{statement}: {plan:?}");
            assert!(!step.contains("TEMP B-TREE"), "{statement}: {plan:?}");
        }
    }
}
