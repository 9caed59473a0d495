//! Parts of a relation that are read side by side.

use tokio_postgres::types::Type;

use super::catalog::Table;
use super::statement::source;
use super::{Connection, PostgresDialect};
use crate::sql::Dialect;
use crate::{Error, Relation};

/// Pages that a part has at least: less is read faster than another connection is made.
const PAGES: u64 = 256;
/// The first version that reads a range of pages without reading the others.
const RANGES_SINCE: i32 = 140_000;

/// Conditions that each row fits exactly one of, by the pages that rows are stored in. One that is empty where the rows
/// are stored in another way.
pub(super) async fn by_pages(connection: &Connection, table: &Table, parts: usize) -> Result<Vec<String>, Error> {
    let whole = vec![String::new()];
    if parts < 2 || !matches!(table.kind as u8, b'r' | b'm' | b'p') {
        return Ok(whole);
    }
    // Partitions and children are stored each by itself, all from page 0 on.
    let statement = "with recursive member (oid) as (
                       select $1::oid union
                       select i.inhrelid from pg_catalog.pg_inherits i join member m on i.inhparent = m.oid
                     )
                     select c.relkind in ('r', 'm') and a.amname = 'heap',
                       pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::bigint,
                       current_setting('server_version_num')::int
                     from member m join pg_catalog.pg_class c on c.oid = m.oid
                     left join pg_catalog.pg_am a on a.oid = c.relam
                     where c.relkind <> 'p'";
    let doing = format!("looking up the size of {}", table.name);
    let rows = connection.query(&doing, statement, &[&table.oid]).await?;
    let mut sizes = Vec::with_capacity(rows.len());
    for row in &rows {
        let is_heap: Option<bool> = row.get(0);
        let pages: Option<i64> = row.get(1);
        let version: i32 = row.get(2);
        if is_heap != Some(true) || version < RANGES_SINCE {
            return Ok(whole);
        }
        sizes.push(pages.and_then(|pages| pages.try_into().ok()).unwrap_or(0));
    }
    Ok(page_ranges(&sizes, parts))
}

/// Ranges of page numbers that have about as many pages each. The last one is open: the table may grow.
fn page_ranges(sizes: &[u64], parts: usize) -> Vec<String> {
    let total: u64 = sizes.iter().sum();
    let parts = (parts as u64).min(total / PAGES).max(1);
    let below = |page: u64| sizes.iter().map(|size| page.min(*size)).sum::<u64>();
    let largest = sizes.iter().copied().max().unwrap_or(0);
    let bounds = (1..parts).map(|part| {
        let wanted = total / parts * part;
        let (mut low, mut high) = (0, largest);
        while low < high {
            let middle = low.midpoint(high);
            if below(middle) < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    });
    let mut bounds: Vec<u64> = bounds.collect();
    bounds.dedup();
    ranges(
        "ctid",
        &bounds
            .iter()
            .map(|page| format!("'({page},0)'::tid"))
            .collect::<Vec<_>>(),
        "",
    )
}

/// Conditions that each row fits exactly one of, by the values of a column.
pub(super) async fn by_column(
    connection: &Connection,
    relation: &Relation,
    column: &str,
    data_type: &Type,
    parts: usize,
) -> Result<Vec<String>, Error> {
    let name = PostgresDialect.quote(column);
    // As whole numbers, between which bounds are easily found; what is not finite lies beyond all bounds.
    let (number, literal): (String, fn(i64) -> String) = match *data_type {
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => {
            (format!("{name}::bigint"), |number| format!("'{number}'::bigint"))
        }
        Type::NUMERIC | Type::FLOAT4 | Type::FLOAT8 => (
            format!("case when {name}::float8 between -9e18 and 9e18 then floor({name}::float8)::bigint end"),
            |number| format!("'{number}'::bigint"),
        ),
        Type::DATE => (
            format!("case when isfinite({name}) then {name} - date '2000-01-01' end::bigint"),
            |days| format!("(date '2000-01-01' + '{days}'::int)"),
        ),
        Type::TIMESTAMP => (seconds(&name), |time| {
            format!("(timestamp '1970-01-01' + '{time} seconds'::interval)")
        }),
        Type::TIMESTAMPTZ => (seconds(&name), |time| format!("to_timestamp('{time}'::bigint)")),
        _ => {
            return Err(Error::Config {
                subject: format!("`split_by` of {relation}"),
                reason: format!(
                    "the column `{column}` is of the type {}; only numbers, dates and timestamps can be split",
                    data_type.name()
                ),
            });
        }
    };
    if parts < 2 {
        return Ok(vec![String::new()]);
    }
    let statement = format!("select min({number}), max({number}) from {}", source(relation));
    let doing = format!("looking for the least and greatest `{column}` of {relation}");
    let row = connection.query_one(&doing, &statement, &[]).await?;
    let (least, greatest): (Option<i64>, Option<i64>) = (row.get(0), row.get(1));
    let Some((least, greatest)) = least.zip(greatest) else {
        return Ok(vec![String::new()]);
    };
    let literals: Vec<String> = bounds(least, greatest, parts).into_iter().map(literal).collect();
    Ok(ranges(&name, &literals, &format!(" or {name} is null")))
}

fn seconds(name: &str) -> String {
    format!("case when isfinite({name}) then floor(extract(epoch from {name})) end::bigint")
}

/// Numbers that cut the range from the least to the greatest into equal parts.
fn bounds(least: i64, greatest: i64, parts: usize) -> Vec<i64> {
    let (least, greatest) = (i128::from(least), i128::from(greatest));
    let parts = parts as i128;
    let cuts = (1..parts).map(|part| least + (greatest - least + 1) * part / parts);
    let mut cuts: Vec<i64> = cuts
        .filter(|cut| *cut > least)
        .filter_map(|cut| i64::try_from(cut).ok())
        .collect();
    cuts.dedup();
    cuts
}

/// Conditions for the ranges between bounds, open at both ends. The first one has what is in no range, too.
fn ranges(name: &str, bounds: &[String], or_first: &str) -> Vec<String> {
    let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else {
        return vec![String::new()];
    };
    let first = format!("({name} < {first}{or_first})");
    let between = bounds
        .windows(2)
        .map(|pair| format!("({name} >= {} and {name} < {})", pair[0], pair[1]));
    let last = format!("{name} >= {last}");
    [first].into_iter().chain(between).chain([last]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_shared_evenly() {
        assert_eq!(page_ranges(&[10], 4), [""]);
        assert_eq!(page_ranges(&[], 4), [""]);
        assert_eq!(
            page_ranges(&[1000], 2),
            ["(ctid < '(500,0)'::tid)", "ctid >= '(500,0)'::tid"]
        );
        // One large and one small one: 600 pages below page 500.
        let ranges = page_ranges(&[1100, 100], 2);
        assert_eq!(ranges, ["(ctid < '(500,0)'::tid)", "ctid >= '(500,0)'::tid"]);
        assert_eq!(page_ranges(&[10_000], 5).len(), 5);
    }

    #[test]
    fn bounds_lie_between_the_least_and_the_greatest() {
        assert_eq!(bounds(0, 99, 4), [25, 50, 75]);
        assert_eq!(bounds(5, 5, 4), Vec::<i64>::new());
        assert_eq!(bounds(0, 1, 4), [1]);
        assert_eq!(bounds(i64::MIN, i64::MAX, 2), [0]);
    }
}
