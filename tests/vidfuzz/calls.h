/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How calls are made, for calls.c and calls_vp.c. */
#ifndef VIDFUZZ_CALLS_H
#define VIDFUZZ_CALLS_H

#include "vidfuzz.h"

/* Some four bytes, or eight, become something else. */
void spoil(struct random *random, void *argument, size_t size);
/* As it stands; vid_call() spoils argument, pointer or command now and then. */
long plain_call(struct worker *worker, int fd, unsigned long command, void *argument);
/* An array of the caller's, some of which may lie in memory that is no longer there. */
uint64_t user_address(struct worker *worker, void *ours);

#endif
