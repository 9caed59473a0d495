//! Batches: handles on rows that stay in the host's memory.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::boundary::Handle;
use crate::column::{AnyColumn, ColumnType, RawColumn, Source, Utf8};
use crate::error::{Error, Result};
use crate::program::{self, Evaluated};
use crate::schema::Schema;
use crate::sql::quote;

/// An immutable batch of rows. The rows stay with the host: only columns that are read, and new ones, cross the boundary.
/// Every operation gives a new batch; a clone is another name for the same one.
///
/// ```
/// use tenon::{Batch, Result, Utf8};
///
/// fn label(batch: Batch) -> Result<Batch> {
///     let delay = batch.column::<i64>("delay")?;
///     let label: Utf8 = delay.iter().map(|minutes| minutes.map(|m| if m > 15 { "late" } else { "on time" })).collect();
///     batch.with_column("label", label)
/// }
///
/// let batch = tenon::batch! { "delay" => [Some(20_i64), None, Some(-1)] };
/// let labels = label(batch)?.strings("label")?;
/// assert_eq!(labels.iter().collect::<Vec<_>>(), [Some("late"), None, Some("on time")]);
/// # Ok::<(), tenon::Error>(())
/// ```
#[derive(Clone)]
pub struct Batch {
    inner: Rc<Inner>,
}

struct Inner {
    handle: Handle,
    schema: OnceCell<Rc<Schema>>,
    rows: OnceCell<u32>,
}

impl Batch {
    /// A batch of these columns, which must all have the same number of rows. Each is nullable.
    ///
    /// # Errors
    /// `bad-data` if the columns' lengths differ; `bad-config` if a column is an unevaluated expression.
    pub fn new<N: Into<String>>(columns: impl IntoIterator<Item = (N, AnyColumn)>) -> Result<Self> {
        let mut fields = Vec::new();
        let mut values = Vec::new();
        for (name, column) in columns {
            let column = column.into_values()?;
            fields.push(column.field.clone().named(name));
            values.push(column);
        }
        let rows = values.first().map_or(0, RawColumn::len);
        Self::build(&Schema { fields }, rows, values)
    }

    /// A batch of this schema. The host checks every column in full.
    ///
    /// # Errors
    /// `bad-data` for a column that is not what the schema says or doesn't have `rows` rows.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "columns are made to be given away, and hold much"
    )]
    pub fn build(schema: &Schema, rows: usize, columns: Vec<RawColumn>) -> Result<Self> {
        if schema.fields.len() != columns.len() {
            let (fields, columns) = (schema.fields.len(), columns.len());
            return Err(Error::bad_data(format!(
                "the schema has {fields} columns, but {columns} were given"
            )));
        }
        for (field, column) in schema.fields.iter().zip(&columns) {
            check_rows(&field.name, column.len(), rows)?;
        }
        let handle = Handle::build(schema, row_count(rows)?, &columns)?;
        Ok(Self::known(handle, Rc::new(schema.clone())))
    }

    /// A batch of this schema without rows.
    ///
    /// # Errors
    /// `bad-data` for a schema that the host refuses.
    pub fn empty(schema: &Schema) -> Result<Self> {
        Self::build(schema, 0, schema.fields.iter().cloned().map(RawColumn::empty).collect())
    }

    /// The rows of all parts, which must share one schema.
    ///
    /// # Errors
    /// `bad-config` without parts or if their schemas differ.
    pub fn concat(parts: &[Batch]) -> Result<Self> {
        let handles: Vec<_> = parts.iter().map(|part| &part.inner.handle).collect();
        Handle::concat(&handles).map(|handle| Self::known(handle, parts[0].shared_schema().clone()))
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        *self.inner.rows.get_or_init(|| self.inner.handle.rows()) as usize
    }

    /// The columns' names and types.
    pub fn schema(&self) -> &Schema {
        self.shared_schema()
    }

    /// Reads one column: only that column crosses.
    ///
    /// The type says how: `i64`, `f64`, ..., `bool`, `str` (or [`Utf8`]), `[u8]` (or [`Binary`](crate::Binary)), `i128` for
    /// decimals, [`Date`](crate::Date), [`Timestamp`](crate::Timestamp), [`List<str>`](crate::List),
    /// [`Struct`](crate::Struct), ...; [`RawColumn`] reads everything.
    ///
    /// # Errors
    /// `bad-config` if there is no such column, or it is of another type: the message says what to call instead.
    pub fn column<T: ColumnType + ?Sized>(&self, name: &str) -> Result<T::Column> {
        T::read(self.raw(name)?)
    }

    /// Reads a column of text, whatever its layout.
    ///
    /// # Errors
    /// As [`Batch::column`].
    pub fn strings(&self, name: &str) -> Result<Utf8> {
        self.column::<str>(name)
    }

    /// Reads a column of any type as it crosses.
    ///
    /// # Errors
    /// `bad-config` if there is no such column.
    pub fn raw(&self, name: &str) -> Result<RawColumn> {
        let position = self.schema().position(name)?;
        let mut parts = self.inner.handle.read(&[position as u32])?;
        let (nodes, buffers) = parts
            .pop()
            .ok_or_else(|| Error::internal(format!("the host didn't answer with column `{name}`")))?;
        Ok(RawColumn {
            field: self.schema().fields[position].clone(),
            nodes,
            buffers,
        })
    }

    /// Reads every column as it crosses, in order.
    ///
    /// # Errors
    /// `limit` if they don't fit into the sandbox.
    pub fn raw_columns(&self) -> Result<Vec<RawColumn>> {
        let fields = &self.schema().fields;
        let positions: Vec<_> = (0..fields.len() as u32).collect();
        let parts = self.inner.handle.read(&positions)?;
        let columns = fields.iter().cloned().zip(parts);
        Ok(columns
            .map(|(field, (nodes, buffers))| RawColumn { field, nodes, buffers })
            .collect())
    }

    /// This batch with a column added, or replaced where the name is taken. The others don't move.
    ///
    /// # Errors
    /// `bad-data` if the column has another number of rows.
    pub fn with_column(&self, name: &str, column: impl Into<AnyColumn>) -> Result<Self> {
        self.with_all(vec![(name.to_owned(), column.into())])
    }

    /// This batch with columns added, or replaced where a name is taken. The others don't move.
    ///
    /// # Errors
    /// As [`Batch::with_column`].
    pub fn with_columns<N: Into<String>>(&self, columns: impl IntoIterator<Item = (N, AnyColumn)>) -> Result<Self> {
        self.with_all(
            columns
                .into_iter()
                .map(|(name, column)| (name.into(), column))
                .collect(),
        )
    }

    fn with_all(&self, columns: Vec<(String, AnyColumn)>) -> Result<Self> {
        let mut fields = Vec::new();
        let mut values = Vec::new();
        let mut expressions = Vec::new();
        let mut adder = None;
        for (name, column) in columns {
            match column.0 {
                Source::Expression(evaluated) if evaluated.is_of(self) => {
                    expressions.push((name, evaluated.text().to_owned()));
                    adder = Some(evaluated);
                    continue;
                }
                Source::Expression(evaluated) => values.push(evaluated.raw()?),
                Source::Values(column) => values.push(column),
            }
            let column = &values[values.len() - 1];
            check_rows(&name, column.len(), self.rows())?;
            fields.push(column.field.clone().named(name));
        }
        let base = adder.map_or_else(|| Ok(self.clone()), |adder| adder.add(self, &expressions))?;
        if values.is_empty() {
            return Ok(base);
        }
        let handle = base.inner.handle.with_columns(&fields, &values)?;
        Ok(Self::known(handle, Rc::new(base.schema().with(fields))))
    }

    /// The named columns, in that order. Nothing is copied.
    ///
    /// # Errors
    /// `bad-config` for a name that is not there.
    pub fn select<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> Result<Self> {
        let schema = self.schema().select(names)?;
        let names: Vec<_> = schema.names().collect();
        let handle = self.inner.handle.select(&names)?;
        Ok(Self::known(handle, Rc::new(schema)))
    }

    /// All but the named columns. Nothing is copied.
    ///
    /// # Errors
    /// `bad-config` for a name that is not there.
    pub fn drop<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> Result<Self> {
        let dropped = self.schema().select(names)?;
        self.select(self.schema().names().filter(|name| !dropped.contains(name)))
    }

    /// This batch with one column under another name. Nothing is copied.
    ///
    /// # Errors
    /// `bad-config` if there is no such column, or the new name is taken.
    pub fn rename(&self, from: &str, to: &str) -> Result<Self> {
        let position = self.schema().position(from)?;
        if from != to && self.schema().contains(to) {
            return Err(Error::bad_config(format!(
                "can't rename column `{from}` to `{to}`: there is one of that name"
            )));
        }
        let mut schema = self.schema().clone();
        to.clone_into(&mut schema.fields[position].name);
        let names: Vec<_> = schema.names().collect();
        let handle = self.inner.handle.rename(self.schema(), &names)?;
        Ok(Self::known(handle, Rc::new(schema)))
    }

    /// Rows `offset` to `offset + length`. Nothing is copied.
    ///
    /// # Errors
    /// `bad-config` for rows past the end.
    pub fn slice(&self, offset: usize, length: usize) -> Result<Self> {
        let handle = self.inner.handle.slice(row_count(offset)?, row_count(length)?)?;
        Ok(self.same_schema(handle))
    }

    /// The rows at these positions, in this order; a position may repeat.
    ///
    /// # Errors
    /// `bad-config` for a position past the end.
    pub fn take(&self, rows: &[u32]) -> Result<Self> {
        Ok(self.same_schema(self.inner.handle.take(rows)?))
    }

    /// The rows that were not [rejected](crate::reject) since this call of the function began. For a batch that still has
    /// the rows of the function's input, in their order: call it before [`Batch::filter`].
    ///
    /// # Errors
    /// `bad-config` for a batch with another number of rows than the function's input; `limit` if the rows don't fit.
    pub fn without_rejected(&self) -> Result<Self> {
        match crate::reject::kept(self)? {
            Some(kept) => self.take(&kept),
            None => Ok(self.clone()),
        }
    }

    /// A SQL expression over the columns, to be computed by the host. Given to [`Batch::with_column`] of this batch, the
    /// result never enters the sandbox.
    ///
    /// ```
    /// # #[cfg(feature = "kernels")] {
    /// use tenon::batch;
    ///
    /// let orders = batch! { "amount" => [2.0, 3.0], "rate" => [10.0, 10.0] };
    /// let total = orders.eval("amount * rate")?;
    /// let orders = orders.with_column("total", total)?;
    /// assert_eq!(orders.column::<f64>("total")?.values(), [20.0, 30.0]);
    /// # }
    /// # Ok::<(), tenon::Error>(())
    /// ```
    ///
    /// # Errors
    /// `bad-config` for an expression that doesn't compile; the message has the position in it.
    pub fn eval(&self, expression: &str) -> Result<Evaluated> {
        Evaluated::new(self, expression)
    }

    /// This batch with a column computed by the host: `batch.with_column(name, batch.eval(expression)?)`.
    ///
    /// # Errors
    /// As [`Batch::eval`].
    pub fn with_expr(&self, name: &str, expression: &str) -> Result<Self> {
        self.with_expressions(&[(name.to_owned(), expression.to_owned())])
    }

    /// One column per SQL expression: `["carrier", "amount * rate as total"]`.
    ///
    /// # Errors
    /// As [`Batch::eval`].
    pub fn project<S: AsRef<str>>(&self, expressions: &[S]) -> Result<Self> {
        let expressions: Vec<_> = expressions.iter().map(AsRef::as_ref).collect();
        program::compiled(self.shared_schema(), &expressions)?.project(&self.inner.handle)
    }

    /// The rows for which a boolean SQL expression is true.
    ///
    /// # Errors
    /// As [`Batch::eval`]; also for an expression that isn't boolean.
    pub fn filter(&self, predicate: &str) -> Result<Self> {
        let program = program::compiled(self.shared_schema(), &[predicate])?;
        Ok(self.same_schema(program.filter(&self.inner.handle)?))
    }

    pub(crate) fn with_expressions(&self, columns: &[(String, String)]) -> Result<Self> {
        let computed = |name: &str| columns.iter().rfind(|(column, _)| column == name);
        let named = |(name, expression): &(String, String)| format!("{expression} as {}", quote(name));
        let kept = self
            .schema()
            .names()
            .map(|name| computed(name).map_or_else(|| quote(name), named));
        let added = columns
            .iter()
            .filter(|(name, _)| !self.schema().contains(name))
            .map(named);
        self.project(&kept.chain(added).collect::<Vec<_>>())
    }

    /// A batch that the host has.
    pub(crate) fn from_handle(handle: Handle) -> Self {
        Self {
            inner: Rc::new(Inner {
                handle,
                schema: OnceCell::new(),
                rows: OnceCell::new(),
            }),
        }
    }

    /// A batch whose schema is known.
    pub(crate) fn known(handle: Handle, schema: Rc<Schema>) -> Self {
        Self {
            inner: Rc::new(Inner {
                handle,
                schema: schema.into(),
                rows: OnceCell::new(),
            }),
        }
    }

    /// The handle itself, or another on the same rows where this batch has other names.
    pub(crate) fn into_handle(self) -> Handle {
        Rc::try_unwrap(self.inner).map_or_else(|inner| inner.handle.share(), |inner| inner.handle)
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }

    pub(crate) fn shared_schema(&self) -> &Rc<Schema> {
        self.inner.schema.get_or_init(|| Rc::new(self.inner.handle.schema()))
    }

    fn same_schema(&self, handle: Handle) -> Self {
        Self::known(handle, self.shared_schema().clone())
    }
}

impl AnyColumn {
    /// The column itself, computed by the host first where it is an expression.
    pub(crate) fn into_values(self) -> Result<RawColumn> {
        match self.0 {
            Source::Values(column) => Ok(column),
            Source::Expression(evaluated) => evaluated.raw(),
        }
    }
}

fn check_rows(name: &str, found: usize, expected: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::bad_data(format!(
        "column `{name}` has {found} rows, but the batch has {expected}"
    )))
}

fn row_count(rows: usize) -> Result<u32> {
    u32::try_from(rows).map_err(|_| Error::bad_data(format!("{rows} rows are more than a batch may have")))
}
