//! Transforms row by row, which the language benchmark times.

const std = @import("std");
const tenon = @import("tenon");
const Batch = tenon.Batch;

const Column = struct { column: [:0]const u8 };

/// Texts in upper case, with nothing but the letters and digits of ASCII; null where nothing is left.
pub fn clean(batch: Batch, config: Column) !Batch {
    const texts = try batch.column([]const u8, config.column);
    const cleaned = tenon.TextBuilder.init(texts.len());
    for (0..texts.len()) |row| {
        const text = texts.get(row) orelse "";
        const letters = try tenon.allocator.alloc(u8, text.len);
        var count: usize = 0;
        for (text) |character| {
            if (!std.ascii.isAlphanumeric(character)) continue;
            letters[count] = std.ascii.toUpper(character);
            count += 1;
        }
        cleaned.push(if (count == 0) null else letters[0..count]);
    }
    return batch.with(config.column, cleaned.finish());
}

/// Adds the column `size`, which tells amounts apart.
pub fn branch(batch: Batch, config: Column) !Batch {
    const amounts = try batch.column(f64, config.column);
    const sizes = tenon.TextBuilder.init(amounts.len());
    for (0..amounts.len()) |row| sizes.push(sizeOf(amounts.get(row)));
    return batch.with("size", sizes.finish());
}

fn sizeOf(amount: ?f64) []const u8 {
    const known = amount orelse return "unknown";
    if (known < 0) return "refund";
    if (known < 10) return "small";
    return if (known < 100) "medium" else "large";
}
