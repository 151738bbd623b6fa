/* A team of threads that lives for one call: started, kept in step by a barrier, joined. Work is
 * handed out by number: each takes the next number until there are no more, then waits for the
 * others at a barrier, after which numbers begin at 0 again. */
#ifndef SKXENT_THREADS_H
#define SKXENT_THREADS_H

#include <stddef.h>

#if defined(__GNUC__) && !defined(_WIN32)
#define SKX_HAVE_THREADS 1
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#else
#define SKX_HAVE_THREADS 0
#endif

#if defined(__SSE__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

enum { SKX_MAX_THREADS = 64, SKX_SPINS = 1000 };

typedef struct {
    int size;
    int next;       /* piece of work to be handed out */
    int arrived;
    int generation;
    int asleep;
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

/* Has them as they are again, in work whose results are numbers of the caller's. */
static inline void skx_keep_denormals(void)
{
#if defined(__SSE__) || defined(_M_X64)
    _mm_setcsr(_mm_getcsr() & ~0x8040u);
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

/* Waits until `*value` differs from `old`: briefly at full speed, for a step is short, and then
 * asleep, for the one waited for may need this very core. */
static inline void skx_wait(skx_team *team, int *value, int old)
{
    for (int i = 0; i < SKX_SPINS; i++) {
        if (__atomic_load_n(value, __ATOMIC_ACQUIRE) != old)
            return;
        skx_pause();
    }
    __atomic_add_fetch(&team->asleep, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(value, __ATOMIC_SEQ_CST) == old) {
#if defined(__linux__)
        syscall(SYS_futex, value, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
#else
        sched_yield();
#endif
    }
    __atomic_sub_fetch(&team->asleep, 1, __ATOMIC_SEQ_CST);
}

/* Changes `*value` and wakes those who wait for it. */
static inline void skx_announce(skx_team *team, int *value, int new)
{
    __atomic_store_n(value, new, __ATOMIC_SEQ_CST);
#if defined(__linux__)
    if (__atomic_load_n(&team->asleep, __ATOMIC_SEQ_CST))
        syscall(SYS_futex, value, FUTEX_WAKE_PRIVATE, SKX_MAX_THREADS, NULL, NULL, 0);
#endif
}

static inline void skx_barrier(skx_team *team)
{
    if (team->size == 1) {
        team->next = 0;
        return;
    }
    int generation = __atomic_load_n(&team->generation, __ATOMIC_RELAXED);
    if (__atomic_add_fetch(&team->arrived, 1, __ATOMIC_ACQ_REL) == team->size) {
        __atomic_store_n(&team->arrived, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&team->next, 0, __ATOMIC_RELAXED);
        skx_announce(team, &team->generation, generation + 1);
    } else {
        skx_wait(team, &team->generation, generation);
    }
}

static inline ptrdiff_t skx_next(skx_team *team)
{
    if (team->size == 1)
        return team->next++;
    return __atomic_fetch_add(&team->next, 1, __ATOMIC_RELAXED);
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
    skx_wait(team, &team->started, 0);
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
        skx_announce(team, &team->started, 1);
    }
    work(job, 0);
    for (int i = 1; i < n; i++)
        pthread_join(handles[i], NULL);
    skx_restore_denormals(state);
}

#else

static inline void skx_barrier(skx_team *team)
{
    team->next = 0;
}

static inline ptrdiff_t skx_next(skx_team *team)
{
    return team->next++;
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

/* Where the share of thread `me` among `n` things begins. */
static inline ptrdiff_t skx_share(ptrdiff_t n, int me, int size)
{
    return n * me / size;
}

#endif
