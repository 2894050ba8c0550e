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
#ifndef LIBETRAN_SHIM_H
#define LIBETRAN_SHIM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "etran_ctl.h"
#include "libetran.h"
#include "lock.h"
#include "shim_real.h"

#define SHIM_MAX_FD	(1 << 20)	/* descriptors above stay with the kernel */
#define SHIM_ETRAN_FDS	12		/* room for etran_pollfds() */
#define SHIM_PACKET_FDS	2		/* the first of them that packets make readable */
#define SHIM_EXTRA_FDS	(SHIM_ETRAN_FDS + 1)
#define SHIM_TLS	__thread __attribute__((tls_model("initial-exec")))

struct shim_list {
	struct shim_list *next, *prev;
};

#define shim_entry(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define shim_for_each(pos, head) \
	for ((pos) = (head)->next; (pos) != (head); (pos) = (pos)->next)

static inline void shim_list_init(struct shim_list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool shim_list_empty(const struct shim_list *l)
{
	return l->next == l;
}

static inline void shim_list_add(struct shim_list *n, struct shim_list *head)
{
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

static inline void shim_list_del(struct shim_list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	shim_list_init(n);
}

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

	struct shim_file *next_free;
};

/* shim_fd.c */
extern _Atomic(struct shim_file *) shim_fds[SHIM_MAX_FD];
extern pthread_mutex_t shim_fd_lock;
extern struct et_mutex shim_ev_lock;

static inline struct shim_file *shim_peek(int fd)
{
	if ((unsigned int)fd >= SHIM_MAX_FD)
		return NULL;
	return atomic_load_explicit(&shim_fds[fd], memory_order_acquire);
}

struct shim_file *shim_get_slow(int fd);
void shim_put(struct shim_file *f);

/* The file behind a descriptor with a reference, NULL: not ours. */
static inline struct shim_file *shim_get(int fd)
{
	return __builtin_expect(!!shim_peek(fd), 0) ? shim_get_slow(fd) : NULL;
}

/* Only sockets whose data eTran carries (or carried, before the fork). */
static inline struct shim_file *shim_get_conn(int fd)
{
	struct shim_file *f = shim_get(fd);

	if (f && (f->kind != SHIM_SOCK || f->state < SHIM_CONN)) {
		shim_put(f);
		return NULL;
	}
	return f;
}

/* Of a socket in state CONN: was it ever established? */
static inline bool shim_is_up(struct shim_file *f)
{
	if (!f->up && etran_connected(f->s))
		f->up = true;
	return f->up;
}

struct shim_file *shim_file_new(enum shim_kind kind);
int shim_install(int fd, struct shim_file *f);
int shim_close(int fd);
int shim_close_own(int fd);
int shim_dup_own(int fd, int min);
int shim_close_range(unsigned int lo, unsigned int hi, int flags);
int shim_dup(int fd, int newfd);
int shim_dup_to(int fd, int to, int flags);
struct shim_file *shim_next(int *fd);
bool shim_in_other_process(void);
void shim_fd_init(void);
void shim_fd_fork(int stage);
int shim_high_fd(int fd);

/* shim_conn.c */
int shim_socket(int domain, int type, int proto);
int shim_connect(struct shim_file *f, int fd, const struct sockaddr *a, socklen_t n);
int shim_shutdown(struct shim_file *f, int fd, int how);
int shim_getname(struct shim_file *f, int fd, struct sockaddr *a, socklen_t *n, bool peer);
bool shim_check_refused(struct shim_file *f);
void shim_sock_release(struct shim_file *f);
uint32_t shim_sock_events(struct shim_file *f);
void shim_changed(struct etran_sock *s, void *user);

/* shim_accept.c */
int shim_listen(struct shim_file *f, int fd, int backlog);
int shim_accept(struct shim_file *f, int fd, struct sockaddr *a, socklen_t *n, int flags);

/* shim_io.c */
ssize_t shim_recvv(struct shim_file *f, const struct iovec *iov, int n, int flags);
ssize_t shim_sendv(struct shim_file *f, const struct iovec *iov, int n, int flags);
ssize_t shim_read(struct shim_file *f, const struct iovec *iov, int n);
ssize_t shim_recv(struct shim_file *f, void *buf, size_t len, int flags);
ssize_t shim_recvfrom(struct shim_file *f, void *buf, size_t len, int flags,
		      struct sockaddr *a, socklen_t *n);
ssize_t shim_recvmsg(struct shim_file *f, struct msghdr *m, int flags);
int shim_recvmmsg(struct shim_file *f, struct mmsghdr *m, unsigned int n, int flags,
		  struct timespec *t);
ssize_t shim_send(struct shim_file *f, const void *buf, size_t len, int flags);
ssize_t shim_sendmsg(struct shim_file *f, const struct msghdr *m, int flags);
int shim_sendmmsg(struct shim_file *f, struct mmsghdr *m, unsigned int n, int flags);
ssize_t shim_sendfile(struct shim_file *f, int in, off_t *off, size_t len);
ssize_t shim_ret(struct shim_file *f, ssize_t r);

/* shim_wait.c */
struct shim_waiter {
	struct shim_list node;
	int efd;
	bool on_stack;
	bool data;		/* waits for more than new connections; ev_lock */
};

struct shim_wait_ent {
	struct shim_list node;
	struct shim_waiter *w;
	struct shim_file *f;
};

/* A point of time; @set false: never. */
struct shim_until {
	bool set;
	struct timespec at;
};

void shim_until(struct shim_until *u, const struct timespec *left);
bool shim_left(const struct shim_until *u, struct timespec *left);
struct shim_waiter *shim_wait_begin(struct shim_waiter *stack);
void shim_wait_on(struct shim_waiter *w, struct shim_wait_ent *e, struct shim_file *f);
void shim_wait_off(struct shim_wait_ent *e);
void shim_wait_end(struct shim_waiter *w);
int shim_wait(struct shim_waiter *w, struct pollfd *fds, nfds_t n,
	      const struct shim_until *u, const sigset_t *mask);
int shim_wait_restart(struct shim_waiter *w, struct pollfd *fds, nfds_t n,
		      const struct shim_until *u);
void shim_wake_waiters(struct shim_file *f);
int shim_wait_events(struct shim_file *f, uint32_t want, const struct timespec *timeo);
void shim_wait_fork(void);
void shim_signal_seen(int sig);

/* shim_poll.c */
int shim_poll(struct pollfd *p, nfds_t n, const struct shim_until *u, const sigset_t *mask);
int shim_select(int n, fd_set *r, fd_set *w, fd_set *e, const struct shim_until *u,
		const sigset_t *mask);
bool shim_poll_has_ours(const struct pollfd *p, nfds_t n);
bool shim_select_has_ours(int n, const fd_set *r, const fd_set *w, const fd_set *e);

/* shim_epoll.c */
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

/* shim_epoll_wait.c */
int shim_epoll_wait(struct shim_file *ep, int epfd, struct epoll_event *ev, int max,
		    const struct shim_until *u, const sigset_t *mask);
void shim_epoll_settle(struct shim_file *ep);

/* shim_cork.c */
void shim_cork(int n);
void shim_got(size_t n);
void shim_uncork(void);
void shim_sent(void);

/* shim_opt.c */
int shim_getsockopt(struct shim_file *f, int fd, int level, int opt, void *val, socklen_t *len);
int shim_setsockopt(struct shim_file *f, int fd, int level, int opt, const void *val,
		    socklen_t len);
int shim_fcntl(struct shim_file *f, int fd, int cmd, long arg);
int shim_ioctl(struct shim_file *f, int fd, unsigned long req, long arg);

/* shim_life.c */
extern bool shim_require, shim_forked;
__attribute__((format(printf, 1, 2)))
void shim_debug(const char *fmt, ...);
void shim_kernel(const char *call, uint32_t reason);
uint32_t shim_open(void);
void shim_init(void);
void shim_at_exit(void);

static inline bool shim_ts_zero(const struct timespec *t)
{
	return !t->tv_sec && !t->tv_nsec;
}

#endif /* LIBETRAN_SHIM_H */
