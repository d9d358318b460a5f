/* Makes a program see a smaller CPU, so that a peer without a switch of its own can be measured at
 * the instruction set ours is limited to.
 *
 *     CPU_LIMIT=AVX2 LD_PRELOAD=libcpu-limit.so PROGRAM...
 *
 * Where the processor and Linux can fault on CPUID (arch_prctl(2), ARCH_SET_CPUID), each CPUID of
 * the program raises SIGSEGV; the handler answers with the real leaf less the features above the
 * limit. Feature bits: Intel SDM volume 2A, CPUID, leaf 7. CPU_LIMIT_ACTIVE=1 is put into the
 * environment where that works; elsewhere nothing is done, and the one who measures has to say so.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define BIT(n) (UINT32_C(1) << (n))

enum { ARCH_SET_CPUID_OP = 0x1012, FAULTS = 0, ANSWERS = 1 };

struct registers {
    uint32_t a, b, c, d;
};

/* What is taken away from leaf 7, subleaves 0 and 1. */
struct limit {
    const char *name;
    struct registers leaf7, leaf7_1;
};

/* AVX512-FP16 and AMX (d), AVX512-BF16, AVX-VNNI and AMX-FP16 (a of subleaf 1) go with both. */
#define NEWER_D (BIT(22) | BIT(23) | BIT(24) | BIT(25))
#define NEWER_A (BIT(4) | BIT(5) | BIT(21))
static const struct limit limits[] = {
    { "AVX2",
        { .b = BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31),
            .c = BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14),
            .d = BIT(2) | BIT(3) | BIT(8) | NEWER_D },
        { .a = NEWER_A } },
    { "AVX512_CORE", { .c = BIT(11), .d = NEWER_D }, { .a = NEWER_A } },
};

static const struct limit *limit; // NULL: none

static void set_faulting(int mode)
{
    syscall(SYS_arch_prctl, ARCH_SET_CPUID_OP, mode);
}

static struct registers ask(uint32_t leaf, uint32_t subleaf)
{
    struct registers r = { .a = leaf, .c = subleaf };
    set_faulting(ANSWERS);
    __asm__ volatile("cpuid" : "+a"(r.a), "=b"(r.b), "+c"(r.c), "=d"(r.d));
    set_faulting(FAULTS);
    return r;
}

static void take(struct registers *r, const struct registers *less)
{
    r->a &= ~less->a;
    r->b &= ~less->b;
    r->c &= ~less->c;
    r->d &= ~less->d;
}

static void answer(int number, siginfo_t *info, void *context)
{
    (void)info;
    greg_t *saved = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *code = (const uint8_t *)(uintptr_t)saved[REG_RIP];
    if (code[0] != 0x0f || code[1] != 0xa2) { // not CPUID: a real fault, which now ends the program
        signal(number, SIG_DFL);
        return;
    }
    const uint32_t leaf = (uint32_t)saved[REG_RAX], subleaf = (uint32_t)saved[REG_RCX];
    struct registers r = ask(leaf, subleaf);
    if (leaf == 7 && subleaf <= 1)
        take(&r, subleaf == 0 ? &limit->leaf7 : &limit->leaf7_1);
    saved[REG_RAX] = r.a;
    saved[REG_RBX] = r.b;
    saved[REG_RCX] = r.c;
    saved[REG_RDX] = r.d;
    saved[REG_RIP] += 2;
}

/* The program may want SIGSEGV for itself (Node does); then it does without. */
__attribute__((visibility("default"))) int sigaction(
    int number, const struct sigaction *action, struct sigaction *old)
{
    int (*next)(int, const struct sigaction *, struct sigaction *);
    *(void **)&next = dlsym(RTLD_NEXT, "sigaction");
    if (!limit || number != SIGSEGV || !action || action->sa_sigaction == answer)
        return next(number, action, old);
    if (old)
        memset(old, 0, sizeof *old);
    return 0;
}

__attribute__((constructor)) static void start(void)
{
    const char *name = getenv("CPU_LIMIT");
    for (size_t i = 0; name && i < sizeof limits / sizeof limits[0]; i++)
        if (strcmp(name, limits[i].name) == 0)
            limit = &limits[i];
    const struct sigaction action = { .sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER };
    if (!limit || sigaction(SIGSEGV, &action, NULL) != 0)
        return;
    if (syscall(SYS_arch_prctl, ARCH_SET_CPUID_OP, FAULTS) == 0)
        setenv("CPU_LIMIT_ACTIVE", "1", 1);
    else
        limit = NULL;
}
