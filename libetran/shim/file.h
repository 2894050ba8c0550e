/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Inside of libetran-preload.so: sockets as an unmodified program sees them.
 *
 * Every socket is a kernel socket with an ordinary descriptor. The shim keeps a
 * struct shim_file only for IPv4 and IPv6 TCP sockets and for epoll instances;
 * all other descriptors cost one array lookup. connect() and listen() decide
 * whether eTran carries a socket; from then on its kernel socket is just a
 * place holder (of a listener: serves what eTran does not) and no data call
 * ever reaches it.
 *
 * Locks, outermost first:
 *   shim_file.lock	change of state: connect, listen, demotion to the kernel
 *   libetran's own	inside of every etran_* call
 *   shim_fd_lock	descriptor table
 *   shim_ev_lock	who waits for what, ready lists of epoll; a leaf: nothing
 *			is called under it but write() to an eventfd. libetran
 *			calls shim_changed() with its lock held.
 */
#ifndef LIBETRAN_SHIM_FILE_H
#define LIBETRAN_SHIM_FILE_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#include "libetran/libetran.h"
#include "list.h"

struct shim_item;

enum shim_kind {
	SHIM_SOCK,
	SHIM_EPOLL,
};

enum shim_state {
	SHIM_NEW,	/* neither connected nor listening: the kernel's for now */
	SHIM_KERNEL,	/* decided: the kernel's for good */
	SHIM_CONN,	/* eTran connection, or on the way to be one */
	SHIM_LISTEN,	/* eTran listener, and the kernel's unless --require */
	SHIM_INERT,	/* an eTran connection of the parent, in a forked child */
};

/* What connect() has to answer, as the kernel's socket states. */
enum shim_ss {
	SHIM_SS_UNCONNECTED,
	SHIM_SS_CONNECTING,
	SHIM_SS_CONNECTED,
};

/*
 * An open file description. The table holds a reference for each descriptor,
 * every call in progress another one. The memory is never given back to the C
 * library: who finds an entry in the table may look at @ref at any time.
 */
struct shim_file {
	atomic_int ref;
	uint8_t kind;
	_Atomic uint8_t state;
	uint8_t ss;
	bool nonblock;
	bool ipv6;
	bool up;		/* was established: is eTran's for good */
	bool inherited;		/* listener of the parent: eTran part lost */
	int fd;			/* a descriptor that refers to it */
	pthread_mutex_t lock;
	struct shim_list waiters;	/* struct shim_wait_ent, ev_lock */
	struct shim_list items;	/* sock: items that watch it; ev_lock */
	atomic_int nr_watch;	/* waiters + items */

	/* sockets */
	struct etran_sock *s;
	struct etran_sock *stash;	/* accepted, but there was no descriptor */
	struct sockaddr_in peer;	/* what connect() asked for */
	int err;		/* to be reported by the next call */
	int refused;		/* --require: errno in place of the daemon's */
	int lowat;
	bool knl_listen;	/* kernel listens too */
	bool shut;		/* listener: shutdown() was called */
	struct linger linger;
	struct timespec rcvtimeo, sndtimeo;	/* 0: none */

	/* epoll */
	struct shim_list ready;	/* ev_lock */
	struct shim_list watched;	/* items of this instance; ev_lock */
	struct shim_item *wake;	/* tags of our own descriptors */
	struct shim_item *tag;
	atomic_int nr_items;	/* not left to the kernel */
	int nr_ready;		/* ev_lock */
	int efd;		/* wakes sleepers in epoll_wait(), -1: not yet */
	int sleepers;		/* ev_lock */
	bool efd_set;		/* ev_lock */
	bool nested;		/* somebody polls it: efd shows the ready list */
	bool data;		/* packets wake it */
	int ctl_fd;		/* etran_pollfds()[0] as registered */
	unsigned int round;

	void (*release)(struct shim_file *f);	/* the last reference is gone */
	struct shim_file *next_free;
};

/* Of a socket in state CONN: was it ever established? */
static inline bool shim_is_up(struct shim_file *f)
{
	if (!f->up && etran_connected(f->s))
		f->up = true;
	return f->up;
}

#endif /* LIBETRAN_SHIM_FILE_H */
