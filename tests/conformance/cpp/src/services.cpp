// What the run offers: log, counters, parameters, secrets, clock, random bytes, state.
#include <array>
#include <string>

#include <tenon.hpp>

#include "probe.hpp"

struct Services {
    const char *parameter;
    const char *secret;
};
TENON_CONFIG(Services, TENON_KEY(Services, parameter, "Name of a parameter."),
    TENON_KEY(Services, secret, "Name of a secret."))

// The same text in each row; null for NULL.
static tenon_column *repeated(const char *text, std::size_t rows)
{
    tenon::TextBuilder column(rows);
    for (std::size_t row = 0; row < rows; row++)
        column.push(text == nullptr ? std::nullopt : std::optional<std::string_view>(text));
    return column.finish();
}

static tenon_column *repeated(std::int64_t number, std::size_t rows)
{
    tenon::Builder<std::int64_t> column(rows);
    for (std::size_t row = 0; row < rows; row++)
        column.set(row, number);
    return column.finish();
}

static void log_levels()
{
    static constexpr std::array levels{"trace", "debug", "info", "warn", "error"};
    for (std::size_t level = 0; level < levels.size(); level++)
        tenon_log(static_cast<tenon_level>(level), "a line of %s", levels[level]);
}

// The secret, or what kind of error there is in its place.
static const char *secret_or_kind(const char *name)
{
    const char *secret = tenon_secret(name);
    if (!tenon_failed())
        return secret;
    const char *kind = tenon_kind_name(tenon_failed_kind());
    tenon_forgive();
    return kind;
}

static std::int64_t year_now()
{
    // 365.2425 days, which is right but for hours around New Year.
    return 1970 + tenon_now().seconds / 31556952;
}

static tenon::Batch host(tenon::Batch batch, const Services *config)
{
    std::size_t rows = batch.rows();
    const char *secret = nullptr;
    std::array<unsigned char, 16> random{};
    bool drawn = false;
    if (!probing(batch)) {
        log_levels();
        tenon_count("conformance.rows", static_cast<double>(rows));
        secret = secret_or_kind(config->secret);
        drawn = tenon_random(random.data(), random.size());
    }
    return batch.with({
        {"parameter", repeated(tenon_parameter(config->parameter), rows)},
        {"secret", repeated(secret, rows)},
        {"year", repeated(year_now(), rows)},
        {"random", repeated(static_cast<std::int64_t>(drawn ? random.size() : 0), rows)},
    });
}
TENON_TRANSFORM(host, Services, .doc = "Calls everything that a run offers.")

struct Runs {
    // 0 until the first batch.
    std::int64_t number;
};

static void state_open(Runs *, const tenon_no_config *, const tenon_schema *) {}

static const tenon_schema *state_output(Runs *, const tenon_schema *input)
{
    return tenon_schema_with(input, "runs", "l");
}

static std::int64_t count_run()
{
    tenon_text kept = tenon_state_get("runs");
    std::int64_t before = 0;
    for (char digit : std::string_view(kept.data, kept.length))
        before = 10 * before + (digit - '0');
    std::string runs = std::to_string(before + 1);
    tenon_state_put("runs", runs.data(), runs.size());
    return before + 1;
}

static tenon::Batch state_process(Runs *runs, tenon::Batch batch)
{
    if (runs->number == 0)
        runs->number = count_run();
    return batch.with("runs", repeated(runs->number, batch.rows()));
}

static tenon_batch *state_finish(Runs *)
{
    return nullptr;
}
TENON_STATEFUL(state, tenon_no_config, Runs, .doc = "Counts its sandboxes in the job's state.")

struct Count {
    std::int64_t rows;
};

static void count_rows_open(Count *, const tenon_no_config *, const tenon_schema *) {}

static const tenon_schema *count_rows_output(Count *, const tenon_schema *)
{
    return tenon_schema_with(tenon_schema_empty(), "rows", "l");
}

static tenon_batch *count_rows_process(Count *count, tenon::Batch batch)
{
    count->rows += static_cast<std::int64_t>(batch.rows());
    return nullptr;
}

static tenon::Batch count_rows_finish(Count *count)
{
    return tenon::Batch::of({{"rows", repeated(count->rows, 1)}});
}
TENON_STATEFUL(count_rows, tenon_no_config, Count, .doc = "Counts the rows of its partition.")
