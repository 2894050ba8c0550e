/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_NIC_H
#define ETRAND_NIC_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

#define NIC_MAX		8

struct tenant;

/**
 * struct nic - a device that etrand serves
 * @owner: the tenant that has all of its queues, NULL when they are free; all
 *	others have virtual ports
 * @chunk: bytes of a frame that its driver needs
 * @generic: ingress runs in generic XDP
 * @packet_fd: AF_PACKET socket that only sends
 * @sent: frames that left through it
 */
struct nic {
	char name[IF_NAMESIZE];
	int ifindex;
	unsigned int mtu;
	unsigned int queues;
	unsigned int chunk;
	uint8_t mac[6];
	bool generic;
	int packet_fd;
	uint64_t sent;
	struct tenant *owner;
};

int nic_add(const char *name);
void nic_close_all(void);
struct nic *nic_at(unsigned int i);
struct nic *nic_find(int ifindex);
int nic_send(struct nic *nic, const void *frame, size_t len);

#endif
