use super::*;

#[test]
fn texts_mean_what_serde_json_says() {
    let texts = [
        "null",
        " true ",
        "false",
        "0",
        "-0",
        "12",
        "-12",
        "18446744073709551615",
        "-9223372036854775808",
        "1.5",
        "-0.25",
        "1e3",
        "1E-2",
        "2.5e+10",
        "123456789012345678901234567890",
        "0.000001",
        "1e-400",
        "1.5e22",
        r#""""#,
        r#""a\"b\\c\/d\n\t\r\b\f""#,
        r#""\u00fc\ud83d\ude00 ü""#,
        "[]",
        "[1, [2, []], {}]",
        "{}",
        r#"{ "a": { "b": [null, "x"] }, "": 1, "a": 2 }"#,
        "[\n1,\t2\r\n]",
    ];
    for text in texts {
        assert_eq!(
            parse(text).unwrap(),
            serde_json::from_str::<Value>(text).unwrap(),
            "{text}"
        );
    }
}

#[test]
fn large_and_small_numbers_are_close() {
    for (text, number) in [("1.7e308", 1.7e308), ("2.5e-300", 2.5e-300), ("3e-307", 3e-307)] {
        let parsed = parse(text).unwrap().as_f64().unwrap();
        assert!((parsed / number - 1.0).abs() < 1e-14, "{text}: {parsed:e}");
    }
}

#[test]
fn what_serde_json_refuses_is_refused() {
    let texts = [
        "",
        " ",
        "nul",
        "tru",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "1e999",
        "[1",
        "[1,]",
        "[1 2]",
        "{",
        "{}}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\n\"",
        "1 1",
        "\u{feff}1",
        "\"\\u+123\"",
    ];
    for text in texts {
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        assert!(parse(text).is_err(), "{text}");
    }
    let deep = "[".repeat(65) + &"]".repeat(65);
    assert_eq!(parse(&deep).unwrap_err(), "expected less nesting at line 1, column 65");
    assert!(parse(&deep[1..129]).is_ok());
    assert_eq!(
        parse("{\n  \"a\": 1\n  \"b\": 2\n}").unwrap_err(),
        "expected `,` or `}` at line 3, column 3"
    );
}
