//! Whole jobs: one function reads, transforms and writes, while the host plans and runs everything natively.

const std = @import("std");
const c = @import("c.zig");
const failure = @import("failure.zig");
const memory = @import("memory.zig");
const Batch = @import("batch.zig").Batch;
const Schema = @import("batch.zig").Schema;

const Error = failure.Error;

/// Which rows of a join survive.
pub const JoinKind = c.JoinKind;
/// What a sink has taken. It becomes visible when the job has ended well.
pub const Written = c.Written;

/// A frame with the name that a query has for it.
pub const NamedFrame = struct { [:0]const u8, Frame };

/// Makes a component a job: `run`, a `fn () !void`, is called once, by `tenon run`.
///
///     fn run() !void {
///         const orders = try tenon.Frame.read("data/orders.csv");
///         const classified = try orders.apply("classify", "{\"large_from\": 100}");
///         _ = try classified.write("out/classified.csv");
///     }
///
///     comptime {
///         tenon.job(run);
///     }
pub fn job(comptime run: anytype) void {
    const entry = struct {
        fn call() callconv(.c) void {
            // Takes the SDK's part for jobs into the component.
            std.mem.doNotOptimizeAway(&c.tenon_job_linked);
            const fallible: anyerror!void = run();
            fallible catch |failed| failure.note(failed);
        }
    };
    @export(&entry.call, .{ .name = "tenon_job_run" });
}

/// A query that has not run: `write`, `collect` and `count` run it. What is wrong with it is an error of the call that makes
/// it. Belongs to the run.
pub const Frame = struct {
    raw: *c.Frame,

    fn of(raw: ?*c.Frame) Error!Frame {
        return .{ .raw = raw orelse return error.Failed };
    }

    /// A source: a path or URL, the name of a table that the job knows, or, beginning with `{`, the JSON of a source's table
    /// in a job file: {"url": "flights.csv.gz", "csv": {"null": ["NA"]}}.
    pub fn read(source: [:0]const u8) Error!Frame {
        return of(c.tenon_frame_read(source.ptr));
    }

    /// A SQL query over named frames, which are its tables.
    pub fn sql(query: [:0]const u8, inputs: []const NamedFrame) Error!Frame {
        const list = memory.allocator.alloc(c.NamedFrame, inputs.len) catch @panic("out of memory");
        for (list, inputs) |*to, from| to.* = .{ .name = from[0].ptr, .frame = from[1].raw };
        return of(c.tenon_frame_sql(query.ptr, list.ptr, list.len));
    }

    /// The columns that it will have.
    pub fn schema(self: Frame) Error!Schema {
        return .{ .raw = c.tenon_frame_schema(self.raw) orelse return error.Failed };
    }

    /// The rows for which a SQL predicate is true.
    pub fn filter(self: Frame, predicate: [:0]const u8) Error!Frame {
        return of(c.tenon_frame_filter(self.raw, predicate.ptr));
    }

    /// The named columns, in that order.
    pub fn select(self: Frame, names: []const [:0]const u8) Error!Frame {
        return of(c.tenon_frame_select(self.raw, memory.list(names)));
    }

    /// One column per SQL expression: `amount * rate as total`.
    pub fn project(self: Frame, expressions: []const [:0]const u8) Error!Frame {
        return of(c.tenon_frame_project(self.raw, memory.list(expressions)));
    }

    /// This frame with a column added, or replaced where the name is taken: a SQL expression over its columns.
    pub fn with(self: Frame, name: [:0]const u8, expression: [:0]const u8) Error!Frame {
        return of(c.tenon_frame_with(self.raw, name.ptr, expression.ptr));
    }

    /// Rows of both, paired where the columns `on` are equal.
    pub fn join(self: Frame, other: Frame, on: []const [:0]const u8, kind: JoinKind) Error!Frame {
        return of(c.tenon_frame_join(self.raw, other.raw, memory.list(on), kind));
    }

    /// The rows of both, columns matched by name.
    pub fn unite(self: Frame, other: Frame) Error!Frame {
        return of(c.tenon_frame_union(self.raw, other.raw));
    }

    /// One row per group: the group's columns, and one column per SQL expression such as `sum(amount) as total`.
    pub fn aggregate(self: Frame, group_by: []const [:0]const u8, expressions: []const [:0]const u8) Error!Frame {
        return of(c.tenon_frame_aggregate(self.raw, memory.list(group_by), memory.list(expressions)));
    }

    /// Ordered by SQL order expressions: `amount desc`.
    pub fn sort(self: Frame, by: []const [:0]const u8) Error!Frame {
        return of(c.tenon_frame_sort(self.raw, memory.list(by)));
    }

    /// The first rows.
    pub fn limit(self: Frame, rows: u32) Error!Frame {
        return of(c.tenon_frame_limit(self.raw, rows));
    }

    /// Passes the rows through a function of this component, or of another plugin (`plugin:name`). The configuration is JSON.
    pub fn apply(self: Frame, function: [:0]const u8, config: [:0]const u8) Error!Frame {
        return of(c.tenon_frame_apply(self.raw, function.ptr, config.ptr));
    }

    /// The rows that functions rejected on the way to this frame, with the step and the reason.
    pub fn rejected(self: Frame) Error!Frame {
        return of(c.tenon_frame_rejected(self.raw));
    }

    /// Runs the frame into a sink: a path or URL, or the JSON of a sink's table in a job file.
    pub fn write(self: Frame, sink: [:0]const u8) Error!Written {
        var written: Written = undefined;
        return if (c.tenon_frame_write(self.raw, sink.ptr, &written)) written else error.Failed;
    }

    /// Runs the frame and gives its batches to the job.
    pub fn collect(self: Frame) Error![]const Batch {
        var length: usize = 0;
        const batches = c.tenon_frame_collect(self.raw, &length) orelse return error.Failed;
        // A Batch is its handle and nothing else.
        return @as([*]const Batch, @ptrCast(batches))[0..length];
    }

    /// Runs the frame and counts its rows.
    pub fn count(self: Frame) Error!f64 {
        const rows = c.tenon_frame_count(self.raw);
        return if (c.tenon_failed()) error.Failed else rows;
    }
};
