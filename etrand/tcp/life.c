// SPDX-License-Identifier: GPL-2.0-only
/*
 * How connections end without their peer's help: given up by their tenant, left
 * behind by it, or out of time.
 */
#include <errno.h>

#include "conn.h"
#include "etrand/log.h"
#include "etrand/tenant.h"
#include "handshake.h"
#include "life.h"
#include "tcpsys.h"

/* Data that nobody will send or read any more: has the peer to be told? */
static bool needs_reset(const struct conn *c)
{
	struct tcp_conn state;

	if (tcpsys_conn(c->idx, &state) || state.gen != c->gen)
		return false;
	return !(state.flags & TCP_F_FIN_ACKED);
}

/** life_timeout - a connection's timer has run out */
void life_timeout(struct conn *c)
{
	switch (c->state) {
	case CONN_RESOLVE:
	case ETRAN_CS_SYN_SENT:
	case ETRAN_CS_SYN_RCVD:
		handshake_timeout(c);
		break;
	case ETRAN_CS_TIME_WAIT:
		conn_end(c, 0, false);
		break;
	default:
		conn_end(c, 0, needs_reset(c));
	}
}

static void release(struct conn *c)
{
	struct tcp_sys_conn arg = { .conn = c->idx, .gen = c->gen };

	if (c->released)
		return;
	c->released = true;
	if (c->state == ETRAN_CS_TIME_WAIT)
		return;
	if (tcpsys_run(PROG_RELEASE, &arg, sizeof(arg)))
		log_debug("tcp_release %u failed", c->idx);
	timer_arm(&c->timer, ORPHAN_TIME);
}

/** life_release - RELEASE: serve it to its end without the tenant */
void life_release(struct tenant *t, uint32_t idx, uint32_t gen)
{
	struct conn *c = conn_get(idx, gen);

	if (c && c->tenant == t && (c->state == ETRAN_CS_ESTABLISHED ||
				    c->state == ETRAN_CS_TIME_WAIT))
		release(c);
}

/** life_abort - ABORT: reset it now */
void life_abort(struct tenant *t, uint32_t idx, uint32_t gen)
{
	struct conn *c = conn_get(idx, gen);

	if (c && c->tenant == t)
		conn_end(c, ECONNABORTED, c->state != ETRAN_CS_TIME_WAIT);
}

/*
 * Everything we sent is acknowledged, FIN included: the peer may take its time
 * to close. Everything else is cut off.
 */
static void orphan(struct conn *c)
{
	if (c->state == ETRAN_CS_TIME_WAIT ||
	    (c->state == ETRAN_CS_ESTABLISHED && !needs_reset(c))) {
		if (!c->listener && c->hold_fd < 0)
			conn_hold_port(c);
		release(c);
		return;
	}
	conn_end(c, ECONNRESET, true);
}

/** life_orphan_all - the tenant is gone */
void life_orphan_all(struct tenant *t)
{
	unsigned int i;

	for (i = 0; i < ETRAN_TENANT_CONNS; i++)
		if (t->slots[i])
			orphan(t->slots[i]);
}

/** life_end_all - silently, what a tenant has */
void life_end_all(struct tenant *t)
{
	unsigned int i;

	for (i = 0; i < ETRAN_TENANT_CONNS; i++)
		if (t->slots[i])
			conn_end(t->slots[i], ECONNRESET, false);
}
