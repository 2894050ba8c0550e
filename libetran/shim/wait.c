// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Sleeping until eTran, a kernel descriptor, a signal or a timeout has news.
 *
 * Whoever calls etran_service() handles the packets of all sockets, so a
 * sleeping thread must be told when another one found something for it: every
 * sleeper has an eventfd, and shim_changed() writes to those that wait on the
 * socket. One of those that wait for data, the leader, also polls libetran's
 * descriptors; when it goes, the next one takes over. So a packet wakes one
 * thread, or two. Who only accepts polls what tells of new connections instead,
 * and sleeps on when packets come for the others.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include "cork.h"
#include "fd.h"
#include "real.h"
#include "tls.h"
#include "wait.h"

/* Those that wait for data; shim_ev_lock */
static struct shim_list sleepers = { &sleepers, &sleepers };
static struct shim_waiter *leader;				/* shim_ev_lock */

static SHIM_TLS struct shim_waiter own;
static SHIM_TLS bool own_made, own_busy;
static pthread_key_t own_key;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

void shim_until(struct shim_until *u, const struct timespec *left)
{
	u->set = left;
	u->at = (struct timespec){ 0 };
	if (!left || shim_ts_zero(left))
		return;
	clock_gettime(CLOCK_MONOTONIC, &u->at);
	if (__builtin_add_overflow(u->at.tv_sec, left->tv_sec, &u->at.tv_sec)) {
		u->set = false;
		return;
	}
	u->at.tv_nsec += left->tv_nsec;
	if (u->at.tv_nsec >= 1000000000) {
		u->at.tv_nsec -= 1000000000;
		u->at.tv_sec++;
	}
}

/* How long until then? Return: false when it is over. */
bool shim_left(const struct shim_until *u, struct timespec *left)
{
	struct timespec now;

	if (!u->set) {
		*left = (struct timespec){ .tv_sec = 1 << 30 };
		return true;
	}
	*left = (struct timespec){ 0 };
	if (shim_ts_zero(&u->at))	/* "do not wait" needs no clock */
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > u->at.tv_sec ||
	    (now.tv_sec == u->at.tv_sec && now.tv_nsec >= u->at.tv_nsec))
		return false;
	left->tv_sec = u->at.tv_sec - now.tv_sec;
	left->tv_nsec = u->at.tv_nsec - now.tv_nsec;
	if (left->tv_nsec < 0) {
		left->tv_nsec += 1000000000;
		left->tv_sec--;
	}
	return true;
}

static void own_free(void *arg)
{
	(void)arg;
	if (own_made) {
		atomic_store(&shim_fds[own.efd], NULL);
		real.close(own.efd);
		own_made = false;
	}
}

static void own_init(void)
{
	pthread_key_create(&own_key, own_free);
}

/**
 * shim_wait_begin - become a sleeper
 * @stack: used when the thread's own is taken, by the call that a signal
 *	handler interrupted
 */
struct shim_waiter *shim_wait_begin(struct shim_waiter *stack)
{
	struct shim_waiter *w = own_busy ? stack : &own;

	shim_uncork();
	w->on_stack = w == stack;
	if (w->on_stack || !own_made)
		w->efd = shim_high_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	if (!w->on_stack) {
		own_busy = true;
		if (!own_made && w->efd >= 0) {
			pthread_once(&own_once, own_init);
			pthread_setspecific(own_key, &own);
			own_made = true;
		}
	}
	w->data = false;
	return w;
}

static void wake(struct shim_waiter *w)
{
	uint64_t one = 1;

	if (real.write(w->efd, &one, sizeof(one)) < 0)
		return;		/* full: it is awake */
}

void shim_wait_end(struct shim_waiter *w)
{
	et_mutex_lock(&shim_ev_lock);
	if (w->data)
		shim_list_del(&w->node);
	if (leader == w) {
		leader = NULL;
		if (!shim_list_empty(&sleepers)) {
			leader = shim_entry(sleepers.next, struct shim_waiter, node);
			wake(leader);
		}
	}
	et_mutex_unlock(&shim_ev_lock);
	if (!w->on_stack) {
		own_busy = false;
	} else if (w->efd >= 0) {
		atomic_store(&shim_fds[w->efd], NULL);
		real.close(w->efd);
	}
}

void shim_wait_on(struct shim_waiter *w, struct shim_wait_ent *e, struct shim_file *f)
{
	e->w = w;
	e->f = f;
	et_mutex_lock(&shim_ev_lock);
	if (!w->data && (f->kind != SHIM_SOCK || f->state != SHIM_LISTEN)) {
		w->data = true;
		shim_list_add(&w->node, &sleepers);
		if (!leader)
			leader = w;
	}
	shim_list_add(&e->node, &f->waiters);
	atomic_fetch_add(&f->nr_watch, 1);
	et_mutex_unlock(&shim_ev_lock);
}

void shim_wait_off(struct shim_wait_ent *e)
{
	et_mutex_lock(&shim_ev_lock);
	shim_list_del(&e->node);
	atomic_fetch_sub(&e->f->nr_watch, 1);
	et_mutex_unlock(&shim_ev_lock);
}

/* Wake who sleeps on a file; shim_ev_lock is held. */
void shim_wake_waiters(struct shim_file *f)
{
	struct shim_list *pos;
	struct shim_waiter *w;

	shim_for_each(pos, &f->waiters) {
		w = shim_entry(pos, struct shim_wait_ent, node)->w;
		if (w != &own)
			wake(w);
	}
}

/**
 * shim_wait - sleep
 * @fds: kernel descriptors, with room for SHIM_EXTRA_FDS more behind them
 * Return: how many of the @n have events, 0 also when the time is over or eTran
 * may have news; -1 with errno.
 */
int shim_wait(struct shim_waiter *w, struct pollfd *fds, nfds_t n,
	      const struct shim_until *u, const sigset_t *mask)
{
	struct timespec left;
	nfds_t k = n, i;
	uint64_t count;
	int r, polls;

	fds[k++] = (struct pollfd){ .fd = w->efd, .events = POLLIN };
	et_mutex_lock(&shim_ev_lock);
	polls = leader == w ? SHIM_ETRAN_FDS : w->data ? 0 : SHIM_PACKET_FDS;
	et_mutex_unlock(&shim_ev_lock);
	if (polls) {
		r = etran_pollfds(fds + k, polls);
		if (r > 0)
			k += r;
	}
	shim_left(u, &left);
	/* no descriptor was left for the eventfd: look now and then */
	if (w->efd < 0 && (left.tv_sec || left.tv_nsec > 10000000))
		left = (struct timespec){ .tv_nsec = 10000000 };
	r = real.ppoll(fds, k, u->set || w->efd < 0 ? &left : NULL, mask);
	if (r <= 0)
		return r;
	if (fds[n].revents && real.read(w->efd, &count, sizeof(count)) < 0)
		r += 0;		/* another thread's wake-up is not there yet */
	for (i = n; i < k; i++)
		r -= !!fds[i].revents;
	return r;
}

/*
 * Which signals have handlers, and with SA_RESTART? poll() gives EINTR for
 * both, read() and friends only for those without.
 */
static uint8_t handlers[_NSIG];		/* 1: with SA_RESTART, 2: without */
static atomic_int nr_handlers[3];

void shim_signal_seen(int sig)
{
	struct sigaction sa;
	uint8_t kind = 0;

	if (sig < 1 || sig >= _NSIG || real.sigaction(sig, NULL, &sa))
		return;
	if (sa.sa_handler != SIG_DFL && sa.sa_handler != SIG_IGN)
		kind = sa.sa_flags & SA_RESTART ? 1 : 2;
	if (handlers[sig] == kind)
		return;
	atomic_fetch_sub(&nr_handlers[handlers[sig]], 1);
	atomic_fetch_add(&nr_handlers[kind], 1);
	handlers[sig] = kind;
}

/*
 * Handlers of both kinds: keep signals out while we sleep, look at which one
 * comes, let it be handled, and answer as its flag says.
 */
static int wait_told(struct shim_waiter *w, struct pollfd *fds, const struct shim_until *u)
{
	sigset_t all, old, want, pending;
	struct pollfd pfd[1 + SHIM_EXTRA_FDS];
	bool restart = true;
	int sig, sfd, r;

	(void)fds;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	sigemptyset(&want);
	for (sig = 1; sig < _NSIG; sig++)
		if (!sigismember(&old, sig))
			sigaddset(&want, sig);
	sfd = signalfd(-1, &want, SFD_CLOEXEC | SFD_NONBLOCK);
	pfd[0] = (struct pollfd){ .fd = sfd, .events = POLLIN };
	r = shim_wait(w, pfd, 1, u, NULL);
	if (r > 0) {
		sigpending(&pending);
		for (sig = 1; sig < _NSIG; sig++)
			if (sigismember(&pending, sig) && sigismember(&want, sig) &&
			    handlers[sig] == 2)
				restart = false;
		r = restart ? 0 : -1;
	}
	if (sfd >= 0)
		real.close(sfd);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r < 0)
		errno = EINTR;
	return r;
}

/* As shim_wait(), but a handler with SA_RESTART goes unnoticed. */
int shim_wait_restart(struct shim_waiter *w, struct pollfd *fds, nfds_t n,
		      const struct shim_until *u)
{
	int r;

	if (!n && !u->set && nr_handlers[1] > 0 && nr_handlers[2] > 0)
		return wait_told(w, fds, u);
	r = shim_wait(w, fds, n, u, NULL);
	if (r < 0 && errno == EINTR && !u->set &&
	    nr_handlers[1] > 0 && nr_handlers[2] <= 0)
		return 0;
	return r;
}

/* In a forked child: its parent's sleepers are not its own. */
void shim_wait_fork(void)
{
	shim_list_init(&sleepers);
	leader = NULL;
	own_busy = false;
	if (own_made)
		real.close(own.efd);
	own_made = false;
}
