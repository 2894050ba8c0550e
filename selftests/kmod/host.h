/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hosts of the VM, seen from a program that looks at two of them at once:
 * the network namespace of each, its NIC, and the module.
 */
#ifndef _KERNEL_HOST_H
#define _KERNEL_HOST_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_link;
struct bpf_object;

struct host {
	const char *name;
	int netns;
	int pid;		/* that holds its namespaces */
	unsigned int ifindex;
	char ifname[16];
	char driver[32];
	char bus[32];		/* its address, where it has one */
	unsigned int queues;	/* that both send and receive */
	struct bpf_link *xdp_place;	/* see ingress.h; NULL: not kept */
	struct bpf_object *xdp_pass;
	uint8_t mac[6];
};

/** host_open - find host @name and its one NIC; 0 or a negative errno */
int host_open(struct host *h, const char *name);

/** host_query - fill @h from NIC @ifname of its namespace; 0 or an errno */
int host_query(struct host *h, const char *ifname);

/** host_enter - make its network namespace the calling thread's */
void host_enter(const struct host *h);

/** host_enter_origin - back to the namespace the program was started in */
void host_enter_origin(void);

/** host_run - a shell command in its network namespace (NULL: the origin); 0 or not */
int host_run(const struct host *h, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** host_rx_ring - give its NIC so many receive descriptors; what it had, or -errno */
int host_rx_ring(const struct host *h, unsigned int nr);

/** host_down - take its NIC down, at once; 0 or a negative errno */
int host_down(const struct host *h);

/** host_running - is its NIC up, and does it have a link? */
bool host_running(const struct host *h);

/** file_put - write @text into the existing file @path; 0 or a negative errno */
int file_put(const char *path, const char *text);

/** module_load - insmod; 0 or a negative errno */
int module_load(const char *path);

/** module_unload - rmmod without waiting; 0 or a negative errno */
int module_unload(void);

/** module_loaded - is etran.ko in the kernel? */
bool module_loaded(void);

/** module_users - who holds a reference to it, or -1 */
long module_users(void);

/** module_leaked - frames that nobody can account for, or -1 */
long module_leaked(void);

#endif /* _KERNEL_HOST_H */
