/* node-suite [--doc FILE | --check FILE] [FOLDER]: runs the ONNX backend node tests.
 *
 * Prints each failure, counts per operator, and `N passed, N failed, N skipped`. --doc writes the
 * list of operators to FILE, --check fails unless FILE is what --doc would write. Exit status: 0,
 * 1 after failures, 77 when the data is not there. */
#include "base/mem.h"
#include "onnx/op.h"
#include "suite.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static const char default_folder[] = "/usr/share/libonnx-testdata/data/node"; // of Debian
enum { CASES_MAX = 4096, EXIT_SKIPPED = 77 };

void *suite_read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *data = mface_mem_calloc(*size + 1, 1);
    if (data && fread(data, 1, *size, file) != *size) {
        mface_mem_free(data);
        data = NULL;
    }
    fclose(file);
    return data;
}

static int is_case(const struct dirent *entry)
{
    return strncmp(entry->d_name, "test_", 5) == 0;
}

static size_t run_folder(const char *folder, struct suite_case *cases)
{
    struct dirent **entries;
    const int n = scandir(folder, &entries, is_case, alphasort);
    size_t n_cases = 0;
    for (int i = 0; i < n; i++) {
        if (n_cases < CASES_MAX) {
            struct suite_case *c = &cases[n_cases++];
            char path[1024];
            snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
            snprintf(c->name, sizeof c->name, "%s", entries[i]->d_name);
            suite_case_run(path, c);
        }
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return n_cases;
}

static void print_operators(const struct suite_case *cases, size_t n_cases)
{
    for (size_t k = 0; mface_op_at(k); k++) {
        int n[N_OUTCOMES] = { 0 };
        for (size_t i = 0; i < n_cases; i++)
            for (int j = 0; j < cases[i].n_ops; j++)
                n[cases[i].outcome] += strcmp(cases[i].ops[j], mface_op_at(k)->name) == 0;
        printf("%-28s %3d passed, %d failed, %d skipped\n", mface_op_at(k)->name, n[OUTCOME_PASS],
            n[OUTCOME_FAIL], n[OUTCOME_SKIP]);
    }
}

/* Prints the findings; returns the number of failures. */
static int report(const struct suite_case *cases, size_t n_cases)
{
    int n[N_OUTCOMES] = { 0 };
    print_operators(cases, n_cases);
    for (size_t i = 0; i < n_cases; i++) {
        const struct suite_case *c = &cases[i];
        n[c->outcome]++;
        if (c->outcome == OUTCOME_FAIL || c->outcome == OUTCOME_SKIP)
            printf("%s %s (%s): %s\n", c->outcome == OUTCOME_FAIL ? "FAILED" : "skipped", c->name,
                c->n_ops ? c->ops[0] : "no operator", c->note);
    }
    printf("%d cases have operators that memoface does not claim\n", n[OUTCOME_FOREIGN]);
    printf("%d passed, %d failed, %d skipped\n", n[OUTCOME_PASS], n[OUTCOME_FAIL], n[OUTCOME_SKIP]);
    return n[OUTCOME_FAIL];
}

static bool write_doc(const char *path, const struct suite_case *cases, size_t n_cases)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    suite_write_doc(file, cases, n_cases);
    return fclose(file) == 0;
}

static bool check_doc(const char *path, const struct suite_case *cases, size_t n_cases)
{
    if (n_cases != SUITE_CASES) {
        printf("%s is not checked: it reports another edition of the suite\n", path);
        return true;
    }
    char *wanted = NULL;
    size_t wanted_size = 0, size = 0;
    FILE *memory = open_memstream(&wanted, &wanted_size);
    if (!memory)
        return false;
    suite_write_doc(memory, cases, n_cases);
    fclose(memory);
    char *found = suite_read_file(path, &size);
    const bool same = found && size == wanted_size && memcmp(found, wanted, size) == 0;
    if (!same)
        printf("%s is out of date: run node-suite --doc on it\n", path);
    mface_mem_free(found);
    free(wanted);
    return same;
}

int main(int argc, char **argv)
{
    const char *folder = default_folder, *doc = NULL, *check = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--doc") == 0 && i + 1 < argc)
            doc = argv[++i];
        else if (strcmp(argv[i], "--check") == 0 && i + 1 < argc)
            check = argv[++i];
        else
            folder = argv[i];
    }
    struct suite_case *cases = mface_mem_calloc(CASES_MAX, sizeof *cases);
    const size_t n_cases = cases ? run_folder(folder, cases) : 0;
    if (n_cases == 0) {
        printf("skipped: no cases in %s (Debian: package libonnx-testdata)\n", folder);
        mface_mem_free(cases);
        return EXIT_SKIPPED;
    }
    bool good = report(cases, n_cases) == 0;
    if (doc)
        good &= write_doc(doc, cases, n_cases);
    if (check)
        good &= check_doc(check, cases, n_cases);
    mface_mem_free(cases);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
