// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of connections.
 *
 * Truth about a connection is in the transport's maps; here is what only etrand
 * needs: who has it, timers of its life, what holds its port. Both agree on the
 * index; the generation tells a connection from its predecessors there.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "etrand/log.h"
#include "etrand/nic.h"
#include "etrand/tenant.h"
#include "etrand/transport.h"
#include "isn.h"
#include "listener.h"
#include "segment.h"
#include "tcpsys.h"
#include "tick.h"

#define TIME_WAIT	(60 * NSEC_PER_SEC)
#define NR_BUCKETS	4096

static struct conn conns[ETRAN_MAX_CONNS];
/*
 * Generations rise from connection to connection, whatever their index: the
 * library tells by them what is early from what is late in a slot, and a slot's
 * connections have one index today and another one tomorrow.
 */
static uint32_t last_gen;
static struct conn *buckets[NR_BUCKETS];
/*
 * Peers choose their tuples and must not be able to aim at one bucket. Not the
 * key of initial sequence numbers: those show peers half of what it hashes to.
 */
static uint64_t hash_key[2];
static unsigned int nr_conns;
static uint32_t first_free;	/* none below is free */
static uint32_t top;		/* none from here on is in use */
static unsigned int nr_syn[ETRAN_MAX_TENANTS];
static void (*timed_out)(struct conn *c);

static struct conn **bucket(const struct tcp_tuple *t)
{
	return &buckets[isn_siphash(hash_key, t, sizeof(*t)) % NR_BUCKETS];
}

/**
 * conn_init - draw the key of the table
 * @timeout: called when a connection's timer runs out
 * Return: 0 or a negative errno
 */
int conn_init(void (*timeout)(struct conn *c))
{
	timed_out = timeout;
	return getrandom(hash_key, sizeof(hash_key), 0) == sizeof(hash_key) ?
		0 : -EIO;
}

/** conn_count - connections in any state */
unsigned int conn_count(void)
{
	return nr_conns;
}

/** conn_handshakes - of those, how many of a tenant are in SYN_RCVD */
unsigned int conn_handshakes(const struct tenant *t)
{
	return nr_syn[t->id];
}

/** conn_top - above the highest index in use */
uint32_t conn_top(void)
{
	while (top && conns[top - 1].state == ETRAN_CS_FREE)
		top--;
	return top;
}

/** conn_at - by index, NULL when that one is free */
struct conn *conn_at(uint32_t idx)
{
	if (idx >= ETRAN_MAX_CONNS || conns[idx].state == ETRAN_CS_FREE)
		return NULL;
	return &conns[idx];
}

/** conn_get - by index and generation, or NULL */
struct conn *conn_get(uint32_t idx, uint32_t gen)
{
	struct conn *c = conn_at(idx);

	return c && c->gen == gen && c->state != CONN_RESOLVE ? c : NULL;
}

/** conn_find - by addresses and ports, "s" is this host; or NULL */
struct conn *conn_find(const struct tcp_tuple *tuple)
{
	struct conn *c;

	for (c = *bucket(tuple); c; c = c->hash_next)
		if (!memcmp(&c->tuple, tuple, sizeof(*tuple)))
			return c;
	return NULL;
}

static void hash_add(struct conn *c)
{
	struct conn **b = bucket(&c->tuple);

	c->hash_next = *b;
	*b = c;
}

static void hash_del(struct conn *c)
{
	struct conn **at;

	for (at = bucket(&c->tuple); *at != c; at = &(*at)->hash_next)
		;
	*at = c->hash_next;
}

/** conn_wscale - smallest shift that can express a window */
uint8_t conn_wscale(uint32_t rcvbuf)
{
	uint8_t ws = 0;

	while (rcvbuf >> ws > 65535 && ws < SEG_MAX_WSCALE)
		ws++;
	return ws;
}

static void timer_fn(struct timer *t)
{
	timed_out(container_of(t, struct conn, timer));
}

static struct conn *init_conn(struct conn *c, uint32_t idx, struct tenant *t,
			      struct nic *nic, const struct tcp_tuple *tuple)
{
	memset(c, 0, sizeof(*c));
	c->idx = idx;
	c->tenant = t;
	c->nic = nic;
	c->tuple = *tuple;
	c->hold_fd = -1;
	c->timer.fn = timer_fn;
	c->state = CONN_RESOLVE;
	c->rcv_wscale = conn_wscale(TCP_RCVBUF);
	hash_add(c);
	nr_conns++;
	if (idx >= top)
		top = idx + 1;
	return c;
}

/* The one of @t (any tenant: NULL) that has been in TIME_WAIT longest. */
static struct conn *oldest_time_wait(const struct tenant *t)
{
	struct conn *c, *best = NULL;
	uint32_t i;

	for (i = 0; i < ETRAN_MAX_CONNS; i++) {
		c = &conns[i];
		if (c->state != ETRAN_CS_TIME_WAIT || (t && c->tenant != t))
			continue;
		if (!best || c->timer.due < best->timer.due)
			best = c;
	}
	return best;
}

/* The lowest one: ticks walk over all below the highest in use. */
static uint32_t free_index(void)
{
	while (first_free < ETRAN_MAX_CONNS &&
	       conns[first_free].state != ETRAN_CS_FREE)
		first_free++;
	return first_free;
}

/**
 * conn_alloc - a new connection in state CONN_RESOLVE
 * When there is no room, the oldest one in TIME_WAIT makes some.
 * Return: NULL when there is no room even so
 */
struct conn *conn_alloc(struct tenant *t, struct nic *nic,
			const struct tcp_tuple *tuple)
{
	struct conn *c, *old;
	uint32_t idx;
	int slot;

	if (nr_conns == ETRAN_MAX_CONNS) {
		old = oldest_time_wait(NULL);
		if (old)
			conn_end(old, 0, false);
	}
	if (!t->nr_free) {
		old = oldest_time_wait(t);
		if (old)
			conn_end(old, 0, false);
	}
	idx = free_index();
	if (idx == ETRAN_MAX_CONNS)
		return NULL;
	slot = tenant_slot_take(t, &conns[idx]);
	if (slot < 0)
		return NULL;
	c = init_conn(&conns[idx], idx, t, nic, tuple);
	c->slot = slot;
	return c;
}

/**
 * conn_adopt - enter a connection that a former etrand has left
 * @idx, @slot, @gen: as the transport has them
 * Return: one in state CONN_RESOLVE, NULL when the tenant has no such slot free
 */
struct conn *conn_adopt(uint32_t idx, struct tenant *t, uint32_t slot,
			uint32_t gen, struct nic *nic,
			const struct tcp_tuple *tuple)
{
	struct conn *c = &conns[idx];

	if (tenant_slot_claim(t, c, slot))
		return NULL;
	init_conn(c, idx, t, nic, tuple);
	c->slot = slot;
	c->gen = gen;
	return c;
}

/** conn_set_eth - Ethernet header to send with */
void conn_set_eth(struct conn *c, const uint8_t dmac[6])
{
	memcpy(c->eth, dmac, 6);
	memcpy(c->eth + 6, c->nic->mac, 6);
	c->eth[12] = 0x08;
	c->eth[13] = 0x00;
}

/*
 * The transport repeats an event that the ring buffer did not take, but only in
 * a tick. In TIME_WAIT nothing is left to tell, and our own timer ends it.
 */
static bool needs_ticks(uint32_t state)
{
	return state == ETRAN_CS_SYN_SENT || state == ETRAN_CS_SYN_RCVD ||
	       state == ETRAN_CS_ESTABLISHED;
}

/** conn_set_state - keeps the books on handshakes and on who needs ticks */
void conn_set_state(struct conn *c, uint32_t state)
{
	int change = (state == ETRAN_CS_SYN_RCVD) -
		     (c->state == ETRAN_CS_SYN_RCVD);

	nr_syn[c->tenant->id] += change;
	if (c->listener)
		c->listener->nr_syn += change;
	tick_change(needs_ticks(state) - needs_ticks(c->state));
	c->state = state;
}

/** conn_saw_gen - a former etrand gave this generation: ours come later */
void conn_saw_gen(uint32_t gen)
{
	if ((int32_t)(gen - last_gen) > 0)
		last_gen = gen;
}

static uint32_t next_gen(void)
{
	if (!++last_gen)
		last_gen = 1;
	return last_gen;
}

/** conn_open - make it known to the transport; Return: 0 or a negative errno */
int conn_open(struct conn *c, uint32_t state)
{
	struct tcp_sys_open arg = {
		.conn = c->idx,
		.state = state,
		.tenant = c->tenant->id,
		.slot = c->slot,
		.ifindex = c->nic->ifindex,
		.listener = c->listener ? c->listener->id : 0,
		.tuple = c->tuple,
		.snd_wscale = c->snd_wscale,
		.rcv_wscale = c->rcv_wscale,
		.iss = c->iss,
		.irs = c->irs,
		.mss = c->mss,
		.rcvbuf = TCP_RCVBUF,
		.wnd = c->wnd,
		.ts_recent = c->ts_recent,
		.flags = c->flags,
		.gen = next_gen(),
	};
	int err;

	memcpy(arg.eth, c->eth, sizeof(arg.eth));
	err = tcpsys_run(PROG_OPEN, &arg, sizeof(arg));
	if (err) {
		log_debug("tcp_open %u: %d", c->idx, err);
		return err;
	}
	c->gen = arg.gen;
	conn_set_state(c, state);
	return 0;
}

static void send_reset(const struct conn *c, uint32_t seq, uint32_t ack)
{
	struct seg s = {
		.tuple = c->tuple,
		.seq = seq,
		.ack = ack,
		.flags = SEG_RST | SEG_ACK,
	};
	uint8_t frame[SEG_MAX_HDR];
	int len;

	memcpy(s.dmac, c->eth, 6);
	memcpy(s.smac, c->eth + 6, 6);
	len = seg_build(&s, frame, sizeof(frame));
	if (len > 0)
		nic_send(c->nic, frame, len);
}

/**
 * conn_end - take a connection out of the world
 * @err: what the library finds in conn_pub, 0: closed in order
 * @reset: send RST
 */
void conn_end(struct conn *c, int err, bool reset)
{
	struct tcp_sys_conn arg = { .conn = c->idx, .gen = c->gen, .err = err };
	int ret;

	timer_stop(&c->timer);
	if (c->state != CONN_RESOLVE && transport.live) {
		ret = tcpsys_run(PROG_CLOSE, &arg, sizeof(arg));
		if (ret)
			log_debug("tcp_close %u: %d", c->idx, ret);
		else if (reset && c->nic)
			send_reset(c, arg.seq, arg.ack);
	}
	conn_set_state(c, ETRAN_CS_FREE);
	if (c->idx < first_free)
		first_free = c->idx;
	hash_del(c);
	nr_conns--;
	if (c->listener)
		listener_put(c->listener);
	if (c->hold_fd >= 0)
		close(c->hold_fd);
	tenant_slot_put(c->tenant, c->slot);
}

/** conn_fill - a connection as the library is told of it */
void conn_fill(const struct conn *c, struct etran_ctl_conn *m)
{
	m->conn = c->idx;
	m->gen = c->gen;
	m->slot = c->slot;
	m->listener = c->listener ? c->listener->id : 0;
	m->saddr = c->tuple.saddr;
	m->daddr = c->tuple.daddr;
	m->sport = c->tuple.sport;
	m->dport = c->tuple.dport;
	m->mss = c->mss;
	m->queue = c->tenant->rec.nr_queues ?
		   c->idx % c->tenant->rec.nr_queues : 0;
	m->rcvbuf = TCP_RCVBUF;
}

/** conn_event - tell the tenant something about a connection */
void conn_event(struct conn *c, uint32_t type, int err)
{
	struct etran_ctl_msg m = { .type = type };

	if (c->released || c->tenant->state != TENANT_READY)
		return;
	/* One REXMIT in the queue says it all, if nobody reads. */
	if (type == ETRAN_CTL_REXMIT && c->rexmit_sent &&
	    tenant_backlogged(c->tenant))
		return;
	conn_fill(c, &m.u.conn);
	m.u.conn.err = err;
	tenant_send(c->tenant, &m);
	if (type == ETRAN_CTL_REXMIT)
		c->rexmit_sent = tenant_backlogged(c->tenant);
}

/** conn_time_wait - both sides have closed and we have to remember it */
void conn_time_wait(struct conn *c)
{
	conn_set_state(c, ETRAN_CS_TIME_WAIT);
	timer_arm(&c->timer, TIME_WAIT);
}

/**
 * conn_hold_port - keep a port that nobody else holds any more
 * It could be given to a new socket while the peer still thinks of the old
 * connection.
 */
void conn_hold_port(struct conn *c)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = c->tuple.sport,
		.sin_addr.s_addr = c->tuple.saddr,
	};
	int on = TCP_REPAIR_ON, off = TCP_REPAIR_OFF_NO_WP, one = 1;

	c->hold_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* Beside the application's own socket, which it may close at any time. */
	setsockopt(c->hold_fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on));
	if (bind(c->hold_fd, (struct sockaddr *)&sin, sizeof(sin)))
		log_debug("hold port %u: %s", ntohs(c->tuple.sport), strerror(errno));
	setsockopt(c->hold_fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off));
	setsockopt(c->hold_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
}
