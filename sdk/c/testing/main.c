/* Runs the tests of a program. */
#include <stdio.h>
#include <string.h>

#include "host.h"

static tenon_test *tests;
static bool has_failed;

void tenon_test_register(tenon_test *test)
{
    tenon_test **link = &tests;
    while (*link != NULL)
        link = &(*link)->next;
    *link = test;
}

void tenon_test_fail(const char *file, int line, const char *what)
{
    has_failed = true;
    printf("    %s:%d: %s", file, line, what);
    if (tenon_failed())
        printf("; the call failed: %s", tenon_failed_message());
    printf("\n");
}

/* Runs all tests, or those whose names contain the first argument. */
int main(int count, char **arguments)
{
    int run = 0, failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (const tenon_test *test = tests; test != NULL; test = test->next) {
        if (count > 1 && strstr(test->name, arguments[1]) == NULL)
            continue;
        tenon_test_reset();
        has_failed = false;
        test->run();
        run++;
        failed += has_failed;
        printf("%s %s\n", has_failed ? "FAILED" : "ok    ", test->name);
    }
    printf("%d tests, %d failed\n", run, failed);
    return failed != 0;
}
