//! What the root of a program names as `panic`: each panic's message becomes that of the call's error. As std.debug.FullPanic,
//! whose formatting of figures would be 8 KB of every component.

const std = @import("std");
const c = @import("c.zig");

const plain = std.debug.FullPanic(panicked);

fn panicked(message: []const u8, _: ?usize) noreturn {
    @branchHint(.cold);
    c.tenon_panic_at(null, 0, null, "%.*s", @as(c_int, @intCast(message.len)), message.ptr);
}

pub const call = plain.call;
pub const castToNull = plain.castToNull;
pub const copyLenMismatch = plain.copyLenMismatch;
pub const corruptSwitch = plain.corruptSwitch;
pub const divideByZero = plain.divideByZero;
pub const exactDivisionRemainder = plain.exactDivisionRemainder;
pub const forLenMismatch = plain.forLenMismatch;
pub const incorrectAlignment = plain.incorrectAlignment;
pub const integerOutOfBounds = plain.integerOutOfBounds;
pub const integerOverflow = plain.integerOverflow;
pub const integerPartOutOfBounds = plain.integerPartOutOfBounds;
pub const invalidEnumValue = plain.invalidEnumValue;
pub const invalidErrorCode = plain.invalidErrorCode;
pub const loadUninstantiableType = plain.loadUninstantiableType;
pub const memcpyAlias = plain.memcpyAlias;
pub const noreturnReturned = plain.noreturnReturned;
pub const reachedUnreachable = plain.reachedUnreachable;
pub const shiftRhsTooBig = plain.shiftRhsTooBig;
pub const shlOverflow = plain.shlOverflow;
pub const shrOverflow = plain.shrOverflow;
pub const unwrapNull = plain.unwrapNull;

pub fn sentinelMismatch(expected: anytype, _: @TypeOf(expected)) noreturn {
    @branchHint(.cold);
    call("sentinel mismatch", null);
}

pub fn unwrapError(err: anyerror) noreturn {
    @branchHint(.cold);
    c.tenon_panic_at(null, 0, null, "attempt to unwrap error: %s", @errorName(err).ptr);
}

pub fn unexpectedErrorCode(err: anyerror) noreturn {
    @branchHint(.cold);
    c.tenon_panic_at(null, 0, null, "unexpected error code, found error.%s", @errorName(err).ptr);
}

pub fn outOfBounds(index: usize, len: usize) noreturn {
    @branchHint(.cold);
    c.tenon_panic_at(null, 0, null, "index out of bounds: index %zu, len %zu", index, len);
}

pub fn startGreaterThanEnd(start: usize, end: usize) noreturn {
    @branchHint(.cold);
    c.tenon_panic_at(null, 0, null, "start index %zu is larger than end index %zu", start, end);
}

pub fn inactiveUnionField(active: anytype, accessed: @TypeOf(active)) noreturn {
    @branchHint(.cold);
    const message = "access of union field '%s' while field '%s' is active";
    c.tenon_panic_at(null, 0, null, message, @tagName(accessed).ptr, @tagName(active).ptr);
}

pub fn sliceCastLenRemainder(src_len: usize) noreturn {
    @branchHint(.cold);
    c.tenon_panic_at(null, 0, null, "slice length %zu does not divide exactly into destination elements", src_len);
}
