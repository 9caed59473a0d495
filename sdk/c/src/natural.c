/* Natural numbers of any size. */
#include "natural.h"

void natural_multiply_add(natural *number, uint32_t factor, uint32_t more)
{
    uint64_t carry = more;
    for (size_t i = 0; i < number->count; i++) {
        carry += (uint64_t)number->words[i] * factor;
        number->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0)
        number->words[number->count++] = (uint32_t)carry;
}

void natural_shift_left(natural *number, size_t bits)
{
    for (; bits >= 16; bits -= 16)
        natural_multiply_add(number, 65536, 0);
    natural_multiply_add(number, UINT32_C(1) << bits, 0);
}

int natural_bits_in(const natural *number)
{
    return number->count == 0 ? 0 : (int)(number->count * 32) - __builtin_clz(number->words[number->count - 1]);
}

int natural_compare(const natural *left, const natural *right)
{
    if (left->count != right->count)
        return left->count < right->count ? -1 : 1;
    for (size_t i = left->count; i-- > 0;) {
        if (left->words[i] != right->words[i])
            return left->words[i] < right->words[i] ? -1 : 1;
    }
    return 0;
}

/* The left one is the larger. */
void natural_subtract(natural *left, const natural *right)
{
    int64_t borrow = 0;
    for (size_t i = 0; i < left->count; i++) {
        borrow += (int64_t)left->words[i] - (i < right->count ? right->words[i] : 0);
        left->words[i] = (uint32_t)borrow;
        borrow >>= 32;
    }
    while (left->count != 0 && left->words[left->count - 1] == 0)
        left->count--;
}

void natural_add(natural *left, const natural *right)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < right->count || carry != 0; i++) {
        if (i == left->count)
            left->words[left->count++] = 0;
        carry += (uint64_t)left->words[i] + (i < right->count ? right->words[i] : 0);
        left->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
}
