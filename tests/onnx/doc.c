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

/* What the operator's own cases need as constants. */
static const char *name_constness(const struct suite_case *cases, size_t n_cases, const char *op)
{
    static const char *const names[N_CONSTNESS] = { "", "all but the first", "all" };
    enum constness most = CONST_NONE;
    for (size_t i = 0; i < n_cases; i++)
        if (cases[i].outcome == OUTCOME_PASS && cases[i].n_ops == 1 && case_has_op(&cases[i], op) &&
            cases[i].constness > most)
            most = cases[i].constness;
    return names[most];
}

static void write_operators(FILE *to, const struct suite_case *cases, size_t n_cases)
{
    fprintf(to, "| Operator | Operator sets | Constant inputs | Passed | Skipped |\n"
                "|---|---|---|---|---|\n");
    for (size_t i = 0; mface_op_at(i); i++) {
        const char *name = mface_op_at(i)->name;
        int n[N_OUTCOMES];
        if (is_repeated(i) || mface_op_at(i)->domain)
            continue;
        count(cases, n_cases, name, n);
        fprintf(to, "| %s | ", name);
        print_opsets(to, name);
        fprintf(to, " | %s | %d | %d |\n", name_constness(cases, n_cases, name), n[OUTCOME_PASS],
            n[OUTCOME_SKIP]);
    }
}

void suite_write_doc(FILE *to, const struct suite_case *cases, size_t n_cases)
{
    fprintf(to,
        "# Operators\n"
        "\n"
        "The ONNX operators memoface runs and the operator sets it takes them from. *Constant\n"
        "inputs* must be known when a model is compiled, because shapes depend on them (or on\n"
        "some of them): initialisers, results of constant nodes, or whatever follows from the\n"
        "shapes of other tensors. *Passed* and *skipped* count the cases of the ONNX backend\n"
        "node suite (1.12, %zu cases) in whose models the operator occurs, where every operator\n"
        "of the model is listed here; none fails. Types are f32 throughout, and f64, i64, i32,\n"
        "i8, u8 and bool where shape arithmetic or moving data asks for them; f16 is widened to "
        "f32.\n"
        "\n"
        "This page is generated: `node-suite --doc docs/operators.md`.\n"
        "\n",
        n_cases);
    write_operators(to, cases, n_cases);
    fprintf(to, "\n## Skipped cases\n\n"
                "| Case | Reason |\n|---|---|\n");
    for (size_t i = 0; i < n_cases; i++)
        if (cases[i].outcome == OUTCOME_SKIP)
            fprintf(to, "| %s | %s |\n", cases[i].name, cases[i].note);
}
