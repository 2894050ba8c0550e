// SPDX-License-Identifier: GPL-2.0-only
/*
 * The other end of the conformance tests: does on Linux sockets what it is told
 * over a Unix socket. One command a message, "OP SLOT [ARG [ARG]] [@MS]", and
 * one number as answer: the result or a negative errno. @MS: only after that
 * time.
 *
 *	peer CTL-PATH
 *
 *   listen S PORT	accept S	connect S PORT IP
 *   send S N FROM	recv S N FROM	bytes of the pattern of posix.h
 *   read S		one read(): bytes, 0 at the end, or the error
 *   fin S  close S  reset S  closeall 0  port S (own port of a connection)
 */
#include "posix.h"

#define SLOTS 16

static int conn[SLOTS], lis[SLOTS];

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static long op_listen(int s, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval t = { .tv_sec = 5 };
	int one = 1;

	drop(&lis[s]);
	lis[s] = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(lis[s], SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(lis[s], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	if (bind(lis[s], (void *)&a, sizeof(a)) || listen(lis[s], 16))
		return -errno;
	return 0;
}

static long op_connect(int s, int port, const char *ip)
{
	struct sockaddr_in a = address(ip, port);

	drop(&conn[s]);
	conn[s] = socket(AF_INET, SOCK_STREAM, 0);
	return connect(conn[s], (void *)&a, sizeof(a)) ? -errno : 0;
}

static long op_accept(int s)
{
	struct timeval t = { .tv_sec = 20 };

	drop(&conn[s]);
	conn[s] = accept(lis[s], NULL, NULL);
	if (conn[s] < 0)
		return -errno;
	setsockopt(conn[s], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	setsockopt(conn[s], IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	return 0;
}

static long op_send(int s, size_t n, size_t from)
{
	char buf[65536];
	size_t done = 0, k;
	ssize_t r;

	while (done < n) {
		k = n - done < sizeof(buf) ? n - done : sizeof(buf);
		fill(buf, from + done, k);
		r = send(conn[s], buf, k, MSG_NOSIGNAL);
		if (r < 0)
			return -errno;
		done += r;
	}
	return done;
}

static long op_recv(int s, size_t n, size_t from)
{
	char buf[65536];
	size_t done = 0, k;
	ssize_t r;

	while (done < n) {
		k = n - done < sizeof(buf) ? n - done : sizeof(buf);
		r = recv(conn[s], buf, k, 0);
		if (r < 0)
			return -errno;
		if (!r)
			break;
		if (!same(buf, from + done, r))
			return -EILSEQ;
		done += r;
	}
	return done;
}

static long op_reset(int s)
{
	struct linger l = { .l_onoff = 1 };

	setsockopt(conn[s], SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	drop(&conn[s]);
	return 0;
}

static long op_port(int s)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	return getsockname(conn[s], (void *)&a, &n) ? -errno : ntohs(a.sin_port);
}

static long command(char *line)
{
	char op[16] = "", third[40] = "", *at = strchr(line, '@'), buf[65536];
	int s = 0, i;
	long a = 0;
	ssize_t r;

	if (at)
		usleep(atoi(at + 1) * 1000);
	sscanf(line, "%15s %d %ld %39s", op, &s, &a, third);
	if (s < 0 || s >= SLOTS)
		return -EINVAL;
	if (!strcmp(op, "listen"))
		return op_listen(s, a);
	if (!strcmp(op, "accept"))
		return op_accept(s);
	if (!strcmp(op, "connect"))
		return op_connect(s, a, third);
	if (!strcmp(op, "send"))
		return op_send(s, a, atol(third));
	if (!strcmp(op, "recv"))
		return op_recv(s, a, atol(third));
	if (!strcmp(op, "fin"))
		return shutdown(conn[s], SHUT_WR) ? -errno : 0;
	if (!strcmp(op, "reset"))
		return op_reset(s);
	if (!strcmp(op, "port"))
		return op_port(s);
	if (!strcmp(op, "read")) {
		r = recv(conn[s], buf, sizeof(buf), 0);
		return r < 0 ? -errno : r;
	}
	if (!strcmp(op, "close")) {
		drop(&conn[s]);
		return 0;
	}
	if (!strcmp(op, "closeall")) {
		for (i = 0; i < SLOTS; i++) {
			drop(&conn[i]);
			drop(&lis[i]);
		}
		return 0;
	}
	return -ENOSYS;
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char line[256], out[32];
	int ctl, fd, i;
	ssize_t n;

	if (argc != 2)
		return 64;
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < SLOTS; i++)
		conn[i] = lis[i] = -1;
	strncpy(a.sun_path, argv[1], sizeof(a.sun_path) - 1);
	unlink(argv[1]);
	ctl = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (bind(ctl, (void *)&a, sizeof(a)) || listen(ctl, 4)) {
		perror(argv[1]);
		return 1;
	}
	while ((fd = accept(ctl, NULL, NULL)) >= 0) {
		while ((n = recv(fd, line, sizeof(line) - 1, 0)) > 0) {
			line[n] = 0;
			n = snprintf(out, sizeof(out), "%ld", command(line));
			if (send(fd, out, n, MSG_NOSIGNAL) < 0)
				break;
		}
		close(fd);
		strcpy(line, "closeall 0");
		command(line);
	}
	return 0;
}
