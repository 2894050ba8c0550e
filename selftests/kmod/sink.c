// SPDX-License-Identifier: GPL-2.0-only
/* The far end; see sink.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "sink.h"

#define BATCH		32
#define FRAME_MAX	2048

static const unsigned int body_off = PROBE_ETH_LEN + sizeof(struct probe_hdr);

static uint8_t body(uint64_t seq, uint32_t at)
{
	return seq * 31 + at;
}

void frame_build(uint8_t *buf, const uint8_t *dst, const uint8_t *src,
		 uint32_t run, uint32_t kind, uint64_t seq, uint32_t len)
{
	struct probe_hdr hdr = {
		.magic = PROBE_MAGIC,
		.run = run,
		.kind = kind,
		.len = len,
		.seq = seq,
		.time_ns = clock_ns(),
	};
	uint16_t proto = htons(PROBE_ETHERTYPE);
	uint32_t i;

	memcpy(buf, dst, 6);
	memcpy(buf + 6, src, 6);
	memcpy(buf + 12, &proto, 2);
	memcpy(buf + PROBE_ETH_LEN, &hdr, sizeof(hdr));
	for (i = body_off; i < len; i++)
		buf[i] = body(seq, i);
}

uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

uint16_t frame_sum(const uint8_t *buf, uint32_t len)
{
	uint64_t sum = 0;
	uint32_t i;

	/* Words in memory order, as the kernel's csum_partial() does. */
	for (i = body_off; i < len; i += 2) {
		uint16_t word = buf[i];

		if (i + 1 < len)
			word |= buf[i + 1] << 8;
		sum += word;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

bool frame_intact(const uint8_t *buf, uint32_t len)
{
	struct probe_hdr hdr;
	uint32_t i;

	if (len < body_off)
		return false;
	memcpy(&hdr, buf + PROBE_ETH_LEN, sizeof(hdr));
	if (hdr.len != len)
		return false;
	for (i = body_off; i < len; i++)
		if (buf[i] != body(hdr.seq, i))
			return false;
	return true;
}

int sink_open(struct sink *s, const struct host *host, uint32_t run)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(PROBE_ETHERTYPE),
		.sll_ifindex = host->ifindex,
	};
	int one = 1, room = 64 << 20, ret = 0;

	memset(s, 0, sizeof(*s));
	s->host = host;
	s->run = run;
	s->got = calloc(PROBE_SEQS, 1);
	s->replied = calloc(PROBE_SEQS, 1);
	s->lat_ns = calloc(PROBE_SEQS, sizeof(*s->lat_ns));
	host_enter(host);
	s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0 ||
	    setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(s->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
		       sizeof(one)) ||
	    bind(s->fd, (struct sockaddr *)&ll, sizeof(ll)))
		ret = -errno;
	host_enter_origin();
	if (!ret && (!s->got || !s->replied || !s->lat_ns))
		ret = -ENOMEM;
	return ret;
}

void sink_close(struct sink *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	free(s->got);
	free(s->replied);
	free(s->lat_ns);
	s->got = NULL;
	s->replied = NULL;
	s->lat_ns = NULL;
}

static void judge_data(struct sink *s, const struct probe_hdr *hdr,
		       const uint8_t *buf, uint32_t len)
{
	uint32_t class = 0;

	if (hdr->seq >= PROBE_SEQS || !frame_intact(buf, len)) {
		s->corrupt++;
		return;
	}
	if (s->got[hdr->seq]++) {
		s->dup++;
		return;
	}
	s->received++;
	s->lat_ns[hdr->seq] = clock_ns() - hdr->time_ns;
	if (s->nth && hdr->seq % s->nth == 0)
		class = 1 + hdr->seq % (s->buckets ?: 1);
	if (hdr->seq < s->last[class])
		s->ooo++;
	s->last[class] = hdr->seq;
	if (hdr->edit) {
		if (hdr->edit != (~(uint32_t)hdr->seq ^ PROBE_EDIT_MASK))
			s->corrupt++;
		s->edited++;
	}
	if (hdr->csum) {
		if (fold(hdr->csum) != frame_sum(buf, len))
			s->corrupt++;
		s->summed++;
	}
}

static void judge_reply(struct sink *s, const struct probe_hdr *hdr,
			const uint8_t *buf, uint32_t len)
{
	if (hdr->seq >= PROBE_SEQS || hdr->edit >= SINK_CPUS ||
	    !frame_intact(buf, len)) {
		s->corrupt++;
		return;
	}
	if (s->replied[hdr->seq]++)
		s->reply_dup++;
	s->replies++;
	if (hdr->seq < s->reply_last[hdr->edit])
		s->reply_ooo++;
	s->reply_last[hdr->edit] = hdr->seq;
}

static void judge(struct sink *s, const uint8_t *buf, uint32_t len)
{
	struct probe_hdr hdr;

	if (len < body_off)
		return;
	memcpy(&hdr, buf + PROBE_ETH_LEN, sizeof(hdr));
	if (hdr.magic != PROBE_MAGIC || hdr.run != s->run)
		return;
	switch (hdr.kind) {
	case PROBE_DATA:
		judge_data(s, &hdr, buf, len);
		break;
	case PROBE_REPLY:
		judge_reply(s, &hdr, buf, len);
		break;
	case PROBE_FENCE:
		s->fences++;
		break;
	}
}

unsigned int sink_poll(struct sink *s)
{
	static uint8_t frames[BATCH][FRAME_MAX];
	struct mmsghdr msgs[BATCH] = {};
	struct iovec iov[BATCH];
	unsigned int total = 0;
	int i, n;

	for (i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ frames[i], FRAME_MAX };
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	do {
		n = recvmmsg(s->fd, msgs, BATCH, MSG_DONTWAIT, NULL);
		for (i = 0; i < n; i++)
			judge(s, frames[i], msgs[i].msg_len);
		total += n > 0 ? n : 0;
	} while (n == BATCH);
	return total;
}

static int send_some(struct sink *s, struct mmsghdr *msgs, unsigned int nr)
{
	struct pollfd pfd = { .fd = s->fd, .events = POLLOUT };
	unsigned int done = 0;
	int n;

	while (done < nr) {
		n = sendmmsg(s->fd, msgs + done, nr - done, MSG_DONTWAIT);
		if (n > 0)
			done += n;
		else if (errno == ENOBUFS)
			clock_breathe();
		else if (errno == EAGAIN)
			poll(&pfd, 1, 1000);
		else
			return -errno;
	}
	return 0;
}

int sink_send(struct sink *s, const uint8_t *dst, uint32_t kind, uint64_t seq,
	      uint32_t len, unsigned int nr)
{
	static uint8_t frames[BATCH][FRAME_MAX];
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	unsigned int i, n;
	int ret = 0;

	for (; nr && !ret; nr -= n) {
		n = nr < BATCH ? nr : BATCH;
		memset(msgs, 0, sizeof(msgs));
		for (i = 0; i < n; i++) {
			frame_build(frames[i], dst, s->host->mac, s->run, kind,
				    seq++, len);
			iov[i] = (struct iovec){ frames[i], len };
			msgs[i].msg_hdr.msg_iov = &iov[i];
			msgs[i].msg_hdr.msg_iovlen = 1;
		}
		ret = send_some(s, msgs, n);
	}
	return ret;
}
