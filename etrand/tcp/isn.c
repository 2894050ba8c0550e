// SPDX-License-Identifier: GPL-2.0-only
/*
 * Initial sequence numbers as in RFC 6528: a clock of 4 us plus a keyed hash
 * of the tuple, SipHash-2-4 with a key of this run.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "isn.h"

static uint64_t secret[2];

static uint64_t rol(uint64_t v, int n)
{
	return v << n | v >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rol(v[1], 13) ^ v[0];
	v[0] = rol(v[0], 32);
	v[2] += v[3];
	v[3] = rol(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rol(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rol(v[1], 17) ^ v[2];
	v[2] = rol(v[2], 32);
}

/** isn_siphash - SipHash-2-4 (little-endian hosts) */
uint64_t isn_siphash(const uint64_t key[2], const void *mem, size_t len)
{
	uint64_t v[4] = {
		key[0] ^ 0x736f6d6570736575ULL, key[1] ^ 0x646f72616e646f6dULL,
		key[0] ^ 0x6c7967656e657261ULL, key[1] ^ 0x7465646279746573ULL,
	};
	const uint8_t *p = mem;
	size_t left = len;
	uint64_t m;
	int i;

	for (;; p += 8, left -= 8) {
		if (left < 8) {
			m = (uint64_t)len << 56;
			memcpy(&m, p, left);
		} else {
			memcpy(&m, p, 8);
		}
		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
		if (left < 8)
			break;
	}
	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/** isn_init - draw the key; Return: 0 or a negative errno */
int isn_init(void)
{
	return getrandom(secret, sizeof(secret), 0) == sizeof(secret) ?
		0 : -EIO;
}

/** isn_make - initial sequence number of a connection that starts now */
uint32_t isn_make(const struct tcp_tuple *tuple, uint64_t now_ns)
{
	return isn_siphash(secret, tuple, sizeof(*tuple)) + now_ns / 4096;
}
