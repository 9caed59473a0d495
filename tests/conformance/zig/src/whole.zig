//! Functions over whole batches: handles, raw columns, and what the host computes.

const tenon = @import("tenon");
const Batch = tenon.Batch;

/// Whether the batch is the one without rows by which a function is asked for its output's columns.
pub fn probing(batch: Batch) bool {
    return batch.rows() == 0;
}

pub fn pass(batch: Batch) Batch {
    return batch;
}

pub fn raw(batch: Batch) !Batch {
    const schema = batch.schema();
    const columns = try tenon.allocator.alloc(*tenon.RawColumn, schema.columns().len);
    for (columns, 0..) |*column, position| column.* = try batch.rawAt(position);
    return Batch.build(schema, batch.rows(), columns);
}

const Kernel = struct { expressions: []const [:0]const u8 };

pub fn kernel(batch: Batch, config: Kernel) !Batch {
    return batch.eval(config.expressions);
}

const Filter = struct { predicate: [:0]const u8 };

pub fn filter(batch: Batch, config: Filter) !Batch {
    return batch.filter(config.predicate);
}

pub fn rejectLate(batch: Batch, config: Filter) !Batch {
    tenon.reject(0, "it is the first", .{});
    return (try batch.filter(config.predicate)).withoutRejected();
}

const Slice = struct { offset: i64, length: i64 };

pub fn slice(batch: Batch, config: Slice) !Batch {
    if (probing(batch)) return batch;
    return batch.slice(@intCast(config.offset), @intCast(config.length));
}

const Take = struct { rows: []const i64 };

pub fn take(batch: Batch, config: Take) !Batch {
    if (probing(batch)) return batch;
    const rows = try tenon.allocator.alloc(u32, config.rows.len);
    for (rows, config.rows) |*to, from| to.* = @intCast(from);
    return batch.take(rows);
}

const Select = struct { columns: []const [:0]const u8 };

pub fn select(batch: Batch, config: Select) !Batch {
    return batch.select(config.columns);
}

pub fn concat(batch: Batch) !Batch {
    return Batch.concat(&.{ batch, batch });
}

pub fn missing(batch: Batch) !Batch {
    _ = try batch.column(i64, "nowhere");
    return batch;
}
