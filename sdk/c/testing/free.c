/* What the bindings free, as they do in a sandbox. */
#include <stdlib.h>

#include "host.h"

void transformer_string_free(transformer_string_t *text)
{
    if (text->len != 0)
        free(text->ptr);
    text->ptr = NULL;
    text->len = 0;
}

void transformer_list_u8_free(transformer_list_u8_t *bytes)
{
    free(bytes->ptr);
    bytes->ptr = NULL;
    bytes->len = 0;
}

void tenon_etl_arrow_schema_free(tenon_etl_arrow_schema_t *schema)
{
    for (size_t i = 0; i < schema->len; i++) {
        tenon_etl_arrow_field_t *field = &schema->ptr[i];
        transformer_string_free(&field->name);
        transformer_string_free(&field->format);
        for (size_t pair = 0; pair < field->metadata.len; pair++) {
            transformer_string_free(&field->metadata.ptr[pair].f0);
            transformer_string_free(&field->metadata.ptr[pair].f1);
        }
        free(field->metadata.ptr);
    }
    free(schema->ptr);
}

void tenon_etl_errors_error_free(tenon_etl_errors_error_t *error)
{
    transformer_string_free(&error->message);
    for (size_t i = 0; i < error->context.len; i++)
        transformer_string_free(&error->context.ptr[i]);
    free(error->context.ptr);
}
