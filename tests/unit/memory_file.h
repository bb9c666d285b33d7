/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files in memory for libvhd, whose power can be cut.
 *
 * What was written, punched and resized since the last flush is kept as a list; a cut applies
 * some of it, in any order, and tears writes at 512 bytes.
 */
#ifndef TESTS_MEMORY_FILE_H
#define TESTS_MEMORY_FILE_H

#include "vhd_file.h"

#define MEMORY_FILES	8u
#define MEMORY_PAGE	4096u
#define MEMORY_PAGES	4096u	/* buckets */

struct memory_page {
	struct memory_page *next;
	uint64_t index;
	uint8_t data[MEMORY_PAGE];
};

/* Sparse contents. */
struct memory_store {
	struct memory_page **pages;
	uint64_t size;
};

struct memory_change {
	enum { MEMORY_WRITE, MEMORY_PUNCH, MEMORY_SIZE } kind;
	uint64_t offset;
	uint64_t length;
	uint8_t *data;
};

/**
 * struct memory_node - a file that is there whether it is open or not
 * @name: absolute
 * @now: what reads give
 * @durable: what a power loss leaves for sure
 * @changes: since the last flush
 * @writes: changes ever made
 * @flushes: ever made
 * @opens: handles
 */
struct memory_node {
	char name[64];
	struct memory_store now;
	struct memory_store durable;
	struct memory_change *changes;
	unsigned int changes_count;
	unsigned int changes_room;
	bool keep_durable;
	bool no_write;
	uint64_t size_limit;
	int fail_after;
	unsigned int writes;
	unsigned int flushes;
	unsigned int opens;
	int lock;
};

struct memory_fs {
	struct memory_node nodes[MEMORY_FILES];
	unsigned int count;
};

void memory_init(struct memory_fs *fs);
void memory_fini(struct memory_fs *fs);
struct memory_node *memory_node(struct memory_fs *fs, const char *name);
struct vhd_file *memory_open(struct memory_fs *fs, const char *name, uint32_t flags);
/* What is there is durable, and from now on changes are kept. */
void memory_keep(struct memory_node *node);
/* The power was cut before these changes: a random part of them, by @seed, is there. */
void memory_cut(struct memory_node *node, uint32_t seed);
void memory_copy(struct memory_node *to, const struct memory_node *from);
void memory_read(struct memory_node *node, void *buffer, size_t length, uint64_t offset);
void memory_write(struct memory_node *node, const void *buffer, size_t length,
		  uint64_t offset);
uint64_t memory_pages(const struct memory_node *node);

#endif
