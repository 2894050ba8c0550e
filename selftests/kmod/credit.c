// SPDX-License-Identifier: GPL-2.0-only
/*
 * Credits in order of priority: the tree that XDP, egress, timer and gen programs
 * of one transport share, see credit.bpf.c.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "clock.h"
#include "credit.h"
#include "suites.h"

struct credit {
	struct bench b;
	struct bpf_object *obj;
	struct bpf_link *link;
	struct ingress xdp;
	struct credit_orders *orders;
	const volatile struct credit_seen *seen;
};

static void *value_of(struct credit *c, const char *name)
{
	size_t size;

	return bpf_map__initial_value(bpf_object__find_map_by_name(c->obj, name), &size);
}

static bool credit_load(struct credit *c)
{
	struct bpf_program *ingress;
	struct bpf_map *ops;
	char path[512];

	snprintf(path, sizeof(path), "%s/credit.bpf.o", transport_dir);
	c->obj = bpf_object__open_file(path, NULL);
	if (!CHECK(c->obj, "open %s", path) ||
	    !CHECK_EQ(bpf_object__load(c->obj), 0, "load"))
		return false;
	ops = bpf_object__find_map_by_name(c->obj, "credit");
	ingress = bpf_object__find_program_by_name(c->obj, "credit_ingress");
	c->orders = value_of(c, ".data.orders");
	c->seen = value_of(c, ".data.seen");
	c->orders->run = c->b.sink.run;
	c->orders->ifindex = c->b.near->ifindex;
	memcpy(c->orders->dst, c->b.far->mac, 6);
	memcpy(c->orders->src, c->b.near->mac, 6);
	if (!CHECK_EQ(bpf_prog_assoc_struct_ops(bpf_program__fd(ingress),
						bpf_map__fd(ops), NULL), 0, "associate"))
		return false;
	c->link = bpf_map__attach_struct_ops(ops);
	return CHECK(c->link, "attach: %s", strerror(errno)) &&
	       CHECK_EQ(ingress_attach(&c->xdp, ingress, c->b.near), 0, "attach ingress");
}

static bool credit_open(struct credit *c)
{
	static const struct bench_opts opts = {
		.no_transport = true, .receives = true,
	};

	memset(c, 0, sizeof(*c));
	return bench_open(&c->b, &opts) &&
	       CHECK_EQ(nl_open(&c->b.nl), 0, "netlink family") &&
	       credit_load(c) &&
	       CHECK_EQ(nl_queue_bind(&c->b.nl, c->b.xsk.fd, BENCH_TENANT, "credit",
				      NULL), 0, "bind the queue");
}

static void credit_close(struct credit *c)
{
	ingress_detach(&c->xdp);
	bpf_link__destroy(c->link);
	bpf_object__close(c->obj);
	bench_close(&c->b);
}

/* The first half is announced by packets that arrive, the rest by those sent. */
static bool announce_all(struct credit *c)
{
	const unsigned int half = CREDIT_IDS / 2;
	struct bench *b = &c->b;
	unsigned int i;

	b->next_seq = half;
	for (i = 0; i < half; i += 16)
		if (!CHECK_EQ(sink_send(&b->sink, b->near->mac, PROBE_ASK, i,
					PROBE_MIN_LEN, 16), 0, "announce") ||
		    !bench_push(b, 16))
			return false;
	return CHECK(WAIT_FOR((bench_step(b), c->seen->by_ingress == half &&
			       c->seen->by_egress == half)),
		     "announced by %llu and %llu packets",
		     (unsigned long long)c->seen->by_ingress,
		     (unsigned long long)c->seen->by_egress);
}

/* Each message had its credit, once, and nothing went wrong on the way. */
static void check_credits(struct credit *c)
{
	struct bench *b = &c->b;
	unsigned int id, without = 0;

	CHECK(WAIT_FOR((bench_step(b), b->sink.replies >= CREDIT_IDS)),
	      "%llu credits of %u", (unsigned long long)b->sink.replies, CREDIT_IDS);
	bench_fence(b);
	CHECK_EQ(b->sink.replies, CREDIT_IDS, "credits");
	for (id = 0; id < CREDIT_IDS; id++)
		without += !b->sink.replied[credit_key(id)];
	CHECK_EQ(without, 0, "messages without a credit");
	CHECK_EQ(b->sink.reply_dup, 0, "second credits");
	CHECK_EQ(b->sink.corrupt, 0, "damaged credits");
	CHECK_EQ(c->seen->granted, CREDIT_IDS, "taken out of the order");
	CHECK_EQ(c->seen->no_memory, 0, "messages without memory");
	bench_settle(b, b->xsk.submitted, b->xsk.submitted);
	bench_check_rest(b, 0);
}

/* All are announced before the first credit: shortest first then. */
static void best_first(void)
{
	struct credit c;

	if (credit_open(&c)) {
		c.orders->paced = 1;
		if (announce_all(&c)) {
			CHECK_EQ(sink_send(&c.b.sink, c.b.near->mac, PROBE_ARM, 0,
					   PROBE_MIN_LEN, 1), 0, "start");
			check_credits(&c);
			CHECK_EQ(c.b.sink.reply_ooo, 0, "credits out of order");
		}
	}
	credit_close(&c);
}

/* Messages come while others get their credits, so there is no order to check. */
static void all_at_once(void)
{
	struct credit c;

	if (credit_open(&c) && announce_all(&c)) {
		check_credits(&c);
		ktap_note("%llu runs of the timer, %llu frames asked for",
			  (unsigned long long)c.seen->runs,
			  (unsigned long long)c.seen->asked);
	}
	credit_close(&c);
}

static const struct ktap_case cases[] = {
	{ "best_first", best_first },
	{ "all_at_once", all_at_once },
};

const struct ktap_suite suite_credit = KTAP_SUITE("credit", cases);
