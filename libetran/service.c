// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * What has to be done from time to time, and who does it.
 *
 * Normally the application's threads do: they sleep in poll() on
 * etran_pollfds() and call etran_service(). One more thread stands in while
 * they do not come: while the application computes for seconds, has closed its
 * sockets and does something else, or etrand has to be found again. It never
 * polls the AF_XDP sockets, so it takes no wake-up from the application:
 *
 *   nothing unacknowledged, no orphan	sleeps without a limit (costs nothing)
 *   data unacknowledged		looks every 100 ms whether the application
 *					came by; if not, it does the service (a
 *					retransmission time-out is at least 200 ms)
 *   orphans, somebody short of frames	every 20 ms
 *
 * Data that it moves from a ring to a socket no longer makes the AF_XDP socket
 * readable, so it makes the event descriptor of etran_pollfds() readable.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "frame.h"
#include "service.h"
#include "shape.h"
#include "tenant.h"

#define TICK_MS		100
#define TICK_SHORT_MS	20
#define IDLE_TICKS	10	/* before sleeping without a limit */
#define BACKOFF_MIN_MS	50
#define BACKOFF_MAX_MS	2000
#define STACK_SIZE	(128 * 1024)

static struct {
	uint64_t services;	/* et_tn.services at the last look */
	unsigned int idle;
	int backoff;
} thread;

void et_wake_app(void)
{
	uint64_t one = 1;

	if (et_tn.ev_set || et_tn.evfd < 0)
		return;
	et_tn.ev_set = true;
	if (write(et_tn.evfd, &one, sizeof(one)) < 0)
		et_debug("eventfd: %d", errno);
}

void et_thread_wake(void)
{
	uint64_t one = 1;

	if (!et_tn.thread_deep)
		return;
	et_tn.thread_deep = false;
	if (write(et_tn.thfd, &one, sizeof(one)) < 0)
		et_debug("eventfd: %d", errno);
}

/*
 * Receive, reap, send again, read etrand's messages.
 *
 * etrand's socket costs a system call, the rings only memory accesses. A caller
 * who was woken comes for one of them: so the socket is looked at when the
 * rings were empty, and now and then.
 */
static void service(bool woken)
{
	bool busy;

	busy = et_frames_reap();
	busy |= et_shape.receive();
	if (woken || !busy || ++et_tn.quiet >= ET_QUIET_MAX) {
		et_tn.quiet = 0;
		et_ctl_flush();
		et_ctl_read();
	}
	if (et_tn.nr_starved || et_tn.tx_free <= et_tn.tx_frames / 4)
		et_shape.refresh();
	et_shape.flush();
}

/*
 * The application has come: it need not be woken any more. Nobody else may say
 * so, since what it sleeps on may be the socket to an etrand that is gone.
 */
static void app_came(void)
{
	bool woken = et_tn.ev_set;
	uint64_t n;

	et_tn.services++;
	et_tn.ev_set = false;
	if (woken && read(et_tn.evfd, &n, sizeof(n)) < 0)
		et_debug("eventfd: %d", errno);
	service(woken);
}

/* How long may the thread sleep? -1: until it is woken. */
static int plan(void)
{
	bool stuck = false;
	uint32_t i;

	for (i = 0; i < et_tn.nr_queues; i++)
		stuck |= et_tn.queues[i].stuck;
	et_tn.thread_deep = false;
	if (et_tn.ctl < 0)
		return thread.backoff;
	if (et_tn.nr_orphans || et_tn.nr_starved || et_tn.nr_owed || stuck || et_tn.out) {
		thread.idle = 0;
		return TICK_SHORT_MS;
	}
	if (et_tn.tx_active) {
		thread.idle = 0;
		return TICK_MS;
	}
	if (++thread.idle < IDLE_TICKS)
		return TICK_MS;
	et_tn.thread_deep = true;
	return -1;
}

static void tick(void)
{
	et_tn.told = false;
	if (et_tn.services == thread.services) {
		service(false);
		et_shape.refresh();
	} else {
		if (et_tn.tx_active)
			et_shape.refresh();
		et_ctl_flush();
		et_kick_all();
	}
	thread.services = et_tn.services;
	et_shape.linger();
	if (et_tn.lost)
		et_ctl_settle();
	et_shape.tell();
	if (et_tn.told)
		et_wake_app();
}

/* Find etrand again and tell it who we are. */
static void reconnect(void)
{
	struct etran_ctl_msg m;
	int fds[ETRAN_MAX_QUEUES + 2], nr = ETRAN_MAX_QUEUES + 2, err;
	int ctl = et_ctl_dial();

	if (ctl < 0)
		goto later;
	err = et_tenant_hello(ctl, true, &m, fds, &nr);
	if (!err)
		et_close_fds(fds, nr);
	if (err || m.type != ETRAN_CTL_WELCOME || m.u.welcome.tenant != et_tn.id) {
		close(ctl);
		goto later;
	}
	et_lock();
	if (et_tn.lost)
		et_ctl_settle();
	et_tn.ctl = ctl;
	thread.backoff = BACKOFF_MIN_MS;
	et_ctl_flush();
	et_shape.resume();
	et_wake_app();
	et_debug("etrand is back");
	et_unlock();
	return;
later:
	thread.backoff *= 2;
	if (thread.backoff > BACKOFF_MAX_MS)
		thread.backoff = BACKOFF_MAX_MS;
}

static void *thread_main(void *arg)
{
	struct pollfd p[2] = { 0 };
	bool away;
	uint64_t n;
	int ms;

	(void)arg;
	for (;;) {
		et_lock();
		ms = plan();
		p[0].fd = et_tn.ctl;	/* POLLHUP comes without asking */
		p[1].fd = et_tn.thfd;
		p[1].events = POLLIN;
		et_unlock();
		poll(p, 2, ms);
		if (p[1].revents && read(et_tn.thfd, &n, sizeof(n)) < 0)
			et_debug("eventfd: %d", errno);
		et_lock();
		if (p[0].revents & (POLLHUP | POLLERR))
			et_ctl_read();
		tick();
		away = et_tn.ctl < 0;
		et_unlock();
		if (away && !p[1].revents)
			reconnect();
	}
	return NULL;
}

/* Start it with every signal blocked: they are the application's. */
int et_thread_start(void)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t id;
	int err;

	thread.backoff = BACKOFF_MIN_MS;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&id, &attr, thread_main, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (err)
		return -err;
	pthread_setname_np(id, "etran");
	return 0;
}

ET_API void etran_service(void)
{
	if (!et_usable())
		return;
	et_lock();
	app_came();
	et_unlock();
}

ET_API void etran_kick(void)
{
	if (!et_usable())
		return;
	et_lock();
	et_shape.flush();
	et_unlock();
}

ET_API bool etran_cork(bool on)
{
	bool was;

	if (!et_usable())
		return false;
	et_lock();
	was = et_tn.corked;
	et_tn.corked = on;
	et_unlock();
	return was;
}

ET_API int etran_pollfds(struct pollfd *fds, int max)
{
	uint32_t i;
	int n = 0;

	if (!et_usable())
		return 0;
	et_lock();
	if (n < max)
		fds[n++].fd = et_tn.ctl;
	if (n < max)
		fds[n++].fd = et_tn.evfd;
	for (i = 0; i < et_tn.nr_queues && n < max; i++)
		fds[n++].fd = et_tn.queues[i].fd;
	et_unlock();
	for (i = 0; i < (uint32_t)n; i++) {
		fds[i].events = POLLIN;
		fds[i].revents = 0;
	}
	return n;
}

ET_API int etran_drain(int timeout_ms)
{
	uint64_t end = et_now() + (timeout_ms < 0 ? 0 : timeout_ms) * 1000000ull;
	struct pollfd fds[ETRAN_MAX_QUEUES + 2];
	int left, n;

	if (!et_usable())
		return 0;
	for (;;) {
		et_lock();
		app_came();
		et_shape.linger();
		left = et_tn.nr_orphans;
		if (!left)
			et_ctl_flush();
		et_unlock();
		if (!left || et_now() >= end)
			return left;
		n = etran_pollfds(fds, ETRAN_MAX_QUEUES + 2);
		poll(fds, n, 5);
	}
}
