// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls into the transport: its syscall programs and its maps.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "etrand/log.h"
#include "tcpsys.h"

/**
 * tcpsys_run - run a syscall program
 * @ctx: its struct tcp_sys_*, which it may change
 * Return: what the program returned, or a negative errno
 */
int tcpsys_run(enum tcp_prog prog, void *ctx, uint32_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		.ctx_in = ctx,
		.ctx_size_in = size,
	);
	int err;

	if (transport.prog[prog] < 0)
		return -ENODEV;
	err = bpf_prog_test_run_opts(transport.prog[prog], &opts);
	if (err) {
		log_err("syscall program %d: %s", prog, strerror(-err));
		return err;
	}
	return (int)opts.retval;
}

/** tcpsys_conn - copy a connection's state, consistent under its lock */
int tcpsys_conn(uint32_t idx, struct tcp_conn *c)
{
	static char *value;
	static uint32_t size;

	if (size < transport.value_size[MAP_CONNS]) {
		free(value);
		size = transport.value_size[MAP_CONNS];
		value = calloc(1, size);
	}
	if (!value)
		return -ENOMEM;
	if (bpf_map_lookup_elem_flags(transport.map[MAP_CONNS], &idx, value, BPF_F_LOCK))
		return -errno;
	memcpy(c, value, sizeof(*c));
	return 0;
}

/** tcpsys_stats - sum over all CPUs */
int tcpsys_stats(struct tcp_stats *sum)
{
	int cpus = libbpf_num_possible_cpus(), i;
	uint64_t *to = (uint64_t *)sum;
	struct tcp_stats *percpu;
	uint32_t key = 0;
	size_t j;

	memset(sum, 0, sizeof(*sum));
	if (cpus <= 0)
		return cpus;
	percpu = calloc(cpus, sizeof(*percpu));
	if (!percpu)
		return -ENOMEM;
	if (bpf_map_lookup_elem(transport.map[MAP_STATS], &key, percpu)) {
		free(percpu);
		return -errno;
	}
	for (i = 0; i < cpus; i++)
		for (j = 0; j < sizeof(*sum) / 8; j++)
			to[j] += ((uint64_t *)&percpu[i])[j];
	free(percpu);
	return 0;
}
