#include "tail_number.h"

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool clean_tail_number(tenon_text text, tenon_text_builder *cleaned)
{
    while (text.length != 0 && is_space(text.data[0])) {
        text.data++;
        text.length--;
    }
    while (text.length != 0 && is_space(text.data[text.length - 1]))
        text.length--;
    size_t start = cleaned->length;
    tenon_append(cleaned, text.data, text.length);
    for (size_t i = start; i < cleaned->length; i++) {
        char c = cleaned->data[i];
        cleaned->data[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    return text.length != 0;
}

bool is_american(tenon_text tail_number)
{
    if (tail_number.length < 2 || tail_number.length > 6 || tail_number.data[0] != 'N' || !is_digit(tail_number.data[1]))
        return false;
    for (size_t i = 2; i < tail_number.length; i++) {
        char c = tail_number.data[i];
        if (!is_digit(c) && !(c >= 'A' && c <= 'Z'))
            return false;
    }
    return true;
}
