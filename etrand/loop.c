// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event loop: epoll for descriptors, one sorted list for timers.
 *
 * epoll_wait() takes one event at a time, so a handler may free any other
 * watch without a stale pointer in a batch. A timer is inserted from the end of
 * the list that is nearer in time: those of handshakes are due in a second, those
 * of thousands in TIME_WAIT in a minute. Without armed timers the loop sleeps for
 * good.
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"

static int epfd = -1;
static bool running;
static int exit_status;
static struct timer timers = { .prev = &timers, .next = &timers };

/** loop_init - Return: 0 or a negative errno */
int loop_init(void)
{
	epfd = epoll_create1(EPOLL_CLOEXEC);
	return epfd < 0 ? -errno : 0;
}

/** loop_now - CLOCK_MONOTONIC in ns, the clock of bpf_ktime_get_ns() */
uint64_t loop_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/** watch_add - start waiting on w->fd */
int watch_add(struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	return epoll_ctl(epfd, EPOLL_CTL_ADD, w->fd, &ev) ? -errno : 0;
}

/** watch_set - change what is waited for */
int watch_set(struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	return epoll_ctl(epfd, EPOLL_CTL_MOD, w->fd, &ev) ? -errno : 0;
}

/** watch_del - stop waiting and close the descriptor; harmless when closed */
void watch_del(struct watch *w)
{
	if (w->fd < 0)
		return;
	epoll_ctl(epfd, EPOLL_CTL_DEL, w->fd, NULL);
	close(w->fd);
	w->fd = -1;
}

/** timer_stop - harmless when not armed */
void timer_stop(struct timer *t)
{
	if (!t->due)
		return;
	t->prev->next = t->next;
	t->next->prev = t->prev;
	t->due = 0;
}

/** timer_arm - call t->fn once after @delay_ns; an armed timer is moved */
void timer_arm(struct timer *t, uint64_t delay_ns)
{
	struct timer *at, *first, *last;

	timer_stop(t);
	t->due = loop_now() + delay_ns;
	first = timers.next;
	last = timers.prev;
	at = last;
	if (first != &timers &&
	    (int64_t)(t->due - first->due) < (int64_t)(last->due - t->due)) {
		/* ends before @last at the latest */
		for (at = first; at->due <= t->due; at = at->next)
			;
		at = at->prev;
	}
	while (at != &timers && at->due > t->due)
		at = at->prev;
	t->prev = at;
	t->next = at->next;
	at->next->prev = t;
	at->next = t;
}

static int run_timers(void)
{
	uint64_t now = loop_now();
	struct timer *t;

	while (running && (t = timers.next) != &timers) {
		if (t->due > now) {
			uint64_t ms = (t->due - now) / NSEC_PER_MSEC + 1;

			return ms > 3600000 ? 3600000 : (int)ms;
		}
		timer_stop(t);
		t->fn(t);
	}
	return -1;
}

/** loop_stop - make loop_run() return @status */
void loop_stop(int status)
{
	running = false;
	exit_status = status;
}

/** loop_run - serve until loop_stop() */
int loop_run(void)
{
	struct epoll_event ev;
	struct watch *w;
	int timeout, n;

	running = true;
	while (running) {
		timeout = run_timers();
		if (!running)
			break;
		n = epoll_wait(epfd, &ev, 1, timeout);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0)
			continue;
		w = ev.data.ptr;
		w->fn(w, ev.events);
	}
	return exit_status;
}
