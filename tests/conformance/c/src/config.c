// A configuration of every type, printed.
#include <tenon.h>

typedef struct {
    const char *text;
    int64_t number;
    double ratio;
    bool flag;
    tenon_text_list names;
} Config;

TENON_CONFIG(Config,
    TENON_KEY(Config, text, "A text."),
    TENON_KEY(Config, number, "An integer."),
    TENON_KEY(Config, ratio, "A number."),
    TENON_KEY(Config, flag, "Yes or no.", .otherwise = "true"),
    TENON_KEY(Config, names, "Texts.", .otherwise = "[]"))

static const char *quoted(const char *text)
{
    const char *quoted = "\"";
    for (; *text != '\0'; text++) {
        const char *escape = *text == '"' || *text == '\\' ? "\\" : "";
        quoted = tenon_format("%s%s%c", quoted, escape, *text);
    }
    return tenon_format("%s\"", quoted);
}

static tenon_batch *config(tenon_batch *batch, const Config *config)
{
    const char *names = "";
    for (size_t i = 0; i < config->names.count; i++)
        names = tenon_format("%s%s%s", names, i == 0 ? "" : ",", quoted(config->names.items[i]));
    const char *json = tenon_format("{\"text\":%s,\"number\":%lld,\"ratio\":%g,\"flag\":%s,\"names\":[%s]}",
        quoted(config->text), (long long)config->number, config->ratio, config->flag ? "true" : "false", names);
    tenon_text_builder *column = tenon_build_text(tenon_rows(batch));
    for (size_t row = 0; row < tenon_rows(batch); row++)
        tenon_push(column, json);
    return tenon_with(batch, "config", tenon_text_column(column));
}
TENON_TRANSFORM(config, Config, .doc = "Adds the configuration as JSON.")
