//! The guest of the conformance suite, in Zig.

const tenon = @import("tenon");
const faults = @import("faults.zig");
const rows = @import("rows.zig");
const run = @import("run.zig");
const typed = @import("typed.zig");
const whole = @import("whole.zig");

comptime {
    tenon.register(.{
        tenon.transform("pass", whole.pass, .{ .doc = "Answers with its batch." }),
        tenon.transform("raw", whole.raw, .{ .doc = "Reads every column raw and builds the batch anew." }),
        tenon.transform("kernel", whole.kernel, .{ .doc = "Columns that the host computes." }),
        tenon.transform("filter", whole.filter, .{ .doc = "Rows for which the host finds a predicate true." }),
        tenon.transform("slice", whole.slice, .{ .doc = "Some of the rows." }),
        tenon.transform("take", whole.take, .{ .doc = "The rows at these positions." }),
        tenon.transform("select", whole.select, .{ .doc = "Some of the columns." }),
        tenon.transform("concat", whole.concat, .{ .doc = "The batch twice." }),
        tenon.transform("missing", whole.missing, .{ .doc = "Reads a column that isn't there." }),
        tenon.transform("rebuild", typed.rebuild, .{ .doc = "Reads every column value by value and builds the batch anew." }),
        tenon.transform("double", typed.double, .{ .doc = "Doubles a column." }),
        tenon.transform("clean", rows.clean, .{ .doc = "Texts in upper case, with nothing but the letters and digits of ASCII." }),
        tenon.transform("branch", rows.branch, .{ .doc = "Adds the column `size`, which tells amounts apart." }),
        tenon.transform("reject", typed.reject, .{ .doc = "Rejects rows whose column is false or null." }),
        tenon.transform("reject_late", whole.rejectLate, .{ .doc = "Filters before it leaves out what it rejected." }),
        tenon.transform("greet", typed.greet, .{ .doc = "Greets by name.", .scalar = true }),
        tenon.transform("config", run.config, .{ .doc = "Adds the configuration as JSON." }),
        tenon.transform("host", run.host, .{ .doc = "Calls everything that a run offers." }),
        tenon.stateful("state", run.State, .{ .doc = "Counts its sandboxes in the job's state." }),
        tenon.stateful("count_rows", run.CountRows, .{ .doc = "Counts the rows of its partition." }),
        tenon.transform("fail", faults.fail, .{ .doc = "Fails as it is told." }),
        tenon.transform("raise", faults.raise, .{ .doc = "Panics, three calls deep." }),
        tenon.transform("lie", faults.lie, .{ .doc = "Makes a column that it didn't announce." }),
        tenon.transform("memory", faults.memory, .{ .doc = "Allocates without end." }),
        tenon.transform("spin", faults.spin, .{ .doc = "Loops without end." }),
    });
}
