// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tenant that lies to egress, by the rings and frames that it shares with the
 * kernel.
 *
 *   hostile forge ADDRESS PORT [CONN]
 *		connect, send "good", forge all there is to forge in a request,
 *		send "bye"; CONN is a connection of somebody else to name
 *   hostile scribble ADDRESS PORT
 *		connect, then write noise all over what is shared, and to
 *		etrand, for three seconds
 *
 * It ends with an error when a frame does not come back exactly once.
 */
#include <errno.h>
#include <linux/if_xdp.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <time.h>

#include "talk.h"
#include "uapi/tcp.h"

#define SOL_XDP		283
#define BATCH		64
#define PAYLOAD		100

struct ring {
	uint32_t *producer, *consumer;
	void *entries;
	uint32_t size;
	size_t entry;
};

static struct ring rx, tx, fill, comp;
static uint8_t *umem;
static size_t umem_len;
static uint32_t chunk;
static uint32_t first_frame;	/* those below are the fill ring's */
static int xsk, ctl;
static struct etran_ctl_conn conn;
static uint32_t victim;
static uint64_t good_bytes;

/* What a batch writes into frame @i; returns the packet's length. */
typedef uint32_t (*forge_fn)(uint8_t *p, uint32_t i);

static void map_ring(struct ring *r, const struct xdp_ring_offset *o,
		     uint64_t page, uint32_t size, size_t entry)
{
	uint8_t *p = mmap(NULL, o->desc + size * entry, PROT_READ | PROT_WRITE,
			  MAP_SHARED, xsk, (off_t)page);

	expect(p != MAP_FAILED, "mapping a ring");
	r->producer = (uint32_t *)(p + o->producer);
	r->consumer = (uint32_t *)(p + o->consumer);
	r->entries = p + o->desc;
	r->size = size;
	r->entry = entry;
}

static void join(const char *addr, const char *port)
{
	struct xdp_mmap_offsets o;
	socklen_t len = sizeof(o);
	struct etran_ctl_msg m;

	ctl = tenant(&m);
	xsk = fds[2];
	chunk = m.u.welcome.chunk_size;
	umem_len = (size_t)m.u.welcome.nr_frames * chunk;
	first_frame = m.u.welcome.fill_frames * m.u.welcome.nr_queues;
	umem = mmap(NULL, umem_len, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	expect(umem != MAP_FAILED, "mapping the UMEM");
	expect(!getsockopt(xsk, SOL_XDP, XDP_MMAP_OFFSETS, &o, &len), "offsets");
	map_ring(&rx, &o.rx, XDP_PGOFF_RX_RING, m.u.welcome.rx_size,
		 sizeof(struct xdp_desc));
	map_ring(&tx, &o.tx, XDP_PGOFF_TX_RING, m.u.welcome.tx_size,
		 sizeof(struct xdp_desc));
	map_ring(&fill, &o.fr, XDP_UMEM_PGOFF_FILL_RING, m.u.welcome.fill_size,
		 sizeof(uint64_t));
	map_ring(&comp, &o.cr, XDP_UMEM_PGOFF_COMPLETION_RING,
		 m.u.welcome.comp_size, sizeof(uint64_t));

	memset(&m, 0, sizeof(m));
	m.type = ETRAN_CTL_CONNECT;
	m.u.connect.daddr = inet_addr(addr);
	m.u.connect.dport = htons(atoi(port));
	ask(ctl, &m, tcp_socket(SOCK_STREAM, INADDR_ANY, 0));
	expect(m.type == ETRAN_CTL_CONNECTED, "CONNECT");
	conn = m.u.conn;
}

static void kick(void)
{
	sendto(xsk, NULL, 0, MSG_DONTWAIT, NULL, 0);
}

/* Each frame of the batch has to be in the completion ring once. */
static void settle(const char *what, uint32_t nr)
{
	bool back[BATCH] = { false };
	uint32_t n = 0, tries, at = *comp.consumer;

	for (tries = 0; n < nr && tries < 5000; tries++) {
		while (at != __atomic_load_n(comp.producer, __ATOMIC_ACQUIRE)) {
			uint64_t addr = ((uint64_t *)comp.entries)[at++ & (comp.size - 1)];
			uint64_t i = addr / chunk - first_frame;

			expect(i < nr && !back[i], what);
			back[i] = true;
			n++;
		}
		__atomic_store_n(comp.consumer, at, __ATOMIC_RELEASE);
		kick();
		usleep(1000);
	}
	expect(n == nr, what);
}

static void send_batch(const char *what, uint32_t nr, forge_fn forge)
{
	uint32_t at = *tx.producer, i;

	for (i = 0; i < nr; i++) {
		uint64_t addr = (uint64_t)(first_frame + i) * chunk;
		struct xdp_desc *d;

		memset(umem + addr, 0, chunk);
		d = (struct xdp_desc *)tx.entries + (at++ & (tx.size - 1));
		d->addr = addr;
		d->len = forge(umem + addr, i);
		d->options = 0;
	}
	__atomic_store_n(tx.producer, at, __ATOMIC_RELEASE);
	kick();
	settle(what, nr);
}

/* A request that is right, for @len bytes behind what was sent. */
static struct etran_tx_req *right(uint8_t *p, uint32_t len)
{
	struct etran_tx_req *req = (struct etran_tx_req *)p;

	req->conn = conn.conn;
	req->gen = conn.gen;
	req->off = good_bytes;
	req->len = len;
	return req;
}

static const char *text;

static uint32_t good(uint8_t *p, uint32_t i)
{
	(void)i;
	right(p, strlen(text))->flags = ETRAN_TX_PSH;
	memcpy(p + ETRAN_TCP_ROOM, text, strlen(text));
	good_bytes += strlen(text);
	return ETRAN_TCP_ROOM + strlen(text);
}

static uint32_t others_conn(uint8_t *p, uint32_t i)
{
	struct etran_tx_req *req = right(p, PAYLOAD);
	static uint32_t gen;	/* they are counted up from 1 */

	(void)i;
	req->conn = victim;
	req->gen = ++gen;
	return ETRAN_TCP_ROOM + PAYLOAD;
}

static uint32_t no_conn(uint8_t *p, uint32_t i)
{
	right(p, PAYLOAD)->conn = i % 2 ? ETRAN_MAX_CONNS + i : ~i;
	return ETRAN_TCP_ROOM + PAYLOAD;
}

static uint32_t other_life(uint8_t *p, uint32_t i)
{
	right(p, PAYLOAD)->gen = i == conn.gen ? 0 : i;
	return ETRAN_TCP_ROOM + PAYLOAD;
}

static uint32_t other_length(uint8_t *p, uint32_t i)
{
	right(p, i % 2 ? 65535 - i : PAYLOAD + 1 + i);
	return ETRAN_TCP_ROOM + PAYLOAD;
}

static uint32_t flags(uint8_t *p, uint32_t i)
{
	struct etran_tx_req *req = right(p, PAYLOAD);

	if (i % 2)
		req->flags = ETRAN_TX_PSH | 1 << (4 + i % 12);
	else
		req->resv = 1 + i;
	return ETRAN_TCP_ROOM + PAYLOAD;
}

static uint32_t never_received(uint8_t *p, uint32_t i)
{
	right(p, PAYLOAD)->rcv_off = i % 2 ? ~0ULL - i : 1000000 + i;
	return ETRAN_TCP_ROOM + PAYLOAD;
}

static uint32_t offset(uint8_t *p, uint32_t i)
{
	right(p, PAYLOAD)->off = i % 2 ? ~0ULL - i : good_bytes + 1 + ((uint64_t)i << 30);
	return ETRAN_TCP_ROOM + PAYLOAD;
}

static uint32_t too_long(uint8_t *p, uint32_t i)
{
	uint32_t len = conn.mss + 1 + i;

	right(p, len);
	return ETRAN_TCP_ROOM + len;
}

static uint32_t too_short(uint8_t *p, uint32_t i)
{
	right(p, 0);
	return 14 + i % (ETRAN_TCP_ROOM - 14);
}

/* A whole packet of somebody else's: egress must not take it for one. */
static uint32_t headers(uint8_t *p, uint32_t i)
{
	static const uint8_t packet[] = {
		0x52, 0x54, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1, 8, 0,
		0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0,
		10, 0, 0, 77, 10, 0, 0, 2, 0, 80, 0, 80,
		0, 0, 0, 1, 0, 0, 0, 0, 0x50, 4, 0, 0, 0, 0, 0, 0,
	};

	memcpy(p, packet, sizeof(packet));
	p[29] = i;
	return ETRAN_TCP_ROOM + PAYLOAD;
}

static uint32_t noise(uint8_t *p, uint32_t i)
{
	uint32_t j;

	for (j = 0; j < ETRAN_TCP_ROOM; j++)
		p[j] = random();
	return 14 + i * 20;
}

static void do_forge(void)
{
	static const struct {
		const char *what;
		forge_fn forge;
	} all[] = {
		{ "connections of others", others_conn },
		{ "connections that cannot be", no_conn },
		{ "other lives of the connection", other_life },
		{ "lengths", other_length },
		{ "flags", flags },
		{ "consumption of what was never received", never_received },
		{ "offsets", offset },
		{ "longer than a segment", too_long },
		{ "shorter than headers", too_short },
		{ "headers", headers },
		{ "noise", noise },
	};
	size_t i;

	text = "good";
	send_batch(text, 1, good);
	for (i = 1; i < 32; i++)
		send_batch(all[0].what, BATCH, all[0].forge);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		send_batch(all[i].what, BATCH, all[i].forge);
	text = "bye";
	send_batch(text, 1, good);
	sleep(1);		/* for the acknowledgement */
}

static void scribble_ring(struct ring *r, uint32_t n)
{
	uint8_t *entries = r->entries;

	while (n--)
		entries[random() % (r->size * r->entry)] = random();
	if (random() % 4 == 0)
		*r->producer = random();
	else
		*r->producer += random() % 64;
	*r->consumer = *r->producer - random() % (2 * r->size);
}

static void do_scribble(void)
{
	time_t end = time(NULL) + 3;
	uint32_t n, rounds;

	for (rounds = 0; time(NULL) < end; rounds++) {
		struct etran_ctl_msg m;

		for (n = 0; n < 2000; n++)
			umem[(size_t)random() % umem_len] = random();
		scribble_ring(&rx, 50);
		scribble_ring(&tx, 50);
		scribble_ring(&fill, 50);
		scribble_ring(&comp, 50);
		kick();
		for (n = 0; n < sizeof(m); n++)
			((uint8_t *)&m)[n] = random();
		m.type = random() % 32;
		put(ctl, &m, sizeof(m), MSG_DONTWAIT, 0, NULL);
		while (recv(ctl, &m, sizeof(m), MSG_DONTWAIT) > 0)
			;
	}
	printf("%u rounds\n", rounds);
}

int main(int argc, char **argv)
{
	bool forge;

	if (argc != 4 && argc != 5)
		return 64;
	forge = !strcmp(argv[1], "forge");
	if (!forge && strcmp(argv[1], "scribble"))
		return 64;
	srandom(1);
	join(argv[2], argv[3]);
	victim = argc > 4 ? (uint32_t)atoi(argv[4]) :
			    (conn.conn + 1) % ETRAN_MAX_CONNS;
	if (forge)
		do_forge();
	else
		do_scribble();
	return 0;
}
