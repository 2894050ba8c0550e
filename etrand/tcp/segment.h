/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCP_SEGMENT_H
#define ETRAND_TCP_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf-progs/tcp/state.h"

#define SEG_FIN		0x01
#define SEG_SYN		0x02
#define SEG_RST		0x04
#define SEG_PSH		0x08
#define SEG_ACK		0x10

#define SEG_MAX_HDR	(14 + 20 + 60)
#define SEG_DEFAULT_MSS	536	/* RFC 9293 3.7.1: no MSS option */
#define SEG_MAX_WSCALE	14	/* RFC 7323 2.3 */

/**
 * struct seg_opts - TCP options that we speak
 * @mss: 0 when absent
 * @wscale: valid with @has_ws, at most SEG_MAX_WSCALE
 * @tsval, @tsecr: valid with @has_ts
 */
struct seg_opts {
	uint16_t mss;
	bool has_ws;
	bool has_ts;
	uint8_t wscale;
	uint32_t tsval;
	uint32_t tsecr;
};

/**
 * struct seg - one TCP segment over IPv4 and Ethernet
 * @tuple: "s" is the sender of this segment
 * @payload: bytes of payload (parsing only)
 */
struct seg {
	uint8_t dmac[6];
	uint8_t smac[6];
	struct tcp_tuple tuple;
	uint32_t seq;
	uint32_t ack;
	uint16_t wnd;
	uint8_t flags;
	uint32_t payload;
	struct seg_opts opts;
};

int seg_parse(const uint8_t *pkt, size_t have, size_t len, struct seg *s);
int seg_parse_opts(const uint8_t *opt, size_t len, struct seg_opts *o);
int seg_build(const struct seg *s, uint8_t *buf, size_t size);
void seg_reset_for(const struct seg *in, struct seg *out);
uint16_t seg_csum(const void *mem, size_t len, uint32_t sum);

#endif
