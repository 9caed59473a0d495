/* Columns with children: lists, structs, maps. */
#ifndef TENON_NESTED_H
#define TENON_NESTED_H

#include "batch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A child of a column, as a column that every tenon_as_ function takes: the items of a list, a member of a struct, the entries
 * of a map, which are a struct of keys and values. NULL and an error if there is none at the position. */
tenon_column *tenon_child(const tenon_column *column, size_t position);

/* The member of a struct by its name. */
tenon_column *tenon_member(const tenon_column *column, const char *name);

/* A view of a column of lists or maps: which of the items each row has. */
typedef struct tenon_lists {
    const int32_t *offsets;
    const int64_t *large_offsets;
    /* How many items each row has, where there are no offsets. */
    size_t width;
    const uint8_t *validity;
    size_t rows;
    const tenon_field *field;
    /* The items of all rows, one after the other. */
    const tenon_column *items;
} tenon_lists;

/* A view of a column of lists. On an error it has no rows. */
tenon_lists tenon_as_list(const tenon_column *column);

/* Reads a column of lists. */
tenon_lists tenon_read_list(tenon_batch *batch, const char *name);

/* Where a row's items begin among all items. */
static inline size_t tenon_items_from(const tenon_lists *view, size_t row)
{
    if (view->offsets != NULL)
        return (size_t)view->offsets[row];
    return view->large_offsets != NULL ? (size_t)view->large_offsets[row] : row * view->width;
}

/* Where they end. */
static inline size_t tenon_items_to(const tenon_lists *view, size_t row)
{
    return tenon_items_from(view, row + 1);
}

/* A column of lists. (*ends)[row] is to be set to where the row's items end among all items; those of row 0 begin at 0, and
 * every row needs one, null or not. The items are taken as they are. */
tenon_column *tenon_new_list(size_t rows, int32_t **ends, const tenon_column *items);

/* A column of structs with these members, which must all have the same number of rows. */
tenon_column *tenon_new_struct(const tenon_named *members, size_t count);

#ifdef __cplusplus
}
#endif

#endif
