// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ring: bytes a second through a ring buffer, for several sizes of packets, next to memcpy of
 * the same bytes into a buffer of the ring's size and out of it. Prints, tab-separated: payload,
 * MB/s of the ring, MB/s of memcpy, their ratio, packets a signal when a batch is committed at
 * once. The two are measured in turns, and the medians taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ring.h"

#define RING_SIZE	(1u << 20)
#define BYTES		(64u << 20)	/* through the ring in a run */
#define RUNS		15
#define BATCH		16u
#define LARGEST		(64u << 10)

static struct vmbus_ring_control control;
static _Alignas(4096) u8 data[RING_SIZE], source[LARGEST], target[LARGEST];
static struct vmbus_in_ring in;
static struct vmbus_out_ring out;
static unsigned long packets, signals;

/* Of the CPU, not of the wall: other processes do not count. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "ring: %s\n", what);
	exit(1);
}

static void send_batch(u32 size, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		struct vmbus_out_packet packet = {
			.type = VMBUS_PACKET_INBAND, .payload_size = size,
		};

		if (vmbus_out_ring_reserve(&out, &packet) ||
		    vmbus_out_ring_write(&out, &packet, 0, source, size))
			fail("no room");
	}
	packets += count;
	signals += vmbus_out_ring_commit(&out);
}

static void receive_batch(u32 size, u32 count)
{
	struct vmbus_in_packet packet;

	for (u32 i = 0; i < count; i++) {
		if (vmbus_in_ring_next(&in, &packet))
			fail("no packet");
		vmbus_in_ring_copy(&in, packet.payload, target, size);
		/* or the compiler sees that nobody looks */
		__asm__ volatile("" : : "r"(target) : "memory");
	}
	vmbus_in_ring_commit(&in);
}

static double through_ring(u32 size, u32 batch)
{
	double start = seconds();

	for (u32 done = 0; done < BYTES; done += size * batch) {
		send_batch(size, batch);
		receive_batch(size, batch);
	}
	return BYTES / (seconds() - start) / 1e6;
}

static double by_memcpy(u32 size, u32 batch)
{
	double start = seconds();
	u32 at = 0;

	for (u32 done = 0; done < BYTES; done += size * batch) {
		u32 from = at;

		for (u32 i = 0; i < batch; i++, at = at + size > RING_SIZE - size ? 0 : at + size)
			memcpy(data + at, source, size);
		for (u32 i = 0; i < batch; i++) {
			memcpy(target, data + from, size);
			__asm__ volatile("" : : "r"(target) : "memory");
			from = from + size > RING_SIZE - size ? 0 : from + size;
		}
	}
	return BYTES / (seconds() - start) / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, RUNS, sizeof(*values), compare);
	return values[RUNS / 2];
}

static void reset(void)
{
	memset(&control, 0, sizeof(control));
	if (vmbus_in_ring_init(&in, &control, data, RING_SIZE) ||
	    vmbus_out_ring_init(&out, &control, data, RING_SIZE))
		fail("a ring could not be made");
}

static void measure(u32 size)
{
	u32 batch = min(BATCH, RING_SIZE / 2 / (size + 24));
	double ring[RUNS], plain[RUNS];

	packets = 0;
	signals = 0;
	for (unsigned int i = 0; i < RUNS; i++) {
		plain[i] = by_memcpy(size, batch);
		reset();
		ring[i] = through_ring(size, batch);
	}
	printf("%u\t%.0f\t%.0f\t%.3f\t%.1f\n", size, median(ring), median(plain),
	       median(ring) / median(plain), (double)packets / signals);
}

int main(void)
{
	memset(source, 0x5a, sizeof(source));
	printf("payload\tring\tmemcpy\tratio\tpackets/signal\n");
	for (u32 size = 64; size <= LARGEST; size *= 4)
		measure(size);
	return 0;
}
