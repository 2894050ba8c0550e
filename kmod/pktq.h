/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BPF_MAP_TYPE_PKT_QUEUE: held packets, in FIFOs or in a timing wheel.
 */
#ifndef _ETRAN_PKTQ_H
#define _ETRAN_PKTQ_H

#include <linux/bpf.h>

#include "bucket.h"

/**
 * struct etran_pktq - a BPF map of type BPF_MAP_TYPE_PKT_QUEUE
 * @map: what the core knows
 * @wheel: the one of bucket[0], if it is a timing wheel
 * @room: of a map of FIFOs with a limit
 * @nr: number of buckets; one for a wheel, whatever its number of slots
 * @bucket: the buckets
 */
struct etran_pktq {
	struct bpf_map map;
	struct etran_wheel wheel;
	atomic_t room;
	u32 nr;
	struct etran_bucket bucket[];
};

extern const struct bpf_map_ops etran_pktq_ops;

struct etran_bucket *etran_pktq_bucket(void *map, u32 idx);
struct etran_bucket *etran_pktq_wheel(void *map);

#endif /* _ETRAN_PKTQ_H */
