/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_PEER_H
#define ETRAND_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "ctlmsg.h"
#include "loop.h"

struct tenant;

/**
 * struct peer - a process that talks to us on the tenant socket
 * @cred: from SO_PEERCRED
 * @start: its start time, see struct tenant_record
 * @tenant: NULL before WELCOME, and for one that was refused
 * @refused: why, enum etran_reason
 * @out: what the socket did not take yet
 */
struct peer {
	struct peer *next;
	struct watch watch;
	struct ucred cred;
	uint64_t start;
	char comm[16];
	struct tenant *tenant;
	uint32_t refused;
	struct msgq out;
	uint64_t fallback[ETRAN_R_MAX];
};

/* Sockets that stayed with the kernel, of all peers ever, by reason. */
extern uint64_t peer_fallbacks[ETRAN_R_MAX];

void peer_send(struct peer *p, const struct etran_ctl_msg *m);
void peer_send_fds(struct peer *p, const struct etran_ctl_msg *m, const int *fds,
		   int nr_fds);
void peer_flush(struct peer *p);
void peer_error(struct peer *p, uint32_t id, int err, uint32_t reason);
void peer_drop(struct peer *p);
bool peer_hung_up(const struct peer *p);

#endif
