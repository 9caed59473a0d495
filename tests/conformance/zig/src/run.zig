//! Configurations, and what the run offers: log, counters, parameters, secrets, clock, random bytes, state.

const std = @import("std");
const tenon = @import("tenon");
const probing = @import("whole.zig").probing;
const Batch = tenon.Batch;

fn repeated(comptime T: type, value: ?T, rows: usize) !*tenon.RawColumn {
    const values = try tenon.allocator.alloc(?T, rows);
    @memset(values, value);
    return tenon.columnOf(T, values);
}

const Config = struct {
    text: [:0]const u8,
    number: i64,
    ratio: f64,
    flag: bool = true,
    names: []const [:0]const u8 = &.{},

    pub const docs = .{ .text = "A text.", .number = "An integer.", .ratio = "A number.", .flag = "Yes or no.", .names = "Texts." };
};

fn quoted(text: []const u8) []const u8 {
    var result: []const u8 = "\"";
    for (text) |byte| {
        const escape = if (byte == '"' or byte == '\\') "\\" else "";
        result = tenon.print("{s}{s}{c}", .{ result, escape, byte });
    }
    return tenon.print("{s}\"", .{result});
}

pub fn config(batch: Batch, given: Config) !Batch {
    var names: []const u8 = "";
    for (given.names, 0..) |name, position|
        names = tenon.print("{s}{s}{s}", .{ names, if (position == 0) "" else ",", quoted(name) });
    const json = tenon.print("{{\"text\":{s},\"number\":{d},\"ratio\":{s},\"flag\":{},\"names\":[{s}]}}", .{
        quoted(given.text), given.number, tenon.digits(given.ratio), given.flag, names,
    });
    return batch.with("config", try repeated([]const u8, json, batch.rows()));
}

const Host = struct { parameter: [:0]const u8, secret: [:0]const u8 };

fn yearNow() i64 {
    const seconds: u64 = @intCast(tenon.now().seconds);
    const day = std.time.epoch.EpochSeconds{ .secs = seconds };
    return day.getEpochDay().calculateYearDay().year;
}

pub fn host(batch: Batch, names: Host) !Batch {
    const rows = batch.rows();
    var secret: ?[]const u8 = null;
    var bytes: [16]u8 = undefined;
    if (!probing(batch)) {
        inline for (comptime std.enums.values(tenon.Level)) |level| tenon.log(level, "a line of " ++ @tagName(level), .{});
        tenon.count("conformance.rows", @floatFromInt(rows));
        secret = tenon.secret(names.secret) catch secret: {
            const kind = tenon.failed().?.kind;
            tenon.forgive();
            break :secret tenon.kindName(kind);
        };
        try tenon.random(&bytes);
    }
    return batch.withColumns(&.{
        .{ "parameter", try repeated([]const u8, tenon.parameter(names.parameter), rows) },
        .{ "secret", try repeated([]const u8, secret, rows) },
        .{ "year", try repeated(i64, yearNow(), rows) },
        .{ "random", try repeated(i64, bytes.len, rows) },
    });
}

pub const State = struct {
    /// None until the first batch.
    runs: ?i64 = null,

    pub fn open(_: tenon.NoConfig, _: tenon.Schema) State {
        return .{};
    }

    pub fn output(_: *State, input: tenon.Schema) tenon.Schema {
        return input.with("runs", "l");
    }

    pub fn process(state: *State, batch: Batch) !Batch {
        const runs = state.runs orelse try addRun();
        state.runs = runs;
        return batch.with("runs", try repeated(i64, runs, batch.rows()));
    }

    fn addRun() !i64 {
        const kept = try tenon.state.get("runs") orelse "0";
        const runs = 1 + try std.fmt.parseInt(i64, kept, 10);
        try tenon.state.put("runs", tenon.print("{d}", .{runs}));
        return runs;
    }
};

pub const CountRows = struct {
    rows: i64 = 0,

    pub fn open(_: tenon.NoConfig, _: tenon.Schema) CountRows {
        return .{};
    }

    pub fn output(_: *CountRows, _: tenon.Schema) tenon.Schema {
        return tenon.Schema.empty().with("rows", "l");
    }

    pub fn process(count: *CountRows, batch: Batch) void {
        count.rows += @intCast(batch.rows());
    }

    pub fn finish(count: *CountRows) !Batch {
        return Batch.init(&.{.{ "rows", try repeated(i64, count.rows, 1) }});
    }
};
