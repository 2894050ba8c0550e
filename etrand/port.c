// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual ports: a pair of veth devices for each tenant without a queue.
 *
 * etinN is where ingress on a NIC sends packets of tenant N, etportN is where
 * they come out, meet a program and find N's AF_XDP socket. What N sends never
 * passes the pair: the module takes it at the socket and sends it by the NIC.
 *
 * The name tells the tenant, so a restarted etrand finds its ports. All are in
 * one group of devices, by which they are removed together.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "netlink.h"
#include "port.h"
#include "uapi/etran_io.h"

#define PORT_GROUP	0x4554
/* All that fits into a chunk: the NIC's own MTU can change. */
#define PORT_MTU	(ETRAN_CHUNK_SIZE - 256 - 14)

static void port_name(char name[IF_NAMESIZE], const char *end, uint32_t tenant)
{
	snprintf(name, IF_NAMESIZE, "et%s%u", end, tenant);
}

static struct nlmsghdr *link_msg(void *buf, uint16_t type, uint16_t flags,
				 int ifindex, unsigned int up)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = ifindex;
	ifi->ifi_flags = up;
	ifi->ifi_change = up;
	return nlh;
}

/* Return: 0 or a negative errno */
static int talk(struct nlmsghdr *nlh)
{
	struct nl nl;
	int err;

	err = nl_open_route(&nl);
	if (err)
		return err;
	err = nl_talk(&nl, nlh);
	if (err)
		log_debug("rtnetlink: %s%s%s", strerror(-err),
			  *nl.error ? ": " : "", nl.error);
	nl_disconnect(&nl);
	return err;
}

static void put_end(struct nlmsghdr *nlh, const char *end, uint32_t tenant)
{
	char name[IF_NAMESIZE];

	port_name(name, end, tenant);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_MTU, PORT_MTU);
	mnl_attr_put_u32(nlh, IFLA_NUM_TX_QUEUES, 1);
	mnl_attr_put_u32(nlh, IFLA_NUM_RX_QUEUES, 1);
}

static int make_pair(uint32_t tenant)
{
	struct nlattr *info, *data, *peer;
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh;

	nlh = link_msg(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, 0);
	put_end(nlh, "port", tenant);
	mnl_attr_put_u32(nlh, IFLA_GROUP, PORT_GROUP);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	put_end(nlh, "in", tenant);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return talk(nlh);
}

/* The stack has no business there; without IPv6 it says nothing of its own. */
static int bring_up(const char *end, uint32_t tenant, int *ifindex)
{
	char name[IF_NAMESIZE], path[80], buf[MNL_SOCKET_BUFFER_SIZE];
	int fd;

	port_name(name, end, tenant);
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6",
		 name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (write(fd, "1", 1) != 1)
			log_debug("%s: %s", path, strerror(errno));
		close(fd);
	}
	*ifindex = if_nametoindex(name);
	if (!*ifindex)
		return -ENODEV;
	return talk(link_msg(buf, RTM_NEWLINK, 0, *ifindex, IFF_UP));
}

/** port_find - Return: the device of a tenant's socket, 0 when there is none */
int port_find(uint32_t tenant)
{
	char name[IF_NAMESIZE];

	port_name(name, "port", tenant);
	return if_nametoindex(name);
}

/**
 * port_open - make a tenant's port
 * @prog: descriptor of the program that hands its packets to the tenant
 * @ports: map that leads ingress to it
 * Return: the device to bind its AF_XDP socket to, or a negative errno
 */
int port_open(uint32_t tenant, int prog, int ports)
{
	int dev, in, err;

	port_close(tenant);	/* of a crash */
	err = make_pair(tenant);
	if (err)
		return err;
	dev = port_find(tenant);
	err = dev ? bpf_xdp_attach(dev, prog, XDP_FLAGS_DRV_MODE, NULL) : -ENODEV;
	if (!err)
		err = bring_up("port", tenant, &dev);
	if (!err)
		err = bring_up("in", tenant, &in);
	if (!err && bpf_map_update_elem(ports, &tenant, &in, 0))
		err = -errno;
	if (!err)
		return dev;
	port_close(tenant);
	return err;
}

/** port_close - remove a tenant's port; the kernel takes it out of the map */
void port_close(uint32_t tenant)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	int dev = port_find(tenant);

	if (dev)
		talk(link_msg(buf, RTM_DELLINK, 0, dev, 0));
}

/** port_close_all - Return: 0, -ENODEV when there was none, or another errno */
int port_close_all(void)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = link_msg(buf, RTM_DELLINK, 0, 0, 0);

	mnl_attr_put_u32(nlh, IFLA_GROUP, PORT_GROUP);
	return talk(nlh);
}
