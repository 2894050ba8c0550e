// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * What etrand says of connections and listeners: answers to requests of sock.c,
 * and events. While etrand is away connections go on; when it is back it is told
 * of the listeners.
 */
#include <errno.h>
#include <string.h>

#include "conn.h"
#include "libetran/ctl.h"
#include "msg.h"
#include "rx.h"
#include "tx.h"

static struct etran_sock *by_req(uint8_t state, uint32_t req)
{
	struct etran_sock *s;

	for (s = et_st.socks; s; s = s->next)
		if (s->state == state && s->req == req && req)
			return s;
	return NULL;
}

static struct etran_sock *by_listener(uint32_t listener)
{
	struct etran_sock *s;

	for (s = et_st.socks; s; s = s->next)
		if (s->state == ET_S_LISTEN && s->listener == listener && listener)
			return s;
	return NULL;
}

/* The open connection that an event means. */
static struct etran_sock *by_conn(const struct etran_ctl_conn *c)
{
	struct etran_sock *s;

	if (c->slot >= et_st.nr_slots)
		return NULL;
	s = et_st.slots[c->slot].sock;
	return s && s->gen == c->gen ? s : NULL;
}

static void refuse(const struct etran_ctl_conn *c)
{
	struct etran_ctl_msg m = { .type = ETRAN_CTL_ABORT, .id = et_ctl_id() };

	m.u.conn = *c;
	et_ctl_send(&m, -1);
}

/* What the slot's former connection has still in the ring is its own: first that. */
static int attach_conn(struct etran_sock *s, const struct etran_ctl_conn *c)
{
	if (c->slot < et_st.nr_slots && et_st.slots[c->slot].sock)
		et_rx_drain();
	return et_conn_attach(s, c);
}

static void on_connected(uint32_t id, const struct etran_ctl_conn *c)
{
	struct etran_sock *s = by_req(ET_S_CONNECTING, id);
	int err;

	if (!s) {
		refuse(c);
		return;
	}
	err = attach_conn(s, c);
	if (err) {
		refuse(c);
		et_conn_end(s, -err);
	} else if (s->orphan) {
		et_conn_abort(s);	/* closed while connecting */
	}
}

static void on_newconn(const struct etran_ctl_conn *c)
{
	struct etran_sock *l = by_listener(c->listener), *s;

	s = l ? et_sock_new(ET_S_ENDED) : NULL;
	if (!s) {
		refuse(c);
		return;
	}
	if (attach_conn(s, c)) {
		refuse(c);
		et_sock_free(s);
		return;
	}
	s->listener = c->listener;
	*l->accept_tail = s;
	l->accept_tail = &s->accept_next;
	et_touch(l, true);
}

static void on_error(uint32_t id, const struct etran_ctl_error *e)
{
	struct etran_sock *s = by_req(ET_S_CONNECTING, id);

	if (s) {
		s->reason = e->reason < ETRAN_R_MAX ? e->reason : ETRAN_R_UNSUPPORTED;
		et_conn_end(s, e->err ? (int)e->err : ECONNREFUSED);
		return;
	}
	s = by_req(ET_S_LISTEN, id);	/* again after a restart */
	if (s) {
		s->req = 0;
		s->err = e->err;
		et_touch(s, true);
	}
}

static void on_event(const struct etran_ctl_msg *m)
{
	const struct etran_ctl_conn *c = &m->u.conn;
	struct etran_sock *s;

	/* What the peer sent before the end may be in the ring: first that. */
	if (m->type != ETRAN_CTL_REXMIT)
		et_rx_drain();
	s = by_conn(c);
	if (!s)
		return;
	if (m->type == ETRAN_CTL_REXMIT) {
		et_conn_refresh(s);
		et_tx_timeout(s);
	} else if (m->type == ETRAN_CTL_CLOSED) {
		et_conn_finish(s, 0);
	} else {
		et_conn_finish(s, c->err ? (int)c->err : ECONNRESET);
	}
}

/* An answer that nobody waits for, or an event. */
void et_msg_handle(const struct etran_ctl_msg *m)
{
	struct etran_sock *s;

	switch (m->type) {
	case ETRAN_CTL_CONNECTED:
		on_connected(m->id, &m->u.conn);
		break;
	case ETRAN_CTL_NEWCONN:
		on_newconn(&m->u.conn);
		break;
	case ETRAN_CTL_ERROR:
		on_error(m->id, &m->u.error);
		break;
	case ETRAN_CTL_OK:
		s = by_req(ET_S_LISTEN, m->id);
		if (s) {
			s->listener = m->u.listen.listener;
			s->req = 0;
		}
		break;
	case ETRAN_CTL_RESET:
	case ETRAN_CTL_REXMIT:
	case ETRAN_CTL_CLOSED:
		on_event(m);
		break;
	default:
		et_debug("message %u from etrand ignored", m->type);
	}
}

/* Nobody will ever answer the requests that were under way. */
void et_msg_lost(void)
{
	struct etran_sock *s, *next;

	for (s = et_st.socks; s; s = next) {
		next = s->next;
		if (s->state == ET_S_CONNECTING)
			et_conn_end(s, ETIMEDOUT);
		else if (s->state == ET_S_LISTEN)
			s->listener = s->req = 0;
	}
}

/* Ports are held by the listeners' descriptors; etrand has to know them again. */
void et_msg_resume(void)
{
	struct etran_ctl_msg m;
	struct etran_sock *s;

	for (s = et_st.socks; s; s = s->next) {
		if (s->state != ET_S_LISTEN || s->fd < 0)
			continue;
		memset(&m, 0, sizeof(m));
		m.type = ETRAN_CTL_LISTEN;
		m.id = s->req = et_ctl_id();
		m.u.listen.backlog = s->backlog;
		et_ctl_send(&m, s->fd);
	}
}
