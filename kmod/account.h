/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of pools and transports, and frames that nobody can account for.
 */
#ifndef _ETRAN_ACCOUNT_H
#define _ETRAN_ACCOUNT_H

#include "etran.h"

struct etran_pool;
struct etran_transport;

/**
 * struct etran_counters - what netlink calls "counters"
 */
struct etran_counters {
	u64 peeked;
	u64 sent;
	u64 held;
	u64 dropped;
	u64 bad_verdict;
	u64 busy_chunk;
	u64 refused;
	u64 completed;
	u64 holding;
	u64 gen_requests;
	u64 gen_sent;
	u64 gen_skipped;
	u64 gen_failed;
	u64 timer_runs;
	u64 in_nic;
	u64 cq_full;
};

void etran_counters_add(struct etran_counters *sum, const struct etran_counters *cnt);
void etran_pool_count(struct etran_pool *ep, struct etran_counters *sum);
void etran_transport_count(const struct etran_transport *tr, struct etran_counters *sum);
void etran_account_close(struct etran_pool *ep);
u64 etran_pool_leaked(void);

#endif /* _ETRAN_ACCOUNT_H */
