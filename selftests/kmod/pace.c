// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pacing error: flows with a rate each, paced by a timing wheel, and what the far
 * NIC's XDP program saw of them.  Meant for --icount: on a clock of the machine's
 * own, an emulator that pauses is what is measured.
 */
#include <bpf/libbpf.h>
#include <math.h>

#include "bench.h"
#include "clock.h"
#include "suites.h"

#define LEN	1500
#define WARM	2		/* packets of a flow before its time is taken */
#define SLOTS	8192		/* of 20 us: further than any packet is ahead */
#define WORST	0.004		/* the paper's */

static bool count_at_far(struct bench *b)
{
	struct bpf_program *prog;
	int ret;

	prog = bpf_object__find_program_by_name(b->tr.obj, "pace_count");
	host_enter(b->far);
	ret = ingress_attach(&b->tr.xdp, prog, b->far);
	host_enter(b->near);
	return CHECK_EQ(ret, 0, "attach pace_count");
}

/* So much is under way that the wheel never runs empty, or full to its horizon. */
static bool send_paced(struct bench *b, uint64_t count, uint64_t window)
{
	uint64_t end = clock_ns() + PATIENCE_NS;
	unsigned int n;

	while (b->xsk.completed < count) {
		for (n = 0; b->xsk.submitted < count &&
		     b->xsk.submitted - b->xsk.completed < window; n++)
			if (!bench_submit(b))
				break;
		if (n)
			xsk_kick(&b->xsk);
		if (xsk_reap(&b->xsk))
			end = clock_ns() + PATIENCE_NS;
		else if (!CHECK(clock_ns() < end, "stuck: %llu of %llu completed",
				(unsigned long long)b->xsk.completed,
				(unsigned long long)count))
			return false;
		else
			clock_breathe();
	}
	return true;
}

static void judge(struct bench *b, uint32_t flows, uint64_t rate, uint32_t packets)
{
	const struct pace_far *far = b->tr.pace_far;
	double error, worst = 0, sum = 0;
	uint64_t ns, ooo = 0;
	uint32_t i;

	if (!CHECK(WAIT_FOR(far->packets >= (uint64_t)flows * packets),
		   "%llu packets arrived", (unsigned long long)far->packets))
		return;
	for (i = 0; i < flows; i++) {
		const struct pace_flow *f = &far->flow[i];

		ns = f->last_ns - f->first_ns;
		error = fabs((f->packets - WARM - 1) * (double)LEN * 1e9 / rate / ns - 1);
		worst = error > worst ? error : worst;
		sum += error;
		ooo += f->ooo;
	}
	ktap_note("pace %u flows of %llu bytes/s, worst %.6f mean %.6f", flows,
		  (unsigned long long)rate, worst, sum / flows);
	CHECK(worst <= WORST, "a rate is off by %.3f %%", 100 * worst);
	CHECK_EQ(ooo, 0, "packets out of order in their flow");
	CHECK_EQ(b->tr.pace_seen->early, 0, "packets beyond the horizon");
	CHECK_EQ(b->tr.pace_seen->too_early, 0, "packets before their time");
	bench_check_rest(b, 0);
}

static void tune(struct bpf_object *obj)
{
	bpf_map__set_max_entries(bpf_object__find_map_by_name(obj, "wheel"), SLOTS);
}

static void pace(uint32_t flows, uint64_t rate, uint32_t packets, uint64_t window)
{
	const struct bench_opts o = {
		.tr = { .ops = "pace_ops", .tune = tune }, .no_ingress = true,
	};
	struct bench b;

	if (bench_open(&b, &o) && count_at_far(&b)) {
		b.len = LEN;
		b.tr.pace->plan = PLAN_RATE;
		b.tr.pace->take = TAKE_DUE;
		b.tr.pace->flows = flows;
		b.tr.pace->rate = rate;
		b.tr.pace_far->run = b.sink.run;
		b.tr.pace_far->warm = WARM;
		if (send_paced(&b, (uint64_t)flows * packets, window))
			judge(&b, flows, rate, packets);
	}
	bench_close(&b);
}

/*
 * Slow, medium and fast, together at most 60 MB/s. The slowest flow's packets are
 * 100 ms apart, which is within the horizon.
 */
static void one_flow(void)
{
	pace(1, 1250000, 200, 128);
	pace(1, 12500000, 1000, 128);
	pace(1, 60000000, 2000, 128);
}

static void ten_flows(void)
{
	pace(10, 300000, 60, 200);
	pace(10, 1250000, 200, 200);
	pace(10, 6000000, 400, 200);
}

static void hundred_flows(void)
{
	pace(100, 30000, 10, 300);
	pace(100, 300000, 40, 300);
	pace(100, 600000, 40, 300);
}

static void thousand_flows(void)
{
	pace(1000, 15000, 8, 1000);
	pace(1000, 30000, 8, 1000);
	pace(1000, 60000, 8, 1000);
}

static const struct ktap_case cases[] = {
	{ "one_flow", one_flow },
	{ "ten_flows", ten_flows },
	{ "hundred_flows", hundred_flows },
	{ "thousand_flows", thousand_flows },
};

const struct ktap_suite suite_pace = KTAP_SUITE("pace", cases);
