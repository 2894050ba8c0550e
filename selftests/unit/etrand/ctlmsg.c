// SPDX-License-Identifier: GPL-2.0-only
/* etrand/ctlmsg.c: only well-formed requests get in, queues stay bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "etrand/ctlmsg.c"

#define FUZZ_ROUNDS	200000

static struct etran_ctl_msg good(uint32_t type)
{
	struct etran_ctl_msg m = { .type = type, .id = 7 };

	switch (type) {
	case ETRAN_CTL_HELLO:
		m.u.hello.version = ETRAN_CTL_VERSION;
		break;
	case ETRAN_CTL_LISTEN:
		m.u.listen.backlog = 5;
		break;
	case ETRAN_CTL_UNLISTEN:
		m.u.listen.listener = 1;
		break;
	case ETRAN_CTL_CONNECT:
		m.u.connect.daddr = 0x0100000a;
		m.u.connect.dport = 80;
		break;
	case ETRAN_CTL_RELEASE:
	case ETRAN_CTL_ABORT:
		m.u.conn.conn = ETRAN_MAX_CONNS - 1;
		m.u.conn.gen = 1;
		break;
	case ETRAN_CTL_FALLBACK:
		m.u.fallback.reason = ETRAN_R_NO_QUEUE;
		m.u.fallback.count = 1;
		break;
	}
	return m;
}

static int fds_of(uint32_t type)
{
	return type == ETRAN_CTL_LISTEN || type == ETRAN_CTL_CONNECT;
}

static void check__takes_good_ones(void **state)
{
	struct etran_ctl_msg m;
	uint32_t type;

	(void)state;
	for (type = ETRAN_CTL_HELLO; type <= ETRAN_CTL_FALLBACK; type++) {
		m = good(type);
		assert_int_equal(ctlmsg_check(&m, sizeof(m), fds_of(type),
					      type != ETRAN_CTL_HELLO), 0);
	}
}

static void check__refuses_wrong_size_and_descriptors(void **state)
{
	struct etran_ctl_msg m;
	uint32_t type;
	bool has;

	(void)state;
	for (type = ETRAN_CTL_HELLO; type <= ETRAN_CTL_FALLBACK; type++) {
		m = good(type);
		has = type != ETRAN_CTL_HELLO;
		assert_int_equal(ctlmsg_check(&m, 0, fds_of(type), has), -EINVAL);
		assert_int_equal(ctlmsg_check(&m, sizeof(m) - 1, fds_of(type), has),
				 -EINVAL);
		assert_int_equal(ctlmsg_check(&m, sizeof(m) + 1, fds_of(type), has),
				 -EINVAL);
		assert_int_equal(ctlmsg_check(&m, sizeof(m), fds_of(type) + 1, has),
				 -EINVAL);
		assert_int_equal(ctlmsg_check(&m, sizeof(m), -1, has), -EINVAL);
	}
}

static void check__knows_who_may_ask_what(void **state)
{
	struct etran_ctl_msg m;
	uint32_t type;
	int want;

	(void)state;
	for (type = ETRAN_CTL_HELLO; type <= ETRAN_CTL_FALLBACK; type++) {
		m = good(type);
		want = type == ETRAN_CTL_HELLO || type == ETRAN_CTL_FALLBACK ?
			0 : -EINVAL;
		assert_int_equal(ctlmsg_check(&m, sizeof(m), fds_of(type), false),
				 want);
	}
	m = good(ETRAN_CTL_HELLO);
	assert_int_equal(ctlmsg_check(&m, sizeof(m), 0, true), -EINVAL);
	/* Answers and events are ours to send. */
	for (type = ETRAN_CTL_WELCOME; type <= ETRAN_CTL_CLOSED; type++) {
		m = good(type);
		assert_int_equal(ctlmsg_check(&m, sizeof(m), 0, true), -EINVAL);
	}
}

static void check__refuses_bad_values(void **state)
{
	struct etran_ctl_msg m;

	(void)state;
	m = good(ETRAN_CTL_HELLO);
	m.u.hello.flags = 1U << 31;
	assert_int_equal(ctlmsg_check(&m, sizeof(m), 0, false), -EINVAL);
	m = good(ETRAN_CTL_CONNECT);
	m.u.connect.dport = 0;
	assert_int_equal(ctlmsg_check(&m, sizeof(m), 1, true), -EINVAL);
	m = good(ETRAN_CTL_CONNECT);
	m.id = 0;
	assert_int_equal(ctlmsg_check(&m, sizeof(m), 1, true), -EINVAL);
	m = good(ETRAN_CTL_ABORT);
	m.u.conn.conn = ETRAN_MAX_CONNS;
	assert_int_equal(ctlmsg_check(&m, sizeof(m), 0, true), -EINVAL);
	m = good(ETRAN_CTL_RELEASE);
	m.u.conn.gen = 0;
	assert_int_equal(ctlmsg_check(&m, sizeof(m), 0, true), -EINVAL);
	m = good(ETRAN_CTL_FALLBACK);
	m.u.fallback.reason = ETRAN_R_MAX;
	assert_int_equal(ctlmsg_check(&m, sizeof(m), 0, true), -EINVAL);
	m.u.fallback.reason = ETRAN_R_NONE;
	assert_int_equal(ctlmsg_check(&m, sizeof(m), 0, true), -EINVAL);
}

/* Whatever passes obeys the bounds that the handlers rely on. */
static void check__holds_against_noise(void **state)
{
	struct etran_ctl_msg m;
	uint8_t *bytes = (uint8_t *)&m;
	int i, passed = 0;
	size_t k;

	(void)state;
	srandom(4711);
	for (i = 0; i < FUZZ_ROUNDS; i++) {
		for (k = 0; k < sizeof(m); k++)
			bytes[k] = random();
		if (i % 2)
			m = good(random() % 10);
		else
			m.type = random() % 10;
		bytes[random() % sizeof(m)] = random();
		if (ctlmsg_check(&m, sizeof(m), random() % 2, random() % 2))
			continue;
		passed++;
		assert_in_range(m.type, ETRAN_CTL_HELLO, ETRAN_CTL_FALLBACK);
		if (m.type == ETRAN_CTL_FALLBACK)
			assert_in_range(m.u.fallback.reason, 1, ETRAN_R_MAX - 1);
		if (m.type == ETRAN_CTL_RELEASE || m.type == ETRAN_CTL_ABORT)
			assert_in_range(m.u.conn.conn, 0, ETRAN_MAX_CONNS - 1);
	}
	assert_true(passed > FUZZ_ROUNDS / 100);
}

static void queue__keeps_order_and_limit(void **state)
{
	struct etran_ctl_msg m = { 0 };
	struct msgq q = { 0 };
	uint32_t in = 0, out = 0;
	int i;

	(void)state;
	srandom(1);
	for (i = 0; i < 100000; i++) {
		if (random() % 5 > 1) {
			m.id = in;
			if (q.count == 100) {
				assert_int_equal(msgq_push(&q, &m, 100), -ENOBUFS);
			} else {
				assert_int_equal(msgq_push(&q, &m, 100), 0);
				in++;
			}
		} else if (msgq_first(&q)) {
			assert_int_equal(msgq_first(&q)->id, out++);
			msgq_pop(&q);
		}
		assert_int_equal(q.count, in - out);
		assert_true(q.size <= 100);
	}
	msgq_free(&q);
	assert_null(msgq_first(&q));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check__takes_good_ones),
		cmocka_unit_test(check__refuses_wrong_size_and_descriptors),
		cmocka_unit_test(check__knows_who_may_ask_what),
		cmocka_unit_test(check__refuses_bad_values),
		cmocka_unit_test(check__holds_against_noise),
		cmocka_unit_test(queue__keeps_order_and_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
