/* Configurations: JSON into the struct that a function declared. */
#include <math.h>
#include <string.h>

#include "internal.h"

static const char *const EXPECTED[] = {
    "a text", "an integer", "a number", "true or false", "a list of texts", "a list of integers", "a list of numbers"};

/* What a value is, for people. */
static const char *shown(const tenon_json *value)
{
    switch (value->type) {
    case TENON_JSON_NULL: return "null";
    case TENON_JSON_FALSE: return "false";
    case TENON_JSON_TRUE: return "true";
    case TENON_JSON_NUMBER: return value->text.data;
    case TENON_JSON_TEXT: return tenon_json_quoted(value->text.data);
    case TENON_JSON_LIST: return "a list";
    default: return "an object";
    }
}

static bool read_integer(const tenon_json *value, int64_t *integer)
{
    return value->type == TENON_JSON_NUMBER && tenon_integer(value->text, integer);
}

static bool read_double(const tenon_json *value, double *number)
{
    if (value->type != TENON_JSON_NUMBER)
        return false;
    *number = tenon_number(value->text);
    return !isinf(*number);
}

/* Puts a value that isn't a list into memory of the key's type. */
static bool read_single(const tenon_json *value, tenon_key_type type, void *into)
{
    switch (type) {
    case TENON_KEY_TEXT:
    case TENON_KEY_TEXTS:
        if (value->type != TENON_JSON_TEXT)
            return false;
        *(const char **)into = value->text.data;
        return true;
    case TENON_KEY_INTEGER:
    case TENON_KEY_INTEGERS: return read_integer(value, into);
    case TENON_KEY_NUMBER:
    case TENON_KEY_NUMBERS: return read_double(value, into);
    case TENON_KEY_FLAG:
        *(bool *)into = value->type == TENON_JSON_TRUE;
        return value->type == TENON_JSON_TRUE || value->type == TENON_JSON_FALSE;
    }
    return false;
}

/* Any of the lists: they differ in the type of their items only. */
typedef struct {
    const void *items;
    size_t count;
} List;

_Static_assert(sizeof(List) == sizeof(tenon_text_list) && sizeof(List) == sizeof(tenon_integer_list)
        && sizeof(List) == sizeof(tenon_number_list),
    "all lists are filled in alike");

static bool read_list(const tenon_json *value, tenon_key_type type, List *list, const char **where)
{
    if (value->type != TENON_JSON_LIST)
        return false;
    size_t width = type == TENON_KEY_TEXTS ? sizeof(char *) : 8;
    size_t count = 0;
    for (const tenon_json *item = value->first; item != NULL; item = item->next)
        count++;
    char *items = tenon_alloc_array(count, width);
    size_t position = 0;
    for (const tenon_json *item = value->first; item != NULL; item = item->next, position++) {
        if (!read_single(item, type, items + position * width)) {
            *where = tenon_format("[%zu]", position);
            return false;
        }
    }
    list->items = items;
    list->count = count;
    return true;
}

static const tenon_json *item_at(const tenon_json *list, const char *where)
{
    size_t position = 0;
    for (where++; *where >= '0' && *where <= '9'; where++)
        position = position * 10 + (size_t)(*where - '0');
    const tenon_json *item = list->first;
    while (position-- != 0)
        item = item->next;
    return item;
}

static bool read_key(const tenon_key *key, const tenon_json *value, void *config)
{
    const char *where = "";
    void *into = (char *)config + key->offset;
    bool list = key->type >= TENON_KEY_TEXTS;
    if (list ? read_list(value, key->type, into, &where) : read_single(value, key->type, into))
        return true;
    tenon_key_type item_type = (tenon_key_type)(key->type - TENON_KEY_TEXTS);
    if (item_type == TENON_KEY_INTEGERS - TENON_KEY_TEXTS)
        item_type = TENON_KEY_INTEGER;
    const char *expected = *where == '\0' ? EXPECTED[key->type] : EXPECTED[item_type];
    const tenon_json *found = *where == '\0' ? value : item_at(value, where);
    tenon_fail(TENON_BAD_CONFIG, "the configuration doesn't fit at `%s%s`: expected %s, found %s", key->name, where, expected,
        shown(found));
    return false;
}

static tenon_json *parse(const char *what, tenon_text text)
{
    const char *fault;
    tenon_json *value = tenon_json_parse(text, &fault);
    if (value == NULL)
        tenon_fail(TENON_BAD_CONFIG, "%s isn't JSON: %s", what, fault);
    return value;
}

static bool read_default(const tenon_key *key, void *config)
{
    if (key->otherwise == NULL) {
        tenon_fail(TENON_BAD_CONFIG, "the configuration lacks `%s`: expected %s", key->name, EXPECTED[key->type]);
        return false;
    }
    const tenon_json *value =
        parse(tenon_format("the default of `%s`", key->name), tenon_text_of(key->otherwise));
    return value != NULL && read_key(key, value, config);
}

static bool is_blank(tenon_text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (strchr(" \t\r\n", text.data[i]) == NULL)
            return false;
    }
    return true;
}

static bool check_known(const tenon_function *function, const tenon_json *object)
{
    for (const tenon_json *member = object->first; member != NULL; member = member->next) {
        const char *names = NULL;
        bool known = false;
        for (size_t i = 0; i < function->key_count; i++) {
            const char *name = function->keys[i].name;
            known = known || tenon_text_is(member->key, name);
            names = names == NULL ? name : tenon_format("%s, %s", names, name);
        }
        if (!known) {
            const char *hint = names == NULL ? "there are no keys" : tenon_format("the keys are %s", names);
            tenon_fail(TENON_BAD_CONFIG, "the configuration has an unknown key `%s`; %s", member->key.data, hint);
            return false;
        }
    }
    return true;
}

void *tenon_config_read(const tenon_function *function, tenon_text json)
{
    tenon_json nothing = {.type = TENON_JSON_OBJECT};
    const tenon_json *object = is_blank(json) ? &nothing : parse("the configuration", json);
    if (object == NULL)
        return NULL;
    if (object->type == TENON_JSON_NULL)
        object = &nothing;
    if (object->type != TENON_JSON_OBJECT) {
        tenon_fail(TENON_BAD_CONFIG, "the configuration is %s; expected an object", shown(object));
        return NULL;
    }
    if (!check_known(function, object))
        return NULL;
    void *config = tenon_alloc(function->config_size);
    for (size_t i = 0; i < function->key_count; i++) {
        const tenon_key *key = &function->keys[i];
        const tenon_json *given = NULL;
        for (const tenon_json *member = object->first; member != NULL; member = member->next)
            given = tenon_text_is(member->key, key->name) ? member : given;
        if (given != NULL ? !read_key(key, given, config) : !read_default(key, config))
            return NULL;
    }
    return config;
}
