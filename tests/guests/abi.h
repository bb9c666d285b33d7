/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the ABI test share. */
#ifndef TESTS_GUESTS_ABI_H
#define TESTS_GUESTS_ABI_H

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <vid.h>

#include "tap.h"

#define PAGE	4096ull
#define MIB	(1ull << 20)

/* An ioctl's result, or -errno. */
long call(int fd, unsigned long command, const void *argument);
/* A test: the call ends as wanted (a negative errno, or 0 and above when @wanted is 0). */
void expect(const char *name, long wanted, int fd, unsigned long command, const void *argument);

int open_device(void);
/* Descriptors that a test cannot go on without; they end the program. */
int new_partition(unsigned int vps);
int new_vp(int partition, unsigned int index);
struct vid_vp_page *map_page(int vp);
/* Zeroed memory of the caller. */
void *new_memory(size_t size);
long map_gpa(int partition, uint64_t gpa, uint64_t size, const void *address, uint32_t flags);
long unmap_gpa(int partition, uint64_t gpa, uint64_t size);
/* Makes @vp run 16-bit code at GPA 0. */
void start_at_zero(int vp);
/* Endless 16-bit code. */
extern const uint8_t endless_loop[4];
/* Runs @body in a child; its exit status, or 128 + the signal that ended it. */
int in_child(int (*body)(void *context), void *context);

void test_memory(void);
void test_doorbells(void);
void test_vp(void);
void test_states(void);
void test_lifetime(void);
void test_ports(void);

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define RWX		(VID_MAP_READ | VID_MAP_WRITE | VID_MAP_EXECUTE)

#endif
