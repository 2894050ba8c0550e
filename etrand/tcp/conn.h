/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCP_CONN_H
#define ETRAND_TCP_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf-progs/tcp/state.h"
#include "etrand/loop.h"
#include "uapi/etran_ctl.h"

struct listener;
struct nic;
struct tenant;

/* Beside ETRAN_CS_*: waits for its next hop; unknown to the transport yet. */
#define CONN_RESOLVE	100

/**
 * struct conn - what etrand knows of a connection
 * @state: CONN_RESOLVE or ETRAN_CS_*
 * @released: its tenant has no more business with it
 * @adopted: a former etrand may have announced it to its tenant, or not
 * @nexthop: 0: the peer's SYN began, and it did not matter yet
 * @listener: passive: how it came, which also holds the port
 * @hold_fd: no @listener: kernel socket that holds the port
 * @timer: handshake, orphan or TIME_WAIT
 * @req_id: active: request that waits for CONNECTED
 * @rexmit_sent: a REXMIT waits in the tenant's queue already
 */
struct conn {
	struct conn *hash_next;
	struct timer timer;
	uint32_t idx;
	uint32_t gen;
	uint32_t state;
	bool released;
	bool adopted;
	bool rexmit_sent;
	struct tenant *tenant;
	uint32_t slot;
	struct nic *nic;
	struct listener *listener;
	int hold_fd;
	struct tcp_tuple tuple;
	uint8_t eth[14];
	__be32 nexthop;
	uint32_t iss;
	uint32_t irs;
	uint32_t mss;
	uint32_t flags;
	uint8_t snd_wscale;
	uint8_t rcv_wscale;
	uint32_t ts_recent;
	uint32_t wnd;
	uint32_t req_id;
	unsigned int tries;
};

int conn_init(void (*timeout)(struct conn *c));
unsigned int conn_count(void);
unsigned int conn_handshakes(const struct tenant *t);
uint32_t conn_top(void);
struct conn *conn_at(uint32_t idx);
struct conn *conn_get(uint32_t idx, uint32_t gen);
struct conn *conn_find(const struct tcp_tuple *tuple);
struct conn *conn_alloc(struct tenant *t, struct nic *nic,
			const struct tcp_tuple *tuple);
struct conn *conn_adopt(uint32_t idx, struct tenant *t, uint32_t slot,
			uint32_t gen, struct nic *nic,
			const struct tcp_tuple *tuple);
void conn_saw_gen(uint32_t gen);
uint8_t conn_wscale(uint32_t rcvbuf);
void conn_set_eth(struct conn *c, const uint8_t dmac[6]);
void conn_set_state(struct conn *c, uint32_t state);
int conn_open(struct conn *c, uint32_t state);
void conn_time_wait(struct conn *c);
void conn_hold_port(struct conn *c);
void conn_end(struct conn *c, int err, bool reset);
void conn_fill(const struct conn *c, struct etran_ctl_conn *m);
void conn_event(struct conn *c, uint32_t type, int err);

#endif
