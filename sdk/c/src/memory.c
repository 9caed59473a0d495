/* Memory: everything belongs to an owner, a call or the sandbox's session, and goes with it. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Before each piece of memory; as large as malloc aligns. */
typedef struct tenon_block {
    struct tenon_block *next;
    struct tenon_block *previous;
    tenon_owner *owner;
} tenon_block;

enum { HEADER = (sizeof(tenon_block) + 15) / 16 * 16 };

/* What is allocated outside any call, by constructors and tests, stays. */
static tenon_owner outermost;
static tenon_owner *now = &outermost;

tenon_owner *tenon_owner_now(void)
{
    return now;
}

void tenon_owner_begin(tenon_owner *owner)
{
    owner->outer = now;
    now = owner;
}

void tenon_owner_suspend(tenon_owner *owner)
{
    now = owner->outer;
}

void tenon_owner_free(tenon_owner *owner)
{
    while (owner->batches != NULL)
        tenon_release(owner->batches);
    while (owner->blocks != NULL) {
        tenon_block *block = owner->blocks;
        owner->blocks = block->next;
        free(block);
    }
    for (size_t i = 0; i < owner->adopted_count; i++)
        free(owner->adopted[i]);
    free(owner->adopted);
    owner->adopted = NULL;
    owner->adopted_count = owner->adopted_capacity = 0;
}

void *tenon_must_malloc(size_t bytes)
{
    void *memory = malloc(bytes);
    if (memory == NULL)
        tenon_out_of_memory(bytes);
    return memory;
}

void tenon_adopt(void *memory)
{
    if (now->adopted_count == now->adopted_capacity) {
        size_t capacity = now->adopted_capacity * 2 + 16;
        void **adopted = realloc(now->adopted, capacity * sizeof(void *));
        if (adopted == NULL)
            tenon_out_of_memory(capacity * sizeof(void *));
        now->adopted = adopted;
        now->adopted_capacity = capacity;
    }
    now->adopted[now->adopted_count++] = memory;
}

static void *owned(tenon_block *block, tenon_owner *owner)
{
    block->owner = owner;
    block->previous = NULL;
    block->next = owner->blocks;
    if (block->next != NULL)
        block->next->previous = block;
    owner->blocks = block;
    return (char *)block + HEADER;
}

void *tenon_alloc(size_t bytes)
{
    if (bytes > SIZE_MAX - HEADER)
        tenon_out_of_memory(bytes);
    tenon_block *block = calloc(1, bytes + HEADER);
    if (block == NULL)
        tenon_out_of_memory(bytes);
    return owned(block, now);
}

void *tenon_alloc_array(size_t count, size_t bytes_each)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, bytes_each, &bytes))
        tenon_out_of_memory(SIZE_MAX);
    return tenon_alloc(bytes);
}

void *tenon_grow(void *memory, size_t bytes)
{
    if (bytes > SIZE_MAX - HEADER)
        tenon_out_of_memory(bytes);
    if (memory == NULL)
        return owned(tenon_must_malloc(bytes + HEADER), now);
    tenon_block *block = (tenon_block *)((char *)memory - HEADER);
    /* It may move, and its neighbours refer to it: it leaves the list, and joins it again. */
    if (block->next != NULL)
        block->next->previous = block->previous;
    if (block->previous != NULL)
        block->previous->next = block->next;
    else
        block->owner->blocks = block->next;
    block = realloc(block, bytes + HEADER);
    if (block == NULL)
        tenon_out_of_memory(bytes);
    return owned(block, block->owner);
}

tenon_text tenon_text_of(const char *terminated)
{
    tenon_text text = {terminated, terminated == NULL ? 0 : strlen(terminated)};
    return text;
}

bool tenon_text_equals(tenon_text left, tenon_text right)
{
    return left.length == right.length && (left.length == 0 || memcmp(left.data, right.data, left.length) == 0);
}

bool tenon_text_is(tenon_text text, const char *terminated)
{
    return tenon_text_equals(text, tenon_text_of(terminated));
}

tenon_text tenon_copy_text(const char *data, size_t length)
{
    char *copy = tenon_alloc(length + 1);
    if (length != 0)
        memcpy(copy, data, length);
    tenon_text text = {copy, length};
    return text;
}
