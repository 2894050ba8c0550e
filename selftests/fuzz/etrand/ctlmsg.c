// SPDX-License-Identifier: GPL-2.0-only
/*
 * etrand/ctlmsg.c: whatever a tenant sends, only what its handlers can rely on gets in;
 * the queue of answers keeps order and limit.
 *
 * runs: 200000
 */
#include "etrand/ctlmsg.c"

#include "must.h"

/* What the handlers take for granted, said once more and in other words. */
static void check_taken(const struct etran_ctl_msg *m, int nr_fds, bool has_tenant)
{
	MUST(m->type >= ETRAN_CTL_HELLO && m->type <= ETRAN_CTL_FALLBACK);
	MUST(has_tenant || m->type == ETRAN_CTL_HELLO || m->type == ETRAN_CTL_FALLBACK);
	MUST(nr_fds == (m->type == ETRAN_CTL_LISTEN || m->type == ETRAN_CTL_CONNECT));
	/* What is answered has a number to answer to. */
	MUST(m->id || m->type == ETRAN_CTL_RELEASE || m->type == ETRAN_CTL_ABORT ||
	     m->type == ETRAN_CTL_FALLBACK);
	if (m->type == ETRAN_CTL_HELLO)
		MUST(!has_tenant && !(m->u.hello.flags & ~ETRAN_HELLO_RESUME));
	if (m->type == ETRAN_CTL_CONNECT)
		MUST(m->u.connect.daddr && m->u.connect.dport);
	if (m->type == ETRAN_CTL_UNLISTEN)
		MUST(m->u.listen.listener);
	if (m->type == ETRAN_CTL_RELEASE || m->type == ETRAN_CTL_ABORT)
		MUST(m->u.conn.conn < ETRAN_MAX_CONNS && m->u.conn.gen);
	if (m->type == ETRAN_CTL_FALLBACK)
		MUST(m->u.fallback.reason && m->u.fallback.reason < ETRAN_R_MAX &&
		     m->u.fallback.count <= MAX_FALLBACKS);
}

static void check_message(void)
{
	size_t len = sizeof(struct etran_ctl_msg), got;
	int nr_fds = (int)(byte() % 4) - 1;
	bool has_tenant = byte() & 1;
	struct etran_ctl_msg m = { 0 };

	if (byte() % 8 == 7)	/* of another size; the receiver's buffer has one more */
		len = byte() % (sizeof(m) + 2);
	got = end - at;
	memcpy(&m, at, got < sizeof(m) ? got : sizeof(m));
	m.type %= 16;
	at += got < sizeof(m) ? got : sizeof(m);
	if (ctlmsg_check(&m, len, nr_fds, has_tenant))
		return;
	MUST(len == sizeof(m));
	check_taken(&m, nr_fds, has_tenant);
}

static void check_queue(void)
{
	unsigned int limit = 1 + byte() % 40;
	uint32_t in = 0, out = 0;
	struct etran_ctl_msg m = { 0 };
	struct msgq q = { 0 };

	while (at < end) {
		if (byte() % 5 > 1) {
			m.id = in;
			MUST(msgq_push(&q, &m, limit) == (in - out == limit ? -ENOBUFS : 0));
			in += in - out != limit;
		} else if (in != out) {
			MUST(msgq_first(&q)->id == out++);
			msgq_pop(&q);
		}
		MUST(q.count == in - out && q.size <= limit);
		MUST(!msgq_first(&q) == (in == out));
	}
	msgq_free(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	at = data;
	end = data + len;
	check_message();
	check_queue();
	return 0;
}
