// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of the tenant socket: what may come in, and a bounded queue of what
 * still has to go out. Pure.
 */
#include <errno.h>
#include <stdlib.h>

#include "ctlmsg.h"

#define MAX_FALLBACKS	65536	/* sockets that one message can tell of */

/**
 * ctlmsg_check - is this a request that its sender may make now?
 * @len: bytes received
 * @nr_fds: descriptors that came along
 * @has_tenant: HELLO was answered with WELCOME
 * Return: 0, -EINVAL
 */
int ctlmsg_check(const struct etran_ctl_msg *m, size_t len, int nr_fds,
		 bool has_tenant)
{
	bool needs_tenant = true;
	int fds = 0;

	if (len != sizeof(*m))
		return -EINVAL;
	switch (m->type) {
	case ETRAN_CTL_HELLO:
		/* A second HELLO would replace a tenant by itself. */
		if (!m->id || has_tenant || m->u.hello.resv ||
		    m->u.hello.flags & ~ETRAN_HELLO_RESUME)
			return -EINVAL;
		needs_tenant = false;
		break;
	case ETRAN_CTL_LISTEN:
		if (!m->id || m->u.listen.listener)
			return -EINVAL;
		fds = 1;
		break;
	case ETRAN_CTL_UNLISTEN:
		if (!m->id || !m->u.listen.listener)
			return -EINVAL;
		break;
	case ETRAN_CTL_CONNECT:
		if (!m->id || m->u.connect.resv || !m->u.connect.dport ||
		    !m->u.connect.daddr)
			return -EINVAL;
		fds = 1;
		break;
	case ETRAN_CTL_RELEASE:
	case ETRAN_CTL_ABORT:
		if (m->u.conn.conn >= ETRAN_MAX_CONNS || !m->u.conn.gen)
			return -EINVAL;
		break;
	case ETRAN_CTL_FALLBACK:
		if (m->u.fallback.reason == ETRAN_R_NONE ||
		    m->u.fallback.reason >= ETRAN_R_MAX ||
		    m->u.fallback.count > MAX_FALLBACKS)
			return -EINVAL;
		needs_tenant = false;
		break;
	default:
		return -EINVAL;
	}
	if (nr_fds != fds || (needs_tenant && !has_tenant))
		return -EINVAL;
	return 0;
}

static int grow(struct msgq *q, unsigned int limit)
{
	unsigned int size = q->size ? q->size * 2 : 16, i;
	struct etran_ctl_msg *msgs;

	if (size > limit)
		size = limit;
	msgs = malloc(size * sizeof(*msgs));
	if (!msgs)
		return -ENOMEM;
	for (i = 0; i < q->count; i++)
		msgs[i] = q->msgs[(q->head + i) % q->size];
	free(q->msgs);
	q->msgs = msgs;
	q->size = size;
	q->head = 0;
	return 0;
}

/**
 * msgq_push - append a message
 * @limit: most messages in the queue
 * Return: 0, -ENOBUFS at the limit, -ENOMEM
 */
int msgq_push(struct msgq *q, const struct etran_ctl_msg *m, unsigned int limit)
{
	int err;

	if (q->count >= limit)
		return -ENOBUFS;
	if (q->count == q->size) {
		err = grow(q, limit);
		if (err)
			return err;
	}
	q->msgs[(q->head + q->count++) % q->size] = *m;
	return 0;
}

/** msgq_first - oldest message or NULL */
const struct etran_ctl_msg *msgq_first(const struct msgq *q)
{
	return q->count ? &q->msgs[q->head] : NULL;
}

/** msgq_pop - forget the oldest message, which must exist */
void msgq_pop(struct msgq *q)
{
	q->head = (q->head + 1) % q->size;
	if (!--q->count)
		msgq_free(q);
}

/** msgq_free - forget all */
void msgq_free(struct msgq *q)
{
	free(q->msgs);
	*q = (struct msgq){ 0 };
}
