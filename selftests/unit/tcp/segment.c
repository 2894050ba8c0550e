// SPDX-License-Identifier: GPL-2.0-only
/* etrand/tcp/segment.c and isn.c: hostile bytes in, well-formed segments out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "etrand/tcp/isn.c"
#include "etrand/tcp/segment.c"

#define FUZZ_ROUNDS	200000

static const struct seg syn = {
	.dmac = { 2, 0, 0, 0, 0, 1 },
	.smac = { 2, 0, 0, 0, 0, 2 },
	.tuple = {
		.saddr = 0x0100000a, .daddr = 0x0200000a,
		.sport = 0x3930, .dport = 0xeb18,
	},
	.seq = 0xfffffff0, .ack = 0x12345678, .wnd = 0xabcd,
	.flags = SEG_SYN | SEG_ACK,
	.opts = {
		.mss = 1460, .has_ws = true, .wscale = 7,
		.has_ts = true, .tsval = 0xdeadbeef, .tsecr = 0x01020304,
	},
};

static void segment__survives_the_round_trip(void **state)
{
	uint8_t buf[SEG_MAX_HDR];
	struct seg s;
	int len;

	(void)state;
	len = seg_build(&syn, buf, sizeof(buf));
	assert_int_equal(len, 14 + 20 + 20 + 4 + 12 + 4);
	assert_int_equal(seg_parse(buf, len, len, &s), 0);
	assert_memory_equal(&s.tuple, &syn.tuple, sizeof(s.tuple));
	assert_memory_equal(s.dmac, syn.dmac, 6);
	assert_memory_equal(s.smac, syn.smac, 6);
	assert_int_equal(s.seq, syn.seq);
	assert_int_equal(s.ack, syn.ack);
	assert_int_equal(s.wnd, syn.wnd);
	assert_int_equal(s.flags, syn.flags);
	assert_int_equal(s.payload, 0);
	assert_int_equal(s.opts.mss, 1460);
	assert_true(s.opts.has_ws && s.opts.has_ts);
	assert_int_equal(s.opts.wscale, 7);
	assert_int_equal(s.opts.tsval, 0xdeadbeef);
	assert_int_equal(s.opts.tsecr, 0x01020304);
}

/* A receiver's view of the checksums: everything sums up to nothing. */
static void segment__has_good_checksums(void **state)
{
	uint8_t buf[SEG_MAX_HDR];
	uint32_t pseudo = 6, i;
	int len;

	(void)state;
	len = seg_build(&syn, buf, sizeof(buf));
	assert_int_equal(seg_csum(buf + 14, 20, 0), 0);
	for (i = 26; i < 34; i += 2)
		pseudo += buf[i] << 8 | buf[i + 1];
	assert_int_equal(seg_csum(buf + 34, len - 34, pseudo + len - 34), 0);
}

/* RFC 1071 section 3's example. */
static void csum__matches_rfc1071(void **state)
{
	static const uint8_t bytes[] = { 0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	assert_int_equal((uint16_t)~seg_csum(bytes, sizeof(bytes), 0), 0xddf2);
	assert_int_equal((uint16_t)~seg_csum(bytes, 3, 0), 0xf201);
}

static const struct {
	const char *name;
	uint8_t bytes[16];
	size_t len;
	int ret;
	struct seg_opts want;
} opts[] = {
	{ "none", { 0 }, 0, 0, { 0 } },
	{ "mss", { 2, 4, 5, 0xb4 }, 4, 0, { .mss = 1460 } },
	{ "end of list hides the rest", { 0, 2, 4, 5, 0xb4 }, 5, 0, { 0 } },
	{ "unknown skipped", { 254, 4, 1, 2, 2, 4, 5, 0xb4 }, 8, 0, { .mss = 1460 } },
	{ "sack permitted skipped", { 4, 2, 2, 4, 5, 0xb4 }, 6, 0, { .mss = 1460 } },
	{ "wscale clamped", { 3, 3, 200 }, 3, 0, { .has_ws = true, .wscale = 14 } },
	{ "length zero", { 5, 0, 2, 4, 5, 0xb4 }, 6, -EBADMSG, { 0 } },
	{ "length one", { 5, 1 }, 2, -EBADMSG, { 0 } },
	{ "no length", { 1, 2 }, 2, -EBADMSG, { 0 } },
	{ "over the end", { 2, 4, 5 }, 3, -EBADMSG, { 0 } },
	{ "mss of 3 bytes", { 2, 3, 5 }, 3, -EBADMSG, { 0 } },
	{ "ts of 9 bytes", { 8, 9, 0, 0, 0, 0, 0, 0, 0 }, 9, -EBADMSG, { 0 } },
	{ "what came before stays", { 2, 4, 5, 0xb4, 3, 9 }, 6, -EBADMSG,
	  { .mss = 1460 } },
};

static void options__table(void **state)
{
	struct seg_opts o;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(opts) / sizeof(*opts); i++) {
		if (seg_parse_opts(opts[i].bytes, opts[i].len, &o) != opts[i].ret ||
		    o.mss != opts[i].want.mss ||
		    o.has_ws != opts[i].want.has_ws ||
		    o.wscale != opts[i].want.wscale ||
		    o.has_ts != opts[i].want.has_ts)
			fail_msg("case \"%s\"", opts[i].name);
	}
}

static void segment__refuses_what_does_not_fit(void **state)
{
	uint8_t buf[SEG_MAX_HDR], bad[SEG_MAX_HDR];
	struct seg s;
	int len, i;

	(void)state;
	len = seg_build(&syn, buf, sizeof(buf));
	for (i = 0; i < len; i++)
		assert_int_equal(seg_parse(buf, i, len, &s), -EBADMSG);
	assert_int_equal(seg_parse(buf, len, len - 1, &s), -EBADMSG);
	/* EtherType, IP version, header length, protocol, fragment, data offset */
	static const struct { int at; uint8_t v; } damage[] = {
		{ 12, 0x86 }, { 14, 0x65 }, { 14, 0x44 }, { 14, 0x4f },
		{ 23, 17 }, { 20, 0x20 }, { 21, 1 }, { 46, 0x40 }, { 46, 0xf0 },
		{ 16, 0xff },
	};
	for (i = 0; i < (int)(sizeof(damage) / sizeof(*damage)); i++) {
		memcpy(bad, buf, len);
		bad[damage[i].at] = damage[i].v;
		assert_int_equal(seg_parse(bad, len, len, &s), -EBADMSG);
	}
	assert_int_equal(seg_build(&syn, buf, SEG_MAX_HDR - 1), -ENOSPC);
}

/* The sanitizer watches; buffers are exactly as long as we say. */
static void segment__survives_hostile_bytes(void **state)
{
	uint8_t buf[SEG_MAX_HDR], *exact;
	size_t len, have;
	struct seg s;
	int i, k, n, parsed = 0;

	(void)state;
	srandom(4711);
	n = seg_build(&syn, buf, sizeof(buf));
	for (i = 0; i < FUZZ_ROUNDS; i++) {
		have = random() % (n + 1);
		len = have + random() % 3;
		exact = malloc(have ? have : 1);
		memcpy(exact, buf, have);
		for (k = random() % 8; k > 0 && have; k--)
			exact[random() % have] = random();
		/* Often enough, let it reach the options. */
		if (have > 46 && i % 2) {
			memcpy(exact, buf, 34);
			exact[16] = 0;
			exact[17] = have - 14;
			exact[46] = random();
		}
		parsed += !seg_parse(exact, have, len, &s);
		free(exact);
	}
	/* A loop that never gets through proves nothing. */
	assert_true(parsed > FUZZ_ROUNDS / 100);
}

static void options__survive_hostile_bytes(void **state)
{
	struct seg_opts o;
	uint8_t *exact;
	int i, complete = 0;
	size_t len, k;

	(void)state;
	srandom(42);
	for (i = 0; i < FUZZ_ROUNDS; i++) {
		len = random() % 41;
		exact = malloc(len ? len : 1);
		for (k = 0; k < len; k++)
			exact[k] = random() % 4 ? random() % 12 : random();
		complete += !seg_parse_opts(exact, len, &o);
		assert_true(o.wscale <= SEG_MAX_WSCALE);
		free(exact);
	}
	assert_true(complete > 0 && complete < FUZZ_ROUNDS);
}

/* RFC 9293 3.10.7.1 */
static void reset__answers_as_the_rfc_says(void **state)
{
	struct seg in = syn, out;

	(void)state;
	seg_reset_for(&in, &out);
	assert_int_equal(out.flags, SEG_RST);
	assert_int_equal(out.seq, in.ack);
	assert_int_equal(out.tuple.saddr, in.tuple.daddr);
	assert_int_equal(out.tuple.dport, in.tuple.sport);
	assert_memory_equal(out.dmac, in.smac, 6);
	in.flags = SEG_SYN;
	in.payload = 5;
	seg_reset_for(&in, &out);
	assert_int_equal(out.flags, SEG_RST | SEG_ACK);
	assert_int_equal(out.seq, 0);
	assert_int_equal(out.ack, in.seq + 6);
}

/* The reference key and first vectors of the SipHash paper's program. */
static void siphash__matches_reference(void **state)
{
	static const uint64_t want[] = {
		0x726fdb47dd0e0e31ULL, 0x74f839c593dc67fdULL,
		0x0d6c8009d9a94f5aULL, 0x85676696d7fb7e2dULL,
		0xcf2794e0277187b7ULL, 0x18765564cd99a68dULL,
		0xcbc9466e58fee3ceULL, 0xab0200f58b01d137ULL,
		0x93f5f5799a932462ULL,
	};
	uint8_t key_bytes[16], in[16];
	uint64_t key[2];
	size_t i;

	(void)state;
	for (i = 0; i < 16; i++)
		key_bytes[i] = in[i] = i;
	memcpy(key, key_bytes, sizeof(key));
	for (i = 0; i < sizeof(want) / sizeof(*want); i++)
		assert_true(isn_siphash(key, in, i) == want[i]);
}

static void isn__differs_by_tuple_and_moves_with_time(void **state)
{
	struct tcp_tuple other = syn.tuple;
	uint32_t a;

	(void)state;
	assert_int_equal(isn_init(), 0);
	a = isn_make(&syn.tuple, 1000000000);
	other.sport++;
	assert_int_not_equal(a, isn_make(&other, 1000000000));
	assert_int_equal(isn_make(&syn.tuple, 1000000000 + 4096) - a, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segment__survives_the_round_trip),
		cmocka_unit_test(segment__has_good_checksums),
		cmocka_unit_test(csum__matches_rfc1071),
		cmocka_unit_test(options__table),
		cmocka_unit_test(segment__refuses_what_does_not_fit),
		cmocka_unit_test(segment__survives_hostile_bytes),
		cmocka_unit_test(options__survive_hostile_bytes),
		cmocka_unit_test(reset__answers_as_the_rfc_says),
		cmocka_unit_test(siphash__matches_reference),
		cmocka_unit_test(isn__differs_by_tuple_and_moves_with_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
