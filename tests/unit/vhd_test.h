/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks in memory, and what they should read as.
 *
 * Each unit of 512 bytes is filled from its number and a stamp; stamp 0 is zeros.  The model
 * remembers the stamps that a unit may have: the last one that was flushed, and all since.
 */
#ifndef TESTS_VHD_TEST_H
#define TESTS_VHD_TEST_H

#include "memory_file.h"
#include "run_tests.h"
#include "vhd_disk.h"

#define UNIT		512u
#define STAMPS_MAX	12u

struct vhd_kind_case {
	const char *name;
	struct vhd_create what;
};

/* Every format and kind; differencing ones have the parent "/base". */
extern const struct vhd_kind_case vhd_cases[];
extern const unsigned int vhd_cases_count;

struct model {
	uint64_t units;
	struct model_unit {
		uint8_t count;
		uint16_t stamps[STAMPS_MAX];	/* the last one is what reads give */
	} *unit;
	uint16_t stamp;
	uint32_t random;
};

void model_init(struct model *model, uint64_t size, uint32_t seed);
void model_fini(struct model *model);
uint32_t model_random(struct model *model, uint32_t limit);
/* One more stamp for these units. */
void model_stamp(struct model *model, uint64_t first, uint64_t count, uint16_t stamp);
/* All writes are durable. */
void model_flushed(struct model *model);
void unit_fill(uint8_t *data, uint64_t unit, uint16_t stamp);
/* The stamp that these 512 bytes have; -1: they are no such unit. */
int unit_stamp(const uint8_t *data, uint64_t unit);

/* Makes "/disk", and "/base" with some data if it needs a parent. */
void make_case(struct memory_fs *fs, const struct vhd_create *what, struct model *model);
struct vhd_disk *open_case(struct memory_fs *fs, const char *name, uint32_t flags);
/* Reads all, which must be what the model has last. */
void expect_model(struct vhd_disk *disk, struct model *model);
/* Reads all, which must be something that the model allows, and is what it has from then on. */
void expect_allowed(struct vhd_disk *disk, struct model *model);
/* One random operation; the result of the library. */
int random_step(struct vhd_disk *disk, struct model *model);

#endif
