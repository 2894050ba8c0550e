/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_NETLINK_H
#define ETRAND_NETLINK_H

#include <stdint.h>
#include <linux/etran.h>

struct mnl_socket;
struct nlmsghdr;

/**
 * struct nl - a connection to etran.ko
 * @family: generic netlink number
 * @group: multicast group of events
 * @error: what the kernel said to the last failed request, "" if nothing
 */
struct nl {
	struct mnl_socket *sock;
	uint16_t family;
	uint32_t version;
	uint32_t group;
	uint32_t seq;
	char error[128];
};

struct nl_counters {
	uint64_t v[ETRAN_A_COUNTERS_MAX + 1];
};

struct nl_transport {
	char name[ETRAN_NAME_LEN];
	uint32_t id;
	uint32_t map_id;
	uint32_t queues;
	uint32_t exit_kind;
	int32_t exit_code;
	char exit_msg[128];
	uint64_t exit_time;
	char exit_dump[8192];
	struct nl_counters counters;
};

struct nl_queue {
	char transport[ETRAN_NAME_LEN];
	uint32_t ifindex;
	uint32_t queue;
	uint32_t tenant;
	uint32_t umem_id;
	uint32_t zerocopy;
	uint32_t strict;
	uint32_t stall;
	uint32_t out_ifindex;	/* 0: the same as ifindex */
	struct nl_counters counters;
};

/* Addresses as on the wire, 0: none. */
struct nl_route {
	uint8_t type;		/* RTN_* */
	int oif;
	uint32_t gateway;
	uint32_t prefsrc;
};

typedef void (*nl_transport_fn)(const struct nl_transport *t, void *arg);
typedef void (*nl_queue_fn)(const struct nl_queue *q, void *arg);

int nl_open(struct nl *nl);
int nl_open_route(struct nl *nl);
int nl_talk(struct nl *nl, struct nlmsghdr *req);
int nl_route(struct nl *nl, uint32_t daddr, struct nl_route *r);
void nl_disconnect(struct nl *nl);
int nl_fd(const struct nl *nl);
int nl_transports(struct nl *nl, nl_transport_fn fn, void *arg);
int nl_exits(struct nl *nl, nl_transport_fn fn, void *arg);
const char *nl_exit_kind_name(uint32_t kind);
const char *nl_stall_name(uint32_t stall);
int nl_queues(struct nl *nl, nl_queue_fn fn, void *arg);
int nl_transport_find(struct nl *nl, const char *name, struct nl_transport *t);
int nl_transport_detach(struct nl *nl, const char *name);
int nl_queue_bind(struct nl *nl, int fd, uint32_t tenant, const char *transport,
		  int out_ifindex, uint32_t shadow);
int nl_events_join(struct nl *nl);
int nl_events_read(struct nl *nl, nl_transport_fn exited, void *arg);
const char *nl_counter_name(int attr);

#endif
