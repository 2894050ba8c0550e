/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What the core asks of the shape of data that it carries.
 *
 * The core has rings, frames and etrand's socket, and does not know what is in
 * a packet or whom it is for: that is the shape's, which stands in a folder of
 * its own and is linked with the core. The core never includes a shape's
 * headers, it calls through this table. None of the calls is made for each
 * packet: a shape takes all that is there, or submits all that is due, in one.
 */
#ifndef LIBETRAN_SHAPE_H
#define LIBETRAN_SHAPE_H

#include <stdbool.h>

struct etran_ctl_welcome;
struct etran_ctl_msg;
struct etran_sock;

/**
 * struct et_shape - calls from the core into the shape
 * All but @attach, @detach and @forked may be called whenever the tenant is
 * open. All but @forked are called with et_tn.lock held; none sleeps.
 *
 * @attach: the tenant's UMEM and frames are there, its queues are not: map what
 *	else came with WELCOME. @pub_fd is the conn_pub map and stays the
 *	caller's. Return: 0 or a negative errno; @detach is called either way
 * @detach: give back what @attach has mapped, if anything
 * @forked: this is a forked child, in which one thread runs and the lock means
 *	nothing: close descriptors of the parent's, touch nothing else
 * @receive: take everything off the RX rings and refill.
 *	Return: whether there was anything
 * @flush: submit what et_tn.pending lists, as far as the TX rings have room, and
 *	make the kernel look at them
 * @refresh: look at what the kernel shows of all sockets: frees acknowledged
 *	frames, finds sockets that are over
 * @tell: call the users of the sockets in et_tn.touched, and set et_tn.told if
 *	there were any
 * @again: a frame of @s marked ET_FR_AGAIN has come back from the kernel
 * @message: etrand sent what et_ctl_ask() does not wait for
 * @lost: etrand is gone; nobody will answer requests that are under way
 * @resume: etrand is back, and knows of this tenant only what is pinned
 * @linger: serve the sockets that et_tn.nr_orphans counts
 */
struct et_shape {
	int (*attach)(const struct etran_ctl_welcome *w, int pub_fd);
	void (*detach)(void);
	void (*forked)(void);
	bool (*receive)(void);
	void (*flush)(void);
	void (*refresh)(void);
	void (*tell)(void);
	void (*again)(struct etran_sock *s);
	void (*message)(const struct etran_ctl_msg *m);
	void (*lost)(void);
	void (*resume)(void);
	void (*linger)(void);
};

/*
 * The shape defines it. It is constant, so that the linker's optimizer calls
 * what is behind it directly; and it needs no constructor, before which another
 * library's constructor could come.
 */
extern const struct et_shape et_shape;

#endif /* LIBETRAN_SHAPE_H */
