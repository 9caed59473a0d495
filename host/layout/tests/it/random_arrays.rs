//! Random types and arrays of them, from a seed.

use std::sync::Arc;

use arrow_array::builder::{BinaryViewBuilder, StringViewBuilder};
use arrow_array::types::{
    ArrowDictionaryKeyType, ArrowPrimitiveType, ByteArrayType, Decimal32Type, Decimal64Type, Decimal128Type,
    Decimal256Type, DecimalType, Int16Type, Int32Type, Int64Type, RunEndIndexType,
};
use arrow_array::*;
use arrow_buffer::{
    ArrowNativeType, BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, RunEndBuffer, ScalarBuffer, i256,
};
use arrow_schema::{DataType, Field, FieldRef, Fields, IntervalUnit, TimeUnit, UnionFields, UnionMode};

/// SplitMix64: small, and the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Every type that has no children.
pub fn leaf_types() -> Vec<DataType> {
    use DataType::*;
    let mut types = vec![
        Null,
        Boolean,
        Int8,
        Int16,
        Int32,
        Int64,
        UInt8,
        UInt16,
        UInt32,
        UInt64,
        Float16,
        Float32,
        Float64,
        Date32,
        Date64,
        Binary,
        LargeBinary,
        BinaryView,
        Utf8,
        LargeUtf8,
        Utf8View,
    ];
    types.extend([
        Decimal32(9, 2),
        Decimal32(1, 0),
        Decimal64(18, -3),
        Decimal128(38, 10),
        Decimal128(5, 5),
    ]);
    types.extend([
        Decimal256(76, 0),
        Decimal256(20, 4),
        FixedSizeBinary(0),
        FixedSizeBinary(3),
        FixedSizeBinary(16),
    ]);
    types.extend([Time32(TimeUnit::Second), Time32(TimeUnit::Millisecond)]);
    types.extend([Time64(TimeUnit::Microsecond), Time64(TimeUnit::Nanosecond)]);
    for unit in [
        TimeUnit::Second,
        TimeUnit::Millisecond,
        TimeUnit::Microsecond,
        TimeUnit::Nanosecond,
    ] {
        types.push(Timestamp(unit, None));
        types.push(Timestamp(unit, Some("Europe/Paris".into())));
        types.push(Timestamp(unit, Some("+02:00".into())));
        types.push(Duration(unit));
    }
    types.extend(
        [
            IntervalUnit::YearMonth,
            IntervalUnit::DayTime,
            IntervalUnit::MonthDayNano,
        ]
        .map(Interval),
    );
    types
}

pub fn random_field(random: &mut Random, name: &str, depth: usize) -> Field {
    let data_type = random_type(random, depth);
    // Arrow doesn't let these be items of lists that are not nullable when their values hold nulls.
    let has_nulls_within = matches!(
        data_type,
        DataType::Null | DataType::Dictionary(..) | DataType::RunEndEncoded(..) | DataType::Union(..)
    );
    let nullable = random.chance(2) || has_nulls_within;
    Field::new(name, data_type, nullable)
}

fn random_type(random: &mut Random, depth: usize) -> DataType {
    if depth == 0 || random.chance(4) {
        return random.pick(&leaf_types()).clone();
    }
    let child = |random: &mut Random, name: &str| -> FieldRef { Arc::new(random_field(random, name, depth - 1)) };
    match random.below(11) {
        0 => DataType::List(child(random, "item")),
        1 => DataType::LargeList(child(random, "item")),
        2 => DataType::ListView(child(random, "item")),
        3 => DataType::LargeListView(child(random, "item")),
        4 => DataType::FixedSizeList(child(random, "item"), random.below(4) as i32),
        5 => {
            let count = random.below(4);
            DataType::Struct((0..count).map(|at| child(random, &format!("member {at}"))).collect())
        }
        6 => {
            let keys = leaf_types()
                .into_iter()
                .filter(|leaf| !leaf.is_null())
                .collect::<Vec<_>>();
            let key = Arc::new(Field::new("key", random.pick(&keys).clone(), false));
            let members = Fields::from(vec![key, child(random, "value")]);
            DataType::Map(
                Arc::new(Field::new("entries", DataType::Struct(members), false)),
                random.chance(2),
            )
        }
        7 | 8 => {
            let mode = *random.pick(&[UnionMode::Sparse, UnionMode::Dense]);
            let ids = random.pick(&[vec![0_i8], vec![0, 1], vec![5, 2, 127]]).clone();
            let children: Vec<FieldRef> = ids.iter().map(|id| child(random, &format!("child {id}"))).collect();
            DataType::Union(UnionFields::try_new(ids.iter().copied(), children).unwrap(), mode)
        }
        9 => {
            let keys = [
                DataType::Int8,
                DataType::UInt8,
                DataType::Int16,
                DataType::UInt32,
                DataType::Int64,
            ];
            let values = random_type(random, depth - 1);
            DataType::Dictionary(Box::new(random.pick(&keys).clone()), Box::new(values))
        }
        _ => {
            let ends = random
                .pick(&[DataType::Int16, DataType::Int32, DataType::Int64])
                .clone();
            DataType::RunEndEncoded(Arc::new(Field::new("run_ends", ends, false)), child(random, "values"))
        }
    }
}

/// An array of a type. Nulls only if allowed; what lies under them is random too.
pub fn random_array(random: &mut Random, data_type: &DataType, nullable: bool, len: usize) -> ArrayRef {
    macro_rules! primitive {
        ($t:ty, $random:ident, $nullable:ident, $len:ident) => {
            Arc::new(primitive::<$t>($random, $nullable, $len).with_data_type(data_type.clone()))
        };
    }
    macro_rules! dictionary {
        ($t:ty, $random:ident, $nullable:ident, $values:ident, $len:ident) => {
            dictionary::<$t>($random, $nullable, $values, $len)
        };
    }
    match data_type {
        DataType::Null => Arc::new(NullArray::new(len)),
        DataType::Boolean => {
            let values = BooleanBuffer::collect_bool(len, |_| random.chance(2));
            Arc::new(BooleanArray::new(values, nulls(random, nullable, len)))
        }
        DataType::Decimal32(p, s) => decimal::<Decimal32Type>(random, nullable, len, *p, *s, |v| v as i32),
        DataType::Decimal64(p, s) => decimal::<Decimal64Type>(random, nullable, len, *p, *s, |v| v),
        DataType::Decimal128(p, s) => decimal::<Decimal128Type>(random, nullable, len, *p, *s, i128::from),
        DataType::Decimal256(p, s) => {
            decimal::<Decimal256Type>(random, nullable, len, *p, *s, |v| i256::from_i128(v.into()))
        }
        DataType::Utf8 => Arc::new(bytes::<types::Utf8Type>(random, nullable, len)),
        DataType::LargeUtf8 => Arc::new(bytes::<types::LargeUtf8Type>(random, nullable, len)),
        DataType::Binary => Arc::new(bytes::<types::BinaryType>(random, nullable, len)),
        DataType::LargeBinary => Arc::new(bytes::<types::LargeBinaryType>(random, nullable, len)),
        DataType::Utf8View => {
            let mut builder = StringViewBuilder::new();
            (0..len).for_each(|_| builder.append_option((!nullable || !random.chance(3)).then(|| text(random))));
            Arc::new(builder.finish())
        }
        DataType::BinaryView => {
            let mut builder = BinaryViewBuilder::new();
            (0..len).for_each(|_| builder.append_option((!nullable || !random.chance(3)).then(|| text(random))));
            Arc::new(builder.finish())
        }
        DataType::FixedSizeBinary(width) => {
            let values: Vec<u8> = (0..len * width.as_usize()).map(|_| random.next() as u8).collect();
            let nulls = nulls(random, nullable, len);
            Arc::new(FixedSizeBinaryArray::try_new_with_len(*width, values.into(), nulls, len).unwrap())
        }
        DataType::List(item) => list::<i32>(random, nullable, item, len),
        DataType::LargeList(item) => list::<i64>(random, nullable, item, len),
        DataType::ListView(item) => list_view::<i32>(random, nullable, item, len),
        DataType::LargeListView(item) => list_view::<i64>(random, nullable, item, len),
        DataType::FixedSizeList(item, size) => {
            let items = child(random, item, len * size.as_usize());
            let nulls = nulls(random, nullable, len);
            let item = Arc::clone(item);
            Arc::new(FixedSizeListArray::try_new_with_length(item, *size, items, nulls, len).unwrap())
        }
        DataType::Map(entries, sorted) => {
            let offsets = offsets::<i32>(random, len);
            let count = offsets.last().unwrap().as_usize() + random.below(3);
            let items = child(random, entries, count);
            let items = cast::AsArray::as_struct(&items).clone();
            let nulls = nulls(random, nullable, len);
            Arc::new(MapArray::try_new(Arc::clone(entries), offsets, items, nulls, *sorted).unwrap())
        }
        DataType::Struct(fields) => {
            let columns = fields.iter().map(|field| child(random, field, len)).collect();
            let nulls = nulls(random, nullable, len);
            Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, len).unwrap())
        }
        DataType::Union(fields, mode) => union(random, fields, *mode, len),
        DataType::Dictionary(keys, values) => downcast_integer! {
            keys.as_ref() => (dictionary, random, nullable, values, len),
            other => unreachable!("{other} as dictionary key")
        },
        DataType::RunEndEncoded(ends, values) => match ends.data_type() {
            DataType::Int16 => runs::<Int16Type>(random, data_type, values, len),
            DataType::Int32 => runs::<Int32Type>(random, data_type, values, len),
            _ => runs::<Int64Type>(random, data_type, values, len),
        },
        _ => downcast_primitive! {
            data_type => (primitive, random, nullable, len),
            other => unreachable!("{other} is handled above")
        },
    }
}

fn child(random: &mut Random, field: &Field, len: usize) -> ArrayRef {
    random_array(random, field.data_type(), field.is_nullable(), len)
}

fn nulls(random: &mut Random, nullable: bool, len: usize) -> Option<NullBuffer> {
    if !nullable {
        return None;
    }
    match random.below(4) {
        0 => None,
        1 => Some(NullBuffer::new_null(len)),
        // Starts in the middle of a byte.
        _ => Some(NullBuffer::new(BooleanBuffer::collect_bool(len + 3, |_| random.chance(2))).slice(3, len)),
    }
}

fn primitive<T: ArrowPrimitiveType>(random: &mut Random, nullable: bool, len: usize) -> PrimitiveArray<T> {
    let width = size_of::<T::Native>();
    let bytes: Vec<u8> = (0..len * width).map(|_| random.next() as u8).collect();
    let values = ScalarBuffer::new(Buffer::from_slice_ref(bytes), 0, len);
    PrimitiveArray::new(values, nulls(random, nullable, len))
}

fn decimal<T: DecimalType + ArrowPrimitiveType>(
    random: &mut Random,
    nullable: bool,
    len: usize,
    precision: u8,
    scale: i8,
    of: impl Fn(i64) -> T::Native,
) -> ArrayRef {
    let bound = 10_i64.pow(u32::from(precision.min(18)));
    let values: ScalarBuffer<T::Native> = (0..len).map(|_| of(random.next() as i64 % bound)).collect();
    let array = PrimitiveArray::<T>::new(values, nulls(random, nullable, len));
    Arc::new(array.with_data_type(T::TYPE_CONSTRUCTOR(precision, scale)))
}

fn text(random: &mut Random) -> String {
    let length = random.below(20);
    (0..length)
        .map(|_| *random.pick(&['a', 'z', ' ', 'é', '語', '\u{1f600}']))
        .collect()
}

fn bytes<T: ByteArrayType>(random: &mut Random, nullable: bool, len: usize) -> GenericByteArray<T> {
    let first = random.below(5);
    let mut data = "x".repeat(first);
    let mut offsets = vec![T::Offset::usize_as(first)];
    for _ in 0..len {
        data.push_str(&text(random));
        offsets.push(T::Offset::usize_as(data.len()));
    }
    data.push_str("more than is used");
    let nulls = nulls(random, nullable, len);
    GenericByteArray::new(OffsetBuffer::new(offsets.into()), data.into_bytes().into(), nulls)
}

fn offsets<O: OffsetSizeTrait>(random: &mut Random, len: usize) -> OffsetBuffer<O> {
    let mut end = random.below(3);
    let mut offsets = vec![O::usize_as(end)];
    for _ in 0..len {
        end += random.below(4);
        offsets.push(O::usize_as(end));
    }
    OffsetBuffer::new(offsets.into())
}

fn list<O: OffsetSizeTrait>(random: &mut Random, nullable: bool, item: &FieldRef, len: usize) -> ArrayRef {
    let offsets = offsets::<O>(random, len);
    let count = offsets.last().unwrap().as_usize() + random.below(3);
    let items = child(random, item, count);
    Arc::new(GenericListArray::<O>::new(
        Arc::clone(item),
        offsets,
        items,
        nulls(random, nullable, len),
    ))
}

fn list_view<O: OffsetSizeTrait>(random: &mut Random, nullable: bool, item: &FieldRef, len: usize) -> ArrayRef {
    let available = len + 3;
    let items = child(random, item, available);
    let (mut offsets, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..len {
        let offset = random.below(available);
        offsets.push(O::usize_as(offset));
        sizes.push(O::usize_as(random.below((available - offset).min(5))));
    }
    let nulls = nulls(random, nullable, len);
    Arc::new(GenericListViewArray::<O>::new(
        Arc::clone(item),
        offsets.into(),
        sizes.into(),
        items,
        nulls,
    ))
}

fn union(random: &mut Random, fields: &UnionFields, mode: UnionMode, len: usize) -> ArrayRef {
    let known: Vec<i8> = fields.iter().map(|(id, _)| id).collect();
    let ids: Vec<i8> = (0..len).map(|_| *random.pick(&known)).collect();
    let length = if mode == UnionMode::Sparse { len } else { len + 1 };
    let children = fields.iter().map(|(_, field)| child(random, field, length)).collect();
    let offsets = (mode == UnionMode::Dense).then(|| (0..len).map(|_| random.below(length) as i32).collect());
    Arc::new(UnionArray::try_new(fields.clone(), ids.into(), offsets, children).unwrap())
}

fn dictionary<K: ArrowDictionaryKeyType>(
    random: &mut Random,
    nullable: bool,
    values: &DataType,
    len: usize,
) -> ArrayRef {
    let count = 1 + random.below(100);
    let values = random_array(random, values, nullable, count);
    let nulls = nulls(random, nullable, len);
    let keys = (0..len).map(|_| K::Native::usize_as(random.below(count))).collect();
    let array = DictionaryArray::new(PrimitiveArray::<K>::new(keys, nulls), values);
    Arc::new(array)
}

fn runs<R: RunEndIndexType>(random: &mut Random, data_type: &DataType, values: &Field, len: usize) -> ArrayRef {
    let (mut ends, mut end) = (Vec::new(), 0);
    while end < len {
        end += 1 + random.below(5);
        ends.push(R::Native::usize_as(end));
    }
    let values = child(random, values, ends.len());
    let ends = RunEndBuffer::new(ends.into(), 0, end);
    // SAFETY: the ends rise from above 0 and there is one value of the right type for each.
    let array = unsafe { RunArray::<R>::new_unchecked(data_type.clone(), ends, values) };
    Arc::new(array.slice(0, len))
}
