//! The flights job as a script: what `examples/flights/flights.toml` says in a job file, said in Rust.

use flights::categorise;
use tenon::job::{Context, Mode, Sink, Source};
use tenon::{Result, json};

/// Each flight with its airline and the year in which its plane was built.
const DESCRIBED: &str = "
    select f.*, a.name as airline, p.year as plane_built, p.manufacturer
    from flights f
    left join airlines a on f.carrier = a.carrier
    left join planes p on f.tailnum = p.tailnum";

#[tenon::job]
fn run(ctx: &Context) -> Result<()> {
    let data: String = ctx.param_or("data", "examples/flights".to_owned())?;
    let out: String = ctx.param_or("out", "out".to_owned())?;
    let late_after: i64 = ctx.param_or("late_after", 15)?;

    let flights = ctx.read(Source::csv(format!("{data}/flights.csv.gz")).null("NA"))?;
    let airlines = ctx.read(Source::csv(format!("{data}/airlines.csv")))?;
    let planes = ctx.read(Source::csv(format!("{data}/planes.csv")).null("NA"))?;

    let categorised = flights.apply(categorise, json!({ "late_after": late_after }))?;
    let described = ctx.sql(
        DESCRIBED,
        [("flights", &categorised), ("airlines", &airlines), ("planes", &planes)],
    )?;
    let written = described.write(
        Sink::parquet(format!("{out}/flights-by-carrier/"))
            .partition_by(["carrier"])
            .mode(Mode::Overwrite),
    )?;
    log::info!("{} flights in {} files", written.rows, written.objects);

    let totals = described.aggregate(
        ["airline", "delay_category"],
        ["count(*) as flights", "round(avg(arr_delay), 1) as mean_delay"],
    )?;
    let totals = totals.sort(["airline", "delay_category"])?;
    totals.write(Sink::csv(format!("{out}/flights-totals.csv")).mode(Mode::Overwrite))?;

    let rejected = categorised.rejected()?;
    rejected.write(Sink::ndjson(format!("{out}/flights-rejected.ndjson")).mode(Mode::Overwrite))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tenon::{batch, testing};

    use super::*;

    #[test]
    fn the_script_reads_and_writes_what_it_should() {
        testing::set_parameter("data", "d");
        testing::set_parameter("out", "o");
        let flights = batch! {
            "carrier" => ["UA", "UA"],
            "dep_delay" => [2_i64, 2],
            "arr_delay" => [11_i64, 20],
            "tailnum" => ["N14228", "N24211"],
            "air_time" => [227_i64, 227],
            "distance" => [1400_i64, 1416],
        };
        testing::source("d/flights.csv.gz", flights);
        testing::source(
            "d/airlines.csv",
            batch! { "carrier" => ["UA"], "name" => ["United Air Lines Inc."] },
        );
        testing::source(
            "d/planes.csv",
            batch! { "tailnum" => ["N14228"], "year" => [1999_i64], "manufacturer" => ["BOEING"] },
        );
        // Joins and groups are run by the host; the test says what they come to.
        testing::answer(batch! { "carrier" => ["UA", "UA"], "tailnum" => ["N14228", "N24211"] });
        testing::answer(batch! { "airline" => ["United Air Lines Inc."], "flights" => [2_i64] });
        testing::answer(batch! { "airline" => ["United Air Lines Inc."], "flights" => [2_i64] });
        run(&testing::context()).expect("it runs");
        assert_eq!(testing::written("o/flights-by-carrier/")[0].rows(), 2);
        assert_eq!(testing::written("o/flights-totals.csv")[0].rows(), 1);
        let steps = testing::operations();
        assert!(steps.iter().any(|step| step.contains("categorise")), "{steps:?}");
    }
}
