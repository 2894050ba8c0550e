// SPDX-License-Identifier: GPL-2.0-only
/* Sequence arithmetic at the wrap, and the set of out-of-order intervals. */
#include "unit.h"

static void seq__before_wraps(void **state)
{
	(void)state;
	assert_true(tcp_before(0xffffffffu, 0));
	assert_true(tcp_before(0xfffffff0u, 0x10));
	assert_false(tcp_before(0x10, 0xfffffff0u));
	assert_false(tcp_before(7, 7));
	assert_true(tcp_before(0, 0x7fffffffu));
	assert_false(tcp_before(0, 0x80000001u));
}

static void seq__offsets_survive_wraps(void **state)
{
	struct tcp_conn c = { .iss = ISS, .irs = IRS };
	uint64_t off;

	(void)state;
	/* More than three times round, in steps that never meet 2^32. */
	for (off = 0; off < (14ULL << 30); off += 999999937ULL) {
		c.snd_una = off;
		c.rcv_nxt = off;
		assert_int_equal(tcp_snd_off(&c, tcp_snd_wire(&c, off + 70000)),
				 off + 70000);
		assert_int_equal(tcp_rcv_off(&c, tcp_rcv_wire(&c, off) - 1),
				 (int64_t)off - 1);
		assert_int_equal(tcp_rcv_off(&c, tcp_rcv_wire(&c, off + (1u << 30))),
				 off + (1u << 30));
	}
}

static void seq__syn_is_before_the_stream(void **state)
{
	struct tcp_conn c = { .iss = 0xffffffffu, .irs = 0xffffffffu };

	(void)state;
	assert_int_equal(tcp_snd_wire(&c, 0), 0);
	assert_int_equal(tcp_rcv_off(&c, 0xffffffffu), -1);
}

static int filled(const struct tcp_conn *c)
{
	int i, n = 0;

	for (i = 0; i < TCP_OOO_MAX; i++)
		n += c->ooo[i].from != c->ooo[i].to;
	return n;
}

static bool has(const struct tcp_conn *c, uint64_t from, uint64_t to)
{
	int i;

	for (i = 0; i < TCP_OOO_MAX; i++)
		if (c->ooo[i].from == from && c->ooo[i].to == to)
			return true;
	return false;
}

static void ooo__merges_what_touches(void **state)
{
	struct tcp_conn c = { 0 };

	(void)state;
	assert_int_equal(tcp_ooo_insert(&c, 100, 200), TCP_OOO_NEW);
	assert_int_equal(tcp_ooo_insert(&c, 300, 400), TCP_OOO_NEW);
	assert_int_equal(c.nr_ooo, 2);
	/* touches on the left, then closes the gap */
	assert_int_equal(tcp_ooo_insert(&c, 200, 250), TCP_OOO_NEW);
	assert_true(has(&c, 100, 250));
	assert_int_equal(tcp_ooo_insert(&c, 240, 310), TCP_OOO_NEW);
	assert_true(has(&c, 100, 400));
	assert_int_equal(c.nr_ooo, 1);
	/* what is there is old, to the byte */
	assert_int_equal(tcp_ooo_insert(&c, 100, 400), TCP_OOO_OLD);
	assert_int_equal(tcp_ooo_insert(&c, 399, 400), TCP_OOO_OLD);
	assert_int_equal(tcp_ooo_insert(&c, 399, 401), TCP_OOO_NEW);
	assert_true(has(&c, 100, 401));
	/* one that covers all */
	assert_int_equal(tcp_ooo_insert(&c, 50, 500), TCP_OOO_NEW);
	assert_true(has(&c, 50, 500));
	assert_int_equal(filled(&c), 1);
}

static void ooo__full_set_stays_as_it_is(void **state)
{
	struct tcp_conn c = { 0 }, before;
	int i;

	(void)state;
	for (i = 0; i < TCP_OOO_MAX; i++)
		assert_int_equal(tcp_ooo_insert(&c, 100 * i + 10, 100 * i + 20),
				 TCP_OOO_NEW);
	before = c;
	assert_int_equal(tcp_ooo_insert(&c, 5000, 5010), TCP_OOO_FULL);
	assert_memory_equal(&before, &c, sizeof(c));
	/* Joining two makes room for another one. */
	assert_int_equal(tcp_ooo_insert(&c, 20, 110), TCP_OOO_NEW);
	assert_int_equal(c.nr_ooo, TCP_OOO_MAX - 1);
	assert_int_equal(tcp_ooo_insert(&c, 5000, 5010), TCP_OOO_NEW);
	assert_int_equal(c.nr_ooo, TCP_OOO_MAX);
}

static void ooo__advance_takes_over(void **state)
{
	struct tcp_conn c = { 0 };

	(void)state;
	tcp_ooo_insert(&c, 500, 600);
	tcp_ooo_insert(&c, 100, 200);
	tcp_ooo_insert(&c, 300, 400);
	c.rcv_nxt = 99;
	tcp_ooo_advance(&c);
	assert_int_equal(c.rcv_nxt, 99);
	assert_int_equal(c.nr_ooo, 3);
	/* touches the first, covers nothing else */
	c.rcv_nxt = 100;
	tcp_ooo_advance(&c);
	assert_int_equal(c.rcv_nxt, 200);
	assert_int_equal(c.nr_ooo, 2);
	/* beyond one of them, into the other */
	c.rcv_nxt = 550;
	tcp_ooo_advance(&c);
	assert_int_equal(c.rcv_nxt, 600);
	assert_int_equal(c.nr_ooo, 0);
	assert_int_equal(filled(&c), 0);
}

#define SPACE 400

/* Against a bitmap, which cannot be wrong. */
static void ooo__agrees_with_a_bitmap(void **state)
{
	uint32_t seed, i, j, rnd = 1;

	(void)state;
	for (seed = 0; seed < 3000; seed++) {
		struct tcp_conn c = { 0 };
		uint8_t map[SPACE] = { 0 };

		for (i = 0; i < 40; i++) {
			uint32_t from, to, set = 0, n = 0;
			int what;

			rnd = rnd * 1664525 + 1013904223;
			from = (rnd >> 8) % (SPACE - 41);
			to = from + 1 + (rnd >> 20) % 40;
			if (from <= c.rcv_nxt) {
				if (to <= c.rcv_nxt)
					continue;
				memset(map, 1, to);
				c.rcv_nxt = to;
				tcp_ooo_advance(&c);
			} else {
				for (j = from; j < to; j++)
					set += map[j];
				what = tcp_ooo_insert(&c, from, to);
				assert_int_equal(what == TCP_OOO_OLD,
						 set == to - from);
				if (what != TCP_OOO_FULL)
					memset(map + from, 1, to - from);
			}
			for (j = 0; j < SPACE && map[j]; j++)
				;
			assert_int_equal(c.rcv_nxt, j);
			for (; j < SPACE; j++)
				n += map[j];
			for (j = 0; j < TCP_OOO_MAX; j++)
				n -= c.ooo[j].to - c.ooo[j].from;
			assert_int_equal(n, 0);
			assert_int_equal(c.nr_ooo, filled(&c));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seq__before_wraps),
		cmocka_unit_test(seq__offsets_survive_wraps),
		cmocka_unit_test(seq__syn_is_before_the_stream),
		cmocka_unit_test(ooo__merges_what_touches),
		cmocka_unit_test(ooo__full_set_stays_as_it_is),
		cmocka_unit_test(ooo__advance_takes_over),
		cmocka_unit_test(ooo__agrees_with_a_bitmap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
