// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors: copies, flags, fork, exec, mass closing.
 *
 * link: -lpthread
 */
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "posix.h"

static char buf[1 << 16];

static void copies(void)
{
	int fd = conn_out(0), a = dup(fd), b = fcntl(fd, F_DUPFD_CLOEXEC, 100);

	CHECK(a >= 0 && b >= 100);
	CHECK(fcntl(b, F_GETFD) & FD_CLOEXEC);
	EQ(PEER("send 0 30 0"), 30);
	EQ(recv(a, buf, 10, MSG_WAITALL), 10);
	close(fd);
	EQ(recv(b, buf + 10, 10, MSG_WAITALL), 10);
	FAILS(recv(fd, buf, 10, 0), EBADF);
	set_nonblock(a);		/* a flag of the file, not of the descriptor */
	CHECK(fcntl(b, F_GETFL) & O_NONBLOCK);
	EQ(recv(b, buf + 20, 100, 0), 10);
	CHECK(same(buf, 0, 30));
	FAILS(recv(b, buf, 100, 0), EAGAIN);
	EQ(send(a, "x", 1, 0), 1);
	close(a);
	EQ(send(b, "y", 1, 0), 1);
	EQ(PEER("recv 0 0 0"), 0);
	close(b);
	peer_post("read 0");
	CHECK(peer_answer() > 0);
	usleep(50000);
	while (PEER("read 0") > 0)
		;
	EQ(PEER("read 0"), 0);
}

static void replace(void)
{
	int a = conn_out(0), b = conn_out(1), p[2];

	EQ(dup2(a, b), b);		/* closes the second connection */
	EQ(PEER("read 1"), 0);
	close(a);
	EQ(send(b, "xyz", 3, 0), 3);
	EQ(PEER("read 0"), 3);
	EQ(dup2(b, b), b);
	EQ(send(b, "xyz", 3, 0), 3);
	EQ(PEER("read 0"), 3);
	FAILS(dup3(b, b, 0), EINVAL);
	EQ(pipe(p), 0);
	EQ(dup3(p[0], b, O_CLOEXEC), b);
	EQ(PEER("read 0"), 0);
	EQ(write(p[1], "hello", 5), 5);
	EQ(read(b, buf, 10), 5);
	close(b);
	close(p[0]);
	close(p[1]);
	FAILS(dup2(999, 5), EBADF);
}

static void small_numbers(void)
{
	int first = dup(1), a, b;
	struct stat st;

	close(first);
	a = conn_out(0);
	EQ(a, first);
	b = conn_out(1);
	EQ(b, first + 1);
	close(a);
	a = conn_in(0);
	CHECK(a <= first + 2);
	EQ(fstat(a, &st), 0);
	CHECK(S_ISSOCK(st.st_mode));
	close(a);
	close(b);
}

static void flags(void)
{
	int fd = conn_out(0), on = 1;

	CHECK(!(fcntl(fd, F_GETFL) & O_NONBLOCK));
	EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	EQ(ioctl(fd, FIONBIO, &on), 0);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	FAILS(recv(fd, buf, 1, 0), EAGAIN);
	on = 0;
	EQ(ioctl(fd, FIONBIO, &on), 0);
	CHECK(!(fcntl(fd, F_GETFL) & O_NONBLOCK));
	EQ(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	FAILS(lseek(fd, 0, SEEK_SET), ESPIPE);
	FAILS(pread(fd, buf, 1, 0), ESPIPE);
	close(fd);
}

/* A child that only closes what it inherited hurts nobody. */
static void forks(void)
{
	int fd = conn_out(0), port, l = listener(&port), status = -1, pid, in, i;

	fflush(stdout);
	for (i = 0; i < 3; i++) {
		pid = fork();
		if (!pid) {
			close(fd);
			close(l);
			_exit(7);
		}
		EQ(waitpid(pid, &status, 0), pid);
		EQ(WEXITSTATUS(status), 7);
		EQ(send(fd, "abc", 3, 0), 3);
		EQ(PEER("read 0"), 3);
		EQ(PEER("send 0 10 0"), 10);
		EQ(recv(fd, buf, 10, MSG_WAITALL), 10);
	}
	EQ(PEER("connect 1 %d %s", port, own_ip()), 0);
	in = accept(l, NULL, NULL);
	CHECK(in >= 0);
	EQ(PEER("send 1 10 0"), 10);
	EQ(recv(in, buf, 10, MSG_WAITALL), 10);
	close(in);
	close(l);
	close(fd);
}

static void execs(void)
{
	char *argv[] = { "sh", "-c", "exit 5", NULL };
	extern char **environ;
	int fd = conn_out(0), status = -1;
	pid_t pid;
	FILE *f;

	EQ(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ), 0);
	EQ(waitpid(pid, &status, 0), pid);
	EQ(WEXITSTATUS(status), 5);
	status = system("exit 3");
	EQ(WEXITSTATUS(status), 3);
	f = popen("echo hello", "r");
	CHECK(f && fgets(buf, sizeof(buf), f) && !strcmp(buf, "hello\n"));
	pclose(f);
	pid = vfork();
	if (!pid) {
		close(fd);	/* its own, and not ours */
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0);
	EQ(send(fd, "abc", 3, 0), 3);
	EQ(PEER("read 0"), 3);
	EQ(PEER("send 0 10 0"), 10);
	EQ(recv(fd, buf, 10, MSG_WAITALL), 10);
	close(fd);
}

static void mass_close(void)
{
	int keep = conn_out(0), lo, i, fd[3];

	for (i = 0; i < 3; i++)
		fd[i] = conn_out(i + 1);
	lo = fd[0];
	EQ(close_range(lo, fd[2], 0), 0);
	for (i = 0; i < 3; i++) {
		EQ(PEER("read %d", i + 1), 0);
		FAILS(send(fd[i], "x", 1, MSG_NOSIGNAL), EBADF);
	}
	EQ(send(keep, "x", 1, 0), 1);
	EQ(PEER("read 0"), 1);
	/* as a daemon does at its start */
	EQ(close_range(keep + 1, ~0U, 0), 0);
	for (i = keep + 1; i < 1024; i++)
		close(i);
	EQ(PEER("send 0 10 0"), 10);
	EQ(recv(keep, buf, 10, MSG_WAITALL), 10);
	i = conn_out(5);
	CHECK(i >= 0);
	EQ(send(i, "x", 1, 0), 1);
	EQ(PEER("read 5"), 1);
	close(i);
	close(keep);
}

/* A thread is in recv() while another one closes the descriptor. */
static void *block_in_recv(void *arg)
{
	char c;

	return (void *)(long)recv(*(int *)arg, &c, 1, 0);
}

static void close_while_blocked(void)
{
	int fd = conn_out(0), n = fd;
	pthread_t id;
	void *r;

	pthread_create(&id, NULL, block_in_recv, &n);
	usleep(100000);
	close(fd);
	EQ(PEER("send 0 1 0"), 1);
	pthread_join(id, &r);
	EQ((long)r, 1);
	EQ(PEER("read 0"), 0);
}

MAIN(T(copies), T(replace), T(small_numbers), T(flags), T(forks), T(execs), T(mass_close),
     T(close_while_blocked))
