//! `usage` and `prices`.

use serde_json::Value;

use super::input::{definition, time_if};
use super::session::{Session, found, print_json, unless_changed};
use super::table::{Column, listed, made, number, size, text};
use crate::args::{PricesCommand, UsageArguments, UsageBy};
use crate::exit::Failure;
use crate::output::print;

/// Digits behind the point of costs, which come in millionths.
const DIGITS: usize = 6;

const USED: [Column; 8] = [
    number("RUNS", "/usage/runs"),
    made("CPU", |line| cpu(&line["usage"])),
    size("MEMORY", "/usage/peak_memory"),
    number("ROWS IN", "/usage/rows_in"),
    number("OUT", "/usage/rows_out"),
    size("READ", "/usage/bytes_in"),
    size("WRITTEN", "/usage/bytes_out"),
    made("COST", |line| cost(&line["cost"])),
];

/// `usage`
pub(super) async fn usage(session: &Session, arguments: &UsageArguments) -> Result<(), Failure> {
    let (from, to) = (time_if(arguments.from.as_ref())?, time_if(arguments.to.as_ref())?);
    let tenant = session.tenant_if_any();
    let (group, mut columns) = match arguments.by {
        UsageBy::Tenant => ("tenant", vec![text("TENANT", "/tenant")]),
        UsageBy::Job => ("job", vec![text("TENANT", "/tenant"), text("JOB", "/job")]),
        UsageBy::Day => ("day", vec![text("TENANT", "/tenant"), made("DAY", day)]),
        UsageBy::Run => ("run", run_columns(tenant.is_some())),
    };
    let call = match &tenant {
        Some(tenant) => tenant.get_usage(),
        None => session.client.get_all_usage(),
    };
    let call = call.query_if("from", from).query_if("to", to).query("group_by", group);
    let bill = call.send().await?;
    if session.json {
        return print_json(&bill);
    }
    let lines = bill["lines"].as_array().cloned().unwrap_or_default();
    if lines.is_empty() {
        session.say("nothing was used");
        return Ok(());
    }
    columns.extend(USED);
    print(&listed(&lines, &columns))?;
    session.say(format!("in all: {}", cost(&bill["total"])));
    Ok(())
}

/// What tells runs apart; of one tenant its name says nothing.
fn run_columns(of_one: bool) -> Vec<Column> {
    let mut columns = vec![text("RUN", "/run"), text("JOB", "/job"), made("DAY", day)];
    if !of_one {
        columns.insert(0, text("TENANT", "/tenant"));
    }
    columns
}

/// `prices`
pub(super) async fn prices(session: &Session, command: PricesCommand) -> Result<(), Failure> {
    match command {
        PricesCommand::Show => session.show(&session.client.get_prices().send().await?),
        PricesCommand::Put { file } => {
            let prices = definition(&file)?;
            let before = found(session.client.get_prices()).await?;
            let put = unless_changed(session.client.put_prices(&prices), before.as_ref());
            session.done(&put.send().await?, "the prices are stored")
        }
    }
}

/// Time at work in sandboxes and kernels, in CPU seconds.
fn cpu(usage: &Value) -> String {
    let of = |name: &str| usage[name].as_u64().unwrap_or_default();
    let micros = of("cpu_sandbox_us").saturating_add(of("cpu_kernels_us"));
    format!("{:.1} s", micros as f64 / 1e6)
}

fn day(line: &Value) -> String {
    line["day"].as_str().unwrap_or_default().chars().take(10).collect()
}

/// Millionths of a currency as an amount, exactly.
fn cost(cost: &Value) -> String {
    let currency = cost["currency"].as_str().unwrap_or_default();
    let amount = match &cost["millionths"] {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    let (sign, digits) = amount
        .strip_prefix('-')
        .map_or(("", amount.as_str()), |digits| ("-", digits));
    let padded = format!("{digits:0>width$}", width = DIGITS + 1);
    let (whole, rest) = padded.split_at(padded.len() - DIGITS);
    // Two digits at least, as prices have them.
    let rest = format!("{}{}", &rest[..2], rest[2..].trim_end_matches('0'));
    format!("{sign}{whole}.{rest} {currency}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn costs_are_told_exactly() {
        for (millionths, expected) in [
            (json!(0), "0.00 EUR"),
            (json!(1_500_000), "1.50 EUR"),
            (json!(123), "0.000123 EUR"),
            (json!("12345678901234567890"), "12345678901234.56789 EUR"),
            (json!(-2_000_001), "-2.000001 EUR"),
        ] {
            assert_eq!(cost(&json!({ "currency": "EUR", "millionths": millionths })), expected);
        }
        assert_eq!(cost(&Value::Null), "");
    }
}
