// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Becoming a tenant: HELLO, and mapping what etrand sends back.
 *
 * All mappings are marked MADV_DONTFORK and all descriptors are close-on-exec:
 * a forked child shares nothing with its parent, so that fork() stays cheap and
 * no page of the UMEM is ever copied on write under the NIC.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "frame.h"
#include "service.h"
#include "shape.h"
#include "tenant.h"

#define RETRY_NS	1000000000ull	/* "no daemon" is remembered this long */
#define FRAMES_MAX	(1u << 20)
#define RING_MAX	(1u << 16)
#define FD_HIGH		896

struct et_tenant et_tn = {
	.ctl = -1,
	.evfd = -1,
	.thfd = -1,
	.out_tail = &et_tn.out,
	.pending_tail = &et_tn.pending,
};

uint64_t et_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void et_debug(const char *fmt, ...)
{
	char line[200];
	va_list ap;
	int n;

	if (!et_tn.debug)
		return;
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	dprintf(STDERR_FILENO, "libetran[%d]: %.*s\n", getpid(), n, line);
}

void et_lock(void)
{
	et_mutex_lock(&et_tn.lock);
}

/* What was queued goes out, who is concerned is told, then others may come in. */
void et_unlock(void)
{
	if (et_tn.lost)
		et_ctl_settle();
	if (et_tn.pending && !et_tn.corked)
		et_shape.flush();
	if (et_tn.touched)
		et_shape.tell();
	et_mutex_unlock(&et_tn.lock);
}

void et_close_fds(int *fds, int n)
{
	while (n-- > 0)
		close(fds[n]);
}

/*
 * Move a descriptor out of the way of programs that count on small numbers, but
 * not so far that the kernel's table (copied on every fork) grows.
 */
int et_fd_high(int fd)
{
	struct rlimit rl;
	int high, min = FD_HIGH;

	if (fd < 0)
		return fd;
	if (!getrlimit(RLIMIT_NOFILE, &rl) && rl.rlim_cur < 1024)
		min = rl.rlim_cur / 2;
	high = fcntl(fd, F_DUPFD_CLOEXEC, min);
	if (high < 0)
		return fd;
	close(fd);
	return high;
}

static bool power_of_two(uint32_t n)
{
	return n && n <= RING_MAX && !(n & (n - 1));
}

static bool welcome_ok(const struct etran_ctl_welcome *w, int nr_fds)
{
	return w->nr_queues && w->nr_queues <= ETRAN_MAX_QUEUES &&
	       nr_fds == (int)w->nr_queues + 2 &&
	       w->nr_frames && w->nr_frames <= FRAMES_MAX &&
	       w->fill_frames && w->fill_frames <= w->fill_size &&
	       (uint64_t)w->fill_frames * w->nr_queues < w->nr_frames &&
	       power_of_two(w->fill_size) && power_of_two(w->comp_size) &&
	       power_of_two(w->rx_size) && power_of_two(w->tx_size) &&
	       w->nr_slots && w->nr_slots <= ETRAN_MAX_CONNS;
}

/**
 * et_map_fd - map a file that etrand sent. No lock needed.
 * Forked children do not have it.
 * Return: NULL when that is not possible.
 */
void *et_map_fd(const char *what, int fd, size_t len, int prot)
{
	void *map = mmap(NULL, len, prot, MAP_SHARED | MAP_POPULATE, fd, 0);

	if (map == MAP_FAILED) {
		et_debug("cannot map %s: error %d", what, errno);
		return NULL;
	}
	madvise(map, len, MADV_DONTFORK);
	return map;
}

/* A file that is too short would fault later. */
static bool long_enough(int fd, size_t len)
{
	struct stat st;

	return !fstat(fd, &st) && (uint64_t)st.st_size >= len;
}

static void tenant_unmap(void)
{
	struct et_tenant *t = &et_tn;
	uint32_t i;

	for (i = 0; i < t->nr_queues; i++) {
		et_queue_unmap(&t->queues[i]);
		close(t->queues[i].fd);
	}
	t->nr_queues = 0;
	if (t->umem)
		munmap(t->umem, t->umem_len);
	et_shape.detach();
	free(t->frames);
	t->umem = NULL;
	t->frames = NULL;
}

/* fds: UMEM, conn_pub, sockets. Those of the sockets become ours. */
static int tenant_map(const struct etran_ctl_welcome *w, const int *fds)
{
	struct et_tenant *t = &et_tn;
	uint32_t i;
	int err;

	if (w->chunk_size != ETRAN_CHUNK_SIZE && w->chunk_size != ETRAN_CHUNK_MAX)
		return -EPROTO;
	t->chunk_shift = __builtin_ctz(w->chunk_size);
	t->umem_len = (size_t)w->nr_frames * w->chunk_size;
	if (!long_enough(fds[0], t->umem_len))
		return -EPROTO;
	t->umem = et_map_fd("UMEM", fds[0], t->umem_len, PROT_READ | PROT_WRITE);
	if (!t->umem)
		return -ENOMEM;
	err = et_frames_init(w->nr_frames, w->nr_queues, w->fill_frames);
	if (!err)
		err = et_shape.attach(w, fds[1]);
	for (i = 0; !err && i < w->nr_queues; i++) {
		memset(&t->queues[i], 0, sizeof(t->queues[i]));
		err = et_queue_map(&t->queues[i], fds[2 + i], w);
		if (!err) {
			t->queues[i].fd = et_fd_high(fds[2 + i]);
			t->nr_queues++;
		}
	}
	t->id = w->tenant;
	t->cookie = w->cookie;
	return err;
}

/**
 * et_tenant_hello - introduce ourselves. No lock needed.
 * @ctl: fresh connection
 * @resume: as the tenant that we are already
 * Return: 0 with the answer, whatever it is, or a negative errno.
 */
int et_tenant_hello(int ctl, bool resume, struct etran_ctl_msg *answer, int *fds,
		    int *nr_fds)
{
	struct etran_ctl_msg m = { .type = ETRAN_CTL_HELLO, .id = 1 };
	uint64_t end = et_now() + ET_ANSWER_MS * 1000000ull;
	int err, max = *nr_fds;

	m.u.hello.version = ETRAN_CTL_VERSION;
	if (resume) {
		m.u.hello.flags = ETRAN_HELLO_RESUME;
		m.u.hello.tenant = et_tn.id;
		m.u.hello.cookie = et_tn.cookie;
	}
	prctl(PR_GET_NAME, m.u.hello.comm);
	if (send(ctl, &m, sizeof(m), MSG_NOSIGNAL) != sizeof(m))
		return -errno;
	do {
		*nr_fds = max;
		err = et_ctl_recv(ctl, answer, fds, nr_fds, 1000);
	} while ((err == -EAGAIN || err == -ETIMEDOUT) && et_now() < end);
	return err;
}

/* Return: 0 or a negative errno, and why. */
static int tenant_open(uint32_t *reason)
{
	struct et_tenant *t = &et_tn;
	int fds[ETRAN_MAX_QUEUES + 2], nr = ETRAN_MAX_QUEUES + 2, ctl, err;
	struct etran_ctl_msg m;

	*reason = ETRAN_R_NO_DAEMON;
	ctl = et_ctl_dial();
	if (ctl < 0)
		return ctl;
	err = et_tenant_hello(ctl, false, &m, fds, &nr);
	if (err)
		goto err_ctl;
	*reason = ETRAN_R_VERSION;
	err = -EPROTO;
	if (m.type == ETRAN_CTL_ERROR) {
		err = m.u.error.err ? -(int)m.u.error.err : -EPROTO;
		if (m.u.error.reason && m.u.error.reason < ETRAN_R_MAX)
			*reason = m.u.error.reason;
		goto err_fds;
	}
	if (m.type != ETRAN_CTL_WELCOME || !welcome_ok(&m.u.welcome, nr))
		goto err_fds;
	*reason = ETRAN_R_UNSUPPORTED;
	t->evfd = et_fd_high(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	t->thfd = et_fd_high(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	err = t->evfd < 0 || t->thfd < 0 ? -EMFILE : tenant_map(&m.u.welcome, fds);
	if (err)
		goto err_map;
	et_close_fds(fds, 2);
	t->ctl = ctl;
	t->open = true;
	err = et_thread_start();
	if (!err)
		return 0;
	t->open = false;
	t->ctl = -1;
	tenant_unmap();
	close(t->evfd);
	close(t->thfd);
	close(ctl);
	return err;
err_map:
	/* Sockets that were mapped have moved and are closed there. */
	et_close_fds(fds, 2);
	et_close_fds(fds + 2 + t->nr_queues, nr - 2 - (int)t->nr_queues);
	tenant_unmap();
	if (t->evfd >= 0)
		close(t->evfd);
	if (t->thfd >= 0)
		close(t->thfd);
	close(ctl);
	return err;
err_fds:
	et_close_fds(fds, nr);
err_ctl:
	close(ctl);
	return err;
}

ET_API int etran_open(uint32_t *reason)
{
	struct et_tenant *t = &et_tn;
	static bool atfork;
	uint32_t why = ETRAN_R_NONE;
	int err = 0;

	if (t->forked) {
		if (reason)
			*reason = ETRAN_R_FORK;
		return -ENOTCONN;
	}
	et_lock();
	if (!t->open) {
		if (t->fail && (t->fail_reason != ETRAN_R_NO_DAEMON ||
				et_now() < t->fail_at + RETRY_NS)) {
			err = t->fail;
			why = t->fail_reason;
		} else {
			t->debug = getenv("ETRAN_DEBUG") != NULL;
			err = tenant_open(&why);
			t->fail = err;
			t->fail_reason = why;
			t->fail_at = et_now();
			if (!err && !atfork)
				atfork = !pthread_atfork(NULL, NULL, etran_forked);
			et_debug("open: %d (%s)", err, etran_reason_name(err ? why : 0));
		}
	}
	if (reason)
		*reason = err ? why : ETRAN_R_NONE;
	et_unlock();
	return err;
}

/*
 * The child has no mappings (MADV_DONTFORK) and must not keep the parent's
 * sockets open: etrand takes their end for the parent's. The lock may have been
 * held by a thread that does not exist here, so it is not taken; there is one
 * thread only.
 */
ET_API void etran_forked(void)
{
	struct et_tenant *t = &et_tn;
	uint32_t i;

	if (t->forked || !t->open)
		return;
	t->forked = true;
	if (t->ctl >= 0)
		close(t->ctl);
	close(t->evfd);
	close(t->thfd);
	for (i = 0; i < t->nr_queues; i++)
		close(t->queues[i].fd);
	et_shape.forked();
}

ET_API void etran_fallback(uint32_t reason)
{
	struct etran_ctl_msg m = { .type = ETRAN_CTL_FALLBACK };

	if (!et_usable())
		return;
	et_lock();
	m.id = et_ctl_id();
	m.u.fallback.reason = reason;
	m.u.fallback.count = 1;
	et_ctl_send(&m, -1);
	et_unlock();
}

static const char *const reason_names[] = { ETRAN_REASON_NAMES };

_Static_assert(sizeof(reason_names) / sizeof(reason_names[0]) == ETRAN_R_MAX,
	       "every reason has a name");

ET_API const char *etran_reason_name(uint32_t reason)
{
	return reason < ETRAN_R_MAX ? reason_names[reason] : "unknown";
}
