/* What the parts that make columns have of each other. */
#ifndef TENON_INTERNAL_STRINGS_H
#define TENON_INTERNAL_STRINGS_H

#include <tenon/strings.h>

#include "internal.h"

/* A column without children: its values are to be filled in. */
tenon_column *tenon_new_leaf(const char *format, size_t rows, size_t buffers);
/* The error of a view that doesn't fit the column. */
void tenon_fail_type(const tenon_field *field, tenon_type wanted);
/* What was collected in the layout of a field that is no dictionary. */
tenon_column *tenon_strings_layout(tenon_text_builder *builder, const tenon_field *field);
/* What was collected as a dictionary: each text once, and which of them each row has. */
tenon_column *tenon_dictionary(tenon_text_builder *builder, const tenon_field *field);

#endif
