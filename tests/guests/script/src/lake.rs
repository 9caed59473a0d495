//! Scripts that read and write real data: the parameters say where.

use tenon::job::{Context, JoinKind, Sink, Source};
use tenon::{Context as _, Error, Result, json};

use crate::{Scale, even, scale};

pub fn run(ctx: &Context, case: &str) -> Option<Result<()>> {
    Some(match case {
        "lake_writes" => writes(ctx),
        "lake_looks" => looks(ctx),
        "lake_rejects" => rejects(ctx),
        "lake_writes_twice" => writes_twice(ctx),
        "lake_writes_and_fails" => writes_and_fails(ctx),
        "lake_reaches" => reaches(ctx),
        "lake_reads" => from(ctx).map(drop).context("reading"),
        "lake_masks" => masks(ctx),
        "lake_replaces" => from(ctx).and_then(|rows| {
            let to: String = ctx.param("from")?;
            rows.write(Sink::from(to).option("mode", "overwrite")).map(drop)
        }),
        "lake_waits" => from(ctx).and_then(|rows| {
            let pairs = ctx.sql(
                "select a.n from a cross join b cross join c",
                [("a", &rows), ("b", &rows), ("c", &rows)],
            )?;
            let to: String = ctx.param("to")?;
            pairs.write(to).map(drop)
        }),
        _ => return None,
    })
}

fn from(ctx: &Context) -> Result<tenon::job::Frame> {
    let from: String = ctx.param("from")?;
    ctx.read(from)
}

/// Reads, filters, calls a function and writes.
fn writes(ctx: &Context) -> Result<()> {
    let to: String = ctx.param("to")?;
    let written = from(ctx)?.filter("n > 10")?.apply(scale, Scale { by: 3 })?.write(to)?;
    log::info!("{} rows in {} objects", written.rows, written.objects);
    Ok(())
}

/// What comes back to the script, which it tells by failing.
fn looks(ctx: &Context) -> Result<()> {
    let mut seen = Vec::new();
    let rows = from(ctx)?;
    let small = rows.filter("n <= 4")?;
    let twice = small.apply(scale, Scale { by: 2 })?;
    let pairs = rows.join(&twice, ["n"], JoinKind::Semi)?;
    seen.push(format!(
        "{} of {} rows, {} pairs",
        small.count()?,
        rows.count()?,
        pairs.count()?
    ));
    let both = small.union(&twice)?;
    let groups = both.aggregate(["n % 2 as odd"], ["sum(n) as total"])?.sort(["odd"])?;
    for batch in groups.collect()? {
        let totals: Vec<i64> = batch.column::<i64>("total")?.iter().flatten().collect();
        seen.push(format!("totals {totals:?}"));
    }
    let query = ctx.sql(
        "select count(*) as c from a join b on a.n = b.n",
        [("a", &rows), ("b", &both)],
    )?;
    seen.push(format!("columns {:?}", query.schema()?.names().collect::<Vec<_>>()));
    for wrong in [
        rows.filter("m > 1").err(),
        ctx.sql("select * from c", [("a", &rows)]).err(),
        ctx.sql("drop table a", [("a", &rows)]).err(),
        rows.apply("nothing", ()).err(),
        rows.apply("nobody:nothing", ()).err(),
        rows.rejected().err(),
        ctx.read(Source::connector("kafka")).err(),
    ] {
        let error = wrong.ok_or_else(|| Error::internal("there was no error"))?;
        seen.push(format!("{:?}: {error}", error.kind()));
    }
    Err(Error::bad_data(seen.join("\n")))
}

fn rejects(ctx: &Context) -> Result<()> {
    let checked = from(ctx)?
        .apply(even, ())?
        .apply(scale, Scale { by: 10 })?
        .apply("even", ())?;
    let rejected: String = ctx.param("rejects")?;
    let to: String = ctx.param("to")?;
    checked.rejected()?.sort(["n"])?.write(rejected)?;
    checked.sort(["n"])?.write(to)?;
    Ok(())
}

fn writes_twice(ctx: &Context) -> Result<()> {
    let to: String = ctx.param("to")?;
    let rows = from(ctx)?;
    rows.write(format!("{to}/all/"))?;
    rows.limit(3)?.write(format!("{to}/three/"))?;
    match rows.write(format!("{to}/all/part/")).err() {
        Some(error) => log::info!("{:?}: {error}", error.kind()),
        None => return Err(Error::internal("two frames were written to one place")),
    }
    Ok(())
}

fn writes_and_fails(ctx: &Context) -> Result<()> {
    let to: String = ctx.param("to")?;
    let written = from(ctx)?.write(to)?;
    log::info!("{} rows", written.rows);
    Err(Error::transient("the moon is in the way"))
}

/// Writes to a bucket to which it knows the way.
fn reaches(ctx: &Context) -> Result<()> {
    let (to, endpoint): (String, String) = (ctx.param("to")?, ctx.param("endpoint")?);
    let sink = Sink::from(to)
        .option("format", "csv")
        .option("store.endpoint", endpoint)
        .option("store.allow_http", true)
        .option("store.retries", 0)
        .option("store.access_key_id", ctx.secret("id")?)
        .option("store.secret_access_key", ctx.secret("key")?);
    from(ctx)?.write(sink).map(drop)
}

fn masks(ctx: &Context) -> Result<()> {
    let to: String = ctx.param("to")?;
    let config = json!({ "columns": ["n"], "method": "redact" });
    from(ctx)?
        .project(["cast(n as varchar) as n"])?
        .apply("mask:mask", config)?
        .write(to)?;
    Ok(())
}
