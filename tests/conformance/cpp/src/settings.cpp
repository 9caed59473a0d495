// A configuration of every type, printed.
#include <string>

#include <tenon.hpp>

struct Settings {
    const char *text;
    std::int64_t number;
    double ratio;
    bool flag;
    tenon_text_list names;
};
TENON_CONFIG(Settings, TENON_KEY(Settings, text, "A text."), TENON_KEY(Settings, number, "An integer."),
    TENON_KEY(Settings, ratio, "A number."), TENON_KEY(Settings, flag, "Yes or no.", .otherwise = "true"),
    TENON_KEY(Settings, names, "Texts.", .otherwise = "[]"))

static std::string quoted(std::string_view text)
{
    std::string quoted = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\')
            quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

static tenon::Batch config(tenon::Batch batch, const Settings *config)
{
    std::string names;
    for (std::size_t i = 0; i < config->names.count; i++)
        names += (i == 0 ? "" : ",") + quoted(config->names.items[i]);
    std::string json = "{\"text\":" + quoted(config->text) + ",\"number\":" + std::to_string(config->number)
        // As few digits as mean this number.
        + ",\"ratio\":" + tenon_format("%g", config->ratio) + ",\"flag\":" + (config->flag ? "true" : "false")
        + ",\"names\":[" + names + "]}";
    tenon::TextBuilder column(batch.rows());
    for (std::size_t row = 0; row < batch.rows(); row++)
        column.push(json);
    return batch.with("config", column.finish());
}
TENON_TRANSFORM(config, Settings, .doc = "Adds the configuration as JSON.")
