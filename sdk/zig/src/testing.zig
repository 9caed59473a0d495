//! Tests of functions, outside a sandbox: a stand-in for the host holds the rows. What the host computes (`Batch.eval`,
//! `Batch.filter`) has to be given with `answer`.

const std = @import("std");
const c = @import("c.zig");
const failure = @import("failure.zig");
const host = @import("host.zig");
const Batch = @import("batch.zig").Batch;
const Schema = @import("batch.zig").Schema;

const Error = failure.Error;

/// A row that was refused.
pub const Rejected = extern struct {
    row: usize,
    terminated: [*:0]const u8,

    /// Why.
    pub fn reason(self: Rejected) []const u8 {
        return std.mem.span(self.terminated);
    }
};

/// What came of a call.
pub const Output = struct {
    batches: []const Batch,
    /// In the order in which they were refused.
    rejected: []const Rejected,
};

const Raw = extern struct {
    batches: [*]const Batch,
    batch_count: usize,
    rejected: [*]const Rejected,
    rejected_count: usize,
};

extern fn tenon_test_run(function: [*:0]const u8, config: [*:0]const u8, batch: *c.Batch) ?*Raw;
extern fn tenon_test_open(function: [*:0]const u8, config: [*:0]const u8, like: *c.Batch) ?*const c.Schema;
extern fn tenon_test_process(batch: *c.Batch) ?*Raw;
extern fn tenon_test_finish() ?*Raw;
extern fn tenon_test_config_schema(function: [*:0]const u8) ?[*:0]const u8;
extern fn tenon_test_set_parameter(name: [*:0]const u8, value: [*:0]const u8) void;
extern fn tenon_test_set_secret(name: [*:0]const u8, value: [*:0]const u8) void;
extern fn tenon_test_set_now(now: c.Instant) void;
extern fn tenon_test_logged(message: [*:0]const u8) bool;
extern fn tenon_test_counter(metric: [*:0]const u8) f64;
extern fn tenon_test_answer(batch: *c.Batch) void;
extern fn tenon_test_source(place: [*:0]const u8, batch: *c.Batch) void;
extern fn tenon_test_job() bool;
extern fn tenon_test_written(place: [*:0]const u8) ?*c.Batch;
extern fn tenon_test_reset() void;

fn output(raw: ?*Raw) Error!Output {
    const there = raw orelse return error.Failed;
    return .{
        .batches = there.batches[0..there.batch_count],
        .rejected = there.rejected[0..there.rejected_count],
    };
}

/// Opens a function, gives it one batch and finishes it. On an error `tenon.failed` says why.
pub fn run(function: [:0]const u8, config: [:0]const u8, batch: Batch) Error!Output {
    return output(tenon_test_run(function.ptr, config.ptr, batch.raw));
}

/// Binds a function to its configuration and the columns of a batch; the columns of its output.
pub fn open(function: [:0]const u8, config: [:0]const u8, like: Batch) Error!Schema {
    return .{ .raw = tenon_test_open(function.ptr, config.ptr, like.raw) orelse return error.Failed };
}

/// Gives the function that is open one batch.
pub fn process(batch: Batch) Error!Output {
    return output(tenon_test_process(batch.raw));
}

/// Ends the function that is open.
pub fn finish() Error!Output {
    return output(tenon_test_finish());
}

/// The JSON Schema of a function's configuration, if there is such a function.
pub fn configSchema(function: [:0]const u8) ?[:0]const u8 {
    return std.mem.span(tenon_test_config_schema(function.ptr) orelse return null);
}

/// Sets a job parameter.
pub fn setParameter(name: [:0]const u8, value: [:0]const u8) void {
    tenon_test_set_parameter(name.ptr, value.ptr);
}

/// Grants a secret.
pub fn setSecret(name: [:0]const u8, value: [:0]const u8) void {
    tenon_test_set_secret(name.ptr, value.ptr);
}

/// Sets the run's clock, which otherwise stands at the Unix epoch.
pub fn setNow(now: host.Instant) void {
    tenon_test_set_now(now);
}

/// Whether this was logged.
pub fn logged(message: [:0]const u8) bool {
    return tenon_test_logged(message.ptr);
}

/// The sum of what was counted under this name.
pub fn counter(metric: [:0]const u8) f64 {
    return tenon_test_counter(metric.ptr);
}

/// Gives the result of the next `eval` or `filter`; given again, of the one after it.
pub fn answer(batch: Batch) void {
    tenon_test_answer(batch.raw);
}

/// Gives the job a source, by the place from which it reads it.
pub fn source(place: [:0]const u8, batch: Batch) void {
    tenon_test_source(place.ptr, batch.raw);
}

/// Runs the job. Queries, joins and the like are the host's: `answer` gives the result of each.
pub fn job() Error!void {
    if (!tenon_test_job()) return error.Failed;
}

/// What the job wrote to a place, if something.
pub fn written(place: [:0]const u8) ?Batch {
    return .{ .raw = tenon_test_written(place.ptr) orelse return null };
}

/// Forgets all that was set, logged, counted, kept and failed: the first line of a test.
pub fn reset() void {
    tenon_test_reset();
}
