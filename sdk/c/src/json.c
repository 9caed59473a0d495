/* A reader of JSON, for configurations. */
#include <string.h>

#include <tenon/strings.h>

#include "internal.h"

/* Deeper is no configuration. */
enum { MOST_DEPTH = 64 };

/* As tenon_append, apart from its callers: it is called in many places, and seldom. */
__attribute__((__noinline__)) static void append(tenon_text_builder *text, const char *data, size_t length)
{
    tenon_append(text, data, length);
}

typedef struct {
    const char *at;
    const char *end;
    const char *fault;
    int depth;
} Reader;

static tenon_json *read_value(Reader *reader);

static void skip_space(Reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) != NULL && *reader->at != '\0')
        reader->at++;
}

static bool fault(Reader *reader, const char *message)
{
    if (reader->fault == NULL)
        reader->fault = message;
    return false;
}

/* Takes a character, if it comes next. */
static bool take(Reader *reader, char character)
{
    if (reader->at == reader->end || *reader->at != character)
        return false;
    reader->at++;
    return true;
}

static bool read_hex(Reader *reader, uint32_t *code)
{
    *code = 0;
    for (int digit = 0; digit < 4; digit++) {
        if (reader->at == reader->end)
            return fault(reader, "an escape ends too early");
        char c = *reader->at++;
        uint32_t value = c >= '0' && c <= '9' ? (uint32_t)(c - '0')
            : (c | 32) >= 'a' && (c | 32) <= 'f' ? (uint32_t)((c | 32) - 'a' + 10) : 16;
        if (value == 16)
            return fault(reader, "an escape has a digit that isn't hexadecimal");
        *code = *code << 4 | value;
    }
    return true;
}

static void append_utf8(tenon_text_builder *text, uint32_t code)
{
    char bytes[4];
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length; i-- > 1; code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3f));
    bytes[0] = (char)(length == 1 ? code : first[length - 1] | code);
    append(text, bytes, length);
}

static bool read_escape(Reader *reader, tenon_text_builder *text)
{
    static const char escapes[] = "\"\\/bfnrt", characters[] = "\"\\/\b\f\n\r\t";
    if (reader->at == reader->end)
        return fault(reader, "a text isn't closed");
    char letter = *reader->at++;
    const char *known = letter == '\0' ? NULL : strchr(escapes, letter);
    if (known != NULL) {
        append(text, &characters[known - escapes], 1);
        return true;
    }
    uint32_t code, low;
    if (letter != 'u')
        return fault(reader, "an escape is none of JSON's");
    if (!read_hex(reader, &code))
        return false;
    if (code == 0)
        return fault(reader, "a text has a zero character");
    if (code >= 0xd800 && code < 0xdc00) {
        if (!take(reader, '\\') || !take(reader, 'u') || !read_hex(reader, &low) || low < 0xdc00 || low >= 0xe000)
            return fault(reader, "half of a surrogate pair is missing");
        code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
    } else if (code >= 0xdc00 && code < 0xe000) {
        return fault(reader, "half of a surrogate pair is missing");
    }
    append_utf8(text, code);
    return true;
}

static bool read_text(Reader *reader, tenon_text *read)
{
    tenon_text_builder *text = tenon_build_text(1);
    for (;;) {
        if (reader->at == reader->end)
            return fault(reader, "a text isn't closed");
        char c = *reader->at++;
        if (c == '"')
            break;
        if ((uint8_t)c < 0x20)
            return fault(reader, "a text has a control character that isn't escaped");
        if (c != '\\')
            append(text, &c, 1);
        else if (!read_escape(reader, text))
            return false;
    }
    append(text, "", 1);
    read->data = text->data;
    read->length = text->length - 1;
    return true;
}

static size_t count_digits(Reader *reader)
{
    const char *first = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return (size_t)(reader->at - first);
}

static bool read_number(Reader *reader, tenon_text *digits)
{
    const char *first = reader->at;
    take(reader, '-');
    bool zero = reader->at < reader->end && *reader->at == '0';
    size_t whole = count_digits(reader);
    bool good = whole == 1 || (whole > 1 && !zero);
    if (take(reader, '.'))
        good = count_digits(reader) != 0 && good;
    if (take(reader, 'e') || take(reader, 'E')) {
        if (!take(reader, '-'))
            take(reader, '+');
        good = count_digits(reader) != 0 && good;
    }
    *digits = tenon_copy_text(first, (size_t)(reader->at - first));
    return good || fault(reader, "a value is none of JSON's");
}

static bool read_members(Reader *reader, tenon_json *parent, char close)
{
    bool object = close == '}';
    tenon_json **last = &parent->first;
    skip_space(reader);
    if (take(reader, close))
        return true;
    do {
        tenon_text key = {NULL, 0};
        skip_space(reader);
        if (object && (!take(reader, '"') || !read_text(reader, &key)))
            return fault(reader, "a key is missing");
        skip_space(reader);
        if (object && !take(reader, ':'))
            return fault(reader, "a colon is missing");
        tenon_json *member = read_value(reader);
        if (member == NULL)
            return false;
        member->key = key;
        *last = member;
        last = &member->next;
        skip_space(reader);
    } while (take(reader, ','));
    return take(reader, close) || fault(reader, object ? "a `}` is missing" : "a `]` is missing");
}

static bool take_word(Reader *reader, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return false;
    reader->at += length;
    return true;
}

static tenon_json *read_value(Reader *reader)
{
    tenon_json *value = tenon_alloc(sizeof *value);
    bool good;
    skip_space(reader);
    if (++reader->depth > MOST_DEPTH) {
        good = fault(reader, "it is nested too deeply");
    } else if (take(reader, '{')) {
        value->type = TENON_JSON_OBJECT;
        good = read_members(reader, value, '}');
    } else if (take(reader, '[')) {
        value->type = TENON_JSON_LIST;
        good = read_members(reader, value, ']');
    } else if (take(reader, '"')) {
        value->type = TENON_JSON_TEXT;
        good = read_text(reader, &value->text);
    } else if (take_word(reader, "true")) {
        value->type = TENON_JSON_TRUE;
        good = true;
    } else if (take_word(reader, "false")) {
        value->type = TENON_JSON_FALSE;
        good = true;
    } else if (take_word(reader, "null")) {
        good = true;
    } else {
        value->type = TENON_JSON_NUMBER;
        good = read_number(reader, &value->text);
    }
    reader->depth--;
    return good ? value : NULL;
}

tenon_json *tenon_json_parse(tenon_text text, const char **message)
{
    Reader reader = {text.data, text.data + text.length, NULL, 0};
    tenon_json *value = read_value(&reader);
    skip_space(&reader);
    if (value != NULL && reader.at != reader.end)
        fault(&reader, "there is more after its end");
    if (reader.fault == NULL)
        return value;
    *message = tenon_format("%s, at byte %zu", reader.fault, (size_t)(reader.at - text.data));
    return NULL;
}

const char *tenon_json_quoted(const char *text)
{
    tenon_text_builder *quoted = tenon_build_text(1);
    append(quoted, "\"", 1);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            append(quoted, "\\", 1);
            append(quoted, text, 1);
        } else if (*text == '\n') {
            append(quoted, "\\n", 2);
        } else if ((uint8_t)*text < 0x20) {
            const char *escape = tenon_format("\\u00%c%c", "01"[*text >> 4], "0123456789abcdef"[*text & 15]);
            append(quoted, escape, 6);
        } else {
            append(quoted, text, 1);
        }
    }
    append(quoted, "\"", 2);
    return quoted->data;
}
