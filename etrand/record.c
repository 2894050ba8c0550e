// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tenant records: a small pinned array that outlives etrand.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "record.h"
#include "uapi/etran_io.h"

#define RECORD_MAGIC	0x65547231

/**
 * record_create - an empty array
 * @map_fd: its descriptor comes back here
 * @version: of the transport's state, which is pinned beside it
 * Return: 0 or a negative errno
 */
int record_create(int *map_fd, uint32_t version)
{
	struct tenant_record r = {
		.used = RECORD_MAGIC,
		.version = version,
	};
	uint32_t key = 0;

	*map_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "etran_tenants", 4,
				 sizeof(r), ETRAN_MAX_TENANTS, NULL);
	if (*map_fd < 0 || bpf_map_update_elem(*map_fd, &key, &r, 0)) {
		int err = -errno;

		log_err("tenant records: %s", strerror(-err));
		return err;
	}
	return 0;
}

/** record_version_fits - may the pinned state be adopted? */
bool record_version_fits(int map_fd, uint32_t version)
{
	struct tenant_record r;
	uint32_t key = 0;

	return !bpf_map_lookup_elem(map_fd, &key, &r) &&
	       r.used == RECORD_MAGIC && r.version == version;
}

/** record_get - Return: 0, -ENOENT for an unused entry, or a negative errno */
int record_get(int map_fd, uint32_t id, struct tenant_record *r)
{
	if (bpf_map_lookup_elem(map_fd, &id, r))
		return -errno;
	return r->used ? 0 : -ENOENT;
}

/** record_put - store, or clear with NULL */
int record_put(int map_fd, uint32_t id, const struct tenant_record *r)
{
	struct tenant_record none = { 0 };

	return bpf_map_update_elem(map_fd, &id, r ? r : &none, 0) ? -errno : 0;
}

/** record_start_time - of a process; 0 when there is none */
uint64_t record_start_time(uint32_t pid)
{
	char path[32], buf[512], *p;
	unsigned long long start;
	size_t n;
	FILE *f;
	int i;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[n] = '\0';
	/* The name may hold anything, also ')'; fields are counted behind it. */
	p = strrchr(buf, ')');
	for (i = 2; p && i < 22; i++)
		p = strchr(p + 1, ' ');
	if (!p || sscanf(p, "%llu", &start) != 1)
		return 0;
	return start;
}
