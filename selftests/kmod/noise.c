// SPDX-License-Identifier: GPL-2.0-only
/* Netlink requests by chance; see noise.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ktap.h"
#include "nl.h"
#include "noise.h"

static uint64_t state;

static uint32_t rnd(uint32_t below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

/* uapi/etran.yaml once more, by hand. */
enum kind { NONE, NUMBER, NOT_ZERO, NAME };

static const struct command {
	uint8_t cmd;
	uint16_t max;
	enum kind kind[ETRAN_A_QUEUE_MAX + 1];
	uint32_t needs;		/* bit for each type that must be there */
} commands[] = {
	{
		.cmd = ETRAN_CMD_QUEUE_BIND,
		.max = ETRAN_A_QUEUE_MAX,
		.kind = {
			[ETRAN_A_QUEUE_FD]		= NUMBER,
			[ETRAN_A_QUEUE_TENANT]		= NOT_ZERO,
			[ETRAN_A_QUEUE_TRANSPORT]	= NAME,
			[ETRAN_A_QUEUE_OUT_IFINDEX]	= NOT_ZERO,
			[ETRAN_A_QUEUE_SHADOW]		= NOT_ZERO,
		},
		.needs = 1U << ETRAN_A_QUEUE_FD | 1U << ETRAN_A_QUEUE_TENANT |
			 1U << ETRAN_A_QUEUE_TRANSPORT,
	}, {
		.cmd = ETRAN_CMD_TRANSPORT_DETACH,
		.max = ETRAN_A_TRANSPORT_MAX,
		.kind = { [ETRAN_A_TRANSPORT_NAME] = NAME },
		.needs = 1U << ETRAN_A_TRANSPORT_NAME,
	},
};

static bool value_ok(enum kind kind, const uint8_t *value, uint16_t len)
{
	static const uint8_t zero[4];
	uint16_t i;

	switch (kind) {
	case NUMBER:
		return len == 4;
	case NOT_ZERO:
		return len == 4 && memcmp(value, zero, 4);
	case NAME:
		/* One that ends, and nothing behind its end that does not fit either. */
		for (i = 0; i < len && i < ETRAN_NAME_LEN; i++)
			if (!value[i])
				return len - !value[len - 1] < ETRAN_NAME_LEN;
		return false;
	default:
		return false;
	}
}

/* Mostly what is wanted, or almost. */
static uint16_t make_value(enum kind kind, uint8_t *value)
{
	static const uint16_t lens[] = { 0, 1, 3, 4, 5, 8, 15, 16, 17, 40 };
	uint16_t len = lens[rnd(ARRAY_SIZE(lens))], i;

	for (i = 0; i < len; i++)
		value[i] = kind == NAME ? 'a' + rnd(26) : rnd(256);
	if (!rnd(4))
		return len;
	if (kind == NAME) {
		len += !len;
		value[rnd(4) ? len - 1U : rnd(len)] = '\0';
	} else {
		len = 4;
		for (i = 0; i < len; i++)
			value[i] = rnd(3) ? rnd(256) : 0;
		value[3] |= 0x40;	/* nobody's descriptor */
		if (!rnd(16))
			memset(value, 0, len);
	}
	return len;
}

/* Appends an attribute; returns whether the kernel should like it. */
static bool add(struct nlmsghdr *nlh, const struct command *c, uint16_t type,
		uint32_t *seen)
{
	enum kind kind = type <= c->max ? c->kind[type] : NONE;
	bool ok, nested = !rnd(40);
	uint8_t value[64];
	uint16_t len = make_value(kind, value);

	ok = !nested && value_ok(kind, value, len);
	if (type < 32) {
		ok &= !(*seen & 1U << type);
		*seen |= 1U << type;
	}
	mnl_attr_put(nlh, nested ? type | NLA_F_NESTED : type, len, value);
	return ok;
}

static bool make_request(struct nlmsghdr *nlh, const struct command *c)
{
	struct nlattr *a, *last = NULL;
	uint32_t seen = 0, type;
	bool ok = true;

	for (type = 1; type <= c->max; type++)
		if (c->needs & 1U << type ? rnd(20) : c->kind[type] && !rnd(4))
			ok &= add(nlh, c, type, &seen);
	if (!rnd(8))
		ok &= add(nlh, c, rnd(c->max + 3), &seen);
	if (seen && !rnd(20)) {
		mnl_attr_for_each(a, nlh, GENL_HDRLEN)
			last = a;
		last->nla_len += 4 + rnd(100);	/* more than its padding */
		if (rnd(2))
			last->nla_len = rnd(NLA_HDRLEN);
		ok = false;
	}
	return ok && (seen & c->needs) == c->needs;
}

void noise_requests(struct nl *nl, unsigned int nr, uint64_t seed)
{
	unsigned int i, sound = 0;
	struct nlmsghdr *nlh;
	char buf[8192];
	bool ok, deep;
	int err;

	state = seed;
	for (i = 0; i < nr; i++) {
		const struct command *c = &commands[rnd(ARRAY_SIZE(commands))];

		nlh = nl_start(nl, buf, c->cmd, NLM_F_ACK);
		ok = make_request(nlh, c);
		err = nl_talk(nl, nlh, NULL, NULL);
		deep = !strcmp(nl->why, "no such socket") ||
		       !strcmp(nl->why, "no such transport");
		sound += deep;
		if (!CHECK(err < 0 && nl->why[0] && deep == ok &&
			   (deep || err == -EINVAL || err == -ERANGE),
			   "request %u of command %u, which is %s: %d \"%s\"", i, c->cmd,
			   ok ? "sound" : "unsound", err, nl->why))
			return;
	}
	CHECK(sound > nr / 10 && sound < nr / 2, "%u of %u requests were sound", sound, nr);
}
