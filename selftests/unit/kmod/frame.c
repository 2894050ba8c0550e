// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmod/frame.c and bucket.c under all interleavings of two CPUs: whatever one of them does
 * between any two accesses of the other, no packet is lost, none is given back
 * twice, none waits for a wake-up that does not come. The completion ring is in cq.c.
 *
 * link: -Iselftests/unit/kmod
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kmod/frame.c"
#include "kmod/bucket.c"
#include "kmod/wheel.c"
#include "interleave.h"

#define FRAMES		4
#define CHUNK_SHIFT	11
#define CQ_SIZE		8
#define WHEEL_SLOTS	8
#define WHEEL_WIDTH	10

/* ---- the world ------------------------------------------------------- */

static struct etran_frames fs;
static struct etran_frame frame[FRAMES];
static struct etran_chunk chunk[FRAMES];
static u64 desc[CQ_SIZE];
static u32 producer, consumer;
static struct etran_bucket bucket;
static struct etran_wheel wheel;
static struct etran_slot slots[WHEEL_SLOTS];
static u64 bits[1];
static u64 hold_time, now;	/* of a wheel; FIFOs do not care */
static int in_program[CPUS];	/* RCU: what a grace period waits for */
static bool armed;		/* the bucket's timer */
static bool running;
static u32 out[16], nr_out;	/* what left, in order */
static u32 nr_drops, nr_sends;

static void setup(void)
{
	memset(&fs, 0, sizeof(fs));
	memset(frame, 0, sizeof(frame));
	memset(chunk, 0, sizeof(chunk));
	fs.frame = frame;
	fs.chunk = chunk;
	producer = 0;
	consumer = 0;
	fs.cq = (struct etran_cq){
		.desc = desc, .producer = &producer, .consumer = &consumer,
		.size = CQ_SIZE,
	};
	memset(&bucket, 0, sizeof(bucket));
	etran_frames_init(&fs, FRAMES, CHUNK_SHIFT);
	etran_frame_refusals.counter = 0;
	etran_bucket_init(&bucket, 5, FRAMES);
	hold_time = 0;
	now = 0;
	memset(in_program, 0, sizeof(in_program));
	armed = false;
	running = false;
	nr_out = 0;
	nr_drops = 0;
	nr_sends = 0;
}

/* The ring that lies is in cq.c. */
u32 user_load(const u32 *p)
{
	return *p;
}

static void claim(u32 idx)
{
	assert_int_equal(etran_frame_claim(&fs, (u64)idx << CHUNK_SHIFT), idx);
}

static void hold(u32 idx)
{
	struct etran_priv priv = { .v = { idx, ~(u64)idx } };
	struct etran_place p = { .when = hold_time, .now = now };

	claim(idx);
	assert_int_equal(etran_frame_hold(&frame[idx], &bucket, &priv, &p), 0);
}

static struct etran_frame *dequeue(void)
{
	u64 next;

	return etran_frame_dequeue(&bucket, ETRAN_WHEEL_NEVER, &next);
}

static bool requeue(struct etran_frame *f)
{
	struct etran_place p = { .front = true, .now = now };

	return etran_frame_requeue(f, &bucket, &p);
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
	etran_frame_release(&frame[idx], ETRAN_FRAME_EGRESS, true);
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
	while ((f = dequeue())) {
		assert_int_equal(f->held.priv[1], ~f->held.priv[0]);
		assert_ptr_equal(f, &frame[f->held.priv[0]]);
		etran_frame_release(f, ETRAN_FRAME_TAKEN, false);
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

		assert_int_equal(chunk[idx].state, ETRAN_FRAME_NIC);
		out[nr_out++] = idx;
		nr_drops += drop;
		nr_sends += !drop;
		if (!fs.cq.size)	/* copy mode: the skb is gone */
			etran_frame_move(&fs, idx, ETRAN_FRAME_NIC, ETRAN_FRAME_FREE);
		else if (drop)
			etran_frame_give_back(&fs, idx, ETRAN_FRAME_NIC);
		else
			etran_frames_completed(&fs, 1);
		consumer = producer;
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
		assert_int_equal(chunk[i].state, ETRAN_FRAME_FREE);
	assert_int_equal(bucket.depth, 0);
	assert_int_equal(fs.ready.nr, 0);
	assert_int_equal(etran_frame_refusals.counter, 0);
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
	f = dequeue();
	if (f)
		etran_frame_release(f, ETRAN_FRAME_TAKEN, false);
	in_program[cur]--;
}

static void put_back_one(void)
{
	struct etran_frame *f;

	in_program[cur]++;
	f = dequeue();
	if (f && !requeue(f))
		etran_frame_release(f, ETRAN_FRAME_TAKEN, true);
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
	struct etran_place p = {};
	u32 i;

	for (i = 0; i < 2; i++) {
		in_program[cur]++;
		claim(i);
		if (etran_frame_hold(&frame[i], &bucket, &priv, &p))
			etran_frame_release(&frame[i], ETRAN_FRAME_EGRESS, true);
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

/* ---- the same with a wheel ------------------------------------------- */

static void setup_wheel(void)
{
	setup();
	memset(bits, 0, sizeof(bits));
	etran_wheel_init(&wheel, WHEEL_SLOTS, WHEEL_WIDTH, 0, slots, bits);
	bucket.wheel = &wheel;
}

/*
 * What bpf_etran_hold_until() and bpf_etran_dequeue_due() do about the timer:
 * only the packet that is first arms it, and a dequeue without one. The clock
 * does not move by itself: an armed time that is due is an armed timer.
 */
static u64 armed_for;
static u64 wheel_when[FRAMES];

static void arm_for(u64 due)
{
	armed_for = min(armed_for, due);
}

static void wheel_hold(u32 idx, u64 when)
{
	struct etran_priv priv = { .v = { idx, ~(u64)idx } };
	struct etran_place p = { .when = when, .now = now };

	in_program[cur]++;
	wheel_when[idx] = max(when, now);
	claim(idx);
	assert_int_equal(etran_frame_hold(&frame[idx], &bucket, &priv, &p), 0);
	assert_false(p.early);
	if (p.first)
		arm_for(p.due);
	if (etran_frame_publish(&frame[idx]))
		arm_for(now);
	in_program[cur]--;
}

static void wheel_timer(void)
{
	int me = cur < 0 ? 0 : cur;
	struct etran_frame *f;
	u64 next;

	if (armed_for > now || running)
		return;
	running = true;
	armed_for = ETRAN_WHEEL_NEVER;
	in_program[me]++;
	while ((f = etran_frame_dequeue(&bucket, now, &next))) {
		/* The timer came in time for each of them. */
		assert_true(now < wheel_when[etran_frame_idx(f)] + WHEEL_WIDTH);
		etran_frame_release(f, ETRAN_FRAME_TAKEN, false);
	}
	if (cur >= 0)
		cpu_yield();
	arm_for(next);
	in_program[me]--;
	running = false;
}

static void setup_wheel_race(void)
{
	setup_wheel();
	armed_for = ETRAN_WHEEL_NEVER;
	now = 25;
}

static void a_holds_late_then_early(void)
{
	wheel_hold(0, 60);
	wheel_hold(1, 31);
}

static void b_holds_now_and_runs_timer(void)
{
	wheel_hold(2, 20);
	wheel_timer();
	wheel_timer();
}

/* The clock goes on to the armed time and nowhere else. */
static void check_wheel(void)
{
	while (armed_for != ETRAN_WHEEL_NEVER) {
		now = max(now, armed_for);
		wheel_timer();
	}
	pop_all();
	check_all_out(3);
	assert_int_equal(out[0], 2);
	assert_int_equal(out[1], 1);
	assert_int_equal(out[2], 0);
	assert_int_equal(now, 60);
	assert_int_equal(nr_sends, 3);
}

static void wheel_against_timer(void **unused)
{
	(void)unused;
	explore(setup_wheel_race, a_holds_late_then_early,
		b_holds_now_and_runs_timer, check_wheel);
}

static void setup_wheel_held(void)
{
	u32 i;

	setup_wheel_race();
	for (i = 0; i < 3; i++) {
		hold_time = 20 + 10 * i;
		wheel_when[i] = max(hold_time, now);
		hold(i);
		etran_frame_publish(&frame[i]);
	}
	arm_for(20);
}

static void a_runs_wheel_timer(void)
{
	wheel_timer();
	put_back_one();
}

static void check_wheel_stopped(void)
{
	pop_all();
	check_all_out(3);
	assert_true(etran_frame_next(&bucket) == ETRAN_WHEEL_NEVER);
}

static void teardown_against_wheel(void **unused)
{
	(void)unused;
	explore(setup_wheel_held, a_runs_wheel_timer, b_stops, check_wheel_stopped);
}

/* ---- release FIFO ---------------------------------------------------- */

static void setup_taken(void)
{
	u32 i;

	setup();
	fs.cq.size = 0;
	for (i = 0; i < 3; i++)
		claim(i);
}

static void a_releases(void)
{
	etran_frame_release(&frame[0], ETRAN_FRAME_EGRESS, false);
	etran_frame_release(&frame[1], ETRAN_FRAME_EGRESS, true);
	etran_frame_release(&frame[2], ETRAN_FRAME_EGRESS, false);
}

/* Copy mode; the device is busy the first time. */
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
	claim(3);
	assert_int_equal(etran_frame_claim(&fs, (3 << CHUNK_SHIFT) + 64), -EBUSY);
	assert_true(etran_frame_send(&fs, 3));
	assert_int_equal(etran_frame_claim(&fs, 3 << CHUNK_SHIFT), -EBUSY);
	etran_frames_completed(&fs, 1);
	assert_int_equal(etran_frame_claim(&fs, (3 << CHUNK_SHIFT) + 64), 3);
	assert_int_equal(etran_frame_addr(&fs, 3), (3 << CHUNK_SHIFT) + 64);
	assert_int_equal(etran_frame_refusals.counter, 0);
}

/* Every pair of states: what is not written here is refused, counted, and changes nothing. */
static void moves_not_in_the_table(void **unused)
{
	static const struct { u8 from, to; } good[] = {
		{ ETRAN_FRAME_FREE, ETRAN_FRAME_EGRESS },
		{ ETRAN_FRAME_EGRESS, ETRAN_FRAME_PENDING },
		{ ETRAN_FRAME_EGRESS, ETRAN_FRAME_READY },
		{ ETRAN_FRAME_EGRESS, ETRAN_FRAME_NIC },
		{ ETRAN_FRAME_EGRESS, ETRAN_FRAME_BACK },
		{ ETRAN_FRAME_PENDING, ETRAN_FRAME_HELD },
		{ ETRAN_FRAME_PENDING, ETRAN_FRAME_EGRESS },
		{ ETRAN_FRAME_HELD, ETRAN_FRAME_TAKEN },
		{ ETRAN_FRAME_TAKEN, ETRAN_FRAME_HELD },
		{ ETRAN_FRAME_TAKEN, ETRAN_FRAME_READY },
		{ ETRAN_FRAME_READY, ETRAN_FRAME_NIC },
		{ ETRAN_FRAME_READY, ETRAN_FRAME_BACK },
		{ ETRAN_FRAME_NIC, ETRAN_FRAME_FREE },
		{ ETRAN_FRAME_NIC, ETRAN_FRAME_BACK },
		{ ETRAN_FRAME_NIC, ETRAN_FRAME_READY },
		{ ETRAN_FRAME_BACK, ETRAN_FRAME_FREE },
	};
	u32 from, to, is, i, refused = 0;

	(void)unused;
	setup();
	for (from = 0; from < ETRAN_FRAME_STATES + 1; from++)
		for (to = 0; to < ETRAN_FRAME_STATES + 1; to++)
			for (is = 0; is < ETRAN_FRAME_STATES; is++) {
				bool ok = false;

				for (i = 0; i < sizeof(good) / sizeof(*good); i++)
					ok |= good[i].from == from && good[i].to == to;
				ok &= is == from;
				chunk[0].state = is;
				assert_int_equal(etran_frame_move(&fs, 0, from, to), ok);
				assert_int_equal(chunk[0].state, ok ? to : is);
				refused += !ok;
				assert_int_equal(etran_frame_refusals.counter, refused);
			}
}

static int try_hold(u32 idx, struct etran_bucket *b)
{
	struct etran_priv priv = {};
	struct etran_place p = { .when = hold_time, .now = now };

	return etran_frame_hold(&frame[idx], b, &priv, &p);
}

static void a_bucket_has_a_limit(void **unused)
{
	u32 i;

	(void)unused;
	setup();
	bucket.limit = 2;
	for (i = 0; i < 3; i++)
		claim(i);
	assert_int_equal(try_hold(0, &bucket), 0);
	assert_int_equal(try_hold(1, &bucket), 0);
	assert_int_equal(try_hold(2, &bucket), -ENOSPC);
	assert_int_equal(bucket.depth, 2);
	assert_int_equal(chunk[2].state, ETRAN_FRAME_EGRESS);
	/* Not for what was in it before. */
	etran_frame_publish(&frame[0]);
	assert_ptr_equal(dequeue(), &frame[0]);
	bucket.limit = 1;
	assert_true(requeue(&frame[0]));
	assert_int_equal(bucket.depth, 2);
}

/* Two buckets with room for ten each, in a map for two. */
static void a_map_has_a_limit(void **unused)
{
	struct etran_bucket other = {};
	atomic_t room;
	u32 i;

	(void)unused;
	setup();
	bucket.limit = 10;
	etran_bucket_init(&other, 6, 10);
	atomic_set(&room, 2);
	bucket.room = &room;
	other.room = &room;
	for (i = 0; i < 4; i++)
		claim(i);
	assert_int_equal(try_hold(0, &bucket), 0);
	assert_int_equal(try_hold(1, &other), 0);
	assert_int_equal(try_hold(2, &other), -ENOSPC);
	assert_int_equal(try_hold(2, &bucket), -ENOSPC);
	/* One out, one in; then the first back, over the limit. */
	etran_frame_publish(&frame[0]);
	assert_ptr_equal(dequeue(), &frame[0]);
	assert_int_equal(try_hold(2, &other), 0);
	assert_true(requeue(&frame[0]));
	assert_int_equal(atomic_read(&room), -1);
	assert_int_equal(try_hold(3, &other), -ENOSPC);
	etran_frame_publish(&frame[2]);
	assert_ptr_equal(etran_frame_purge(&frame[2]), &other);
	assert_int_equal(try_hold(3, &other), -ENOSPC);
	etran_frame_unhold(&frame[1]);
	assert_int_equal(try_hold(3, &other), 0);
}

static void a_full_slot_takes_no_room(void **unused)
{
	atomic_t room;

	(void)unused;
	setup_wheel();
	wheel.limit = 1;
	atomic_set(&room, 3);
	bucket.room = &room;
	claim(0);
	claim(1);
	assert_int_equal(try_hold(0, &bucket), 0);
	assert_int_equal(try_hold(1, &bucket), -ENOSPC);
	assert_int_equal(atomic_read(&room), 2);
	assert_int_equal(chunk[1].state, ETRAN_FRAME_EGRESS);
	hold_time = 3 * WHEEL_WIDTH;
	assert_int_equal(try_hold(1, &bucket), 0);
	assert_int_equal(bucket.depth, 2);
}

static void a_wheel_gives_what_is_due(void **unused)
{
	static const u64 when[] = { 30, 12, 30, 0 };
	struct etran_held held = {};
	u64 next;
	u32 i;

	(void)unused;
	setup_wheel();
	assert_true(etran_frame_next(&bucket) == ETRAN_WHEEL_NEVER);
	assert_int_equal(etran_frame_peek(&bucket, &held), -ENOENT);
	for (i = 0; i < 4; i++) {
		hold_time = when[i];
		hold(i);
		if (i != 2)	/* it is not the first */
			assert_int_equal(etran_frame_peek(&bucket, &held), -EAGAIN);
		etran_frame_publish(&frame[i]);
	}
	assert_int_equal(etran_frame_peek(&bucket, &held), 0);
	assert_int_equal(held.priv[0], 3);
	assert_int_equal(bucket.depth, 4);
	assert_int_equal(etran_frame_next(&bucket), 0);
	assert_ptr_equal(etran_frame_dequeue(&bucket, 0, &next), &frame[3]);
	assert_null(etran_frame_dequeue(&bucket, 19, &next));
	assert_int_equal(next, 20);
	assert_ptr_equal(etran_frame_dequeue(&bucket, 20, &next), &frame[1]);
	assert_null(etran_frame_dequeue(&bucket, 29, &next));
	assert_int_equal(next, 30);
	/* In the order they came; one put back comes out again, at once. */
	assert_ptr_equal(etran_frame_dequeue(&bucket, 30, &next), &frame[0]);
	now = 30;
	assert_true(requeue(&frame[0]));
	assert_ptr_equal(etran_frame_dequeue(&bucket, 30, &next), &frame[0]);
	assert_ptr_equal(etran_frame_dequeue(&bucket, 30, &next), &frame[2]);
	assert_null(etran_frame_dequeue(&bucket, 1000, &next));
	assert_true(next == ETRAN_WHEEL_NEVER);
	assert_int_equal(bucket.depth, 0);
}

static void put_back_means_in_front(void **unused)
{
	struct etran_frame *f;

	(void)unused;
	setup_three_held();
	f = dequeue();
	assert_ptr_equal(f, &frame[0]);
	assert_true(requeue(f));
	assert_ptr_equal(dequeue(), &frame[0]);
	assert_ptr_equal(dequeue(), &frame[1]);
	assert_int_equal(bucket.depth, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hold_against_timer),
		cmocka_unit_test(bad_verdict_against_hold),
		cmocka_unit_test(requeue_against_dequeue),
		cmocka_unit_test(teardown_against_timer),
		cmocka_unit_test(teardown_against_egress),
		cmocka_unit_test(wheel_against_timer),
		cmocka_unit_test(teardown_against_wheel),
		cmocka_unit_test(release_against_pop),
		cmocka_unit_test(a_frame_is_claimed_once),
		cmocka_unit_test(a_bucket_has_a_limit),
		cmocka_unit_test(a_map_has_a_limit),
		cmocka_unit_test(a_full_slot_takes_no_room),
		cmocka_unit_test(a_wheel_gives_what_is_due),
		cmocka_unit_test(put_back_means_in_front),
		cmocka_unit_test(moves_not_in_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
