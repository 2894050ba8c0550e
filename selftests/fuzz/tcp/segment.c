// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headers from the network: etrand/tcp/segment.c for whole packets, and the options of
 * bpf-progs/tcp/wire.bpf.h against a slow reading of the RFC. Not one byte is
 * looked at behind what is there, and what was parsed can be built again.
 *
 * runs: 200000
 */
#include "bpf-progs/tcp/wire.bpf.h"
#include "etrand/tcp/segment.c"

#include "must.h"

/* A copy with nothing behind it, so that ASan sees who reads on. */
static uint8_t *exactly(const uint8_t *from, size_t len)
{
	uint8_t *p = malloc(len ? len : 1);

	MUST(p);
	return len ? memcpy(p, from, len) : p;
}

static void check_built(const struct seg *s)
{
	uint8_t buf[SEG_MAX_HDR];
	struct seg again, reset;
	int len = seg_build(s, buf, sizeof(buf));
	uint32_t pseudo = 6 + len - ETH_LEN - IP_LEN;

	MUST(len >= ETH_LEN + IP_LEN + TCP_LEN && len <= SEG_MAX_HDR);
	MUST(!seg_csum(buf + ETH_LEN, IP_LEN, 0));
	pseudo += get16(buf + 26) + get16(buf + 28) + get16(buf + 30) + get16(buf + 32);
	MUST(!seg_csum(buf + ETH_LEN + IP_LEN, len - ETH_LEN - IP_LEN, pseudo));
	MUST(!seg_parse(buf, len, len, &again));
	again.payload = s->payload;
	MUST(!memcmp(&again.tuple, &s->tuple, sizeof(s->tuple)));
	MUST(again.seq == s->seq && again.ack == s->ack && again.wnd == s->wnd &&
	     again.flags == s->flags);
	MUST(again.opts.mss == s->opts.mss && again.opts.has_ws == s->opts.has_ws &&
	     again.opts.has_ts == s->opts.has_ts && again.opts.wscale == s->opts.wscale &&
	     again.opts.tsval == s->opts.tsval && again.opts.tsecr == s->opts.tsecr);
	seg_reset_for(s, &reset);
	MUST(reset.flags & SEG_RST && reset.tuple.saddr == s->tuple.daddr);
}

static void check_packet(const uint8_t *data, size_t have, size_t len)
{
	uint8_t *pkt = exactly(data, have);
	struct seg s;

	if (!seg_parse(pkt, have, len, &s)) {
		MUST(s.payload <= len - ETH_LEN - IP_LEN - TCP_LEN);
		MUST(s.opts.wscale <= SEG_MAX_WSCALE);
		check_built(&s);
	}
	free(pkt);
}

/* Where the time stamps are: RFC 9293 3.1, RFC 7323 3.2. 0: nowhere. */
static size_t find_ts(const uint8_t *opt, size_t len)
{
	size_t i = 0;

	while (i < len && opt[i]) {
		if (opt[i] == OPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= len || opt[i + 1] < 2)
			return 0;
		if (opt[i] == OPT_TS && opt[i + 1] == 10)
			return i + 10 <= len ? i + 2 : 0;
		i += opt[i + 1];
	}
	return 0;
}

/* @len bytes of options, and what comes behind them. */
static void check_options(const uint8_t *data, size_t len, size_t more)
{
	uint8_t *opt = exactly(data, len), all[TCP_OPT_MAX] = { 0 };
	size_t ts = find_ts(opt, len);
	struct tcp_seg seg = { 0 };
	struct seg_opts o;

	/* Ingress has 40 bytes, of which some are options. */
	memcpy(all, data, len + more < TCP_OPT_MAX ? len + more : TCP_OPT_MAX);
	tcp_opt_ts(all, len, &seg);
	MUST(seg.has_ts == !!ts);
	if (ts)
		MUST(seg.tsval == get32(opt + ts) && seg.tsecr == get32(opt + ts + 4));
	/* etrand looks at more of them, and stops at the first that is wrong. */
	if (!seg_parse_opts(opt, len, &o))
		MUST(o.has_ts == !!ts);
	free(opt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t eth_ip[] = { 8, 0, 0x45, 0 };
	uint8_t pkt[256];
	size_t have;

	at = data;
	end = data + len;
	have = len < TCP_OPT_MAX ? len : TCP_OPT_MAX;
	if (len && data[len - 1] < have)
		have = data[len - 1];
	check_options(data, have, len - have);
	if (len < 4 || len > sizeof(pkt))
		return 0;
	have = len - byte() % 4;
	check_packet(data, have, have + byte());
	/* The same with headers that get further, and were cut anywhere. */
	memcpy(pkt, data, len);
	if (len > ETH_LEN + 9) {
		memcpy(pkt + 12, eth_ip, sizeof(eth_ip));
		pkt[ETH_LEN] += data[0] % 3;
		pkt[ETH_LEN + 2] = 0;
		pkt[ETH_LEN + 6] = 0x40;
		pkt[ETH_LEN + 7] = 0;
		pkt[ETH_LEN + 9] = 6;
		check_packet(pkt, byte() & 1 ? len : byte() % len, len);
	}
	return 0;
}
