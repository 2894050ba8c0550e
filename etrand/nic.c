// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices named on the command line.
 *
 * Control segments leave through an AF_PACKET socket bound to the device with
 * protocol 0: it sends and never receives, so it costs nothing when idle.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "nic.h"
#include "uapi/etran_io.h"

static struct nic nics[NIC_MAX];
static unsigned int nr_nics;

static unsigned int count_queues(int fd, struct ifreq *ifr)
{
	struct ethtool_channels ch = { .cmd = ETHTOOL_GCHANNELS };
	unsigned int n;

	ifr->ifr_data = (void *)&ch;
	if (ioctl(fd, SIOCETHTOOL, ifr))
		return 1;
	n = ch.rx_count + ch.combined_count;
	return n ? n : 1;
}

/*
 * These set their receive buffers in whole KB. Of 2 KB, less the headroom, 1 KB
 * is left, and in zero copy a longer packet is lost.
 */
static const char * const whole_kb[] = { "igb", "igc", "ixgbe" };

static unsigned int chunk_size(int fd, struct ifreq *ifr)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	unsigned int i;

	ifr->ifr_data = (void *)&info;
	if (ioctl(fd, SIOCETHTOOL, ifr))
		return ETRAN_CHUNK_SIZE;
	for (i = 0; i < sizeof(whole_kb) / sizeof(whole_kb[0]); i++)
		if (!strcmp(info.driver, whole_kb[i]))
			return ETRAN_CHUNK_MAX;
	return ETRAN_CHUNK_SIZE;
}

static int query(struct nic *nic)
{
	struct ifreq ifr = { 0 };
	int fd, err = 0;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	strcpy(ifr.ifr_name, nic->name);
	if (ioctl(fd, SIOCGIFMTU, &ifr))
		goto fail;
	nic->mtu = ifr.ifr_mtu;
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		goto fail;
	if (ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
		close(fd);
		log_err("%s is not an Ethernet device", nic->name);
		return -EMEDIUMTYPE;
	}
	memcpy(nic->mac, ifr.ifr_hwaddr.sa_data, 6);
	nic->queues = count_queues(fd, &ifr);
	nic->chunk = chunk_size(fd, &ifr);
	close(fd);
	return 0;
fail:
	err = -errno;
	log_err("%s: %s", nic->name, strerror(-err));
	close(fd);
	return err;
}

static int open_packet(struct nic *nic)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_ifindex = nic->ifindex,
	};

	nic->packet_fd = socket(AF_PACKET,
				SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (nic->packet_fd < 0 ||
	    bind(nic->packet_fd, (struct sockaddr *)&sll, sizeof(sll))) {
		int err = -errno;

		log_err("%s: AF_PACKET socket: %s", nic->name, strerror(-err));
		return err;
	}
	return 0;
}

/** nic_add - serve a device; says itself why not */
int nic_add(const char *name)
{
	struct nic *nic = &nics[nr_nics];
	/* Of a virtual port too, which may serve a program instead of the NIC. */
	unsigned int frame = ETRAN_CHUNK_SIZE - 256 - 14;
	int err;

	if (nr_nics == NIC_MAX) {
		log_err("at most %d NICs", NIC_MAX);
		return -E2BIG;
	}
	if (strlen(name) >= sizeof(nic->name)) {
		log_err("%s: no such NIC", name);
		return -ENODEV;
	}
	strcpy(nic->name, name);
	nic->ifindex = if_nametoindex(name);
	if (!nic->ifindex) {
		log_err("%s: no such NIC", name);
		return -ENODEV;
	}
	if (nic_find(nic->ifindex)) {
		log_err("%s is named twice", name);
		return -EEXIST;
	}
	err = query(nic);
	if (err)
		return err;
	if (nic->mtu > frame) {
		log_err("%s: MTU %u is too large for frames of %u bytes, at most %u",
			name, nic->mtu, ETRAN_CHUNK_SIZE, frame);
		return -EMSGSIZE;
	}
	if (nic->queues > ETRAN_MAX_QUEUES) {
		log_err("%s has %u queues, at most %u are supported: ethtool -L %s combined %u",
			name, nic->queues, ETRAN_MAX_QUEUES, name, ETRAN_MAX_QUEUES);
		return -E2BIG;
	}
	err = open_packet(nic);
	if (err)
		return err;
	nr_nics++;
	return 0;
}

/** nic_close_all - at the end */
void nic_close_all(void)
{
	while (nr_nics)
		close(nics[--nr_nics].packet_fd);
}

/** nic_at - the i-th device or NULL */
struct nic *nic_at(unsigned int i)
{
	return i < nr_nics ? &nics[i] : NULL;
}

/** nic_find - by interface index, NULL when it is none of ours */
struct nic *nic_find(int ifindex)
{
	unsigned int i;

	for (i = 0; i < nr_nics; i++)
		if (nics[i].ifindex == ifindex)
			return &nics[i];
	return NULL;
}

/**
 * nic_send - put a frame on the wire, or lose it
 * A loss is no error: everything that goes this way is retransmitted or was
 * best effort from the start.
 */
int nic_send(struct nic *nic, const void *frame, size_t len)
{
	if (send(nic->packet_fd, frame, len, MSG_DONTWAIT) < 0) {
		log_debug("%s: send: %s", nic->name, strerror(errno));
		return -errno;
	}
	nic->sent++;
	return 0;
}
