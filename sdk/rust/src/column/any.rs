//! Whatever can become a column of a batch.

use super::{Binary, Booleans, Column, NullColumn, Primitive, RawColumn, Struct, Utf8};
use crate::program::{Deferred, Evaluated};

/// A column of any type, or an expression that the host is to compute into one.
pub struct AnyColumn(pub(crate) Source);

pub(crate) enum Source {
    Values(RawColumn),
    Expression(Box<dyn Deferred>),
}

impl From<RawColumn> for AnyColumn {
    fn from(column: RawColumn) -> Self {
        Self(Source::Values(column))
    }
}

impl From<Evaluated> for AnyColumn {
    fn from(evaluated: Evaluated) -> Self {
        Self(Source::Expression(Box::new(evaluated)))
    }
}

impl<T: Primitive> From<Column<T>> for AnyColumn {
    fn from(column: Column<T>) -> Self {
        RawColumn::from(column).into()
    }
}

impl<T: Primitive> From<Vec<T>> for AnyColumn {
    fn from(values: Vec<T>) -> Self {
        Column::new(values).into()
    }
}

impl<T: Primitive> From<Vec<Option<T>>> for AnyColumn {
    fn from(values: Vec<Option<T>>) -> Self {
        values.into_iter().collect::<Column<T>>().into()
    }
}

impl<T, const N: usize> From<[T; N]> for AnyColumn
where
    Self: From<Vec<T>>,
{
    fn from(values: [T; N]) -> Self {
        Vec::from(values).into()
    }
}

macro_rules! any_from {
    ($($column:ty: $($value:ty),*;)+) => {$(
        impl From<$column> for AnyColumn {
            fn from(column: $column) -> Self {
                RawColumn::from(column).into()
            }
        }

        $(
            impl From<Vec<$value>> for AnyColumn {
                fn from(values: Vec<$value>) -> Self {
                    values.into_iter().collect::<$column>().into()
                }
            }

            impl From<Vec<Option<$value>>> for AnyColumn {
                fn from(values: Vec<Option<$value>>) -> Self {
                    values.into_iter().collect::<$column>().into()
                }
            }
        )*
    )+};
}

any_from! {
    Booleans: bool;
    Utf8: &str, String;
    Binary: ;
    NullColumn: ;
    Struct: ;
}
