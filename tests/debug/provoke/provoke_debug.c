// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * provoke_debug: gives what watches in the debug kernel something to report, for
 * tests/debug/provoke.sh to see that it is noticed and counted.
 *
 *   insmod provoke_debug.ko how=atomic|ubsan|lockdep|kasan|leak
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *how = "";
module_param(how, charp, 0400);
MODULE_PARM_DESC(how, "atomic, ubsan, lockdep, kasan or leak");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static void sleep_in_atomic(void)
{
	preempt_disable();
	might_sleep();
	preempt_enable();
}

static void shift_too_far(void)
{
	static volatile int distance = 40, result;

	result = 1 << distance;
}

static void lock_both(struct mutex *a, struct mutex *b)
{
	mutex_lock(a);
	mutex_lock(b);
	mutex_unlock(b);
	mutex_unlock(a);
}

static void lock_in_both_orders(void)
{
	lock_both(&first, &second);
	lock_both(&second, &first);
}

static void read_past_the_end(void)
{
	volatile char *p = kmalloc(8, GFP_KERNEL);
	volatile int index = 8;

	if (p)
		(void)p[index];
	kfree((void *)p);
}

/* Several, for a stale copy of a pointer may hide the last. */
static void leak(void)
{
	for (int i = 0; i < 8; i++)
		memset(kmalloc(64, GFP_KERNEL | __GFP_NOFAIL), i, 64);
}

static const struct {
	const char *how;
	void (*provoke)(void);
} table[] = {
	{ "atomic", sleep_in_atomic },
	{ "ubsan", shift_too_far },
	{ "lockdep", lock_in_both_orders },
	{ "kasan", read_past_the_end },
	{ "leak", leak },
};

static int __init provoke_init(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(how, table[i].how))
			continue;
		table[i].provoke();
		return 0;
	}
	return -EINVAL;
}

static void __exit provoke_exit(void)
{
}

module_init(provoke_init);
module_exit(provoke_exit);

MODULE_DESCRIPTION("Provokes the reports that the debug kernel has to make");
MODULE_LICENSE("GPL");
