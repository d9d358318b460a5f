/* docs/operators.md: what memoface claims, and how the suite's cases of each operator went. */
#include "onnx/op.h"
#include "suite.h"

#include <string.h>

static bool case_has_op(const struct suite_case *c, const char *op)
{
    for (int i = 0; i < c->n_ops; i++)
        if (strcmp(c->ops[i], op) == 0)
            return true;
    return false;
}

static void count(const struct suite_case *cases, size_t n_cases, const char *op, int n[N_OUTCOMES])
{
    memset(n, 0, N_OUTCOMES * sizeof *n);
    for (size_t i = 0; i < n_cases; i++)
        n[cases[i].outcome] += case_has_op(&cases[i], op);
}

/* The first of several descriptors of one operator speaks for all. */
static bool is_repeated(size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(mface_op_at(i)->name, mface_op_at(at)->name) == 0)
            return true;
    return false;
}

static void print_opsets(FILE *to, const char *name)
{
    int first = 0, last = 0;
    bool any = false, open = false;
    for (size_t i = 0; mface_op_at(i); i++) {
        const struct mface_op *op = mface_op_at(i);
        if (strcmp(op->name, name) != 0)
            continue;
        first = !any || op->opset_min < first ? op->opset_min : first;
        last = op->opset_max > last ? op->opset_max : last;
        open |= op->opset_max == 0;
        any = true;
    }
    if (open)
        fprintf(to, "%d and later", first ? first : 1);
    else
        fprintf(to, "%d to %d", first ? first : 1, last);
}

void suite_write_doc(FILE *to, const struct suite_case *cases, size_t n_cases)
{
    fprintf(to,
        "# Operators\n"
        "\n"
        "The ONNX operators memoface runs, the operator sets it takes them from, and how many\n"
        "cases of the ONNX backend node suite (1.12) with that operator pass or are skipped. A\n"
        "case counts for every operator in its model; 0 means that the suite has no case whose\n"
        "operators are all listed here, and unit tests cover it instead. This page is generated:\n"
        "`node-suite --doc docs/operators.md`.\n"
        "\n"
        "| Operator | Operator sets | Passed | Skipped |\n"
        "|---|---|---|---|\n");
    for (size_t i = 0; mface_op_at(i); i++) {
        const char *name = mface_op_at(i)->name;
        int n[N_OUTCOMES];
        if (is_repeated(i) || mface_op_at(i)->domain)
            continue;
        count(cases, n_cases, name, n);
        fprintf(to, "| %s | ", name);
        print_opsets(to, name);
        fprintf(to, " | %d | %d |\n", n[OUTCOME_PASS], n[OUTCOME_SKIP]);
    }
    fprintf(to, "\n## Skipped cases\n\n"
                "| Case | Reason |\n|---|---|\n");
    for (size_t i = 0; i < n_cases; i++)
        if (cases[i].outcome == OUTCOME_SKIP)
            fprintf(to, "| %s | %s |\n", cases[i].name, cases[i].note);
}
