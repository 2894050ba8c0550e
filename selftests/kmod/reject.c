// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must be refused: by the verifier (verifier.c); at attach; at the creation of a
 * PKT_QUEUE; by netlink.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "noise.h"
#include "suites.h"
#include "verifier.h"

/* ---- attach ---------------------------------------------------------- */

static struct bpf_object *open_reject(void)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/reject.bpf.o", transport_dir);
	return bpf_object__open_file(path, NULL);
}

/* libbpf takes the "?" of a section for its first map only. */
static void create_only(struct bpf_object *obj, const struct bpf_map *ops)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_autocreate(map, map == ops);
}

static int attach_with(const char *map, const char *field, const void *value,
		       size_t len)
{
	struct bpf_object *obj = open_reject();
	struct bpf_map *ops;
	struct bpf_link *link;
	void *at;
	int ret;

	if (!obj)
		return -ENOENT;
	ops = bpf_object__find_map_by_name(obj, map);
	create_only(obj, ops);
	at = field ? ops_field(obj, ops, field) : NULL;
	if (at)
		memcpy(at, value, len);
	ret = bpf_object__load(obj);
	if (!ret) {
		link = bpf_map__attach_struct_ops(ops);
		ret = link ? 0 : -errno;
		bpf_link__destroy(link);
	}
	bpf_object__close(obj);
	return ret;
}

static void bad_ops(void)
{
	static const char * const names[] = {
		"", "UPPER", "a/b", "a b", "\xc3\xa9", "sixteen-letters!",
		"abcdefghijklmnop",
	};
	uint32_t zero = 0, many = (1U << 20) + 1, one = 1, all = UINT32_MAX;
	uint32_t most = 1U << 20;
	char name[16];
	unsigned int i;

	host_enter(&bench_h1);
	CHECK_EQ(attach_with("idle_ops", NULL, NULL, 0), 0, "what is allowed");
	CHECK(attach_with("no_egress_ops", NULL, NULL, 0) < 0, "no egress");
	CHECK(attach_with("idle_ops", "nr_timers", &zero, 4) < 0,
	      "a timer op and no timers");
	CHECK(attach_with("idle_ops", "nr_timers", &many, 4) < 0,
	      "too many timers");
	CHECK(attach_with("idle_ops", "nr_timers", &all, 4) < 0,
	      "far too many timers");
	CHECK(attach_with("idle_ops", "nr_global", &all, 4) < 0,
	      "far too many timers of the thread");
	CHECK(attach_with("idle_ops", "nr_global", &most, 4) < 0,
	      "one timer too many, both kinds together");
	CHECK_EQ(attach_with("idle_ops", "nr_global", &one, 4), 0, "one more timer");
	CHECK(attach_with("idle_ops", "flags", &one, 4) < 0, "flags");
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		memset(name, 0, sizeof(name));
		memcpy(name, names[i], strnlen(names[i], sizeof(name)));
		CHECK(attach_with("idle_ops", "name", name, 16) < 0,
		      "name '%s'", names[i]);
	}
	host_enter_origin();
}

/* ---- maps ------------------------------------------------------------ */

static void map_parameters(void)
{
	static const struct {
		const char *what;
		uint32_t key, value, entries, flags;
		uint64_t extra;
	} bad[] = {
		{ "key of 8 bytes", 8, sizeof(struct probe_depth), 4, 0, 0 },
		{ "no key", 0, sizeof(struct probe_depth), 4, 0, 0 },
		{ "no value", 4, 0, 4, 0, 0 },
		{ "value of 1 byte", 4, 1, 4, 0, 0 },
		{ "value of 64 bytes", 4, 64, 4, 0, 0 },
		{ "no buckets", 4, sizeof(struct probe_depth), 0, 0, 0 },
		{ "2^32 - 1 buckets", 4, sizeof(struct probe_depth), UINT32_MAX,
		  0, 0 },
		{ "flag no-prealloc", 4, sizeof(struct probe_depth), 4,
		  BPF_F_NO_PREALLOC, 0 },
		{ "flag mmapable", 4, sizeof(struct probe_depth), 4,
		  BPF_F_MMAPABLE, 0 },
		{ "map_extra", 4, sizeof(struct probe_depth), 4, 0,
		  UINT64_MAX },
	};
	struct probe_depth depth = {};
	uint32_t key = 0;
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		LIBBPF_OPTS(bpf_map_create_opts, opts,
			.map_flags = bad[i].flags,
			.map_extra = bad[i].extra,
		);

		fd = bpf_map_create(PROBE_MAP_TYPE, "bad", bad[i].key,
				    bad[i].value, bad[i].entries, &opts);
		CHECK(fd == -EINVAL || (fd == -E2BIG && bad[i].entries > 1 << 20),
		      "%s: %d", bad[i].what, fd);
		if (fd >= 0)
			close(fd);
	}
	fd = bpf_map_create(PROBE_MAP_TYPE, "good", 4, sizeof(depth), 4, NULL);
	if (!CHECK(fd >= 0, "a good one: %d", fd))
		return;
	CHECK_EQ(bpf_map_lookup_elem(fd, &key, &depth), 0, "lookup");
	CHECK_EQ(depth.packets, 0, "depth");
	CHECK(bpf_map_update_elem(fd, &key, &depth, 0) < 0, "update");
	CHECK(bpf_map_delete_elem(fd, &key) < 0, "delete");
	key = 4;
	CHECK(bpf_map_lookup_elem(fd, &key, &depth) < 0, "lookup beyond");
	key = UINT32_MAX;
	CHECK(bpf_map_lookup_elem(fd, &key, &depth) < 0, "lookup far beyond");
	close(fd);
}

/* ---- netlink --------------------------------------------------------- */

/* A request of attributes that need not make sense. */
struct raw {
	char buf[2 * 8192];
	struct nlmsghdr *nlh;
};

static struct raw *raw_start(struct nl *nl, uint8_t cmd)
{
	static struct raw r;

	r.nlh = nl_start(nl, r.buf, cmd, NLM_F_ACK);
	return &r;
}

static struct raw *raw_bind(struct nl *nl, int fd)
{
	struct raw *r = raw_start(nl, ETRAN_CMD_QUEUE_BIND);

	mnl_attr_put_u32(r->nlh, ETRAN_A_QUEUE_FD, fd);
	mnl_attr_put_u32(r->nlh, ETRAN_A_QUEUE_TENANT, BENCH_TENANT);
	mnl_attr_put_strz(r->nlh, ETRAN_A_QUEUE_TRANSPORT, "probe");
	return r;
}

/* The same without attribute @type, or with another @value for it. */
static struct raw *raw_but(struct raw *r, uint16_t type, const void *value, size_t len)
{
	struct nlmsghdr *nlh = r->nlh, *old;
	const struct nlattr *a;
	char copy[8192];

	old = memcpy(copy, nlh, nlh->nlmsg_len);
	nlh->nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
	mnl_attr_for_each(a, old, GENL_HDRLEN)
		if (mnl_attr_get_type(a) != type)
			mnl_attr_put(nlh, mnl_attr_get_type(a),
				     mnl_attr_get_payload_len(a),
				     mnl_attr_get_payload(a));
	if (value)
		mnl_attr_put(nlh, type, len, value);
	return r;
}

static struct raw *raw_also(struct raw *r, uint16_t type, const void *value, size_t len)
{
	mnl_attr_put(r->nlh, type, len, value);
	return r;
}

/* The last attribute says that it is longer than the message. */
static struct raw *raw_cut(struct raw *r)
{
	struct nlattr *a, *last = NULL;

	mnl_attr_for_each(a, r->nlh, GENL_HDRLEN)
		last = a;
	last->nla_len += 100;
	return r;
}

/* Refused for the reason that the kernel's words, or the missing attribute, tell. */
static void nl_refused(struct nl *nl, struct raw *r, int err, const char *why,
		    const char *what)
{
	CHECK_EQ(nl_talk(nl, r->nlh, NULL, NULL), err, what);
	CHECK(strstr(nl->why, why), "%s: \"%s\", not \"%s\"", what, nl->why, why);
}

#define MISSING(buf, attr)	(snprintf(buf, sizeof(buf), "missing %u", attr), buf)

static void bad_binds(struct nl *nl, int fd)
{
	static const char policy[] = "failed policy validation";
	const uint32_t zero = 0, one = 1;
	const uint8_t byte = fd;
	const uint64_t wide = BENCH_TENANT;
	char longer[4096], m[32];

	memset(longer, 'a', sizeof(longer));
	nl_refused(nl, raw_but(raw_bind(nl, fd), ETRAN_A_QUEUE_FD, NULL, 0), -EINVAL,
		MISSING(m, ETRAN_A_QUEUE_FD), "no fd");
	nl_refused(nl, raw_but(raw_bind(nl, fd), ETRAN_A_QUEUE_TENANT, NULL, 0), -EINVAL,
		MISSING(m, ETRAN_A_QUEUE_TENANT), "no tenant");
	nl_refused(nl, raw_but(raw_bind(nl, fd), ETRAN_A_QUEUE_TRANSPORT, NULL, 0), -EINVAL,
		MISSING(m, ETRAN_A_QUEUE_TRANSPORT), "no name");
	nl_refused(nl, raw_but(raw_bind(nl, fd), ETRAN_A_QUEUE_TENANT, &zero, 4), -ERANGE,
		"out of range", "tenant 0");
	nl_refused(nl, raw_also(raw_bind(nl, fd), ETRAN_A_QUEUE_OUT_IFINDEX, &zero, 4), -ERANGE,
		"out of range", "out-ifindex 0");
	nl_refused(nl, raw_also(raw_bind(nl, fd), ETRAN_A_QUEUE_SHADOW, &zero, 4), -ERANGE,
		"out of range", "shadow 0");
	nl_refused(nl, raw_but(raw_bind(nl, fd), ETRAN_A_QUEUE_TRANSPORT, "", 1), -ENOENT,
		"no such transport", "empty name");
	nl_refused(nl, raw_but(raw_bind(nl, fd), ETRAN_A_QUEUE_TRANSPORT, longer, sizeof(longer)),
		-EINVAL, policy, "name of 4096");
	nl_refused(nl, raw_but(raw_bind(nl, fd), ETRAN_A_QUEUE_TRANSPORT, longer, 16), -EINVAL,
		policy, "name of 16 without an end");
	nl_refused(nl, raw_but(raw_bind(nl, fd), ETRAN_A_QUEUE_TRANSPORT, "nobody", 7), -ENOENT,
		"no such transport", "unknown transport");
	nl_refused(nl, raw_but(raw_bind(nl, fd), ETRAN_A_QUEUE_FD, &byte, 1), -EINVAL,
		"attribute length", "fd of one byte");
	nl_refused(nl, raw_but(raw_bind(nl, fd), ETRAN_A_QUEUE_TENANT, &wide, 8), -EINVAL,
		"attribute length", "tenant of eight bytes");
	nl_refused(nl, raw_also(raw_bind(nl, fd), ETRAN_A_QUEUE_TENANT, &one, 4), -EINVAL,
		"given twice", "two tenants");
	nl_refused(nl, raw_also(raw_bind(nl, fd), ETRAN_A_QUEUE_TRANSPORT, "probe", 6), -EINVAL,
		"given twice", "a name twice");
	nl_refused(nl, raw_also(raw_bind(nl, fd), ETRAN_A_QUEUE_MAX + 1, &one, 4), -EINVAL,
		"nknown attribute", "an attribute of the future");
	nl_refused(nl, raw_also(raw_bind(nl, fd), ETRAN_A_QUEUE_ZEROCOPY, &one, 1), -EINVAL,
		"nsupported attribute", "an attribute that is only told");
	nl_refused(nl, raw_cut(raw_bind(nl, fd)), -EINVAL, "leftover", "cut short");
	nl_refused(nl, raw_start(nl, 200), -EOPNOTSUPP, "", "unknown command");
}

static void bind_attributes(void)
{
	static const struct bench_opts opts = { .no_bind = true };
	struct bench b;

	if (bench_open(&b, &opts)) {
		bad_binds(&b.nl, b.xsk.fd);
		CHECK_EQ(nl_queues(&b.nl), 0, "queues bound after all that");

		CHECK_EQ(bench_bind(&b), 0, "bind what is allowed");
		CHECK(bench_bind(&b) < 0, "bind again");
		bench_push(&b, 50);
		bench_settle(&b, 50, 50);
		bench_check_rest(&b, 0);
	}
	bench_close(&b);
}

static struct raw *raw_detach(struct nl *nl, const char *name, size_t len)
{
	return raw_also(raw_start(nl, ETRAN_CMD_TRANSPORT_DETACH), ETRAN_A_TRANSPORT_NAME,
			name, len);
}

static void detach_attributes(void)
{
	struct nl_transport t;
	const uint32_t one = 1;
	struct bench b;
	char m[32];

	if (bench_open(&b, NULL)) {
		nl_refused(&b.nl, raw_start(&b.nl, ETRAN_CMD_TRANSPORT_DETACH), -EINVAL,
			MISSING(m, ETRAN_A_TRANSPORT_NAME), "no name");
		nl_refused(&b.nl, raw_detach(&b.nl, "nobody", 7), -ENOENT, "no such transport",
			"unknown transport");
		nl_refused(&b.nl, raw_detach(&b.nl, "probe\0and more bytes", 21), -ERANGE,
			"failed policy validation", "too long");
		nl_refused(&b.nl, raw_also(raw_detach(&b.nl, "probe", 6), ETRAN_A_TRANSPORT_NAME,
					"probe", 6), -EINVAL, "given twice", "a name twice");
		nl_refused(&b.nl, raw_also(raw_detach(&b.nl, "probe", 6), ETRAN_A_TRANSPORT_ID,
					&one, 4), -EINVAL, "nknown attribute", "id");
		nl_refused(&b.nl, raw_cut(raw_detach(&b.nl, "probe", 6)), -EINVAL, "leftover",
			"cut short");
		CHECK_EQ(nl_transport_get(&b.nl, "probe", &t), 0, "still there");
		bench_push(&b, 50);
		bench_settle(&b, 50, 50);
	}
	bench_close(&b);
}

/* The kernel's own parser, policies and handlers; nothing of it is copied here. */
static void random_requests(void)
{
	struct nl_transport t;
	struct bench b;

	if (bench_open(&b, NULL)) {
		noise_requests(&b.nl, 4000, 1);
		CHECK_EQ(nl_transport_get(&b.nl, "probe", &t), 0, "still there");
		CHECK_EQ(nl_queues(&b.nl), 1, "queues bound");
		bench_push(&b, 50);
		bench_settle(&b, 50, 50);
	}
	bench_close(&b);
}

static int bind_fd(struct bench *b, int fd)
{
	return nl_queue_bind(&b->nl, fd, BENCH_TENANT, "probe", NULL);
}

static void bind_descriptors(void)
{
	struct xsk_opts xo = { .copy = !bench_zerocopy() };
	int file, udp, fresh, ret;
	struct xsk elsewhere;
	struct bench b;

	if (bench_open(&b, NULL)) {
		file = open("/dev/null", O_RDWR | O_CLOEXEC);
		udp = socket(AF_INET, SOCK_DGRAM, 0);
		fresh = socket(AF_XDP, SOCK_RAW, 0);
		CHECK(bind_fd(&b, -1) < 0, "fd -1");
		CHECK(bind_fd(&b, 4000) < 0, "fd 4000");
		CHECK(bind_fd(&b, INT32_MAX) < 0, "fd 2^31 - 1");
		CHECK(bind_fd(&b, file) < 0, "a file");
		CHECK(bind_fd(&b, udp) < 0, "a UDP socket");
		CHECK(bind_fd(&b, fresh) < 0, "an AF_XDP socket without device");
		CHECK(bind_fd(&b, b.tr.queue_fd) < 0, "a map");
		close(file);
		close(udp);
		close(fresh);

		host_enter(b.far);
		xo.ifindex = b.far->ifindex;
		if (CHECK(WAIT_FOR((ret = xsk_open(&elsewhere, &xo)) != -EBUSY) &&
			  !ret, "far socket: %d", ret)) {
			host_enter(b.near);
			CHECK_EQ(bind_fd(&b, elsewhere.fd), -ENOENT,
				 "a socket of another namespace");
			xsk_close(&elsewhere);
		}
		host_enter(b.near);
		CHECK_EQ(nl_queues(&b.nl), 1, "queues bound");
	}
	bench_close(&b);
}

/* The other host sees nothing of ours and can do nothing to it. */
static void other_namespace(void)
{
	struct nl_transport t;
	struct nl far;
	struct bench b;

	if (bench_open(&b, NULL)) {
		host_enter(b.far);
		if (CHECK_EQ(nl_open(&far), 0, "netlink")) {
			CHECK_EQ(nl_transport_get(&far, "probe", &t), -ENOENT,
				 "get");
			CHECK_EQ(nl_queues(&far), 0, "queues");
			CHECK_EQ(nl_transport_detach(&far, "probe"), -ENOENT,
				 "detach");
			nl_close(&far);
		}
		host_enter(b.near);
		CHECK_EQ(nl_transport_get(&b.nl, "probe", &t), 0, "still there");
		bench_push(&b, 50);
		bench_settle(&b, 50, 50);
	}
	bench_close(&b);
}

/* Runs in a child without any privilege; bits of what went wrong. */
static int try_unprivileged(struct bench *b)
{
	struct nl nl;
	int bad = 0, fd;

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 64;
	if (nl_open(&nl))
		return 32;
	if (nl_transport_detach(&nl, "probe") != -EPERM)
		bad |= 1;
	if (nl_queue_bind(&nl, b->xsk.fd, 9, "probe", NULL) != -EPERM)
		bad |= 2;
	fd = bpf_map_create(PROBE_MAP_TYPE, "map", 4,
			    sizeof(struct probe_depth), 4, NULL);
	if (fd != -EPERM)
		bad |= 4;
	return bad;
}

static void unprivileged(void)
{
	int status = -1;
	struct bench b;
	pid_t child;

	if (bench_open(&b, NULL)) {
		fflush(NULL);
		child = fork();
		if (!child)
			_exit(try_unprivileged(&b));
		waitpid(child, &status, 0);
		CHECK(WIFEXITED(status), "the child crashed");
		CHECK_EQ(WEXITSTATUS(status), 0,
			 "not refused (1 detach, 2 bind, 4 map)");
		bench_push(&b, 50);
		bench_settle(&b, 50, 50);
	}
	bench_close(&b);
}

static const struct ktap_case cases[] = {
	{ "bad_ops", bad_ops },
	{ "map_parameters", map_parameters },
	{ "bind_attributes", bind_attributes },
	{ "detach_attributes", detach_attributes },
	{ "random_requests", random_requests },
	{ "bind_descriptors", bind_descriptors },
	{ "other_namespace", other_namespace },
	{ "unprivileged", unprivileged },
};

static struct ktap_case all[256];

static unsigned int find_all(void)
{
	memcpy(all, cases, sizeof(cases));
	return ARRAY_SIZE(cases) + verifier_cases(all + ARRAY_SIZE(cases),
						  ARRAY_SIZE(all) - ARRAY_SIZE(cases));
}

const struct ktap_suite suite_reject = {
	.name = "reject",
	.cases = all,
	.find = find_all,
};
