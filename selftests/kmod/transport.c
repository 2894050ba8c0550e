// SPDX-License-Identifier: GPL-2.0-only
/* The test transport; see transport.h. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "transport.h"

const char *transport_dir = ".";

void *ops_field(const struct bpf_object *obj, struct bpf_map *ops,
		const char *name)
{
	const struct btf *btf = bpf_object__btf(obj);
	const struct btf_type *type;
	const struct btf_member *m;
	size_t size;
	char *data = bpf_map__initial_value(ops, &size);
	unsigned int i;
	int id;

	id = btf__find_by_name_kind(btf, "etran_transport_ops", BTF_KIND_STRUCT);
	if (id < 0 || !data)
		return NULL;
	type = btf__type_by_id(btf, id);
	m = btf_members(type);
	for (i = 0; i < btf_vlen(type); i++, m++)
		if (!strcmp(btf__name_by_offset(btf, m->name_off), name))
			return data + btf_member_bit_offset(type, i) / 8;
	return NULL;
}

static struct bpf_map *find_map(struct bpf_object *obj, const char *name)
{
	return bpf_object__find_map_by_name(obj, name);
}

static int choose_ops(struct transport *t, const struct transport_opts *o)
{
	struct bpf_map *map;
	uint32_t *timeout;
	char *name;

	t->ops = find_map(t->obj, o && o->ops ? o->ops : "probe");
	if (!t->ops)
		return -ENOENT;
	bpf_object__for_each_map(map, t->obj)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_autocreate(map, map == t->ops);
	if (o && o->timeout_ms) {
		timeout = ops_field(t->obj, t->ops, "timeout_ms");
		if (!timeout)
			return -ENOENT;
		*timeout = o->timeout_ms;
	}
	if (!o || !o->name)
		return 0;
	name = ops_field(t->obj, t->ops, "name");
	if (!name)
		return -ENOENT;
	memset(name, 0, 16);
	memcpy(name, o->name, strnlen(o->name, 16));
	return 0;
}

static int prog_fd(struct bpf_object *obj, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(obj, name));
}

static int associate(struct transport *t)
{
	static const char * const names[] = {
		"probe_ingress", "probe_arm", "probe_ask",
	};
	unsigned int i;
	int ret;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ret = bpf_prog_assoc_struct_ops(prog_fd(t->obj, names[i]),
						bpf_map__fd(t->ops), NULL);
		if (ret)
			return ret;
	}
	return 0;
}

static void *find_value(struct transport *t, const char *name, size_t size)
{
	size_t is;
	void *value = bpf_map__initial_value(find_map(t->obj, name), &is);

	return value && is >= size ? value : NULL;
}

static int find_parts(struct transport *t)
{
	t->orders = find_value(t, ".data.orders", sizeof(*t->orders));
	t->seen = find_value(t, ".data.seen", sizeof(*t->seen));
	t->pace = find_value(t, ".data.pace", sizeof(*t->pace));
	t->pace_seen = find_value(t, ".data.pace_seen", sizeof(*t->pace_seen));
	t->pace_far = find_value(t, ".data.pace_far", sizeof(*t->pace_far));
	if (!t->orders || !t->seen || !t->pace || !t->pace_seen || !t->pace_far)
		return -EINVAL;
	t->queue_fd = bpf_map__fd(find_map(t->obj, "queue"));
	t->xsks_fd = bpf_map__fd(find_map(t->obj, "xsks"));
	t->arm_fd = prog_fd(t->obj, "probe_arm");
	t->ask_fd = prog_fd(t->obj, "probe_ask");
	return 0;
}

int transport_load(struct transport *t, const struct transport_opts *o)
{
	char path[512];
	int ret;

	memset(t, 0, sizeof(*t));
	snprintf(path, sizeof(path), "%s/probe.bpf.o", transport_dir);
	t->obj = bpf_object__open_file(path, NULL);
	if (!t->obj)
		return -errno;
	ret = choose_ops(t, o);
	if (!ret && o && o->tune)
		o->tune(t->obj);
	if (!ret)
		ret = bpf_object__load(t->obj);
	if (!ret)
		ret = find_parts(t);
	if (!ret && !(o && o->unassociated))
		ret = associate(t);
	if (ret)
		transport_close(t);
	return ret;
}

int transport_attach(struct transport *t)
{
	t->link = bpf_map__attach_struct_ops(t->ops);
	return t->link ? 0 : -errno;
}

void transport_detach(struct transport *t)
{
	if (t->link)
		bpf_link__destroy(t->link);
	t->link = NULL;
}

int transport_ingress(struct transport *t, const struct host *host)
{
	return ingress_attach(&t->xdp, bpf_object__find_program_by_name(t->obj,
				"probe_ingress"), host);
}

void transport_close(struct transport *t)
{
	ingress_detach(&t->xdp);
	transport_detach(t);
	if (t->obj)
		bpf_object__close(t->obj);
	t->obj = NULL;
}

/* What the program wrote comes back in @args. */
static int run_syscall(int fd, void *args, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		.ctx_in = args,
		.ctx_size_in = size,
	);

	return bpf_prog_test_run_opts(fd, &opts);
}

int64_t transport_arm(struct transport *t, uint32_t id, uint64_t delay_ns,
		      uint32_t count)
{
	struct arm_args args = {
		.id = id, .delay_ns = delay_ns, .count = count,
	};
	int ret = run_syscall(t->arm_fd, &args, sizeof(args));

	return ret ?: args.ret;
}

int64_t transport_cancel(struct transport *t, uint32_t id)
{
	return transport_arm(t, id, 0, 0);
}

int64_t transport_ask(struct transport *t, uint64_t cookie, uint32_t ifindex,
		      uint32_t count, uint64_t *accepted)
{
	struct ask_args args = {
		.cookie = cookie, .ifindex = ifindex, .count = count,
	};
	int ret = run_syscall(t->ask_fd, &args, sizeof(args));

	if (accepted)
		*accepted = args.accepted;
	return ret ?: args.ret;
}

int64_t transport_depth(struct transport *t, uint32_t bucket)
{
	struct probe_depth depth = {};

	if (bpf_map_lookup_elem(t->queue_fd, &bucket, &depth))
		return -errno;
	return depth.packets;
}
