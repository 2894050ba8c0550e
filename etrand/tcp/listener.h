/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCP_LISTENER_H
#define ETRAND_TCP_LISTENER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "bpf-progs/tcp/state.h"
#include "uapi/etran_ctl.h"

struct tenant;

/**
 * struct listener - a port that a tenant accepts on
 * @fd: its kernel socket: holds the port
 * @refs: connections that came by it and still need the port
 * @nr_syn: of those, handshakes under way
 * @closed: no longer in the map
 */
struct listener {
	struct listener *next;
	uint32_t id;
	struct tcp_listen_key key;
	struct tenant *tenant;
	int fd;
	unsigned int refs;
	unsigned int nr_syn;
	unsigned int backlog;
	bool closed;
};

int listener_check_fd(int fd, struct sockaddr_in *sin, bool listening);
void listener_open(struct tenant *t, const struct etran_ctl_msg *m, int fd);
void listener_unlisten(struct tenant *t, const struct etran_ctl_msg *m);
struct listener *listener_find(struct tenant *t, uint32_t id);
void listener_get(struct listener *l);
void listener_put(struct listener *l);
void listener_end_all(struct tenant *t);
void listener_adopt_all(void);

#endif
