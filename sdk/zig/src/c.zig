//! The C SDK, as its headers declare it.

pub const Batch = opaque {};

pub const Text = extern struct {
    data: ?[*]const u8,
    length: usize,

    pub fn of(text: []const u8) Text {
        return .{ .data = text.ptr, .length = text.len };
    }

    pub fn slice(text: Text) []const u8 {
        return if (text.length == 0) "" else text.data.?[0..text.length];
    }

    /// A name or a configured text, which a zero terminates.
    pub fn terminated(text: Text) [:0]const u8 {
        return text.data.?[0..text.length :0];
    }
};

pub const TextList = extern struct { items: [*]const [*:0]const u8, count: usize };

pub const Metadata = extern struct { key: Text, value: Text };

pub const Field = extern struct {
    name: Text,
    format: Text,
    dictionary: bool,
    nullable: bool,
    children: u32,
    descendants: u32,
    metadata: ?[*]const Metadata,
    metadata_count: usize,
};

pub const Schema = extern struct {
    columns: [*]const *const Field,
    column_count: usize,
    fields: [*]const Field,
    field_count: usize,
};

pub const Type = enum(c_uint) {
    null,
    bool,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    float16,
    float32,
    float64,
    date,
    date_millis,
    time32,
    time64,
    timestamp,
    duration,
    decimal32,
    decimal64,
    decimal128,
    decimal256,
    months,
    day_millis,
    month_day_nanos,
    text,
    bytes,
    fixed_bytes,
    nested,
};

pub const Node = extern struct { length: u32, nulls: u32 };
pub const Buffer = extern struct { data: ?[*]u8, size: usize };

pub const Column = extern struct {
    field: *const Field,
    nodes: [*]Node,
    node_count: usize,
    buffers: [*]Buffer,
    buffer_count: usize,
};

pub const Strings = extern struct {
    data: ?[*]const u8,
    offsets: ?[*]const i32,
    large_offsets: ?[*]const i64,
    width: usize,
    indices: ?*const anyopaque,
    index_width: usize,
    validity: ?[*]const u8,
    rows: usize,
    field: ?*const Field,
};

pub const Lists = extern struct {
    offsets: ?[*]const i32,
    large_offsets: ?[*]const i64,
    width: usize,
    validity: ?[*]const u8,
    rows: usize,
    field: ?*const Field,
    items: ?*const Column,
};

pub const TextBuilder = extern struct {
    data: ?[*]u8,
    length: usize,
    capacity: usize,
    offsets: [*]i32,
    rows: usize,
    row_capacity: usize,
    valid: ?[*]u8,
    nulls: usize,
};

pub const Named = extern struct { name: [*:0]const u8, column: ?*Column };

pub const ErrorKind = enum(c_uint) { bad_data, bad_config, transient, unsupported, denied, limit, internal };
pub const Level = enum(c_uint) { trace, debug, info, warn, @"error" };
pub const Instant = extern struct { seconds: i64, nanoseconds: u32 };

pub const KeyType = enum(c_uint) { text, integer, number, flag, texts, integers, numbers };

pub const Key = extern struct {
    name: [*:0]const u8,
    type: KeyType,
    offset: usize,
    doc: ?[*:0]const u8,
    otherwise: ?[*:0]const u8,
};

pub const Function = extern struct {
    name: [*:0]const u8,
    keys: [*]const Key,
    key_count: usize,
    config_size: usize,
    transform: ?*const fn (*Batch, *const anyopaque) callconv(.c) ?*Batch = null,
    state_size: usize = 0,
    open: ?*const fn (*anyopaque, *const anyopaque, *const Schema) callconv(.c) void = null,
    output: ?*const fn (*anyopaque, *const Schema) callconv(.c) ?*const Schema = null,
    process: ?*const fn (*anyopaque, *Batch) callconv(.c) ?*Batch = null,
    finish: ?*const fn (*anyopaque) callconv(.c) ?*Batch = null,
    doc: [*:0]const u8,
    /// Names, separated by commas.
    reads: ?[*:0]const u8,
    scalar: bool,
    next: ?*Function = null,
};

pub extern fn tenon_alloc(bytes: usize) *anyopaque;
pub extern fn tenon_format(format: [*:0]const u8, ...) [*:0]const u8;
pub extern fn tenon_fail(kind: ErrorKind, message: [*:0]const u8, ...) void;
pub extern fn tenon_context(doing: [*:0]const u8, ...) void;
pub extern fn tenon_failed() bool;
pub extern fn tenon_failed_kind() ErrorKind;
pub extern fn tenon_failed_message() [*:0]const u8;
pub extern fn tenon_forgive() void;
pub extern fn tenon_kind_name(kind: ErrorKind) [*:0]const u8;
pub extern fn tenon_panic_at(file: ?[*:0]const u8, line: c_int, function: ?[*:0]const u8, message: [*:0]const u8, ...) noreturn;

pub extern fn tenon_find(schema: *const Schema, name: [*:0]const u8) ?*const Field;
pub extern fn tenon_schema_with(schema: *const Schema, name: [*:0]const u8, format: [*:0]const u8) *const Schema;
pub extern fn tenon_schema_empty() *const Schema;
pub extern fn tenon_type_of(field: *const Field) Type;
pub extern fn tenon_type_name(field: *const Field) [*:0]const u8;
pub extern fn tenon_unit_of(field: *const Field) c_uint;
pub extern fn tenon_zone_of(field: *const Field) Text;
pub extern fn tenon_decimal_of(field: *const Field, precision: *c_int, scale: *c_int) void;
pub extern fn tenon_width_of(field: *const Field) usize;

pub extern fn tenon_read(batch: *Batch, name: [*:0]const u8) ?*Column;
pub extern fn tenon_read_at(batch: *Batch, position: usize) ?*Column;
pub extern fn tenon_column_rows(column: *const Column) usize;
pub extern fn tenon_values(column: *const Column, wanted: Type) ?*const anyopaque;
pub extern fn tenon_validity(column: *const Column) ?[*]const u8;
pub extern fn tenon_new_fixed(format: [*:0]const u8, rows: usize, values: *?*anyopaque) *Column;
pub extern fn tenon_set_null(column: *Column, row: usize) void;
pub extern fn tenon_new_bool(rows: usize) *Column;
pub extern fn tenon_set_true(column: *Column, row: usize) void;
pub extern fn tenon_new_null(rows: usize) *Column;
pub extern fn tenon_like(column: *Column, field: *const Field) *Column;

pub extern fn tenon_as_text(column: *const Column) Strings;
pub extern fn tenon_as_bytes(column: *const Column) Strings;
pub extern fn tenon_index_at(view: *const Strings, row: usize) usize;
pub extern fn tenon_build_text(rows: usize) *TextBuilder;
pub extern fn tenon_reserve(builder: *TextBuilder, bytes: usize) void;
pub extern fn tenon_end_row(builder: *TextBuilder) void;
pub extern fn tenon_push_null(builder: *TextBuilder) void;
pub extern fn tenon_text_column(builder: *TextBuilder) *Column;
pub extern fn tenon_bytes_column(builder: *TextBuilder) *Column;
pub extern fn tenon_strings_like(builder: *TextBuilder, field: *const Field) ?*Column;

pub extern fn tenon_child(column: *const Column, position: usize) ?*Column;
pub extern fn tenon_member(column: *const Column, name: [*:0]const u8) ?*Column;
pub extern fn tenon_as_list(column: *const Column) Lists;
pub extern fn tenon_new_list(rows: usize, ends: *?[*]i32, items: *const Column) ?*Column;
pub extern fn tenon_new_struct(members: [*]const Named, count: usize) ?*Column;

pub extern fn tenon_rows(batch: *Batch) usize;
pub extern fn tenon_schema_of(batch: *Batch) *const Schema;
pub extern fn tenon_with_columns(batch: *Batch, columns: [*]const Named, count: usize) ?*Batch;
pub extern fn tenon_batch_of(columns: [*]const Named, count: usize) ?*Batch;
pub extern fn tenon_build(schema: *const Schema, rows: usize, columns: [*]const *Column) ?*Batch;
pub extern fn tenon_build_empty(schema: *const Schema) ?*Batch;
pub extern fn tenon_select(batch: *Batch, names: TextList) ?*Batch;
pub extern fn tenon_slice(batch: *Batch, offset: usize, length: usize) ?*Batch;
pub extern fn tenon_take(batch: *Batch, rows: [*]const u32, count: usize) ?*Batch;
pub extern fn tenon_concat(parts: [*]const *Batch, count: usize) ?*Batch;
pub extern fn tenon_share(batch: *Batch) *Batch;
pub extern fn tenon_keep(batch: *Batch) *Batch;
pub extern fn tenon_release(batch: *Batch) void;
pub extern fn tenon_with_expression(batch: *Batch, name: [*:0]const u8, expression: [*:0]const u8) ?*Batch;
pub extern fn tenon_eval(batch: *Batch, expressions: TextList) ?*Batch;
pub extern fn tenon_filter(batch: *Batch, predicate: [*:0]const u8) ?*Batch;
pub extern fn tenon_quote(name: [*:0]const u8) [*:0]const u8;

pub extern fn tenon_register(function: *Function) void;
pub extern fn tenon_emit(batch: *Batch) void;
pub extern fn tenon_reject(row: usize, reason: [*:0]const u8, ...) void;
pub extern fn tenon_without_rejected(batch: *Batch) ?*Batch;

pub extern fn tenon_log(level: Level, message: [*:0]const u8, ...) void;
pub extern fn tenon_count(metric: [*:0]const u8, amount: f64) void;
pub extern fn tenon_parameter(name: [*:0]const u8) ?[*:0]const u8;
pub extern fn tenon_secret(name: [*:0]const u8) ?[*:0]const u8;
pub extern fn tenon_now() Instant;
pub extern fn tenon_random(bytes: *anyopaque, count: usize) bool;
pub extern fn tenon_state_get(key: [*:0]const u8) Text;
pub extern fn tenon_state_put(key: [*:0]const u8, value: *const anyopaque, size: usize) bool;
pub extern fn tenon_state_delete(key: [*:0]const u8) bool;

pub const Frame = opaque {};
pub const JoinKind = enum(c_uint) { inner, left, right, full, semi, anti };
pub const Written = extern struct { rows: f64, bytes: f64, objects: u32 };
pub const NamedFrame = extern struct { name: [*:0]const u8, frame: *Frame };

pub extern const tenon_job_linked: u8;
pub extern fn tenon_frame_read(source: [*:0]const u8) ?*Frame;
pub extern fn tenon_frame_sql(query: [*:0]const u8, inputs: [*]const NamedFrame, count: usize) ?*Frame;
pub extern fn tenon_frame_schema(frame: *Frame) ?*const Schema;
pub extern fn tenon_frame_filter(frame: *Frame, predicate: [*:0]const u8) ?*Frame;
pub extern fn tenon_frame_select(frame: *Frame, names: TextList) ?*Frame;
pub extern fn tenon_frame_project(frame: *Frame, expressions: TextList) ?*Frame;
pub extern fn tenon_frame_with(frame: *Frame, name: [*:0]const u8, expression: [*:0]const u8) ?*Frame;
pub extern fn tenon_frame_join(frame: *Frame, other: *Frame, on: TextList, kind: JoinKind) ?*Frame;
pub extern fn tenon_frame_union(frame: *Frame, other: *Frame) ?*Frame;
pub extern fn tenon_frame_aggregate(frame: *Frame, group_by: TextList, expressions: TextList) ?*Frame;
pub extern fn tenon_frame_sort(frame: *Frame, by: TextList) ?*Frame;
pub extern fn tenon_frame_limit(frame: *Frame, rows: u32) ?*Frame;
pub extern fn tenon_frame_apply(frame: *Frame, function: [*:0]const u8, config: [*:0]const u8) ?*Frame;
pub extern fn tenon_frame_rejected(frame: *Frame) ?*Frame;
pub extern fn tenon_frame_write(frame: *Frame, sink: [*:0]const u8, written: *Written) bool;
pub extern fn tenon_frame_collect(frame: *Frame, count: *usize) ?[*]const *Batch;
pub extern fn tenon_frame_count(frame: *Frame) f64;
