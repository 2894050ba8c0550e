// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF_MAP_TYPE_PKT_QUEUE: buckets of held packets, addressed by index.
 *
 * key u32, value u32, max_entries buckets, map_extra packets per bucket (0:
 * ETRAN_PKTQ_LIMIT). Programs use the kfuncs; a lookup by system call gives a
 * bucket's depth. The lock is in the bucket, see frame.h. The core holds a
 * reference on the module for each map.
 */
#include <linux/bpf.h>
#include <linux/rcupdate.h>

#include "etran.h"

#define ETRAN_PKTQ_LIMIT	1024
#define ETRAN_PKTQ_MAX		(1U << 20)

static int pktq_alloc_check(union bpf_attr *attr)
{
	if (attr->key_size != sizeof(u32) || attr->value_size != sizeof(u32) ||
	    !attr->max_entries || attr->map_ifindex ||
	    attr->map_flags & ~BPF_F_NUMA_NODE || attr->map_extra > U32_MAX)
		return -EINVAL;
	if (attr->max_entries > ETRAN_PKTQ_MAX)
		return -E2BIG;
	return 0;
}

static struct bpf_map *pktq_alloc(union bpf_attr *attr)
{
	u32 limit = attr->map_extra ?: ETRAN_PKTQ_LIMIT;
	struct etran_pktq *q;
	u32 i;

	q = kvzalloc_node(struct_size(q, bucket, attr->max_entries),
			  GFP_KERNEL_ACCOUNT | __GFP_NOWARN,
			  bpf_map_attr_numa_node(attr));
	if (!q)
		return ERR_PTR(-ENOMEM);

	q->map.key_size = attr->key_size;
	q->map.value_size = attr->value_size;
	q->map.max_entries = attr->max_entries;
	q->map.map_flags = attr->map_flags;
	q->map.map_extra = attr->map_extra;
	q->map.numa_node = bpf_map_attr_numa_node(attr);
	for (i = 0; i < attr->max_entries; i++)
		etran_bucket_init(&q->bucket[i], i, limit);
	return &q->map;
}

static void pktq_free(struct bpf_map *map)
{
	struct etran_pktq *q = container_of(map, struct etran_pktq, map);
	struct etran_frame *f;
	u32 i;

	/*
	 * The packets of a transport are gone when it is, and its programs hold
	 * the map. This is for a map that two of them shared.
	 */
	for (i = 0; i < map->max_entries; i++) {
		local_bh_disable();
		while ((f = list_first_entry_or_null(&q->bucket[i].list,
						     struct etran_frame, node)))
			etran_frame_purge(f);
		local_bh_enable();
		cond_resched();
	}
	/* A pool's teardown may still look at a bucket's lock. */
	synchronize_rcu();
	kvfree(q);
}

static int pktq_get_next_key(struct bpf_map *map, void *key, void *next_key)
{
	u32 idx = key ? *(u32 *)key : U32_MAX;
	u32 *next = next_key;

	if (idx >= map->max_entries) {
		*next = 0;
		return 0;
	}
	if (idx == map->max_entries - 1)
		return -ENOENT;
	*next = idx + 1;
	return 0;
}

/* Programs must not get a pointer to it, they could write. */
static void *pktq_lookup(struct bpf_map *map, void *key)
{
	return NULL;
}

static void *pktq_lookup_sys(struct bpf_map *map, void *key)
{
	struct etran_bucket *b = etran_pktq_bucket(map, *(u32 *)key);

	return b ? &b->depth : NULL;
}

static long pktq_update(struct bpf_map *map, void *key, void *value, u64 flags)
{
	return -EOPNOTSUPP;
}

static long pktq_delete(struct bpf_map *map, void *key)
{
	return -EOPNOTSUPP;
}

static u64 pktq_mem_usage(const struct bpf_map *map)
{
	return sizeof(struct etran_pktq) +
		(u64)map->max_entries * sizeof(struct etran_bucket);
}

const struct bpf_map_ops etran_pktq_ops = {
	.map_alloc_check	= pktq_alloc_check,
	.map_alloc		= pktq_alloc,
	.map_free		= pktq_free,
	.map_get_next_key	= pktq_get_next_key,
	.map_lookup_elem	= pktq_lookup,
	.map_lookup_elem_sys_only = pktq_lookup_sys,
	.map_update_elem	= pktq_update,
	.map_delete_elem	= pktq_delete,
	.map_mem_usage		= pktq_mem_usage,
};

/**
 * etran_pktq_bucket - a bucket of a map that a program named
 * @map: any BPF map
 * @idx: bucket
 * Return: the bucket, NULL when it is another type of map or has no such one.
 */
struct etran_bucket *etran_pktq_bucket(void *map, u32 idx)
{
	struct bpf_map *m = map;

	if (m->ops != &etran_pktq_ops || idx >= m->max_entries)
		return NULL;
	return &container_of(m, struct etran_pktq, map)->bucket[idx];
}
