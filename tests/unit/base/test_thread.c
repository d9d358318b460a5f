#include "base/thread.h"

#include "../cmocka_all.h"

#include <pthread.h>
#include <stdatomic.h>

struct tally {
    struct mface_pool *pool;
    atomic_int n_runs, seen_workers;
};

static void count_run(void *arg, int worker)
{
    struct tally *tally = arg;
    atomic_fetch_add(&tally->n_runs, 1);
    atomic_fetch_or(&tally->seen_workers, 1 << worker);
}

static void resubmit(void *arg, int worker)
{
    struct tally *tally = arg;
    count_run(arg, worker);
    assert_int_equal(mface_pool_submit(tally->pool, count_run, tally), MFACE_OK);
}

static void test_pool_runs_everything(void **state)
{
    (void)state;
    struct tally tally = { 0 };
    assert_int_equal(mface_pool_create("test", 3, &tally.pool), MFACE_OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(mface_pool_submit(tally.pool, resubmit, &tally), MFACE_OK);
    mface_pool_free(&tally.pool);
    assert_null(tally.pool);
    assert_int_equal(tally.n_runs, 2000);
    assert_int_equal(tally.seen_workers & ~7, 0);
}

enum { N_ITEMS = 20000 };

static void *push_all(void *arg)
{
    for (uintptr_t i = 1; i <= N_ITEMS; i++)
        if (mface_queue_push(arg, (void *)i) != MFACE_OK)
            return (void *)i;
    mface_queue_close(arg);
    return NULL;
}

static void test_queue_keeps_order(void **state)
{
    (void)state;
    struct mface_queue *queue;
    pthread_t thread;
    assert_int_equal(mface_queue_create(7, &queue), MFACE_OK);
    pthread_create(&thread, NULL, push_all, queue);
    void *item;
    for (uintptr_t i = 1; i <= N_ITEMS; i++) {
        assert_int_equal(mface_queue_pop(queue, &item), MFACE_OK);
        assert_int_equal((uintptr_t)item, i);
    }
    assert_int_equal(mface_queue_pop(queue, &item), MFACE_ERR_EOF);
    assert_int_equal(mface_queue_push(queue, &item), MFACE_ERR_CANCELED);
    pthread_join(thread, NULL);
    mface_queue_free(&queue);
}

static void test_close_wakes_a_full_push(void **state)
{
    (void)state;
    struct mface_queue *queue;
    pthread_t thread;
    void *item, *stopped_at;
    assert_int_equal(mface_queue_create(1, &queue), MFACE_OK);
    pthread_create(&thread, NULL, push_all, queue);
    assert_int_equal(mface_queue_pop(queue, &item), MFACE_OK);
    mface_queue_close(queue);
    pthread_join(thread, &stopped_at);
    assert_non_null(stopped_at);
    mface_queue_free(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool_runs_everything),
        cmocka_unit_test(test_queue_keeps_order),
        cmocka_unit_test(test_close_wakes_a_full_push),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
