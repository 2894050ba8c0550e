// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device changes under its queues: down and up, gone, another MTU, other
 * queues, no link, its namespace deleted. With packets held, on their way and
 * not yet read from the TX ring; what docs/kernel.md says of each frame is
 * what happens, and the next socket finds everything in order.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "nic.h"
#include "suites.h"

#define HELD	150
#define BUCKETS	3

/* A NIC that may be lost, and a bench on it, which is to be closed in any case. */
static bool nic_bench(struct bench *b)
{
	bench_none(b);
	return nic_open() && bench_open(b, NULL);
}

static bool hold_some(struct bench *b)
{
	struct orders *o = b->tr.orders;

	b->absent_nth = 1;
	b->window = 1000;
	o->act = ACT_HOLD;
	o->buckets = BUCKETS;
	o->no_arm = 1;
	return bench_push(b, HELD) &&
	       CHECK(WAIT_FOR((bench_step(b), b->tr.seen->hold_ok >= HELD)),
		     "%llu held of %d", (unsigned long long)b->tr.seen->hold_ok, HELD);
}

static void arm_all(struct bench *b)
{
	int i;

	for (i = 0; i < BUCKETS; i++)
		CHECK_EQ(transport_arm(&b->tr, i, 0, 1), 0, "arm");
}

static bool near_is(const struct bench *b, const char *words)
{
	return CHECK_EQ(host_run(b->near, "ip link set %s %s", b->near->ifname, words),
			0, words);
}

/* With a link again. A packet socket remembers that its device was down. */
static bool settle_link(struct bench *b)
{
	socklen_t len = sizeof(int);
	int err;

	getsockopt(b->fence.fd, SOL_SOCKET, SO_ERROR, &err, &len);
	getsockopt(b->sink.fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return nic_wait();
}

/* Every third packet is held for a while; the far end need not get any. */
static void order_mix(struct bench *b)
{
	struct orders *o = b->tr.orders;

	b->absent_nth = 1;
	o->nth = 3;
	o->nth_act = ACT_HOLD;
	o->buckets = BUCKETS;
	o->delay_ns = 300 * 1000;
}

/* Submit @nr, whatever the kernel says to it now, and take what is there. */
static void churn(struct bench *b, unsigned int nr)
{
	while (nr-- && bench_submit(b)) {
		if (nr % 8)
			continue;
		xsk_kick(&b->xsk);
		xsk_reap(&b->xsk);
		sink_poll(&b->sink);
	}
}

/* Every frame is back; then packets pass as if nothing had been. */
static void check_works(struct bench *b)
{
	uint64_t got;

	bench_settle_frames(b);
	bench_fence(b);
	bench_check_rest(b, 0);
	b->tr.orders->act = ACT_SEND;
	b->tr.orders->nth = 2;
	b->tr.orders->nth_act = ACT_HOLD;
	b->tr.orders->no_arm = 0;
	b->absent_nth = 0;
	b->window = 0;
	got = b->sink.received;
	b->absent = b->xsk.submitted - got;
	bench_push(b, 200);
	bench_settle(b, b->xsk.submitted, got + 200);
	bench_check_rest(b, 0);
	CHECK_EQ(b->sink.dup, 0, "received twice");
	CHECK_EQ(b->sink.corrupt, 0, "damaged");
}

/* What a timer lets go while the NIC is down waits (zero copy) or is lost. */
static void release_while_down(struct bench *b)
{
	arm_all(b);
	CHECK(WAIT_FOR(b->tr.seen->rel_sent == HELD), "released: %llu",
	      (unsigned long long)b->tr.seen->rel_sent);
	if (bench_zerocopy())
		bench_check_rest(b, HELD);
	else
		bench_settle(b, HELD, 0);
}

static void down_and_up(bool release)
{
	struct bench b;

	if (nic_bench(&b)) {
		if (hold_some(&b) && near_is(&b, "down")) {
			CHECK_EQ(xsk_kick(&b.xsk), -ENETDOWN, "kick");
			bench_check_rest(&b, HELD);
			if (release)
				release_while_down(&b);
			near_is(&b, "up");
			settle_link(&b);
			if (!release) {
				bench_check_rest(&b, HELD);
				arm_all(&b);
			}
			/* Nobody kicks: the TX ring is empty. */
			bench_settle(&b, HELD, release && !bench_zerocopy() ? 0 : HELD);
			check_works(&b);
		}
	}
	bench_close(&b);
	nic_close();
}

static void down_with_held(void)
{
	down_and_up(false);
}

static void released_while_down(void)
{
	down_and_up(true);
}

/* @off and @on by turns, with traffic before and after each. */
static void change_under_traffic(const char *off, const char *on, bool far, int rounds)
{
	struct bench b;
	int i;

	if (nic_bench(&b)) {
		struct host *h = far ? b.far : b.near;

		order_mix(&b);
		for (i = 0; i < 2 * rounds; i++) {
			churn(&b, 60 + i);
			CHECK_EQ(host_run(h, i % 2 ? on : off, h->ifname), 0,
				 i % 2 ? on : off);
			churn(&b, 30);
		}
		settle_link(&b);
		check_works(&b);
	}
	bench_close(&b);
	nic_close();
}

static void down_and_up_under_traffic(void)
{
	change_under_traffic("ip link set %s down", "ip link set %s up", false, 3);
}

static void link_flaps(void)
{
	change_under_traffic("ip link set %s down", "ip link set %s up", true, 3);
}

static void mtu_changes(void)
{
	change_under_traffic("ip link set %s mtu 1400", "ip link set %s mtu 1500", false,
			     3);
}

/* A second thread: sends, takes, arms timers, until it is told to stop. */
struct worker {
	struct bench *b;
	uint64_t rounds;
	bool stop;
	pthread_t thread;
};

static void *work(void *data)
{
	struct worker *w = data;

	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
		churn(w->b, 16);
		transport_arm(&w->b->tr, w->rounds % BUCKETS, 0, 1);
		__atomic_fetch_add(&w->rounds, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static bool worker_start(struct worker *w, struct bench *b)
{
	*w = (struct worker){ .b = b };
	pthread_create(&w->thread, NULL, work, w);
	return CHECK(WAIT_FOR(__atomic_load_n(&w->rounds, __ATOMIC_ACQUIRE) > 20),
		     "no work is done");
}

static void worker_stop(struct worker *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELEASE);
	pthread_join(w->thread, NULL);
}

/* What the kernel has read came back once; the rest lies in the TX ring. */
static void check_gone(struct bench *b)
{
	struct nl_transport t;
	uint64_t want = b->xsk.submitted;

	CHECK(WAIT_FOR((xsk_reap(&b->xsk),
			b->xsk.completed + xsk_pending(&b->xsk) == want)),
	      "%llu of %llu frames came back, %u were not read",
	      (unsigned long long)b->xsk.completed, (unsigned long long)want,
	      xsk_pending(&b->xsk));
	CHECK_EQ(b->xsk.dup, 0, "frames completed twice");
	CHECK_EQ(b->xsk.foreign, 0, "completions of no frame");
	CHECK_EQ(xsk_kick(&b->xsk), -ENXIO, "kick");
	CHECK_EQ(nl_queues(&b->nl), 0, "queues");
	CHECK_EQ(nl_transport_get(&b->nl, "probe", &t), 0, "transport-get");
	CHECK_EQ(t.queues, 0, "queues of the transport");
	CHECK_EQ(module_leaked(), 0, "leaked frames");
	arm_all(b);
}

/* After the one whose NIC went: the NIC is back, and so is everything else. */
static void check_next(void)
{
	struct bench b;

	bench_none(&b);
	if (nic_restore() && bench_open(&b, NULL))
		check_works(&b);
	bench_close(&b);
}

static void gone_with_held(void)
{
	struct nl_event ev;
	struct nl events;
	struct bench b;

	if (nic_bench(&b) && CHECK_EQ(nl_open(&events), 0, "events")) {
		if (hold_some(&b) &&
		    CHECK_EQ(nl_events_on(&events), 0, "join the events")) {
			CHECK_EQ(nic_remove(), 0, "remove");
			check_gone(&b);
			CHECK_EQ(b.xsk.completed, HELD, "completed");
			CHECK_EQ(nl_event_wait(&events, ETRAN_CMD_QUEUE_GONE_NTF, &ev),
				 0, "queue-gone");
			CHECK_EQ(ev.tenant, BENCH_TENANT, "its tenant");
			CHECK_EQ(b.tr.seen->exit, 0, "the transport ended");
		}
		nl_close(&events);
	}
	bench_close(&b);
	check_next();
	nic_close();
}

/* The socket goes before its transport, or the transport before the socket. */
static void gone_under_traffic(bool detach)
{
	struct worker w;
	struct bench b;

	if (nic_bench(&b)) {
		order_mix(&b);
		if (worker_start(&w, &b))
			CHECK_EQ(nic_remove(), 0, "remove");
		worker_stop(&w);
		check_gone(&b);
		if (detach)
			transport_close(&b.tr);
		else
			xsk_close(&b.xsk);
	}
	bench_close(&b);
	CHECK(WAIT_FOR(!module_users()), "users of the module: %ld", module_users());
	CHECK_EQ(module_leaked(), 0, "leaked frames");
	check_next();
	nic_close();
}

static void gone_then_closed(void)
{
	gone_under_traffic(false);
}

static void gone_then_detached(void)
{
	gone_under_traffic(true);
}

/* How to give the NIC more queues, and one again; NULL: it has but one. */
static const char *channels(bool more)
{
	if (!strcmp(bench_h1.driver, "veth"))
		return more ? "ethtool -L %s tx 4 rx 4" : "ethtool -L %s tx 1 rx 1";
	if (!strcmp(bench_h1.driver, "igb"))
		return more ? "ethtool -L %s combined 4" : "ethtool -L %s combined 1";
	ktap_skip("%s has one queue", bench_h1.driver);
	return NULL;
}

static void channels_change(void)
{
	const char *more = channels(true);

	if (more)
		change_under_traffic(more, channels(false), false, 2);
}

/* The queue of a socket cannot be taken away: its packets leave by it. */
static void channels_in_use(void)
{
	static const struct bench_opts opts = { .xsk.queue = 3 };
	const char *more = channels(true);
	struct bench b;

	if (!more)
		return;
	bench_none(&b);
	if (nic_open() &&
	    CHECK_EQ(host_run(&bench_h1, more, bench_h1.ifname), 0, more) &&
	    nic_wait() && bench_open(&b, &opts) && hold_some(&b)) {
		CHECK(host_run(b.near, channels(false), b.near->ifname),
		      "the queue of a socket is gone");
		nic_wait();
		arm_all(&b);
		bench_settle_frames(&b);
		bench_check_rest(&b, 0);
	}
	bench_close(&b);
	host_run(&bench_h1, channels(false), bench_h1.ifname);
	nic_close();
}

static bool is_veth(void)
{
	bool yes = !strcmp(bench_h1.driver, "veth");

	if (!yes)
		ktap_skip("%s does not end with a namespace", bench_h1.driver);
	return yes;
}

/* Run @run in a child with a namespace of its own, until it says that it is ready. */
static pid_t child_start(void (*run)(int ready))
{
	int fd[2];
	pid_t pid;
	char c;

	if (!CHECK_EQ(pipe(fd), 0, "pipe"))
		return -1;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(fd[0]);
		if (!unshare(CLONE_NEWNET))
			run(fd[1]);
		_exit(1);
	}
	close(fd[1]);
	CHECK_EQ(read(fd[0], &c, 1), 1, "the child is ready");
	close(fd[0]);
	return pid;
}

static void child_kill(pid_t pid)
{
	int status;

	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	CHECK(WIFSIGNALED(status), "the child ended by itself");
}

static void wait_for_the_end(int ready)
{
	if (write(ready, "", 1) == 1)
		for (;;)
			pause();
}

/* A pair lives as long as both of its namespaces. */
static void far_namespace_ends(void)
{
	struct worker w;
	struct bench b;
	pid_t pid;

	if (!is_veth())
		return;
	/* Before there are sockets, which the child would inherit. */
	pid = child_start(wait_for_the_end);
	if (nic_bench(&b)) {
		order_mix(&b);
		CHECK_EQ(host_run(b.far, "ip link set kt1 netns %d && "
				  "nsenter -t %d -n ip link set kt1 up", pid, pid),
			 0, "move the far end");
		CHECK(WAIT_FOR(host_running(b.near)), "no link");
		if (worker_start(&w, &b)) {
			child_kill(pid);
			CHECK(WAIT_FOR(!if_nametoindex("kt0")), "the pair stays");
			nic_lost();
		}
		worker_stop(&w);
		check_gone(&b);
	}
	bench_close(&b);
	check_next();
	nic_close();
}

/* Both ends, socket, transport: all that there is in the namespace. */
static void send_for_ever(int ready)
{
	struct bench b;

	bench_h1.netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	bench_h1.pid = getpid();
	bench_h2 = bench_h1;
	if (!nic_bench(&b))
		return;
	order_mix(&b);
	b.tr.orders->delay_ns = 20 * NSEC_PER_MSEC;
	for (;;) {
		churn(&b, 16);
		if (ready < 0 || b.tr.seen->rel_sent < HELD)
			continue;
		if (write(ready, "", 1) != 1)
			return;
		ready = -1;
	}
}

static void own_namespace_ends(void)
{
	struct bench b;
	pid_t pid;

	if (!is_veth())
		return;
	pid = child_start(send_for_ever);
	CHECK(module_users() > 0, "nobody uses the module");
	child_kill(pid);
	CHECK(WAIT_FOR(!module_users()), "users of the module: %ld", module_users());
	CHECK_EQ(module_leaked(), 0, "leaked frames");
	if (nic_bench(&b))
		check_works(&b);
	bench_close(&b);
	nic_close();
}

static const struct ktap_case cases[] = {
	{ "down_with_held", down_with_held },
	{ "released_while_down", released_while_down },
	{ "down_and_up_under_traffic", down_and_up_under_traffic },
	{ "gone_with_held", gone_with_held },
	{ "gone_then_closed", gone_then_closed },
	{ "gone_then_detached", gone_then_detached },
	{ "mtu_changes", mtu_changes },
	{ "link_flaps", link_flaps },
	{ "channels_change", channels_change },
	{ "channels_in_use", channels_in_use },
	{ "far_namespace_ends", far_namespace_ends },
	{ "own_namespace_ends", own_namespace_ends },
};

const struct ktap_suite suite_netdev = KTAP_SUITE("netdev", cases);
