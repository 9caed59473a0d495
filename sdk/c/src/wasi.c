/* WASI for the C library, over the host's own imports: what is printed is logged, the clock and randomness are the run's,
 * and there are no files, no environment and no network. With these functions linked, a component imports nothing of WASI. */
#ifdef __wasm__

#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* In place of the C library's own, which say nothing, or bring 20 KB of printing along. Weak, since what else is
 * needed of the C library may bring these along. */
__attribute__((__weak__)) void abort(void)
{
    tenon_end("abort() was called");
}

__attribute__((__noreturn__, __weak__)) void __assert_fail(const char *expression, const char *file, int line, const char *function)
{
    tenon_panic_at(file, line, function, "assertion failed: %s", expression);
}

enum { SUCCESS = 0, BAD_DESCRIPTOR = 8, NOT_SUPPORTED = 52, NOT_CAPABLE = 76 };

/* Text that was printed and has no end of line yet. */
enum { LONGEST_LINE = 1024 };

typedef struct {
    char text[LONGEST_LINE];
    size_t length;
    tenon_etl_host_level_t level;
} Stream;

static Stream output = {.level = TENON_ETL_HOST_LEVEL_INFO}, errors = {.level = TENON_ETL_HOST_LEVEL_WARN};

static void log_line(Stream *stream)
{
    transformer_string_t line = {(uint8_t *)stream->text, stream->length};
    /* What was cut may end within a character, which the host would refuse. */
    size_t start = line.len;
    while (start > 0 && line.len - start < 4 && (line.ptr[start - 1] & 0xc0) == 0x80)
        start--;
    if (stream->length == LONGEST_LINE && start > 0 && line.ptr[start - 1] >= 0xc0)
        line.len = start - 1;
    tenon_etl_host_log(stream->level, &line);
    memmove(stream->text, stream->text + line.len, stream->length - line.len);
    stream->length -= line.len;
}

static void log_rest(void)
{
    if (output.length != 0)
        log_line(&output);
    if (errors.length != 0)
        log_line(&errors);
}

static void print(Stream *stream, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            log_line(stream);
            continue;
        }
        if (stream->length == LONGEST_LINE)
            log_line(stream);
        stream->text[stream->length++] = text[i];
    }
    tenon_at_end_of_call = log_rest;
}

typedef struct {
    const char *data;
    size_t length;
} Vector;

int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t descriptor, int32_t vectors, int32_t count, int32_t written)
{
    if (descriptor != 1 && descriptor != 2)
        return BAD_DESCRIPTOR;
    const Vector *vector = (const Vector *)vectors;
    size_t total = 0;
    for (int32_t i = 0; i < count; i++) {
        print(descriptor == 1 ? &output : &errors, vector[i].data, vector[i].length);
        total += vector[i].length;
    }
    *(size_t *)written = total;
    return SUCCESS;
}

int32_t __imported_wasi_snapshot_preview1_fd_fdstat_get(int32_t descriptor, int32_t status)
{
    /* A terminal, which the C library then buffers by lines. */
    enum { SIZE = 24, CHARACTER_DEVICE = 2 };
    if (descriptor < 0 || descriptor > 2)
        return BAD_DESCRIPTOR;
    memset((void *)status, 0, SIZE);
    *(uint8_t *)status = CHARACTER_DEVICE;
    return SUCCESS;
}

int32_t __imported_wasi_snapshot_preview1_fd_read(int32_t descriptor, int32_t vectors, int32_t count, int32_t read)
{
    (void)vectors, (void)count;
    if (descriptor != 0)
        return BAD_DESCRIPTOR;
    *(size_t *)read = 0;
    return SUCCESS;
}

int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t descriptor)
{
    return descriptor >= 0 && descriptor <= 2 ? SUCCESS : BAD_DESCRIPTOR;
}

int32_t __imported_wasi_snapshot_preview1_clock_time_get(int32_t clock, int64_t precision, int32_t time)
{
    (void)clock, (void)precision;
    tenon_etl_host_instant_t now;
    tenon_etl_host_now(&now);
    *(int64_t *)time = now.seconds * 1000000000 + now.nanoseconds;
    return SUCCESS;
}

int32_t __imported_wasi_snapshot_preview1_clock_res_get(int32_t clock, int32_t resolution)
{
    (void)clock;
    *(int64_t *)resolution = 1;
    return SUCCESS;
}

int32_t __imported_wasi_snapshot_preview1_random_get(int32_t bytes, int32_t count)
{
    enum { AT_ONCE = 65536 };
    for (uint32_t done = 0; done < (uint32_t)count;) {
        uint32_t next = (uint32_t)count - done < AT_ONCE ? (uint32_t)count - done : AT_ONCE;
        transformer_list_u8_t drawn;
        tenon_etl_errors_error_t error;
        if (!tenon_etl_host_random(next, &drawn, &error)) {
            tenon_etl_errors_error_free(&error);
            return NOT_SUPPORTED;
        }
        memcpy((char *)bytes + done, drawn.ptr, next);
        transformer_list_u8_free(&drawn);
        done += next;
    }
    return SUCCESS;
}

_Noreturn void __imported_wasi_snapshot_preview1_proc_exit(int32_t code)
{
    tenon_end(tenon_format("exit(%d) was called", (int)code));
}

/* Nothing there: no arguments, no environment. */
#define NONE(function) \
    int32_t __imported_wasi_snapshot_preview1_##function##_sizes_get(int32_t count, int32_t bytes) \
    { \
        *(size_t *)count = *(size_t *)bytes = 0; \
        return SUCCESS; \
    } \
    int32_t __imported_wasi_snapshot_preview1_##function##_get(int32_t list, int32_t bytes) \
    { \
        (void)list, (void)bytes; \
        return SUCCESS; \
    }
NONE(args)
NONE(environ)

int32_t __imported_wasi_snapshot_preview1_sched_yield(void)
{
    return SUCCESS;
}

/* Nothing granted. */
typedef int32_t I;
typedef int64_t L;
#define REFUSED(function, code, ...) \
    int32_t __imported_wasi_snapshot_preview1_##function(__VA_ARGS__) \
    { \
        return code; \
    }
#pragma clang diagnostic ignored "-Wunused-parameter"
REFUSED(fd_prestat_get, BAD_DESCRIPTOR, I a, I b)
REFUSED(fd_prestat_dir_name, BAD_DESCRIPTOR, I a, I b, I c)
REFUSED(fd_seek, NOT_CAPABLE, I a, L b, I c, I d)
REFUSED(fd_tell, NOT_CAPABLE, I a, I b)
REFUSED(fd_advise, NOT_CAPABLE, I a, L b, L c, I d)
REFUSED(fd_allocate, NOT_CAPABLE, I a, L b, L c)
REFUSED(fd_datasync, NOT_CAPABLE, I a)
REFUSED(fd_sync, NOT_CAPABLE, I a)
REFUSED(fd_fdstat_set_flags, NOT_CAPABLE, I a, I b)
REFUSED(fd_fdstat_set_rights, NOT_CAPABLE, I a, L b, L c)
REFUSED(fd_filestat_get, NOT_CAPABLE, I a, I b)
REFUSED(fd_filestat_set_size, NOT_CAPABLE, I a, L b)
REFUSED(fd_filestat_set_times, NOT_CAPABLE, I a, L b, L c, I d)
REFUSED(fd_pread, NOT_CAPABLE, I a, I b, I c, L d, I e)
REFUSED(fd_pwrite, NOT_CAPABLE, I a, I b, I c, L d, I e)
REFUSED(fd_readdir, NOT_CAPABLE, I a, I b, I c, L d, I e)
REFUSED(fd_renumber, NOT_CAPABLE, I a, I b)
REFUSED(path_create_directory, NOT_CAPABLE, I a, I b, I c)
REFUSED(path_filestat_get, NOT_CAPABLE, I a, I b, I c, I d, I e)
REFUSED(path_filestat_set_times, NOT_CAPABLE, I a, I b, I c, I d, L e, L f, I g)
REFUSED(path_link, NOT_CAPABLE, I a, I b, I c, I d, I e, I f, I g)
REFUSED(path_open, NOT_CAPABLE, I a, I b, I c, I d, I e, L f, L g, I h, I i)
REFUSED(path_readlink, NOT_CAPABLE, I a, I b, I c, I d, I e, I f)
REFUSED(path_remove_directory, NOT_CAPABLE, I a, I b, I c)
REFUSED(path_rename, NOT_CAPABLE, I a, I b, I c, I d, I e, I f)
REFUSED(path_symlink, NOT_CAPABLE, I a, I b, I c, I d, I e)
REFUSED(path_unlink_file, NOT_CAPABLE, I a, I b, I c)
REFUSED(poll_oneoff, NOT_SUPPORTED, I a, I b, I c, I d)
REFUSED(sock_accept, NOT_CAPABLE, I a, I b, I c)
REFUSED(sock_recv, NOT_CAPABLE, I a, I b, I c, I d, I e, I f)
REFUSED(sock_send, NOT_CAPABLE, I a, I b, I c, I d, I e)
REFUSED(sock_shutdown, NOT_CAPABLE, I a, I b)

#endif
