/* The configuration of a function, as a struct. */
#ifndef TENON_CONFIG_H
#define TENON_CONFIG_H

#include "memory.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a key holds. Told from the type of the struct's member. */
typedef enum tenon_key_type {
    /* const char * */
    TENON_KEY_TEXT,
    /* int64_t */
    TENON_KEY_INTEGER,
    /* double */
    TENON_KEY_NUMBER,
    /* bool */
    TENON_KEY_FLAG,
    /* tenon_text_list */
    TENON_KEY_TEXTS,
    /* tenon_integer_list */
    TENON_KEY_INTEGERS,
    /* tenon_number_list */
    TENON_KEY_NUMBERS,
} tenon_key_type;

/* A list of integers. */
typedef struct tenon_integer_list {
    const int64_t *items;
    size_t count;
} tenon_integer_list;

/* A list of numbers. */
typedef struct tenon_number_list {
    const double *items;
    size_t count;
} tenon_number_list;

/* One key of a configuration. */
typedef struct tenon_key {
    const char *name;
    tenon_key_type type;
    size_t offset;
    /* What it means, for people. */
    const char *doc;
    /* JSON of what it is where it is not given; required without. */
    const char *otherwise;
} tenon_key;

/* The keys of a configuration: TENON_CONFIG(Mask, TENON_KEY(Mask, column, "The column to mask.")). */
#define TENON_CONFIG(Config, ...) \
    static const tenon_key tenon_keys_of_##Config[] = {__VA_ARGS__}; \
    enum { tenon_key_count_of_##Config = sizeof(tenon_keys_of_##Config) / sizeof(tenon_key) };

/* A key that is the member of this name: TENON_KEY(Mask, keep, "How many characters to keep.", .otherwise = "4"). The
 * struct's members are const char *, int64_t, double, bool, tenon_text_list, tenon_integer_list or tenon_number_list. */
#define TENON_KEY(Config, member, documentation, ...) \
    { \
        .name = #member, .type = TENON_KEY_TYPE(Config, member), .offset = offsetof(Config, member), \
        .doc = documentation __VA_OPT__(, ) __VA_ARGS__ \
    }

/* The configuration of a function that takes none. */
typedef struct tenon_no_config {
    char nothing;
} tenon_no_config;

static const tenon_key *const tenon_keys_of_tenon_no_config __attribute__((__unused__)) = NULL;
enum { tenon_key_count_of_tenon_no_config = 0 };

#ifdef __cplusplus
}

constexpr tenon_key_type tenon_key_type_of(const char *const *) { return TENON_KEY_TEXT; }
constexpr tenon_key_type tenon_key_type_of(const int64_t *) { return TENON_KEY_INTEGER; }
constexpr tenon_key_type tenon_key_type_of(const double *) { return TENON_KEY_NUMBER; }
constexpr tenon_key_type tenon_key_type_of(const bool *) { return TENON_KEY_FLAG; }
constexpr tenon_key_type tenon_key_type_of(const tenon_text_list *) { return TENON_KEY_TEXTS; }
constexpr tenon_key_type tenon_key_type_of(const tenon_integer_list *) { return TENON_KEY_INTEGERS; }
constexpr tenon_key_type tenon_key_type_of(const tenon_number_list *) { return TENON_KEY_NUMBERS; }
#define TENON_KEY_TYPE(Config, member) tenon_key_type_of((decltype(Config::member) *)nullptr)
#else
#define TENON_KEY_TYPE(Config, member) \
    _Generic(((Config *)0)->member, const char *: TENON_KEY_TEXT, int64_t: TENON_KEY_INTEGER, double: TENON_KEY_NUMBER, \
        bool: TENON_KEY_FLAG, tenon_text_list: TENON_KEY_TEXTS, tenon_integer_list: TENON_KEY_INTEGERS, \
        tenon_number_list: TENON_KEY_NUMBERS)
#endif

#endif
