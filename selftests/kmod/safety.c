// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transports that misbehave. Each case names the exit kind it expects and what
 * tenants see: their frames come back unsent, nothing leaves unchecked, the
 * transport of the other host goes on, and the same queue works under the next
 * transport.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "suites.h"

#define HELD		40
#define CODE		42
#define RECORDS		8	/* that the module keeps */

/* Two hosts, each with a transport of its own; only the first misbehaves. */
struct pair {
	struct bench bad, good;
	struct nl events;
};

static bool pair_open(struct pair *p, uint32_t timeout_ms)
{
	static const struct bench_opts good = {
		.tr.name = "good", .mirrored = true, .no_ingress = true,
	};
	struct bench_opts bad = { .tr.timeout_ms = timeout_ms };

	memset(p, 0, sizeof(*p));
	bench_none(&p->bad);
	if (!bench_open(&p->good, &good) || !bench_open(&p->bad, &bad))
		return false;
	return CHECK_EQ(nl_open(&p->events), 0, "events") &&
	       CHECK_EQ(nl_events_on(&p->events), 0, "join the events");
}

static void pair_close(struct pair *p)
{
	nl_close(&p->events);
	bench_close(&p->bad);
	bench_close(&p->good);
}

/* The neighbour's packets still go out, at once and after a hold. */
static void check_good(struct pair *p)
{
	struct bench *b = &p->good;
	uint64_t done = b->xsk.completed, got = b->sink.received;

	host_enter(b->near);
	b->tr.orders->nth = 2;
	b->tr.orders->nth_act = ACT_HOLD;
	b->sink.nth = 2;
	bench_push(b, 60);
	bench_settle(b, done + 60, got + 60);
	CHECK_EQ(b->tr.seen->exit, 0, "exit of the good one");
	host_enter(p->bad.near);
}

static bool hold_some(struct bench *b, unsigned int nr)
{
	uint64_t before = b->tr.seen->hold_ok;
	struct orders *o = b->tr.orders;

	b->absent_nth = 1;
	b->window = 1000;
	o->act = ACT_HOLD;
	o->buckets = 2;
	o->no_arm = 1;
	return bench_push(b, nr) &&
	       CHECK(WAIT_FOR((bench_step(b), b->tr.seen->hold_ok >= before + nr)),
		     "%llu held", (unsigned long long)b->tr.seen->hold_ok);
}

/* The end is told in all places: exit, event, record, sysfs; frames are back. */
static void check_ended(struct pair *p, uint32_t kind, int32_t code)
{
	static struct nl_exit rec[RECORDS];
	struct bench *b = &p->bad;
	struct nl_transport t;
	struct nl_event ev;
	int n;

	if (!CHECK_EQ(nl_event_wait(&p->events, ETRAN_CMD_TRANSPORT_EXIT_NTF, &ev), 0,
		      "transport-exit"))
		return;
	CHECK(!strcmp(ev.name, "probe"), "exit of '%s'", ev.name);
	CHECK_EQ(ev.exit_kind, kind, "kind told");
	CHECK_EQ(ev.exit_code, code, "code told");
	CHECK_EQ(b->tr.seen->exit, 1, "calls of exit");
	CHECK_EQ(b->tr.seen->exit_kind, kind, "kind in exit");
	CHECK_EQ(b->tr.seen->exit_code, code, "code in exit");
	CHECK_EQ(b->tr.seen->dump, kind >= ETRAN_EXIT_KIND_ERROR, "calls of dump");
	CHECK_EQ(nl_transport_get(&b->nl, "probe", &t), -ENOENT, "get");
	n = nl_exits(&b->nl, rec, RECORDS);
	if (CHECK(n > 0, "exit-get: %d", n)) {
		struct nl_exit *last = &rec[n - 1];

		CHECK_EQ(last->e.id, ev.id, "id on record");
		CHECK_EQ(last->e.exit_kind, kind, "kind on record");
		CHECK_EQ(last->e.exit_code, code, "code on record");
		CHECK(last->time > 1000000000ULL * NSEC_PER_SEC, "no time");
		CHECK(!!strstr(last->dump, "probe id") ==
		      (kind >= ETRAN_EXIT_KIND_ERROR), "dump: %s", last->dump);
		ktap_note("%s", last->e.exit_msg);
	}
	bench_settle_frames(b);
	bench_check_rest(b, 0);
}

/* The queue's packets come back unsent, until the next transport is there. */
static void check_cut_off_and_next(struct pair *p)
{
	struct bench *b = &p->bad;
	uint64_t got, egress = b->tr.seen->egress;

	bench_fence(b);
	got = b->sink.received;
	b->absent_nth = 1;
	b->absent = b->xsk.submitted;
	b->window = 0;
	bench_push(b, 100);
	bench_settle_frames(b);
	bench_fence(b);
	CHECK_EQ(b->sink.received, got, "sent without a transport");
	CHECK_EQ(b->tr.seen->egress, egress, "egress called after its end");

	transport_detach(&b->tr);
	memset(b->tr.seen, 0, sizeof(*b->tr.seen));
	b->tr.orders->exit_in = 0;
	b->tr.orders->act = ACT_SEND;
	b->tr.orders->nth = 0;
	b->tr.orders->no_arm = 0;
	if (!CHECK_EQ(transport_attach(&b->tr), 0, "attach again"))
		return;
	b->absent_nth = 0;
	b->absent = b->xsk.submitted - got;
	bench_push(b, 100);
	bench_settle(b, b->xsk.submitted, got + 100);
	bench_check_rest(b, 0);
}

/* Have one program run. */
static void call(struct bench *b, uint32_t where)
{
	switch (where) {
	case IN_EGRESS:
		b->absent_nth = 1;
		bench_submit(b);
		bench_step(b);
		break;
	case IN_GEN:
		transport_ask(&b->tr, 1, b->near->ifindex, 1, NULL);
		break;
	case IN_TIMER:
	case IN_SYSCALL:
		transport_arm(&b->tr, PROBE_BUCKETS, 0, 1);
		break;
	case IN_INGRESS:
		sink_send(&b->sink, b->near->mac, PROBE_ARM, PROBE_BUCKETS,
			  PROBE_MIN_LEN, 1);
		break;
	}
}

static void make_it_exit(struct bench *b, uint32_t where)
{
	b->tr.orders->exit_in = where;
	call(b, where);
}

/* bpf_etran_exit() from each kind of program: error-bpf, with packets held. */
static void exit_from_every_program(void)
{
	static const uint32_t where[] = {
		IN_EGRESS, IN_GEN, IN_TIMER, IN_INGRESS, IN_SYSCALL,
	};
	struct pair p;
	unsigned int i;

	if (pair_open(&p, 0)) {
		for (i = 0; i < ARRAY_SIZE(where); i++) {
			ktap_note("from program %u", i);
			p.bad.tr.orders->exit_code = CODE;
			hold_some(&p.bad, HELD);
			make_it_exit(&p.bad, where[i]);
			check_ended(&p, ETRAN_EXIT_KIND_ERROR_BPF, CODE);
			check_cut_off_and_next(&p);
		}
		check_good(&p);
	}
	pair_close(&p);
}

/* With code 0 it is an orderly end: kind bpf, no dump. */
static void orderly_exit(void)
{
	struct pair p;

	if (pair_open(&p, 0) && hold_some(&p.bad, HELD)) {
		make_it_exit(&p.bad, IN_TIMER);
		check_ended(&p, ETRAN_EXIT_KIND_BPF, 0);
		check_cut_off_and_next(&p);
	}
	pair_close(&p);
}

/* Nonsense without end: error-verdict. */
static void bad_verdicts(void)
{
	struct pair p;
	int i;

	if (pair_open(&p, 0)) {
		p.bad.tr.orders->act = ACT_HELD_SEND;
		p.bad.absent_nth = 1;
		for (i = 0; i < 400 && !p.bad.tr.seen->exit; i++)
			bench_push(&p.bad, 100);
		check_ended(&p, ETRAN_EXIT_KIND_ERROR_VERDICT, -EINVAL);
		check_cut_off_and_next(&p);
		check_good(&p);
	}
	pair_close(&p);
}

static void bad_gen_lengths(void)
{
	struct pair p;
	int i;

	if (pair_open(&p, 0)) {
		p.bad.tr.orders->gen_ret = 13;
		for (i = 0; i < 400 && !p.bad.tr.seen->exit; i++)
			transport_ask(&p.bad.tr, i, p.bad.near->ifindex, 100, NULL);
		check_ended(&p, ETRAN_EXIT_KIND_ERROR_VERDICT, -EINVAL);
		p.bad.tr.orders->gen_ret = 0;
		check_cut_off_and_next(&p);
	}
	pair_close(&p);
}

/* Packets that nobody dequeues: error-stall, and the dump shows them. */
static void stall(void)
{
	static struct nl_exit rec[RECORDS];
	struct pair p;
	int n;

	if (pair_open(&p, 200)) {
		CHECK_EQ(p.good.tr.seen->exit, 0, "the good one");
		p.bad.tr.orders->dump_lines = 1;
		hold_some(&p.bad, HELD);
		check_ended(&p, ETRAN_EXIT_KIND_ERROR_STALL, -ETIMEDOUT);
		n = nl_exits(&p.bad.nl, rec, RECORDS);
		if (CHECK(n > 0, "exit-get: %d", n)) {
			CHECK(strstr(rec[n - 1].dump, "held: bucket 0"),
			      "no packet in: %s", rec[n - 1].dump);
			CHECK(strstr(rec[n - 1].dump, "probe says hello\n"),
			      "no word from BPF in: %s", rec[n - 1].dump);
		}
		check_cut_off_and_next(&p);
		check_good(&p);
	}
	pair_close(&p);
}

/* Long holds that are no stall: somebody dequeues, or a timer is armed. */
static void no_stall(void)
{
	struct pair p;
	uint64_t end;
	unsigned int i;

	if (pair_open(&p, 200)) {
		struct bench *b = &p.bad;

		/* Bucket 0 gives one packet every 50 ms, bucket 1 waits for a timer. */
		hold_some(b, 60);
		b->tr.orders->budget = 1;
		b->tr.orders->rearm_ns = 50 * NSEC_PER_MSEC;
		transport_arm(&b->tr, 0, 0, 1);
		transport_arm(&b->tr, 1, 1500 * NSEC_PER_MSEC, 1);
		end = clock_ns() + 1300 * NSEC_PER_MSEC;
		CHECK(WAIT_FOR(b->tr.seen->exit || clock_ns() > end), "time");
		CHECK_EQ(b->tr.seen->exit, 0, "ended while it worked");
		/* A timer that runs and leaves its packets has tried. */
		b->tr.orders->budget = 64;
		b->tr.orders->release = REL_KEEP;
		for (i = 0; i < 8; i++) {
			transport_arm(&b->tr, 0, 0, 1);
			transport_arm(&b->tr, 1, 0, 1);
			end = clock_ns() + 80 * NSEC_PER_MSEC;
			CHECK(WAIT_FOR(clock_ns() > end), "time");
		}
		CHECK_EQ(b->tr.seen->exit, 0, "ended while its timer ran");
		/* ... and when it does not run any more, it is a stall. */
		check_ended(&p, ETRAN_EXIT_KIND_ERROR_STALL, -ETIMEDOUT);
	}
	pair_close(&p);
}

/* A timer that runs for ever and takes nothing is no plan. */
static void stall_with_a_busy_timer(void)
{
	struct pair p;

	if (pair_open(&p, 50)) {
		struct bench *b = &p.bad;

		b->tr.orders->release = REL_KEEP;
		b->tr.orders->rearm_runs = UINT32_MAX;
		b->tr.orders->rearm_ns = 10 * NSEC_PER_MSEC;
		transport_arm(&b->tr, 0, 0, 1);
		transport_arm(&b->tr, 1, 60 * NSEC_PER_SEC, 1);
		hold_some(b, HELD);
		check_ended(&p, ETRAN_EXIT_KIND_ERROR_STALL, -ETIMEDOUT);
		CHECK(b->tr.seen->timer[0].runs > 10, "%llu runs",
		      (unsigned long long)b->tr.seen->timer[0].runs);
		CHECK_EQ(b->tr.seen->timer[1].runs, 0, "runs of the other");
	}
	pair_close(&p);
}

/* One that is armed is, however long it takes, until it is cancelled. */
static void no_stall_before_its_turn(void)
{
	struct pair p;
	uint64_t end;

	if (pair_open(&p, 50)) {
		struct bench *b = &p.bad;

		transport_arm(&b->tr, 0, 60 * NSEC_PER_SEC, 1);
		transport_arm(&b->tr, 1, 60 * NSEC_PER_SEC, 1);
		hold_some(b, HELD);
		end = clock_ns() + 1500 * NSEC_PER_MSEC;
		CHECK(WAIT_FOR(b->tr.seen->exit || clock_ns() > end), "time");
		CHECK_EQ(b->tr.seen->exit, 0, "ended before its timer was due");
		CHECK_EQ(transport_cancel(&b->tr, 1), 1, "cancel");
		check_ended(&p, ETRAN_EXIT_KIND_ERROR_STALL, -ETIMEDOUT);
	}
	pair_close(&p);
}

/*
 * A tenant that never empties its completion ring: its own frames do not come
 * back, its queue says who is to blame; the transport goes on.
 */
static void tenant_never_reaps(void)
{
	struct bench_opts opts = {
		.tr.timeout_ms = 200, .xsk.cq_size = 64, .no_ingress = true,
	};
	struct nl_queue q = {};
	struct bench b;
	unsigned int i;

	if (!bench_zerocopy()) {
		ktap_skip("in copy mode the core makes the tenant wait");
		return;
	}
	if (bench_open(&b, &opts)) {
		b.tr.orders->act = ACT_HOLD;
		b.tr.orders->buckets = 2;
		for (i = 0; i < 200; i++)
			bench_submit(&b);
		CHECK(WAIT_FOR((xsk_kick(&b.xsk), sink_poll(&b.sink),
				nl_queue_get(&b.nl, b.near->ifindex, b.queue, &q),
				q.stall == ETRAN_QUEUE_STALL_TENANT)),
		      "stall: %u", q.stall);
		CHECK(q.c.v[ETRAN_A_COUNTERS_CQ_FULL] > 0, "cq-full");
		CHECK_EQ(b.tr.seen->exit, 0, "the transport was blamed");
		/* Room alone wakes nobody: it has to ask again. */
		CHECK(WAIT_FOR((xsk_kick(&b.xsk), bench_step(&b),
				b.xsk.completed == 200)), "%llu came back",
		      (unsigned long long)b.xsk.completed);
		bench_settle(&b, 200, 200);
		CHECK(WAIT_FOR((nl_queue_get(&b.nl, b.near->ifindex, b.queue, &q),
				q.stall == ETRAN_QUEUE_STALL_NONE)),
		      "stall then: %u", q.stall);
		bench_check_rest(&b, 0);
	}
	bench_close(&b);
}

/* Have a program run for a second and a half. */
static void overrun_once(struct bench *b, uint32_t where)
{
	volatile struct orders *o = b->tr.orders;

	o->spin_ns = 1500 * NSEC_PER_MSEC;
	o->spin_in = where;
	call(b, where);
	CHECK(WAIT_FOR(!o->spin_in), "it is not called");
}

/* A program that takes too long, more than once: error-overrun. */
static void overrun(void)
{
	static const uint32_t where[] = { IN_EGRESS, IN_GEN, IN_TIMER };
	uint64_t end;
	struct pair p;
	unsigned int i, n;

	if (pair_open(&p, 0)) {
		for (i = 0; i < ARRAY_SIZE(where); i++) {
			ktap_note("in program %u", i);
			overrun_once(&p.bad, where[i]);
			end = clock_ns() + 1700 * NSEC_PER_MSEC;
			CHECK(WAIT_FOR(clock_ns() > end), "time");
			CHECK_EQ(p.bad.tr.seen->exit, 0, "exit after one");
			/* What a busy host takes from this machine counts for nobody. */
			for (n = 0; n < 6 && !p.bad.tr.seen->exit; n++) {
				overrun_once(&p.bad, where[i]);
				end = clock_ns() + 3000 * NSEC_PER_MSEC;
				while (!p.bad.tr.seen->exit && clock_ns() < end)
					usleep(1000);
			}
			check_ended(&p, ETRAN_EXIT_KIND_ERROR_OVERRUN, -ETIME);
			check_cut_off_and_next(&p);
		}
		check_good(&p);
	}
	pair_close(&p);
}

static int put_sysfs(const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/kernel/etran/%s", name);
	return file_put(path, text);
}

static void get_sysfs(const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	text[0] = '\0';
	snprintf(path, sizeof(path), "/sys/kernel/etran/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* The switch in sysfs ends all transports of all namespaces: kind admin. */
static void abort_switch(void)
{
	char text[4096];
	struct pair p;

	if (pair_open(&p, 0) && hold_some(&p.bad, HELD)) {
		get_sysfs("state", text, sizeof(text));
		CHECK(!strcmp(text, "attached 2\n"), "state: %s", text);
		CHECK_EQ(put_sysfs("abort", "0"), -EINVAL, "write 0");
		CHECK_EQ(p.bad.tr.seen->exit, 0, "exit after 0");
		CHECK_EQ(put_sysfs("abort", "1"), 0, "write 1");
		CHECK_EQ(p.good.tr.seen->exit, 1, "exit of the other");
		get_sysfs("state", text, sizeof(text));
		CHECK(!strcmp(text, "idle\n"), "state then: %s", text);
		get_sysfs("exits", text, sizeof(text));
		CHECK(strstr(text, "good id ") && strstr(text, "probe id ") &&
		      strstr(text, " admin code 0: abort\n"), "exits: %s", text);
		check_ended(&p, ETRAN_EXIT_KIND_ADMIN, 0);
		check_cut_off_and_next(&p);
	}
	pair_close(&p);
}

/* A dump without end is cut; the record says so and can be read. */
static void dump_is_cut(void)
{
	static struct nl_exit rec[RECORDS];
	struct pair p;
	int n;

	if (pair_open(&p, 0)) {
		p.bad.tr.orders->dump_lines = 100000;
		p.bad.tr.orders->exit_code = -1;
		make_it_exit(&p.bad, IN_SYSCALL);
		check_ended(&p, ETRAN_EXIT_KIND_ERROR_BPF, -1);
		n = nl_exits(&p.bad.nl, rec, RECORDS);
		if (CHECK(n > 0, "exit-get: %d", n)) {
			CHECK(strstr(rec[n - 1].dump, "~~~~ TRUNCATED ~~~~\n"),
			      "no mark in %zu bytes", strlen(rec[n - 1].dump));
			CHECK(strlen(rec[n - 1].dump) > 7000, "only %zu bytes",
			      strlen(rec[n - 1].dump));
			CHECK(!strcmp(rec[n - 1].e.exit_msg, "as ordered ?[31m"),
			      "message: %s", rec[n - 1].e.exit_msg);
		}
	}
	pair_close(&p);
}

/* The last records are kept, each namespace sees its own. */
static void records(void)
{
	static struct nl_exit rec[2 * RECORDS];
	static const struct bench_opts opts = { .no_ingress = true };
	struct bench b;
	struct nl nl;
	int i, n;

	if (bench_open(&b, &opts)) {
		for (i = 0; i < RECORDS + 2; i++) {
			transport_detach(&b.tr);
			CHECK_EQ(transport_attach(&b.tr), 0, "attach");
		}
		n = nl_exits(&b.nl, rec, 2 * RECORDS);
		if (CHECK_EQ(n, RECORDS, "records"))
			for (i = 1; i < n; i++)
				CHECK_EQ(rec[i].e.id, rec[i - 1].e.id + 1, "id");
		host_enter(b.far);
		if (CHECK_EQ(nl_open(&nl), 0, "netlink at the other host"))
			CHECK_EQ(nl_exits(&nl, rec, 2 * RECORDS), 0,
				 "records at the other host");
		nl_close(&nl);
		host_enter(b.near);
	}
	bench_close(&b);
}

struct exiter {
	struct bench *b;
	uint32_t count;
	pthread_t thread;
};

static void *exit_often(void *data)
{
	struct exiter *x = data;

	transport_arm(&x->b->tr, PROBE_BUCKETS, 0, x->count);
	return NULL;
}

/* Errors from two threads and packets while the owner detaches: one end. */
static void errors_while_detached(void)
{
	static const struct bench_opts opts = { .no_ingress = true };
	struct exiter x[2] = {};
	struct bench b;
	unsigned int i, n;

	if (bench_open(&b, &opts)) {
		b.absent_nth = 1;
		for (i = 0; i < 10; i++) {
			memset(b.tr.seen, 0, sizeof(*b.tr.seen));
			b.tr.orders->exit_code = i;
			b.tr.orders->exit_in = IN_SYSCALL | IN_TIMER | IN_EGRESS;
			for (n = 0; n < 2; n++) {
				x[n].b = &b;
				x[n].count = i * 3;
				pthread_create(&x[n].thread, NULL, exit_often, &x[n]);
			}
			bench_submit(&b);
			bench_step(&b);
			if (i & 1)
				nl_transport_detach(&b.nl, "probe");
			transport_detach(&b.tr);
			for (n = 0; n < 2; n++)
				pthread_join(x[n].thread, NULL);
			CHECK(WAIT_FOR(b.tr.seen->exit == 1), "calls of exit: %llu",
			      (unsigned long long)b.tr.seen->exit);
			b.tr.orders->exit_in = 0;
			CHECK_EQ(transport_attach(&b.tr), 0, "attach");
		}
		bench_settle_frames(&b);
		bench_check_rest(&b, 0);
	}
	bench_close(&b);
}

static const struct ktap_case cases[] = {
	{ "records", records },
	{ "exit_from_every_program", exit_from_every_program },
	{ "orderly_exit", orderly_exit },
	{ "bad_verdicts", bad_verdicts },
	{ "bad_gen_lengths", bad_gen_lengths },
	{ "stall", stall },
	{ "no_stall", no_stall },
	{ "stall_with_a_busy_timer", stall_with_a_busy_timer },
	{ "no_stall_before_its_turn", no_stall_before_its_turn },
	{ "tenant_never_reaps", tenant_never_reaps },
	{ "overrun", overrun },
	{ "abort_switch", abort_switch },
	{ "dump_is_cut", dump_is_cut },
	{ "errors_while_detached", errors_while_detached },
};

const struct ktap_suite suite_safety = KTAP_SUITE("safety", cases);
