/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two CPUs in all interleavings.
 *
 * A CPU is a coroutine. Before it takes a lock, and before each access to
 * shared memory, the scheduler chooses who goes on; every run replays the
 * choices of the one before and changes the last that has an alternative,
 * until there is none left. This is done twice: with what stands under a lock as one
 * step, all of them; and with each access as a step, also under a lock, since not
 * everybody takes it, those that take a CPU away from its work at most SWITCHES times.
 *
 * A test may choose() as well: what somebody else has written meanwhile.
 */
#ifndef _INTERLEAVE_H
#define _INTERLEAVE_H

#include <stdlib.h>
#include <ucontext.h>

#define CPUS		2
#define CHOICES		1024
#define SWITCHES	2
#define STACK		(128 << 10)

static struct {
	ucontext_t ctx;
	char *stack;
	bool done;
	bool locked;		/* what it does is atomic for the other */
	const int *waits;	/* until it is 0 */
} cpus[CPUS];

static ucontext_t main_ctx;
static int cur = -1;		/* -1: the scheduler itself, nothing yields */
static u8 choice[CHOICES], alternatives[CHOICES];
static unsigned int nr_choices, at_choice;
static bool fine;		/* steps under a lock too */
static int last;
static unsigned int switches;

void cpu_yield(void)
{
	if (cur >= 0 && (fine || !cpus[cur].locked))
		swapcontext(&cpus[cur].ctx, &main_ctx);
}

static void cpu_wait(const int *until_zero)
{
	cpus[cur].waits = until_zero;
	cpu_yield();
	while (*until_zero)
		cpu_yield();
	cpus[cur].waits = NULL;
}

void raw_spin_lock_init(raw_spinlock_t *lock)
{
	lock->owner = 0;
}

void raw_spin_lock(raw_spinlock_t *lock)
{
	if (cur < 0)
		return;
	cpu_wait(&lock->owner);
	lock->owner = cur + 1;
	cpus[cur].locked = true;
}

void raw_spin_unlock(raw_spinlock_t *lock)
{
	if (cur < 0)
		return;
	assert_int_equal(lock->owner, cur + 1);
	lock->owner = 0;
	cpus[cur].locked = false;
}

static unsigned int choose(unsigned int n)
{
	if (at_choice == nr_choices) {
		assert_true(nr_choices < CHOICES);
		choice[nr_choices] = 0;
		alternatives[nr_choices++] = n;
	}
	assert_int_equal(alternatives[at_choice], n);
	return choice[at_choice++];
}

static int pick(void)
{
	int ready[CPUS], n = 0, i;

	for (i = 0; i < CPUS; i++)
		if (!cpus[i].done && (!cpus[i].waits || !*cpus[i].waits))
			ready[n++] = i;
	if (n == 2) {
		if (fine && switches == SWITCHES)
			return last;
		i = ready[choose(2)];
		if (last >= 0 && i != last)
			switches++;
	} else {
		i = n ? ready[0] : -1;
	}
	last = i;
	return i;
}

static void (*cpu_main[CPUS])(void);

static void cpu_start(int i)
{
	cpu_main[i]();
	cpus[i].done = true;
}

static void cpu_prepare(int i)
{
	if (!cpus[i].stack)
		cpus[i].stack = malloc(STACK);
	getcontext(&cpus[i].ctx);
	cpus[i].ctx.uc_stack.ss_sp = cpus[i].stack;
	cpus[i].ctx.uc_stack.ss_size = STACK;
	cpus[i].ctx.uc_link = &main_ctx;
	cpus[i].done = false;
	cpus[i].waits = NULL;
	cpus[i].locked = false;
	makecontext(&cpus[i].ctx, (void (*)(void))cpu_start, 1, i);
}

static void run_once(void)
{
	int i;

	for (i = 0; i < CPUS; i++)
		cpu_prepare(i);
	at_choice = 0;
	last = -1;
	switches = 0;
	while ((i = pick()) >= 0) {
		cur = i;
		swapcontext(&main_ctx, &cpus[i].ctx);
		cur = -1;
	}
	for (i = 0; i < CPUS; i++)
		assert_true(cpus[i].done);	/* or it is a deadlock */
}

/* Go to the next sequence of choices; false when there is none. */
static bool next_choices(void)
{
	nr_choices = at_choice;
	while (nr_choices) {
		if (++choice[nr_choices - 1] < alternatives[nr_choices - 1])
			return true;
		nr_choices--;
	}
	return false;
}

static unsigned long explore_all(void (*setup)(void), void (*check)(void))
{
	unsigned long runs = 0;

	nr_choices = 0;
	do {
		setup();
		run_once();
		check();
		runs++;
	} while (next_choices());
	return runs;
}

static void explore(void (*setup)(void), void (*a)(void), void (*b)(void),
		    void (*check)(void))
{
	unsigned long runs, more;

	cpu_main[0] = a;
	cpu_main[1] = b;
	fine = false;
	runs = explore_all(setup, check);
	fine = true;
	more = explore_all(setup, check);
	print_message("# %lu interleavings, %lu of single accesses\n", runs, more);
	assert_true(runs > 100);
}

#endif /* _INTERLEAVE_H */
