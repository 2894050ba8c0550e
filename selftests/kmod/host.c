// SPDX-License-Identifier: GPL-2.0-only
/* Hosts and the module; see host.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host.h"
#include "ktap.h"

static int origin = -1;

/* One, where the driver does not know. */
static unsigned int query_queues(int fd, struct ifreq *ifr)
{
	struct ethtool_channels ch = { .cmd = ETHTOOL_GCHANNELS };

	ifr->ifr_data = (void *)&ch;
	if (ioctl(fd, SIOCETHTOOL, ifr))
		return 1;
	if (ch.combined_count)
		return ch.combined_count;
	return ch.rx_count < ch.tx_count ? ch.rx_count : ch.tx_count;
}

static int query_nic(struct host *h, const char *ifname)
{
	struct ethtool_drvinfo drv = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = {};
	int fd, ret = 0;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	snprintf(h->ifname, sizeof(h->ifname), "%s", ifname);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		ret = -errno;
	memcpy(h->mac, ifr.ifr_hwaddr.sa_data, sizeof(h->mac));
	ifr.ifr_data = (void *)&drv;
	if (!ret && ioctl(fd, SIOCETHTOOL, &ifr))
		ret = -errno;
	snprintf(h->driver, sizeof(h->driver), "%s", drv.driver);
	snprintf(h->bus, sizeof(h->bus), "%s", drv.bus_info);
	h->queues = query_queues(fd, &ifr);
	close(fd);
	return ret;
}

static int find_nic(struct host *h)
{
	struct if_nameindex *all = if_nameindex(), *i;
	int ret = -ENODEV;

	for (i = all; i && i->if_index; i++) {
		if (!strcmp(i->if_name, "lo"))
			continue;
		h->ifindex = i->if_index;
		ret = query_nic(h, i->if_name);
		if (!ret)
			break;
	}
	if_freenameindex(all);
	return ret;
}

/* selftests/vm/init leaves the process that holds a host's namespaces here. */
static int host_pid(const char *name)
{
	char path[64];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "/run/hosts/%s", name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fscanf(file, "%d", &pid) != 1)
		pid = -EINVAL;
	fclose(file);
	return pid;
}

int host_open(struct host *h, const char *name)
{
	char path[64];
	int pid, ret;

	if (origin < 0)
		origin = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	memset(h, 0, sizeof(*h));
	h->name = name;
	pid = host_pid(name);
	if (pid < 0)
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	h->netns = open(path, O_RDONLY | O_CLOEXEC);
	if (h->netns < 0)
		return -errno;
	h->pid = pid;
	host_enter(h);
	ret = find_nic(h);
	host_enter_origin();
	return ret;
}

/* The thread's network namespace, to come back to. */
static int here(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		ktap_bail("own network namespace: %s", strerror(errno));
	return fd;
}

static void back(int fd)
{
	if (setns(fd, CLONE_NEWNET))
		ktap_bail("setns back: %s", strerror(errno));
	close(fd);
}

int host_query(struct host *h, const char *ifname)
{
	int fd = here(), ret = -ENODEV;
	char name[IFNAMSIZ];

	/* It may be the one that is written. */
	snprintf(name, sizeof(name), "%s", ifname);
	host_enter(h);
	h->ifindex = if_nametoindex(name);
	if (h->ifindex)
		ret = query_nic(h, name);
	back(fd);
	return ret;
}

int host_run(const struct host *h, const char *fmt, ...)
{
	int fd = here(), ret;
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (h)
		host_enter(h);
	else
		host_enter_origin();
	ret = system(command);
	back(fd);
	return ret;
}

int host_rx_ring(const struct host *h, unsigned int nr)
{
	struct ethtool_ringparam ring = { .cmd = ETHTOOL_GRINGPARAM };
	struct ifreq ifr = { .ifr_data = (void *)&ring };
	int fd = here(), sock, ret;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", h->ifname);
	host_enter(h);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ret = ioctl(sock, SIOCETHTOOL, &ifr) ? -errno : (int)ring.rx_pending;
	if (ret >= 0 && ret != (int)nr) {
		ring.cmd = ETHTOOL_SRINGPARAM;
		ring.rx_pending = nr;
		if (ioctl(sock, SIOCETHTOOL, &ifr))
			ret = -errno;
	}
	close(sock);
	back(fd);
	return ret;
}

bool host_running(const struct host *h)
{
	const int up = IFF_UP | IFF_RUNNING;
	struct ifreq ifr = {};
	int fd = here(), sock;
	bool ok;

	host_enter(h);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", h->ifname);
	ok = !ioctl(sock, SIOCGIFFLAGS, &ifr) && (ifr.ifr_flags & up) == up;
	close(sock);
	back(fd);
	return ok;
}

int file_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int host_down(const struct host *h)
{
	struct ifreq ifr = {};
	int fd = here(), sock, ret = 0;

	host_enter(h);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", h->ifname);
	if (ioctl(sock, SIOCSIFFLAGS, &ifr))
		ret = -errno;
	close(sock);
	back(fd);
	return ret;
}

void host_enter(const struct host *h)
{
	if (setns(h->netns, CLONE_NEWNET))
		ktap_bail("setns to host %s: %s", h->name, strerror(errno));
}

void host_enter_origin(void)
{
	if (setns(origin, CLONE_NEWNET))
		ktap_bail("setns back: %s", strerror(errno));
}

int module_load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0))
		ret = -errno;
	close(fd);
	return ret;
}

int module_unload(void)
{
	return syscall(SYS_delete_module, "etran", O_NONBLOCK) ? -errno : 0;
}

bool module_loaded(void)
{
	return !access("/sys/module/etran", F_OK);
}

static long read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	long n = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &n) != 1)
		n = -1;
	fclose(file);
	return n;
}

long module_users(void)
{
	return read_number("/sys/module/etran/refcnt");
}

long module_leaked(void)
{
	return read_number("/sys/kernel/etran/leaked_frames");
}
