/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's red-black trees for BPF lack for priority order.
 *
 * A transport that serves the best message of each peer needs two orders: all
 * messages of a peer by priority, and all peers by their best message. With a
 * lower bound both live in one tree under one lock, since BPF may not hold two
 * (lib/ is no place for a protocol, so this is only how):
 *
 *	key of a message:	(0, peer, remaining, id)
 *	key of a peer's best:	(1, remaining, peer)
 *
 *	best message of peer p:	lower bound of (0, p, 0, 0), if its peer is p
 *	best peer:		lower bound of (1, 0, 0)
 *	next best peer:		lower bound of (1, remaining, peer + 1) of the last
 *
 * so a grant to n peers takes n lower bounds, and never serves a peer twice.
 * When a message that is its peer's best changes, the peer's own node moves.
 *
 * XDP, egress, gen, timer and syscall programs may share the tree. Guard it by a
 * bpf_spin_lock: with a bpf_res_spin_lock the programs load and run, but Linux 7.3
 * then warns when it frees the map (bpf_obj_free_fields()) and frees no node of it.
 */
#ifndef __ETRAN_RBTREE_BPF_H
#define __ETRAN_RBTREE_BPF_H

extern struct bpf_rb_node *bpf_rbtree_root(struct bpf_rb_root *root) __ksym;
extern struct bpf_rb_node *bpf_rbtree_left(struct bpf_rb_root *root,
					   struct bpf_rb_node *node) __ksym;
extern struct bpf_rb_node *bpf_rbtree_right(struct bpf_rb_root *root,
					    struct bpf_rb_node *node) __ksym;

/* True as long as the verifier's patience lasts, which no tree outlives. */
#define etran_can_loop()						\
({									\
	__label__ no, on;						\
	bool ok = true;							\
									\
	asm volatile goto("may_goto %l[no]" :::: no);			\
	goto on;							\
no:	ok = false;							\
on:;									\
	ok;								\
})

/**
 * etran_rbtree_lower_bound - first node whose key is not less than @key
 * @root: tree; its bpf_spin_lock is held
 * @key: what to look for
 * @before: is the key of this node less than @key? static __always_inline
 * Callable from: wherever bpf_rbtree_root() is, under the tree's lock. O(log n).
 * Return: node without a reference, valid until the lock is released; NULL when
 * all nodes are before @key.
 */
static __always_inline struct bpf_rb_node *
etran_rbtree_lower_bound(struct bpf_rb_root *root, const void *key,
			 bool (*before)(const struct bpf_rb_node *, const void *))
{
	struct bpf_rb_node *node = bpf_rbtree_root(root), *best = NULL;

	while (node && etran_can_loop()) {
		if (before(node, key)) {
			node = bpf_rbtree_right(root, node);
		} else {
			best = node;
			node = bpf_rbtree_left(root, node);
		}
	}
	return best;
}

#endif /* __ETRAN_RBTREE_BPF_H */
