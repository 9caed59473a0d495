//! Tenon transforms in Zig, over the C SDK.
//!
//!     const tenon = @import("tenon");
//!
//!     const Categorise = struct {
//!         late_after: i64 = 15,
//!         pub const docs = .{ .late_after = "Minutes from which a flight counts as late." };
//!     };
//!
//!     fn categorise(batch: tenon.Batch, config: Categorise) !tenon.Batch {
//!         const delay = try batch.column(i64, "arr_delay");
//!         const category = tenon.TextBuilder.init(delay.len());
//!         for (0..delay.len()) |row| {
//!             const minutes = delay.get(row) orelse {
//!                 category.push("cancelled");
//!                 continue;
//!             };
//!             category.push(if (minutes > config.late_after) "late" else "on time");
//!         }
//!         return batch.with("category", category.finish());
//!     }
//!
//!     comptime {
//!         tenon.register(.{
//!             tenon.transform("categorise", categorise, .{ .doc = "Says of each flight whether it was on time." }),
//!         });
//!     }
//!
//! What the SDK gives belongs to the call: columns, batches and texts are freed when the function has answered.

const batch = @import("batch.zig");
const column = @import("column.zig");
const failure = @import("failure.zig");
const function = @import("function.zig");
const host = @import("host.zig");
const jobs = @import("job.zig");
const memory = @import("memory.zig");
const nested = @import("nested.zig");
const text = @import("text.zig");

pub const Batch = batch.Batch;
pub const Named = batch.Named;
pub const Schema = batch.Schema;

pub const Bools = column.Bools;
pub const BoolBuilder = column.BoolBuilder;
pub const Builder = column.Builder;
pub const Field = column.Field;
pub const RawColumn = column.RawColumn;
pub const Type = column.Type;
pub const Values = column.Values;
pub const View = column.View;
pub const columnOf = column.columnOf;
pub const decimal = column.decimal;
pub const fixed_types = column.fixed_types;
pub const like = column.like;
pub const nulls = column.nulls;
pub const typeOf = column.typeOf;
pub const unit = column.unit;
pub const view = column.view;
pub const zone = column.zone;

pub const Date = column.Date;
pub const DateMillis = column.DateMillis;
pub const DayMillis = column.DayMillis;
pub const Decimal32 = column.Decimal32;
pub const Decimal64 = column.Decimal64;
pub const Decimal128 = column.Decimal128;
pub const Decimal256 = column.Decimal256;
pub const Duration = column.Duration;
pub const MonthDayNanos = column.MonthDayNanos;
pub const Months = column.Months;
pub const Time32 = column.Time32;
pub const Time64 = column.Time64;
pub const Timestamp = column.Timestamp;

pub const ListBuilder = nested.ListBuilder;
pub const Lists = nested.Lists;
pub const child = nested.child;
pub const isNull = nested.isNull;
pub const member = nested.member;
pub const setNull = nested.setNull;
pub const structOf = nested.structOf;

pub const Bytes = text.Bytes;
pub const Strings = text.Strings;
pub const TextBuilder = text.Builder;

pub const Error = failure.Error;
pub const Kind = failure.Kind;
pub const context = failure.context;
pub const fail = failure.fail;
pub const failed = failure.failure;
pub const forgive = failure.forgive;
pub const kindName = failure.kindName;
pub const panic = @import("panic.zig");

pub const NoConfig = function.NoConfig;
pub const Options = function.Options;
pub const emit = function.emit;
pub const register = function.register;
pub const reject = function.reject;
pub const stateful = function.stateful;
pub const transform = function.transform;

pub const Instant = host.Instant;
pub const Level = host.Level;
pub const count = host.count;
pub const log = host.log;
pub const logFn = host.logFn;
pub const now = host.now;
pub const parameter = host.parameter;
pub const random = host.random;
pub const secret = host.secret;
pub const state = host.state;

pub const Frame = jobs.Frame;
pub const JoinKind = jobs.JoinKind;
pub const NamedFrame = jobs.NamedFrame;
pub const Written = jobs.Written;
pub const job = jobs.job;

pub const allocator = memory.allocator;
pub const digits = memory.digits;
pub const lasting = memory.lasting;
pub const print = memory.print;

pub const testing = @import("testing.zig");
