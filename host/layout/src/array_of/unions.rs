//! Unions, sparse and dense.

use std::sync::Arc;

use arrow_array::{ArrayRef, UnionArray};
use arrow_buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow_schema::{Field, UnionFields, UnionMode};

use super::{Head, Reader, refused};
use crate::error::Error;

impl Reader {
    pub(super) fn union(&mut self, head: &Head<'_>, fields: &UnionFields, mode: UnionMode) -> Result<ArrayRef, Error> {
        if head.nulls > 0 {
            return Err(Error::data(
                "no nulls, as a union has none of its own",
                format!("{}", head.nulls),
            ));
        }
        let ids = self.values::<i8>(head.length)?;
        check_ids(&ids, fields)?;
        let (offsets, children) = match mode {
            UnionMode::Sparse => (None, self.sparse_children(&ids, fields)?),
            UnionMode::Dense => {
                let offsets = self.values::<i32>(head.length)?;
                let children = self.dense_children(fields)?;
                check_offsets(&ids, &offsets, fields, &children)?;
                (Some(offsets), children)
            }
        };
        Ok(Arc::new(
            UnionArray::try_new(fields.clone(), ids, offsets, children).map_err(refused("a union"))?,
        ))
    }

    fn sparse_children(&mut self, ids: &[i8], fields: &UnionFields) -> Result<Vec<ArrayRef>, Error> {
        let mut children = Vec::with_capacity(fields.len());
        for (id, field) in fields.iter() {
            let mask = self.selection(ids, id, field);
            children.push(self.child(field, Some(ids.len()), mask.as_ref())?);
        }
        Ok(children)
    }

    fn dense_children(&mut self, fields: &UnionFields) -> Result<Vec<ArrayRef>, Error> {
        fields.iter().map(|(_, field)| self.child(field, None, None)).collect()
    }

    /// Null where a sparse union selects another child than this one, if that matters to the child.
    fn selection(&self, ids: &[i8], id: i8, field: &Field) -> Option<NullBuffer> {
        let node = self.peek().filter(|node| node.nulls > 0 && !field.is_nullable())?;
        let is_right = node.length as usize == ids.len();
        is_right.then(|| NullBuffer::new(BooleanBuffer::collect_bool(ids.len(), |row| ids[row] == id)))
    }
}

fn check_ids(ids: &ScalarBuffer<i8>, fields: &UnionFields) -> Result<(), Error> {
    let mut is_known = [false; 256];
    for (id, _) in fields.iter() {
        is_known[usize::from(id as u8)] = true;
    }
    match ids.iter().position(|id| !is_known[usize::from(*id as u8)]) {
        None => Ok(()),
        Some(row) => {
            let known: Vec<String> = fields.iter().map(|(id, _)| id.to_string()).collect();
            let expected = format!("one of the union's type ids ({})", known.join(", "));
            Err(Error::data(expected, format!("{} in row {row}", ids[row])))
        }
    }
}

fn check_offsets(ids: &[i8], offsets: &[i32], fields: &UnionFields, children: &[ArrayRef]) -> Result<(), Error> {
    let mut lengths = [0_usize; 256];
    for ((id, _), child) in fields.iter().zip(children) {
        lengths[usize::from(id as u8)] = child.len();
    }
    let is_within = |id: i8, offset: i32| usize::try_from(offset).is_ok_and(|at| at < lengths[usize::from(id as u8)]);
    match ids
        .iter()
        .zip(offsets)
        .position(|(id, offset)| !is_within(*id, *offset))
    {
        None => Ok(()),
        Some(row) => {
            let length = lengths[usize::from(ids[row] as u8)];
            let expected = format!("offsets from 0 to below {length}, the length of child {}", ids[row]);
            Err(Error::data(expected, format!("{} in row {row}", offsets[row])))
        }
    }
}
