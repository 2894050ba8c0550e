/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* epoll: what is watched. */
#ifndef LIBETRAN_SHIM_EPOLL_H
#define LIBETRAN_SHIM_EPOLL_H

#include <sys/epoll.h>

#include "file.h"

enum shim_item_what {
	SHIM_ITEM_FREE,
	SHIM_ITEM_FILE,		/* what the program added */
	SHIM_ITEM_WAKE,		/* tag of the instance's eventfd */
	SHIM_ITEM_ETRAN,	/* tag of libetran's descriptors */
};

enum shim_item_kern {
	SHIM_KERN_NONE,		/* the kernel's instance does not know it */
	SHIM_KERN_PLAIN,	/* knows it with the program's data: all the kernel's */
	SHIM_KERN_TAG,		/* knows it with the item's address as data */
};

/*
 * A descriptor in an epoll instance; all fields under shim_ev_lock. Items live
 * in one reserved range of addresses, so that a tag that comes back from the
 * kernel cannot be taken for data of the program.
 */
struct shim_item {
	uint8_t what;
	uint8_t kern;
	bool queued;		/* in the instance's ready list */
	bool off;		/* EPOLLONESHOT has fired */
	int fd;
	uint32_t gen;		/* counts lives of this memory */
	uint32_t kev;		/* what the kernel's half reported */
	struct epoll_event ev;	/* the program's */
	struct shim_file *ep, *f;
	struct shim_list by_file, by_ep, ready;
	struct shim_item *next_free;
};

int shim_epoll_new(int fd);
int shim_epoll_ctl(int epfd, int op, int fd, struct epoll_event *ev);
struct shim_item *shim_item_of(uint64_t tag);
void shim_epoll_queue(struct shim_item *it);
void shim_epoll_unqueue(struct shim_item *it);
void shim_epoll_wake(struct shim_file *ep);
void shim_epoll_ready(struct shim_file *f);
void shim_epoll_to_kernel(struct shim_file *f);
void shim_epoll_to_etran(struct shim_file *f, bool keep_kernel);
void shim_epoll_drop(struct shim_file *f);
void shim_epoll_release(struct shim_file *ep);
void shim_epoll_ctl_fd(struct shim_file *ep, int epfd);

#endif /* LIBETRAN_SHIM_EPOLL_H */
