/* The JSON Schema of a function's configuration. */
#include <string.h>

#include <tenon/strings.h>

#include "internal.h"

static const char *const TYPES[] = {
    "\"type\":\"string\"", "\"type\":\"integer\",\"format\":\"int64\"", "\"type\":\"number\"", "\"type\":\"boolean\"",
    "\"type\":\"array\",\"items\":{\"type\":\"string\"}",
    "\"type\":\"array\",\"items\":{\"type\":\"integer\",\"format\":\"int64\"}",
    "\"type\":\"array\",\"items\":{\"type\":\"number\"}"};

__attribute__((__noinline__)) static void append(tenon_text_builder *schema, const char *text)
{
    tenon_append(schema, text, strlen(text));
}

static void append_property(tenon_text_builder *schema, const tenon_key *key)
{
    append(schema, tenon_json_quoted(key->name));
    append(schema, ":{");
    if (key->doc != NULL)
        append(schema, tenon_format("\"description\":%s,", tenon_json_quoted(key->doc)));
    append(schema, TYPES[key->type]);
    if (key->otherwise != NULL)
        append(schema, tenon_format(",\"default\":%s", key->otherwise));
    append(schema, "}");
}

const char *tenon_config_schema(const tenon_function *function)
{
    tenon_text_builder *schema = tenon_build_text(1);
    append(schema, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":");
    append(schema, tenon_json_quoted(function->name));
    append(schema, ",\"type\":\"object\",\"properties\":{");
    for (size_t i = 0; i < function->key_count; i++) {
        append(schema, i == 0 ? "" : ",");
        append_property(schema, &function->keys[i]);
    }
    append(schema, "},\"required\":[");
    const char *separator = "";
    for (size_t i = 0; i < function->key_count; i++) {
        if (function->keys[i].otherwise != NULL)
            continue;
        append(schema, separator);
        append(schema, tenon_json_quoted(function->keys[i].name));
        separator = ",";
    }
    append(schema, "],\"additionalProperties\":false}");
    tenon_append(schema, "", 1);
    return schema->data;
}
