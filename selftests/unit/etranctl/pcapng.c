// SPDX-License-Identifier: GPL-2.0-only
/* etranctl/pcapng.c: every block as the format wants it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "etranctl/pcapng.c"

static uint8_t file[1 << 16];
static size_t file_len;

static void begin(struct pcapng *f)
{
	*f = (struct pcapng){ .snaplen = 100, .real_ns = 1000 };
	memset(file, 0xee, sizeof(file));
	f->out = fmemopen(file, sizeof(file), "w");
	assert_non_null(f->out);
	assert_int_equal(pcapng_begin(f), 0);
}

static void end(struct pcapng *f)
{
	file_len = ftell(f->out);
	fclose(f->out);
}

static int packet(struct pcapng *f, uint32_t ifindex, uint32_t point, int32_t verdict,
		  uint32_t len)
{
	struct etran_trace_rec r = {
		.time_ns = 0x100000000ULL, .ifindex = ifindex, .queue = 3, .tenant = 7,
		.len = len, .caplen = len < f->snaplen ? len : f->snaplen,
		.point = point, .verdict = verdict,
	};
	uint32_t i;

	for (i = 0; i < r.caplen; i++)
		r.data[i] = i;
	return pcapng_packet(f, &r);
}

static uint32_t at(size_t off)
{
	uint32_t v;

	assert_true(off + 4 <= file_len);
	memcpy(&v, file + off, 4);
	return v;
}

/* Block @nr of the file; its two lengths must agree. */
static size_t block(unsigned int nr, uint32_t type)
{
	size_t off = 0;

	while (nr--)
		off += at(off + 4);
	assert_int_equal(at(off), type);
	assert_int_equal(at(off + 4) % 4, 0);
	assert_int_equal(at(off + at(off + 4) - 4), at(off + 4));
	return off;
}

static void check_option(size_t off, uint16_t code, const void *data, uint16_t len)
{
	assert_int_equal(at(off), code | (uint32_t)len << 16);
	assert_memory_equal(file + off + 4, data, len);
}

static void blocks(void **state)
{
	static const char text[] = "egress SEND queue 3 tenant 7";
	const uint32_t in = 1, out = 2;
	struct pcapng f;
	size_t off;

	(void)state;
	begin(&f);
	assert_int_equal(packet(&f, 99991, ETRAN_TRACE_EGRESS, 1, 61), 0);
	assert_int_equal(packet(&f, 99991, ETRAN_TRACE_INGRESS, 4, 1500), 0);
	assert_int_equal(packet(&f, 99992, ETRAN_TRACE_RELEASE, 77, 0), 0);
	end(&f);

	assert_int_equal(at(block(0, 0x0a0d0d0a) + 8), 0x1a2b3c4d);
	off = block(1, 1);
	assert_int_equal(at(off + 8), 1);
	assert_int_equal(at(off + 12), 100);
	check_option(off + 16, 2, "if99991", 7);
	/* Times: nanoseconds, the upper half first. */
	off = block(2, 6);
	assert_int_equal(at(off + 8), 0);
	assert_int_equal(at(off + 12), 1);
	assert_int_equal(at(off + 16), 1000);
	assert_int_equal(at(off + 20), 61);
	assert_int_equal(at(off + 24), 61);
	assert_int_equal(file[off + 28 + 60], 60);
	check_option(off + 28 + 64, 1, text, sizeof(text) - 1);
	check_option(off + 28 + 64 + 4 + 28, 2, &out, 4);
	/* Cut at the limit, the length as it was. */
	off = block(3, 6);
	assert_int_equal(at(off + 20), 100);
	assert_int_equal(at(off + 24), 1500);
	check_option(off + 28 + 100, 1, "ingress REDIRECT queue 3", 24);
	check_option(off + 28 + 100 + 4 + 24, 2, &in, 4);
	/* Another device is another interface; an unknown verdict is BAD. */
	block(4, 1);
	off = block(5, 6);
	assert_int_equal(at(off + 8), 1);
	check_option(off + 28, 1, "release BAD queue 3 tenant 7", 28);
	assert_int_equal(off + at(off + 4), file_len);
}

/* How many packets are missing is in the file, once there is an interface. */
static void lost(void **state)
{
	const uint64_t many = 0x123456789ULL;
	struct pcapng f;
	size_t off;

	(void)state;
	begin(&f);
	assert_int_equal(pcapng_end(&f, 5, 0), 0);
	assert_int_equal(ftell(f.out), 28);
	assert_int_equal(packet(&f, 99991, ETRAN_TRACE_GEN, 64, 64), 0);
	assert_int_equal(pcapng_end(&f, 0x100000000ULL, many), 0);
	end(&f);
	off = block(3, 5);
	assert_int_equal(at(off + 8), 0);
	assert_int_equal(at(off + 12), 1);
	assert_int_equal(at(off + 16), 1000);
	check_option(off + 20, 5, &many, sizeof(many));
	assert_int_equal(off + at(off + 4), file_len);
}

static void many_nics(void **state)
{
	struct pcapng f;
	unsigned int i;

	(void)state;
	begin(&f);
	for (i = 0; i < PCAPNG_NICS + 5; i++)
		assert_int_equal(packet(&f, 99000 + i, ETRAN_TRACE_GEN, 14, 14),
				 i < PCAPNG_NICS ? 0 : -E2BIG);
	assert_int_equal(packet(&f, 99000, ETRAN_TRACE_GEN, 14, 14), 0);
	end(&f);
	assert_int_equal(f.nr_nics, PCAPNG_NICS);
	i = 2 * PCAPNG_NICS + 1;
	assert_int_equal(block(i, 6) + at(block(i, 6) + 4), file_len);
}

/* The largest packet fits into a block with all its options. */
static void largest(void **state)
{
	struct pcapng f;

	(void)state;
	begin(&f);
	f.snaplen = ETRAN_TRACE_SNAPLEN;
	assert_int_equal(packet(&f, UINT32_MAX, ETRAN_TRACE_INGRESS, INT32_MIN,
				ETRAN_TRACE_SNAPLEN), 0);
	end(&f);
	assert_int_equal(at(block(2, 6) + 20), ETRAN_TRACE_SNAPLEN);
}

/* A disk that is full, a reader that is gone: an error, not a torn file unnoticed. */
static void full(void **state)
{
	struct pcapng f = { .snaplen = 100, .out = fopen("/dev/full", "w") };

	(void)state;
	assert_non_null(f.out);
	setvbuf(f.out, NULL, _IONBF, 0);
	assert_int_equal(pcapng_begin(&f), -ENOSPC);
	assert_int_equal(packet(&f, 99991, ETRAN_TRACE_GEN, 64, 64), -ENOSPC);
	assert_int_equal(f.nr_nics, 0);
	fclose(f.out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks),
		cmocka_unit_test(lost),
		cmocka_unit_test(many_nics),
		cmocka_unit_test(largest),
		cmocka_unit_test(full),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
