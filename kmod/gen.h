/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets that a transport makes: acknowledgements, credits.
 */
#ifndef _ETRAN_GEN_H
#define _ETRAN_GEN_H

#include "cpu.h"
#include "ops.h"

/**
 * struct etran_gen_req - a request for a generated frame
 */
struct etran_gen_req {
	u64 cookie;
	u32 ifindex;
};

/**
 * struct etran_gen_ctx - the frame that gen is filling
 * @gen: what BPF sees; must be first
 * @data: ETRAN_GEN_FRAME_LEN bytes
 */
struct etran_gen_ctx {
	struct etran_gen gen;
	u8 *data;
};

int etran_gen_init(struct etran_cpu *c);
void etran_gen_free(struct etran_cpu *c);
int etran_gen_request(struct etran_transport *tr, u64 cookie, u32 ifindex);
bool etran_gen_run(struct etran_cpu *c, unsigned long end);
void etran_gen_move(struct etran_cpu *from);
void etran_gen_drop(struct etran_cpu *c);

/* Is there anything to generate, or to send? */
static inline bool etran_gen_pending(const struct etran_cpu *c)
{
	return c->nr_frames || READ_ONCE(c->req_head) != c->req_tail;
}

#endif /* _ETRAN_GEN_H */
