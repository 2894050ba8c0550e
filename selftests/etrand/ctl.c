// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tenant that speaks to etrand's socket by itself, without libetran: to keep
 * a NIC busy, and to misbehave in ways the library would not.
 *
 *   ctl hold          become a tenant, say so, stay
 *   ctl forked        the same, with a child that keeps every descriptor
 *   ctl malformed     every kind of bad message; each must be refused
 *   ctl noise N       N random messages with random descriptors
 *   ctl descriptors   sockets that give no right to a port
 *   ctl handed        what WELCOME brings cannot be abused
 *   ctl deaf          ask much, read nothing: has to be ended
 *   ctl foreign       RESUME and RELEASE of what is another's
 *   ctl resumes       say who we are to a new etrand, twice; waits for a line
 *   ctl unlisten      a listener's port is refused again, and reusable, after it
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "talk.h"
#include "uapi/tcp.h"

static void do_hold(bool with_child)
{
	struct etran_ctl_msg m;
	pid_t child;

	tenant(&m);
	if (with_child) {
		child = fork();
		if (child < 0)
			die("fork");
		if (!child)
			pause();
		printf("child %d\n", child);
	}
	printf("tenant %u queues %u zerocopy %u\n", m.u.welcome.tenant,
	       m.u.welcome.nr_queues, m.u.welcome.zerocopy);
	fflush(stdout);
	pause();
}

static void do_malformed(void)
{
	struct etran_ctl_msg m = { 0 };
	char big[4096] = { 0 };
	int s = dial(), zero = open("/dev/null", O_RDONLY);
	uint32_t type;

	/* Before HELLO nothing but HELLO and FALLBACK is heard. */
	for (type = 0; type < 120; type++) {
		memset(&m, 0, sizeof(m));
		m.type = type;
		ask(s, &m, -1);
		if (type == ETRAN_CTL_HELLO)
			expect_error(&m, EPROTO, "HELLO of version 0");
		else
			expect_error(&m, EINVAL, "type before HELLO");
	}
	put(s, &m, 7, 0, 0, NULL);
	expect(get(s, &m), "answer to a short message");
	expect_error(&m, EINVAL, "short message");
	put(s, big, sizeof(big), 0, 0, NULL);
	expect(get(s, &m), "answer to a long message");
	expect_error(&m, EINVAL, "long message");
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_HELLO;
	m.u.hello.version = ETRAN_CTL_VERSION;
	ask(s, &m, zero);
	expect_error(&m, EINVAL, "HELLO with a descriptor");
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_HELLO;
	m.u.hello.version = ETRAN_CTL_VERSION;
	m.u.hello.flags = 0x80000000;
	ask(s, &m, -1);
	expect_error(&m, EINVAL, "HELLO with unknown flags");
	close(s);

	s = tenant(&m);
	for (type = 0; type < 120; type++) {
		/* These two are asked without a descriptor here. */
		memset(&m, 0, sizeof(m));
		m.type = type;
		ask(s, &m, -1);
		expect_error(&m, EINVAL, "type after HELLO");
	}
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_UNLISTEN;
	m.u.listen.listener = 4711;
	ask(s, &m, -1);
	expect_error(&m, ENOENT, "UNLISTEN of nothing");
	put(s, "", 0, 0, 0, NULL);
	expect(!get(s, &m), "an empty message is the end");
}

static void do_noise(int rounds)
{
	int pass[MAX_FDS], s = -1, i, nr, hung_up = 0;
	struct etran_ctl_msg m;
	unsigned char *bytes = (unsigned char *)&m;
	size_t k, len;

	srandom(4711);
	for (i = 0; i < MAX_FDS; i++)
		pass[i] = i % 2 ? open("/dev/null", O_RDONLY) :
			  socket(AF_INET, SOCK_STREAM, 0);
	for (i = 0; i < rounds; i++) {
		if (s < 0 || random() % 500 == 0) {
			if (s >= 0)
				close(s);
			while (nr_fds)
				close(fds[--nr_fds]);
			s = random() % 2 ? hello(&m) : dial();
		}
		for (k = 0; k < sizeof(m); k++)
			bytes[k] = random() % 3 ? 0 : random();
		m.type = random() % 9;
		len = random() % 8 ? sizeof(m) : 1 + random() % sizeof(m);
		nr = random() % 3 ? 0 : random() % MAX_FDS;
		if (put(s, &m, len, MSG_DONTWAIT, nr, pass) == -EPIPE) {
			close(s);
			s = -1;
			hung_up++;
			continue;
		}
		while (recv(s, &m, sizeof(m), MSG_DONTWAIT) > 0)
			;
	}
	/* It answers as if nothing had been. */
	if (s >= 0)
		close(s);
	while (nr_fds)
		close(fds[--nr_fds]);
	s = hello(&m);
	expect(m.type == ETRAN_CTL_WELCOME, "HELLO after the noise");
	printf("%d rounds, hung up %d times\n", rounds, hung_up);
}

static void refused_listen(int s, int fd, uint32_t err, const char *what)
{
	struct etran_ctl_msg m = { .type = ETRAN_CTL_LISTEN };

	m.u.listen.backlog = 1;
	ask(s, &m, fd);
	expect_error(&m, err, what);
	close(fd);
}

static void do_descriptors(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct etran_ctl_msg m;
	int s = tenant(&m), fd, own_ns;

	refused_listen(s, open("/dev/zero", O_RDONLY), EINVAL, "a file");
	refused_listen(s, socket(AF_INET, SOCK_STREAM, 0), EINVAL, "not bound");
	refused_listen(s, socket(AF_INET6, SOCK_STREAM, 0), EINVAL, "IPv6");
	refused_listen(s, tcp_socket(SOCK_DGRAM, 0, 7000), EINVAL, "UDP");
	refused_listen(s, dial(), EINVAL, "AF_UNIX");
	refused_listen(s, tcp_socket(SOCK_STREAM, INADDR_LOOPBACK, 7000),
		       EADDRNOTAVAIL, "loopback");
	own_ns = open("/proc/self/ns/net", O_RDONLY);
	if (unshare(CLONE_NEWNET))
		die("unshare");
	fd = tcp_socket(SOCK_STREAM, 0, 22);
	setns(own_ns, CLONE_NEWNET);
	refused_listen(s, fd, EINVAL, "another namespace's port");

	fd = tcp_socket(SOCK_STREAM, 0, 0);
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_CONNECT;
	m.u.connect.daddr = htonl(INADDR_LOOPBACK);
	m.u.connect.dport = htons(1);
	ask(s, &m, fd);
	expect(m.type == ETRAN_CTL_ERROR && m.u.error.reason == ETRAN_R_LOCAL,
	       "connect to ourselves has the reason \"local\"");
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_CONNECT;
	m.u.connect.daddr = inet_addr("192.0.2.1");
	m.u.connect.dport = htons(1);
	ask(s, &m, fd);
	expect(m.type == ETRAN_CTL_ERROR && m.u.error.reason == ETRAN_R_NO_ROUTE,
	       "connect to nowhere has the reason \"no route\"");
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_CONNECT;
	m.u.connect.daddr = inet_addr("10.0.0.77");
	m.u.connect.dport = htons(1);
	ask(s, &m, fd);
	expect_error(&m, EHOSTUNREACH, "connect to a host that is not there");
	if (listen(fd, 1) || getsockname(fd, (struct sockaddr *)&sin,
					 &(socklen_t){ sizeof(sin) }))
		die("listen");
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_CONNECT;
	m.u.connect.daddr = inet_addr("10.0.0.2");
	m.u.connect.dport = htons(1);
	ask(s, &m, fd);
	expect_error(&m, EINVAL, "connect with a listening socket");
}

static void do_handed(void)
{
	struct etran_conn_pub pub = { 0 };
	union bpf_attr attr;
	struct etran_ctl_msg m;
	uint32_t key = 0;
	struct stat st;
	size_t size;
	void *p;
	int seals;

	tenant(&m);
	expect(nr_fds == 2 + (int)m.u.welcome.nr_queues, "descriptors of WELCOME");
	expect(m.u.welcome.fill_frames * m.u.welcome.nr_queues < m.u.welcome.nr_frames,
	       "frames are left for sending");
	size = (size_t)m.u.welcome.nr_frames * m.u.welcome.chunk_size;
	expect(!fstat(fds[0], &st) && (size_t)st.st_size == size, "size of the UMEM");
	seals = fcntl(fds[0], F_GET_SEALS);
	expect((seals & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) ==
	       (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), "seals");
	expect(ftruncate(fds[0], 0) && errno == EPERM, "shrinking the UMEM is refused");
	size = (size_t)m.u.welcome.nr_slots * sizeof(struct etran_conn_pub);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fds[1], 0);
	expect(p == MAP_FAILED, "conn_pub cannot be mapped for writing");
	p = mmap(NULL, size, PROT_READ, MAP_SHARED, fds[1], 0);
	expect(p != MAP_FAILED, "conn_pub can be mapped for reading");
	expect(mprotect(p, size, PROT_READ | PROT_WRITE), "and not be made writable");
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = fds[1];
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&pub;
	expect(syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)) &&
	       errno == EPERM, "nor be updated, even by root");
}

static void do_deaf(void)
{
	struct etran_ctl_msg m;
	int s = tenant(&m), i, err = 0;

	for (i = 0; i < 200000 && err != -EPIPE; i++) {
		memset(&m, 0, sizeof(m));
		m.type = ETRAN_CTL_UNLISTEN;
		m.id = 1;
		m.u.listen.listener = 1;
		err = put(s, &m, sizeof(m), 0, 0, NULL);
	}
	expect(err == -EPIPE, "who does not read is ended");
	printf("ended after %d requests\n", i);
}

static void resume(int s, const struct etran_ctl_welcome *w)
{
	struct etran_ctl_msg m = {
		.type = ETRAN_CTL_HELLO,
		.id = 1,
		.u.hello = {
			.version = ETRAN_CTL_VERSION,
			.flags = ETRAN_HELLO_RESUME,
			.tenant = w->tenant,
			.cookie = w->cookie,
		},
	};

	expect(!put(s, &m, sizeof(m), 0, 0, NULL), "send RESUME");
}

/* As a library does that lost its patience with an etrand that was asleep. */
static void do_resumes(void)
{
	struct etran_ctl_msg m, w;
	int s = tenant(&w), fd;

	puts("tenant");
	fflush(stdout);
	getchar();
	expect(!get(s, &m), "etrand died");
	s = dial();
	resume(s, &w.u.welcome);
	close(s);
	s = dial();
	resume(s, &w.u.welcome);
	puts("asked");
	fflush(stdout);
	expect(get(s, &m) && m.type == ETRAN_CTL_WELCOME, "WELCOME again");
	fd = tcp_socket(SOCK_STREAM, 0, 7001);
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_LISTEN;
	m.u.listen.backlog = 4;
	ask(s, &m, fd);
	expect(m.type == ETRAN_CTL_OK, "LISTEN");
}

static void do_foreign(void)
{
	struct etran_ctl_msg m, w;
	int s = tenant(&w), other;
	uint32_t i;

	/* Same process, right cookie: but that tenant has its peer. */
	other = dial();
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_HELLO;
	m.u.hello.version = ETRAN_CTL_VERSION;
	m.u.hello.flags = ETRAN_HELLO_RESUME;
	m.u.hello.tenant = w.u.welcome.tenant;
	m.u.hello.cookie = w.u.welcome.cookie;
	ask(other, &m, -1);
	expect_error(&m, ESTALE, "RESUME of a tenant that is there");
	for (i = 0; i < 70; i++) {
		memset(&m, 0, sizeof(m));
		m.type = ETRAN_CTL_HELLO;
		m.u.hello.version = ETRAN_CTL_VERSION;
		m.u.hello.flags = ETRAN_HELLO_RESUME;
		m.u.hello.tenant = i;
		m.u.hello.cookie = w.u.welcome.cookie + 1;
		ask(other, &m, -1);
		expect_error(&m, ESTALE, "RESUME with a wrong cookie");
	}
	for (i = 0; i < ETRAN_MAX_CONNS; i++) {
		memset(&m, 0, sizeof(m));
		m.type = i % 2 ? ETRAN_CTL_RELEASE : ETRAN_CTL_ABORT;
		m.u.conn.conn = i;
		m.u.conn.gen = 1;
		put(s, &m, sizeof(m), 0, 0, NULL);
	}
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_UNLISTEN;
	m.u.listen.listener = 99;
	ask(s, &m, -1);
	expect_error(&m, ENOENT, "still there");
}

static void do_unlisten(void)
{
	struct etran_ctl_msg m = { 0 };
	int s = tenant(&m), fd, again;
	uint32_t listener;

	fd = tcp_socket(SOCK_STREAM, 0, 7001);
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_LISTEN;
	m.u.listen.backlog = 4;
	ask(s, &m, fd);
	expect(m.type == ETRAN_CTL_OK && m.u.listen.listener, "LISTEN");
	listener = m.u.listen.listener;
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_LISTEN;
	m.u.listen.backlog = 4;
	ask(s, &m, fd);
	expect_error(&m, EADDRINUSE, "the same port twice");
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_UNLISTEN;
	m.u.listen.listener = listener;
	ask(s, &m, -1);
	expect(m.type == ETRAN_CTL_OK, "UNLISTEN");
	close(fd);
	again = tcp_socket(SOCK_STREAM, 0, 7001);
	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_LISTEN;
	m.u.listen.backlog = 4;
	ask(s, &m, again);
	expect(m.type == ETRAN_CTL_OK && m.u.listen.listener != listener,
	       "LISTEN on the port again");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "hold"))
		do_hold(false);
	else if (!strcmp(what, "forked"))
		do_hold(true);
	else if (!strcmp(what, "malformed"))
		do_malformed();
	else if (!strcmp(what, "noise") && argc > 2)
		do_noise(atoi(argv[2]));
	else if (!strcmp(what, "descriptors"))
		do_descriptors();
	else if (!strcmp(what, "handed"))
		do_handed();
	else if (!strcmp(what, "deaf"))
		do_deaf();
	else if (!strcmp(what, "foreign"))
		do_foreign();
	else if (!strcmp(what, "resumes"))
		do_resumes();
	else if (!strcmp(what, "unlisten"))
		do_unlisten();
	else
		return 64;
	return 0;
}
