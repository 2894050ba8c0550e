/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TENANT_H
#define ETRAND_TENANT_H

#include <stdbool.h>
#include <stdint.h>

#include "ctlmsg.h"
#include "loop.h"
#include "nic.h"
#include "record.h"
#include "uapi/etran_io.h"

struct conn;			/* the transport's own */
struct peer;

/**
 * enum tenant_state - life of a tenant
 * @TENANT_FREE: the entry is unused
 * @TENANT_BINDING: HELLO came, its sockets are being made
 * @TENANT_READY: has its sockets; without a peer it has not come back yet after
 *	a restart of etrand
 * @TENANT_DEAD: the process is gone, connections are still being closed
 */
enum tenant_state {
	TENANT_FREE,
	TENANT_BINDING,
	TENANT_READY,
	TENANT_DEAD,
};

/**
 * struct tenant - one application process
 * @peer: its socket, NULL when it has none
 * @pidfd: tells its death even when a forked child keeps the socket open
 * @pending: events for a tenant that has not come back yet
 * @slots: its connections, by entry of its conn_pub map
 * @free_slots: ring of free entries, longest unused first, so that a stale
 *	view of an entry in the library has time to go away
 */
struct tenant {
	uint32_t id;
	enum tenant_state state;
	struct peer *peer;
	struct watch pidfd;
	struct tenant_record rec;
	struct nic *nic;
	struct msgq pending;
	struct conn *slots[ETRAN_TENANT_CONNS];
	uint16_t free_slots[ETRAN_TENANT_CONNS];
	unsigned int free_head;
	unsigned int nr_free;
	/* while binding */
	struct timer retry;
	unsigned int tries;
	uint32_t hello_id;
};

void tenant_hello(struct peer *peer, const struct etran_ctl_msg *m);
void tenant_end(struct tenant *t);
void tenant_send(struct tenant *t, const struct etran_ctl_msg *m);
bool tenant_backlogged(const struct tenant *t);
const char *tenant_mode(const struct tenant *t);
unsigned int tenant_ports(const struct nic *nic);
struct tenant *tenant_get(uint32_t id);
struct tenant *tenant_at(uint32_t id);
struct tenant *tenant_orphanage(uint32_t id);
int tenant_slot_take(struct tenant *t, struct conn *c);
int tenant_slot_claim(struct tenant *t, struct conn *c, uint32_t slot);
void tenant_slot_put(struct tenant *t, uint32_t slot);
void tenant_adopt_all(void);
void tenant_reap_adopted(void);
void tenant_transport_gone(void);

#endif
