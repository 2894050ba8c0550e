/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own part of a red-black tree, beside lib/rbtree.bpf.h. */
#ifndef _KERNEL_TREE_BPF_H
#define _KERNEL_TREE_BPF_H

extern void *bpf_obj_new(__u64 type_id__k) __ksym;
extern void bpf_obj_drop(void *p__alloc) __ksym;
extern int bpf_rbtree_add(struct bpf_rb_root *root, struct bpf_rb_node *node,
			  bool (*less)(struct bpf_rb_node *,
				       const struct bpf_rb_node *)) __ksym;
extern struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root,
					     struct bpf_rb_node *node) __ksym;

#define __contains(name, node) \
	__attribute__((btf_decl_tag("contains:" #name ":" #node)))

#endif /* _KERNEL_TREE_BPF_H */
