// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet costs, in instructions that insn_count finds between the marks;
 * a case says how many packets they are for.
 *
 * Transmit only: 64 bytes if not said, as fast as it goes, without and with a transport, to
 * an address that nobody has, so that no far end is in the figure.  There the
 * kernel's instructions count, not those of user space, which waits for the NIC.
 *
 * Answers: the far host sends, the near one takes the packets and does nothing,
 * or forwards each (AF_XDP l2fwd), or has gen answer each.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <poll.h>
#include <string.h>

#include "clock.h"
#include "cost.h"
#include "selftests/bench/mark.h"
#include "suites.h"

#define BATCH	32
#define WINDOW	256	/* fewer than a bucket holds */
#define WARM	4096
#define COUNT	32768
#define ANSWERS	8192

static struct host nobody;

static void set_nobody(const struct host *like)
{
	nobody = *like;
	nobody.mac[3] ^= 0x7f;
}

/* ---- transmit only --------------------------------------------------- */

static bool send_all(struct bench *b, uint64_t count)
{
	uint64_t target = b->xsk.completed + count;
	uint64_t end = clock_ns() + PATIENCE_NS;
	unsigned int i, idle = 0;

	while (b->xsk.completed < target) {
		for (i = 0; i < BATCH && b->xsk.submitted < target; i++)
			if (b->xsk.submitted - b->xsk.completed >= WINDOW ||
			    !bench_submit(b))
				break;
		if (i || !(++idle % 4096))
			xsk_kick(&b->xsk);
		/* waiting is the only thing here that user space does in a loop */
		if (xsk_reap(&b->xsk))
			end = clock_ns() + PATIENCE_NS;
		else if (!CHECK(clock_ns() < end, "stuck: %llu of %llu completed",
				(unsigned long long)b->xsk.completed,
				(unsigned long long)target))
			return false;
	}
	return true;
}

/* What was measured is what the case says only if all of them went out. */
static void check_sent(struct bench *b)
{
	struct nl_counters c;

	if (!bench_counters(b, &c))
		return;
	CHECK_EQ(c.v[ETRAN_A_COUNTERS_SENT], WARM + COUNT, "packets sent");
	CHECK_EQ(c.v[ETRAN_A_COUNTERS_DROPPED], 0, "packets dropped");
	CHECK_EQ(c.v[ETRAN_A_COUNTERS_BAD_VERDICT], 0, "bad verdicts");
}

static void run(struct bench *b)
{
	uint64_t begin;

	set_nobody(b->far);
	b->far = &nobody;
	b->len = b->len ?: PROBE_MIN_LEN;
	if (!send_all(b, WARM))
		return;
	mark_start();
	begin = clock_ns();
	if (!send_all(b, COUNT))
		return;
	begin = clock_ns() - begin;
	mark_stop();
	ktap_note("packets %u ns %llu kernel", COUNT, (unsigned long long)begin);
}

static void nothing(void)
{
	const struct bench_opts o = { .no_transport = true };
	struct bench b;

	if (bench_open(&b, &o))
		run(&b);
	bench_close(&b);
}

static bool fill_table(struct bench *b)
{
	int fd = bpf_object__find_map_fd_by_name(b->tr.obj, "cost_table");
	uint64_t value = 0;
	uint32_t key;

	for (key = 0; key < COST_ENTRIES; key++)
		if (!CHECK_EQ(bpf_map_update_elem(fd, &key, &value, 0), 0, "fill"))
			return false;
	return true;
}

static void with(const char *ops)
{
	const struct bench_opts o = { .tr.ops = ops, .no_ingress = true };
	struct bench b;

	if (bench_open(&b, &o) && fill_table(&b)) {
		run(&b);
		check_sent(&b);
	}
	bench_close(&b);
}

static void empty(void)
{
	with("cost_empty");
}

static void with_shadow(uint32_t len)
{
	const struct bench_opts o = {
		.tr.ops = "cost_empty", .no_ingress = true, .xsk.shadow = 4096,
	};
	struct bench b;

	if (bench_open(&b, &o)) {
		b.len = len;
		run(&b);
		check_sent(&b);
	}
	bench_close(&b);
}

static void strict(void)
{
	with_shadow(PROBE_MIN_LEN);
}

static void strict_large(void)
{
	with_shadow(1400);
}

static void hold(void)
{
	with("cost_hold");
}

static void out_of_order(void)
{
	with("cost_ooo");
}

static void array(void)
{
	with("cost_array");
}

static void hash(void)
{
	with("cost_hash");
}

/* ---- answers --------------------------------------------------------- */

void cost_tune(struct bpf_object *obj)
{
	static const char * const names[] = { "cost_deliver", "cost_deliver_and_ask" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		bpf_program__set_autoload(bpf_object__find_program_by_name(obj, names[i]),
					  true);
}

bool cost_receive(struct bench *b, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(b->tr.obj, name);
	uint32_t key = 0;

	if (!CHECK_EQ(bpf_prog_assoc_struct_ops(bpf_program__fd(prog),
						bpf_map__fd(b->tr.ops), NULL), 0,
		      "associate") ||
	    !CHECK_EQ(bpf_map_update_elem(b->tr.xsks_fd, &key, &b->xsk.fd, 0), 0,
		      "put the socket into the XSKMAP"))
		return false;
	return CHECK_EQ(ingress_attach(&b->tr.xdp, prog, b->near), 0, name);
}

/* Take what the near end got, and forward it or not. Returns how many. */
static unsigned int take(struct bench *b, bool forward)
{
	const struct xdp_desc *d;
	unsigned int n;

	for (n = 0; n < BATCH && (d = xsk_rx_peek(&b->xsk)); n++) {
		if (forward) {
			memcpy(xsk_packet(&b->xsk, d), nobody.mac, 6);
			xsk_forward(&b->xsk, d, d->len);
		}
		xsk_rx_release(&b->xsk, !forward);
	}
	if (forward && n)
		xsk_kick(&b->xsk);
	xsk_refill(&b->xsk);
	return n;
}

static bool exchange(struct bench *b, struct bench *from, bool forward, uint64_t count)
{
	uint64_t target = b->xsk.received + count, end = clock_ns() + PATIENCE_NS;
	struct pollfd pfd = { .fd = b->xsk.fd, .events = POLLIN };
	unsigned int i;

	while (b->xsk.received < target) {
		for (i = 0; i < BATCH && from->xsk.submitted < target &&
		     from->xsk.submitted - b->xsk.received < 2 * BATCH; i++)
			if (!bench_submit(from))
				break;
		if (i)
			xsk_kick(&from->xsk);
		xsk_reap(&from->xsk);
		if (take(b, forward))
			end = clock_ns() + PATIENCE_NS;
		else if (!CHECK(clock_ns() < end, "stuck: %llu of %llu received",
				(unsigned long long)b->xsk.received,
				(unsigned long long)target))
			return false;
		else
			poll(&pfd, 1, 1);
	}
	return true;
}

static void check_generated(struct bench *b)
{
	struct nl_transport t = {};

	if (!CHECK(WAIT_FOR(!nl_transport_get(&b->nl, "cost_empty", &t) &&
			    t.c.v[ETRAN_A_COUNTERS_GEN_SENT] >= WARM + ANSWERS),
		   "gen sent %llu", (unsigned long long)t.c.v[ETRAN_A_COUNTERS_GEN_SENT]))
		return;
	CHECK_EQ(t.c.v[ETRAN_A_COUNTERS_GEN_FAILED], 0, "gen failed");
}

static void answers(bool forward, bool gen)
{
	const struct bench_opts near = {
		.tr = { .ops = "cost_empty", .tune = cost_tune },
		.no_ingress = true, .no_attach = !gen,
	};
	const struct bench_opts far = { .no_transport = true, .mirrored = true };
	struct bench b, from = { .xsk.fd = -1, .sink.fd = -1, .fence.fd = -1 };
	uint64_t begin;

	if (!bench_open(&b, &near) ||
	    !cost_receive(&b, gen ? "cost_deliver_and_ask" : "cost_deliver"))
		goto out;
	set_nobody(b.far);
	memcpy(b.tr.orders->gen_dst, nobody.mac, 6);
	if (!bench_open(&from, &far))
		goto out;
	from.len = PROBE_MIN_LEN;
	if (!exchange(&b, &from, forward, WARM))
		goto out;
	mark_start();
	begin = clock_ns();
	if (!exchange(&b, &from, forward, ANSWERS))
		goto out;
	begin = clock_ns() - begin;
	mark_stop();
	ktap_note("packets %u ns %llu all", ANSWERS, (unsigned long long)begin);
	if (gen)
		check_generated(&b);
	if (forward)
		CHECK(WAIT_FOR((xsk_reap(&b.xsk), b.xsk.completed == WARM + ANSWERS)),
		      "%llu forwarded", (unsigned long long)b.xsk.completed);
out:
	bench_close(&from);
	bench_close(&b);
}

static void rx_drop(void)
{
	answers(false, false);
}

static void l2fwd(void)
{
	answers(true, false);
}

static void gen(void)
{
	answers(false, true);
}

static const struct ktap_case cases[] = {
	{ "nothing", nothing },
	{ "empty egress", empty },
	{ "empty egress, strict mode", strict },
	{ "empty egress, strict mode, 1,400 bytes", strict_large },
	{ "hold all and release", hold },
	{ "completion out of order", out_of_order },
	{ "array lookup in egress", array },
	{ "hash lookup in egress", hash },
	{ "rx-drop", rx_drop },
	{ "l2fwd", l2fwd },
	{ "rx-drop and gen", gen },
};

const struct ktap_suite suite_cost = KTAP_SUITE("cost", cases);
