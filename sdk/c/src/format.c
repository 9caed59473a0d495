/* Messages from formats. The C library's would be 20 KB of every component. */
#include <string.h>

#include "internal.h"

typedef struct {
    char *data;
    size_t length;
    size_t capacity;
} Output;

/* Apart from its callers, of which there are many: what is seldom called should be small. */
__attribute__((__noinline__)) static void add(Output *output, const char *data, size_t length)
{
    if (output->length + length + 1 > output->capacity) {
        output->capacity = (output->length + length + 1) * 2;
        output->data = tenon_grow(output->data, output->capacity);
    }
    if (length != 0)
        memcpy(output->data + output->length, data, length);
    output->length += length;
}

__attribute__((__noinline__)) static void add_unsigned(Output *output, uint64_t value, unsigned base)
{
    char digits[20];
    size_t first = sizeof digits;
    do
        digits[--first] = "0123456789abcdef"[value % base];
    while ((value /= base) != 0);
    add(output, digits + first, sizeof digits - first);
}

static void add_signed(Output *output, int64_t value)
{
    if (value < 0)
        add(output, "-", 1);
    add_unsigned(output, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

/* As few digits as mean this double and no other. */
__attribute__((__noinline__)) static void add_double(Output *output, double value)
{
    if (value != value) {
        add(output, "nan", 3);
        return;
    }
    if (value < 0) {
        add(output, "-", 1);
        value = -value;
    }
    if (value > 1.7976931348623157e308) {
        add(output, "inf", 3);
        return;
    }
    if (value < 9007199254740992 && value == (double)(uint64_t)value) {
        add_unsigned(output, (uint64_t)value, 10);
        return;
    }
    char digits[TENON_MOST_DIGITS];
    /* Of the first digit. */
    int power;
    size_t count = tenon_digits(value, digits, &power);
    if (power < -5 || power > 20) {
        add(output, digits, 1);
        if (count > 1)
            add(output, ".", 1);
        add(output, digits + 1, count - 1);
        add(output, "e", 1);
        add_signed(output, power);
    } else if (power < 0) {
        add(output, "0.0000", (size_t)(1 - power));
        add(output, digits, count);
    } else {
        size_t whole = (size_t)power + 1;
        add(output, digits, whole < count ? whole : count);
        for (size_t zero = count; zero < whole; zero++)
            add(output, "0", 1);
        if (count > whole) {
            add(output, ".", 1);
            add(output, digits + whole, count - whole);
        }
    }
}

/* Passes the length of an integer argument: how many bytes it has. */
static const char *read_width(const char *format, size_t *bytes)
{
    *bytes = sizeof(int);
    for (;; format++) {
        if (*format == 'l')
            *bytes = *bytes == sizeof(int) && format[1] != 'l' ? sizeof(long) : sizeof(long long);
        else if (*format == 'z' || *format == 't')
            *bytes = sizeof(size_t);
        else if (*format == 'j')
            *bytes = sizeof(intmax_t);
        else if (*format != 'h')
            return format;
    }
}

char *tenon_format_list(const char *format, va_list arguments)
{
    va_list list;
    va_copy(list, arguments);
    Output output = {NULL, 0, 0};
    while (*format != '\0') {
        size_t plain = strcspn(format, "%");
        add(&output, format, plain);
        format += plain;
        if (*format == '\0')
            break;
        format++;
        /* Flags and widths are for tables; messages have none. */
        format += strspn(format, "-+ #0123456789");
        size_t precision = SIZE_MAX;
        if (*format == '.') {
            format++;
            precision = 0;
            if (*format == '*') {
                int given = va_arg(list, int);
                precision = given < 0 ? SIZE_MAX : (size_t)given;
                format++;
            }
            for (; *format >= '0' && *format <= '9'; format++)
                precision = precision * 10 + (size_t)(*format - '0');
        }
        size_t bytes;
        format = read_width(format, &bytes);
        bool wide = bytes == sizeof(int64_t);
        switch (*format) {
        case 'd':
        case 'i': add_signed(&output, wide ? va_arg(list, int64_t) : va_arg(list, int32_t)); break;
        case 'u': add_unsigned(&output, wide ? va_arg(list, uint64_t) : va_arg(list, uint32_t), 10); break;
        case 'x': add_unsigned(&output, wide ? va_arg(list, uint64_t) : va_arg(list, uint32_t), 16); break;
        case 'g':
        case 'f':
        case 'e':
            add_double(&output, va_arg(list, double));
            break;
        case 'c': {
            char character = (char)va_arg(list, int);
            add(&output, &character, 1);
            break;
        }
        case 's': {
            const char *text = va_arg(list, const char *);
            if (text == NULL)
                text = "(null)";
            add(&output, text, precision == SIZE_MAX ? strlen(text) : strnlen(text, precision));
            break;
        }
        case 'p':
            add(&output, "0x", 2);
            add_unsigned(&output, (uintptr_t)va_arg(list, void *), 16);
            break;
        case '\0':
            format--;
            break;
        default:
            add(&output, format, 1);
        }
        format++;
    }
    va_end(list);
    add(&output, "", 0);
    output.data[output.length] = '\0';
    return output.data;
}

char *tenon_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = tenon_format_list(format, arguments);
    va_end(arguments);
    return text;
}
