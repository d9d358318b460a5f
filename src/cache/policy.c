/* The policies by name; the first is the default. */
#include "cache/policy.h"

#include <string.h>

static const struct cache_policy_ops *const policies[] = {
    &cache_policy_smart,
    &cache_policy_lru,
    &cache_policy_s3fifo,
    &cache_policy_sieve,
};

const struct cache_policy_ops *cache_policy_find(const char *name)
{
    if (!name)
        return policies[0];
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++)
        if (strcmp(policies[i]->name, name) == 0)
            return policies[i];
    return NULL;
}
