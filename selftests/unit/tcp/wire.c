// SPDX-License-Identifier: GPL-2.0-only
/* Headers and options as bytes. */
#include "unit.h"

static uint32_t sum_of(const uint8_t *p, uint32_t len, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += p[i] | p[i + 1] << 8;
	return sum;
}

/* A segment of which every byte was worked out by hand. */
static void frame__known_bytes(void **state)
{
	static const uint8_t want[ETRAN_TCP_ROOM] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x08, 0x00,
		0x45, 0x00, 0x00, 0x36, 0x00, 0x00, 0x40, 0x00, 0x40, 0x06,
		0x26, 0xc0, 10, 0, 0, 1, 10, 0, 0, 2,
		0x00, 0x50, 0x0f, 0xa0, 0xff, 0xff, 0xfc, 0x01,
		0xff, 0xff, 0xfe, 0x01, 0x80, 0x18, 0x12, 0x34,
		0x00, 0x00, 0x00, 0x00,	/* checksum: see below */
		0x01, 0x01, 0x08, 0x0a, 0x00, 0x01, 0x02, 0x03,
		0x00, 0x00, 0x01, 0xf4,
	};
	uint8_t b[ETRAN_TCP_ROOM + 2] __attribute__((aligned(8)));
	struct tcp_out o = {
		.seq = ISS + 1, .ms = 0x010203, .len = 2, .wnd = 0x1234,
		.flags = TCP_ACK | TCP_PSH,
	};
	struct tcp_conn c;
	uint32_t sum;

	(void)state;
	fix_open(&c);
	c.ts_sent = 0x010202;
	memset(b, 0xee, sizeof(b));
	b[66] = 'h';
	b[67] = 'i';
	o.sum = sum_of(b + 66, 2, 0);
	tcp_frame_put(b, &c, &o);
	assert_memory_equal(b, want, 50);
	assert_memory_equal(b + 52, want + 52, 14);
	assert_int_equal(tcp_csum_fold(sum_of(b + 14, 20, 0)), 0xffff);
	/* pseudo header: addresses, protocol, length */
	sum = sum_of(b + 26, 8, 0) + htobe16(6) + htobe16(34);
	assert_int_equal(tcp_csum_fold(sum_of(b + 34, 34, sum)), 0xffff);
	/* the next one has another identification */
	tcp_frame_put(b, &c, &o);
	assert_int_equal(b[19], 1);
	assert_int_equal(tcp_csum_fold(sum_of(b + 14, 20, 0)), 0xffff);
}

static void frame__without_time_stamps(void **state)
{
	uint8_t b[ETRAN_TCP_ROOM] __attribute__((aligned(8)));
	struct tcp_out o = { .seq = 1, .wnd = 65535, .flags = TCP_ACK };
	struct tcp_conn c;
	int i;

	(void)state;
	fix_open(&c);
	c.flags &= ~TCP_F_TS;
	tcp_frame_put(b, &c, &o);
	for (i = 54; i < 66; i++)
		assert_int_equal(b[i], 1);
	assert_int_equal(tcp_csum_fold(sum_of(b + 34, 32,
			 tcp_csum_pseudo(c.tuple.saddr, c.tuple.daddr, 32))),
			 0xffff);
}

/* Random values: carries of every kind. */
static void frame__checksums(void **state)
{
	uint8_t b[ETRAN_TCP_ROOM] __attribute__((aligned(8)));
	uint64_t rnd = 1;
	struct tcp_conn c;
	int i;

	(void)state;
	fix_open(&c);
	for (i = 0; i < 100000; i++) {
		struct tcp_out o = { .flags = TCP_ACK };

		rnd = rnd * 6364136223846793005ULL + 1442695040888963407ULL;
		o.seq = (uint32_t)(rnd >> 32);
		o.ms = (uint32_t)(rnd >> 16);
		o.wnd = (uint16_t)(rnd >> 40);
		c.rcv_nxt = rnd >> 8;
		c.ts_recent = (uint32_t)(rnd >> 24);
		c.tuple.saddr = (uint32_t)(rnd >> 20);
		c.tuple.daddr = (uint32_t)(rnd >> 31);
		c.tuple.sport = (uint16_t)(rnd >> 11);
		c.ip_id = (uint32_t)(rnd >> 33);
		tcp_frame_put(b, &c, &o);
		assert_int_equal(tcp_csum_fold(sum_of(b + 14, 20, 0)), 0xffff);
		assert_int_equal(tcp_csum_fold(sum_of(b + 34, 32,
				 tcp_csum_pseudo(c.tuple.saddr, c.tuple.daddr,
						 32))), 0xffff);
	}
}

/* Two CPUs read the clock in one order and take the lock in the other. */
static void frame__time_never_goes_back(void **state)
{
	uint8_t b[ETRAN_TCP_ROOM] __attribute__((aligned(8)));
	struct tcp_out o = { .flags = TCP_ACK, .ms = 0xffffffffu };
	struct tcp_frame *f = (struct tcp_frame *)b;
	struct tcp_conn c;

	(void)state;
	fix_open(&c);
	c.ts_sent = o.ms - 5;
	tcp_frame_put(b, &c, &o);
	assert_int_equal(tcp_ntohl(f->opt[1]), 0xffffffffu);
	o.ms = 0xfffffffeu;
	tcp_frame_put(b, &c, &o);
	assert_int_equal(tcp_ntohl(f->opt[1]), 0xffffffffu);
	o.ms = 3;			/* later, behind the wrap */
	tcp_frame_put(b, &c, &o);
	assert_int_equal(tcp_ntohl(f->opt[1]), 3);
}

static int opt(const char *bytes, uint32_t len, struct tcp_seg *seg)
{
	uint8_t b[TCP_OPT_MAX] = { 0 };

	memset(seg, 0, sizeof(*seg));
	memcpy(b, bytes, len);
	tcp_opt_ts(b, len, seg);
	return seg->has_ts;
}

static void opt__time_stamps_anywhere(void **state)
{
	struct tcp_seg seg;

	(void)state;
	assert_true(opt("\x01\x01\x08\x0a\x01\x02\x03\x04\x05\x06\x07\x08", 12,
			&seg));
	assert_int_equal(seg.tsval, 0x01020304);
	assert_int_equal(seg.tsecr, 0x05060708);
	/* behind a SACK block of one range, and at the very end of 40 bytes */
	assert_true(opt("\x01\x01\x05\x0aSSSSSSSS\x08\x0a\x01\x02\x03\x04\x05\x06\x07\x08",
			22, &seg));
	assert_int_equal(seg.tsval, 0x01020304);
	assert_true(opt("\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
			"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
			"\x01\x01\x08\x0a\x01\x02\x03\x04\x05\x06\x07\x08", 40,
			&seg));
	assert_int_equal(seg.tsecr, 0x05060708);
}

static void opt__malformed(void **state)
{
	struct tcp_seg seg;

	(void)state;
	assert_false(opt("", 0, &seg));
	/* cut short */
	assert_false(opt("\x08\x0a\x01\x02\x03\x04\x05\x06\x07", 9, &seg));
	assert_false(opt("\x08", 1, &seg));
	/* wrong length, length 0 and 1, end of list before it */
	assert_false(opt("\x08\x09\x01\x02\x03\x04\x05\x06\x07\x08", 10, &seg));
	assert_false(opt("\x03\x00\x08\x0a\x01\x02\x03\x04\x05\x06\x07\x08", 12,
			 &seg));
	assert_false(opt("\x03\x01\x08\x0a\x01\x02\x03\x04\x05\x06\x07\x08", 12,
			 &seg));
	assert_false(opt("\x00\x01\x08\x0a\x01\x02\x03\x04\x05\x06\x07\x08", 12,
			 &seg));
	/* one that claims to be longer than all options */
	assert_false(opt("\x05\xff\x08\x0a\x01\x02\x03\x04\x05\x06\x07\x08", 12,
			 &seg));
}

static void opt__garbage_is_survived(void **state)
{
	uint64_t rnd = 3;
	int i, j;

	(void)state;
	for (i = 0; i < 200000; i++) {
		uint8_t *b = malloc(TCP_OPT_MAX);	/* so that ASan sees */
		struct tcp_seg seg;

		assert_non_null(b);
		for (j = 0; j < TCP_OPT_MAX; j++) {
			rnd = rnd * 6364136223846793005ULL + 1442695040888963407ULL;
			b[j] = (uint8_t)(rnd >> 40) & (rnd >> 60 ? 0x0f : 0xff);
		}
		tcp_opt_ts(b, (uint32_t)(rnd >> 33) % (TCP_OPT_MAX + 1), &seg);
		assert_true(seg.has_ts <= 1);
		free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame__known_bytes),
		cmocka_unit_test(frame__without_time_stamps),
		cmocka_unit_test(frame__checksums),
		cmocka_unit_test(frame__time_never_goes_back),
		cmocka_unit_test(opt__time_stamps_anywhere),
		cmocka_unit_test(opt__malformed),
		cmocka_unit_test(opt__garbage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
