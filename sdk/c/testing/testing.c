/* Calls a function as the host does, and makes batches for tests. */
#include <math.h>
#include <stdlib.h>

#include <tenon/strings.h>

#include "host.h"

void tenon_test_reset(void)
{
    tenon_forgive();
    tenon_programs_reset();
    host_services_reset();
    host_frames_reset();
}

const tenon_schema *tenon_test_open(const char *function, const char *config, tenon_batch *like)
{
    if (like == NULL)
        return NULL;
    transformer_string_t name = tenon_string_given(function), text = tenon_string_given(config);
    tenon_etl_arrow_schema_t input = tenon_schema_given(tenon_schema_of(like)), output;
    tenon_etl_errors_error_t error;
    if (exports_tenon_etl_transform_open(&name, &text, &input, &output, &error))
        return tenon_schema_from_wire(&output);
    tenon_fail_host(&error);
    return NULL;
}

static tenon_output *received(bool answered, exports_tenon_etl_transform_output_t *wire, tenon_etl_errors_error_t *error)
{
    if (!answered) {
        tenon_fail_host(error);
        return NULL;
    }
    tenon_output *output = tenon_alloc(sizeof *output);
    output->batch_count = wire->batches.len;
    output->batches = tenon_alloc_array(wire->batches.len, sizeof *output->batches);
    for (size_t i = 0; i < wire->batches.len; i++)
        output->batches[i] = tenon_adopt_batch(wire->batches.ptr[i], NULL);
    free(wire->batches.ptr);
    tenon_rejected *rejected = tenon_alloc_array(wire->rejected.len, sizeof *rejected);
    for (size_t i = 0; i < wire->rejected.len; i++) {
        transformer_string_t *reason = &wire->rejected.ptr[i].reason;
        rejected[i].row = wire->rejected.ptr[i].row;
        rejected[i].reason = tenon_copy_text((const char *)reason->ptr, reason->len).data;
        transformer_string_free(reason);
    }
    free(wire->rejected.ptr);
    output->rejected = rejected;
    output->rejected_count = wire->rejected.len;
    return output;
}

tenon_output *tenon_test_process(tenon_batch *batch)
{
    if (batch == NULL)
        return NULL;
    exports_tenon_etl_transform_output_t output = {0};
    tenon_etl_errors_error_t error;
    tenon_etl_batches_own_batch_t input = tenon_etl_batches_method_batch_share(tenon_lend_handle(batch));
    return received(exports_tenon_etl_transform_process(input, &output, &error), &output, &error);
}

tenon_output *tenon_test_finish(void)
{
    exports_tenon_etl_transform_output_t output = {0};
    tenon_etl_errors_error_t error;
    return received(exports_tenon_etl_transform_finish(&output, &error), &output, &error);
}

tenon_output *tenon_test_run(const char *function, const char *config, tenon_batch *batch)
{
    if (tenon_test_open(function, config, batch) == NULL)
        return NULL;
    tenon_output *output = tenon_test_process(batch);
    if (output == NULL)
        return NULL;
    tenon_output *last = tenon_test_finish();
    if (last == NULL)
        return NULL;
    tenon_batch **batches = tenon_alloc_array(output->batch_count + last->batch_count, sizeof *batches);
    for (size_t i = 0; i < output->batch_count; i++)
        batches[i] = output->batches[i];
    for (size_t i = 0; i < last->batch_count; i++)
        batches[output->batch_count + i] = last->batches[i];
    output->batches = batches;
    output->batch_count += last->batch_count;
    return output;
}

const char *tenon_test_config_schema(const char *function)
{
    exports_tenon_etl_transform_list_function_t functions;
    exports_tenon_etl_transform_describe(&functions);
    for (size_t i = 0; i < functions.len; i++) {
        transformer_string_t name = functions.ptr[i].name, config = functions.ptr[i].config;
        tenon_text found = {(const char *)name.ptr, name.len};
        if (tenon_text_is(found, function))
            return tenon_copy_text((const char *)config.ptr, config.len).data;
    }
    return NULL;
}

void tenon_test_answer(tenon_batch *batch)
{
    host_add_answer(tenon_etl_batches_method_batch_share(tenon_lend_handle(batch)).__handle);
}

tenon_batch *tenon_test_batch(size_t count, ...)
{
    tenon_named *columns = tenon_alloc_array(count, sizeof *columns);
    va_list arguments;
    va_start(arguments, count);
    for (size_t i = 0; i < count; i++) {
        columns[i].name = va_arg(arguments, const char *);
        columns[i].column = va_arg(arguments, tenon_column *);
    }
    va_end(arguments);
    return tenon_batch_of(columns, count);
}

tenon_column *tenon_test_int64_column(size_t count, const int64_t *values)
{
    int64_t *copies;
    tenon_column *column = tenon_new_int64(count, &copies);
    for (size_t row = 0; row < count; row++) {
        if (values[row] == TENON_NULL)
            tenon_set_null(column, row);
        else
            copies[row] = values[row];
    }
    return column;
}

tenon_column *tenon_test_float64_column(size_t count, const double *values)
{
    double *copies;
    tenon_column *column = tenon_new_float64(count, &copies);
    for (size_t row = 0; row < count; row++) {
        if (isnan(values[row]))
            tenon_set_null(column, row);
        else
            copies[row] = values[row];
    }
    return column;
}

tenon_column *tenon_test_text_column(size_t count, const char *const *values)
{
    tenon_text_builder *texts = tenon_build_text(count);
    for (size_t row = 0; row < count; row++)
        tenon_push(texts, values[row]);
    return tenon_text_column(texts);
}
