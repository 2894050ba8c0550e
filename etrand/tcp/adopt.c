// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections whose state moved without us: left by a former etrand, or their
 * events got lost.
 */
#include <errno.h>
#include <string.h>

#include "adopt.h"
#include "conn.h"
#include "etrand/log.h"
#include "etrand/nic.h"
#include "etrand/tenant.h"
#include "handshake.h"
#include "hop.h"
#include "life.h"
#include "listener.h"
#include "tcpsys.h"

static void adopt(uint32_t idx, const struct tcp_conn *s)
{
	struct tenant *t = tenant_get(s->tenant);
	struct conn *c = NULL;

	if (!t)
		t = tenant_orphanage(s->tenant);
	if (t)
		c = conn_adopt(idx, t, s->slot, s->gen, nic_find(s->ifindex),
			       &s->tuple);
	if (!c) {
		struct tcp_sys_conn arg = { .conn = idx, .gen = s->gen };

		log_info("connection %u of tenant %u: no place for it, closed",
			 idx, s->tenant);
		tcpsys_run(PROG_CLOSE, &arg, sizeof(arg));
		return;
	}
	memcpy(c->eth, s->eth, sizeof(c->eth));
	c->iss = s->iss;
	c->irs = s->irs;
	c->mss = s->mss;
	c->flags = s->flags & (TCP_F_TS | TCP_F_WS);
	c->snd_wscale = s->snd_wscale;
	c->rcv_wscale = s->rcv_wscale;
	c->ts_recent = s->ts_recent;
	c->released = s->flags & TCP_F_RELEASED;
	c->adopted = s->listener && s->state == ETRAN_CS_ESTABLISHED;
	if (s->listener) {
		c->listener = listener_find(t, s->listener);
		if (c->listener)
			listener_get(c->listener);
	}
	if (!c->listener)
		conn_hold_port(c);
	conn_set_state(c, s->state);
	hop_adopt(c);
}

/* A connection whose state moved without our noticing. */
static void catch_up(struct conn *c, const struct tcp_conn *s)
{
	if (c->state == ETRAN_CS_SYN_RCVD && s->state == ETRAN_CS_ESTABLISHED) {
		handshake_established(c);
	} else if (s->state == ETRAN_CS_RESET) {
		conn_event(c, ETRAN_CTL_RESET, s->err);
		conn_end(c, s->err, false);
	} else if (s->state == ETRAN_CS_CLOSED) {
		conn_event(c, ETRAN_CTL_CLOSED, 0);
		conn_end(c, 0, false);
	} else if (s->state == ETRAN_CS_TIME_WAIT &&
		   c->state != ETRAN_CS_TIME_WAIT) {
		conn_event(c, ETRAN_CTL_CLOSED, 0);
		conn_time_wait(c);
	}
}

/** adopt_rescan - events were lost: look at every connection */
void adopt_rescan(void)
{
	struct tcp_conn s;
	struct conn *c;
	uint32_t i;

	for (i = 0; i < ETRAN_MAX_CONNS; i++) {
		c = conn_at(i);
		if (!c || c->state == CONN_RESOLVE || tcpsys_conn(i, &s) ||
		    s.gen != c->gen)
			continue;
		catch_up(c, &s);
	}
}

/** adopt_all - take over the connections of a former etrand */
void adopt_all(void)
{
	struct tcp_conn s;
	struct conn *c;
	uint32_t i;

	for (i = 0; i < ETRAN_MAX_CONNS; i++) {
		if (tcpsys_conn(i, &s))
			continue;
		conn_saw_gen(s.gen);
		if (s.state == ETRAN_CS_FREE)
			continue;
		adopt(i, &s);
		c = conn_at(i);
		if (!c)
			continue;
		switch (s.state) {
		case ETRAN_CS_SYN_SENT:
			/* Who asked for it cannot be answered any more. */
			conn_end(c, ECONNABORTED, false);
			break;
		case ETRAN_CS_SYN_RCVD:
			handshake_adopted(c);
			break;
		case ETRAN_CS_TIME_WAIT:
			conn_event(c, ETRAN_CTL_CLOSED, 0);
			conn_time_wait(c);
			break;
		case ETRAN_CS_ESTABLISHED:
			if (c->released)
				timer_arm(&c->timer, ORPHAN_TIME);
			break;
		default:
			conn_event(c, s.state == ETRAN_CS_RESET ?
				   ETRAN_CTL_RESET : ETRAN_CTL_CLOSED, s.err);
			conn_end(c, s.err, false);
		}
	}
	if (conn_count())
		log_info("adopted %u connections", conn_count());
}
