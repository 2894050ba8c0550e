// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames on their way back, under all interleavings of two CPUs and with a tenant who
 * writes anything into the ring at any time: whenever the kernel reads an index that
 * is in shared memory, it reads each of the values that lead to something else. Every
 * frame comes back once, and no move of a frame is ever refused.
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

#define FRAMES		4U
#define CHUNK_SHIFT	11
#define RING		4U

static struct etran_frames fs;
static struct etran_frame frame[FRAMES];
static struct etran_chunk chunk[FRAMES];
static struct etran_bucket bucket;
static u64 desc[RING];
static u32 producer, consumer;
static u32 claims;
static int in_program[CPUS];
static bool lies;

/*
 * What the tenant may have written: nothing is free (which is what the impossible ones
 * come to, see room_is_never_more_than_the_ring), one entry, all.
 */
u32 user_load(const u32 *p)
{
	const u32 lie[] = {
		fs.cq.prod + 1, fs.cq.prod - fs.cq.size + 1, fs.cq.prod,
	};

	/* The producer index is the kernel's to write and never read. */
	assert_ptr_equal(p, &consumer);
	if (!lies)
		return *p;
	/* Nor does it matter what is in it, nor in the entries. */
	producer = ~producer;
	return lie[choose(sizeof(lie) / sizeof(*lie))];
}

static void setup_ring(u32 size)
{
	memset(&fs, 0, sizeof(fs));
	memset(frame, 0, sizeof(frame));
	memset(chunk, 0, sizeof(chunk));
	memset(&bucket, 0, sizeof(bucket));
	memset(in_program, 0, sizeof(in_program));
	memset(desc, 0xff, sizeof(desc));
	producer = 0;
	consumer = 0;
	claims = 0;
	fs.frame = frame;
	fs.chunk = chunk;
	fs.cq = (struct etran_cq){
		.desc = desc, .producer = &producer, .consumer = &consumer, .size = size,
	};
	etran_frames_init(&fs, FRAMES, CHUNK_SHIFT);
	etran_bucket_init(&bucket, 5, FRAMES);
	etran_frame_refusals.counter = 0;
	lies = true;
}

static void claim(u32 idx)
{
	assert_int_equal(etran_frame_claim(&fs, ((u64)idx << CHUNK_SHIFT) + idx), idx);
	claims++;
}

static void hold(u32 idx)
{
	struct etran_priv priv = {};
	struct etran_place p = {};

	assert_int_equal(etran_frame_hold(&frame[idx], &bucket, &priv, &p), 0);
	etran_frame_publish(&frame[idx]);
}

/* As in etran_tx(): released ones go first, those to be dropped come back. */
static void tx_released(void)
{
	struct etran_frame *f;
	bool drop;

	while (READ_ONCE(fs.ready.nr) && (f = etran_frame_pop(&fs, &drop)))
		if (drop)
			etran_frame_give_back(&fs, etran_frame_idx(f), ETRAN_FRAME_NIC);
}

static void timer(bool drop)
{
	struct etran_frame *f;
	u64 next;

	in_program[cur]++;
	f = etran_frame_dequeue(&bucket, ETRAN_WHEEL_NEVER, &next);
	if (f)
		etran_frame_release(f, ETRAN_FRAME_TAKEN, drop);
	in_program[cur]--;
}

/* Now the tenant is honest; the driver is done with everything. */
static void check_all_back(void)
{
	u32 i, seen[FRAMES] = {};
	struct etran_frame *f;
	bool drop;
	u64 next;

	lies = false;
	for (i = 0; i < 20; i++) {
		while ((f = etran_frame_dequeue(&bucket, ETRAN_WHEEL_NEVER, &next)))
			etran_frame_release(f, ETRAN_FRAME_TAKEN, false);
		while ((f = etran_frame_pop(&fs, &drop)))
			if (drop)
				etran_frame_give_back(&fs, etran_frame_idx(f),
						      ETRAN_FRAME_NIC);
		consumer = fs.cq.prod;
		etran_frames_flush(&fs);
		etran_frames_completed(&fs, 1);
	}
	assert_int_equal(etran_frame_refusals.counter, 0);
	assert_int_equal(fs.back.nr + fs.nic.nr + fs.ready.nr + bucket.depth, 0);
	assert_int_equal(fs.cq.published, claims);
	assert_int_equal(fs.cq.prod, claims);
	for (i = 0; i < FRAMES; i++)
		assert_int_equal(chunk[i].state, ETRAN_FRAME_FREE);
	/* Nothing was overwritten: the ring has all of them, each once. */
	for (i = 0; fs.cq.size == RING && i < claims; i++) {
		u32 idx = desc[i] >> CHUNK_SHIFT;

		assert_true(idx < FRAMES && !seen[idx]++);
		assert_int_equal(desc[i], ((u64)idx << CHUNK_SHIFT) + idx);
	}
}

/* ---- the driver sends, drops and completes; a timer releases ------------ */

static void setup_four(void)
{
	setup_ring(RING);
	claim(3);
	hold(3);
}

static void setup_small(void)
{
	setup_ring(2);
	claim(3);
	hold(3);
}

static void a_transmits(void)
{
	u32 i;

	for (i = 0; i < 3; i++)
		claim(i);
	etran_frame_send(&fs, 0);
	etran_frame_give_back(&fs, 1, ETRAN_FRAME_EGRESS);
	etran_frame_send(&fs, 2);
	tx_released();
	/* More than it was ever given. */
	etran_frames_completed(&fs, UINT32_MAX);
}

static void b_releases(void)
{
	timer(false);
}

static void b_drops(void)
{
	timer(true);
}

static void transmit_against_release(void **unused)
{
	(void)unused;
	explore(setup_four, a_transmits, b_releases, check_all_back);
	explore(setup_small, a_transmits, b_releases, check_all_back);
}

static void transmit_against_drop(void **unused)
{
	(void)unused;
	explore(setup_four, a_transmits, b_drops, check_all_back);
}

/* ---- the same frame again and again ------------------------------------ */

static void claim_again(void)
{
	u32 was = chunk[0].state;
	int idx = etran_frame_claim(&fs, 0);

	assert_int_equal(idx, was == ETRAN_FRAME_FREE ? 0 : -EBUSY);
	if (idx)
		return;
	claims++;
	etran_frame_send(&fs, 0);
}

static void a_takes_what_the_ring_says(void)
{
	claim_again();
	claim_again();
	etran_frames_completed(&fs, 1);
	claim_again();
	tx_released();
	claim_again();
	etran_frames_completed(&fs, 2);
}

static void duplicates_against_drop(void **unused)
{
	(void)unused;
	explore(setup_small, a_takes_what_the_ring_says, b_drops, check_all_back);
}

/* ---- teardown ----------------------------------------------------------- */

static void b_stops(void)
{
	u32 i;

	WRITE_ONCE(fs.stopping, true);
	cpu_wait(&in_program[0]);
	for (i = 0; i < FRAMES; i++)
		if (etran_frame_get(&fs, i) == ETRAN_FRAME_HELD)
			etran_frame_purge(&frame[i]);
}

static void a_transmits_and_times(void)
{
	claim(0);
	etran_frame_send(&fs, 0);
	timer(false);
	tx_released();
	etran_frames_completed(&fs, 2);
}

static void transmit_against_teardown(void **unused)
{
	(void)unused;
	explore(setup_four, a_transmits_and_times, b_stops, check_all_back);
}

/* ---- without a second CPU ------------------------------------------------ */

static void room_is_never_more_than_the_ring(void **unused)
{
	static const u32 at[] = { 0, 1, 5, 1U << 31, UINT32_MAX - 1, UINT32_MAX };
	u32 i, back;

	(void)unused;
	setup_ring(RING);
	lies = false;
	for (i = 0; i < sizeof(at) / sizeof(*at); i++) {
		fs.cq.prod = at[i];
		for (back = 0; back <= RING; back++) {
			consumer = at[i] - back;
			assert_int_equal(etran_cq_room(&fs.cq), RING - back);
		}
		for (back = RING + 1; back < 2 * RING; back++) {
			consumer = at[i] - back;
			assert_int_equal(etran_cq_room(&fs.cq), 0);
			consumer = at[i] + back - RING;
			assert_int_equal(etran_cq_room(&fs.cq), 0);
		}
	}
}

static void in_the_order_they_are_given_back(void **unused)
{
	u32 i;

	(void)unused;
	setup_ring(2);
	lies = false;
	for (i = 0; i < FRAMES; i++) {
		claim(i);
		assert_true(etran_frame_send(&fs, i));
	}
	assert_int_equal(etran_frames_completed(&fs, 3), 2);
	assert_int_equal(chunk[2].state, ETRAN_FRAME_BACK);
	assert_int_equal(fs.cq.full, 1);
	/* Nothing goes before one that waits. */
	consumer = 1;
	assert_int_equal(etran_frames_completed(&fs, 1), 1);
	assert_int_equal(chunk[3].state, ETRAN_FRAME_BACK);
	assert_int_equal(desc[0], (2 << CHUNK_SHIFT) + 2);
	assert_int_equal(etran_frames_flush(&fs), 0);
	consumer = 3;
	assert_false(etran_frames_echo(&fs, 77));
	assert_int_equal(etran_frames_flush(&fs), 1);
	assert_int_equal(desc[1], (3 << CHUNK_SHIFT) + 3);
	assert_true(etran_frames_echo(&fs, 77));
	assert_int_equal(desc[0], 77);
	assert_int_equal(producer, 5);
}

/* The driver gives up on the last ones; the first are in the NIC still. */
static void cancelled_are_the_last(void **unused)
{
	u32 i, nb;

	(void)unused;
	for (nb = 0; nb <= FRAMES + 1; nb++) {
		u32 keep = nb < FRAMES ? FRAMES - nb : 0;

		setup_ring(RING);
		lies = false;
		for (i = 0; i < FRAMES; i++) {
			claim(i);
			assert_true(etran_frame_send(&fs, i));
		}
		assert_int_equal(etran_frames_cancelled(&fs, nb), FRAMES - keep);
		for (i = 0; i < FRAMES; i++)
			assert_int_equal(chunk[i].state, i < keep ? ETRAN_FRAME_NIC :
					 ETRAN_FRAME_FREE);
		/* The FIFO is whole: one more goes behind. */
		if (keep < FRAMES) {
			consumer = producer;
			claim(3);
			assert_true(etran_frame_send(&fs, 3));
			keep++;
		}
		for (i = 0; i < keep; i++)
			assert_int_equal(etran_frames_completed(&fs, 1), 1);
		assert_int_equal(etran_frames_completed(&fs, 1), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transmit_against_release),
		cmocka_unit_test(transmit_against_drop),
		cmocka_unit_test(duplicates_against_drop),
		cmocka_unit_test(transmit_against_teardown),
		cmocka_unit_test(room_is_never_more_than_the_ring),
		cmocka_unit_test(in_the_order_they_are_given_back),
		cmocka_unit_test(cancelled_are_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
