//! Tests of plugins, for their `build.zig`: programs of this machine, with the SDK's stand-in for the host. `zig build test`
//! here runs the SDK's own.

const std = @import("std");

/// Where things are.
pub const Options = struct {
    /// The file of the plugin that calls `tenon.register`.
    root: std.Build.LazyPath,
    /// The folder of the Zig SDK.
    zig_sdk: std.Build.LazyPath,
    /// The folder of the C SDK, which the Zig SDK is made on.
    c_sdk: std.Build.LazyPath,
};

/// The C SDK and its stand-in for the host.
const c_sources = [_][]const u8{
    "src/batch.c",    "src/column.c",   "src/config.c",       "src/describe.c",    "src/dictionary.c", "src/digits.c", "src/natural.c",     "src/nested.c",
    "src/error.c",    "src/format.c",   "src/function.c",     "src/host.c",        "src/job.c",        "src/json.c",   "src/memory.c",      "src/number.c",
    "src/panic.c",    "src/program.c",  "src/reject.c",       "src/schema.c",      "src/strings.c",    "src/wire.c",   "testing/batches.c", "testing/frames.c",
    "testing/free.c", "testing/pick.c", "testing/services.c", "testing/testing.c",
};

/// The tests of a plugin. `b.addRunArtifact` runs them.
pub fn addTests(b: *std.Build, options: Options) *std.Build.Step.Compile {
    const target = b.resolveTargetQuery(.{});
    const tenon = b.createModule(.{
        .root_source_file = options.zig_sdk.path(b, "src/tenon.zig"),
        .target = target,
        .optimize = .debug,
        .link_libc = true,
    });
    tenon.addIncludePath(options.c_sdk.path(b, "include"));
    tenon.addCSourceFiles(.{ .root = options.c_sdk, .files = &c_sources, .flags = &.{"-std=gnu17"} });
    const plugin = b.createModule(.{ .root_source_file = options.root, .target = target, .optimize = .debug });
    plugin.addImport("tenon", tenon);
    return b.addTest(.{ .root_module = plugin });
}

pub fn build(b: *std.Build) void {
    const tests = addTests(b, .{ .root = b.path("tests/main.zig"), .zig_sdk = b.path("."), .c_sdk = b.path("../c") });
    const run = b.addRunArtifact(tests);
    // Whoever asks for tests wants to see them run, also where nothing has changed.
    run.has_side_effects = true;
    b.step("test", "Runs the SDK's tests").dependOn(&run.step);
}
