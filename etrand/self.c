// SPDX-License-Identifier: GPL-2.0-only
/* Where this program is: in which directory, in which network namespace. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"
#include "self.h"

/**
 * self_object_dir - the BPF objects that belong to this binary
 * @object: file that has to be there
 * @dir: beside the build's binaries, or where make install puts them; with
 *	-ENOENT the directory of the binary
 * Return: 0, -ENOENT or another negative errno
 */
int self_object_dir(const char *object, char *dir, size_t size)
{
	static const char * const places[] = { "../bpf", "../lib/etran/bpf" };
	char self[256], path[512];
	ssize_t n;
	size_t i;

	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0)
		return -errno;
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(dir, size, "%s/%s", self, places[i]);
		snprintf(path, sizeof(path), "%s/%s", dir, object);
		if (!access(path, R_OK))
			return 0;
	}
	snprintf(dir, size, "%s", self);
	return -ENOENT;
}

/**
 * self_netns - the network namespace
 * Return: 0 or a negative errno
 */
int self_netns(uint64_t *cookie)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;
	socklen_t len = sizeof(*cookie);

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &len))
		err = -errno;
	close(fd);
	return err;
}
