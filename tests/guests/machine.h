/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine for one guest: its partition, memory, VPs, and the devices of protocol.h. */
#ifndef TESTS_GUESTS_MACHINE_H
#define TESTS_GUESTS_MACHINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <libvid.h>

#include "protocol.h"

#define MACHINE_VPS	64

/* The state in which VP 0 starts. */
enum guest_mode {
	MODE_LONG,		/* 64-bit, paged */
	MODE_REAL,
	MODE_PROT16,		/* 16-bit segments, no paging */
	MODE_PROT32,
	MODE_RESET,		/* as the CPU comes out of reset; a ROM is at its vector */
};

struct machine;

struct machine_vp {
	struct machine *machine;
	unsigned int index;
	int fd;
	struct vid_vp_page *page;
	pthread_t thread;
};

struct machine {
	int device;
	int partition;
	uint8_t *ram;
	uint8_t *rom;
	uint8_t *reset_rom;
	unsigned int vp_count;
	struct machine_vp vps[MACHINE_VPS];

	pthread_mutex_t lock;		/* for all that follows */
	pthread_cond_t ended;
	bool done;
	uint32_t final;			/* the message that ends it, or 0 */
	bool passed;
	char why[200];			/* it has not */
	char console[4096];
	unsigned int console_length;

	uint32_t echo;
	uint8_t string_next;
	struct hv_x64_memory_intercept_message memory_message;
	uint32_t memory_type;
	void *changing[4];		/* what HOST_REMAP mapped */
	unsigned int memory_messages;
	uint32_t device_register;	/* what was written at NOWHERE */
	uint64_t dirty[RAM_SIZE / 4096 / 64];
	int doorbell_pio, doorbell_gpa;
	uint8_t ext_int_vector;
	uint32_t eois[256];
	uint64_t worker_msr;
	int port;			/* of HOST_PORT; 0: none */
	int bus, server;		/* of HOST_VMBUS; 0: none */
};

/* Made and set up for a guest's entry; ends the process when it cannot. */
void machine_create(struct machine *machine, unsigned int vps);
void machine_start(struct machine *machine, enum guest_mode mode, uint64_t entry);
/* Runs all VPs until the guest ends or @seconds are over. */
bool machine_run(struct machine *machine, unsigned int seconds);
void machine_destroy(struct machine *machine);

/* Ends the run; the first reason given stands.  Lock held. */
void machine_end(struct machine *machine, bool passed, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* tlfs.c: requests about ports, messages, privileges */
uint64_t host_port(struct machine_vp *vp, uint64_t rbx, uint64_t rcx);
uint64_t host_read(struct machine_vp *vp, uint64_t rbx, uint64_t rcx);
uint64_t host_post(struct machine_vp *vp, uint64_t rbx, uint64_t rcx);
uint64_t host_signal(struct machine_vp *vp, uint64_t rbx, uint64_t rcx);
uint64_t host_privileges(struct machine_vp *vp, uint64_t rbx, uint64_t rcx);
uint64_t host_reenlighten(struct machine_vp *vp, uint64_t rbx, uint64_t rcx);
uint64_t host_unport(struct machine_vp *vp, uint64_t rbx, uint64_t rcx);

/* vmbus.c: channels of vsp_test.ko */
uint64_t host_vmbus(struct machine_vp *vp, uint64_t rbx, uint64_t rcx);
/* The state of the first channel, of a guest that failed. */
void vmbus_show(const struct machine *machine);

/* devices.c: acts on the message in the VP's page.  Lock held. */
void handle_message(struct machine_vp *vp);

/* The guests' image (image.S). */
extern const uint8_t guest_image[], guest_image_end[];

#endif
