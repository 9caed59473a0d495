//! Whatever can go wrong.

const std = @import("std");
const tenon = @import("tenon");
const probing = @import("whole.zig").probing;
const Batch = tenon.Batch;

const Fail = struct { kind: [:0]const u8, message: [:0]const u8 };

pub fn fail(batch: Batch, config: Fail) !Batch {
    if (probing(batch)) return batch;
    for (std.enums.values(tenon.Kind)) |kind| {
        if (std.mem.eql(u8, tenon.kindName(kind), config.kind)) return tenon.fail(kind, "{s}", .{config.message});
    }
    return tenon.fail(.bad_config, "`{s}` is no kind of error", .{config.kind});
}

noinline fn inner() void {
    @panic("raised on purpose");
}

noinline fn middle() void {
    inner();
}

noinline fn outer() void {
    middle();
}

pub fn raise(batch: Batch) Batch {
    if (!probing(batch)) outer();
    return batch;
}

pub fn lie(batch: Batch) !Batch {
    if (probing(batch)) return batch;
    return batch.with("unannounced", tenon.Builder(i64).init(batch.rows()).finish());
}

pub fn memory(batch: Batch) !Batch {
    while (!probing(batch)) @memset(try tenon.allocator.alloc(u8, 1 << 20), 1);
    return batch;
}

pub fn spin(batch: Batch) Batch {
    var rows: usize = batch.rows();
    const on: *volatile usize = &rows;
    while (on.* != 0) {}
    return batch;
}
