//! How a script names the function that a frame is passed through.

use std::any::{TypeId, type_name};
use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::function;

/// A function of this crate with `#[tenon::transform]` on it, or a name: `"mask"`, `"plugin:mask"`. `Marker` only keeps the
/// two apart.
pub trait FunctionName<Marker> {
    /// The name by which jobs call it.
    ///
    /// # Errors
    /// `bad-config` for a function without the attribute.
    fn function_name(self) -> Result<Cow<'static, str>>;
}

impl FunctionName<()> for &str {
    fn function_name(self) -> Result<Cow<'static, str>> {
        Ok(self.to_owned().into())
    }
}

impl FunctionName<()> for String {
    fn function_name(self) -> Result<Cow<'static, str>> {
        Ok(self.into())
    }
}

impl<F: Fn(B) -> R + 'static, B, R> FunctionName<fn(B) -> R> for F {
    fn function_name(self) -> Result<Cow<'static, str>> {
        registered::<F>()
    }
}

impl<F: Fn(B, C) -> R + 'static, B, C, R> FunctionName<fn(B, C) -> R> for F {
    fn function_name(self) -> Result<Cow<'static, str>> {
        registered::<F>()
    }
}

fn registered<F: 'static>() -> Result<Cow<'static, str>> {
    let id = TypeId::of::<F>();
    let functions = function::all();
    let Some(function) = functions.iter().find(|function| function.id == id) else {
        let path = type_name::<F>();
        return Err(Error::bad_config(format!(
            "`{path}` can't be applied to a frame: put #[tenon::transform] on it"
        )));
    };
    Ok(function.name.into())
}
