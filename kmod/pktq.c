// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF_MAP_TYPE_PKT_QUEUE: held packets, in FIFOs addressed by index or in a
 * timing wheel addressed by time.
 *
 * key u32, value u32. max_entries is the number of buckets, or of slots of the
 * wheel; map_extra says which of the two it is, and the limits (ops.h). Programs
 * use the kfuncs; a lookup by system call gives a bucket's or slot's depth. A
 * wheel is one bucket with one lock, see frame.h. The core holds a reference on
 * the module for each map.
 */
#include <linux/bpf.h>
#include <linux/log2.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>

#include "kick.h"
#include "pktq.h"

#define ETRAN_PKTQ_LIMIT	1024
#define ETRAN_PKTQ_MAX		(1U << 20)
#define ETRAN_PKTQ_MAX_SHIFT	24
/* Packets of a map that goes away, given back in one go. */
#define ETRAN_PKTQ_BATCH	64

/* Creating maps takes CAP_BPF, which may have been delegated to many. */
static DEFINE_RATELIMIT_STATE(pktq_ratelimit, 5 * HZ, 64);

static int pktq_refuse(const char *what, u64 is, const char *wanted)
{
	if (__ratelimit(&pktq_ratelimit))
		pr_notice("PKT_QUEUE refused: %s %llu, wanted %s\n", what, is, wanted);
	return -EINVAL;
}

static u32 extra_bucket(u64 extra)
{
	return extra & ETRAN_PKTQ_BUCKET_MASK;
}

static u32 extra_map(u64 extra)
{
	return (extra >> ETRAN_PKTQ_MAP_SHIFT) & ETRAN_PKTQ_MAP_MASK;
}

static u32 extra_slot(u64 extra)
{
	return extra >> ETRAN_PKTQ_SLOT_SHIFT;
}

static int pktq_alloc_check(union bpf_attr *attr)
{
	if (attr->key_size != sizeof(u32))
		return pktq_refuse("key_size", attr->key_size, "4");
	if (attr->value_size != sizeof(u32))
		return pktq_refuse("value_size", attr->value_size, "4");
	if (attr->map_ifindex)
		return pktq_refuse("map_ifindex", attr->map_ifindex, "0");
	if (attr->map_flags & ~BPF_F_NUMA_NODE)
		return pktq_refuse("map_flags", attr->map_flags, "none but BPF_F_NUMA_NODE");
	if (!attr->max_entries || attr->max_entries > ETRAN_PKTQ_MAX)
		return pktq_refuse("max_entries", attr->max_entries, "1 to 2^20");
	if (extra_slot(attr->map_extra) && (attr->max_entries < 2 ||
					    !is_power_of_2(attr->max_entries)))
		return pktq_refuse("max_entries", attr->max_entries,
				   "a power of two from 2 to 2^20 for a wheel");
	if (extra_map(attr->map_extra) > ETRAN_PKTQ_MAX_SHIFT)
		return pktq_refuse("map_extra limit of the map", extra_map(attr->map_extra),
				   "an exponent of 0 to 24");
	return 0;
}

static void pktq_free_memory(struct etran_pktq *q)
{
	kvfree(q->wheel.slot);
	kvfree(q->wheel.bits[0]);
	kvfree(q);
}

static int pktq_init_wheel(struct etran_pktq *q, u32 slots, u32 width, u32 limit,
			   int node)
{
	struct etran_slot *slot;
	u64 *bits;

	slot = kvzalloc_node(array_size(slots, sizeof(*slot)),
			     GFP_KERNEL_ACCOUNT | __GFP_NOWARN, node);
	bits = kvzalloc_node(array_size(etran_wheel_words(slots), sizeof(*bits)),
			     GFP_KERNEL_ACCOUNT | __GFP_NOWARN, node);
	if (!slot || !bits) {
		kvfree(slot);
		kvfree(bits);
		return -ENOMEM;
	}
	etran_wheel_init(&q->wheel, slots, width, limit, slot, bits);
	q->bucket[0].wheel = &q->wheel;
	return 0;
}

static struct bpf_map *pktq_alloc(union bpf_attr *attr)
{
	u32 width = extra_slot(attr->map_extra), limit = extra_bucket(attr->map_extra);
	u32 nr = width ? 1 : attr->max_entries, most = U32_MAX, i;
	int node = bpf_map_attr_numa_node(attr);
	struct etran_pktq *q;

	q = kvzalloc_node(struct_size(q, bucket, nr), GFP_KERNEL_ACCOUNT | __GFP_NOWARN,
			  node);
	if (!q)
		return ERR_PTR(-ENOMEM);

	q->map.key_size = attr->key_size;
	q->map.value_size = attr->value_size;
	q->map.max_entries = attr->max_entries;
	q->map.map_flags = attr->map_flags;
	q->map.map_extra = attr->map_extra;
	q->map.numa_node = node;
	q->nr = nr;
	if (extra_map(attr->map_extra))
		most = 1U << extra_map(attr->map_extra);
	atomic_set(&q->room, most);
	for (i = 0; i < nr; i++) {
		etran_bucket_init(&q->bucket[i], i,
				  width ? most : limit ?: ETRAN_PKTQ_LIMIT);
		/* A wheel is its only bucket, whose own limit does. */
		if (extra_map(attr->map_extra) && !width)
			q->bucket[i].room = &q->room;
	}
	if (width && pktq_init_wheel(q, attr->max_entries, width, limit, node)) {
		kvfree(q);
		return ERR_PTR(-ENOMEM);
	}
	return &q->map;
}

/*
 * The packets of a transport are gone when it is, and its programs hold the
 * map. This is for a map that was inside of another one, or that two transports
 * shared: what it holds goes back to the tenants unsent.
 */
static void pktq_free(struct bpf_map *map)
{
	struct etran_pktq *q = container_of(map, struct etran_pktq, map);
	struct etran_frame *f;
	u32 i, n;

	for (i = 0; i < q->nr; i++) {
		do {
			local_bh_disable();
			rcu_read_lock();
			for (n = 0; n < ETRAN_PKTQ_BATCH; n++) {
				f = etran_frame_any(&q->bucket[i]);
				if (!f)
					break;
				etran_pool_purge(f);
			}
			etran_pool_kick_all();
			rcu_read_unlock();
			local_bh_enable();
			cond_resched();
		} while (f);
	}
	/* A pool's teardown may still look at a bucket's lock. */
	synchronize_rcu();
	pktq_free_memory(q);
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
	struct etran_pktq *q = container_of(map, struct etran_pktq, map);
	u32 idx = *(u32 *)key;

	if (idx >= map->max_entries)
		return NULL;
	return q->wheel.slot ? &q->wheel.slot[idx].depth : &q->bucket[idx].depth;
}

static long pktq_update(struct bpf_map *map, void *key, void *value, u64 flags)
{
	return -EOPNOTSUPP;
}

static long pktq_delete(struct bpf_map *map, void *key)
{
	return -EOPNOTSUPP;
}

/* An inner map may differ in size, limits and kind: the kfuncs look at it. */
static bool pktq_meta_equal(const struct bpf_map *a, const struct bpf_map *b)
{
	return a->map_type == b->map_type && a->map_flags == b->map_flags;
}

static u64 pktq_mem_usage(const struct bpf_map *map)
{
	const struct etran_pktq *q = container_of(map, struct etran_pktq, map);
	u64 size = struct_size(q, bucket, q->nr);

	if (q->wheel.slot)
		size += map->max_entries * sizeof(struct etran_slot) +
			etran_wheel_words(map->max_entries) * sizeof(u64);
	return size;
}

const struct bpf_map_ops etran_pktq_ops = {
	.map_meta_equal		= pktq_meta_equal,
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
 * @idx: bucket; of a wheel not looked at
 * Return: the bucket, NULL when it is another type of map or has no such one.
 */
struct etran_bucket *etran_pktq_bucket(void *map, u32 idx)
{
	struct bpf_map *m = map;
	struct etran_pktq *q;

	if (m->ops != &etran_pktq_ops)
		return NULL;
	q = container_of(m, struct etran_pktq, map);
	if (q->wheel.slot)
		idx = 0;
	return idx < q->nr ? &q->bucket[idx] : NULL;
}

/**
 * etran_pktq_wheel - the wheel of a map that a program named
 * @map: any BPF map
 * Return: its bucket, NULL when it is another kind of map.
 */
struct etran_bucket *etran_pktq_wheel(void *map)
{
	struct etran_bucket *b = etran_pktq_bucket(map, 0);

	return b && b->wheel ? b : NULL;
}
