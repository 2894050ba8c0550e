// SPDX-License-Identifier: GPL-2.0-only
/*
 * etranctl trace pcap: the packets that AF_XDP hides from packet sockets, with
 * what was decided about each.
 *
 * Needs the module and a transport, not the daemon. A reader that is too slow
 * fills the ring between kernel and writer; what does not fit is counted, and
 * the count is told.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "etrand/log.h"
#include "etrand/loop.h"
#include "etrand/self.h"
#include "etrand/xdp.h"
#include "etran_trace.h"
#include "pcapng.h"
#include "trace.h"

#define MAX_INGRESS	16
#define POLL_MS		200

/* The first object has the way out and the ring, each further one an ingress program. */
struct trace {
	const struct trace_opts *opts;
	struct pcapng file;
	struct bpf_object *obj[1 + MAX_INGRESS];
	struct bpf_link *link[3 + 2 * MAX_INGRESS];
	uint32_t ingress[MAX_INGRESS];	/* ids of their programs */
	unsigned int nr_obj, nr_link, nr_ingress;
	uint64_t netns;
	uint64_t written;
	uint64_t unfit;			/* of one NIC too many */
	uint64_t told;			/* lost, so far */
	bool draining;
	char path[512];
};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

/* Negative values make the ring's reader come back. */
static int write_packet(void *ctx, void *data, size_t size)
{
	struct trace *t = ctx;
	int err;

	(void)size;
	if (t->opts->count && t->written == t->opts->count)
		return -ECANCELED;
	err = pcapng_packet(&t->file, data);
	if (err == -E2BIG)
		t->unfit++;
	else if (err)
		return err;
	else
		t->written++;
	if (t->opts->count && t->written == t->opts->count)
		return -ECANCELED;
	return stopped && !t->draining ? -ECANCELED : 0;
}

static struct bpf_map *map_of(const struct bpf_object *obj, const char *name)
{
	return bpf_object__find_map_by_name(obj, name);
}

/* Prepare to load the programs for the way out, or those around program @target. */
static int set_up(struct trace *t, struct bpf_object *obj, int target, const char *name)
{
	struct bpf_map *ring = map_of(obj, "ring");
	struct etran_trace_knobs *knobs;
	struct bpf_program *prog;
	int err = 0;
	size_t size;

	knobs = bpf_map__initial_value(map_of(obj, ".rodata.knobs"), &size);
	if (!knobs || size != sizeof(*knobs) || !ring)
		return -EINVAL;
	knobs->netns = t->netns;
	knobs->snaplen = t->opts->snaplen;
	bpf_object__for_each_program(prog, obj) {
		bool in = bpf_program__type(prog) == BPF_PROG_TYPE_TRACING;

		bpf_program__set_autoload(prog, in == (target >= 0));
		if (!err && in && target >= 0)
			err = bpf_program__set_attach_target(prog, target, name);
	}
	if (err)
		return err;
	if (target >= 0)
		return bpf_map__reuse_fd(ring, bpf_map__fd(map_of(t->obj[0], "ring")));
	return bpf_map__set_max_entries(ring, t->opts->buffer);
}

static int attach(struct trace *t, const struct bpf_object *obj)
{
	struct bpf_program *prog;
	struct bpf_link *link;

	bpf_object__for_each_program(prog, obj) {
		if (!bpf_program__autoload(prog))
			continue;
		link = bpf_program__attach(prog);
		if (!link)
			return -errno;
		t->link[t->nr_link++] = link;
	}
	return 0;
}

static int load(struct trace *t, int target, const char *name)
{
	struct bpf_object *obj = bpf_object__open_file(t->path, NULL);
	int err;

	if (!obj)
		return -errno;
	err = set_up(t, obj, target, name) ?: bpf_object__load(obj);
	if (err) {
		bpf_object__close(obj);
		return err;
	}
	t->obj[t->nr_obj++] = obj;
	return attach(t, obj);
}

/* One program can be on several NICs. */
static void trace_ingress(void *ctx, int ifindex, uint32_t id, const char *name)
{
	struct trace *t = ctx;
	unsigned int i;
	char nic[IF_NAMESIZE];
	int fd, err;

	for (i = 0; i < t->nr_ingress; i++)
		if (t->ingress[i] == id)
			return;
	fd = bpf_prog_get_fd_by_id(id);
	err = fd < 0 ? -errno : i == MAX_INGRESS ? -E2BIG : load(t, fd, name);
	if (!err)
		t->ingress[t->nr_ingress++] = id;
	else
		fprintf(stderr, "etranctl: %s: packets to %s are not shown: %s\n",
			if_indextoname(ifindex, nic), name, strerror(-err));
	if (fd >= 0)
		close(fd);
}

static void attach_ingress(struct trace *t)
{
	struct if_nameindex *all = if_nameindex(), *i;

	for (i = all; i && i->if_index; i++)
		xdp_for_each(i->if_index, "_ingress", trace_ingress, t);
	if_freenameindex(all);
	if (!t->nr_ingress)
		fputs("etranctl: no transport has an ingress program here: incoming packets are not shown\n",
		      stderr);
}

static uint64_t mono_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static int find_object(char *path, size_t size)
{
	char dir[300];
	int err = self_object_dir("trace.bpf.o", dir, sizeof(dir));

	if (!err)
		snprintf(path, size, "%s/trace.bpf.o", dir);
	return err;
}

/* Packets that the programs saw, or should have seen, and that were not written. */
static uint64_t lost(const struct trace *t)
{
	struct bpf_prog_info info;
	uint64_t n = t->unfit, *full;
	struct bpf_program *prog;
	unsigned int i;
	uint32_t len;
	size_t size;

	for (i = 0; i < t->nr_obj; i++) {
		full = bpf_map__initial_value(map_of(t->obj[i], ".bss"), &size);
		n += full ? __atomic_load_n(full, __ATOMIC_RELAXED) : 0;
		bpf_object__for_each_program(prog, t->obj[i]) {
			memset(&info, 0, sizeof(info));
			len = sizeof(info);
			if (bpf_program__fd(prog) >= 0 &&
			    !bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len))
				n += info.recursion_misses;
		}
	}
	return n;
}

static void tell_lost(struct trace *t)
{
	uint64_t now = lost(t);

	if (now != t->told)
		fprintf(stderr, "etranctl: %llu packets lost so far: their reader is too slow\n",
			(unsigned long long)now);
	t->told = now;
}

/* Return: 0 to go on, 1 enough, or a negative errno */
static int step(struct trace *t, struct ring_buffer *rb)
{
	int n = ring_buffer__poll(rb, POLL_MS);

	if (n >= 0 && fflush(t->file.out))
		n = -errno;
	if (n == -EPIPE || n == -ECANCELED || stopped)
		return 1;
	tell_lost(t);
	return n == -EINTR || n >= 0 ? 0 : n;
}

static int run(struct trace *t)
{
	struct ring_buffer *rb;
	int n;

	rb = ring_buffer__new(bpf_map__fd(map_of(t->obj[0], "ring")), write_packet, t, NULL);
	if (!rb)
		return -errno;
	do {
		n = step(t, rb);
	} while (!n);
	/* From here on there are no more; what is in the ring was seen in time. */
	while (t->nr_link)
		bpf_link__destroy(t->link[--t->nr_link]);
	t->draining = true;
	if (n > 0)
		ring_buffer__consume(rb);
	ring_buffer__free(rb);
	if (n < 0)
		return n;
	fprintf(stderr, "etranctl: %llu packets, %llu lost\n",
		(unsigned long long)t->written, (unsigned long long)lost(t));
	n = pcapng_end(&t->file, mono_ns(CLOCK_MONOTONIC), lost(t));
	if (!n && fflush(t->file.out))
		n = -errno;
	return n == -EPIPE ? 0 : n;
}

static void catch_signals(void)
{
	/* In the middle of a block goes on; the second one ends it there. */
	struct sigaction sa = { .sa_handler = stop, .sa_flags = SA_RESTART | SA_RESETHAND };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/**
 * trace_pcap - write packets until SIGINT or SIGTERM, or until nobody reads them
 * Return: 0 or a negative errno
 */
int trace_pcap(const struct trace_opts *opts)
{
	struct trace t = { .opts = opts, .file.snaplen = opts->snaplen };
	int err;

	catch_signals();
	t.file.real_ns = mono_ns(CLOCK_REALTIME) - mono_ns(CLOCK_MONOTONIC);
	err = self_netns(&t.netns) ?: find_object(t.path, sizeof(t.path));
	if (err)
		return err;
	t.file.out = strcmp(opts->path, "-") ? fopen(opts->path, "we") : stdout;
	if (!t.file.out)
		return -errno;
	err = load(&t, -1, NULL);
	if (!err)
		attach_ingress(&t);
	err = err ?: pcapng_begin(&t.file);
	/* Whoever waits for the header knows that nothing is missed from here on. */
	if (!err && fflush(t.file.out))
		err = -errno;
	err = err ?: run(&t);
	while (t.nr_link)
		bpf_link__destroy(t.link[--t.nr_link]);
	while (t.nr_obj)
		bpf_object__close(t.obj[--t.nr_obj]);
	if (t.file.out != stdout && fclose(t.file.out) && !err)
		err = -errno;
	return err;
}
