/* Texts as a dictionary. */
#include <string.h>

#include "strings.h"

/* Which texts were seen already: open addressing over positions in the values, plus one. */
typedef struct {
    uint32_t *slots;
    size_t mask;
} Seen;

static tenon_text row_text(const tenon_text_builder *builder, size_t row)
{
    size_t start = (size_t)builder->offsets[row];
    tenon_text text = {builder->data + start, (size_t)builder->offsets[row + 1] - start};
    return text;
}

static uint32_t hash(tenon_text text)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < text.length; i++)
        hash = (hash ^ (uint8_t)text.data[i]) * 16777619u;
    return hash;
}

/* The position of a text in the values, to which it is added if it is new. */
static uint32_t position_of(Seen *seen, tenon_text_builder *values, tenon_text text)
{
    for (size_t slot = hash(text) & seen->mask;; slot = (slot + 1) & seen->mask) {
        if (seen->slots[slot] == 0) {
            tenon_push_text(values, text);
            seen->slots[slot] = (uint32_t)values->rows;
        }
        uint32_t position = seen->slots[slot] - 1;
        if (tenon_text_equals(row_text(values, position), text))
            return position;
    }
}

static bool store(void *indices, size_t width, bool is_signed, size_t row, uint32_t position)
{
    uint64_t most = width == 8 ? UINT32_MAX : (UINT64_C(1) << (width * 8 - is_signed)) - 1;
    if (position > most)
        return false;
    uint64_t index = position;
    memcpy((char *)indices + row * width, &index, width);
    return true;
}

tenon_column *tenon_dictionary(tenon_text_builder *builder, const tenon_field *field)
{
    void *indices;
    tenon_column *keys = tenon_new_fixed(field->format.data, builder->rows, &indices);
    size_t width = tenon_width_of(field);
    bool is_signed = strchr("csil", field->format.data[0]) != NULL;
    Seen seen = {NULL, 15};
    while (seen.mask < builder->rows * 2)
        seen.mask = seen.mask * 2 + 1;
    seen.slots = tenon_alloc_array(seen.mask + 1, sizeof *seen.slots);
    tenon_text_builder *values = tenon_build_text(16);
    for (size_t row = 0; row < builder->rows; row++) {
        if (builder->valid != NULL && !builder->valid[row]) {
            tenon_set_null(keys, row);
            continue;
        }
        uint32_t position = position_of(&seen, values, row_text(builder, row));
        if (!store(indices, width, is_signed, row, position)) {
            tenon_fail(TENON_BAD_DATA, "column `%s` has more different values than its dictionary's indices can tell apart",
                field->name.data);
            return NULL;
        }
    }
    tenon_column *texts = tenon_strings_layout(values, field + 1);
    if (texts == NULL)
        return NULL;
    tenon_column *column = tenon_alloc(sizeof *column);
    column->field = field;
    column->node_count = 2;
    column->nodes = tenon_alloc_array(2, sizeof(tenon_node));
    column->nodes[0] = keys->nodes[0];
    column->nodes[1] = texts->nodes[0];
    column->buffer_count = 2 + texts->buffer_count;
    column->buffers = tenon_alloc_array(column->buffer_count, sizeof(tenon_buffer));
    memcpy(column->buffers, keys->buffers, 2 * sizeof(tenon_buffer));
    memcpy(column->buffers + 2, texts->buffers, texts->buffer_count * sizeof(tenon_buffer));
    return column;
}
