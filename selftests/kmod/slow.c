// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that take long, and who has to wait for them: the transport that they are
 * of, and nobody else. In each case others do meanwhile what takes the kernel's big
 * locks: they bind and close sockets, change a device, ask for lists and counters.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "slow.h"
#include "suites.h"

/* What others do may take so long on a machine that emulates its processors. */
#define SOON_NS		(1500 * NSEC_PER_MSEC)
/* So long the slow one takes. */
#define LONG_NS		(5 * NSEC_PER_SEC)

struct slow {
	struct bench b;		/* under a transport of its own, which goes on */
	struct bpf_object *obj;
	struct bpf_map *ops;
	struct bpf_link *link;
	int arm_fd;
	volatile struct slow_orders *orders;
	volatile struct slow_seen *seen;
	int sock;		/* for ioctl() */
};

static void *value_of(struct slow *s, const char *name)
{
	size_t size;

	return bpf_map__initial_value(bpf_object__find_map_by_name(s->obj, name), &size);
}

static bool slow_open(struct slow *s)
{
	static const struct bench_opts opts = { .no_ingress = true };
	struct bpf_program *arm;
	char path[512];

	memset(s, 0, sizeof(*s));
	bench_none(&s->b);
	s->sock = -1;
	if (!bench_open(&s->b, &opts))
		return false;
	s->sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(path, sizeof(path), "%s/slow.bpf.o", transport_dir);
	s->obj = bpf_object__open_file(path, NULL);
	if (!CHECK(s->obj, "open %s", path) ||
	    !CHECK_EQ(bpf_object__load(s->obj), 0, "load"))
		return false;
	s->ops = bpf_object__find_map_by_name(s->obj, "slow");
	arm = bpf_object__find_program_by_name(s->obj, "slow_arm");
	s->arm_fd = bpf_program__fd(arm);
	s->orders = value_of(s, ".data.orders");
	s->seen = value_of(s, ".data.seen");
	return CHECK_EQ(bpf_prog_assoc_struct_ops(s->arm_fd, bpf_map__fd(s->ops), NULL),
			0, "associate");
}

static bool slow_attach(struct slow *s)
{
	s->link = bpf_map__attach_struct_ops(s->ops);
	return CHECK(s->link, "attach: %s", strerror(errno));
}

static void slow_close(struct slow *s)
{
	bpf_link__destroy(s->link);
	bpf_object__close(s->obj);
	if (s->sock >= 0)
		close(s->sock);
	bench_close(&s->b);
}

static void slow_run(struct slow *s, uint32_t first, uint32_t count, uint32_t fail)
{
	struct slow_arm args = { .first = first, .count = count, .fail = fail };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &args, .ctx_size_in = sizeof(args));

	CHECK_EQ(bpf_prog_test_run_opts(s->arm_fd, &opts), 0, "run slow_arm");
}

static void check_soon(uint64_t start, const char *what)
{
	uint64_t took = clock_ns() - start;

	CHECK(took < SOON_NS, "%s took %llu ms", what,
	      (unsigned long long)(took / NSEC_PER_MSEC));
}

/* Under RTNL, with a notifier that the module listens to. */
static void bounce_lo(struct slow *s)
{
	struct ifreq req = { .ifr_name = "lo" };
	uint64_t start = clock_ns();

	req.ifr_flags = 0;
	CHECK_EQ(ioctl(s->sock, SIOCSIFFLAGS, &req), 0, "lo down");
	req.ifr_flags = IFF_UP;
	CHECK_EQ(ioctl(s->sock, SIOCSIFFLAGS, &req), 0, "lo up");
	check_soon(start, "a change of a device");
}

/* All that may not wait for the slow one. The queue of the bench is given up. */
static void check_others(struct slow *s)
{
	struct nl_transport t;
	uint64_t start;

	bounce_lo(s);
	start = clock_ns();
	CHECK_EQ(module_leaked(), 0, "leaked frames");
	check_soon(start, "leaked_frames");
	start = clock_ns();
	CHECK_EQ(nl_transport_get(&s->b.nl, "probe", &t), 0, "transport-get");
	check_soon(start, "transport-get");
	start = clock_ns();
	xsk_close(&s->b.xsk);
	check_soon(start, "closing a socket");
	CHECK(WAIT_FOR(!nl_queues(&s->b.nl)), "the queue stays");
	start = clock_ns();
	CHECK_EQ(nl_transport_detach(&s->b.nl, "probe"), 0, "detach");
	check_soon(start, "the end of another transport");
	bounce_lo(s);
}

static void *attach_it(void *data)
{
	struct slow *s = data;

	host_enter(s->b.near);
	s->link = bpf_map__attach_struct_ops(s->ops);
	return NULL;
}

/* A page of this process that nobody provides until fault_serve(). */
static void *fault_page(int *uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	long size = sysconf(_SC_PAGESIZE);
	void *page;

	*uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (*uffd < 0 || page == MAP_FAILED || ioctl(*uffd, UFFDIO_API, &api))
		return NULL;
	reg.range.start = (unsigned long)page;
	reg.range.len = size;
	return ioctl(*uffd, UFFDIO_REGISTER, &reg) ? NULL : page;
}

static bool fault_serve(int uffd, void *page)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (unsigned long)page, .len = sysconf(_SC_PAGESIZE) },
	};

	return !ioctl(uffd, UFFDIO_ZEROPAGE, &zero);
}

/* init waits for a page of the process that attaches. */
static void init_waits(void)
{
	pthread_t thread;
	struct slow s;
	void *page;
	int uffd;

	if (slow_open(&s)) {
		page = fault_page(&uffd);
		if (!CHECK(page, "userfaultfd: %s", strerror(errno)))
			goto out;
		s.orders->init_addr = (unsigned long)page;
		pthread_create(&thread, NULL, attach_it, &s);
		CHECK(WAIT_FOR(s.seen->in_init), "init does not run");
		check_others(&s);
		CHECK_EQ(s.seen->init, 0, "init has returned");
		CHECK(fault_serve(uffd, page), "page: %s", strerror(errno));
		pthread_join(thread, NULL);
		CHECK(s.link, "attach failed");
		CHECK_EQ(s.seen->init, 1, "init");
		close(uffd);
	}
out:
	slow_close(&s);
}

static void *detach_it(void *data)
{
	struct slow *s = data;

	host_enter(s->b.near);
	bpf_link__destroy(s->link);
	s->link = NULL;
	return NULL;
}

/* exit takes its time while its link is closed, and nobody else waits. */
static void exit_takes_long(void)
{
	pthread_t thread;
	struct slow s;

	if (slow_open(&s) && slow_attach(&s)) {
		s.orders->exit_ns = LONG_NS;
		pthread_create(&thread, NULL, detach_it, &s);
		CHECK(WAIT_FOR(s.seen->in_exit), "exit does not run");
		check_others(&s);
		CHECK_EQ(s.seen->exit, 0, "exit has returned: too soon for this test");
		pthread_join(thread, NULL);
		CHECK_EQ(s.seen->exit, 1, "exit");
	}
	slow_close(&s);
}

/* dump takes its time. */
static void dump_takes_long(void)
{
	struct slow s;

	if (slow_open(&s) && slow_attach(&s)) {
		s.orders->dump_ns = LONG_NS;
		slow_run(&s, 0, 0, 1);
		CHECK(WAIT_FOR(s.seen->in_dump), "dump does not run");
		check_others(&s);
		CHECK_EQ(s.seen->dump, 0, "dump has returned: too soon for this test");
		CHECK(WAIT_FOR(s.seen->exit), "no exit");
		CHECK_EQ(s.seen->dump, 1, "dump");
	}
	slow_close(&s);
}

/* The administrator is told when it takes longer than anybody should wait. */
static void end_in_progress(void)
{
	struct nl_transport t;
	struct slow s;
	uint64_t start;

	if (slow_open(&s) && slow_attach(&s)) {
		s.orders->exit_ns = 2 * LONG_NS;
		start = clock_ns();
		CHECK_EQ(nl_transport_detach(&s.b.nl, "slow"), -EINPROGRESS, "detach");
		CHECK(clock_ns() - start < LONG_NS + SOON_NS, "it waited %llu ms",
		      (unsigned long long)((clock_ns() - start) / NSEC_PER_MSEC));
		CHECK_EQ(s.seen->exit, 0, "exit has returned");
		CHECK_EQ(nl_transport_get(&s.b.nl, "slow", &t), -ENOENT, "get");
		CHECK(WAIT_FOR(s.seen->exit), "no exit");
	}
	slow_close(&s);
}

struct reader {
	bool stop;
	uint64_t reads;
	pthread_t thread;
};

static void *read_for_ever(void *data)
{
	struct reader *r = data;

	while (!__atomic_load_n(&r->stop, __ATOMIC_ACQUIRE)) {
		module_leaked();
		__atomic_fetch_add(&r->reads, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Everybody may read leaked_frames, as often as he likes, while packets move. */
static void leaked_is_read_without_end(void)
{
	struct reader r[4] = {};
	unsigned int i, n = 0;
	uint64_t end;
	struct slow s;

	if (slow_open(&s)) {
		s.b.tr.orders->nth = 2;
		s.b.tr.orders->nth_act = ACT_HOLD;
		for (i = 0; i < ARRAY_SIZE(r); i++)
			pthread_create(&r[i].thread, NULL, read_for_ever, &r[i]);
		end = clock_ns() + 3 * NSEC_PER_SEC;
		while (clock_ns() < end) {
			bench_push(&s.b, 50);
			bounce_lo(&s);
			n++;
		}
		for (i = 0; i < ARRAY_SIZE(r); i++) {
			__atomic_store_n(&r[i].stop, true, __ATOMIC_RELEASE);
			pthread_join(r[i].thread, NULL);
			CHECK(r[i].reads > 10, "%llu reads", (unsigned long long)r[i].reads);
		}
		ktap_note("%u changes of a device, %llu reads", n,
			  (unsigned long long)r[0].reads);
		bench_settle_frames(&s.b);
	}
	slow_close(&s);
}

static void stay_on(int cpu, cpu_set_t *old)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_getaffinity(0, sizeof(*old), old);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Timers that are due at once share the CPU with who has work of his own on it. */
static void timers_leave_the_cpu(void)
{
	uint64_t longest = 0, last, now;
	cpu_set_t cpus;
	struct slow s;

	if (slow_open(&s) && slow_attach(&s)) {
		stay_on(0, &cpus);
		s.orders->timer_ns = 60 * NSEC_PER_MSEC;
		last = clock_ns();
		slow_run(&s, 0, 50, 0);
		do {
			now = clock_ns();
			if (now - last > longest)
				longest = now - last;
			last = now;
		} while (s.seen->timer < 50 && longest < PATIENCE_NS);
		ktap_note("longest gap %llu ms", (unsigned long long)(longest / NSEC_PER_MSEC));
		CHECK(longest < SOON_NS, "nothing else ran for %llu ms",
		      (unsigned long long)(longest / NSEC_PER_MSEC));
		CHECK_EQ(s.seen->exit, 0, "exit");
		sched_setaffinity(0, sizeof(cpus), &cpus);
	}
	slow_close(&s);
}

/* One run that takes long may be an accident; when it happens again it is none. */
static void once_is_no_overrun(void)
{
	struct slow s;

	if (slow_open(&s) && slow_attach(&s)) {
		s.orders->timer_ns = 1500 * NSEC_PER_MSEC;
		slow_run(&s, 0, 1, 0);
		CHECK(WAIT_FOR(s.seen->timer == 1), "the timer");
		clock_sleep(100 * NSEC_PER_MSEC);
		CHECK_EQ(s.seen->exit, 0, "exit after one");
		slow_run(&s, 0, 1, 0);
		CHECK(WAIT_FOR(s.seen->exit), "no exit after two");
	}
	slow_close(&s);
}

/* Runs of a tenth of the old limit each: it is their sum that counts. */
static void many_long_runs(void)
{
	unsigned int i;
	struct slow s;

	if (slow_open(&s) && slow_attach(&s)) {
		s.orders->timer_ns = 300 * NSEC_PER_MSEC;
		for (i = 1; i <= 20 && !s.seen->exit; i++) {
			slow_run(&s, 0, 1, 0);
			WAIT_FOR(s.seen->timer == i || s.seen->exit);
		}
		CHECK(WAIT_FOR(s.seen->exit), "no exit after %u", i);
		CHECK(s.seen->timer > 2 && s.seen->timer < 10, "after %llu runs",
		      (unsigned long long)s.seen->timer);
	}
	slow_close(&s);
}

static void *arm_on_cpu(void *data)
{
	struct slow *s = data;
	cpu_set_t old;

	stay_on(1, &old);
	slow_run(s, 1, 1, 0);
	return NULL;
}

#define PAUSED_NS	(20 * NSEC_PER_SEC)

/*
 * Both CPUs are in a program nearly all the time, each call of which is short enough,
 * while suites/kernel-pause stops the machine again and again.
 */
static void paused(void)
{
	uint64_t end = clock_ns() + PAUSED_NS, last = clock_ns(), now, jumps = 0;
	pthread_t thread;
	cpu_set_t cpus;
	struct slow s;

	if (slow_open(&s) && slow_attach(&s)) {
		stay_on(0, &cpus);
		s.orders->timer_ns = 50 * NSEC_PER_MSEC;
		/* The host waits for this line. */
		ktap_note("pause now");
		while (clock_ns() < end && !s.seen->exit) {
			s.seen->timer = 0;
			pthread_create(&thread, NULL, arm_on_cpu, &s);
			slow_run(&s, 0, 1, 0);
			pthread_join(thread, NULL);
			WAIT_FOR(s.seen->timer == 2 || s.seen->exit);
			now = clock_ns();
			jumps += now - last > 1500 * NSEC_PER_MSEC;
			last = now;
		}
		ktap_note("%llu times the clock jumped", (unsigned long long)jumps);
		CHECK(jumps, "nobody stopped the machine");
		CHECK_EQ(s.seen->exit, 0, "exit");
		sched_setaffinity(0, sizeof(cpus), &cpus);
	}
	slow_close(&s);
}

static const struct ktap_case pause_cases[] = {
	{ "paused", paused },
};

const struct ktap_suite suite_pause = KTAP_SUITE("pause", pause_cases);

static const struct ktap_case cases[] = {
	{ "init_waits", init_waits },
	{ "exit_takes_long", exit_takes_long },
	{ "dump_takes_long", dump_takes_long },
	{ "end_in_progress", end_in_progress },
	{ "leaked_is_read_without_end", leaked_is_read_without_end },
	{ "timers_leave_the_cpu", timers_leave_the_cpu },
	{ "once_is_no_overrun", once_is_no_overrun },
	{ "many_long_runs", many_long_runs },
};

const struct ktap_suite suite_slow = KTAP_SUITE("slow", cases);
