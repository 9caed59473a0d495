/* The shortest digits that mean a double and no other (Steele and White). */
#include <string.h>

#include "natural.h"

enum { FRACTION_BITS = 52, LEAST_EXPONENT = -1074 };

/* value = rest / unit; what lies closer to it than above / unit and below / unit is read as it. */
typedef struct {
    natural rest;
    natural unit;
    natural above;
    natural below;
    /* Whether what lies exactly in the middle is read as it too. */
    bool even;
} state;

static void set(natural *number, uint64_t value, size_t shift)
{
    memset(number, 0, sizeof *number);
    natural_multiply_add(number, 0, (uint32_t)(value >> 32));
    natural_shift_left(number, 32);
    natural_multiply_add(number, 1, (uint32_t)value);
    natural_shift_left(number, shift);
}

static void start(state *state, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
    int biased = (int)(bits >> FRACTION_BITS) & 0x7ff;
    int exponent = LEAST_EXPONENT + (biased == 0 ? 0 : biased - 1);
    /* Below a power of two, doubles lie twice as close. */
    bool lopsided = fraction == 0 && biased > 1;
    if (biased != 0)
        fraction |= UINT64_C(1) << FRACTION_BITS;
    size_t up = exponent > 0 ? (size_t)exponent : 0, down = exponent < 0 ? (size_t)-exponent : 0;
    set(&state->rest, fraction, up + 1 + lopsided);
    set(&state->unit, 1, down + 1 + lopsided);
    set(&state->above, 1, up + lopsided);
    set(&state->below, 1, up);
    state->even = fraction % 2 == 0;
}

/* Whether what can be read as the value reaches up to one unit. */
static bool reaches_unit(const state *state)
{
    natural highest = state->rest;
    natural_add(&highest, &state->above);
    int order = natural_compare(&highest, &state->unit);
    return state->even ? order >= 0 : order > 0;
}

static void times_ten(state *state)
{
    natural_multiply_add(&state->rest, 10, 0);
    natural_multiply_add(&state->above, 10, 0);
    natural_multiply_add(&state->below, 10, 0);
}

size_t tenon_digits(double value, char *digits, int *power)
{
    state state;
    start(&state, value);
    *power = 0;
    while (reaches_unit(&state)) {
        natural_multiply_add(&state.unit, 10, 0);
        ++*power;
    }
    for (;;) {
        times_ten(&state);
        if (reaches_unit(&state))
            break;
        --*power;
    }
    /* The first digit stands for 10 to the power. */
    --*power;
    for (size_t count = 0;; times_ten(&state)) {
        char digit = '0';
        for (; natural_compare(&state.rest, &state.unit) >= 0; digit++)
            natural_subtract(&state.rest, &state.unit);
        int to_below = natural_compare(&state.rest, &state.below);
        bool low = state.even ? to_below <= 0 : to_below < 0;
        bool high = reaches_unit(&state);
        if (!low && !high) {
            digits[count++] = digit;
            continue;
        }
        natural doubled = state.rest;
        natural_shift_left(&doubled, 1);
        bool nearer_above = natural_compare(&doubled, &state.unit) >= 0;
        digits[count++] = (char)(digit + (high && (!low || nearer_above)));
        return count;
    }
}
