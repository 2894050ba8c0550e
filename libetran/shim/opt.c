// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Options, fcntl and ioctl. What only changes the kernel socket is passed to
 * it: it checks the value, remembers it and answers for it. Without effect on
 * an eTran connection: SO_SNDBUF, SO_RCVBUF, SO_PRIORITY, IP_TOS, keep-alive
 * times, TCP_CORK, TCP_NODELAY (there is no Nagle delay), TCP_CONGESTION.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "epoll.h"
#include "fd.h"
#include "life.h"
#include "opt.h"
#include "real.h"
#include "sock.h"
#include "uapi/etran_ctl.h"

static int fail(int err)
{
	errno = err;
	return -1;
}

static int give(void *val, socklen_t *len, const void *from, socklen_t size)
{
	if (!val || !len)
		return fail(EFAULT);
	if ((int)*len < 0)
		return fail(EINVAL);
	if (*len > size)
		*len = size;
	memcpy(val, from, *len);
	return 0;
}

/* SO_ERROR, as the last connect() or the connection left it. */
static int take_error(struct shim_file *f)
{
	int err = f->err;

	if (f->state == SHIM_INERT)
		return ECONNRESET;
	etran_service();
	if (shim_check_refused(f)) {
		err = f->err;
		f->err = 0;
		return err;
	}
	if (err) {
		f->err = 0;
		return err;
	}
	err = etran_error(f->s);
	return err && f->refused ? f->refused : err;
}

static int tcp_info(struct shim_file *f, void *val, socklen_t *len)
{
	struct tcp_info info = { .tcpi_state = TCP_SYN_SENT };
	uint32_t ev;

	if (f->state == SHIM_LISTEN) {
		info.tcpi_state = TCP_LISTEN;
	} else if (f->state == SHIM_INERT) {
		info.tcpi_state = TCP_CLOSE;
	} else if (etran_connected(f->s)) {
		ev = etran_events(f->s);
		info.tcpi_state = TCP_ESTABLISHED;
		if (ev & EPOLLHUP)
			info.tcpi_state = TCP_CLOSE;
		else if (ev & EPOLLRDHUP)
			info.tcpi_state = TCP_CLOSE_WAIT;
		info.tcpi_snd_mss = 1448;
		info.tcpi_rcv_mss = 1448;
		info.tcpi_unacked = (etran_outq(f->s) + 1447) / 1448;
		info.tcpi_options = TCPI_OPT_TIMESTAMPS | TCPI_OPT_WSCALE;
	}
	return give(val, len, &info, sizeof(info));
}

int shim_getsockopt(struct shim_file *f, int fd, int level, int opt, void *val, socklen_t *len)
{
	int one = 1, err;

	if (f->kind != SHIM_SOCK)
		return real.getsockopt(fd, level, opt, val, len);
	if (f->state < SHIM_CONN) {
		err = f->err;
		if (level != SOL_SOCKET || opt != SO_ERROR || !err)
			return real.getsockopt(fd, level, opt, val, len);
		f->err = 0;
		return give(val, len, &err, sizeof(err));
	}
	if (level == SOL_SOCKET && opt == SO_ERROR && f->state != SHIM_LISTEN) {
		err = take_error(f);
		if (!err && f->state == SHIM_KERNEL)
			return real.getsockopt(fd, level, opt, val, len);
		return give(val, len, &err, sizeof(err));
	}
	if (level == SOL_SOCKET && opt == SO_ACCEPTCONN && f->state == SHIM_LISTEN)
		return give(val, len, &one, sizeof(one));
	if (level == IPPROTO_TCP && opt == TCP_INFO)
		return tcp_info(f, val, len);
	return real.getsockopt(fd, level, opt, val, len);
}

static void note_timeo(struct timespec *t, const void *val)
{
	struct timeval tv;

	memcpy(&tv, val, sizeof(tv));
	/* negative means "do not wait" to Linux */
	if (tv.tv_sec < 0)
		tv = (struct timeval){ .tv_usec = 1 };
	*t = (struct timespec){ .tv_sec = tv.tv_sec, .tv_nsec = tv.tv_usec * 1000 };
}

/* Options that eTran cannot honour: the socket stays with the kernel. */
static bool needs_kernel(int level, int opt)
{
	if (level == SOL_SOCKET)
		return opt == SO_BINDTODEVICE || opt == SO_MARK;
	if (level == IPPROTO_IP)
		return opt == IP_TRANSPARENT || opt == IP_OPTIONS;
	if (level == IPPROTO_TCP)
		return opt == TCP_REPAIR || opt == TCP_MD5SIG || opt == TCP_ULP ||
		       opt == TCP_FASTOPEN_CONNECT;
	return false;
}

static void note_option(struct shim_file *f, int opt, const void *val, socklen_t len)
{
	int num = 0;

	if (len >= sizeof(num))
		memcpy(&num, val, sizeof(num));
	if (opt == SO_LINGER && len >= sizeof(f->linger))
		memcpy(&f->linger, val, sizeof(f->linger));
	else if (opt == SO_RCVTIMEO && len >= sizeof(struct timeval))
		note_timeo(&f->rcvtimeo, val);
	else if (opt == SO_SNDTIMEO && len >= sizeof(struct timeval))
		note_timeo(&f->sndtimeo, val);
	else if (opt == SO_RCVLOWAT)
		f->lowat = num > 0 ? num : 1;
}

int shim_setsockopt(struct shim_file *f, int fd, int level, int opt, const void *val,
		    socklen_t len)
{
	int r;

	if (f->kind == SHIM_SOCK && f->state >= SHIM_CONN && needs_kernel(level, opt))
		return fail(ENOPROTOOPT);
	r = real.setsockopt(fd, level, opt, val, len);
	if (r || f->kind != SHIM_SOCK)
		return r;
	if (level == SOL_SOCKET)
		note_option(f, opt, val, len);
	if (f->state == SHIM_NEW && needs_kernel(level, opt) && !shim_require) {
		shim_kernel("setsockopt", ETRAN_R_UNSUPPORTED);
		f->state = SHIM_KERNEL;
		shim_epoll_drop(f);
	}
	return 0;
}

int shim_fcntl(struct shim_file *f, int fd, int cmd, long arg)
{
	long r;

	if (f->kind == SHIM_SOCK && cmd == F_SETFL) {
		r = real.fcntl(fd, cmd, f->state == SHIM_LISTEN && f->knl_listen ?
			       arg | O_NONBLOCK : arg);
		if (!r)
			f->nonblock = arg & O_NONBLOCK;
		return r;
	}
	r = real.fcntl(fd, cmd, arg);
	if (f->kind == SHIM_SOCK && cmd == F_GETFL && r >= 0)
		r = f->nonblock ? r | O_NONBLOCK : r & ~O_NONBLOCK;
	if ((cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC) && r >= 0)
		r = shim_dup(fd, r);
	return r;
}

int shim_ioctl(struct shim_file *f, int fd, unsigned long req, long arg)
{
	size_t n;
	int r;

	if (f->kind != SHIM_SOCK)
		return real.ioctl(fd, req, arg);
	if (req == FIONBIO) {
		int on = arg ? *(int *)arg : 0, one = 1;

		if (!arg)
			return fail(EFAULT);
		r = real.ioctl(fd, req, f->state == SHIM_LISTEN && f->knl_listen ?
			       (long)&one : arg);
		if (!r)
			f->nonblock = on;
		return r;
	}
	if (f->state != SHIM_CONN || (req != FIONREAD && req != TIOCOUTQ))
		return real.ioctl(fd, req, arg);
	if (!arg)
		return fail(EFAULT);
	if (req == FIONREAD)
		etran_service();
	n = req == FIONREAD ? etran_inq(f->s) : etran_outq(f->s);
	*(int *)arg = n > INT_MAX ? INT_MAX : (int)n;
	return 0;
}
