//! `tenon build` builds the plugin and `tenon run job.toml` runs it; `zig build test` runs the tests in src/ on this
//! machine. The SDK is in .tenon/sdk, where `tenon new` and each `tenon build` put it.

const std = @import("std");
const sdk = @import(".tenon/sdk/zig/build.zig");

pub fn build(b: *std.Build) void {
    const tests = sdk.addTests(b, .{
        .root = b.path("src/main.zig"),
        .zig_sdk = b.path(".tenon/sdk/zig"),
        .c_sdk = b.path(".tenon/sdk/c"),
    });
    b.step("test", "Runs the tests").dependOn(&b.addRunArtifact(tests).step);
}
