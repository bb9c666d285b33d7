/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers that depend on the seed alone: splitmix64. */
#ifndef TESTS_VIDFUZZ_RANDOM_H
#define TESTS_VIDFUZZ_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random64(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* A stream of its own for part @n of what @seed stands for. */
static inline struct random random_from(uint64_t seed, uint64_t n)
{
	struct random random = { seed };

	random.state = random64(&random) ^ n * 0xd1342543de82ef95ull;
	random64(&random);
	return random;
}

/* 0..limit - 1 */
static inline uint64_t below(struct random *random, uint64_t limit)
{
	return limit ? random64(random) % limit : 0;
}

/* True once in @n times. */
static inline bool one_in(struct random *random, uint64_t n)
{
	return !below(random, n);
}

void random_bytes(struct random *random, void *buffer, size_t size);
/* A number with a bias to what breaks things: edges, powers of two, addresses. */
uint64_t odd_number(struct random *random);
/* A page-aligned one. */
uint64_t odd_page(struct random *random);

#define PICK(random, array)	((array)[below((random), sizeof(array) / sizeof((array)[0]))])

#endif
