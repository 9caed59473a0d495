use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::*;

#[derive(Deserialize, PartialEq, Debug)]
#[serde(rename_all = "lowercase")]
enum Shape {
    Point,
    Circle(f64),
    Rectangle { width: u8, height: u8 },
    Line(i32, i32),
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(tag = "kind")]
enum Tagged {
    A { n: Option<i64> },
}

#[expect(clippy::needless_pass_by_value, reason = "reads better with `json!`")]
fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    T::deserialize(Reader::new(&value)).map_err(|misfit| misfit.to_string())
}

#[test]
fn everything_that_serde_derives_is_read() {
    assert_eq!(
        read::<Vec<Shape>>(
            json!(["point", { "circle": 1 }, { "rectangle": { "width": 1, "height": 2 } }, { "line": [1, -2] }])
        ),
        Ok(vec![
            Shape::Point,
            Shape::Circle(1.0),
            Shape::Rectangle { width: 1, height: 2 },
            Shape::Line(1, -2)
        ])
    );
    assert_eq!(
        read::<Tagged>(json!({ "kind": "A", "n": null })),
        Ok(Tagged::A { n: None })
    );
    assert_eq!(
        read::<BTreeMap<u32, char>>(json!({ "7": "x" })),
        Ok(BTreeMap::from([(7, 'x')]))
    );
    assert_eq!(
        read::<(bool, Option<String>, f32)>(json!([true, "a", 0.5])),
        Ok((true, Some("a".to_owned()), 0.5))
    );
    assert_eq!(read::<Box<[u64]>>(json!([u64::MAX])), Ok(Box::from([u64::MAX])));
}

#[test]
fn misfits_name_their_path() {
    let error = |value| read::<BTreeMap<String, Vec<Shape>>>(value).unwrap_err();
    assert_eq!(
        error(json!({ "a": ["point", { "rectangle": { "width": 300, "height": 1 } }] })),
        "$.a[1].rectangle.width: invalid value: integer `300`, expected u8"
    );
    assert_eq!(
        error(json!({ "a": [{ "circle": null }] })),
        "$.a[0].circle: invalid type: null, expected f64"
    );
    assert_eq!(
        error(json!({ "a": [{ "rectangle": {} }] })),
        "$.a[0].rectangle: missing field `width`"
    );
    assert!(error(json!({ "a": ["square"] })).starts_with("$.a[0]: unknown variant `square`, expected one of"));
    assert_eq!(
        error(json!({ "a": [1] })),
        "$.a[0]: expected a string, or an object with one member"
    );
    assert_eq!(
        error(json!({ "a": [{ "point": 1 }] })),
        "$.a[0].point: this variant holds nothing"
    );
    assert_eq!(error(json!(1.5)), "$: invalid type: number `1.5`, expected a map");
    assert_eq!(
        read::<BTreeMap<u32, u8>>(json!({ "x": 1 })).unwrap_err(),
        "$.x: invalid type: string \"x\", expected u32"
    );
}
