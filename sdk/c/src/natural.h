/* Natural numbers of any size, for numbers in texts. */
#ifndef TENON_NATURAL_H
#define TENON_NATURAL_H

#include "internal.h"

/* Enough for the digits of any double, and what they are divided by. */
enum { NATURAL_WORDS = 160 };

/* 32 bits a word, the least first; the last is not 0. */
typedef struct {
    uint32_t words[NATURAL_WORDS];
    size_t count;
} natural;

/* number = number * factor + more */
void natural_multiply_add(natural *number, uint32_t factor, uint32_t more);
void natural_shift_left(natural *number, size_t bits);
/* Bits up to the highest that is set. */
int natural_bits_in(const natural *number);
/* Below, at, or above 0 as the left one is less, equal or more. */
int natural_compare(const natural *left, const natural *right);
/* left = left - right, which must not be more. */
void natural_subtract(natural *left, const natural *right);
/* left = left + right */
void natural_add(natural *left, const natural *right);

#endif
