//! The functions of a component.

const std = @import("std");
const c = @import("c.zig");
const config_of = @import("config.zig");
const failure = @import("failure.zig");
const memory = @import("memory.zig");
const Batch = @import("batch.zig").Batch;
const Schema = @import("batch.zig").Schema;

/// What a job is told of a function.
pub const Options = struct {
    /// What it does, in Markdown; the first line is its summary.
    doc: [:0]const u8 = "",
    /// Columns that it reads, where it knows them; none means all.
    reads: []const [:0]const u8 = &.{},
    /// One value per row, usable in SQL: answers with a batch of one column.
    scalar: bool = false,
};

/// The configuration of a function that takes none.
pub const NoConfig = struct {};

/// A function of a batch, and of its configuration if it takes one: `fn (Batch) !Batch`, `fn (Batch, Config) !?Batch`. Its
/// output's columns are those that it makes of a batch without rows.
pub fn transform(comptime name: [:0]const u8, comptime function: anytype, comptime options: Options) c.Function {
    const parameters = @typeInfo(@TypeOf(function)).@"fn".param_types;
    const Config = if (parameters.len == 2) parameters[1].? else NoConfig;
    const calls = struct {
        fn call(batch: *c.Batch, config: *const anyopaque) callconv(.c) ?*c.Batch {
            const given: Batch = .{ .raw = batch };
            return answer(if (parameters.len == 2)
                function(given, config_of.read(Config, config))
            else
                function(given));
        }
    };
    var described = describe(name, Config, options);
    described.transform = calls.call;
    return described;
}

/// A function that keeps something between the batches of a partition. `State` has
///
///     pub const Config = struct { .. };                                   if it takes one
///     pub fn open(config: Config, input: Schema) !State
///     pub fn output(state: *State, input: Schema) !Schema                 the columns of its output; the input's without
///     pub fn process(state: *State, batch: Batch) !?Batch
///     pub fn finish(state: *State) !?Batch                                after the last batch, if it wants to be told
pub fn stateful(comptime name: [:0]const u8, comptime State: type, comptime options: Options) c.Function {
    const Config = if (@hasDecl(State, "Config")) State.Config else NoConfig;
    const calls = struct {
        fn open(state: *anyopaque, config: *const anyopaque, input: *const c.Schema) callconv(.c) void {
            at(state).* = unwrap(State, State.open(config_of.read(Config, config), .{ .raw = input })) orelse return;
        }

        fn output(state: *anyopaque, input: *const c.Schema) callconv(.c) ?*const c.Schema {
            if (!@hasDecl(State, "output")) return input;
            const schema = unwrap(Schema, at(state).output(.{ .raw = input })) orelse return null;
            return schema.raw;
        }

        fn process(state: *anyopaque, batch: *c.Batch) callconv(.c) ?*c.Batch {
            return answer(at(state).process(.{ .raw = batch }));
        }

        fn finish(state: *anyopaque) callconv(.c) ?*c.Batch {
            return if (@hasDecl(State, "finish")) answer(at(state).finish()) else null;
        }

        fn at(state: *anyopaque) *State {
            return @ptrCast(@alignCast(state));
        }
    };
    var described = describe(name, Config, options);
    described.state_size = @sizeOf(State);
    described.open = calls.open;
    described.output = calls.output;
    described.process = calls.process;
    described.finish = calls.finish;
    return described;
}

fn describe(comptime name: [:0]const u8, comptime Config: type, comptime options: Options) c.Function {
    const keys = config_of.keys(Config);
    return .{
        .name = name.ptr,
        .keys = keys.ptr,
        .key_count = keys.len,
        .config_size = config_of.size(Config),
        .doc = options.doc.ptr,
        .reads = comptime joined(options.reads),
        .scalar = options.scalar,
    };
}

/// Names as the C SDK takes them.
fn joined(comptime names: []const [:0]const u8) ?[*:0]const u8 {
    if (names.len == 0) return null;
    var list: [:0]const u8 = names[0];
    for (names, 0..) |name, position| {
        if (std.mem.findScalar(u8, name, ',') != null) @compileError("`reads` can't name a column with a comma");
        if (position != 0) list = list ++ "," ++ name;
    }
    return list.ptr;
}

/// The value, or null where there was an error, which is kept.
fn unwrap(comptime T: type, result: anytype) ?T {
    if (@typeInfo(@TypeOf(result)) != .error_union) return result;
    return result catch |failed| {
        failure.note(failed);
        return null;
    };
}

/// What a function answers with, `Batch`, `?Batch` or nothing, or an error instead of these, as the C SDK has it.
fn answer(result: anytype) ?*c.Batch {
    const info = @typeInfo(@TypeOf(result));
    const T = if (info == .error_union) info.error_union.payload else @TypeOf(result);
    const there = unwrap(T, result) orelse return null;
    return switch (T) {
        Batch => there.raw,
        ?Batch => if (there) |batch| batch.raw else null,
        void => null,
        else => @compileError("a function answers with a Batch, a ?Batch or nothing, not with " ++ @typeName(T)),
    };
}

/// Makes these the functions of the component: `comptime { tenon.register(.{ tenon.transform("mask", mask, .{}) }); }`
pub fn register(comptime functions: anytype) void {
    const registry = struct {
        var all: [functions.len]c.Function = functions;

        fn registerAll() callconv(.c) void {
            for (&all) |*function| c.tenon_register(function);
        }
    };
    @export(&registry.registerAll, .{ .name = "tenon_register_all" });
}

/// Answers with one batch more, before the one that the function returns.
pub fn emit(batch: Batch) void {
    c.tenon_emit(batch.raw);
}

/// Refuses a row of the batch that was given to the function: it goes to the job's reject sink with this reason. The
/// function leaves the row out of its output, for example with `Batch.withoutRejected`. A row is refused once.
pub fn reject(row: usize, comptime reason: []const u8, arguments: anytype) void {
    c.tenon_reject(row, "%s", memory.print(reason, arguments).ptr);
}
