// SPDX-License-Identifier: GPL-2.0-only
/* etran_rbtree_lower_bound() in the kernel against a search from end to end. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ktap.h"
#include "order.h"
#include "transport.h"

#define NODES	500

static struct bpf_object *obj;
static struct order_key keys[NODES];
static unsigned int nr_keys;

static bool order_open(void)
{
	char path[512];

	nr_keys = 0;
	snprintf(path, sizeof(path), "%s/order.bpf.o", transport_dir);
	obj = bpf_object__open_file(path, NULL);
	return CHECK(obj, "open %s", path) &&
	       CHECK_EQ(bpf_object__load(obj), 0, "load");
}

static void order_close(void)
{
	bpf_object__close(obj);
	obj = NULL;
}

static bool order_run(const char *prog, struct order_args *args)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		.ctx_in = args,
		.ctx_size_in = sizeof(*args),
	);
	int fd = bpf_program__fd(bpf_object__find_program_by_name(obj, prog));
	int ret = bpf_prog_test_run_opts(fd, &opts);

	return CHECK_EQ(ret, 0, prog) && CHECK_EQ(opts.retval, 0, prog);
}

static int compare(const struct order_key *a, const struct order_key *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;
	unsigned int i;

	for (i = 0; i < sizeof(*a) / sizeof(*x); i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

static int model_find(const struct order_key *key)
{
	int best = -1;
	unsigned int i;

	for (i = 0; i < nr_keys; i++)
		if (compare(&keys[i], key) >= 0 &&
		    (best < 0 || compare(&keys[i], &keys[best]) < 0))
			best = i;
	return best;
}

static bool add(struct order_key key)
{
	struct order_args args = { .key = key };

	keys[nr_keys++] = key;
	return order_run("order_add", &args);
}

/* The answer of the kernel; false when it is not that of the model. */
static bool ask(const char *prog, struct order_key key, struct order_args *args)
{
	int best = model_find(&key);

	args->key = key;
	if (!order_run(prog, args) ||
	    !CHECK_EQ(args->found, best >= 0, "found"))
		return false;
	return best < 0 || CHECK_EQ(compare(&args->key, &keys[best]), 0,
				    "the node found");
}

static __u64 noise(__u64 below)
{
	static __u64 x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x % below;
}

static struct order_key random_key(void)
{
	return (struct order_key){
		.tree = noise(2), .first = noise(40), .second = noise(40),
		.id = noise(3),
	};
}

/* Small ranges, so that equal keys, hits and misses all come. */
void order_lower_bound(void)
{
	struct order_args args;
	unsigned int i, found = 0;
	int best;

	if (order_open()) {
		ask("order_find", random_key(), &args);
		for (i = 0; i < NODES && add(random_key()); i++)
			;
		for (i = 0; i < 1000; i++) {
			if (!ask("order_find", random_key(), &args))
				break;
			found += args.found;
		}
		CHECK(found > 500 && found <= 1000, "found %u of 1000", found);
		for (i = 0; i < NODES; i++) {
			struct order_key key = random_key();

			best = model_find(&key);
			if (!ask("order_take", key, &args))
				break;
			if (best >= 0)
				keys[best] = keys[--nr_keys];
		}
		ktap_note("%u of %u left", nr_keys, NODES);
	}
	order_close();
}

/* As rbtree.bpf.h says: the peers by their best message, none of them twice. */
void order_best_of_each_peer(void)
{
	__u64 left, best[20], last = 0;
	struct order_key key = { .tree = 1 };
	struct order_args args;
	unsigned int peer, i, n;

	if (!order_open())
		goto out;
	for (peer = 0; peer < 20; peer++) {
		best[peer] = UINT64_MAX;
		for (i = 0; i < 10; i++) {
			left = 1 + noise(50);
			add((struct order_key){ 0, peer, left, i });
			best[peer] = left < best[peer] ? left : best[peer];
		}
		add((struct order_key){ 1, best[peer], peer, 0 });
	}
	for (n = 0; ask("order_find", key, &args) && args.found; n++) {
		struct order_key got = args.key;

		CHECK(got.first >= last, "a better peer after a worse one");
		last = got.first;
		CHECK_EQ(got.first, best[got.second], "best of the peer");
		if (ask("order_find", (struct order_key){ 0, got.second, 0, 0 }, &args))
			CHECK(args.key.first == got.second &&
			      args.key.second == got.first,
			      "not the peer's best message");
		key = (struct order_key){ 1, got.first, got.second + 1, 0 };
	}
	CHECK_EQ(n, 20, "peers");
out:
	order_close();
}
