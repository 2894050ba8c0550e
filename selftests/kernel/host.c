// SPDX-License-Identifier: GPL-2.0-only
/* Hosts and the module; see host.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host.h"
#include "ktap.h"

static int origin = -1;

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
	host_enter(h);
	ret = find_nic(h);
	host_enter_origin();
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
