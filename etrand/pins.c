// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps a transport alive without us: its pins, and taking all of it away.
 *
 * Used by etrand and by etranctl, which has to work when etrand does not.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "log.h"
#include "netlink.h"
#include "pins.h"
#include "port.h"
#include "xdp.h"

#define ROOT	PINS_BPFFS "/etran"

/** pins_path - of a transport's pin, or of its directory without @name */
int pins_path(char *buf, size_t size, const char *transport, const char *name)
{
	int n = snprintf(buf, size, ROOT "/%s%s%s", transport, name ? "/" : "",
			 name ? name : "");

	return n < (int)size ? 0 : -ENAMETOOLONG;
}

/** pins_prepare - make a transport's directory; says itself why not */
int pins_prepare(const char *transport)
{
	struct statfs fs;
	char path[128];
	int err;

	if (statfs(PINS_BPFFS, &fs) || fs.f_type != BPF_FS_MAGIC) {
		log_err("no BPF file system on " PINS_BPFFS ": mount -t bpf bpf "
			PINS_BPFFS);
		return -ENODEV;
	}
	err = pins_path(path, sizeof(path), transport, NULL);
	if (!err && mkdir(ROOT, 0700) && errno != EEXIST)
		err = -errno;
	if (!err && mkdir(path, 0700) && errno != EEXIST)
		err = -errno;
	if (err)
		log_err(ROOT "/%s: %s", transport, strerror(-err));
	return err;
}

/** pins_remove - Return: number of pins removed, or a negative errno */
int pins_remove(const char *transport)
{
	struct dirent *d;
	char path[128];
	int n = 0, err;
	DIR *dir;

	err = pins_path(path, sizeof(path), transport, NULL);
	if (err)
		return err;
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (!unlinkat(dirfd(dir), d->d_name, 0))
			n++;
	}
	closedir(dir);
	if (rmdir(path))
		return -errno;
	rmdir(ROOT);		/* stays while another transport has pins */
	return n;
}

/**
 * pins_detach_transport - end a transport and remove every trace of it
 * In this order: the module stops calling it and gives held frames back, then
 * ingress leaves the NICs and the virtual ports go, then the pins. Traces without a living transport,
 * left by a crash, are removed as well.
 * Return: 0, -ENOENT when nothing was there, or another negative errno
 */
int pins_detach_transport(struct nl *nl, const char *transport)
{
	struct if_nameindex *list, *i;
	int err, n, traces = 0;
	char ingress[32];

	err = nl_transport_detach(nl, transport);
	if (err && err != -ENOENT)
		return err;
	if (!err)
		traces++;
	err = 0;
	snprintf(ingress, sizeof(ingress), "%s_ingress", transport);
	list = if_nameindex();
	for (i = list; i && i->if_index; i++) {
		n = xdp_detach_named(i->if_index, ingress);
		if (n < 0)
			err = n;
		else
			traces += n;
	}
	if (list)
		if_freenameindex(list);
	n = port_close_all();
	if (!n)
		traces++;
	else if (n != -ENODEV)
		err = err ? err : n;
	n = pins_remove(transport);
	if (n < 0)
		err = err ? err : n;
	else
		traces += n;
	return err ? err : traces ? 0 : -ENOENT;
}
