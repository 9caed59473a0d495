/* Numbers of JSON. The C library's strtod would be 17 KB of every component. */
#include <string.h>

#include "natural.h"

/* More digits than this can't move the nearest double. */
enum { MOST_DIGITS = 800, MOST_EXPONENT = 400 };

bool tenon_integer(tenon_text digits, int64_t *integer)
{
    bool negative = digits.length != 0 && digits.data[0] == '-';
    uint64_t value = 0;
    for (size_t i = negative; i < digits.length; i++) {
        char c = digits.data[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(value, UINT64_C(10), &value)
            || __builtin_add_overflow(value, (uint64_t)(c - '0'), &value))
            return false;
    }
    if (value > (uint64_t)INT64_MAX + negative)
        return false;
    *integer = (int64_t)(negative ? 0 - value : value);
    return true;
}

/* The nearest double of a fraction, ties to even: long division, one bit at a time. */
static double nearest(natural *numerator, natural *denominator)
{
    int exponent = natural_bits_in(numerator) - natural_bits_in(denominator) - 53;
    /* A subnormal has fewer bits, the last of them at 2^-1074. */
    if (exponent < -1074)
        exponent = -1074;
    if (exponent < 0)
        natural_shift_left(numerator, (size_t)-exponent);
    else
        natural_shift_left(denominator, (size_t)exponent);
    /* Now the quotient has at most 54 bits. */
    int shift = natural_bits_in(numerator) - natural_bits_in(denominator);
    if (shift < 0)
        shift = 0;
    natural_shift_left(denominator, (size_t)shift);
    uint64_t quotient = 0;
    for (int bit = shift; bit >= 0; bit--) {
        quotient <<= 1;
        if (natural_compare(numerator, denominator) >= 0) {
            natural_subtract(numerator, denominator);
            quotient |= 1;
        }
        natural_shift_left(numerator, 1);
    }
    /* The remainder was doubled once per bit, as the divisor would have had to be halved: it compares with a half. */
    int rest = natural_compare(numerator, denominator);
    bool sticky = numerator->count != 0;
    if (quotient >> 53 != 0) {
        bool half = quotient & 1;
        quotient >>= 1;
        exponent++;
        quotient += half && (sticky || (quotient & 1));
    } else {
        quotient += rest > 0 || (rest == 0 && (quotient & 1));
    }
    double value = (double)quotient;
    for (; exponent > 0; exponent--)
        value *= 2;
    for (; exponent < 0; exponent++)
        value /= 2;
    return value;
}

double tenon_number(tenon_text digits)
{
    static natural numerator, denominator;
    memset(&numerator, 0, sizeof numerator);
    memset(&denominator, 0, sizeof denominator);
    const char *at = digits.data, *end = digits.data + digits.length;
    bool negative = at < end && *at == '-';
    at += negative;
    int exponent = 0, taken = 0;
    bool point = false;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        if (taken < MOST_DIGITS) {
            natural_multiply_add(&numerator, 10, (uint32_t)(*at - '0'));
            taken += numerator.count != 0;
            exponent -= point;
        } else {
            exponent += !point;
        }
    }
    if (at < end) {
        at++;
        bool minus = *at == '-';
        at += *at == '-' || *at == '+';
        int written = 0;
        for (; at < end; at++)
            written = written > 100000 ? written : written * 10 + (*at - '0');
        exponent += minus ? -written : written;
    }
    double value = 0;
    if (numerator.count != 0 && exponent + taken > MOST_EXPONENT) {
        value = __builtin_inf();
    } else if (numerator.count != 0 && exponent + taken > -MOST_EXPONENT) {
        natural_multiply_add(&denominator, 1, 1);
        for (int power = exponent; power > 0; power--)
            natural_multiply_add(&numerator, 10, 0);
        for (int power = exponent; power < 0; power++)
            natural_multiply_add(&denominator, 10, 0);
        value = nearest(&numerator, &denominator);
    }
    return negative ? -value : value;
}
