//! Nobody waits for somebody else's flood.

use std::collections::BTreeMap;

use tenon_runs::{Capacity, JobSettings, Outcome, Quotas, State, jobs, set_quotas, submit};

use crate::place::{Place, name, request};

/// Claims some, finishes them, and so on; answers with the tenants in the order of claiming.
async fn drain(place: &Place, runs: usize) -> Vec<String> {
    let server = place.server("here").await;
    let mut order = Vec::new();
    loop {
        let server = server.clone();
        let tenants = place
            .write(move |tx| {
                let claimed = tenon_runs::claim(tx, &server, &Capacity { runs })?;
                for run in &claimed {
                    tenon_runs::finish(tx, &run.lease, &Outcome::new(State::Succeeded))?;
                }
                Ok(claimed
                    .into_iter()
                    .map(|run| run.tenant.to_string())
                    .collect::<Vec<_>>())
            })
            .await
            .unwrap();
        if tenants.is_empty() {
            return order;
        }
        order.extend(tenants);
    }
}

async fn tenants(place: &Place, waiting: Vec<(String, usize, u32)>) {
    place
        .write(move |tx| {
            for (tenant, runs, weight) in &waiting {
                let settings = JobSettings {
                    max_concurrent_runs: 100,
                    ..JobSettings::default()
                };
                let input = tenon_runs::JobInput {
                    settings,
                    ..tenon_runs::JobInput::default()
                };
                jobs::put(tx, &name(tenant), &name("job"), &input, None, |_| Ok(()))?;
                let quotas = Quotas {
                    concurrent_runs: 100,
                    queued_runs: 100_000,
                    weight: *weight,
                    ..Quotas::default()
                };
                set_quotas(tx, &name(tenant), &quotas)?;
                for _ in 0..*runs {
                    submit(tx, &request(tenant, "job"))?;
                }
            }
            Ok(())
        })
        .await
        .unwrap();
}

/// By tenant, the mean place of its runs in the order.
fn waits(order: &[String]) -> BTreeMap<&str, f64> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, tenant) in order.iter().enumerate() {
        places.entry(tenant).or_default().push(place);
    }
    let mean = |places: Vec<usize>| places.iter().sum::<usize>() as f64 / places.len() as f64;
    places
        .into_iter()
        .map(|(tenant, places)| (tenant, mean(places)))
        .collect()
}

#[tokio::test]
async fn a_thousand_tenants_wait_alike() {
    let place = Place::new().await;
    let waiting = (0..1000).map(|tenant| (format!("t{tenant}"), 10, 1));
    tenants(&place, waiting.collect()).await;
    let order = drain(&place, 64).await;
    assert_eq!(order.len(), 10_000);
    let waits = waits(&order);
    let mut sorted: Vec<f64> = waits.values().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let (median, longest) = (sorted[500], sorted[999]);
    assert!(longest <= 3.0 * median, "{longest} and {median}");
    // Each tenant's first run goes before anybody's second.
    let first: std::collections::BTreeSet<&String> = order[..1000].iter().collect();
    assert_eq!(first.len(), 1000);
}

#[tokio::test]
async fn a_flood_does_not_make_others_wait() {
    let place = Place::new().await;
    tenants(&place, vec![("flood".to_owned(), 2000, 1)]).await;
    let order = drain(&place, 10).await;
    assert_eq!(order.len(), 2000);
    tenants(&place, vec![("flood".to_owned(), 2000, 1)]).await;
    let quiet = (0..5).map(|tenant| (format!("quiet{tenant}"), 4, 1));
    tenants(&place, quiet.collect()).await;
    let order = drain(&place, 10).await;
    let last_quiet = order.iter().rposition(|tenant| tenant != "flood").unwrap();
    assert!(last_quiet < 40, "{last_quiet}");
    // But who was idle has not saved up turns: the flood goes on meanwhile.
    let flood = order[..=last_quiet].iter().filter(|tenant| *tenant == "flood").count();
    assert!(flood >= 3, "{flood}");
}

#[tokio::test]
async fn weight_is_a_share() {
    let place = Place::new().await;
    tenants(&place, vec![("light".to_owned(), 400, 1), ("heavy".to_owned(), 400, 3)]).await;
    let order = drain(&place, 1).await;
    let heavy = order[..400].iter().filter(|tenant| *tenant == "heavy").count();
    assert!((290..=310).contains(&heavy), "{heavy}");
}

#[tokio::test]
async fn long_runs_do_not_take_all_places() {
    let place = Place::new().await;
    tenants(&place, vec![("long".to_owned(), 50, 1), ("short".to_owned(), 50, 1)]).await;
    let server = place.server("here").await;
    // Ten places; what is short ends at once, what is long never.
    let mut held = 0;
    for _ in 0..20 {
        for run in place.claim(&server, 10 - held).await {
            if run.tenant.as_str() == "long" {
                held += 1;
            } else {
                place.finish(&run.lease, Outcome::new(State::Succeeded)).await.unwrap();
            }
        }
    }
    let tenant = name("short");
    let left = place.write(move |tx| {
        let filter = tenon_runs::RunFilter {
            state: Some(State::Waiting),
            ..tenon_runs::RunFilter::default()
        };
        Ok(
            tenon_runs::runs::list(tx, &tenant, &filter, &tenon_metadata::PageRequest::default())?
                .items
                .len(),
        )
    });
    assert_eq!(left.await.unwrap(), 0, "with {held} places taken by long runs");
}

crate::databases::on_both![long_runs_do_not_take_all_places];
