//! The functions that expressions may call, and how far the output of each can outgrow its arguments.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use datafusion_expr::ScalarUDF;

use crate::{
    error::{self, At, Error},
    guard::Guarded,
};

/// An upper bound for what a function allocates, in terms of its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Growth {
    /// Nothing: the result shares the memory of the arguments.
    Shared,
    /// A value of fixed width per row, or a text of less than 128 bytes.
    Fixed,
    /// This many times the arguments.
    Times(u64),
    /// The first argument, as often as the second says.
    Repeat,
    /// As many characters as the second argument says.
    Pad,
    /// The third argument wherever the second is found in the first.
    Replace,
    /// The third argument wherever the pattern matches.
    RegexReplace,
    /// A pattern as the second argument, a fixed width or parts of the first argument as the result.
    Regex,
    /// A list element for each part of a text.
    Split,
    /// A text with a delimiter between list elements.
    Join,
    /// As many list elements as the second argument says.
    Resize,
    /// A fixed width, after comparing each part of one argument with each of the other.
    Pairs,
}

/// Everything that is offered. Each of these depends on its arguments alone; what reads the clock, random numbers, the
/// session or the outside is not in this list and so does not exist.
#[rustfmt::skip]
const OFFERED: &[(&str, Growth)] = {
    use Growth::{Fixed, Join, Pad, Pairs, Regex, RegexReplace, Repeat, Replace, Resize, Shared, Split, Times};
    &[
        // Conditions and types. Those that DataFusion rewrites to `case` are bounded there.
        ("arrow_cast", Times(8)), ("arrow_try_cast", Times(8)), ("arrow_typeof", Fixed), ("coalesce", Times(1)),
        ("greatest", Times(2)), ("least", Times(2)), ("nullif", Times(2)), ("nvl", Times(2)), ("nvl2", Times(2)),
        // Structs and unions.
        ("get_field", Times(1)), ("named_struct", Times(1)), ("struct", Times(1)), ("union_extract", Times(1)),
        ("union_tag", Fixed),
        // Text.
        ("ascii", Fixed), ("bit_length", Fixed), ("btrim", Times(1)), ("character_length", Fixed), ("chr", Fixed),
        ("concat", Times(1)), ("concat_ws", Times(1)), ("contains", Fixed), ("ends_with", Fixed),
        ("find_in_set", Fixed), ("initcap", Times(4)), ("left", Times(1)), ("levenshtein", Pairs),
        ("lower", Times(4)), ("lpad", Pad), ("ltrim", Times(1)), ("octet_length", Fixed), ("overlay", Times(2)),
        ("repeat", Repeat), ("replace", Replace), ("reverse", Times(1)), ("right", Times(1)), ("rpad", Pad),
        ("rtrim", Times(1)), ("split_part", Times(1)), ("starts_with", Fixed), ("strpos", Fixed),
        ("substr", Times(1)), ("substr_index", Times(1)), ("substring", Times(1)), ("to_hex", Fixed),
        ("translate", Times(4)), ("upper", Times(4)),
        // Regular expressions.
        ("regexp_count", Regex), ("regexp_instr", Regex), ("regexp_like", Regex), ("regexp_match", Regex),
        ("regexp_replace", RegexReplace),
        // Digests and encodings.
        ("decode", Times(2)), ("digest", Fixed), ("encode", Times(3)), ("md5", Fixed), ("sha224", Fixed),
        ("sha256", Fixed), ("sha384", Fixed), ("sha512", Fixed),
        // Dates and times.
        ("date_bin", Fixed), ("date_part", Fixed), ("date_trunc", Fixed), ("from_unixtime", Fixed),
        ("make_date", Fixed), ("make_time", Fixed), ("to_char", Times(32)), ("to_date", Fixed),
        ("to_local_time", Fixed), ("to_time", Fixed), ("to_timestamp", Fixed), ("to_timestamp_micros", Fixed),
        ("to_timestamp_millis", Fixed), ("to_timestamp_nanos", Fixed), ("to_timestamp_seconds", Fixed),
        ("to_unixtime", Fixed),
        // Numbers.
        ("abs", Fixed), ("acos", Fixed), ("acosh", Fixed), ("asin", Fixed), ("asinh", Fixed), ("atan", Fixed),
        ("atan2", Fixed), ("atanh", Fixed), ("cbrt", Fixed), ("ceil", Fixed), ("cos", Fixed), ("cosh", Fixed),
        ("cot", Fixed), ("degrees", Fixed), ("exp", Fixed), ("factorial", Fixed), ("floor", Fixed), ("gcd", Fixed),
        ("isnan", Fixed), ("iszero", Fixed), ("lcm", Fixed), ("ln", Fixed), ("log", Fixed), ("log10", Fixed),
        ("log2", Fixed), ("nanvl", Fixed), ("pi", Fixed), ("power", Fixed), ("radians", Fixed), ("round", Fixed),
        ("signum", Fixed), ("sin", Fixed), ("sinh", Fixed), ("sqrt", Fixed), ("tan", Fixed), ("tanh", Fixed),
        ("trunc", Fixed),
        // Lists.
        ("array_any_value", Times(2)), ("array_append", Times(2)), ("array_concat", Times(2)),
        ("array_dims", Times(4)), ("array_distinct", Times(4)), ("array_element", Times(2)), ("array_except", Times(4)),
        ("array_has", Fixed), ("array_has_all", Pairs), ("array_has_any", Pairs), ("array_intersect", Times(4)),
        ("array_length", Fixed), ("array_max", Times(2)), ("array_min", Times(2)), ("array_ndims", Fixed),
        ("array_pop_back", Times(2)), ("array_pop_front", Times(2)), ("array_position", Fixed),
        ("array_positions", Times(16)), ("array_prepend", Times(2)), ("array_remove", Times(2)),
        ("array_remove_all", Times(2)), ("array_remove_n", Times(2)), ("array_repeat", Repeat),
        ("array_replace", Times(2)), ("array_replace_all", Join), ("array_replace_n", Join), ("array_resize", Resize),
        ("array_reverse", Times(2)), ("array_slice", Times(2)), ("array_sort", Times(4)), ("array_sum", Fixed),
        ("array_to_string", Join), ("array_union", Times(4)), ("cardinality", Fixed), ("empty", Fixed),
        ("flatten", Times(2)), ("make_array", Times(2)), ("string_to_array", Split),
        // Maps.
        ("map", Times(4)), ("map_entries", Shared), ("map_extract", Times(4)), ("map_keys", Shared),
        ("map_values", Shared),
    ]
};

/// The offered functions under all their names, each guarded.
static BY_NAME: LazyLock<HashMap<String, Arc<ScalarUDF>>> = LazyLock::new(|| {
    let growths: HashMap<&str, Growth> = OFFERED.iter().copied().collect();
    let mut by_name = HashMap::new();
    let known = datafusion_functions::all_default_functions()
        .into_iter()
        .chain(datafusion_functions_nested::all_default_nested_functions());
    for function in known {
        let Some(growth) = growths.get(function.name()) else {
            continue;
        };
        let guarded = Arc::new(ScalarUDF::new_from_impl(Guarded::new(Arc::clone(&function), *growth)));
        for name in std::iter::once(function.name()).chain(function.aliases().iter().map(String::as_str)) {
            by_name.insert(name.to_owned(), Arc::clone(&guarded));
        }
    }
    by_name
});

/// The names of all functions that expressions may call, with their aliases, in alphabetic order.
pub fn function_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = BY_NAME.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Whether a function of this lower-case name may be called.
pub(crate) fn offered(name: &str) -> bool {
    BY_NAME.contains_key(name)
}

/// The guarded function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Arc<ScalarUDF>> {
    BY_NAME.get(name)
}

/// Why the function of this name can't be called.
pub(crate) fn refusal(at: At, name: &str) -> Error {
    let lower = name.to_lowercase();
    let reason = match lower.as_str() {
        "now" | "current_date" | "current_time" | "current_timestamp" | "today" | "localtime" | "localtimestamp" => {
            "is not offered: expressions don't read the clock, and give the same result each time"
        }
        "random" | "rand" | "uuid" => "is not offered: expressions give the same result each time",
        "count" | "sum" | "avg" | "min" | "max" | "median" | "mean" | "array_agg" | "string_agg" | "stddev" | "var"
        | "approx_distinct" | "first_value" | "last_value" | "row_number" | "rank" | "lag" | "lead" | "ntile" => {
            "is not offered: expressions work row by row, without aggregates and windows"
        }
        _ => "is not offered",
    };
    let near = error::nearest(&lower, BY_NAME.keys().map(String::as_str));
    Error::UnknownFunction {
        at,
        name: error::name(name),
        reason: reason.to_owned(),
        near,
    }
}

#[cfg(test)]
mod tests {
    use datafusion_expr::Volatility;

    use super::*;

    #[test]
    fn every_listed_function_exists_and_is_immutable() {
        for (name, _) in OFFERED {
            let function = find(name).unwrap_or_else(|| panic!("DataFusion has no function {name}"));
            assert_eq!(function.signature().volatility, Volatility::Immutable, "{name}");
        }
    }

    #[test]
    fn what_reads_the_outside_is_not_offered() {
        for name in [
            "now",
            "random",
            "uuid",
            "version",
            "current_date",
            "current_time",
            "input_file_name",
        ] {
            assert!(!offered(name), "{name}");
        }
    }
}
