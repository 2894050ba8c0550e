// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink to etran.ko: the operations of uapi/etran.yaml.
 *
 * Used by etrand and by etranctl, so nothing here depends on the daemon. One
 * request at a time; a socket that joined the event group is used for nothing
 * else. Requests of rtnetlink go the same way.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "netlink.h"

static const char * const counter_names[ETRAN_A_COUNTERS_MAX + 1] = {
	[ETRAN_A_COUNTERS_PEEKED] = "peeked",
	[ETRAN_A_COUNTERS_SENT] = "sent",
	[ETRAN_A_COUNTERS_HELD] = "held",
	[ETRAN_A_COUNTERS_DROPPED] = "dropped",
	[ETRAN_A_COUNTERS_BAD_VERDICT] = "bad_verdict",
	[ETRAN_A_COUNTERS_BUSY_CHUNK] = "busy_chunk",
	[ETRAN_A_COUNTERS_COMPLETED] = "completed",
	[ETRAN_A_COUNTERS_HOLDING] = "holding",
	[ETRAN_A_COUNTERS_GEN_REQUESTS] = "gen_requests",
	[ETRAN_A_COUNTERS_GEN_SENT] = "gen_sent",
	[ETRAN_A_COUNTERS_GEN_SKIPPED] = "gen_skipped",
	[ETRAN_A_COUNTERS_GEN_FAILED] = "gen_failed",
	[ETRAN_A_COUNTERS_TIMER_RUNS] = "timer_runs",
	[ETRAN_A_COUNTERS_IN_NIC] = "in_nic",
	[ETRAN_A_COUNTERS_CQ_FULL] = "cq_full",
	[ETRAN_A_COUNTERS_REFUSED] = "refused",
};

/** nl_counter_name - NULL for an attribute that is no counter */
const char *nl_counter_name(int attr)
{
	return attr >= 0 && attr <= ETRAN_A_COUNTERS_MAX ?
		counter_names[attr] : NULL;
}

/** nl_exit_kind_name - as in uapi/etran.yaml */
const char *nl_exit_kind_name(uint32_t kind)
{
	switch (kind) {
	case ETRAN_EXIT_KIND_UNREG:
		return "unreg";
	case ETRAN_EXIT_KIND_ADMIN:
		return "admin";
	case ETRAN_EXIT_KIND_NETNS:
		return "netns";
	case ETRAN_EXIT_KIND_BPF:
		return "bpf";
	case ETRAN_EXIT_KIND_ERROR:
		return "error";
	case ETRAN_EXIT_KIND_ERROR_BPF:
		return "error-bpf";
	case ETRAN_EXIT_KIND_ERROR_VERDICT:
		return "error-verdict";
	case ETRAN_EXIT_KIND_ERROR_STALL:
		return "error-stall";
	case ETRAN_EXIT_KIND_ERROR_OVERRUN:
		return "error-overrun";
	}
	return "unknown";
}

/** nl_stall_name - as in uapi/etran.yaml */
const char *nl_stall_name(uint32_t stall)
{
	static const char * const names[] = { "none", "tenant", "device" };

	return stall < sizeof(names) / sizeof(*names) ? names[stall] : "unknown";
}

struct attrs {
	const struct nlattr **tb;
	int max;
};

static int collect(const struct nlattr *attr, void *data)
{
	struct attrs *a = data;
	int type = mnl_attr_get_type(attr);

	if (type <= a->max)
		a->tb[type] = attr;
	return MNL_CB_OK;
}

static uint64_t attr_uint(const struct nlattr *attr)
{
	uint64_t v64;
	uint32_t v32;

	if (!attr)
		return 0;
	switch (mnl_attr_get_payload_len(attr)) {
	case 1:
		return mnl_attr_get_u8(attr);
	case 4:
		memcpy(&v32, mnl_attr_get_payload(attr), 4);
		return v32;
	case 8:
		memcpy(&v64, mnl_attr_get_payload(attr), 8);
		return v64;
	}
	return 0;
}

static void attr_str(const struct nlattr *attr, char *buf, size_t size)
{
	size_t n;

	buf[0] = '\0';
	if (!attr)
		return;
	n = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
	if (n >= size)
		n = size - 1;
	memcpy(buf, mnl_attr_get_payload(attr), n);
	buf[n] = '\0';
}

static void attr_counters(const struct nlattr *nest, struct nl_counters *c)
{
	const struct nlattr *tb[ETRAN_A_COUNTERS_MAX + 1] = { 0 };
	struct attrs a = { tb, ETRAN_A_COUNTERS_MAX };
	int i;

	memset(c, 0, sizeof(*c));
	if (!nest)
		return;
	mnl_attr_parse_nested(nest, collect, &a);
	for (i = 0; i <= ETRAN_A_COUNTERS_MAX; i++)
		if (counter_names[i])
			c->v[i] = attr_uint(tb[i]);
}

static void keep_extack(struct nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[NLMSGERR_ATTR_MSG + 1] = { 0 };
	struct attrs a = { tb, NLMSGERR_ATTR_MSG };
	size_t skip = sizeof(*err);

	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(*err) ||
	    !(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += err->msg.nlmsg_len - sizeof(err->msg);
	if (NLMSG_HDRLEN + skip > nlh->nlmsg_len)
		return;
	mnl_attr_parse(nlh, skip, collect, &a);
	attr_str(tb[NLMSGERR_ATTR_MSG], nl->error, sizeof(nl->error));
}

/* One request with all its answers; Return: 0 or a negative errno. */
static int request(struct nl *nl, struct nlmsghdr *req, mnl_cb_t fn, void *arg)
{
	char buf[MNL_SOCKET_BUFFER_SIZE * 4];
	unsigned int portid = mnl_socket_get_portid(nl->sock);
	struct nlmsghdr *nlh;
	ssize_t n;
	int ret;

	nl->error[0] = '\0';
	req->nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(nl->sock, req, req->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(nl->sock, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		nlh = (struct nlmsghdr *)buf;
		if (nlh->nlmsg_type == NLMSG_ERROR)
			keep_extack(nl, nlh);
		ret = mnl_cb_run(buf, n, nl->seq, portid, fn, arg);
		if (ret < 0)
			return -errno;
	} while (ret > 0);
	return 0;
}

static struct nlmsghdr *prepare(struct nl *nl, void *buf, uint8_t cmd,
				uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *gen;

	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	gen = mnl_nlmsg_put_extra_header(nlh, sizeof(*gen));
	gen->cmd = cmd;
	gen->version = ETRAN_FAMILY_VERSION;
	return nlh;
}

static int family_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[CTRL_ATTR_MCAST_GROUPS + 1] = { 0 };
	struct attrs a = { tb, CTRL_ATTR_MCAST_GROUPS };
	struct nl *nl = data;
	struct nlattr *pos;

	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), collect, &a);
	nl->family = tb[CTRL_ATTR_FAMILY_ID] ?
		mnl_attr_get_u16(tb[CTRL_ATTR_FAMILY_ID]) : 0;
	nl->version = attr_uint(tb[CTRL_ATTR_VERSION]);
	if (!tb[CTRL_ATTR_MCAST_GROUPS])
		return MNL_CB_OK;
	mnl_attr_for_each_nested(pos, tb[CTRL_ATTR_MCAST_GROUPS]) {
		const struct nlattr *g[CTRL_ATTR_MCAST_GRP_ID + 1] = { 0 };
		struct attrs ga = { g, CTRL_ATTR_MCAST_GRP_ID };
		char name[GENL_NAMSIZ];

		mnl_attr_parse_nested(pos, collect, &ga);
		attr_str(g[CTRL_ATTR_MCAST_GRP_NAME], name, sizeof(name));
		if (!strcmp(name, ETRAN_MCGRP_EVENTS))
			nl->group = attr_uint(g[CTRL_ATTR_MCAST_GRP_ID]);
	}
	return MNL_CB_OK;
}

/* Return: 0 or a negative errno */
static int connect_to(struct nl *nl, int bus)
{
	int one = 1, err;

	memset(nl, 0, sizeof(*nl));
	nl->sock = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!nl->sock)
		return -errno;
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		nl_disconnect(nl);
		return err;
	}
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &one, sizeof(one));
	return 0;
}

/** nl_open_route - connect to rtnetlink, for nl_talk() and nl_route() only */
int nl_open_route(struct nl *nl)
{
	return connect_to(nl, NETLINK_ROUTE);
}

/** nl_talk - a request without an answer; Return: 0 or a negative errno */
int nl_talk(struct nl *nl, struct nlmsghdr *req)
{
	return request(nl, req, NULL, NULL);
}

static int route_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[RTA_MAX + 1] = { 0 };
	struct attrs a = { tb, RTA_MAX };
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct nl_route *r = data;

	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*rtm)))
		return MNL_CB_OK;
	mnl_attr_parse(nlh, sizeof(*rtm), collect, &a);
	r->type = rtm->rtm_type;
	r->oif = attr_uint(tb[RTA_OIF]);
	r->gateway = attr_uint(tb[RTA_GATEWAY]);
	r->prefsrc = attr_uint(tb[RTA_PREFSRC]);
	return MNL_CB_STOP;
}

/** nl_route - what the kernel would do with @daddr; Return: 0 or a negative errno */
int nl_route(struct nl *nl, uint32_t daddr, struct nl_route *r)
{
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;

	memset(r, 0, sizeof(*r));
	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = 32;
	mnl_attr_put_u32(nlh, RTA_DST, daddr);
	return request(nl, nlh, route_cb, r);
}

/**
 * nl_open - connect to the module
 * Return: 0, -ENOENT when etran.ko is not loaded, -EPROTO when it is of another
 * version, or another negative errno.
 */
int nl_open(struct nl *nl)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh;
	int err;

	err = connect_to(nl, NETLINK_GENERIC);
	if (err)
		return err;
	nl->family = GENL_ID_CTRL;
	nlh = prepare(nl, buf, CTRL_CMD_GETFAMILY, 0);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, ETRAN_FAMILY_NAME);
	err = request(nl, nlh, family_cb, nl);
	if (!err && nl->family == GENL_ID_CTRL)
		err = -ENOENT;
	if (!err && nl->version != ETRAN_FAMILY_VERSION)
		err = -EPROTO;
	if (err)
		nl_disconnect(nl);
	return err;
}

/** nl_disconnect - harmless when not open */
void nl_disconnect(struct nl *nl)
{
	if (nl->sock)
		mnl_socket_close(nl->sock);
	nl->sock = NULL;
}

/** nl_fd - for poll */
int nl_fd(const struct nl *nl)
{
	return mnl_socket_get_fd(nl->sock);
}

static void parse_transport(const struct nlmsghdr *nlh, struct nl_transport *t)
{
	const struct nlattr *tb[ETRAN_A_TRANSPORT_MAX + 1] = { 0 };
	struct attrs a = { tb, ETRAN_A_TRANSPORT_MAX };

	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), collect, &a);
	attr_str(tb[ETRAN_A_TRANSPORT_NAME], t->name, sizeof(t->name));
	t->id = attr_uint(tb[ETRAN_A_TRANSPORT_ID]);
	t->map_id = attr_uint(tb[ETRAN_A_TRANSPORT_MAP_ID]);
	t->queues = attr_uint(tb[ETRAN_A_TRANSPORT_QUEUES]);
	t->exit_kind = attr_uint(tb[ETRAN_A_TRANSPORT_EXIT_KIND]);
	t->exit_code = attr_uint(tb[ETRAN_A_TRANSPORT_EXIT_CODE]);
	attr_str(tb[ETRAN_A_TRANSPORT_EXIT_MSG], t->exit_msg, sizeof(t->exit_msg));
	t->exit_time = attr_uint(tb[ETRAN_A_TRANSPORT_EXIT_TIME]);
	attr_str(tb[ETRAN_A_TRANSPORT_EXIT_DUMP], t->exit_dump, sizeof(t->exit_dump));
	attr_counters(tb[ETRAN_A_TRANSPORT_COUNTERS], &t->counters);
}

struct dump {
	nl_transport_fn transport;
	nl_queue_fn queue;
	void *arg;
};

static int transport_cb(const struct nlmsghdr *nlh, void *data)
{
	struct nl_transport t;
	struct dump *d = data;

	parse_transport(nlh, &t);
	d->transport(&t, d->arg);
	return MNL_CB_OK;
}

/** nl_transports - call @fn for each transport of this network namespace */
int nl_transports(struct nl *nl, nl_transport_fn fn, void *arg)
{
	struct dump d = { .transport = fn, .arg = arg };
	char buf[MNL_SOCKET_BUFFER_SIZE];

	return request(nl, prepare(nl, buf, ETRAN_CMD_TRANSPORT_GET, NLM_F_DUMP),
		       transport_cb, &d);
}

/** nl_exits - call @fn for the transports that ended last, oldest first */
int nl_exits(struct nl *nl, nl_transport_fn fn, void *arg)
{
	struct dump d = { .transport = fn, .arg = arg };
	char buf[MNL_SOCKET_BUFFER_SIZE];

	return request(nl, prepare(nl, buf, ETRAN_CMD_EXIT_GET, NLM_F_DUMP),
		       transport_cb, &d);
}

static int queue_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[ETRAN_A_QUEUE_MAX + 1] = { 0 };
	struct attrs a = { tb, ETRAN_A_QUEUE_MAX };
	struct dump *d = data;
	struct nl_queue q;

	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), collect, &a);
	attr_str(tb[ETRAN_A_QUEUE_TRANSPORT], q.transport, sizeof(q.transport));
	q.ifindex = attr_uint(tb[ETRAN_A_QUEUE_IFINDEX]);
	q.queue = attr_uint(tb[ETRAN_A_QUEUE_QUEUE]);
	q.tenant = attr_uint(tb[ETRAN_A_QUEUE_TENANT]);
	q.umem_id = attr_uint(tb[ETRAN_A_QUEUE_UMEM_ID]);
	q.zerocopy = attr_uint(tb[ETRAN_A_QUEUE_ZEROCOPY]);
	q.strict = attr_uint(tb[ETRAN_A_QUEUE_STRICT]);
	q.stall = attr_uint(tb[ETRAN_A_QUEUE_STALL]);
	q.out_ifindex = attr_uint(tb[ETRAN_A_QUEUE_OUT_IFINDEX]);
	attr_counters(tb[ETRAN_A_QUEUE_COUNTERS], &q.counters);
	d->queue(&q, d->arg);
	return MNL_CB_OK;
}

/** nl_queues - call @fn for each bound queue of this network namespace */
int nl_queues(struct nl *nl, nl_queue_fn fn, void *arg)
{
	struct dump d = { .queue = fn, .arg = arg };
	char buf[MNL_SOCKET_BUFFER_SIZE];

	return request(nl, prepare(nl, buf, ETRAN_CMD_QUEUE_GET, NLM_F_DUMP),
		       queue_cb, &d);
}

struct find {
	const char *name;
	struct nl_transport *t;
	bool found;
};

static void find_cb(const struct nl_transport *t, void *arg)
{
	struct find *f = arg;

	if (strcmp(t->name, f->name))
		return;
	*f->t = *t;
	f->found = true;
}

/** nl_transport_find - Return: 0, -ENOENT or another negative errno */
int nl_transport_find(struct nl *nl, const char *name, struct nl_transport *t)
{
	struct find f = { .name = name, .t = t };
	int err = nl_transports(nl, find_cb, &f);

	return err ? err : f.found ? 0 : -ENOENT;
}

/** nl_transport_detach - end a transport; Return: 0 or a negative errno */
int nl_transport_detach(struct nl *nl, const char *name)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = prepare(nl, buf, ETRAN_CMD_TRANSPORT_DETACH, 0);

	mnl_attr_put_strz(nlh, ETRAN_A_TRANSPORT_NAME, name);
	return request(nl, nlh, NULL, NULL);
}

/**
 * nl_queue_bind - put a bound AF_XDP socket under a transport
 * @out_ifindex: device that its packets leave by, 0: the one it is bound to
 * @shadow: strict mode: chunks at the end of its UMEM that are for it, else 0
 */
int nl_queue_bind(struct nl *nl, int fd, uint32_t tenant, const char *transport,
		  int out_ifindex, uint32_t shadow)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = prepare(nl, buf, ETRAN_CMD_QUEUE_BIND, 0);

	mnl_attr_put_u32(nlh, ETRAN_A_QUEUE_FD, fd);
	mnl_attr_put_u32(nlh, ETRAN_A_QUEUE_TENANT, tenant);
	mnl_attr_put_strz(nlh, ETRAN_A_QUEUE_TRANSPORT, transport);
	if (out_ifindex)
		mnl_attr_put_u32(nlh, ETRAN_A_QUEUE_OUT_IFINDEX, out_ifindex);
	if (shadow)
		mnl_attr_put_u32(nlh, ETRAN_A_QUEUE_SHADOW, shadow);
	return request(nl, nlh, NULL, NULL);
}

/** nl_events_join - use @nl for events from now on, non-blocking */
int nl_events_join(struct nl *nl)
{
	if (!nl->group)
		return -ENOENT;
	return mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP,
				     &nl->group, sizeof(nl->group)) ? -errno : 0;
}

struct event_arg {
	nl_transport_fn exited;
	void *arg;
};

static int event_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct genlmsghdr *gen = mnl_nlmsg_get_payload(nlh);
	struct event_arg *e = data;
	struct nl_transport t;

	if (gen->cmd == ETRAN_CMD_TRANSPORT_EXIT_NTF) {
		parse_transport(nlh, &t);
		e->exited(&t, e->arg);
	}
	return MNL_CB_OK;
}

/** nl_events_read - take what has arrived; Return: 0 or a negative errno */
int nl_events_read(struct nl *nl, nl_transport_fn exited, void *arg)
{
	struct event_arg e = { exited, arg };
	char buf[MNL_SOCKET_BUFFER_SIZE * 4];
	ssize_t n;

	n = recv(nl_fd(nl), buf, sizeof(buf), MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	return mnl_cb_run(buf, n, 0, 0, event_cb, &e) < 0 ? -errno : 0;
}
