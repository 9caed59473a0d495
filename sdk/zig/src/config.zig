//! Configurations: structs, whose fields become keys.

const std = @import("std");
const c = @import("c.zig");
const memory = @import("memory.zig");

/// Of each key's value as the C SDK reads it: the largest is a list, a pointer and a length.
const slot = 16;

/// What the C SDK is told of a configuration.
pub fn keys(comptime Config: type) []const c.Key {
    comptime {
        const info = @typeInfo(Config).@"struct";
        var list: [info.field_names.len]c.Key = undefined;
        for (info.field_names, info.field_types, info.field_attrs, 0..) |name, T, attributes, position| {
            list[position] = .{
                .name = name.ptr,
                .type = keyType(T, name),
                .offset = position * slot,
                .doc = doc(Config, name),
                .otherwise = if (attributes.defaultValue(T)) |default| json(T, default).ptr else null,
            };
        }
        const kept = list;
        return &kept;
    }
}

/// How large what the C SDK reads is.
pub fn size(comptime Config: type) usize {
    const count: usize = @typeInfo(Config).@"struct".field_names.len;
    return (count + 1) * slot;
}

/// The configuration, of what the C SDK has read.
pub fn read(comptime Config: type, slots: *const anyopaque) Config {
    const info = @typeInfo(Config).@"struct";
    const bytes: [*]align(8) const u8 = @ptrCast(@alignCast(slots));
    var config: Config = undefined;
    inline for (info.field_names, info.field_types, 0..) |name, T, position|
        @field(config, name) = value(T, bytes + position * slot);
    return config;
}

fn keyType(comptime T: type, comptime name: []const u8) c.KeyType {
    return switch (T) {
        []const u8, [:0]const u8 => .text,
        i64 => .integer,
        f64 => .number,
        bool => .flag,
        []const [:0]const u8 => .texts,
        []const i64 => .integers,
        []const f64 => .numbers,
        else => @compileError("the key `" ++ name ++ "` of a configuration is " ++ @typeName(T) ++ "; there are i64, f64, " ++
            "bool, [:0]const u8, and lists: []const i64, []const f64, []const [:0]const u8"),
    };
}

/// From `pub const docs = .{ .key = "what it means" }` in the struct.
fn doc(comptime Config: type, comptime name: []const u8) ?[*:0]const u8 {
    if (!@hasDecl(Config, "docs") or !@hasField(@TypeOf(Config.docs), name)) return null;
    return @field(Config.docs, name);
}

fn List(comptime T: type) type {
    return extern struct { items: [*]const T, count: usize };
}

fn value(comptime T: type, bytes: [*]const u8) T {
    const at: *align(8) const anyopaque = @ptrCast(@alignCast(bytes));
    switch (T) {
        []const u8, [:0]const u8 => return std.mem.span(@as(*const [*:0]const u8, @ptrCast(at)).*),
        []const [:0]const u8 => {
            const list = @as(*const List([*:0]const u8), @ptrCast(at)).*;
            const texts = memory.allocator.alloc([:0]const u8, list.count) catch @panic("out of memory");
            for (texts, list.items) |*to, from| to.* = std.mem.span(from);
            return texts;
        },
        []const i64, []const f64 => {
            const list = @as(*const List(std.meta.Elem(T)), @ptrCast(at)).*;
            return list.items[0..list.count];
        },
        else => return @as(*const T, @ptrCast(at)).*,
    }
}

fn json(comptime T: type, comptime default: T) [:0]const u8 {
    comptime {
        switch (T) {
            []const u8, [:0]const u8 => {
                var text: [:0]const u8 = "\"";
                for (default) |byte| text = text ++ switch (byte) {
                    '"' => "\\\"",
                    '\\' => "\\\\",
                    0...0x1f => std.fmt.comptimePrint("\\u{x:0>4}", .{byte}),
                    else => &[_]u8{byte},
                };
                return text ++ "\"";
            },
            i64, f64 => return std.fmt.comptimePrint("{d}", .{default}),
            bool => return if (default) "true" else "false",
            else => {
                var text: [:0]const u8 = "[";
                for (default, 0..) |item, position|
                    text = text ++ (if (position == 0) "" else ",") ++ json(std.meta.Elem(T), item);
                return text ++ "]";
            },
        }
    }
}
