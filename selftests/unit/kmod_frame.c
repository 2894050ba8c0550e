// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmod/frame.c under all interleavings of two CPUs: whatever one of them does
 * between any two accesses of the other, no packet is lost, none is given back
 * twice, none waits for a wake-up that does not come.
 *
 * A CPU is a coroutine. Before it takes a lock, and before each access to
 * shared memory without one, the scheduler chooses who goes on; every run
 * replays the choices of the one before and changes the last that has an
 * alternative, until there is none left.
 *
 * link: -Iselftests/unit
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <ucontext.h>

#include <cmocka.h>

#include "kmod/frame.c"

#define CPUS		2
#define CHOICES		256
#define STACK		(128 << 10)
#define FRAMES		4
#define CQ_SIZE		4

/* ---- scheduler ------------------------------------------------------- */

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

void cpu_yield(void)
{
	if (cur >= 0 && !cpus[cur].locked)
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
	if (n == 2)
		return ready[choose(2)];
	return n ? ready[0] : -1;
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

static void explore(void (*setup)(void), void (*a)(void), void (*b)(void),
		    void (*check)(void))
{
	unsigned long runs = 0;

	cpu_main[0] = a;
	cpu_main[1] = b;
	nr_choices = 0;
	do {
		setup();
		run_once();
		check();
		runs++;
	} while (next_choices());
	print_message("# %lu interleavings\n", runs);
	assert_true(runs > 100);
}

/* ---- the world ------------------------------------------------------- */

static struct etran_frames fs;
static struct etran_frame frame[FRAMES];
static u8 state[FRAMES];
static u32 cq[CQ_SIZE];
static struct etran_bucket bucket;
static int in_program[CPUS];	/* RCU: what a grace period waits for */
static bool armed;		/* the bucket's timer */
static bool running;
static u32 out[16], nr_out;	/* what left, in order */
static u32 nr_drops, nr_sends;

static void setup(void)
{
	memset(&fs, 0, sizeof(fs));
	memset(frame, 0, sizeof(frame));
	memset(state, 0, sizeof(state));
	fs.frame = frame;
	fs.state = state;
	fs.cq = cq;
	memset(&bucket, 0, sizeof(bucket));
	etran_frames_init(&fs, FRAMES, CQ_SIZE);
	etran_bucket_init(&bucket, 5, FRAMES);
	memset(in_program, 0, sizeof(in_program));
	armed = false;
	running = false;
	nr_out = 0;
	nr_drops = 0;
	nr_sends = 0;
}

static void hold(u32 idx)
{
	struct etran_priv priv = { .v = { idx, ~(u64)idx } };

	assert_int_equal(etran_frame_claim(&fs, idx), 0);
	assert_int_equal(etran_frame_hold(&frame[idx], &bucket, &priv), 0);
}

/* What egress and the return from it do for a packet that is held. */
static void egress_hold(u32 idx)
{
	in_program[cur]++;
	hold(idx);
	armed = true;
	if (etran_frame_publish(&frame[idx]))
		armed = true;
	in_program[cur]--;
}

static void egress_bad_verdict(u32 idx)
{
	in_program[cur]++;
	hold(idx);
	armed = true;
	if (etran_frame_unhold(&frame[idx]))
		armed = true;
	etran_frame_release(&frame[idx], true);
	in_program[cur]--;
}

/* One call of the timer program, which takes all it can get. */
static void timer_program(void)
{
	struct etran_frame *f;
	int me = cur < 0 ? 0 : cur;

	if (!armed || running)
		return;
	running = true;
	armed = false;
	in_program[me]++;
	while ((f = etran_frame_dequeue(&bucket))) {
		assert_int_equal(f->held.priv[1], ~f->held.priv[0]);
		assert_ptr_equal(f, &frame[f->held.priv[0]]);
		etran_frame_release(f, false);
	}
	in_program[me]--;
	running = false;
}

static void pop_all(void)
{
	struct etran_frame *f;
	bool drop;

	while ((f = etran_frame_pop(&fs, &drop))) {
		u32 idx = etran_frame_idx(f);

		assert_int_equal(state[idx], ETRAN_FRAME_NIC);
		out[nr_out++] = idx;
		if (drop)
			nr_drops++;
		else
			nr_sends++;
		etran_frame_done(&fs, idx);
	}
}

/* Whatever is armed runs in the end; then every frame must have come out. */
static void run_to_rest(void)
{
	while (armed)
		timer_program();
	pop_all();
}

static void check_all_out(u32 nr)
{
	u32 i, seen[FRAMES] = {};

	assert_int_equal(nr_out, nr);
	for (i = 0; i < nr; i++)
		assert_int_equal(seen[out[i]]++, 0);
	for (i = 0; i < FRAMES; i++)
		assert_int_equal(state[i], ETRAN_FRAME_FREE);
	assert_int_equal(bucket.depth, 0);
	assert_int_equal(fs.nr_ready, 0);
}

/* ---- hold against the timer ------------------------------------------ */

static void a_holds_two(void)
{
	egress_hold(0);
	egress_hold(1);
}

static void b_runs_timer(void)
{
	timer_program();
	cpu_yield();
	timer_program();
}

static void check_two_in_order(void)
{
	run_to_rest();
	check_all_out(2);
	assert_int_equal(out[0], 0);
	assert_int_equal(out[1], 1);
	assert_int_equal(nr_sends, 2);
}

static void hold_against_timer(void **unused)
{
	(void)unused;
	explore(setup, a_holds_two, b_runs_timer, check_two_in_order);
}

/* ---- a bad verdict in front of a held packet ------------------------- */

static void a_bad_then_timer(void)
{
	egress_bad_verdict(0);
	timer_program();
}

static void b_holds_one(void)
{
	egress_hold(1);
	timer_program();
}

static void check_bad_verdict(void)
{
	run_to_rest();
	check_all_out(2);
	assert_int_equal(nr_drops, 1);
	assert_int_equal(nr_sends, 1);
}

static void bad_verdict_against_hold(void **unused)
{
	(void)unused;
	explore(setup, a_bad_then_timer, b_holds_one, check_bad_verdict);
}

/* ---- two timers of one bucket ---------------------------------------- */

static void setup_three_held(void)
{
	u32 i;

	setup();
	for (i = 0; i < 3; i++) {
		hold(i);
		etran_frame_publish(&frame[i]);
	}
}

static void take_one(void)
{
	struct etran_frame *f;

	in_program[cur]++;
	f = etran_frame_dequeue(&bucket);
	if (f)
		etran_frame_release(f, false);
	in_program[cur]--;
}

static void put_back_one(void)
{
	struct etran_frame *f;

	in_program[cur]++;
	f = etran_frame_dequeue(&bucket);
	if (f && !etran_frame_requeue(f, &bucket))
		etran_frame_release(f, true);
	in_program[cur]--;
}

static void a_takes_two(void)
{
	take_one();
	take_one();
}

static void b_puts_back(void)
{
	put_back_one();
	take_one();
}

static void check_three(void)
{
	armed = true;
	run_to_rest();
	check_all_out(3);
	assert_int_equal(nr_sends, 3);
}

static void requeue_against_dequeue(void **unused)
{
	(void)unused;
	explore(setup_three_held, a_takes_two, b_puts_back, check_three);
}

/* ---- teardown -------------------------------------------------------- */

/* As etran_pool_stop(): no program of that time is left, then purge. */
static void b_stops(void)
{
	u32 i;

	WRITE_ONCE(fs.stopping, true);
	cpu_wait(&in_program[0]);
	for (i = 0; i < FRAMES; i++) {
		u8 s = etran_frame_get(&fs, i);

		if ((s == ETRAN_FRAME_PENDING || s == ETRAN_FRAME_HELD) &&
		    etran_frame_purge(&frame[i]))
			armed = true;
	}
	pop_all();
}

static void a_takes_and_puts_back(void)
{
	put_back_one();
	cpu_yield();
	take_one();
}

static void check_stopped(void)
{
	armed = true;
	run_to_rest();
	check_all_out(3);
}

static void teardown_against_timer(void **unused)
{
	(void)unused;
	explore(setup_three_held, a_takes_and_puts_back, b_stops, check_stopped);
}

/* The driver still calls egress while the socket goes: TX against stop. */
static void a_holds_while_stopped(void)
{
	struct etran_priv priv = {};
	u32 i;

	for (i = 0; i < 2; i++) {
		in_program[cur]++;
		assert_int_equal(etran_frame_claim(&fs, i), 0);
		if (etran_frame_hold(&frame[i], &bucket, &priv))
			etran_frame_release(&frame[i], true);
		else
			etran_frame_publish(&frame[i]);
		in_program[cur]--;
		cpu_yield();
	}
}

static void check_stopped_two(void)
{
	run_to_rest();
	check_all_out(2);
}

static void teardown_against_egress(void **unused)
{
	(void)unused;
	explore(setup, a_holds_while_stopped, b_stops, check_stopped_two);
}

/* ---- release FIFO ---------------------------------------------------- */

static void setup_taken(void)
{
	u32 i;

	setup();
	for (i = 0; i < 3; i++)
		assert_int_equal(etran_frame_claim(&fs, i), 0);
}

static void a_releases(void)
{
	etran_frame_release(&frame[0], false);
	etran_frame_release(&frame[1], true);
	etran_frame_release(&frame[2], false);
}

/* The device is busy the first time. */
static void b_pops(void)
{
	struct etran_frame *f;
	bool drop;

	f = etran_frame_pop(&fs, &drop);
	if (f)
		etran_frame_unpop(f);
	pop_all();
}

static void check_fifo(void)
{
	u32 i;

	pop_all();
	check_all_out(3);
	for (i = 0; i < 3; i++)
		assert_int_equal(out[i], i);
	assert_int_equal(nr_drops, 1);
	assert_int_equal(fs.timer_drops, 1);
}

static void release_against_pop(void **unused)
{
	(void)unused;
	explore(setup_taken, a_releases, b_pops, check_fifo);
}

/* ---- without a second CPU -------------------------------------------- */

static void a_frame_is_claimed_once(void **unused)
{
	(void)unused;
	setup();
	assert_int_equal(etran_frame_claim(&fs, 3), 0);
	assert_int_equal(etran_frame_claim(&fs, 3), -EBUSY);
	etran_frame_done(&fs, 3);
	assert_int_equal(etran_frame_claim(&fs, 3), 0);
}

static void a_bucket_has_a_limit(void **unused)
{
	struct etran_priv priv = {};
	u32 i;

	(void)unused;
	setup();
	bucket.limit = 2;
	for (i = 0; i < 3; i++)
		assert_int_equal(etran_frame_claim(&fs, i), 0);
	assert_int_equal(etran_frame_hold(&frame[0], &bucket, &priv), 0);
	assert_int_equal(etran_frame_hold(&frame[1], &bucket, &priv), 0);
	assert_int_equal(etran_frame_hold(&frame[2], &bucket, &priv), -ENOSPC);
	assert_int_equal(bucket.depth, 2);
	assert_int_equal(state[2], ETRAN_FRAME_EGRESS);
	/* Not for what was in it before. */
	etran_frame_publish(&frame[0]);
	assert_ptr_equal(etran_frame_dequeue(&bucket), &frame[0]);
	bucket.limit = 1;
	assert_true(etran_frame_requeue(&frame[0], &bucket));
	assert_int_equal(bucket.depth, 2);
}

static void put_back_means_in_front(void **unused)
{
	struct etran_frame *f;

	(void)unused;
	setup_three_held();
	f = etran_frame_dequeue(&bucket);
	assert_ptr_equal(f, &frame[0]);
	assert_true(etran_frame_requeue(f, &bucket));
	assert_ptr_equal(etran_frame_dequeue(&bucket), &frame[0]);
	assert_ptr_equal(etran_frame_dequeue(&bucket), &frame[1]);
	assert_int_equal(bucket.depth, 1);
}

/*
 * The completion ring against a model, by random sequences: an entry is
 * published when all before it are and the NIC is done with it, or it needs
 * none; whatever number the driver says.
 */
static void completion_ring(void **unused)
{
	u32 i, step, ents[CQ_SIZE] = {}, head = 0, tail = 0, model, nb;

	(void)unused;
	setup();
	srand(7);
	for (step = 0; step < 200000; step++) {
		i = rand() % FRAMES;
		if (head - tail < CQ_SIZE && rand() % 2) {
			bool returned = rand() % 2;
			u32 ent = ETRAN_CQ_NO_FRAME;

			if (!etran_frame_claim(&fs, i)) {
				etran_frame_set(&fs, i, ETRAN_FRAME_NIC);
				ent = i;
			}
			ent |= returned ? ETRAN_CQ_RETURN : 0;
			ents[head++ % CQ_SIZE] = ent;
			etran_cq_reserve(&fs, ent);
			continue;
		}
		nb = rand() % 8 ? (u32)rand() % 3 : UINT32_MAX;
		for (model = 0, i = nb; tail != head; tail++, model++) {
			u32 ent = ents[tail % CQ_SIZE];

			if (!(ent & ETRAN_CQ_RETURN) && !i--)
				break;
		}
		assert_int_equal(etran_cq_settle(&fs, nb), model);
		assert_int_equal(fs.cq_published, tail);
		for (i = 0; i < FRAMES; i++) {
			u32 n, in_ring = 0;

			for (n = tail; n != head; n++)
				in_ring += (ents[n % CQ_SIZE] &
					    ~ETRAN_CQ_RETURN) == i;
			assert_int_equal(state[i], in_ring ? ETRAN_FRAME_NIC :
					 ETRAN_FRAME_FREE);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hold_against_timer),
		cmocka_unit_test(bad_verdict_against_hold),
		cmocka_unit_test(requeue_against_dequeue),
		cmocka_unit_test(teardown_against_timer),
		cmocka_unit_test(teardown_against_egress),
		cmocka_unit_test(release_against_pop),
		cmocka_unit_test(a_frame_is_claimed_once),
		cmocka_unit_test(a_bucket_has_a_limit),
		cmocka_unit_test(put_back_means_in_front),
		cmocka_unit_test(completion_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
