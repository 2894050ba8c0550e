/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_RECORD_H
#define ETRAND_RECORD_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct tenant_record - what a restarted etrand must know of a tenant
 * @used: 0 free; entry 0, which is no tenant: RECORD_MAGIC
 * @version: of the transport's state; entry 0: the one that may be adopted
 * @start: start time of the process in clock ticks since boot, so that a
 *	recycled pid is not taken for it
 * @ifindex: NIC
 * @mode: enum config_mode, what it got
 * @port: it has a virtual port, not the NIC's queues
 * @chunk: bytes of a frame
 */
struct tenant_record {
	uint32_t used;
	uint32_t version;
	uint32_t pid;
	uint32_t uid;
	uint64_t start;
	uint64_t cookie;
	uint32_t ifindex;
	uint32_t nr_queues;
	uint32_t mode;
	uint32_t nr_frames;
	uint32_t port;
	uint32_t chunk;
	char comm[16];
};

int record_create(int *map_fd, uint32_t version);
bool record_version_fits(int map_fd, uint32_t version);
int record_get(int map_fd, uint32_t id, struct tenant_record *r);
int record_put(int map_fd, uint32_t id, const struct tenant_record *r);
uint64_t record_start_time(uint32_t pid);

#endif
