/* SPDX-License-Identifier: GPL-2.0-only */
/* The etran netlink family by libmnl, in the caller's network namespace. */
#ifndef _KERNEL_NL_H
#define _KERNEL_NL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/etran.h>

struct mnl_socket;
struct nlmsghdr;

struct nl {
	struct mnl_socket *sock;
	uint32_t family;
	uint32_t group;		/* of ETRAN_MCGRP_EVENTS */
	uint32_t seq;
	char why[128];		/* the kernel's words on the last refusal, or "missing"
				 * and the number of an attribute, or "" */
};

struct nl_counters {
	uint64_t v[ETRAN_A_COUNTERS_MAX + 1];
};

struct nl_queue {
	uint32_t ifindex;
	uint32_t queue;
	uint32_t tenant;
	uint32_t umem_id;
	uint8_t zerocopy;
	uint8_t strict;
	uint32_t out_ifindex;
	uint32_t stall;
	uint64_t completed_at;
	char transport[ETRAN_NAME_LEN];
	struct nl_counters c;
};

struct nl_transport {
	char name[ETRAN_NAME_LEN];
	uint32_t id;
	uint32_t map_id;
	uint32_t queues;
	struct nl_counters c;
};

struct nl_event {
	uint8_t cmd;
	char name[ETRAN_NAME_LEN];
	uint32_t id;
	uint32_t exit_kind;
	int32_t exit_code;
	char exit_msg[128];
	uint32_t ifindex;
	uint32_t queue;
	uint32_t tenant;
};

/** nl_open - a socket of its own; -ENOENT without the module */
int nl_open(struct nl *nl);
void nl_close(struct nl *nl);

/** nl_queue_bind - 0 or a negative errno; @reply may be NULL */
int nl_queue_bind(struct nl *nl, int fd, uint32_t tenant, const char *transport,
		  struct nl_queue *reply);
/** nl_queue_bind_out - the same, with a device to leave by (0: its own) */
int nl_queue_bind_out(struct nl *nl, int fd, uint32_t tenant,
		      const char *transport, uint32_t out,
		      struct nl_queue *reply);
/** nl_queue_bind_strict - the same, with @shadow chunks for strict mode */
int nl_queue_bind_strict(struct nl *nl, int fd, uint32_t tenant,
			 const char *transport, uint32_t shadow);
int nl_transport_detach(struct nl *nl, const char *name);

/** nl_queue_get - the queue bound at @ifindex and @queue; -ENOENT if none */
int nl_queue_get(struct nl *nl, uint32_t ifindex, uint32_t queue,
		 struct nl_queue *q);

/** nl_queues - how many queues are bound in this namespace */
int nl_queues(struct nl *nl);

/** nl_transport_get - the transport @name; -ENOENT if none */
int nl_transport_get(struct nl *nl, const char *name, struct nl_transport *t);

struct nl_exit {
	struct nl_event e;
	uint64_t time;
	char dump[8192];
};

/** nl_exits - records of ended transports, oldest first; number or errno */
int nl_exits(struct nl *nl, struct nl_exit *exits, int max);

/** nl_events_on - join the multicast group */
int nl_events_on(struct nl *nl);

/** nl_event_wait - next event with command @cmd; 0, or -ETIMEDOUT */
int nl_event_wait(struct nl *nl, uint8_t cmd, struct nl_event *ev);

/** nl_start - begin a request in @buf (MNL_SOCKET_BUFFER_SIZE bytes) */
struct nlmsghdr *nl_start(struct nl *nl, void *buf, uint8_t cmd, uint16_t flags);

/** nl_talk - send a request and wait for its ACK; 0 or a negative errno */
int nl_talk(struct nl *nl, struct nlmsghdr *nlh,
	    int (*cb)(const struct nlmsghdr *nlh, void *data), void *data);

#endif /* _KERNEL_NL_H */
