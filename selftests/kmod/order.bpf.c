// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two priority orders in one tree, as lib/rbtree.bpf.h describes them, driven
 * by syscall programs so that the test can compare each answer with its own.
 */
#include "probe_bpf.h"
#include <bpf/bpf_core_read.h>
#include "lib/rbtree.bpf.h"
#include "tree.bpf.h"
#include "order.h"

char LICENSE[] SEC("license") = "GPL";

struct rpc {
	struct bpf_rb_node node;
	struct order_key key;
};

struct bpf_spin_lock lock SEC(".data.tree") __hidden __attribute__((aligned(8)));
struct bpf_rb_root tree SEC(".data.tree") __hidden __attribute__((aligned(8)))
	__contains(rpc, node);

static __always_inline struct rpc *rpc_of(const struct bpf_rb_node *node)
{
	return container_of(node, struct rpc, node);
}

static __always_inline bool key_less(const struct order_key *a, const struct order_key *b)
{
	if (a->tree != b->tree)
		return a->tree < b->tree;
	if (a->first != b->first)
		return a->first < b->first;
	if (a->second != b->second)
		return a->second < b->second;
	return a->id < b->id;
}

static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return key_less(&rpc_of(a)->key, &rpc_of(b)->key);
}

static __always_inline bool before(const struct bpf_rb_node *node, const void *key)
{
	return key_less(&rpc_of(node)->key, key);
}

SEC("syscall")
int order_add(struct order_args *args)
{
	struct rpc *r = bpf_obj_new(bpf_core_type_id_local(struct rpc));

	if (!r)
		return -12;
	r->key = args->key;
	bpf_spin_lock(&lock);
	bpf_rbtree_add(&tree, &r->node, less);
	bpf_spin_unlock(&lock);
	return 0;
}

SEC("syscall")
int order_find(struct order_args *args)
{
	struct order_key key = args->key, got = {};
	struct bpf_rb_node *node;

	bpf_spin_lock(&lock);
	node = etran_rbtree_lower_bound(&tree, &key, before);
	if (node)
		got = rpc_of(node)->key;
	bpf_spin_unlock(&lock);
	args->found = !!node;
	args->key = got;
	return 0;
}

/* Remove what order_find() would find. */
SEC("syscall")
int order_take(struct order_args *args)
{
	struct order_key key = args->key, got = {};
	struct bpf_rb_node *node;

	bpf_spin_lock(&lock);
	node = etran_rbtree_lower_bound(&tree, &key, before);
	if (node)
		node = bpf_rbtree_remove(&tree, node);
	bpf_spin_unlock(&lock);
	args->found = !!node;
	if (node) {
		got = rpc_of(node)->key;
		bpf_obj_drop(rpc_of(node));
	}
	args->key = got;
	return 0;
}
