/* A team of threads that lives for one call: started, kept in step by a barrier, joined. */
#ifndef SKXENT_THREADS_H
#define SKXENT_THREADS_H

#include <stddef.h>

#if defined(__GNUC__) && !defined(_WIN32)
#define SKX_HAVE_THREADS 1
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#else
#define SKX_HAVE_THREADS 0
#endif

#if defined(__SSE__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

enum { SKX_MAX_THREADS = 64, SKX_SPINS = 2000 };

typedef struct {
    int size;
    int arrived;
    int generation;
    int started; /* set once `size` is known to be the number of threads that exist */
    void (*work)(void *job, int me);
    void *job;
} skx_team;

/* Denormal numbers cost a hundred times the arithmetic and change nothing in a network: they are
 * taken as zero while a call runs. Returns what `skx_restore_denormals` needs. */
static inline unsigned skx_flush_denormals(void)
{
#if defined(__SSE__) || defined(_M_X64)
    unsigned state = _mm_getcsr();
    _mm_setcsr(state | 0x8040);
    return state;
#else
    return 0;
#endif
}

static inline void skx_restore_denormals(unsigned state)
{
#if defined(__SSE__) || defined(_M_X64)
    _mm_setcsr(state);
#else
    (void)state;
#endif
}

#if SKX_HAVE_THREADS

static inline void skx_pause(void)
{
#if defined(__SSE__)
    _mm_pause();
#endif
}

/* Waits until `*value` differs from `old`: briefly at full speed, then giving the core away. */
static inline void skx_wait(int *value, int old)
{
    for (int i = 0; i < SKX_SPINS; i++) {
        if (__atomic_load_n(value, __ATOMIC_ACQUIRE) != old)
            return;
        skx_pause();
    }
    while (__atomic_load_n(value, __ATOMIC_ACQUIRE) == old)
        sched_yield();
}

static inline void skx_barrier(skx_team *team)
{
    if (team->size == 1)
        return;
    int generation = __atomic_load_n(&team->generation, __ATOMIC_RELAXED);
    if (__atomic_add_fetch(&team->arrived, 1, __ATOMIC_ACQ_REL) == team->size) {
        __atomic_store_n(&team->arrived, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&team->generation, generation + 1, __ATOMIC_RELEASE);
    } else {
        skx_wait(&team->generation, generation);
    }
}

typedef struct {
    skx_team *team;
    int me;
} skx_member;

static inline void *skx_member_main(void *argument)
{
    skx_member *member = argument;
    skx_team *team = member->team;
    unsigned state = skx_flush_denormals();
    skx_wait(&team->started, 0);
    team->work(team->job, member->me);
    skx_restore_denormals(state);
    return NULL;
}

/* Runs work(job, 0) .. work(job, size - 1) at the same time; fewer where threads are refused, and
 * then team->size says how many. */
static inline void skx_run_team(skx_team *team, int size, void (*work)(void *, int), void *job)
{
    pthread_t handles[SKX_MAX_THREADS];
    skx_member members[SKX_MAX_THREADS];
    int n = 1;
    *team = (skx_team){.size = 1, .work = work, .job = job};
    if (size > SKX_MAX_THREADS)
        size = SKX_MAX_THREADS;
    unsigned state = skx_flush_denormals();
    if (size > 1) {
        sigset_t all, before;
        sigfillset(&all);
        int masked = pthread_sigmask(SIG_SETMASK, &all, &before) == 0;
        for (; n < size; n++) {
            members[n] = (skx_member){team, n};
            if (pthread_create(&handles[n], NULL, skx_member_main, &members[n]))
                break;
        }
        if (masked)
            pthread_sigmask(SIG_SETMASK, &before, NULL);
        team->size = n;
        __atomic_store_n(&team->started, 1, __ATOMIC_RELEASE);
    }
    work(job, 0);
    for (int i = 1; i < n; i++)
        pthread_join(handles[i], NULL);
    skx_restore_denormals(state);
}

#else

static inline void skx_barrier(skx_team *team)
{
    (void)team;
}

static inline void skx_run_team(skx_team *team, int size, void (*work)(void *, int), void *job)
{
    (void)size;
    *team = (skx_team){.size = 1, .work = work, .job = job};
    unsigned state = skx_flush_denormals();
    work(job, 0);
    skx_restore_denormals(state);
}

#endif

/* The share of `n` things that thread `me` of `size` takes, in whole multiples of `grain`. */
static inline ptrdiff_t skx_share(ptrdiff_t n, int me, int size, ptrdiff_t grain)
{
    ptrdiff_t grains = (n + grain - 1) / grain;
    ptrdiff_t at = grains * me / size * grain;
    return at < n ? at : n;
}

#endif
