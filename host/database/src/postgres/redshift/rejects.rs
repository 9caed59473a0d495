//! Rows that the table would refuse, found before they are moved: Redshift has no way to go on after a refusal.

use super::super::RedshiftDialect;
use super::catalog::{Column, Table, quoted};
use super::ledger::literal;
use super::plan::DELETED;
use crate::Prepared;
use crate::sql::Dialect;

/// What is wrong with some rows of the staging table.
pub(super) struct Fault {
    /// True for those rows.
    pub condition: String,
    /// What is said of them.
    pub reason: String,
}

/// All that may be wrong with rows that go from one table to another. `rows` is what statements call the staging table.
pub(super) fn faults(prepared: &Prepared, target: &Table, staging: &Table, rows: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for name in &prepared.columns {
        let of = |table: &Table| table.columns.iter().find(|column| column.name == *name).cloned();
        if let (Some(from), Some(to)) = (of(staging), of(target)) {
            faults.extend(of_column(rows, &from, &to));
        }
    }
    let has = |name: &str| staging.columns.iter().any(|column| column.name == name);
    if has(DELETED) {
        for fault in &mut faults {
            fault.condition = format!("({} and not {rows}.{DELETED})", fault.condition);
        }
    }
    if !prepared.keys.is_empty() && !has(super::plan::ORDER) {
        faults.push(duplicates(prepared, rows));
    }
    faults
}

fn of_column(rows: &str, from: &Column, to: &Column) -> Vec<Fault> {
    let value = format!("{rows}.{}", RedshiftDialect.quote(&from.name));
    let mut faults = Vec::new();
    if to.is_not_null {
        faults.push(Fault {
            condition: format!("{value} is null"),
            reason: format!("the column `{}` is null, which the table forbids", to.name),
        });
    }
    if let Some(bytes) = to.text_bytes().filter(|_| from.base == "varchar") {
        faults.push(Fault {
            condition: format!("octet_length({value}) > {bytes}"),
            reason: format!(
                "the column `{}` is longer than its {bytes} bytes ({})",
                to.name, to.declared
            ),
        });
    }
    if let Some(limit) = limit(from, to) {
        faults.push(Fault {
            condition: format!("({value} > {limit} or {value} < -{limit})"),
            reason: format!(
                "the column `{}` has a number that {} does not hold",
                to.name, to.declared
            ),
        });
    }
    faults
}

/// The largest number that a column holds, where there are larger ones in another.
fn limit(from: &Column, to: &Column) -> Option<String> {
    if let Some((whole, scale)) = to.digits() {
        let nines = |count: i32| "9".repeat(usize::try_from(count).unwrap_or_default());
        let is_number = matches!(from.base.as_str(), "int2" | "int4" | "int8" | "numeric");
        let number = match (whole, scale) {
            (0, scale) => format!("0.{}", nines(scale)),
            (whole, 0) => nines(whole),
            (whole, scale) => format!("{}.{}", nines(whole), nines(scale)),
        };
        return is_number.then_some(number);
    }
    let limit = match to.base.as_str() {
        "int2" => "32767",
        "int4" => "2147483647",
        "int8" => "9223372036854775807",
        _ => return None,
    };
    let is_larger = match from.base.as_str() {
        "numeric" => true,
        "int8" => to.base != "int8",
        "int4" => to.base == "int2",
        _ => false,
    };
    is_larger.then(|| limit.to_owned())
}

fn duplicates(prepared: &Prepared, rows: &str) -> Fault {
    let staging = quoted(&prepared.staging);
    let keys = RedshiftDialect.quote_all(&prepared.keys);
    let same: Vec<String> = prepared
        .keys
        .iter()
        .map(|key| RedshiftDialect.quote(key))
        .map(|key| format!("d.{key} = {rows}.{key}"))
        .collect();
    Fault {
        condition: format!(
            "exists (select 1 from (select {keys} from {staging} group by {keys} having count(*) > 1) d where {})",
            same.join(" and ")
        ),
        reason: format!(
            "its key ({}) occurs more than once among the rows of this run",
            prepared.keys.join(", ")
        ),
    }
}

/// The reason why a row is refused, as an expression; null for rows that are not.
pub(super) fn reason(faults: &[Fault]) -> String {
    let cases = faults
        .iter()
        .map(|fault| format!("when {} then {}", fault.condition, literal(&fault.reason)));
    format!("case {} end", cases.collect::<Vec<_>>().join(" "))
}
