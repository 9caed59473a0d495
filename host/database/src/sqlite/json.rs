//! Nested values as JSON.

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// Appends a value.
pub(super) fn write(array: &dyn Array, row: usize, text: &mut String) -> Result<(), String> {
    if array.is_null(row) {
        text.push_str("null");
        return Ok(());
    }
    match array.data_type() {
        DataType::List(_) => write_list(array.as_list::<i32>().value(row).as_ref(), text),
        DataType::LargeList(_) => write_list(array.as_list::<i64>().value(row).as_ref(), text),
        DataType::ListView(_) => write_list(array.as_list_view::<i32>().value(row).as_ref(), text),
        DataType::LargeListView(_) => write_list(array.as_list_view::<i64>().value(row).as_ref(), text),
        DataType::FixedSizeList(..) => write_list(array.as_fixed_size_list().value(row).as_ref(), text),
        DataType::Struct(_) => {
            let fields = array.as_struct();
            let members = fields.column_names().into_iter().zip(fields.columns());
            write_members(
                members.map(|(name, column)| (name.to_owned(), column.as_ref(), row)),
                text,
            )
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let options = FormatOptions::default();
            let names = ArrayFormatter::try_new(keys, &options).map_err(|error| error.to_string())?;
            let members = (0..entries.len()).map(|entry| (names.value(entry).to_string(), values.as_ref(), entry));
            write_members(members, text)
        }
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            write(dictionary.values().as_ref(), dictionary.normalized_keys()[row], text)
        }
        _ => write_scalar(array, row, text),
    }
}

fn write_list(items: &dyn Array, text: &mut String) -> Result<(), String> {
    text.push('[');
    for item in 0..items.len() {
        if item > 0 {
            text.push(',');
        }
        write(items, item, text)?;
    }
    text.push(']');
    Ok(())
}

fn write_members<'a>(
    members: impl Iterator<Item = (String, &'a dyn Array, usize)>,
    text: &mut String,
) -> Result<(), String> {
    text.push('{');
    for (index, (name, values, row)) in members.enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_text(&name, text);
        text.push(':');
        write(values, row, text)?;
    }
    text.push('}');
    Ok(())
}

fn write_scalar(array: &dyn Array, row: usize, text: &mut String) -> Result<(), String> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &options).map_err(|error| error.to_string())?;
    let shown = formatter.value(row).to_string();
    let data_type = array.data_type();
    // JSON has no infinite numbers and no NaN.
    let is_number = data_type.is_numeric()
        && shown
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if is_number || *data_type == DataType::Boolean {
        text.push_str(&shown);
    } else {
        write_text(&shown, text);
    }
    Ok(())
}

fn write_text(value: &str, text: &mut String) {
    text.push_str(&serde_json::Value::from(value).to_string());
}
