/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads the test transport, attaches it, and gives its orders and sightings. */
#ifndef _KERNEL_TRANSPORT_H
#define _KERNEL_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "ingress.h"
#include "pace.h"
#include "probe.h"

struct bpf_object;
struct bpf_link;
struct bpf_map;

struct transport {
	struct bpf_object *obj;
	struct bpf_map *ops;
	struct bpf_link *link;
	struct ingress xdp;
	struct orders *orders;
	struct seen *seen;
	struct pace_orders *pace;
	struct pace_seen *pace_seen;
	struct pace_far *pace_far;
	int queue_fd;		/* the PKT_QUEUE map */
	int xsks_fd;
	int arm_fd;		/* syscall programs */
	int ask_fd;
};

struct transport_opts {
	const char *name;	/* NULL: as in the object */
	const char *ops;	/* NULL: "probe"; which instance of the object */
	uint32_t timeout_ms;
	bool unassociated;	/* leave XDP and syscall programs alone */
	void (*tune)(struct bpf_object *obj);	/* before it is loaded */
};

/** transport_dir - where the BPF objects are; set once at start */
extern const char *transport_dir;

/** transport_load - load, not attach; 0 or a negative errno */
int transport_load(struct transport *t, const struct transport_opts *opts);

/** transport_attach - in the caller's network namespace */
int transport_attach(struct transport *t);

/** transport_detach - close the link */
void transport_detach(struct transport *t);

/** transport_ingress - attach the XDP program to @host's NIC; 0 or a negative errno */
int transport_ingress(struct transport *t, const struct host *host);

/** transport_close - detach what is attached, unload */
void transport_close(struct transport *t);

/** transport_arm - run the syscall program: arm timer @id @count times */
int64_t transport_arm(struct transport *t, uint32_t id, uint64_t delay_ns,
		      uint32_t count);

/** transport_cancel - run the syscall program: cancel timer @id */
int64_t transport_cancel(struct transport *t, uint32_t id);

/** transport_ask - run the syscall program: ask for @count frames */
int64_t transport_ask(struct transport *t, uint64_t cookie, uint32_t ifindex,
		      uint32_t count, uint64_t *accepted);

/** transport_depth - number of packets in @bucket, or a negative errno */
int64_t transport_depth(struct transport *t, uint32_t bucket);

/** ops_field - address of data member @name of a struct_ops map, or NULL */
void *ops_field(const struct bpf_object *obj, struct bpf_map *ops,
		const char *name);

#endif /* _KERNEL_TRANSPORT_H */
