// SPDX-License-Identifier: GPL-2.0-only
/*
 * UMEMs and AF_XDP sockets, made here and given away.
 *
 * etrand touches a ring only before its tenant can: it fills the fill ring,
 * then binds. Each queue registers the same memory as a UMEM of its own, so
 * that the sockets share nothing but the bytes. In strict mode each has a shadow
 * of its own behind them: in a common one a frame that is sent on two queues
 * could be changed by the second after the first has checked it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xsk.h"

static size_t umem_size(const struct umem *u)
{
	return (size_t)u->nr_frames * u->chunk;
}

static size_t shadow_size(const struct umem *u)
{
	return (size_t)u->shadow * u->chunk;
}

/**
 * umem_make - memory for a tenant's frames
 * @u: number and size of the chunks; where they are mapped comes back
 * Return: a memfd of fixed size, or a negative errno
 */
int umem_make(struct umem *u)
{
	size_t size = umem_size(u);
	int fd, err;

	fd = memfd_create("etran-umem", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, size) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto fail;
	u->mem = mmap(NULL, size + shadow_size(u), PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (u->mem == MAP_FAILED)
		goto fail;
	if (mmap(u->mem, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		 0) != MAP_FAILED)
		return fd;
	err = -errno;
	umem_unmap(u);
	close(fd);
	return err;
fail:
	err = -errno;
	close(fd);
	return err;
}

/** umem_unmap - the sockets keep the pages */
void umem_unmap(struct umem *u)
{
	munmap(u->mem, umem_size(u) + shadow_size(u));
	u->mem = NULL;
}

/* New memory, in the place of the one that another queue has already. */
static int make_shadow(const struct umem *u)
{
	if (!u->shadow)
		return 0;
	return mmap((char *)u->mem + umem_size(u), shadow_size(u),
		    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		    -1, 0) == MAP_FAILED ? -errno : 0;
}

static int set_ring(int fd, int opt, uint32_t size)
{
	return setsockopt(fd, SOL_XDP, opt, &size, sizeof(size)) ? -errno : 0;
}

static int fill(int fd, uint32_t index, uint32_t chunk)
{
	struct xdp_mmap_offsets off = { 0 };
	socklen_t len = sizeof(off);
	uint64_t *descs;
	size_t size;
	uint32_t i;
	char *ring;

	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len))
		return -errno;
	size = off.fr.desc + XSK_FILL_SIZE * sizeof(uint64_t);
	ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		    fd, XDP_UMEM_PGOFF_FILL_RING);
	if (ring == MAP_FAILED)
		return -errno;
	descs = (uint64_t *)(ring + off.fr.desc);
	for (i = 0; i < XSK_FILL_FRAMES; i++)
		descs[i] = ((uint64_t)index * XSK_FILL_FRAMES + i) * chunk;
	__atomic_store_n((uint32_t *)(ring + off.fr.producer), XSK_FILL_FRAMES,
			 __ATOMIC_RELEASE);
	munmap(ring, size);
	return 0;
}

/**
 * xsk_open - an AF_XDP socket that is ready for its tenant
 * @u: the tenant's frames
 * @queue: of the NIC
 * @index: of the tenant's socket; names the frames of its fill ring
 * Return: a bound socket, -EBUSY while the queue has another user, or another
 * negative errno
 */
int xsk_open(const struct umem *u, int ifindex, uint32_t queue, uint32_t index,
	     bool zerocopy)
{
	struct xdp_umem_reg reg = {
		.addr = (uintptr_t)u->mem,
		.len = umem_size(u) + shadow_size(u),
		.chunk_size = u->chunk,
	};
	struct sockaddr_xdp sxdp = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = XDP_USE_NEED_WAKEUP |
			      (zerocopy ? XDP_ZEROCOPY : XDP_COPY),
		.sxdp_ifindex = ifindex,
		.sxdp_queue_id = queue,
	};
	int fd, err, sndbuf = XSK_SNDBUF;

	fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf));
	err = make_shadow(u);
	if (!err && setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)))
		err = -errno;
	if (!err)
		err = set_ring(fd, XDP_UMEM_FILL_RING, XSK_FILL_SIZE);
	if (!err)
		err = set_ring(fd, XDP_UMEM_COMPLETION_RING, XSK_COMP_SIZE);
	if (!err)
		err = set_ring(fd, XDP_RX_RING, XSK_RX_SIZE);
	if (!err)
		err = set_ring(fd, XDP_TX_RING, XSK_TX_SIZE);
	if (!err)
		err = fill(fd, index, u->chunk);
	if (!err && bind(fd, (struct sockaddr *)&sxdp, sizeof(sxdp)))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}
