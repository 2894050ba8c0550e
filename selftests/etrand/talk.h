/* SPDX-License-Identifier: GPL-2.0-only */
/* Speaking to etrand's socket without libetran: for tests that misbehave. */
#ifndef SELFTESTS_DAEMON_TALK_H
#define SELFTESTS_DAEMON_TALK_H

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "uapi/etran_ctl.h"

#define MAX_FDS	16

static int fds[MAX_FDS], nr_fds;
static uint32_t next_id = 1;

static inline void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

static inline void expect(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s: not as it should be: %s (%s)\n",
		program_invocation_short_name, what, strerror(errno));
	exit(1);
}

static inline int dial(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memcpy(sun.sun_path + 1, ETRAN_CTL_NAME, strlen(ETRAN_CTL_NAME));
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun,
			      offsetof(struct sockaddr_un, sun_path) + 1 +
			      strlen(ETRAN_CTL_NAME)))
		die("connect");
	return fd;
}

static inline int put(int s, const void *mem, size_t len, int flags, int nr, const int *pass)
{
	char control[CMSG_SPACE(sizeof(int) * MAX_FDS)] = { 0 };
	struct iovec iov = { (void *)mem, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (nr) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * nr);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * nr);
		memcpy(CMSG_DATA(c), pass, sizeof(int) * nr);
	}
	return sendmsg(s, &msg, MSG_NOSIGNAL | flags) < 0 ? -errno : 0;
}

/* Return: 1 a message, 0 end of file */
static inline int get(int s, struct etran_ctl_msg *m)
{
	char control[CMSG_SPACE(sizeof(int) * MAX_FDS)];
	struct iovec iov = { m, sizeof(*m) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct pollfd p = { .fd = s, .events = POLLIN };
	struct cmsghdr *c;
	ssize_t n;

	if (poll(&p, 1, 20000) != 1) {
		errno = ETIMEDOUT;
		die("no answer");
	}
	n = recvmsg(s, &msg, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return 0;
	expect(n == sizeof(*m), "length of an answer");
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_RIGHTS) {
		nr_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), nr_fds * sizeof(int));
	}
	return 1;
}

static inline void ask(int s, struct etran_ctl_msg *m, int pass)
{
	m->id = next_id++;
	if (put(s, m, sizeof(*m), 0, pass >= 0, &pass))
		die("send");
	if (!get(s, m))
		die("etrand hung up");
	expect(m->id == next_id - 1, "id of an answer");
}

static inline int hello(struct etran_ctl_msg *m)
{
	int s = dial();

	memset(m, 0, sizeof(*m));
	m->type = ETRAN_CTL_HELLO;
	m->u.hello.version = ETRAN_CTL_VERSION;
	ask(s, m, -1);
	return s;
}

static inline int tenant(struct etran_ctl_msg *m)
{
	int s = hello(m);

	if (m->type != ETRAN_CTL_WELCOME) {
		fprintf(stderr, "ctl: no WELCOME: errno %u, reason %u\n",
			m->u.error.err, m->u.error.reason);
		exit(1);
	}
	return s;
}

static inline void expect_error(const struct etran_ctl_msg *m, uint32_t err, const char *what)
{
	if (m->type == ETRAN_CTL_ERROR && m->u.error.err == err)
		return;
	fprintf(stderr, "ctl: %s: answer %u, errno %u, not %u\n", what, m->type,
		m->type == ETRAN_CTL_ERROR ? m->u.error.err : 0, err);
	exit(1);
}

static inline int tcp_socket(int type, uint32_t addr, uint16_t port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(addr),
		.sin_port = htons(port),
	};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)))
		die("bind");
	return fd;
}

#endif
