// SPDX-License-Identifier: GPL-2.0-only
/*
 * The struct_ops type etran_transport_ops: what a program may touch, what an
 * instance must look like, and where the core calls attach and release.
 * Mechanical, no data path.
 */
#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>

#include "struct_ops.h"
#include "transport.h"

static int ops_init(struct btf *btf)
{
	return 0;
}

static int ops_check_member(const struct btf_type *t, const struct btf_member *member,
			    const struct bpf_prog *prog)
{
	switch (__btf_member_bit_offset(t, member) / 8) {
	case offsetof(struct etran_transport_ops, init):
	case offsetof(struct etran_transport_ops, exit):
	case offsetof(struct etran_transport_ops, dump):
		return 0;
	default:
		return prog->sleepable ? -EINVAL : 0;
	}
}

static bool name_ok(const char *name)
{
	const char *p;

	for (p = name; *p; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9') &&
		    *p != '_' && *p != '-')
			return false;
	return p != name;
}

static int ops_init_member(const struct btf_type *t, const struct btf_member *member,
			   void *kdata, const void *udata)
{
	const struct etran_transport_ops *u = udata;
	struct etran_transport_ops *k = kdata;

	switch (__btf_member_bit_offset(t, member) / 8) {
	case offsetof(struct etran_transport_ops, nr_timers):
		if (u->nr_timers > ETRAN_MAX_TIMERS)
			return -E2BIG;
		k->nr_timers = u->nr_timers;
		return 1;
	case offsetof(struct etran_transport_ops, nr_global):
		if (u->nr_global > ETRAN_MAX_TIMERS)
			return -E2BIG;
		k->nr_global = u->nr_global;
		return 1;
	case offsetof(struct etran_transport_ops, timeout_ms):
		if (u->timeout_ms > ETRAN_MAX_TIMEOUT_MS)
			return -E2BIG;
		k->timeout_ms = u->timeout_ms;
		return 1;
	case offsetof(struct etran_transport_ops, flags):
		return u->flags ? -EINVAL : 1;
	case offsetof(struct etran_transport_ops, name):
		if (strnlen(u->name, ETRAN_NAME_LEN) == ETRAN_NAME_LEN ||
		    !name_ok(u->name))
			return -EINVAL;
		strscpy(k->name, u->name);
		return 1;
	}
	return 0;
}

static int ops_validate(void *kdata)
{
	struct etran_transport_ops *ops = kdata;
	u32 timers = ops->nr_timers + ops->nr_global;

	if (!ops->egress || !!ops->timer != !!timers)
		return -EINVAL;
	return timers > ETRAN_MAX_TIMERS ? -E2BIG : 0;
}

static int ops_reg(void *kdata, struct bpf_link *link)
{
	return etran_transport_attach(kdata);
}

static void ops_unreg(void *kdata, struct bpf_link *link)
{
	etran_transport_release(kdata);
}

static s32 stub_egress(struct etran_pkt *pkt)
{
	return ETRAN_DROP;
}

static s32 stub_gen(struct etran_gen *gen)
{
	return 0;
}

static void stub_timer(u32 id)
{
}

static s32 stub_init(void)
{
	return 0;
}

static void stub_exit(struct etran_exit_info *info)
{
}

static void stub_dump(struct etran_dump *dump)
{
}

static struct etran_transport_ops stubs = {
	.egress	= stub_egress,
	.gen	= stub_gen,
	.timer	= stub_timer,
	.init	= stub_init,
	.exit	= stub_exit,
	.dump	= stub_dump,
};

static const struct bpf_verifier_ops ops_verifier = {
	.get_func_proto		= bpf_base_func_proto,
	.is_valid_access	= bpf_tracing_btf_ctx_access,
};

struct bpf_struct_ops etran_struct_ops = {
	.verifier_ops	= &ops_verifier,
	.init		= ops_init,
	.check_member	= ops_check_member,
	.init_member	= ops_init_member,
	.validate	= ops_validate,
	.reg		= ops_reg,
	.unreg		= ops_unreg,
	.cfi_stubs	= &stubs,
	.name		= "etran_transport_ops",
	.owner		= THIS_MODULE,
};

/**
 * etran_struct_ops_init - register the type
 *
 * The core only warns when the module has no type information, and then no
 * transport can be loaded: make that an error.
 *
 * Return: 0 or errno.
 */
int etran_struct_ops_init(void)
{
	int err;

	BTF_TYPE_EMIT(enum etran_verdict);
	BTF_TYPE_EMIT(enum etran_clock);
	err = register_bpf_struct_ops(&etran_struct_ops, etran_transport_ops);
	if (err)
		return err;
	if (!THIS_MODULE->btf_data_size || !etran_struct_ops.func_models[0].nr_args) {
		pr_err("no BTF in this module: build it against a tree that holds the running kernel's vmlinux, with pahole installed\n");
		return -ENOENT;
	}
	return 0;
}
