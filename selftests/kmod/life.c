// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ends: of a socket, of a process, of a transport, of a namespace and of the
 * module, each with packets held and under traffic. Every frame comes back,
 * nothing leaves unchecked, and what is next works.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "suites.h"

#define HELD	150

static const struct bench_opts no_ingress = { .no_ingress = true };

/* Put HELD packets into buckets, where they stay until someone arms. */
static bool hold_some(struct bench *b)
{
	struct orders *o = b->tr.orders;

	b->absent_nth = 1;
	b->window = HELD;
	o->act = ACT_HOLD;
	o->buckets = 3;
	o->no_arm = 1;
	return bench_push(b, HELD) &&
	       CHECK(WAIT_FOR((bench_step(b), b->tr.seen->hold_ok >= HELD)),
		     "%llu held of %d",
		     (unsigned long long)b->tr.seen->hold_ok, HELD);
}

static void init_and_exit(void)
{
	struct bench b;
	int i;

	if (bench_open(&b, &no_ingress)) {
		CHECK_EQ(b.tr.seen->init, 1, "calls of init");
		CHECK_EQ(b.tr.seen->exit, 0, "calls of exit");
		transport_detach(&b.tr);
		CHECK(WAIT_FOR(b.tr.seen->exit == 1), "no exit");
		CHECK_EQ(b.tr.seen->exit_kind, ETRAN_EXIT_KIND_UNREG, "kind");
		for (i = 2; i < 20; i++) {
			CHECK_EQ(transport_attach(&b.tr), 0, "attach again");
			transport_detach(&b.tr);
			CHECK(WAIT_FOR(b.tr.seen->exit == (uint64_t)i),
			      "no exit");
			CHECK_EQ(b.tr.seen->init, i, "calls of init");
		}
		CHECK_EQ(b.tr.seen->egress, 0, "calls of egress");
	}
	bench_close(&b);
}

static void init_fails(void)
{
	static const struct bench_opts opts = {
		.no_attach = true, .no_ingress = true,
	};
	struct nl_transport t;
	struct bench b;

	if (bench_open(&b, &opts)) {
		b.tr.orders->init_ret = -EXDEV;
		CHECK_EQ(transport_attach(&b.tr), -EXDEV, "attach");
		CHECK_EQ(b.tr.seen->init, 1, "calls of init");
		CHECK_EQ(b.tr.seen->exit, 0, "calls of exit");
		CHECK_EQ(nl_transport_get(&b.nl, "probe", &t), -ENOENT, "get");
		b.tr.orders->init_ret = 0;
		CHECK_EQ(transport_attach(&b.tr), 0, "attach then");
		CHECK_EQ(nl_transport_get(&b.nl, "probe", &t), 0, "get then");
	}
	bench_close(&b);
}

/* A name is taken once in a network namespace, and again in another. */
static void names(void)
{
	struct transport twin, other;
	struct nl_transport t;
	struct bench b;

	if (bench_open(&b, &no_ingress)) {
		if (CHECK_EQ(transport_load(&twin, NULL), 0, "load a twin")) {
			CHECK_EQ(transport_attach(&twin), -EEXIST,
				 "attach a twin");
			host_enter(b.far);
			CHECK_EQ(transport_attach(&twin), 0,
				 "attach it at the other host");
			CHECK_EQ(nl_transport_get(&b.nl, "probe", &t), 0,
				 "ours");
			host_enter(b.near);
			transport_close(&twin);
		}
		if (CHECK_EQ(transport_load(&other, &(struct transport_opts){
					    .name = "other" }), 0, "load")) {
			CHECK_EQ(transport_attach(&other), 0, "another name");
			CHECK_EQ(nl_transport_get(&b.nl, "other", &t), 0, "get");
			transport_close(&other);
			CHECK_EQ(nl_transport_get(&b.nl, "other", &t), -ENOENT,
				 "get when it is gone");
		}
	}
	bench_close(&b);
}

static void close_with_held(void)
{
	struct nl_event ev;
	struct nl_transport t;
	struct bench b;

	if (bench_open(&b, &no_ingress) && hold_some(&b)) {
		bench_check_rest(&b, HELD);
		CHECK_EQ(nl_events_on(&b.nl), 0, "join the events");
		xsk_close(&b.xsk);
		CHECK_EQ(nl_event_wait(&b.nl, ETRAN_CMD_QUEUE_GONE_NTF, &ev), 0,
			 "queue-gone");
		CHECK_EQ(ev.ifindex, b.near->ifindex, "its ifindex");
		CHECK_EQ(ev.queue, b.queue, "its queue");
		CHECK_EQ(ev.tenant, BENCH_TENANT, "its tenant");
	}
	bench_close(&b);
	/* The timers of a transport that outlives its sockets find nothing. */
	if (bench_open(&b, &no_ingress) && hold_some(&b)) {
		xsk_close(&b.xsk);
		CHECK(WAIT_FOR(!nl_queues(&b.nl)), "the queue stays");
		CHECK_EQ(transport_arm(&b.tr, 0, 0, 1), 0, "arm");
		CHECK(WAIT_FOR(b.tr.seen->timer[0].runs), "the timer");
		CHECK_EQ(b.tr.seen->dequeued, 0, "dequeued");
		CHECK(WAIT_FOR(!transport_depth(&b.tr, 0)), "its packets stay");
		CHECK_EQ(nl_transport_get(&b.nl, "probe", &t), 0, "get");
		CHECK_EQ(t.queues, 0, "its queues");
	}
	bench_close(&b);
}

/* A socket that goes while its packets are being released. */
static void close_while_released(void)
{
	struct bench b;
	int i;

	for (i = 0; i < 10; i++) {
		if (bench_open(&b, &no_ingress)) {
			b.tr.orders->act = ACT_HOLD;
			b.tr.orders->buckets = 4;
			b.tr.orders->budget = 2;
			b.tr.orders->delay_ns = i * 20 * 1000;
			b.window = 200;
			bench_push(&b, 150 + i);
			xsk_close(&b.xsk);
			CHECK(WAIT_FOR(!nl_queues(&b.nl)), "the queue stays");
		}
		bench_close(&b);
	}
}

static pid_t hold_in_child(struct bench *b)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child)
		return child;
	if (!hold_some(b))
		_exit(1);
	for (;;)
		pause();
}

static void kill_with_held(void)
{
	struct xsk_opts xo = { .copy = !bench_zerocopy() };
	struct nl_queue q = {};
	struct bench b;
	pid_t child;
	int status;

	if (bench_open(&b, &no_ingress)) {
		child = hold_in_child(&b);
		/* The child's is the last reference then. */
		xsk_close(&b.xsk);
		CHECK(WAIT_FOR(!nl_queue_get(&b.nl, b.near->ifindex, b.queue, &q) &&
			       q.c.v[ETRAN_A_COUNTERS_HOLDING] == HELD),
		      "held by the child: %llu",
		      (unsigned long long)q.c.v[ETRAN_A_COUNTERS_HOLDING]);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		CHECK(WIFSIGNALED(status), "the child ended by itself");
		CHECK(WAIT_FOR(!nl_queues(&b.nl)), "the queue stays");
		/* The same queue works for the next one. */
		b.next_seq = 0;
		b.absent = 0;
		xo.ifindex = b.near->ifindex;
		xo.queue = b.queue;
		xo.shadow = b.xsk.shadow;
		CHECK(WAIT_FOR(xsk_open(&b.xsk, &xo) != -EBUSY), "still busy");
		CHECK_EQ(bench_bind(&b), 0, "bind");
		b.tr.orders->act = ACT_SEND;
		b.absent_nth = 0;
		bench_push(&b, 200);
		bench_settle(&b, 200, 200);
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
	}
	bench_close(&b);
}

/* What is submitted once the transport has gone comes back unsent. */
static void check_cut_off(struct bench *b)
{
	uint64_t before = b->sink.received, submitted;

	bench_step(b);
	bench_fence(b);
	before = b->sink.received;
	b->absent_nth = 1;
	b->window = 0;
	submitted = b->xsk.submitted;
	b->absent = submitted;
	bench_push(b, 300);
	bench_settle(b, submitted + 300, before);
	bench_fence(b);
	CHECK_EQ(b->sink.received, before, "sent without a transport");
	bench_check_rest(b, 0);
}

static void detach_by_netlink(void)
{
	struct nl_transport t;
	struct nl_event ev;
	struct nl events;
	struct bench b;

	if (bench_open(&b, NULL) && hold_some(&b) &&
	    CHECK_EQ(nl_open(&events), 0, "events")) {
		CHECK_EQ(nl_events_on(&events), 0, "join the events");
		CHECK_EQ(nl_transport_detach(&b.nl, "probe"), 0, "detach");
		CHECK_EQ(b.tr.seen->exit, 1, "exit when it returns");
		CHECK_EQ(b.tr.seen->exit_kind, ETRAN_EXIT_KIND_ADMIN, "kind");
		CHECK_EQ(nl_event_wait(&events, ETRAN_CMD_TRANSPORT_EXIT_NTF, &ev),
			 0, "transport-exit");
		CHECK(!strcmp(ev.name, "probe"), "exit of '%s'", ev.name);
		CHECK_EQ(ev.exit_kind, ETRAN_EXIT_KIND_ADMIN, "kind told");
		CHECK_EQ(nl_transport_get(&b.nl, "probe", &t), -ENOENT, "get");
		CHECK_EQ(nl_transport_detach(&b.nl, "probe"), -ENOENT, "again");
		bench_settle(&b, HELD, 0);
		CHECK_EQ(b.sink.received, 0, "held packets sent");
		bench_check_rest(&b, 0);
		check_cut_off(&b);
		CHECK_EQ(b.tr.seen->egress, HELD, "calls of egress");
		/* The owner closes its link later, which does nothing more. */
		transport_detach(&b.tr);
		CHECK_EQ(b.tr.seen->exit, 1, "calls of exit");
		nl_close(&events);
	}
	bench_close(&b);
}

static void detach_by_link(void)
{
	struct bench b;

	if (bench_open(&b, NULL) && hold_some(&b)) {
		transport_detach(&b.tr);
		CHECK(WAIT_FOR(b.tr.seen->exit == 1), "no exit");
		bench_settle(&b, HELD, 0);
		check_cut_off(&b);
		CHECK_EQ(b.sink.received, 0, "held packets sent");
	}
	bench_close(&b);
}

/* Packets in the TX ring, in buckets, released and in the NIC, all at once. */
static void detach_under_traffic(bool by_netlink, unsigned int rounds)
{
	struct bench b;
	unsigned int i;

	if (bench_open(&b, NULL)) {
		struct orders *o = b.tr.orders;

		o->nth = 2;
		o->nth_act = ACT_HOLD;
		o->buckets = 4;
		b.window = 400;
		for (i = 0; i < rounds; i++) {
			o->delay_ns = i % 5 * 300 * 1000;
			b.absent = b.xsk.submitted - b.sink.received;
			bench_push(&b, 100 + i);
			if (by_netlink)
				CHECK_EQ(nl_transport_detach(&b.nl, "probe"), 0,
					 "detach");
			transport_detach(&b.tr);
			bench_push(&b, 20);
			bench_settle_frames(&b);
			CHECK_EQ(transport_attach(&b.tr), 0, "attach");
		}
		bench_fence(&b);
		bench_check_rest(&b, 0);
		CHECK_EQ(b.sink.dup, 0, "received twice");
		CHECK_EQ(b.sink.corrupt, 0, "damaged");
		/* The last one took the queue over: it works. */
		o->delay_ns = 0;
		b.absent = b.xsk.submitted - b.sink.received;
		rounds = b.sink.received;
		bench_push(&b, 200);
		bench_settle(&b, b.xsk.submitted, rounds + 200);
		bench_check_rest(&b, 0);
	}
	bench_close(&b);
}

static void detach_by_netlink_under_traffic(void)
{
	detach_under_traffic(true, 20);
}

static void detach_by_link_under_traffic(void)
{
	detach_under_traffic(false, 20);
}

/* Another transport of the same name takes the bound queues over. */
static void taken_over_by_name(void)
{
	struct transport next;
	struct nl_queue q;
	struct bench b;

	if (bench_open(&b, &no_ingress)) {
		bench_push(&b, 200);
		bench_settle(&b, 200, 200);
		transport_detach(&b.tr);
		if (CHECK_EQ(transport_load(&next, NULL), 0, "load the next")) {
			*next.orders = *b.tr.orders;
			CHECK_EQ(transport_attach(&next), 0, "attach the next");
			CHECK_EQ(nl_queue_get(&b.nl, b.near->ifindex, b.queue, &q), 0,
				 "queue-get");
			CHECK(!strcmp(q.transport, "probe"), "of '%s'",
			      q.transport);
			bench_push(&b, 200);
			bench_settle(&b, 400, 400);
			CHECK_EQ(next.seen->egress, 200, "calls of egress");
			CHECK_EQ(b.tr.seen->egress, 200, "of the old one");
			bench_check_rest(&b, 0);
			transport_close(&next);
		}
	}
	bench_close(&b);
}

/* A host that sends from a thread of its own while its transport comes and goes. */
struct sender {
	struct bench b;
	uint64_t rounds;
	bool stop;
	pthread_t thread;
};

/*
 * A round waits until its frames are back and rests twice as long again: two
 * that send faster than the machine takes it leave no CPU for what is tested.
 */
static void *send_for_ever(void *data)
{
	struct sender *s = data;
	uint64_t start;
	int i;

	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		start = clock_ns();
		/* The sink counts so far and no further. */
		if (s->b.next_seq >= PROBE_SEQS - 32)
			s->b.next_seq = 0;
		for (i = 0; i < 32 && bench_submit(&s->b); i++)
			;
		do {
			if (xsk_pending(&s->b.xsk))
				xsk_kick(&s->b.xsk);
			clock_breathe();
			xsk_reap(&s->b.xsk);
		} while (s->b.xsk.completed < s->b.xsk.submitted &&
			 !__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE));
		__atomic_fetch_add(&s->rounds, 1, __ATOMIC_RELEASE);
		clock_sleep(2 * (clock_ns() - start));
	}
	return NULL;
}

static bool sender_open(struct sender *s, const struct bench_opts *opts)
{
	struct orders *o;

	bench_none(&s->b);
	if (!bench_open(&s->b, opts))
		return false;
	o = s->b.tr.orders;
	o->nth = 2;
	o->nth_act = ACT_HOLD;
	o->buckets = 4;
	o->delay_ns = 300 * 1000;
	s->b.absent_nth = 1;
	return true;
}

static void sender_start(struct sender *s)
{
	s->stop = false;
	pthread_create(&s->thread, NULL, send_for_ever, s);
	CHECK(WAIT_FOR(__atomic_load_n(&s->rounds, __ATOMIC_ACQUIRE)), "it does not send");
}

static void sender_stop(struct sender *s, unsigned int cycles)
{
	__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
	pthread_join(s->thread, NULL);
	host_enter(s->b.near);
	bench_settle_frames(&s->b);
	bench_check_rest(&s->b, 0);
	CHECK_EQ(s->b.sink.corrupt, 0, "damaged");
	CHECK_EQ(s->b.tr.seen->init, cycles + 1, "calls of init");
	CHECK_EQ(s->b.tr.seen->exit, cycles, "calls of exit");
	CHECK(s->b.tr.seen->rel_sent > 0, "nothing was held");
}

/* By turns at both hosts, bench_cycles times, and neither stops sending. */
static void cycles(void)
{
	static const struct bench_opts other = {
		.tr.name = "other", .mirrored = true, .no_ingress = true,
	};
	uint64_t start = clock_ns();
	struct sender s[2] = {};
	unsigned int i;

	if (sender_open(&s[1], &other) && sender_open(&s[0], NULL)) {
		sender_start(&s[0]);
		sender_start(&s[1]);
		for (i = 0; i < 2 * bench_cycles; i++) {
			struct bench *b = &s[i % 2].b;

			host_enter(b->near);
			transport_detach(&b->tr);
			if (!CHECK_EQ(transport_attach(&b->tr), 0, "attach"))
				break;
			sink_poll(&s[0].b.sink);
			sink_poll(&s[1].b.sink);
		}
		sender_stop(&s[0], i / 2);
		sender_stop(&s[1], i / 2);
		ktap_note("%u cycles at each host, %llu and %llu packets, %llu ms", i / 2,
			  (unsigned long long)s[0].b.xsk.submitted,
			  (unsigned long long)s[1].b.xsk.submitted,
			  (unsigned long long)(clock_ns() - start) / NSEC_PER_MSEC);
	}
	bench_close(&s[0].b);
	bench_close(&s[1].b);
}

static bool busy(int ret)
{
	return ret == -EBUSY || ret == -EAGAIN;
}

static void rmmod(void)
{
	struct bench b;
	int ret;

	if (bench_open(&b, &no_ingress) && hold_some(&b)) {
		ret = module_unload();
		CHECK(busy(ret), "rmmod with an attached transport: %d", ret);
		transport_detach(&b.tr);
		ret = module_unload();
		CHECK(busy(ret), "rmmod with a bound pool: %d", ret);
		bench_settle(&b, HELD, 0);
		xsk_close(&b.xsk);
		CHECK(WAIT_FOR(!nl_queues(&b.nl)), "the queue stays");
		nl_close(&b.nl);
		ret = module_unload();
		CHECK(busy(ret), "rmmod with a PKT_QUEUE map: %d", ret);
	}
	bench_close(&b);
	CHECK(WAIT_FOR(!(ret = module_unload())), "rmmod: %d", ret);
	CHECK_EQ(module_load(bench_ko), 0, "insmod again");
	if (bench_open(&b, NULL)) {
		bench_push(&b, 200);
		bench_settle(&b, 200, 200);
		bench_check_rest(&b, 0);
	}
	bench_close(&b);
}

/* A socket that was there before the module, used on without and with it. */
static void module_under_traffic(void)
{
	static const struct bench_opts opts = { .no_transport = true };
	uint64_t total = 0;
	struct bench b;
	int i;

	if (bench_open(&b, &opts)) {
		for (i = 0; i < 5; i++) {
			bench_push(&b, 300);
			CHECK(WAIT_FOR(!module_unload()), "rmmod");
			bench_push(&b, 300);
			CHECK_EQ(module_load(bench_ko), 0, "insmod");
			total += 600;
		}
		bench_settle(&b, total, total);
		bench_check_sink(&b);
		CHECK_EQ(b.xsk.dup, 0, "frames completed twice");
		CHECK_EQ(b.xsk.ooo, 0, "completions out of order");
	}
	bench_close(&b);
}

/*
 * Two sockets share a pool and only one of them sends. When that one closes the
 * queue stays, and a third that sends finds it as the first did: its packets can be
 * held.
 */
static void sender_leaves_a_shared_pool(void)
{
	struct xsk_opts xo = { .no_tx = true };
	struct xsk listener = { .fd = -1 }, next = { .fd = -1 };
	int listens = -1;
	struct nl_queue q;
	struct bench b;

	if (bench_open(&b, &no_ingress)) {
		xo.ifindex = b.near->ifindex;
		xo.queue = b.queue;
		xo.share = &b.xsk;
		if (!CHECK_EQ(xsk_open(&listener, &xo), 0, "the one that only listens"))
			goto out;
		bench_push(&b, 100);
		bench_settle(&b, 100, 100);
		if (!CHECK_EQ(xsk_take_over(&b.xsk, &listener), 0, "take its rings over"))
			goto out;
		xo.no_tx = false;
		xo.share = &b.xsk;
		if (!CHECK_EQ(xsk_open(&next, &xo), 0, "the next one that sends"))
			goto out;
		listens = b.xsk.fd;
		b.xsk.fd = next.fd;
		b.xsk.tx = next.tx;
		next.fd = -1;
		next.tx.map = NULL;
		CHECK(WAIT_FOR(!nl_queue_get(&b.nl, b.near->ifindex, b.queue, &q)),
		      "the queue is gone");
		clock_sleep(200 * NSEC_PER_MSEC);
		hold_some(&b);
		CHECK_EQ(b.tr.seen->hold_err, 0, "refused to hold");
		bench_check_rest(&b, HELD);
out:
		xsk_close(&next);
		if (listens >= 0)
			close(listens);
	}
	bench_close(&b);
}

/* Sockets on so many queues of a device that sends nothing anywhere. */
#define MANY	256

static uint64_t close_many(struct bench *b, bool bound)
{
	struct xsk_opts xo = {
		.copy = true, .tx_size = 64, .rx_size = 64, .cq_size = 64,
		.nr_chunks = 64,
	};
	static struct xsk x[MANY];
	uint64_t start;
	int i, ret;

	xo.ifindex = if_nametoindex("many0");
	for (i = 0; i < MANY; i++) {
		xo.queue = i;
		/* The core frees a queue a little after its socket. */
		WAIT_FOR((ret = xsk_open(&x[i], &xo)) != -EBUSY);
		if (!CHECK_EQ(ret, 0, "open"))
			break;
		if (bound && !CHECK_EQ(nl_queue_bind(&b->nl, x[i].fd, BENCH_TENANT, "probe",
						     NULL), 0, "bind"))
			break;
	}
	start = clock_ns();
	while (i--)
		xsk_close(&x[i]);
	if (bound)
		CHECK(WAIT_FOR(nl_queues(&b->nl) == 1), "%d queues stay",
		      nl_queues(&b->nl));
	return clock_ns() - start;
}

/* Under a transport it takes little more than without, whatever their number. */
static void many_close_at_once(void)
{
	uint64_t plain, bound;
	struct bench b;

	if (bench_open(&b, &no_ingress) &&
	    CHECK_EQ(host_run(b.near, "ip link add many0 numtxqueues %d numrxqueues %d "
			      "type dummy && ip link set many0 up", MANY, MANY), 0, "device")) {
		plain = close_many(&b, false);
		bound = close_many(&b, true);
		ktap_note("%d sockets: %llu ms, under a transport %llu ms", MANY,
			  (unsigned long long)(plain / NSEC_PER_MSEC),
			  (unsigned long long)(bound / NSEC_PER_MSEC));
		CHECK(bound < plain + plain / 2 + NSEC_PER_SEC, "%llu ms against %llu",
		      (unsigned long long)(bound / NSEC_PER_MSEC),
		      (unsigned long long)(plain / NSEC_PER_MSEC));
	}
	host_run(b.near, "ip link del many0");
	bench_close(&b);
}

/* What a program of @uid, without privileges, is answered. */
static int events_as(uid_t uid)
{
	struct nl nl;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		if (setgid(uid) || setuid(uid) || nl_open(&nl))
			_exit(255);
		_exit(-nl_events_on(&nl));
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

/* Who may not ask which transports there are is not told of them either. */
static void events_need_privilege(void)
{
	struct bench b;

	if (bench_open(&b, &no_ingress)) {
		CHECK_EQ(events_as(65534), -EPERM, "join as nobody");
		CHECK_EQ(events_as(0), 0, "join as root");
	}
	bench_close(&b);
}

/* An instance ends with the namespace it was attached in. */
static void namespace_ends(void)
{
	struct transport t;

	if (!CHECK_EQ(transport_load(&t, NULL), 0, "load"))
		return;
	if (CHECK(!unshare(CLONE_NEWNET), "unshare") &&
	    CHECK_EQ(transport_attach(&t), 0, "attach")) {
		host_enter_origin();
		CHECK(WAIT_FOR(t.seen->exit == 1), "no exit");
		CHECK_EQ(t.seen->exit_kind, ETRAN_EXIT_KIND_NETNS, "kind");
	}
	host_enter_origin();
	transport_close(&t);
	CHECK_EQ(t.link == NULL, 1, "link");
}

static const struct ktap_case cases[] = {
	{ "init_and_exit", init_and_exit },
	{ "init_fails", init_fails },
	{ "names", names },
	{ "close_with_held", close_with_held },
	{ "close_while_released", close_while_released },
	{ "kill_with_held", kill_with_held },
	{ "detach_by_netlink", detach_by_netlink },
	{ "detach_by_link", detach_by_link },
	{ "detach_by_netlink_under_traffic", detach_by_netlink_under_traffic },
	{ "detach_by_link_under_traffic", detach_by_link_under_traffic },
	{ "cycles", cycles },
	{ "taken_over_by_name", taken_over_by_name },
	{ "sender_leaves_a_shared_pool", sender_leaves_a_shared_pool },
	{ "many_close_at_once", many_close_at_once },
	{ "events_need_privilege", events_need_privilege },
	{ "namespace_ends", namespace_ends },
	{ "rmmod", rmmod },
	{ "module_under_traffic", module_under_traffic },
};

const struct ktap_suite suite_life = KTAP_SUITE("life", cases);
