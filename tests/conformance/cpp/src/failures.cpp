// Whatever can go wrong.
#include <string_view>
#include <vector>

#include <tenon.hpp>

#include "probe.hpp"

struct Failure {
    const char *kind;
    const char *message;
};
TENON_CONFIG(Failure, TENON_KEY(Failure, kind, "The error's kind."), TENON_KEY(Failure, message, "What it says."))

static tenon::Batch fail(tenon::Batch batch, const Failure *config)
{
    if (probing(batch))
        return batch;
    for (tenon_error_kind kind : {TENON_BAD_DATA, TENON_BAD_CONFIG, TENON_TRANSIENT, TENON_UNSUPPORTED, TENON_DENIED,
             TENON_LIMIT, TENON_INTERNAL}) {
        if (std::string_view(tenon_kind_name(kind)) == config->kind)
            tenon_fail(kind, "%s", config->message);
    }
    if (!tenon_failed())
        tenon_fail(TENON_BAD_CONFIG, "`%s` is no kind of error", config->kind);
    return batch;
}
TENON_TRANSFORM(fail, Failure, .doc = "Fails as it is told.")

namespace {
[[gnu::noinline]] void inner()
{
    tenon_panic("raised on purpose");
}

[[gnu::noinline]] void middle()
{
    inner();
}

[[gnu::noinline]] void outer()
{
    middle();
}
} // namespace

static tenon::Batch raise(tenon::Batch batch, const tenon_no_config *)
{
    if (!probing(batch))
        outer();
    return batch;
}
TENON_TRANSFORM(raise, tenon_no_config, .doc = "Panics, three calls deep.")

static tenon::Batch lie(tenon::Batch batch, const tenon_no_config *)
{
    if (probing(batch))
        return batch;
    return batch.with("unannounced", tenon::Builder<std::int64_t>(batch.rows()).finish());
}
TENON_TRANSFORM(lie, tenon_no_config, .doc = "Makes a column that it didn't announce.")

static tenon::Batch memory(tenon::Batch batch, const tenon_no_config *)
{
    std::vector<std::vector<char>> held;
    while (!probing(batch))
        held.emplace_back(1 << 20, 'x');
    return batch;
}
TENON_TRANSFORM(memory, tenon_no_config, .doc = "Allocates without end.")

static tenon::Batch spin(tenon::Batch batch, const tenon_no_config *)
{
    for (volatile bool on = !probing(batch); on;)
        continue;
    return batch;
}
TENON_TRANSFORM(spin, tenon_no_config, .doc = "Loops without end.")
