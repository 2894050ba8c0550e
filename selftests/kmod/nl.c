// SPDX-License-Identifier: GPL-2.0-only
/* The etran netlink family; see nl.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "nl.h"

#define BUF_SIZE	(8 * 4096)
#define ATTR_MISS_TYPE	5	/* NLMSGERR_ATTR_MISS_TYPE, of newer headers */

struct nlmsghdr *nl_start(struct nl *nl, void *buf, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
	return nlh;
}

static int why_cb(const struct nlattr *attr, void *data)
{
	struct nl *nl = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(nl->why, sizeof(nl->why), "%s", mnl_attr_get_str(attr));
	if (mnl_attr_get_type(attr) == ATTR_MISS_TYPE &&
	    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		snprintf(nl->why, sizeof(nl->why), "missing %u", mnl_attr_get_u32(attr));
	return MNL_CB_OK;
}

/* libmnl turns an error into errno and forgets the words. */
static void note_why(struct nl *nl, const struct nlmsghdr *nlh, int len)
{
	const struct nlmsgerr *e;
	unsigned int off;

	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_type != NLMSG_ERROR ||
		    !(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
			continue;
		e = mnl_nlmsg_get_payload(nlh);
		off = sizeof(*e);
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			off += e->msg.nlmsg_len - sizeof(e->msg);
		mnl_attr_parse(nlh, off, why_cb, nl);
	}
}

int nl_talk(struct nl *nl, struct nlmsghdr *nlh,
	    int (*cb)(const struct nlmsghdr *nlh, void *data), void *data)
{
	unsigned int portid = mnl_socket_get_portid(nl->sock);
	char buf[BUF_SIZE];
	ssize_t len;
	int ret;

	nl->why[0] = '\0';
	if (mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		len = mnl_socket_recvfrom(nl->sock, buf, sizeof(buf));
		if (len < 0)
			return -errno;
		note_why(nl, (void *)buf, len);
		ret = mnl_cb_run(buf, len, nl->seq, portid, cb, data);
	} while (ret > MNL_CB_STOP);
	return ret < 0 ? -errno : 0;
}

/* ---- family ---------------------------------------------------------- */

static void parse_groups(struct nl *nl, const struct nlattr *groups)
{
	const struct nlattr *group, *a;

	mnl_attr_for_each_nested(group, groups) {
		const char *name = NULL;
		uint32_t id = 0;

		mnl_attr_for_each_nested(a, group) {
			if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GRP_NAME)
				name = mnl_attr_get_str(a);
			if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GRP_ID)
				id = mnl_attr_get_u32(a);
		}
		if (name && !strcmp(name, ETRAN_MCGRP_EVENTS))
			nl->group = id;
	}
}

static int family_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *a;
	struct nl *nl = data;

	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID)
			nl->family = mnl_attr_get_u16(a);
		if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GROUPS)
			parse_groups(nl, a);
	}
	return MNL_CB_OK;
}

static int find_family(struct nl *nl)
{
	char buf[BUF_SIZE];
	struct nlmsghdr *nlh;

	nl->family = GENL_ID_CTRL;
	nlh = nl_start(nl, buf, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, ETRAN_FAMILY_NAME);
	return nl_talk(nl, nlh, family_cb, nl);
}

int nl_open(struct nl *nl)
{
	int one = 1, ret;

	memset(nl, 0, sizeof(*nl));
	nl->sock = mnl_socket_open(NETLINK_GENERIC);
	if (!nl->sock)
		return -errno;
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		ret = -errno;
		nl_close(nl);
		return ret;
	}
	ret = mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &one, sizeof(one)) ?
		-errno : find_family(nl);
	if (ret)
		nl_close(nl);
	return ret;
}

void nl_close(struct nl *nl)
{
	if (nl->sock)
		mnl_socket_close(nl->sock);
	nl->sock = NULL;
}

/* ---- attributes ------------------------------------------------------ */

static void get_name(char *dst, const struct nlattr *a)
{
	strncpy(dst, mnl_attr_get_str(a), ETRAN_NAME_LEN - 1);
	dst[ETRAN_NAME_LEN - 1] = '\0';
}

static void parse_counters(struct nl_counters *c, const struct nlattr *nest)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest)
		if (mnl_attr_get_type(a) <= ETRAN_A_COUNTERS_MAX &&
		    mnl_attr_get_payload_len(a) == sizeof(uint64_t))
			c->v[mnl_attr_get_type(a)] = mnl_attr_get_u64(a);
}

static void parse_queue(struct nl_queue *q, const struct nlmsghdr *nlh)
{
	const struct nlattr *a;

	memset(q, 0, sizeof(*q));
	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(a)) {
		case ETRAN_A_QUEUE_IFINDEX:
			q->ifindex = mnl_attr_get_u32(a);
			break;
		case ETRAN_A_QUEUE_QUEUE:
			q->queue = mnl_attr_get_u32(a);
			break;
		case ETRAN_A_QUEUE_TENANT:
			q->tenant = mnl_attr_get_u32(a);
			break;
		case ETRAN_A_QUEUE_UMEM_ID:
			q->umem_id = mnl_attr_get_u32(a);
			break;
		case ETRAN_A_QUEUE_ZEROCOPY:
			q->zerocopy = mnl_attr_get_u8(a);
			break;
		case ETRAN_A_QUEUE_STRICT:
			q->strict = mnl_attr_get_u8(a);
			break;
		case ETRAN_A_QUEUE_OUT_IFINDEX:
			q->out_ifindex = mnl_attr_get_u32(a);
			break;
		case ETRAN_A_QUEUE_STALL:
			q->stall = mnl_attr_get_u32(a);
			break;
		case ETRAN_A_QUEUE_COMPLETED_AT:
			q->completed_at = mnl_attr_get_u64(a);
			break;
		case ETRAN_A_QUEUE_TRANSPORT:
			get_name(q->transport, a);
			break;
		case ETRAN_A_QUEUE_COUNTERS:
			parse_counters(&q->c, a);
			break;
		}
	}
}

static void parse_transport(struct nl_transport *t, const struct nlmsghdr *nlh)
{
	const struct nlattr *a;

	memset(t, 0, sizeof(*t));
	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(a)) {
		case ETRAN_A_TRANSPORT_NAME:
			get_name(t->name, a);
			break;
		case ETRAN_A_TRANSPORT_ID:
			t->id = mnl_attr_get_u32(a);
			break;
		case ETRAN_A_TRANSPORT_MAP_ID:
			t->map_id = mnl_attr_get_u32(a);
			break;
		case ETRAN_A_TRANSPORT_QUEUES:
			t->queues = mnl_attr_get_u32(a);
			break;
		case ETRAN_A_TRANSPORT_COUNTERS:
			parse_counters(&t->c, a);
			break;
		}
	}
}

/* ---- commands -------------------------------------------------------- */

static int bind_cb(const struct nlmsghdr *nlh, void *data)
{
	if (data)
		parse_queue(data, nlh);
	return MNL_CB_OK;
}

static int queue_bind(struct nl *nl, int fd, uint32_t tenant, const char *transport,
		      uint32_t out, const uint32_t *shadow, struct nl_queue *reply)
{
	char buf[BUF_SIZE];
	struct nlmsghdr *nlh;

	nlh = nl_start(nl, buf, ETRAN_CMD_QUEUE_BIND, NLM_F_ACK);
	mnl_attr_put_u32(nlh, ETRAN_A_QUEUE_FD, fd);
	mnl_attr_put_u32(nlh, ETRAN_A_QUEUE_TENANT, tenant);
	mnl_attr_put_strz(nlh, ETRAN_A_QUEUE_TRANSPORT, transport);
	if (out)
		mnl_attr_put_u32(nlh, ETRAN_A_QUEUE_OUT_IFINDEX, out);
	if (shadow)
		mnl_attr_put_u32(nlh, ETRAN_A_QUEUE_SHADOW, *shadow);
	return nl_talk(nl, nlh, bind_cb, reply);
}

int nl_queue_bind(struct nl *nl, int fd, uint32_t tenant, const char *transport,
		  struct nl_queue *reply)
{
	return queue_bind(nl, fd, tenant, transport, 0, NULL, reply);
}

int nl_queue_bind_out(struct nl *nl, int fd, uint32_t tenant,
		      const char *transport, uint32_t out,
		      struct nl_queue *reply)
{
	return queue_bind(nl, fd, tenant, transport, out, NULL, reply);
}

int nl_queue_bind_strict(struct nl *nl, int fd, uint32_t tenant,
			 const char *transport, uint32_t shadow)
{
	return queue_bind(nl, fd, tenant, transport, 0, &shadow, NULL);
}

int nl_transport_detach(struct nl *nl, const char *name)
{
	char buf[BUF_SIZE];
	struct nlmsghdr *nlh;

	nlh = nl_start(nl, buf, ETRAN_CMD_TRANSPORT_DETACH, NLM_F_ACK);
	mnl_attr_put_strz(nlh, ETRAN_A_TRANSPORT_NAME, name);
	return nl_talk(nl, nlh, NULL, NULL);
}

struct queue_find {
	uint32_t ifindex;
	uint32_t queue;
	struct nl_queue *q;
	int found;
	int count;
};

static int queue_cb(const struct nlmsghdr *nlh, void *data)
{
	struct queue_find *f = data;
	struct nl_queue q;

	parse_queue(&q, nlh);
	f->count++;
	if (f->q && q.ifindex == f->ifindex && q.queue == f->queue) {
		*f->q = q;
		f->found++;
	}
	return MNL_CB_OK;
}

static int queue_dump(struct nl *nl, struct queue_find *f)
{
	char buf[BUF_SIZE];

	return nl_talk(nl, nl_start(nl, buf, ETRAN_CMD_QUEUE_GET, NLM_F_DUMP),
		       queue_cb, f);
}

int nl_queue_get(struct nl *nl, uint32_t ifindex, uint32_t queue,
		 struct nl_queue *q)
{
	struct queue_find f = { .ifindex = ifindex, .queue = queue, .q = q };
	int ret = queue_dump(nl, &f);

	return ret ?: f.found ? 0 : -ENOENT;
}

int nl_queues(struct nl *nl)
{
	struct queue_find f = {};
	int ret = queue_dump(nl, &f);

	return ret ?: f.count;
}

struct transport_find {
	const char *name;
	struct nl_transport *t;
	bool found;
};

static int transport_cb(const struct nlmsghdr *nlh, void *data)
{
	struct transport_find *f = data;
	struct nl_transport t;

	parse_transport(&t, nlh);
	if (!strcmp(t.name, f->name)) {
		*f->t = t;
		f->found = true;
	}
	return MNL_CB_OK;
}

int nl_transport_get(struct nl *nl, const char *name, struct nl_transport *t)
{
	struct transport_find f = { .name = name, .t = t };
	char buf[BUF_SIZE];
	int ret;

	ret = nl_talk(nl, nl_start(nl, buf, ETRAN_CMD_TRANSPORT_GET, NLM_F_DUMP),
		      transport_cb, &f);
	return ret ?: f.found ? 0 : -ENOENT;
}

/* ---- events ---------------------------------------------------------- */

int nl_events_on(struct nl *nl)
{
	int group = nl->group;

	if (!group)
		return -ENOENT;
	if (mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)))
		return -errno;
	return 0;
}

static void parse_event(struct nl_event *ev, const struct nlmsghdr *nlh)
{
	const struct nlattr *a;

	if (ev->cmd == ETRAN_CMD_QUEUE_GONE_NTF) {
		struct nl_queue q;

		parse_queue(&q, nlh);
		ev->ifindex = q.ifindex;
		ev->queue = q.queue;
		ev->tenant = q.tenant;
		return;
	}
	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(a)) {
		case ETRAN_A_TRANSPORT_NAME:
			get_name(ev->name, a);
			break;
		case ETRAN_A_TRANSPORT_ID:
			ev->id = mnl_attr_get_u32(a);
			break;
		case ETRAN_A_TRANSPORT_EXIT_KIND:
			ev->exit_kind = mnl_attr_get_u32(a);
			break;
		case ETRAN_A_TRANSPORT_EXIT_CODE:
			ev->exit_code = mnl_attr_get_u32(a);
			break;
		case ETRAN_A_TRANSPORT_EXIT_MSG:
			snprintf(ev->exit_msg, sizeof(ev->exit_msg), "%s",
				 mnl_attr_get_str(a));
			break;
		}
	}
}

struct exit_dump {
	struct nl_exit *exits;
	int max, nr;
};

static int exit_cb(const struct nlmsghdr *nlh, void *data)
{
	struct exit_dump *d = data;
	struct nl_exit *x = &d->exits[d->nr];
	const struct nlattr *a;

	if (d->nr == d->max)
		return MNL_CB_OK;
	memset(x, 0, sizeof(*x));
	parse_event(&x->e, nlh);
	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(a) == ETRAN_A_TRANSPORT_EXIT_TIME)
			x->time = mnl_attr_get_u64(a);
		if (mnl_attr_get_type(a) == ETRAN_A_TRANSPORT_EXIT_DUMP)
			snprintf(x->dump, sizeof(x->dump), "%s", mnl_attr_get_str(a));
	}
	d->nr++;
	return MNL_CB_OK;
}

int nl_exits(struct nl *nl, struct nl_exit *exits, int max)
{
	struct exit_dump d = { .exits = exits, .max = max };
	char buf[BUF_SIZE];
	int ret;

	ret = nl_talk(nl, nl_start(nl, buf, ETRAN_CMD_EXIT_GET, NLM_F_DUMP),
		      exit_cb, &d);
	return ret ?: d.nr;
}

int nl_event_wait(struct nl *nl, uint8_t cmd, struct nl_event *ev)
{
	struct pollfd pfd = {
		.fd = mnl_socket_get_fd(nl->sock), .events = POLLIN,
	};
	const struct nlmsghdr *nlh;
	char buf[BUF_SIZE];
	ssize_t len;

	while (poll(&pfd, 1, PATIENCE_NS / NSEC_PER_MSEC) == 1) {
		len = mnl_socket_recvfrom(nl->sock, buf, sizeof(buf));
		if (len < 0)
			return -errno;
		nlh = (const struct nlmsghdr *)buf;
		memset(ev, 0, sizeof(*ev));
		ev->cmd = ((struct genlmsghdr *)mnl_nlmsg_get_payload(nlh))->cmd;
		if (nlh->nlmsg_type != nl->family || ev->cmd != cmd)
			continue;
		parse_event(ev, nlh);
		return 0;
	}
	return -ETIMEDOUT;
}
