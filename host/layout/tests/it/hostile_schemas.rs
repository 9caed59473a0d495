//! Schemas that lie, each with the error that it gets.

use tenon_layout::{Bounds, Encoding, Error, Field, schema_of};

fn field(name: &str, format: &str, children: u32) -> Field {
    Field {
        name: name.to_owned(),
        format: format.to_owned(),
        encoding: Encoding::Plain,
        nullable: false,
        children,
        metadata: Vec::new(),
    }
}

fn nullable(name: &str, format: &str, children: u32) -> Field {
    Field {
        nullable: true,
        ..field(name, format, children)
    }
}

fn dictionary(name: &str, format: &str, children: u32) -> Field {
    Field {
        encoding: Encoding::Dictionary,
        ..field(name, format, children)
    }
}

#[track_caller]
fn refused(fields: &[Field], expected: &str) {
    let error = schema_of(fields, &Bounds::default()).expect_err("this schema lies");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn unknown_formats() {
    let expected = "a format string of the Arrow C data interface, such as `l` or `u`";
    for format in [
        "", "x", "ll", "+", "+x", "vx", "td", "tt", "tsu", "w", "d", "d;1,2", "+u:0", "+ux:0", "é",
    ] {
        refused(
            &[field("a", format, 0)],
            &format!("field `a`: expected {expected}, but got `{format}`"),
        );
    }
    let long = "x".repeat(1_000_000);
    let shown = "x".repeat(64);
    refused(
        &[field("a", &long, 0)],
        &format!("field `a`: expected {expected}, but got `{shown}...`"),
    );
}

#[test]
fn decimals_out_of_range() {
    let shape = "a decimal as `d:precision,scale`, with `,32`, `,64`, `,128` or `,256` for its width in bits";
    for wrong in [
        "",
        "5",
        "5,",
        ",5",
        "a,b",
        "300,1",
        "5,300",
        "5,1,7",
        "5,1,128,1",
        "+5,1",
        "5, 1",
    ] {
        refused(
            &[field("a", &format!("d:{wrong}"), 0)],
            &format!("field `a`: expected {shape}, but got `d:{wrong}`"),
        );
    }
    for (format, width, max, got) in [
        ("d:0,0", "Decimal128", 38, "precision 0, scale 0"),
        ("d:39,0", "Decimal128", 38, "precision 39, scale 0"),
        ("d:10,11", "Decimal128", 38, "precision 10, scale 11"),
        ("d:10,-39", "Decimal128", 38, "precision 10, scale -39"),
        ("d:10,0,32", "Decimal32", 9, "precision 10, scale 0"),
        ("d:19,0,64", "Decimal64", 18, "precision 19, scale 0"),
        ("d:77,0,256", "Decimal256", 76, "precision 77, scale 0"),
    ] {
        let range = format!("a precision of 1 to {max} and a scale of -{max} to its precision");
        refused(
            &[field("a", format, 0)],
            &format!("field `a`: expected a {width} with {range}, but got {got}"),
        );
    }
}

#[test]
fn unknown_time_zones() {
    for zone in ["Mars", "+99:00", "+2", "UTC ", "\u{1b}[31m"] {
        let error = schema_of(&[field("a", &format!("tsu:{zone}"), 0)], &Bounds::default())
            .unwrap_err()
            .to_string();
        let expected = "field `a`: expected a time zone such as `UTC`, `Europe/Paris` or `+02:00`, but got `";
        assert!(error.starts_with(expected) && !error.contains('\u{1b}'), "{error}");
    }
}

#[test]
fn widths_and_union_ids_out_of_range() {
    for width in ["-1", "", "2147483648", "x", "1,2"] {
        let expected = format!("field `a`: expected a width from 0 to 2147483647, but got `{width}`");
        refused(&[field("a", &format!("w:{width}"), 0)], &expected);
        refused(
            &[field("a", &format!("+w:{width}"), 1), field("item", "l", 0)],
            &expected,
        );
    }
    for ids in ["0,0", "-1", "128", "0,", ",", "x"] {
        let expected = format!("field `a`: expected distinct union type ids from 0 to 127, but got `{ids}`");
        refused(
            &[
                field("a", &format!("+us:{ids}"), 2),
                field("b", "l", 0),
                field("c", "l", 0),
            ],
            &expected,
        );
    }
}

#[test]
fn wrong_numbers_of_children() {
    let item = || field("item", "l", 0);
    refused(
        &[field("a", "l", 1), item()],
        "field `a`: expected no children of format `l`, but got 1",
    );
    refused(
        &[field("a", "+l", 0)],
        "field `a`: expected 1 child of a list (its item), but got 0",
    );
    refused(
        &[field("a", "+L", 2), item(), item()],
        "field `a`: expected 1 child of a list (its item), but got 2",
    );
    refused(
        &[field("a", "+w:2", 0)],
        "field `a`: expected 1 child of a list (its item), but got 0",
    );
    refused(
        &[field("a", "+m", 0)],
        "field `a`: expected 1 child of a map (its entries), but got 0",
    );
    refused(
        &[field("a", "+us:0,1", 1), item()],
        "field `a`: expected one child for each of the union's 2 type ids, but got 1",
    );
    refused(
        &[field("a", "+ud:", 1), item()],
        "field `a`: expected one child for each of the union's 0 type ids, but got 1",
    );
    refused(
        &[field("a", "+r", 1), item()],
        "field `a`: expected 2 children of run-end encoding (run ends and values), but got 1",
    );
    refused(
        &[dictionary("a", "i", 0)],
        "field `a`: expected 1 child of a dictionary (its values), but got 0",
    );
    refused(
        &[dictionary("a", "i", 2), item(), item()],
        "field `a`: expected 1 child of a dictionary (its values), but got 2",
    );
}

#[test]
fn children_that_never_come() {
    let lie = "field `a`: expected the 4294967295 children that it declares, but got 1 more fields";
    refused(&[field("a", "+s", u32::MAX), field("b", "l", 0)], lie);
    // The second level takes what the first one counted on.
    let fields = [field("a", "+s", 2), field("b", "+s", 1), field("c", "l", 0)];
    refused(
        &fields,
        "field `a`: expected the 2 children that it declares, but got 1",
    );
    let fields = [field("a", "+s", 1), field("b", "+s", 2), field("c", "l", 0)];
    refused(
        &fields,
        "field `a.b`: expected the 2 children that it declares, but got 1 more fields",
    );
}

#[test]
fn malformed_maps() {
    let entries = |members: u32| field("entries", "+s", members);
    let (key, value) = (|| field("key", "u", 0), || nullable("value", "l", 0));
    refused(
        &[field("a", "+m", 1), key()],
        "field `a`: expected map entries of format `+s`, but got `u`",
    );
    refused(
        &[field("a", "+m", 1), entries(1), key()],
        "field `a`: expected map entries with two members, key and value, but got 1 members",
    );
    refused(
        &[field("a", "+m", 1), nullable("entries", "+s", 2), key(), value()],
        "field `a`: expected map entries that are not nullable, but got nullable ones",
    );
    refused(
        &[field("a", "+m", 1), entries(2), nullable("key", "u", 0), value()],
        "field `a`: expected a map key that is not nullable, but got a nullable one",
    );
}

#[test]
fn malformed_run_ends_and_indices() {
    let values = || nullable("values", "u", 0);
    refused(
        &[field("a", "+r", 2), field("run_ends", "L", 0), values()],
        "field `a`: expected run ends of format `s`, `i` or `l`, but got `L`",
    );
    refused(
        &[field("a", "+r", 2), nullable("run_ends", "i", 0), values()],
        "field `a`: expected run ends that are not nullable, but got nullable ones",
    );
    for format in ["u", "g", "b", "+l", "n"] {
        refused(
            &[dictionary("a", format, 1), values()],
            &format!("field `a`: expected dictionary indices of an integer format, but got `{format}`"),
        );
    }
}

#[test]
fn nesting_without_end() {
    let mut fields: Vec<Field> = (0..9_999).map(|_| field("x", "+l", 1)).collect();
    fields.push(field("x", "l", 0));
    let path = vec!["x"; 65].join(".");
    refused(
        &fields,
        &format!("field `{path}`: a nesting depth of 65 is over the limit of 64"),
    );

    let dictionaries: Vec<Field> = (0..9_999).map(|_| dictionary("x", "i", 1)).collect();
    refused(
        &dictionaries,
        &format!("field `{path}`: a nesting depth of 65 is over the limit of 64"),
    );

    let mut fields: Vec<Field> = (0..63).map(|_| field("x", "+l", 1)).collect();
    fields.push(field("x", "l", 0));
    assert!(schema_of(&fields, &Bounds::default()).is_ok());
}

#[test]
fn names_fields_and_metadata_over_the_bounds() {
    let long = "n".repeat(1_000_000);
    let shown = "n".repeat(64);
    refused(
        &[field(&long, "l", 0)],
        &format!("field `{shown}...`: a name length in bytes of 1000000 is over the limit of 1024"),
    );
    assert!(schema_of(&[field(&"n".repeat(1_024), "l", 0)], &Bounds::default()).is_ok());

    let many = vec![field("a", "l", 0); 16_385];
    refused(
        &many,
        "field ``: a number of fields of 16385 is over the limit of 16384",
    );

    let mut heavy = field("a", "l", 0);
    heavy.metadata.push(("k".to_owned(), "v".repeat(1 << 20)));
    let text = "field `a`: a size in bytes of all metadata up to this field of 1048579 is over the limit of 1048576";
    refused(&[heavy.clone()], text);
    heavy.metadata = vec![(String::new(), String::new()); 2_000_000];
    assert!(matches!(
        schema_of(&[heavy], &Bounds::default()),
        Err(Error::Limit { value: 2_000_001, .. })
    ));

    let mut twice = field("a", "l", 0);
    twice.metadata = vec![("k".to_owned(), "1".to_owned()), ("k".to_owned(), "2".to_owned())];
    refused(
        &[twice],
        "field `a`: expected metadata with distinct keys, but got `k` twice",
    );
}

#[test]
fn control_characters_in_names_are_escaped() {
    refused(
        &[field("\u{1b}[31m\n", "x", 0)],
        "field `\\u{1b}[31m\\n`: expected a format string of the Arrow C data interface, such as `l` or `u`, but got `x`",
    );
}
